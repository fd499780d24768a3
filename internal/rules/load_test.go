package rules_test

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"auditor/internal/rules"
	"auditor/queries"

	"github.com/google/go-cmp/cmp"
)

// files makes a source named "mine" of path and text pairs.
func files(pairs ...string) rules.Source {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return rules.Source{Name: "mine", FS: fsys}
}

func texts(problems []rules.Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, p.String())
	}
	return all
}

const good = `-- Token that sleeps
--
-- First line,
-- second line.
--
-- Note: a word with a capital is prose, and a paragraph may go on with a
-- colon: that is prose as well.
--
-- severity: medium
-- param: days integer 90 -- days without use
-- param: share number 0.5 -- part of them
-- param: team text 'a  team' -- who is asked
-- param: none text '' -- nobody
-- param: strict boolean true -- also the others
-- population: tokens
--   WHERE is_expired = 0
-- remediation: Ask first,
--   then revoke.
-- see: https://docs.github.com/en/rest
-- see: https://example.com/a
-- formerly: tokens/idle

SELECT 1
`

func TestLoadReadsTheWholeHeader(t *testing.T) {
	set, problems := rules.Load(files("tokens/sleepy.sql", good))
	if len(problems) > 0 {
		t.Fatal(texts(problems))
	}
	got, ok := set.Find("tokens/sleepy")
	if !ok {
		t.Fatal("tokens/sleepy is not in the set")
	}
	want := rules.Rule{
		ID: "tokens/sleepy", Report: "tokens", Name: "sleepy", File: "mine/tokens/sleepy.sql", SQL: good,
		Title:       "Token that sleeps",
		Description: "First line, second line.\n\nNote: a word with a capital is prose, and a paragraph may go on with a colon: that is prose as well.",
		Severity:    "medium",
		Population:  "tokens WHERE is_expired = 0",
		Remediation: "Ask first, then revoke.",
		See:         []string{"https://docs.github.com/en/rest", "https://example.com/a"},
		Formerly:    []string{"tokens/idle"},
		Params: []rules.Param{
			{Name: "days", Kind: "integer", Default: "90", Meaning: "days without use"},
			{Name: "share", Kind: "number", Default: "0.5", Meaning: "part of them"},
			{Name: "team", Kind: "text", Default: "a  team", Meaning: "who is asked"},
			{Name: "none", Kind: "text", Default: "", Meaning: "nobody"},
			{Name: "strict", Kind: "boolean", Default: "true", Meaning: "also the others"},
		},
	}
	if diff := cmp.Diff(want, got, cmp.FilterPath(func(p cmp.Path) bool {
		name := p.Last().String()
		return name == ".values" || name == ".lines" || name == ".isCompiled" || name == ".hasSharedText"
	}, cmp.Ignore())); diff != "" {
		t.Error(diff)
	}
	values := map[string]any{"days": int64(90), "share": 0.5, "team": "a  team", "none": "", "strict": true}
	if diff := cmp.Diff(values, got.Parameters()); diff != "" {
		t.Error(diff)
	}
}

