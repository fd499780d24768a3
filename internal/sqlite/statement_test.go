package sqlite

import (
	"strings"
	"testing"
)

// FuzzVet: whatever text comes in, tokens lie in order within it, and what is
// let through has one statement that begins like a SELECT.
func FuzzVet(f *testing.F) {
	for _, seed := range []string{
		"SELECT 1;", "WITH a AS (SELECT ';' -- ;\n) SELECT * FROM a /* ; */ ;;", "SELECT 'it''s', \"a;b\", [c;d], `e``;f`, x'41', :n, ?1, @a, $b::c(d)",
		"SELECT '", "SELECT /*", "SELECT [", ":", "?", "SELECT date(", "SELECT date((", "SELECT strftime('%Y', (1,2))", "VALUES (1)) -- x", "SELECT 1;DROP TABLE x", "\x00", "sélect ü",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		end := 0
		for _, token := range Tokens(sql) {
			if token.Offset < end || token.Value == "" && token.Kind != Text {
				t.Fatalf("token %+v after %d", token, end)
			}
			end = token.Offset + 1
		}
		v, err := vet(sql)
		if err != nil {
			return
		}
		for _, token := range Tokens(v.body) {
			if token.Kind == Punctuation && token.Value == ";" {
				t.Fatalf("%q has a second statement", v.body)
			}
		}
		first := strings.ToLower(Tokens(v.body)[0].Value)
		if first != "select" && first != "with" && first != "values" {
			t.Fatalf("%q begins with %s", v.body, first)
		}
	})
}
