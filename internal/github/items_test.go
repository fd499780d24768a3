package github

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestCutList holds the cutting of lists to what encoding/json makes of them.
func TestCutList(t *testing.T) {
	for _, text := range []string{
		`[]`, ` [ ] `, "\n[\t]\r\n", `[1]`, `[null]`, `[ 1 , "a" , {} ]`, `[[]]`, `[[1,2],[3,[4,{"a":[5]}]]]`,
		`["]"]`, `["\""]`, `["\\"]`, `["\\\""]`, `["\\\\",","]`, `["a,b","[{"]`, `[{"a":"}","b":[1,2,{"c":"\\"}]},{"\"":1}]`,
		"[{\"id\": 1,\n \"name\": \"ä\\u00e4\"},\n {\"id\": 2}]\n", `[""," "]`,
	} {
		checkCut(t, text)
	}
}

// TestCutListRefuses wants only what is a list as a whole.
func TestCutListRefuses(t *testing.T) {
	for _, text := range []string{``, ` `, `[`, `{}`, `null`, `"[]"`, `["]`, `["\"]`, `["\\\"]`, `[{]`, `[[]`, `[]]`, `[],[]`, `[1] 2`, `]`, `"`} {
		if items, ok := cutList([]byte(text)); ok {
			t.Errorf("cutList(%q) = %q, want nothing", text, items)
		}
	}
}

// TestCutListOfAnything compares with encoding/json on texts that are made of
// what is hard to cut, and wants the cutter to survive the other ones.
func TestCutListOfAnything(t *testing.T) {
	parts := []string{`[`, `]`, `{`, `}`, `"`, `\`, `,`, `:`, ` `, `1`, `"a"`, `[]`, `{"a":1}`, `"\""`, `["\\",1]`}
	random := rand.New(rand.NewPCG(1, 2))
	valid := 0
	for range 200_000 {
		var b strings.Builder
		b.WriteString("[")
		for range random.IntN(7) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		b.WriteString("]")
		if json.Valid([]byte(b.String())) {
			checkCut(t, b.String())
			valid++
		} else {
			cutList([]byte(b.String())) // must not panic
		}
	}
	if valid < 1000 {
		t.Errorf("only %d of the texts were JSON", valid)
	}
}

func checkCut(t *testing.T, text string) {
	t.Helper()
	var want []json.RawMessage
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	got, ok := cutList([]byte(text))
	if !ok || got == nil || !slices.EqualFunc(got, want, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
		t.Errorf("cutList(%q) = %q, %t; want %q", text, got, ok, want)
	}
}
