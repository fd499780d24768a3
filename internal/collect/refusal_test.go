package collect

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"auditor/internal/fakegithub"
	"auditor/internal/fakegithub/world"
	"auditor/internal/store"
)

// answering answers requests whose path isMatch accepts with a status and a body.
func answering(status int, body string, isMatch func(path string) bool) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !isMatch(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
}

const notFound = `{"message":"Not Found"}`

func subsetGrants(s *site) (all []*world.Token) {
	for _, g := range s.world.Grants {
		if g.Selection == world.SelectSubset {
			all = append(all, g)
		}
	}
	return all
}

func listOf(g *world.Token) string {
	return fmt.Sprintf("/personal-access-tokens/%d/repositories", g.ID)
}

// A token that is revoked between the list and its repositories is a fact.
func TestTokenThatDisappears(t *testing.T) {
	var s *site
	var gone *world.Token
	s = newSite(t, fakegithub.Options{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, listOf(gone)) {
				s.world.Update(func() {
					s.world.Grants = slices.DeleteFunc(s.world.Grants, func(g *world.Token) bool { return g == gone })
				})
			}
			next.ServeHTTP(w, r)
		})
	})
	gone = subsetGrants(s)[1]
	before := len(s.world.Grants)
	result, snapshot := s.mustRun()
	if !result.IsComplete {
		t.Error("not complete")
	}
	wantAnswer(t, snapshot, fmt.Sprintf(`SELECT count(*) FROM tokens WHERE grant_id = %d`, gone.ID), "0")
	wantAnswer(t, snapshot, `SELECT count(*) FROM tokens`, fmt.Sprint(before-1))
}

// A 404 for the list of a token that is still there has not revoked it, be it one,
// all but one or all.
func TestTokenIsHiddenNotGone(t *testing.T) {
	for _, test := range []struct {
		name   string
		hidden func(all []*world.Token) []*world.Token
		status store.CoverageStatus
	}{
		{"one", func(all []*world.Token) []*world.Token { return all[1:2] }, store.StatusPartial},
		{"all but one", func(all []*world.Token) []*world.Token { return all[1:] }, store.StatusPartial},
		{"all", func(all []*world.Token) []*world.Token { return all }, store.StatusDenied},
	} {
		t.Run(test.name, func(t *testing.T) {
			var hidden []string
			s := newSite(t, fakegithub.Options{}, answering(404, notFound, func(path string) bool {
				return slices.ContainsFunc(hidden, func(suffix string) bool { return strings.HasSuffix(path, suffix) })
			}))
			all := subsetGrants(s)
			for _, g := range test.hidden(all) {
				hidden = append(hidden, listOf(g))
			}
			result, snapshot := s.mustRun()
			row := coverageOf(t, result, "token_repositories")
			if row.Status != test.status || row.HTTPStatus != 404 || result.IsComplete {
				t.Errorf("token_repositories is %s, %d: %s", row.Status, row.HTTPStatus, row.Message)
			}
			wantAnswer(t, snapshot, `SELECT count(*) FROM tokens`, fmt.Sprint(len(s.world.Grants)))
			wantAnswer(t, snapshot, `SELECT count(*) FROM tokens WHERE repository_selection = 'subset' AND repository_count IS NULL`, fmt.Sprint(len(hidden)))
		})
	}
}

// A repository that answers 404, and is still listed, is not gone.
func TestRepositoryIsHiddenNotGone(t *testing.T) {
	var hidden string
	s := newSite(t, fakegithub.Options{}, answering(404, notFound, func(path string) bool { return strings.Contains(path+"/", hidden) }))
	hidden = "/repos/acme/" + s.world.Repositories[3].Name + "/"
	result, snapshot := s.mustRun()
	if row := coverageOf(t, result, "teams"); row.Status != store.StatusPartial {
		t.Errorf("teams is %s: %s", row.Status, row.Message)
	}
	wantAnswer(t, snapshot, `SELECT count(*) FROM repositories`, fmt.Sprint(len(s.world.Repositories)))
}

