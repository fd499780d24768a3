package github

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestDecodeList compares lists with what encoding/json makes of them.
func TestDecodeList(t *testing.T) {
	for _, text := range []string{
		`[]`, ` [ ] `, "\n[\t]\r\n", `[1]`, `[null]`, `[ 1 , "a" , {} ]`, `[[]]`, `[[1,2],[3,[4,{"a":[5]}]]]`,
		`["]"]`, `["\""]`, `["\\"]`, `["\\\""]`, `["\\\\",","]`, `["a,b","[{"]`, `[{"a":"}","b":[1,2,{"c":"\\"}]},{"\"":1}]`,
		"[{\"id\": 1,\n \"name\": \"ä\\u00e4\"},\n {\"id\": 2}]\n", `[""," "]`,
	} {
		checkDecodeList(t, text)
	}
}

// TestDecodeListRefuses wants only what is a list as a whole.
func TestDecodeListRefuses(t *testing.T) {
	for _, text := range []string{``, ` `, `[`, `{}`, `null`, `"[]"`, `["]`, `["\"]`, `["\\\"]`, `[{]`, `[[]`, `[]]`, `[],[]`, `[1] 2`, `]`, `"`} {
		if items, err := decodeList([]byte(text)); err == nil {
			t.Errorf("decodeList(%q) = %q, want an error", text, items)
		}
	}
}

// TestDecodeListOfAnything compares with encoding/json on texts that are made
// of what is hard to cut.
func TestDecodeListOfAnything(t *testing.T) {
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
			checkDecodeList(t, b.String())
			valid++
		} else {
			if items, err := decodeList([]byte(b.String())); err == nil {
				t.Errorf("decodeList(%q) = %q, want an error", b.String(), items)
			}
		}
	}
	if valid < 1000 {
		t.Errorf("only %d of the texts were JSON", valid)
	}
}

func checkDecodeList(t *testing.T, text string) {
	t.Helper()
	var want []json.RawMessage
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	got, err := decodeList([]byte(text))
	if err != nil || got == nil || !slices.EqualFunc(got, want, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
		t.Errorf("decodeList(%q) = %q, %v; want %q", text, got, err, want)
	}
}

// FuzzDecodeList wants what encoding/json takes, and nothing else.
func FuzzDecodeList(f *testing.F) {
	for _, seed := range []string{`[]`, `[1,{"a":1,"a":"\ud800"}]`, "[\"\xff\"]", ` [ [ ] , null ] `, `{}`, `[1`, `[1]2`, `[1,]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if isJSON(text) != json.Valid(text) {
			t.Fatalf("isJSON(%q) = %t", text, isJSON(text))
		}
		var want []json.RawMessage
		if err := json.Unmarshal(text, &want); err == nil && want != nil { // nil: null
			checkDecodeList(t, string(text))
		} else if got, err := decodeList(text); err == nil {
			t.Fatalf("decodeList(%q) = %q, want an error", text, got)
		}
	})
}
