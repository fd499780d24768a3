package rules_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"auditor/internal/rules"
	"auditor/queries"
)

func TestBuiltInRulesCompile(t *testing.T) {
	set, _ := rules.Load(rules.Source{Name: "queries", FS: queries.FS})
	for _, p := range set.Check(t.Context()) {
		t.Error(p)
	}
}

// sound is a rule that passes; the cases below break it at one place each.
const sound = `-- Title
-- severity: low
-- param: days integer 9 -- days
-- population: tokens WHERE is_expired = 0

SELECT
  'fail' AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  'because' AS reason,
  t.token_name AS token_name
FROM tokens AS t
WHERE unixepoch(:now) - unixepoch(t.last_used_at) > :days * 86400
`

func TestCheckAnswersLikeACompiler(t *testing.T) {
	cases := map[string]struct {
		old, new string
		want     []string // each must occur
	}{
		"sound":                 {"", "", nil},
		"a misspelt column":     {"t.token_name AS", "t.token_nam AS", []string{"mine/a/b.sql:", "token_nam", `did you mean "token_name"?`}},
		"a misspelt view":       {"FROM tokens", "FROM tokenz", []string{"mine/a/b.sql:", "tokenz", `did you mean "tokens"?`}},
		"a private table":       {"FROM tokens AS t", "FROM _tokens AS t", []string{"mine/a/b.sql:", "_tokens", "rules read public views only"}},
		"two statements":        {"86400\n", "86400;\nSELECT 1\n", []string{"mine/a/b.sql:"}},
		"a change":              {"SELECT\n", "DELETE FROM tokens WHERE 0 IN (SELECT\n", []string{"mine/a/b.sql:"}},
		"the findings":          {"FROM tokens AS t\n", "FROM tokens AS t JOIN findings AS f ON f.org = t.org\n", []string{"mine/a/b.sql: a rule cannot read the view findings"}},
		"the clock":             {"unixepoch(:now)", "unixepoch('now')", []string{"mine/a/b.sql:", "now"}},
		"an ambiguous column":   {"FROM tokens AS t\nWHERE", "FROM tokens AS t\nJOIN token_permissions AS p ON p.grant_id = t.grant_id AND level = 'read' AND org = 'acme'\nWHERE", []string{"mine/a/b.sql:13:", "ambiguous column name: org"}},
		"an unknown name twice": {"t.token_name AS token_name", "t.tokn AS a, t.tokn AS b", []string{"mine/a/b.sql:11:5: ", "no such column: t.tokn"}},
		"a comma too many":      {"  t.org AS org,\n", "  t.org AS org,,\n", []string{"mine/a/b.sql:9:16: near \",\": syntax error"}},
		"a word too many":       {"WHERE unix", "WHERE AND unix", []string{"mine/a/b.sql:13:7: near \"AND\": syntax error"}},
		"an endless recursion":  {"FROM tokens AS t\n", "FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS i FROM n) JOIN tokens AS t\n", []string{"mine/a/b.sql: the query does not end: stopped after 2s, on an empty snapshot (a recursive WITH needs a WHERE or LIMIT that ends it)"}},
		"text in double quotes": {"'because'", `"because"`, []string{"mine/a/b.sql:", "because"}},
		"a missing column":      {"  t.org AS org,\n", "", []string{"mine/a/b.sql: the columns are status, subject, reason, token_name (a rule begins with status, subject, org, reason)"}},
		"a column twice":        {"t.token_name AS token_name", "1 AS org", []string{"mine/a/b.sql: there are two columns org (give one another name with AS)"}},
		"a column without AS":   {"t.token_name AS token_name", "1 + 1", []string{`mine/a/b.sql: column 5 is called "1 + 1" (give it a name of small letters, digits and _ with AS)`}},
		"undeclared":            {":days", ":day", []string{`mine/a/b.sql:13: parameter :day is not declared (did you mean "days"?)`}},
		"not used":              {":days", "9", []string{"mine/a/b.sql:3: parameter days is declared but not used (write :days in the query)"}},
		"positional":            {":days", "?1", []string{"mine/a/b.sql:13: ?1 is no parameter of a rule (write :name and declare param: name …)"}},
		"population":            {"tokens WHERE is_expired = 0", "tokens WHERE is_expird = 0", []string{"mine/a/b.sql:4:", "is_expird"}},
		"undeclared there":      {"is_expired = 0", "is_expired = :flag", []string{"mine/a/b.sql:4: parameter :flag is not declared (known: days)"}},
		"population statements": {"is_expired = 0", "is_expired = 0; SELECT 1", []string{"mine/a/b.sql:4:"}},
		"population private":    {"population: tokens", "population: _tokens", []string{"mine/a/b.sql:4:", "_tokens"}},
	}
	// One set for all, since each check makes two databases.
	pairs := []string{"a/sound.sql", sound}
	names := slices.Sorted(maps.Keys(cases))
	for i, name := range names {
		pairs = append(pairs, fmt.Sprintf("a/case-%02d.sql", i), strings.Replace(sound, cases[name].old, cases[name].new, 1))
	}
	set, problems := rules.Load(files(pairs...))
	if len(problems) > 0 {
		t.Fatal(texts(problems))
	}
	told := map[string]string{}
	for _, p := range set.Check(t.Context()) {
		told[p.Rule] += p.String() + "\n"
	}
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			id := fmt.Sprintf("a/case-%02d", i)
			if (told[id] == "") != (cases[name].want == nil) {
				t.Fatalf("got %q", told[id])
			}
			for _, part := range cases[name].want {
				if part = strings.ReplaceAll(part, "a/b", id); !strings.Contains(told[id], part) {
					t.Errorf("%q lacks %q", told[id], part)
				}
			}
		})
	}
	if told["a/sound"] != "" {
		t.Errorf("the sound rule beside them is told: %s", told["a/sound"])
	}
}
