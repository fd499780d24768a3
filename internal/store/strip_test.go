package store_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

func TestStrip(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"links", `{"id":1,"url":"a","html_url":"b","repos_url":"c","_links":{"self":{"href":"d"}}}`, `{"id":1,"html_url":"b"}`},
		{"nested", `{"owner":{"url":"a","login":"o"},"list":[{"x_url":1,"y":2},[{"url":[]}]]}`, `{"owner":{"login":"o"},"list":[{"y":2},[{}]]}`},
		{"first and last", `{"url":1,"a":2,"b_url":{"c":[1,2,{"d":3}]}}`, `{"a":2}`},
		{"only links", `{"url":1,"a_url":2}`, `{}`},
		{"white space", " {\n \"a\" : [ 1 , 2 ] , \"url\" : \"x\" , \"b\" : null } ", `{"a":[1,2],"b":null}`},
		{"escapes", `{"a":"\"url\":\\","url":"\\\"","b":"\\\\"}`, `{"a":"\"url\":\\","b":"\\\\"}`},
		{"values are not names", `{"a":"url","b":["url","x_url"]}`, `{"a":"url","b":["url","x_url"]}`},
		{"big numbers stay", `{"id":12345678901234567890.5e3}`, `{"id":12345678901234567890.5e3}`},
		{"other names stay", `{"URL":1,"urls":2,"_url_":3,"curl":4}`, `{"URL":1,"urls":2,"_url_":3,"curl":4}`},
		{"a scalar", `7`, `7`},
		{"unicode", `{"Grüße":"\ud83d\ude00 😀"}`, `{"Grüße":"\ud83d\ude00 😀"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := new(Compactor).Strip(json.RawMessage(c.in), nil)
			if err != nil || got != c.want {
				t.Errorf("strip(%s) = %s, %v; want %s", c.in, got, err, c.want)
			}
		})
	}
}

func TestStripKeepsKeysOfTheOutermostOnly(t *testing.T) {
	got, err := new(Compactor).Strip(json.RawMessage(`{"id":1,"name":"x","full_name":{"name":"y","id":2},"owner":{"id":3}}`), map[string]bool{"id": true, "full_name": true})
	if want := `{"id":1,"full_name":{"name":"y","id":2}}`; err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestStripRefuses(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1)
	for _, in := range []string{``, ` `, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":"`, `{"a":"\`, `{a:1}`, `{"a" 1}`, `[1 2]x`, `{}{}`, `nul`, `{"url":`, `{"url":}`, `{"url":[}`, `"\x"`, deep} {
		if got, err := new(Compactor).Strip(json.RawMessage(in), nil); err == nil {
			t.Errorf("strip(%q) = %s, want an error", in, got)
		}
	}
}

// without removes hypermedia from a decoded value: what strip must agree with.
func without(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if IsLink([]byte(name)) {
				delete(v, name)
			} else {
				v[name] = without(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = without(v[i])
		}
	}
	return v
}

func FuzzStrip(f *testing.F) {
	for _, seed := range []string{storetest.TokenJSON, `{"url":{"a":[1,{"b":"\\\""}]},"c":[{}]}`, `[`, `{"a_url":"\u0000"}`, `{"html_url":1,"\u0075rl":2}`, `"`, `{"url":"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := new(Compactor).Strip(in, nil)
		if err != nil {
			// A member twice, or an escaped name, is for the decoder: not compared.
			var v any
			if json.Unmarshal(in, &v) == nil && !tooDeep(v, MaxDepth) {
				t.Fatalf("strip(%q): %v, but it is JSON", in, err)
			}
			return
		}
		if !json.Valid([]byte(got)) {
			t.Fatalf("strip(%q) = %q, not JSON", in, got)
		}
		again, err := new(Compactor).Strip(json.RawMessage(got), nil)
		if err != nil || again != got {
			t.Fatalf("strip is not stable: %q, then %q, %v", got, again, err)
		}
		var whole, stripped any
		if json.Unmarshal(in, &whole) != nil || strings.Contains(string(in), `\u`) {
			return
		}
		if err := json.Unmarshal([]byte(got), &stripped); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(without(whole), stripped) {
			t.Fatalf("strip(%q) = %q", in, got)
		}
	})
}

// tooDeep reports whether a value nests more than n deep.
func tooDeep(v any, n int) bool {
	if n < 0 {
		return true
	}
	switch v := v.(type) {
	case map[string]any:
		for _, value := range v {
			if tooDeep(value, n-1) {
				return true
			}
		}
	case []any:
		for _, value := range v {
			if tooDeep(value, n-1) {
				return true
			}
		}
	}
	return false
}
