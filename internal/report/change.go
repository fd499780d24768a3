package report

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"auditor/internal/store"
)

// DiffVersion is the version of the JSON shape of a Diff. It grows when a key
// changes its meaning or goes away, not when one is added.
const DiffVersion = 1

// Diff is what changed between two snapshots: the exact content of the JSON
// form, sorted by kind, organization and subject.
type Diff struct {
	Version     int           `json:"version"`
	Old         Snapshot      `json:"old"`
	New         Snapshot      `json:"new"`
	Changes     []Change      `json:"changes"`
	NotCompared []NotCompared `json:"not_compared"`
}

// Change is one thing that is otherwise in the later snapshot.
type Change struct {
	Kind    string  `json:"kind"`   // token, request, repository, setting, protection, member
	Change  string  `json:"change"` // new, gone, widened, narrowed, …
	Org     string  `json:"org"`
	Subject Subject `json:"subject"`
	Before  Facts   `json:"before"` // what differs, as it was; empty for new
	After   Facts   `json:"after"`  // what differs, as it is; empty for gone
	Detail  string  `json:"detail"` // one sentence
}

// NotCompared is a resource of which the comparison says nothing, or not all.
type NotCompared struct {
	Org      string `json:"org"`
	Resource string `json:"resource"`
	Why      string `json:"why"`
}

// Changes are those since a report's previous snapshot that belong to it.
type Changes struct {
	Since       Time
	List        []Change
	NotCompared []NotCompared
}

// Facts is a JSON object of columns and their values; "" is an empty one.
type Facts string

// MarshalJSON prints the keys sorted, and columns named is_ and has_ as true
// and false.
func (f Facts) MarshalJSON() ([]byte, error) {
	if f == "" {
		return []byte("{}"), nil
	}
	object := map[string]any{}
	d := json.NewDecoder(strings.NewReader(string(f)))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return nil, fmt.Errorf("facts of a change: %w", err)
	}
	for column, value := range object {
		if n, ok := value.(json.Number); ok && kindOf(column) == KindYesNo && (n == "0" || n == "1") {
			object[column] = n == "1"
		}
	}
	return encode(object)
}

// Silence is how long a token was not used when its use is worth a word, unless
// somebody asks for another one.
const Silence = 60 * 24 * time.Hour

// Compare lists what the history has of the time between two of its snapshots.
// Tokens that are used again after less than silence are not among it.
func Compare(ctx context.Context, h *store.History, old, new store.HistorySnapshot, silence time.Duration) (*Diff, error) {
	d := &Diff{Version: DiffVersion, Old: snapshotOfHistory(old), New: snapshotOfHistory(new)}
	changes, err := h.Diff(ctx, old.ID, new.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		if c.Change == "awake" && silenceOf(c) < silence {
			continue
		}
		d.Changes = append(d.Changes, changeOf(c))
	}
	missing, err := h.NotCompared(ctx, old.ID, new.ID)
	for _, n := range missing {
		d.NotCompared = append(d.NotCompared, NotCompared(n))
	}
	return d, err
}

// silenceOf is how long a token that is used again was not; very long if the
// history cannot tell.
func silenceOf(c store.Change) time.Duration {
	var before, after struct {
		LastUsedAt      time.Time `json:"last_used_at"`
		AccessGrantedAt time.Time `json:"access_granted_at"`
	}
	if errors.Join(json.Unmarshal([]byte(c.Before), &before), json.Unmarshal([]byte(c.After), &after)) != nil {
		return math.MaxInt64
	}
	since := before.LastUsedAt
	if since.IsZero() {
		since = before.AccessGrantedAt
	}
	return after.LastUsedAt.Sub(since) // as long as can be, if since is zero
}

func changeOf(c store.Change) Change {
	return Change{
		Kind: c.Kind, Change: c.Change, Org: c.Org, Before: Facts(c.Before), After: Facts(c.After), Detail: c.Detail,
		Subject: Subject{
			Kind: c.Subject.Kind, ID: c.Subject.ID, Name: c.Subject.Name,
			URL: OptionalString(c.Subject.URL), Owner: OptionalString(c.Subject.Owner),
		},
	}
}

func snapshotOfHistory(s store.HistorySnapshot) Snapshot {
	return Snapshot{
		File: s.File, SHA256: s.SHA256, StartedAt: At(s.StartedAt), FinishedAt: At(s.FinishedAt),
		IsComplete: s.IsComplete, Orgs: s.Orgs,
	}
}

// diffFormats is the list of all forms of a Diff.
var diffFormats = []struct {
	name  string
	write func(w *bufio.Writer, d *Diff, width int) error
}{
	{"table", writeDiffTable},
	{"json", writeDiffJSON},
	{"markdown", writeDiffMarkdown},
}

// DiffFormats are the names of the forms that WriteDiff knows.
func DiffFormats() []string {
	var names []string
	for _, f := range diffFormats {
		names = append(names, f.name)
	}
	return names
}