func TestLoadTellsWhatIsWrongAndWhatWasMeant(t *testing.T) {
	header := func(lines ...string) string {
		return "-- Title\n-- " + strings.Join(lines, "\n-- ") + "\nSELECT 1\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":       {header("severty: high"), `mine/a/b.sql:2: unknown key "severty" (did you mean "severity"?)`},
		"key in capitals":   {header("Severity: high"), `mine/a/b.sql:2: unknown key "Severity" (did you mean "severity"?)`},
		"far from any key":  {header("owner: me"), `mine/a/b.sql:2: unknown key "owner" (known: severity, enabled, param, population, remediation, see, formerly)`},
		"bad severity":      {header("severity: hihg"), `mine/a/b.sql:2: unknown severity "hihg" (did you mean "high"?)`},
		"severity twice":    {header("severity: high", "severity: low"), `mine/a/b.sql:3: severity is given twice (first on line 2)`},
		"empty key":         {header("severity:"), `mine/a/b.sql:2: severity is empty`},
		"no title":          {"--\n-- severity: low\nSELECT 1", `mine/a/b.sql:1: the title is missing (the first line says in a few words what is found: -- Token that nobody uses)`},
		"key for a title":   {"-- severity: low\n-- Title\nSELECT 1", `mine/a/b.sql:1: the title is missing (the first line says in a few words what is found: -- Token that nobody uses)`},
		"no header":         {"SELECT 1", `mine/a/b.sql:1: the title is missing (the first line says in a few words what is found: -- Token that nobody uses)`},
		"no query":          {"-- Title\n-- severity: low\n\n", `mine/a/b.sql:3: there is no query (a SELECT belongs below the header)`},
		"prose below a key": {header("severity: low", "more words"), `mine/a/b.sql:3: there is prose below the first key (indent it by two more spaces to continue the key above, or move it up)`},
		"param kind":        {header("param: days interger 9 -- days"), `mine/a/b.sql:2: param days: unknown kind "interger" (did you mean "integer"?)`},
		"param default":     {header("param: days integer soon -- days"), `mine/a/b.sql:2: param days: default "soon" is not a whole number`},
		"param boolean":     {header("param: all boolean yes -- all"), `mine/a/b.sql:2: param all: default "yes" is not a boolean: true or false`},
		"param no default":  {header("param: days integer -- days", "severity: low"), `mine/a/b.sql:2: param days has no default (a rule runs by itself, so nobody can be asked for a value; write NAME KIND DEFAULT -- MEANING, as in: days integer 90 -- days without use)`},
		"param no kind":     {header("param: days"), `mine/a/b.sql:2: param "days" has no kind (write NAME KIND DEFAULT -- MEANING, as in: days integer 90 -- days without use)`},
		"param no meaning":  {header("param: days integer 9"), `mine/a/b.sql:2: param days has no meaning (write NAME KIND DEFAULT -- MEANING, as in: days integer 90 -- days without use)`},
		"param name":        {header("param: Days integer 9 -- days"), `mine/a/b.sql:2: "Days" is not a name for a parameter (small letters, digits and _)`},
		"param now":         {header("param: now text 9 -- time"), `mine/a/b.sql:2: param now needs no declaration (it is always the time of the snapshot)`},
		"param twice":       {header("param: d integer 9 -- a", "param: d integer 9 -- b"), `mine/a/b.sql:3: param d is given twice`},
		"see":               {header("see: docs.github.com"), `mine/a/b.sql:2: see: "docs.github.com" is not a link (one https:// address per line)`},
		"formerly":          {header("formerly: Idle"), `mine/a/b.sql:2: formerly: "Idle" is not a rule id (REPORT/NAME, one per line)`},
		"not text":          {"-- Title\x00\nSELECT 1", `mine/a/b.sql: the file is not UTF-8 text`},
		"too large":         {"-- Title\nSELECT 1" + strings.Repeat(" ", 1<<20), `mine/a/b.sql: the file has 1048593 bytes (a rule has at most 1 MiB)`},
	} {
		t.Run(name, func(t *testing.T) {
			set, problems := rules.Load(files("a/b.sql", c.text, "a/good.sql", good))
			if diff := cmp.Diff([]string{c.want}, texts(problems)); diff != "" {
				t.Error(diff)
			}
			if _, ok := set.Find("a/good"); !ok {
				t.Error("the good rule beside it is not listed")
			}
			if _, ok := set.Find("a/b"); ok {
				t.Error("the bad rule is listed")
			}
		})
	}
}

// A parameter without a default is required: that is for saved queries.
func TestLoadTakesARequiredParameterOfASavedQuery(t *testing.T) {
	set, problems := rules.Load(files("who.sql", "-- Title\n-- param: repository text -- owner/name\n-- param: days integer 3 -- days\nSELECT :repository AS a, :days AS b\n"))
	if len(problems) > 0 {
		t.Fatal(texts(problems))
	}
	query, _ := set.Find("who")
	if diff := cmp.Diff([]bool{true, false}, []bool{query.Params[0].IsRequired, query.Params[1].IsRequired}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"days": int64(3)}, query.Parameters()); diff != "" {
		t.Error(diff)
	}
	if problems := set.Check(t.Context()); len(problems) > 0 {
		t.Error(texts(problems))
	}
}

