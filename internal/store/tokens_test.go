package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"auditor/internal/raced"
	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

func TestOwnerRole(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ members, outside, want string }{
		{"complete", "complete", `[1,"owner"] [2,"member"] [3,"outside"] [4,"gone"] [5,null]`},
		{"partial", "complete", `[1,"owner"] [2,"member"] [3,"outside"] [4,null] [5,null]`},
		{"complete", "denied", `[1,"owner"] [2,"member"] [3,"outside"] [4,null] [5,null]`},
		{"complete", "", `[1,"owner"] [2,"member"] [3,"outside"] [4,null] [5,null]`},
	} {
		w, _ := storetest.Create(t)
		storetest.Add(t, w, "members", "member", `{"id":1,"login":"a"}`, `{"id":2,"login":"b"}`)
		storetest.Add(t, w, "members", "admin", `{"id":1,"login":"a"}`)
		storetest.Add(t, w, "members", "member", `{"id":1,"login":"a"}`)
		storetest.Add(t, w, "outside_collaborators", "", `{"id":3,"login":"c"}`)
		for i := 1; i <= 4; i++ {
			storetest.Add(t, w, "tokens", "", strings.NewReplacer("25381", fmt.Sprint(i), `"id":1,"node_id"`, fmt.Sprintf(`"id":%d,"node_id"`, i)).Replace(storetest.TokenJSON))
		}
		storetest.Add(t, w, "tokens", "", `{"id":5,"token_id":1,"repository_selection":"none","permissions":{},"owner":null}`)
		if c.members != "" {
			storetest.Cover(t, w, c.members, "members")
		}
		if c.outside != "" {
			storetest.Cover(t, w, c.outside, "outside_collaborators")
		}
		s := storetest.Publish(t, w)
		if got := strings.ReplaceAll(query(t, s, "SELECT grant_id, owner_role FROM tokens ORDER BY 1"), "\n", " "); got != c.want {
			t.Errorf("%s, %s: %s", c.members, c.outside, got)
		}
		if got := query(t, s, "SELECT group_concat(login || '=' || role) FROM (SELECT * FROM members ORDER BY user_id)"); got != `["a=owner,b=member,c=outside"]` {
			t.Errorf("members: %s", got)
		}
	}
}

// Granted reach is effective where the owner's own rights cover it. Owners: 1
// an organization owner, 2 a member, 3 outside, 4 in neither list, 5 not named,
// 6 a member whose token reaches nothing.
func TestReachIsEffective(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	for _, c := range []struct{ base, members, outside, want string }{
		{"read", "complete", "complete", `[1,1] [2,0] [3,0] [4,0] [5,null] [6,0]`},
		{"none", "complete", "complete", `[1,1] [2,0] [3,0] [4,0] [5,null] [6,0]`},
		{"write", "complete", "complete", `[1,1] [2,1] [3,0] [4,0] [5,1] [6,0]`},
		{"admin", "complete", "complete", `[1,1] [2,1] [3,0] [4,0] [5,1] [6,0]`},
		{"", "complete", "complete", `[1,1] [2,null] [3,0] [4,0] [5,null] [6,0]`},
		{"read", "complete", "denied", `[1,1] [2,0] [3,0] [4,0] [5,null] [6,0]`},
		{"write", "partial", "complete", `[1,1] [2,1] [3,0] [4,1] [5,1] [6,0]`},
		{"read", "partial", "complete", `[1,1] [2,0] [3,0] [4,null] [5,null] [6,0]`},
		{"write", "denied", "denied", `[1,1] [2,1] [3,1] [4,1] [5,1] [6,0]`},
		{"read", "denied", "denied", `[1,null] [2,null] [3,null] [4,null] [5,null] [6,0]`},
		{"", "denied", "denied", `[1,null] [2,null] [3,null] [4,null] [5,null] [6,0]`},
	} {
		w, _ := storetest.Create(t)
		if c.members != "denied" {
			storetest.Add(t, w, "members", "admin", `{"id":1,"login":"a"}`)
			storetest.Add(t, w, "members", "member", `{"id":2,"login":"b"}`, `{"id":6,"login":"f"}`)
		}
		if c.outside != "denied" {
			storetest.Add(t, w, "outside_collaborators", "", `{"id":3,"login":"c"}`)
		}
		if c.base != "" {
			storetest.Add(t, w, "org", "", `{"id":7,"login":"acme","default_repository_permission":"`+c.base+`"}`)
		}
		for i, token := range []string{`"all","owner":{"id":1}`, `"subset","owner":{"id":2}`, `"all","owner":{"id":3}`, `"subset","owner":{"id":4}`, `"all","owner":null`, `"none","owner":{"id":6}`} {
			item := fmt.Sprintf(`{"id":%d,"token_id":1,"permissions":{},"repository_selection":%s}`, i+1, token)
			storetest.Add(t, w, "tokens", "", item)
			storetest.Add(t, w, "token_requests", "", item)
		}
		storetest.Cover(t, w, c.members, "members")
		storetest.Cover(t, w, c.outside, "outside_collaborators")
		s := storetest.Publish(t, w)
		for _, statement := range []string{"SELECT grant_id, is_reach_effective FROM tokens ORDER BY 1", "SELECT request_id, is_reach_effective FROM token_requests ORDER BY 1"} {
			if got := strings.ReplaceAll(query(t, s, statement), "\n", " "); got != c.want {
				t.Errorf("base %q, members %s, outside %s: %s\n got %s\nwant %s", c.base, c.members, c.outside, statement, got, c.want)
			}
		}
	}
}

