package store_test

import (
	"strings"
	"testing"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

func TestRepositories(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "repositories", "",
		`{"id":1,"name":"Payments-API","full_name":"acme/Payments-API","html_url":"https://github.com/acme/Payments-API","visibility":"public","private":false,"archived":false,"disabled":false,"fork":true,"is_template":false,"default_branch":"main","created_at":"2021-01-26T19:01:12Z","pushed_at":"2021-01-26T19:01:12+05:30",
		  "security_and_analysis":{"secret_scanning":{"status":"enabled"},"secret_scanning_push_protection":{"status":"disabled"},"dependabot_security_updates":{"status":"paused"},"brand_new":{"status":"maybe"},"advanced_security":null}}`,
		`{"id":2,"name":"vault","full_name":"acme/vault","private":true}`,
		`{"id":3,"name":"c","full_name":"acme/c","topics":["go","pci"]}`,
		`{"id":4,"name":"d","full_name":"acme/d","custom_properties":{"Tier":["low","Critical"],"n":7}}`,
		`{"id":5,"name":"e","full_name":"acme/e","custom_properties":{"tier":null,"critical":"tier"},"topics":["pci-not"],"security_and_analysis":null}`)
	storetest.Add(t, w, "private_vulnerability_reporting", "1", `{"enabled":true}`)
	storetest.Add(t, w, "private_vulnerability_reporting", "2", `{"enabled":false}`)
	s := storetest.Publish(t, w)
	for statement, want := range map[string]string{
		"SELECT group_concat(repository_id || ':' || is_sensitive) FROM repositories": `["1:1,2:1,3:1,4:1,5:0"]`,
		"SELECT name, html_url, visibility, is_archived, is_disabled, is_fork, is_template, default_branch, created_at, pushed_at, advanced_security, secret_scanning, secret_scanning_push_protection, dependabot_security_updates, private_vulnerability_reporting, raw ->> '$.security_and_analysis.brand_new.status' FROM repositories WHERE repository_id = 1": `["Payments-API","https://github.com/acme/Payments-API","public",0,0,1,0,"main","2021-01-26T19:01:12Z","2021-01-26T13:31:12Z",null,"enabled","disabled","paused","enabled","maybe"]`,
		"SELECT html_url, visibility, is_archived, secret_scanning, private_vulnerability_reporting, pushed_at FROM repositories WHERE repository_id = 2":                                                                                                                                                                                                           `["https://github.com/acme/vault","private",null,null,"disabled",null]`,
		"SELECT visibility, private_vulnerability_reporting FROM repositories WHERE repository_id = 3":                                                                                                                                                                                                                                                              `[null,null]`,
		"SELECT full_name, property, value FROM repository_properties ORDER BY 1, 2, 3":                                                                                                                                                                                                                                                                             "[\"acme/d\",\"Tier\",\"Critical\"]\n[\"acme/d\",\"Tier\",\"low\"]\n[\"acme/d\",\"n\",\"7\"]\n[\"acme/e\",\"critical\",\"tier\"]\n[\"acme/e\",\"tier\",null]",
		"SELECT full_name, topic FROM repository_topics ORDER BY 2":                                                                                                                                                                                                                                                                                                 "[\"acme/c\",\"go\"]\n[\"acme/c\",\"pci\"]\n[\"acme/e\",\"pci-not\"]",
	} {
		if got := query(t, s, statement); got != want {
			t.Errorf("%s\n got %s\nwant %s", statement, got, want)
		}
	}
}

func TestPropertiesOfTheirOwnList(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x"}`, `{"id":2,"name":"y","full_name":"acme/y"}`)
	if todo, err := w.Todo(t.Context(), "acme", "properties"); len(todo) != 1 || err != nil {
		t.Errorf("todo: %v, %v", todo, err)
	}
	storetest.Add(t, w, "properties", "", `{"repository_id":1,"repository_name":"x","properties":[{"property_name":"tier","value":["critical","eu"]},{"property_name":"team","value":null}]}`,
		`{"repository_id":99,"properties":[{"property_name":"tier","value":"critical"}]}`)
	s := storetest.Publish(t, w)
	if got, want := query(t, s, "SELECT full_name, property, value FROM repository_properties ORDER BY 1, 2, 3"),
		"[\"acme/x\",\"team\",null]\n[\"acme/x\",\"tier\",\"critical\"]\n[\"acme/x\",\"tier\",\"eu\"]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := query(t, s, "SELECT group_concat(name) FROM repositories WHERE is_sensitive"); got != `["x"]` {
		t.Errorf("sensitive: %s", got)
	}
}