// WriteDiff writes what changed in one of DiffFormats; width is that of the
// terminal, for the table, 0: as wide as it is.
func WriteDiff(w io.Writer, format string, d *Diff, width int) error {
	buffered := bufio.NewWriterSize(w, 1<<16)
	for _, f := range diffFormats {
		if f.name != format {
			continue
		}
		err := f.write(buffered, d, width)
		if err == nil {
			err = buffered.Flush()
		}
		if err != nil {
			return fmt.Errorf("write changes as %s: %w", format, err)
		}
		return nil
	}
	return fmt.Errorf("format %q: there are %s", format, strings.Join(DiffFormats(), ", "))
}

func writeDiffJSON(w *bufio.Writer, d *Diff, _ int) error {
	j := &jsonWriter{w: w}
	j.raw("{")
	j.field("version", d.Version)
	j.field("old", d.Old)
	j.field("new", d.New)
	list(j, "changes", d.Changes, encoded[Change])
	list(j, "not_compared", d.NotCompared, encoded[NotCompared])
	j.raw("\n}\n")
	return j.err
}

// heading says what was compared.
func (d *Diff) heading() string {
	name := func(s Snapshot) string { return s.File + " (" + s.StartedAt.UTC().Format("2006-01-02 15:04") + " UTC)" }
	count := "no changes"
	if n := len(d.Changes); n > 0 {
		count = plural(n, "change")
	}
	return "From " + name(d.Old) + " to " + name(d.New) + ": " + count
}

func (n NotCompared) sentence() string { return n.Org + ": " + n.Resource + ": " + n.Why }

func writeDiffTable(w *bufio.Writer, d *Diff, width int) error {
	w.WriteString(InertLine(d.heading()) + "\n")
	if len(d.Changes) > 0 {
		w.WriteString("\n")
		t := &tableRows{w: w, width: width}
		columns := []string{"kind", "change", "organization", "subject", "owner", "what"}
		_, err := writeRows(t, columns, func(yield func([]any, error) bool) {
			for i := range d.Changes {
				c := &d.Changes[i]
				if !yield([]any{c.Kind, c.Change, c.Org, c.Subject.label(), string(c.Subject.Owner), c.Detail}, nil) {
					return
				}
			}
		})
		if err != nil {
			return err
		}
	}
	if len(d.NotCompared) > 0 {
		w.WriteString("\nNot compared:\n")
	}
	for _, n := range d.NotCompared {
		w.WriteString("  " + InertLine(n.sentence()) + "\n")
	}
	return nil
}

func writeDiffMarkdown(w *bufio.Writer, d *Diff, _ int) error {
	w.WriteString("**" + md(d.heading()) + "**\n")
	if len(d.Changes) > 0 {
		w.WriteString("\n| Kind | Change | Organization | Subject | Owner | What |\n| --- | --- | --- | --- | --- | --- |\n")
	}
	for i := range d.Changes {
		w.WriteString(d.Changes[i].markdown() + "\n")
	}
	if len(d.NotCompared) > 0 {
		w.WriteString("\nNot compared:\n\n")
	}
	for _, n := range d.NotCompared {
		w.WriteString("- " + inertMarkdownLine(short(n.sentence())) + "\n")
	}
	return nil
}

// markdown is a row of a table.
func (c *Change) markdown() string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", md(c.Kind), md(c.Change), md(c.Org),
		mdLink(c.Subject.label(), string(c.Subject.URL)), md(string(c.Subject.Owner)), md(c.Detail))
}

// counts says how many changes of what sort there are: "3 tokens widened, …".
func (c *Changes) counts() string {
	type sort struct{ kind, change string }
	var order []sort
	n := map[sort]int{}
	for i := range c.List {
		s := sort{c.List[i].Kind, c.List[i].Change}
		if n[s]++; n[s] == 1 {
			order = append(order, s)
		}
	}
	var parts []string
	for _, s := range order {
		word := s.kind
		if n[s] > 1 {
			word = plurals[s.kind]
		}
		parts = append(parts, fmt.Sprintf("%d %s %s", n[s], word, s.change))
	}
	return strings.Join(parts, ", ")
}

var plurals = map[string]string{
	"token": "tokens", "request": "requests", "repository": "repositories",
	"setting": "settings", "protection": "protections", "member": "members",
}

// lines are the values before or after as people read them, one a line.
func (f Facts) lines() string {
	text, err := f.MarshalJSON()
	if err != nil {
		return string(f)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		return string(f)
	}
	return strings.Join(factLines(object), "\n")
}

// factLines has a line for each value: permissions are an object of their own,
// repositories a list.
func factLines(object map[string]any) []string {
	var lines []string
	for _, column := range slices.Sorted(maps.Keys(object)) {
		switch v := object[column].(type) {
		case map[string]any:
			lines = append(lines, factLines(v)...)
		case []any:
			for _, one := range v {
				lines = append(lines, fmt.Sprint(one))
			}
		case bool:
			lines = append(lines, column+" = "+yesNo(v))
		case nil:
			lines = append(lines, column+" = –") // unknown, or never
		default:
			lines = append(lines, fmt.Sprint(column, " = ", v))
		}
	}
	return lines
}
