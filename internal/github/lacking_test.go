package github

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/shurcooL/githubv4"
)

// byID is a query with fragments, arguments and variables.
type byID struct {
	Nodes []struct {
		Repository struct {
			Name       string
			DeployKeys struct {
				Nodes []struct{ Title, Enabled string }
			} `graphql:"deployKeys(first: 5) @include(if: $keys)"`
			Rulesets struct {
				Nodes []struct {
					Source struct {
						Organization struct{ Login string } `graphql:"... on Organization"`
						Enterprise   struct{ Slug string }  `graphql:"... on Enterprise"`
					}
				}
			} `graphql:"rulesets(first: $size, targets: [BRANCH])"`
		} `graphql:"... on Repository"`
	} `graphql:"nodes(ids: $ids)"`
}

// What a server does not have is not asked of it again; the rest is read.
func TestFieldsThatTheServerLacks(t *testing.T) {
	lacks := []struct{ word, code, path string }{
		{"enabled", "undefinedField", `["query","nodes","... on Repository","deployKeys","nodes","enabled"]`},
		{"... on Enterprise", "undefinedType", `["query","nodes","... on Repository","rulesets","nodes","source","... on Enterprise"]`},
		{"targets", "argumentNotAccepted", `["query","nodes","... on Repository","rulesets","targets"]`},
	}
	var queries []string
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Query     string
			Variables map[string]any
		}
		text, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(text, &request)
		}
		if err != nil {
			t.Error(err)
		}
		queries = append(queries, request.Query)
		for _, l := range lacks {
			if strings.Contains(request.Query, l.word) {
				fmt.Fprintf(w, `{"errors":[{"path":%s,"extensions":{"code":%q},"locations":[{"line":1,"column":9}],"message":"it does not exist"}]}`, l.path, l.code)
				return
			}
		}
		fmt.Fprint(w, `{"data":{"nodes":[{"name":"a"}]}}`)
	})
	s := f.session(f.withToken)
	vars := map[string]any{"ids": []githubv4.ID{"R_1"}, "keys": githubv4.Boolean(true), "size": githubv4.Int(7)}
	for range 2 {
		var answer struct{ Nodes []json.RawMessage }
		problems, cost, err := s.Query(t.Context(), &byID{}, vars, &answer)
		if err != nil || problems != nil || len(answer.Nodes) != 1 || cost.Requests != len(queries) {
			t.Fatalf("got %v, %v, %s at a cost of %d", problems, err, answer.Nodes, cost.Requests)
		}
		queries = queries[:0]
		lacks = nil // and nothing of it is asked any more
	}
	want := []string{"nodes.deployKeys.nodes.enabled", "nodes.rulesets", "nodes.rulesets.nodes.source"}
	if got := s.Lacks(); !slices.Equal(got, want) {
		t.Errorf("it lacks %q, want %q", got, want)
	}
	// As long as the server asks for the same again, the query is its last word.
	stubborn := newFake(t, body(`{"errors":[{"path":["query","nodes","x"],"extensions":{"code":"undefinedField"},"message":"no x"}]}`))
	_, _, err := stubborn.session(stubborn.withToken).Query(t.Context(), &byID{}, vars, &struct{}{})
	wantText(t, err, "POST /graphql: 200 no x")
	wantCount(t, "queries", stubborn.requests(""), 2)
}

func TestWithoutFields(t *testing.T) {
	const query = `query($ids:[ID!]!$keys:Boolean!){nodes(ids: $ids){... on Repository{name,deployKeys(first: 5) @include(if: $keys){nodes{enabled}}}}}`
	got, err := withoutFields(query, []string{strings.Join([]string{"nodes", "... on Repository", "deployKeys", "nodes", "enabled"}, separator)})
	if want := "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Repository { name } } }"; err != nil || strings.Join(strings.Fields(got), " ") != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
