package fakegithub

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"auditor/internal/fakegithub/world"
)

// The limits of the list filters.
const (
	maxOwners   = 10
	maxTokenIDs = 50
)

func listGrants(x *exchange) answer {
	return x.listTokens(x.world.Grants, "/personal-access-tokens", "access_granted_at")
}

func listRequests(x *exchange) answer {
	return x.listTokens(x.world.Requests, "/personal-access-token-requests", "created_at")
}

func listGrantRepositories(x *exchange) answer {
	return x.listTokenRepositories(x.world.Grant, "/personal-access-tokens/")
}

func listRequestRepositories(x *exchange) answer {
	return x.listTokenRepositories(x.world.Request, "/personal-access-token-requests/")
}

// listTokens answers grants or requests. They differ in the path, in the name of
// their date and in the reason.
func (x *exchange) listTokens(tokens []*world.Token, below, dateKey string) answer {
	f, refused, ok := x.tokenFilter()
	if !ok {
		return refused
	}
	_, refused, ok = x.choice("sort", "created_at", "created_at")
	if !ok {
		return refused
	}
	direction, refused, ok := x.choice("direction", "desc", "asc", "desc")
	if !ok {
		return refused
	}
	if !f.isEmpty() {
		tokens = slices.DeleteFunc(slices.Clone(tokens), func(t *world.Token) bool { return !f.passes(t) })
	}
	if direction == "desc" {
		tokens = slices.Clone(tokens)
		slices.Reverse(tokens)
	}
	self := x.organizationPath(below)
	return list(x, self, tokens, func(b []byte, t *world.Token) []byte {
		o := begin(b)
		o.id("id", t.ID)
		if below == "/personal-access-token-requests" {
			if t.Reason == nil {
				o.null("reason")
			} else {
				o.text("reason", *t.Reason)
			}
		}
		o.key("owner")
		o.b = x.links.appendUser(o.b, t.Owner.ID, t.Owner.Login, "User")
		o.text("repository_selection", t.Selection)
		// Also present with "all", where clients should not follow it.
		o.text("repositories_url", x.links.api+self+"/"+strconv.FormatInt(t.ID, 10)+"/repositories")
		o.key("permissions")
		o.b = appendPermissions(o.b, t.Permissions)
		o.offsetTime(dateKey, t.CreatedAt)
		o.id("token_id", t.TokenID)
		o.text("token_name", t.Name)
		o.flag("token_expired", t.IsExpired(x.today))
		o.offsetTime("token_expires_at", t.ExpiresAt)
		o.offsetTime("token_last_used_at", t.LastUsedAt)
		return o.end()
	})
}

// appendPermissions omits a scope without permissions, as GitHub does.
func appendPermissions(b []byte, p world.Permissions) []byte {
	o := begin(b)
	for _, scope := range [...]struct {
		key string
		m   map[string]string
	}{{"organization", p.Organization}, {"repository", p.Repository}, {"other", p.Other}} {
		if len(scope.m) > 0 {
			o.key(scope.key)
			o.b = appendLevels(o.b, scope.m)
		}
	}
	return o.end()
}

// tokenFilter holds the filters of the two lists; zero values select everything.
type tokenFilter struct {
	owners                []string
	tokenIDs              []int64
	repository            string
	key, level            string // permission
	usedBefore, usedSince time.Time
}

func (f *tokenFilter) isEmpty() bool {
	return len(f.owners)+len(f.tokenIDs) == 0 && f.repository == "" && f.key == "" && f.usedBefore.IsZero() && f.usedSince.IsZero()
}

// tokenFilter reads the filters; ok is false, with the refusal to answer, for a
// value that GitHub does not accept.
func (x *exchange) tokenFilter() (f tokenFilter, refused answer, ok bool) {
	for _, name := range []string{"per_page", "page"} {
		if n, err := strconv.Atoi(x.query.Get(name)); x.query.Has(name) && (err != nil || n < 1) {
			return f, x.invalid(name, "invalid", "must be a positive integer"), false
		}
	}
	if field, message := f.read(x.query); field != "" {
		return f, x.invalid(field, "invalid", message), false
	}
	return f, answer{}, true
}

// read fills the filter from a query; field names a parameter that is wrong, "":
// none.
func (f *tokenFilter) read(q url.Values) (field, message string) {
	if f.owners = q["owner[]"]; len(f.owners) > maxOwners {
		return "owner", "has more than 10 entries"
	}
	if len(q["token_id[]"]) > maxTokenIDs {
		return "token_id", "has more than 50 entries"
	}
	for _, s := range q["token_id[]"] {
		id, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return "token_id", "must be integers"
		}
		f.tokenIDs = append(f.tokenIDs, id)
	}
	if f.repository = q.Get("repository"); strings.Contains(f.repository, "/") {
		return "repository", "must be a name without owner"
	}
	if p := q.Get("permission"); p != "" {
		var ok bool
		if f.key, f.level, ok = cutLevel(p); !ok {
			return "permission", "must be a permission and a level, like issues_read"
		}
	}
	for _, d := range [...]struct {
		name string
		at   *time.Time
	}{{"last_used_before", &f.usedBefore}, {"last_used_after", &f.usedSince}} {
		var err error
		if v := q.Get(d.name); v != "" {
			if *d.at, err = time.Parse(time.RFC3339, v); err != nil {
				return d.name, "must be a time in the form YYYY-MM-DDTHH:MM:SSZ"
			}
		}
	}
	return "", ""
}

// cutLevel splits issues_read into issues and read.
func cutLevel(s string) (key, level string, ok bool) {
	i := strings.LastIndexByte(s, '_')
	if i < 1 {
		return "", "", false
	}
	key, level = s[:i], s[i+1:]
	return key, level, level == "read" || level == "write" || level == "admin"
}

func (f *tokenFilter) passes(t *world.Token) bool {
	switch {
	case len(f.owners) > 0 && !containsFold(f.owners, t.Owner.Login),
		len(f.tokenIDs) > 0 && !slices.Contains(f.tokenIDs, t.TokenID),
		f.repository != "" && !t.Reaches(f.repository),
		f.key != "" && !have(t.Permissions, f.key, f.level),
		!f.usedBefore.IsZero() && (t.LastUsedAt.IsZero() || !t.LastUsedAt.Before(f.usedBefore)),
		!f.usedSince.IsZero() && !t.LastUsedAt.After(f.usedSince):
		return false
	}
	return true
}

// have reports whether a permission of any scope is exactly at the level.
func have(p world.Permissions, key, level string) bool {
	return p.Organization[key] == level || p.Repository[key] == level || p.Other[key] == level
}

// listTokenRepositories answers minimal repositories. With selection all it lists
// those of the whole organization; GitHub advises against that request.
func (x *exchange) listTokenRepositories(find func(id int64) *world.Token, below string) answer {
	id, err := strconv.ParseInt(x.params["pat"], 10, 64)
	t := find(id)
	if err != nil || t == nil {
		return x.notFound()
	}
	repos := t.Repositories
	if t.Selection == world.SelectAll {
		repos = x.world.Repositories
	}
	return list(x, x.organizationPath(below+strconv.FormatInt(id, 10)+"/repositories"), repos, x.appendMinimal)
}
