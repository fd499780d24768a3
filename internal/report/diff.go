package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"auditor/internal/finding"
	"auditor/internal/history"
	"auditor/internal/rows"
	"auditor/internal/sanitize"
)

// DiffVersion is the version of the JSON shape of a Diff. It grows when a key
// changes its meaning or goes away, not when one is added.
const DiffVersion = 1

// Diff is what changed between two snapshots: the exact content of the JSON
// form, sorted by kind, organization and subject.
type Diff struct {
	Version     int                   `json:"version"`
	Old         Snapshot              `json:"old"`
	New         Snapshot              `json:"new"`
	Changes     []finding.Change      `json:"changes"`
	NotCompared []finding.NotCompared `json:"not_compared"`
}

// Silence is how long a token was not used when its use is worth a change, unless
// a caller asks for another time.
const Silence = 60 * 24 * time.Hour

// NewDiff is what the history has of the time between two of its snapshots. Tokens
// that are used again after less than silence are left out.
func NewDiff(old, new history.Snapshot, changes []finding.Change, notCompared []finding.NotCompared, silence time.Duration) *Diff {
	d := &Diff{Version: DiffVersion, Old: snapshotOfHistory(old), New: snapshotOfHistory(new), NotCompared: notCompared}
	for _, c := range changes {
		if c.Change != "awake" || silenceOf(c) >= silence {
			d.Changes = append(d.Changes, c)
		}
	}
	return d
}

// silenceOf is how long a token that is used again was not used; very long if the
// history does not say.
func silenceOf(c finding.Change) time.Duration {
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

func snapshotOfHistory(s history.Snapshot) Snapshot {
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
	list(j, "changes", d.Changes, appendChange)
	list(j, "not_compared", d.NotCompared, encoded[finding.NotCompared])
	j.raw("\n}\n")
	return j.err
}

// heading says what was compared.
func (d *Diff) heading() string {
	name := func(s Snapshot) string { return s.File + " (" + s.StartedAt.UTC().Format("2006-01-02 15:04") + " UTC)" }
	count := "no changes"
	if n := len(d.Changes); n > 0 {
		count = finding.Count(n, "change")
	}
	return "From " + name(d.Old) + " to " + name(d.New) + ": " + count
}

func writeDiffTable(w *bufio.Writer, d *Diff, width int) error {
	w.WriteString(sanitize.Line(d.heading()) + "\n")
	if len(d.Changes) > 0 {
		w.WriteString("\n")
		columns := []string{"kind", "change", "organization", "subject", "owner", "what"}
		_, err := rows.Write(w, "table", columns, func(yield func([]any, error) bool) {
			for i := range d.Changes {
				c := &d.Changes[i]
				if !yield([]any{c.Kind, c.Change, c.Org, c.Subject.Label(), c.Subject.Owner, c.Detail}, nil) {
					return
				}
			}
		}, width)
		if err != nil {
			return err
		}
	}
	if len(d.NotCompared) > 0 {
		w.WriteString("\nNot compared:\n")
	}
	for _, n := range d.NotCompared {
		w.WriteString("  " + sanitize.Line(n.String()) + "\n")
	}
	return nil
}

func writeDiffMarkdown(w *bufio.Writer, d *Diff, _ int) error {
	w.WriteString("**" + md(d.heading()) + "**\n")
	if len(d.Changes) > 0 {
		w.WriteString("\n| Kind | Change | Organization | Subject | Owner | What |\n| --- | --- | --- | --- | --- | --- |\n")
	}
	for i := range d.Changes {
		w.WriteString(changeRow(&d.Changes[i]) + "\n")
	}
	if len(d.NotCompared) > 0 {
		w.WriteString("\nNot compared:\n\n")
	}
	for _, n := range d.NotCompared {
		w.WriteString("- " + sanitize.MarkdownLine(short(n.String())) + "\n")
	}
	return nil
}

// changeRow is a row of a table.
func changeRow(c *finding.Change) string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", md(c.Kind), md(c.Change), md(c.Org),
		mdLink(c.Subject.Label(), c.Subject.URL), md(c.Subject.Owner), md(c.Detail))
}