func TestLoadToldByPath(t *testing.T) {
	query := "-- Title\nSELECT 1\n"
	for name, c := range map[string]struct {
		source rules.Source
		want   []string
	}{
		"rule outside a report": {files("b.sql", "-- Title\n-- severity: low\nSELECT 1"), []string{"mine/b.sql:2: a rule is in no report (move the file to REPORT/b.sql)"}},
		"too deep":              {files("a/b/c.sql", query), []string{"mine/a/b/c.sql: the file is too deep in folders (rules are files REPORT/NAME.sql)"}},
		"name":                  {files("a/My_Rule.sql", query), []string{`mine/a/My_Rule.sql: "My_Rule" is not a name for a rule or its folder (small letters and digits, joined by -)`}},
		"no rules":              {files("a/readme.md", query), []string{"mine: there is no rule in this folder (rules are files REPORT/NAME.sql)"}},
		"passed over":           {files("b.sql", query, "testdata/X.sql", query, ".git/X.sql", query, "a/_X.sql", query), nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := rules.Load(c.source)
			if diff := cmp.Diff(c.want, texts(problems)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLoadRefusesASecondRuleOfOneID(t *testing.T) {
	other := rules.Source{Name: "theirs", FS: files("tokens/sleepy.sql", good).FS}
	set, problems := rules.Load(files("tokens/sleepy.sql", good), other)
	want := []string{"theirs/tokens/sleepy.sql: there is another tokens/sleepy (it is in mine/tokens/sleepy.sql)"}
	if diff := cmp.Diff(want, texts(problems)); diff != "" {
		t.Error(diff)
	}
	if got, _ := set.Find("tokens/sleepy"); got.File != "mine/tokens/sleepy.sql" {
		t.Errorf("the first of the two should stand, not %s", got.File)
	}
}

func TestLoadAcceptsWindowsLineEndsAndAByteOrderMark(t *testing.T) {
	set, problems := rules.Load(files("tokens/sleepy.sql", "\ufeff"+strings.ReplaceAll(good, "\n", "\r\n")))
	got, _ := set.Find("tokens/sleepy")
	if len(problems) > 0 || got.Population != "tokens WHERE is_expired = 0" || got.Title != "Token that sleeps" {
		t.Errorf("%v %+v", texts(problems), got)
	}
}

func TestSetSortsAndSeparates(t *testing.T) {
	rule := func(severity string) string { return "-- Title\n-- severity: " + severity + "\nSELECT 1\n" }
	set, problems := rules.Load(files("b/z.sql", rule("low"), "b/a.sql", rule("high"), "a/x.sql", rule("low"),
		"saved.sql", "-- Saved\nSELECT 1\n", "b/inventory.sql", "-- All\nSELECT 1\n"))
	if len(problems) > 0 {
		t.Fatal(texts(problems))
	}
	no := false
	if problems := set.Configure(map[string]rules.Setting{"b/z": {Enabled: &no}}); len(problems) > 0 {
		t.Fatal(texts(problems))
	}
	got := map[string][]string{
		"rules": ids(set.Rules()), "queries": ids(set.Queries()), "disabled": ids(set.Disabled()), "reports": set.Reports(),
	}
	want := map[string][]string{
		"rules": {"a/x", "b/a"}, "queries": {"b/inventory", "saved"}, "disabled": {"b/z"}, "reports": {"a", "b"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A rule that is off by its header waits for the configuration.
func TestRulesThatAreOff(t *testing.T) {
	rule := func(more string) string { return "-- Title\n--\n-- severity: low\n" + more + "SELECT 1\n" }
	set, problems := rules.Load(files("a/on.sql", rule("-- enabled: yes\n"), "a/off.sql", rule("-- enabled: no\n"), "b/only.sql", rule("-- enabled: no\n"),
		"a/bad.sql", rule("-- enabled: maybe\n"), "a/twice.sql", rule("-- enabled: no\n-- enabled: yes\n"), "saved.sql", "-- Saved\n--\n-- enabled: no\nSELECT 1\n"))
	want := []string{
		`mine/a/bad.sql:4: enabled: "maybe" is neither yes nor no (no: only where the configuration switches it on)`,
		`mine/a/twice.sql:5: enabled is given twice (first on line 4)`,
		`mine/saved.sql:3: a saved query cannot be switched off (it runs only on request; a rule has a severity)`,
	}
	if diff := cmp.Diff(want, texts(problems)); diff != "" {
		t.Error(diff)
	}
	if got := fmt.Sprint(ids(set.Rules()), ids(set.Disabled()), set.Reports()); got != "[a/on] [a/off b/only] [a b]" {
		t.Error(got)
	}
	yes, no := true, false
	if problems := set.Configure(map[string]rules.Setting{"a/off": {Enabled: &yes}, "a/on": {Enabled: &no}, "b/only": {Severity: "high"}}); len(problems) > 0 {
		t.Error(texts(problems))
	}
	if got := fmt.Sprint(ids(set.Rules()), ids(set.Disabled())); got != "[a/off] [a/on b/only]" {
		t.Error(got)
	}
	if r, _ := set.Find("a/off"); !r.IsOptIn {
		t.Error("a/off does not say any more that it was off")
	}
}

func ids(list []rules.Rule) []string {
	var all []string
	for _, r := range list {
		all = append(all, r.ID)
	}
	return all
}

func TestConfigure(t *testing.T) {
	set, _ := rules.Load(files("tokens/sleepy.sql", good, "saved.sql", "-- Saved\nSELECT 1\n"))
	problems := set.Configure(map[string]rules.Setting{
		"tokens/sleepi": {Severity: "low"},
		"saved":         {Severity: "low"},
		"tokens/idle": {Severity: "hgih", Params: map[string]any{
			"days": 60, "day": 1, "share": 2, "team": "b", "strict": "yes", "none": 3.5}},
	})
	want := []string{
		`saved: severity: a saved query has no severity`,
		`tokens/idle: severity: unknown severity "hgih" (did you mean "high"?)`,
		`tokens/idle: day: the rule has no such parameter (did you mean "days"?)`,
		`tokens/idle: none: 3.5 is not text (nobody)`,
		`tokens/idle: strict: "yes" is not a boolean (also the others)`,
		`tokens/sleepi: there is no such rule (did you mean "tokens/sleepy"?)`,
	}
	if diff := cmp.Diff(want, texts(problems)); diff != "" {
		t.Error(diff)
	}
	got, _ := set.Find("tokens/sleepy")
	values := map[string]any{"days": int64(60), "share": 2.0, "team": "b", "none": "", "strict": true}
	if diff := cmp.Diff(values, got.Parameters()); diff != "" {
		t.Error(diff)
	}
	if got.Severity != "medium" {
		t.Errorf("a bad severity replaced the rule's own: %s", got.Severity)
	}
}

// What a user's rule may leave out, a built-in one may not.
func TestBuiltInRulesAreComplete(t *testing.T) {
	set, problems := rules.Load(rules.Source{Name: "queries", FS: queries.FS})
	if len(problems) > 0 {
		t.Fatal(texts(problems))
	}
	for _, r := range slices.Concat(set.Rules(), set.Disabled()) {
		if r.Description == "" || r.Population == "" || r.Remediation == "" || len(r.See) == 0 {
			t.Errorf("%s lacks its description, population, remediation or links", r.ID)
		}
		for _, link := range r.See {
			if !strings.HasPrefix(link, "https://docs.github.com/en/") {
				t.Errorf("%s: %s is no page of GitHub's documentation", r.ID, link)
			}
		}
	}
	for _, report := range set.Reports() {
		if !slices.Contains(ids(set.Queries()), report+"/inventory") {
			t.Errorf("report %s has no inventory", report)
		}
	}
}

// A file may hold anything: it is a rule or a problem, never a crash, and what
// is left out of the set has been told.
func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Add("-- Title\n-- param: a b c -- d\n--\tsee:\n-- \n")
	f.Fuzz(func(t *testing.T, text string) {
		set, problems := rules.Load(files("a/b.sql", text))
		if _, ok := set.Find("a/b"); ok == (len(problems) > 0) {
			t.Errorf("in the set: %v, told: %v", ok, texts(problems))
		}
		for _, p := range problems {
			if p.What == "" || p.File != "mine/a/b.sql" {
				t.Errorf("%+v", p)
			}
		}
	})
}

func TestLoadOfAHugeHeaderIsFast(t *testing.T) {
	lines := strings.Repeat("--  x\n", 150_000)
	start := time.Now()
	set, problems := rules.Load(files("a/b.sql", "-- Title\n-- remediation: a\n"+lines+"SELECT 1"))
	if _, ok := set.Find("a/b"); !ok || time.Since(start) > 5*time.Second {
		t.Errorf("%v, after %v", texts(problems), time.Since(start))
	}
}

// A text that many remediations share is written once and named in the header.
func TestSharedRemediation(t *testing.T) {
	builtIn := files("_remediation/revoke-token.txt", "Open the page\nand press Revoke.\n")
	own := files(
		"_remediation/ask.txt", "Ask the owner.",
		"a/shared.sql", "-- Title\n-- severity: low\n-- remediation: @ask @revoke-token Done.\n--   Tell @octocat.\n-- see: https://example.com/a\nSELECT 1\n",
		"a/unknown.sql", "-- Title\n-- remediation: First ask. @revok-token\nSELECT 1\n",
	)
	own.Name = "own"
	set, problems := rules.Load(builtIn, own)
	want := []string{
		"mine: there is no rule in this folder (rules are files REPORT/NAME.sql)",
		`own/a/unknown.sql:2: there is no shared remediation @revok-token (did you mean "revoke-token"?)`,
	}
	if diff := cmp.Diff(want, texts(problems)); diff != "" {
		t.Error(diff)
	}
	r, _ := set.Find("a/shared")
	if want := "Ask the owner. Open the page and press Revoke. Done. Tell @octocat."; r.Remediation != want {
		t.Errorf("remediation %q, want %q", r.Remediation, want)
	}
	wantText := "-- Title\n-- severity: low\n-- remediation: Ask the owner. Open the page and press Revoke. Done. Tell\n--   @octocat.\n-- see: https://example.com/a\nSELECT 1\n"
	if diff := cmp.Diff(wantText, r.Text()); diff != "" {
		t.Error(diff)
	}
}

func TestDefectsOfSharedRemediations(t *testing.T) {
	_, problems := rules.Load(files(
		"_remediation/Revoke.txt", "Text.", "_remediation/empty.txt", " \n",
		"a/b.sql", "-- Title\nSELECT 1\n",
	), files("_remediation/Revoke.txt", "Text.", "a/c.sql", "-- Title\nSELECT 1\n"))
	want := []string{
		`mine/_remediation/Revoke.txt: "Revoke" is not a name for a shared remediation (small letters and digits, joined by -)`,
		"mine/_remediation/empty.txt: the file is empty or not UTF-8 text",
		`mine/_remediation/Revoke.txt: "Revoke" is not a name for a shared remediation (small letters and digits, joined by -)`,
	}
	if diff := cmp.Diff(want, texts(problems)); diff != "" {
		t.Error(diff)
	}
	text := func() rules.Source { return files("_remediation/ask.txt", "Ask.", "a/b.sql", "-- Title\nSELECT 1\n") }
	_, problems = rules.Load(text(), text())
	if got := texts(problems); len(got) == 0 || got[0] != "mine/_remediation/ask.txt: there is another shared remediation ask (give it another name)" {
		t.Errorf("%v", got)
	}
}

// Every shared text that is shipped is in use, by more than one rule.
func TestSharedRemediationsAreShared(t *testing.T) {
	set, _ := rules.Load(rules.Source{Name: "queries", FS: queries.FS})
	names, err := fs.Glob(queries.FS, "_remediation/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, file := range names {
		mark, count := "@"+strings.TrimSuffix(path.Base(file), ".txt"), 0
		for _, r := range slices.Concat(set.Rules(), set.Disabled()) {
			if slices.Contains(strings.Fields(r.SQL), mark) {
				count++
			}
		}
		if count < 2 {
			t.Errorf("%s: %d rules name it", file, count)
		}
	}
}
