package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"auditor/internal/store/storetest"
)

// ruleset is one as GraphQL tells it, by its enforcement and patterns:
// "EVALUATE ~ALL -refs/heads/x", - for an excluded one.
func ruleset(id int, text string) string {
	fields := strings.Fields(text)
	include, exclude := []string{}, []string{}
	for _, pattern := range fields[1:] {
		if excluded, ok := strings.CutPrefix(pattern, "-"); ok {
			exclude = append(exclude, excluded)
		} else {
			include = append(include, pattern)
		}
	}
	patterns, err := json.Marshal(map[string]any{"include": include, "exclude": exclude})
	if err != nil {
		panic(err) // they are texts
	}
	return fmt.Sprintf(`{"databaseId":%d,"name":"set %d","enforcement":%q,"source":{"login":"acme"},"conditions":{"refName":%s}}`, id, id, fields[0], patterns)
}

// settingsWith is a repository's settings with rulesets.
func settingsWith(id int, branch string, total int, rulesets ...string) string {
	return fmt.Sprintf(`{"databaseId":%d,"nameWithOwner":"acme/r%d","defaultBranchRef":%s,"rulesets":{"totalCount":%d,"nodes":[%s]}}`,
		id, id, branch, total, strings.Join(rulesets, ","))
}

func TestRulesetsOnTheDefaultBranch(t *testing.T) {
	t.Parallel()
	const main = `{"name":"main"}`
	cases := []struct{ branch, ruleset, want string }{
		{main, "ACTIVE ~DEFAULT_BRANCH", "1"},
		{main, "EVALUATE ~ALL", "1"},
		{main, "EVALUATE refs/heads/main", "1"},
		{main, "EVALUATE refs/heads/Main", "0"},
		{main, "EVALUATE refs/heads/mainline", "0"},
		{main, "EVALUATE", "0"},
		{main, "EVALUATE refs/heads/release/**", "0"},
		{main, "EVALUATE refs/heads/ma[ij]n", "null"},
		{main, "EVALUATE refs/heads/mai?", "null"},
		{main, `EVALUATE refs/heads/ma\in`, "null"},
		{main, "EVALUATE refs/heads/*", "null"},
		{main, "EVALUATE refs/heads/* refs/heads/main", "1"},
		{main, "EVALUATE ~ALL -refs/heads/main", "0"},
		{main, "EVALUATE ~ALL -~DEFAULT_BRANCH", "0"},
		{main, "EVALUATE ~ALL -refs/heads/release/*", "1"},
		{main, "EVALUATE ~ALL -refs/heads/m*", "null"},
		{main, "EVALUATE refs/heads/ma* -refs/heads/main", "0"},
		{"null", "EVALUATE ~DEFAULT_BRANCH", "1"},
		{"null", "EVALUATE refs/heads/main", "null"},
	}
	w, _ := storetest.Create(t)
	for i, c := range cases {
		storetest.Add(t, w, "repository_settings", "", settingsWith(100+i, c.branch, 1, ruleset(500+i, c.ruleset)))
	}
	s := storetest.Publish(t, w)
	for i, c := range cases {
		statement := fmt.Sprintf("SELECT is_on_default_branch FROM rulesets WHERE repository_id = %d", 100+i)
		if got := query(t, s, statement); got != "["+c.want+"]" {
			t.Errorf("%s on %s: %s, want %s", c.ruleset, c.branch, got, c.want)
		}
	}
}

// Rulesets are known where their list is whole; those seen are told all the same.
func TestRulesetsAreCounted(t *testing.T) {
	t.Parallel()
	const main = `{"name":"main"}`
	own, shared := ruleset(51, "DISABLED ~ALL"), ruleset(52, "EVALUATE ~ALL")
	w, _ := storetest.Create(t)
	for id := 1; id <= 5; id++ {
		storetest.Add(t, w, "repositories", "", fmt.Sprintf(`{"id":%d,"name":"r%d","full_name":"acme/r%d"}`, id, id, id))
	}
	storetest.Add(t, w, "repository_settings", "",
		settingsWith(1, main, 2, strings.Replace(own, `"login":"acme"`, `"nameWithOwner":"acme/r1"`, 1), shared),
		settingsWith(2, main, 30, shared),
		settingsWith(3, main, 0),
		strings.Replace(settingsWith(4, main, 1, shared), `"rulesets"`, `"unknown":{"rulesets":"refused"},"rulesets"`, 1),
		`{"databaseId":5,"nameWithOwner":"acme/r5","rulesets":null}`)
	s := storetest.Publish(t, w)
	if got, want := query(t, s, "SELECT repository_id, ruleset_count FROM repositories ORDER BY 1"), "[1,2]\n[2,null]\n[3,0]\n[4,null]\n[5,null]"; got != want {
		t.Errorf("counts\n got %s\nwant %s", got, want)
	}
	got := query(t, s, "SELECT full_name, ruleset_id, name, enforcement, source, source_url FROM rulesets ORDER BY repository_id, ruleset_id")
	want := `["acme/r1",51,"set 51","disabled","acme/r1","https://github.com/acme/r1/settings/rules/51"]
["acme/r1",52,"set 52","evaluate","acme","https://github.com/organizations/acme/settings/rules/52"]
["acme/r2",52,"set 52","evaluate","acme","https://github.com/organizations/acme/settings/rules/52"]
["acme/r4",52,"set 52","evaluate","acme","https://github.com/organizations/acme/settings/rules/52"]`
	if got != want {
		t.Errorf("rulesets\n got %s\nwant %s", got, want)
	}
}
