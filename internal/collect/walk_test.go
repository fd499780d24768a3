package collect

import "testing"

func TestIdentity(t *testing.T) {
	for item, want := range map[string]string{
		`{"id":7,"owner":{"id":8}}`:                               "7",
		` { "owner" : {"id":8}, "tags":["id",{"id":9}], "id":7 }`: "7",
		`{"login":"x","id":12345678901234567890}`:                 "12345678901234567890",
		`{"repository_id":7,"properties":[]}`:                     "7",
		`{"owner":{"id":8}}`:                                      "",
		`{"id":null}`:                                             "",
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
