package collect

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestIdentity(t *testing.T) {
	for item, want := range map[string]string{
		`{"id":7,"owner":{"id":8}}`:                               "7",
		` { "owner" : {"id":8}, "tags":["id",{"id":9}], "id":7 }`: "7",
		`{"login":"x","id":12345678901234567890}`:                 "12345678901234567890",
		`{"repository_id":7,"properties":[]}`:                     "7",
		`{"owner":{"id":8}}`:                                      "",
		`{"id":7,"id":8}`:                                         "7",
		`{"id":null}`:                                             "",
		`{"id":"7"}`:                                              "",
		`{"name":"id"}`:                                           "",
		`{"id"`:                                                   "",
		`[7]`:                                                     "",
		`7`:                                                       "",
		``:                                                        "",
	} {
		if got := identity([]byte(item)); got != want {
			t.Errorf("identity of %s = %q, want %q", item, got, want)
		}
	}
}

// FuzzIdentity wants what encoding/json finds, in everything that it takes.
func FuzzIdentity(f *testing.F) {
	for _, seed := range []string{`{"id":7}`, `{"owner":{"id":8},"repository_id":-1.5e3}`, `{"\u0069d":1}`, `{"id":1,"id":2}`, `{"id"`, `[7]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, item []byte) {
		got := identity(item)
		if want := slowIdentity(item); json.Valid(item) && got != want {
			t.Fatalf("identity(%q) = %q, want %q", item, got, want)
		}
	})
}

// slowIdentity is identity with the tokens of encoding/json.
func slowIdentity(item []byte) string {
	d := json.NewDecoder(bytes.NewReader(item))
	d.UseNumber()
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return ""
	}
	for d.More() {
		name, _ := d.Token()
		var value any
		if d.Decode(&value) != nil {
			return ""
		}
		if name == "id" || name == "repository_id" {
			number, _ := value.(json.Number)
			return number.String()
		}
	}
	return ""
}