// is_sensitive is of the name, topics and properties that were seen last.
func TestSensitiveAsSeenLast(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	property := func(value string) {
		storetest.Add(t, w, "properties", "", `{"repository_id":1,"properties":[{"property_name":"tier","value":"`+value+`"}]}`)
	}
	for _, step := range []struct {
		name string
		do   func()
		want int
	}{
		{"an ordinary one", func() {
			storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x","topics":["go"]}`)
		}, 0},
		{"with the topic", func() {
			storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x","topics":["go","PCI"]}`)
		}, 1},
		{"without it", func() {
			storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x","topics":[]}`)
		}, 0},
		{"renamed", func() {
			storetest.Add(t, w, "repositories", "", `{"id":1,"name":"payments-x","full_name":"acme/payments-x"}`)
		}, 1},
		{"renamed again", func() { storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x"}`) }, 0},
		{"with the property", func() { property("Critical") }, 1},
		{"with another value", func() { property("low") }, 0},
		{"with the property again", func() { property("critical") }, 1},
		{"properties read again", func() {
			if err := w.Restart(t.Context(), Walk{Org: "acme", Resource: "properties"}, Cost{}); err != nil {
				t.Fatal(err)
			}
		}, 0},
		{"sensitive by name", func() { storetest.Add(t, w, "repositories", "", `{"id":1,"name":"vault","full_name":"acme/vault"}`) }, 1},
		{"properties read a third time", func() {
			if err := w.Restart(t.Context(), Walk{Org: "acme", Resource: "properties"}, Cost{}); err != nil {
				t.Fatal(err)
			}
		}, 1},
	} {
		step.do()
		var got int
		if err := w.DB().QueryRow("SELECT r.is_sensitive FROM repositories AS r").Scan(&got); err != nil || got != step.want {
			t.Errorf("%s: %d, %v, want %d", step.name, got, err, step.want)
		}
	}
}

// A statement reads the resource properties only where the repository list came
// without them: else its coverage would make rules incomplete for nothing.
func TestPropertiesAreReadWhereTheListLacksThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, repository, status, want string }{
		{"in the list, switched off", `{"id":1,"name":"x","full_name":"acme/x","custom_properties":{"tier":"low"}}`, "skipped", "repositories"},
		{"none set, refused", `{"id":1,"name":"x","full_name":"acme/x","custom_properties":{}}`, "denied", "repositories"},
		{"no repositories", "", "complete", "repositories"},
		{"not in the list, switched off", `{"id":1,"name":"x","full_name":"acme/x"}`, "skipped", "properties repositories"},
		{"not in the list, refused", `{"id":1,"name":"x","full_name":"acme/x"}`, "denied", "properties repositories"},
		{"not in the list, read", `{"id":1,"name":"x","full_name":"acme/x"}`, "complete", "properties repositories"},
	} {
		w, _ := storetest.Create(t)
		if c.repository != "" {
			storetest.Add(t, w, "repositories", "", c.repository)
		}
		storetest.Cover(t, w, "complete", "repositories")
		storetest.Cover(t, w, c.status, "properties")
		storetest.Cover(t, w, c.status, "properties") // of a resumed run
		s := storetest.Publish(t, w)
		for statement, want := range map[string]string{
			"SELECT * FROM repository_properties":                   c.want,
			"SELECT full_name FROM repositories WHERE is_sensitive": c.want,
			"SELECT full_name, raw FROM repositories":               "repositories",
		} {
			if got, err := s.Reads(t.Context(), statement); err != nil || strings.Join(got, " ") != want {
				t.Errorf("%s: %s reads %v, want %s (%v)", c.name, statement, got, want, err)
			}
		}
	}
}