// A refusal about one object is about that object: all others are read.
func TestRefusalOfOneObject(t *testing.T) {
	const blocked = `{"message":"Repository access blocked","block":{"reason":"tos","created_at":"2026-01-01T00:00:00Z","html_url":"https://github.com/tos"}}`
	for _, status := range []int{403, 404, 451} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			var token, repository string
			s := newSite(t, fakegithub.Options{}, answering(status, blocked, func(path string) bool {
				return strings.HasSuffix(path, token) || strings.Contains(path, repository)
			}))
			// The first of each: what is asked first must not end the asking.
			token = listOf(subsetGrants(s)[0])
			first := slices.IndexFunc(s.world.Repositories, func(r *world.Repository) bool { return r.Visibility == "public" && !r.IsArchived && !r.IsDisabled })
			repository = "/repos/acme/" + s.world.Repositories[first].Name + "/"
			result, snapshot := s.mustRun()
			for _, resource := range []string{"token_repositories", "teams", "private_vulnerability_reporting"} {
				row := coverageOf(t, result, resource)
				if row.Status != store.StatusPartial || !strings.HasPrefix(row.Message, "1 of ") || row.HTTPStatus != status {
					t.Errorf("%s is %s, %d: %s", resource, row.Status, row.HTTPStatus, row.Message)
				}
			}
			wantAnswer(t, snapshot, `SELECT count(*) FROM tokens WHERE repository_selection = 'subset' AND repository_count IS NULL`, "1")
			wantAnswer(t, snapshot, `SELECT count(*) FROM repositories WHERE visibility = 'public' AND NOT is_archived AND NOT is_disabled AND private_vulnerability_reporting IS NULL`, "1")
			wantAnswer(t, snapshot, `SELECT count(*) FROM repositories`, fmt.Sprint(len(s.world.Repositories)))
		})
	}
}

// GitHub answers about a disabled repository that it is blocked: it is not asked.
func TestDisabledRepositoriesAreNotAsked(t *testing.T) {
	var disabled string
	s := newSite(t, fakegithub.Options{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, disabled) {
				t.Errorf("requested %s", r.URL.Path)
			}
			next.ServeHTTP(w, r)
		})
	})
	s.world.Update(func() { s.world.Repositories[0].IsDisabled = true })
	disabled = "/repos/acme/" + s.world.Repositories[0].Name + "/"
	if result, _ := s.mustRun(); !result.IsComplete {
		t.Error("not complete")
	}
}

// A list whose chain of pages breaks is never shorter than what was seen of it,
// and never complete.
func TestBrokenListIsPartial(t *testing.T) {
	for _, test := range []struct {
		name string
		page string // the page that is answered without links
		body string // "": its own
		want int    // tokens
	}{
		{"the last is empty", "3", "[]", 200},
		{"the middle", "2", "", 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := world.Generate(1, "small", "acme", testNow())
			w.Update(func() {
				for len(w.Grants) < 204 {
					again := *w.Grants[0]
					again.Selection = world.SelectNone
					again.ID, again.TokenID = int64(900000+len(w.Grants)), int64(900000+len(w.Grants))
					again.CreatedAt = testNow()
					w.Grants = append(w.Grants, &again)
				}
			})
			s := newSiteOf(t, w, fakegithub.Options{}, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !strings.HasSuffix(r.URL.Path, "/personal-access-tokens") || r.URL.Query().Get("page") != test.page {
						next.ServeHTTP(w, r)
						return
					}
					next.ServeHTTP(&linkless{ResponseWriter: w, body: test.body}, r)
				})
			})
			result, snapshot := s.mustRun()
			row := coverageOf(t, result, "tokens")
			if row.Status != store.StatusPartial || result.IsComplete || !strings.Contains(row.Message, "page "+test.page+" has no links") {
				t.Errorf("tokens are %s: %s", row.Status, row.Message)
			}
			wantAnswer(t, snapshot, `SELECT count(*) FROM tokens`, fmt.Sprint(test.want))
		})
	}
}

// linkless drops the links of an answer, and its body in favour of another one.
type linkless struct {
	http.ResponseWriter
	body string // "": keep it
	done bool
}

func (l *linkless) WriteHeader(status int) {
	l.Header().Del("Link")
	if l.body != "" {
		l.Header().Del("Content-Length")
	}
	l.ResponseWriter.WriteHeader(status)
}

func (l *linkless) Write(p []byte) (int, error) {
	l.Header().Del("Link")
	if l.body == "" {
		return l.ResponseWriter.Write(p)
	}
	if !l.done {
		l.done = true
		fmt.Fprint(l.ResponseWriter, l.body)
	}
	return len(p), nil
}