func TestRepositoryCount(t *testing.T) {
	t.Parallel()
	token := func(id int, selection string) string {
		return strings.NewReplacer("25381", fmt.Sprint(id), "subset", selection).Replace(storetest.TokenJSON)
	}
	for _, repositories := range []string{"complete", "partial"} {
		w, _ := storetest.Create(t)
		storetest.Add(t, w, "tokens", "", token(1, "all"), token(2, "none"), token(3, "subset"), token(4, "subset"), token(5, "subset"))
		storetest.Add(t, w, "repositories", "", `{"id":1,"name":"a","full_name":"acme/a"}`, `{"id":2,"name":"b","full_name":"acme/b"}`, `{"id":2,"name":"b","full_name":"acme/b"}`)
		storetest.Add(t, w, "token_repositories", "3", `{"id":1,"full_name":"acme/a"}`, `{"id":77,"full_name":"acme/hidden"}`)
		storetest.Add(t, w, "token_repositories", "4")
		if err := w.Fail(t.Context(), Walk{Org: "acme", Resource: "token_repositories", Parent: "5"}, Cost{Requests: 1}, "500", 500); err != nil {
			t.Fatal(err)
		}
		storetest.Cover(t, w, repositories, "repositories")
		s := storetest.Publish(t, w)
		all := "2"
		if repositories != "complete" {
			all = "null"
		}
		got := strings.ReplaceAll(query(t, s, "SELECT grant_id, repository_count, has_upper_bound_reach FROM tokens ORDER BY 1"), "\n", " ")
		if want := "[1," + all + ",1] [2,0,0] [3,2,0] [4,0,0] [5,null,0]"; got != want {
			t.Errorf("%s: got %s, want %s", repositories, got, want)
		}
		got = query(t, s, "SELECT group_concat(grant_id || ' ' || full_name || ' ' || via) FROM (SELECT * FROM token_reach ORDER BY grant_id, repository_id)")
		if want := `["1 acme/a all,1 acme/b all,3 acme/a subset,3 acme/hidden subset"]`; got != want {
			t.Errorf("reach: got %s, want %s", got, want)
		}
	}
}

func TestOrgsAndSubjects(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	if err := w.AddOrg(t.Context(), Org{Login: "refused"}); err != nil {
		t.Fatal(err)
	}
	storetest.Add(t, w, "org", "", `{"login":"acme","id":652551,"name":null,"plan":{"name":"team","seats":5},"two_factor_requirement_enabled":true,"default_repository_permission":"read","members_url":"x"}`)
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
	storetest.Add(t, w, "token_requests", "", `{"id":9,"reason":"=cmd()","owner":{"login":"octo","id":1},"repository_selection":"none","permissions":{},"created_at":"2026-05-16T08:47:09.000-07:00","token_id":5,"token_name":"n","token_expired":true,"token_expires_at":null,"token_last_used_at":null}`)
	storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x"}`)
	s := storetest.Publish(t, w)
	for statement, want := range map[string]string{
		"SELECT org, org_id, name, plan, is_two_factor_required, default_repository_permission, html_url FROM orgs ORDER BY 1":    "[\"acme\",652551,null,\"team\",1,\"read\",\"https://github.com/acme\"]\n[\"refused\",null,null,null,null,null,\"https://github.com/refused\"]",
		"SELECT request_id, token_id, reason, created_at, expires_at, is_expired, repository_count, html_url FROM token_requests": `[9,5,"=cmd()","2026-05-16T15:47:09Z",null,1,0,"https://github.com/organizations/acme/settings/personal-access-token-requests/9"]`,
		"SELECT * FROM subjects ORDER BY 1": `["org/acme","org/acme","org","acme","acme","acme","https://github.com/acme",null]
["org/refused","org/refused","org","refused","refused","refused","https://github.com/refused",null]
["repository/1","repository/1","repository","1","acme","acme/x","https://github.com/acme/x",null]
["request/9","request/9","request","9","acme","n","https://github.com/organizations/acme/settings/personal-access-token-requests/9","octo"]
["token/25381","token/98716","token","25381","acme","Some Token","https://github.com/organizations/acme/settings/personal-access-tokens/25381","octo"]`,
	} {
		if got := query(t, s, statement); got != want {
			t.Errorf("%s\n got %s\nwant %s", statement, got, want)
		}
	}
}

// Names are under an attacker's control: they come out as they came in, and
// spoil nothing.
func TestHostileText(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	names := map[int]string{
		1: `=HYPERLINK(\"x\")`,
		2: `a\u0000b`,
		3: `\u202egnp.exe\u001b[31m`,
		4: `'; DROP TABLE _tokens; --`,
		5: strings.Repeat("x", 40_000),
		6: `\ud800 lone`,
		7: `{\"url\":1}`,
	}
	for id, name := range names {
		storetest.Add(t, w, "tokens", "", strings.NewReplacer("25381", fmt.Sprint(id), "Some Token", name).Replace(storetest.TokenJSON))
	}
	s := storetest.Publish(t, w)
	for id, name := range names {
		if id == 6 {
			continue // no text has it: whatever SQLite makes of it
		}
		var got, want []string
		if err := json.Unmarshal([]byte(query(t, s, fmt.Sprintf("SELECT token_name FROM tokens WHERE grant_id = %d", id))), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(`["`+name+`"]`), &want); err != nil {
			t.Fatal(err)
		}
		if got[0] != want[0] {
			t.Errorf("%.60q came out as %.60q", want[0], got[0])
		}
	}
	if got := query(t, s, "SELECT count(*) FROM tokens"); got != "[7]" {
		t.Errorf("%s tokens", got)
	}
	stock(t, s.Info().Path)
}
