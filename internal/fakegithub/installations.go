package fakegithub

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"auditor/internal/fakegithub/graphql"
	"auditor/internal/fakegithub/world"
)

// installation is the App on one account.
type installation struct {
	id          int64
	world       *world.World // nil for a personal account
	accountID   int64
	login       string
	targetType  string // Organization, User
	permissions map[string]string
	selected    bool
	createdAt   time.Time
	suspendedAt time.Time // zero: not suspended
}

// includes reports whether the installation covers a repository.
func (in *installation) includes(r *world.Repository) bool { return !in.selected || r.ID%2 == 0 }

func (in *installation) selection() string {
	if in.selected {
		return "selected"
	}
	return "all"
}

// install puts the App on every organization and account of the options.
func (s *Server) install() []*installation {
	permissions := AllPermissions()
	for _, p := range s.o.MissingPermissions {
		delete(permissions, strings.TrimSpace(p))
	}
	var out []*installation
	for _, w := range s.worlds {
		if containsFold(s.o.NotInstalled, w.Org.Login) {
			continue
		}
		in := &installation{id: 40_000_000 + w.Org.ID%9_999_999, world: w, accountID: w.Org.ID, login: w.Org.Login,
			targetType: "Organization", permissions: permissions, selected: s.o.Selected, createdAt: w.Org.CreatedAt.AddDate(0, 1, 3)}
		if containsFold(s.o.Suspended, w.Org.Login) {
			in.suspendedAt = w.Now().AddDate(0, 0, -9)
		}
		out = append(out, in)
	}
	for i, login := range s.o.UserAccounts {
		out = append(out, &installation{id: 39_000_000 + int64(i), accountID: 900_000 + int64(i), login: login, targetType: "User",
			permissions: map[string]string{"metadata": "read"}, createdAt: s.worlds[0].Org.CreatedAt})
	}
	slices.SortFunc(out, func(a, b *installation) int { return int(a.id - b.id) })
	return out
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(t string) bool { return strings.EqualFold(t, s) })
}

func (s *Server) installationOf(login string) *installation {
	for _, in := range s.installations {
		if strings.EqualFold(in.login, login) {
			return in
		}
	}
	return nil
}

func getApp(x *exchange) answer {
	home := x.s.worlds[0]
	o := begin(nil)
	o.id("id", x.s.app.id)
	o.text("slug", "auditor-simulated")
	o.text("client_id", x.s.app.clientID)
	o.text("node_id", graphql.NodeID("App", x.s.app.id))
	o.key("owner")
	o.b = x.links.appendUser(o.b, home.Org.ID, home.Org.Login, "Organization")
	o.text("name", "auditor (simulated)")
	o.text("description", "Reads fine-grained tokens and repository settings.")
	o.text("external_url", x.links.web+"/about")
	o.text("html_url", x.links.web+"/apps/auditor-simulated")
	o.time("created_at", home.Org.CreatedAt)
	o.time("updated_at", home.Org.CreatedAt.AddDate(1, 0, 0))
	o.key("permissions")
	o.b = appendLevels(o.b, AllPermissions())
	o.texts("events", nil)
	o.number("installations_count", len(x.s.installations))
	return answer{http.StatusOK, o.end()}
}

func listInstallations(x *exchange) answer {
	return list(x, "/app/installations", x.s.installations, func(b []byte, in *installation) []byte {
		return x.installation(b, in).end()
	})
}

func getInstallation(x *exchange) answer {
	in := x.s.installationOf(x.world.Org.Login)
	if in == nil {
		return x.notFound()
	}
	o := x.installation(nil, in)
	o.text("client_id", x.s.app.clientID) // absent in the list
	return answer{http.StatusOK, o.end()}
}

// installation starts an installation object; the caller ends it.
func (x *exchange) installation(b []byte, in *installation) *object {
	id := strconv.FormatInt(in.id, 10)
	o := begin(b)
	o.id("id", in.id)
	o.key("account")
	o.b = x.links.appendUser(o.b, in.accountID, in.login, in.targetType)
	o.text("repository_selection", in.selection())
	o.text("access_tokens_url", x.links.api+"/app/installations/"+id+"/access_tokens")
	o.text("repositories_url", x.links.api+"/installation/repositories")
	o.text("html_url", x.links.web+"/organizations/"+in.login+"/settings/installations/"+id)
	o.id("app_id", x.s.app.id)
	o.text("app_slug", "auditor-simulated")
	o.id("target_id", in.accountID)
	o.text("target_type", in.targetType)
	o.key("permissions")
	o.b = appendLevels(o.b, in.permissions)
	o.texts("events", nil)
	o.offsetTime("created_at", in.createdAt)
	o.offsetTime("updated_at", in.createdAt.AddDate(0, 2, 0))
	o.null("single_file_name")
	o.flag("has_multiple_single_files", false)
	o.texts("single_file_paths", nil)
	if in.suspendedAt.IsZero() {
		o.null("suspended_by")
	} else {
		o.key("suspended_by")
		owner := in.world.People(world.RoleOwner)[0]
		o.b = x.links.appendUser(o.b, owner.ID, owner.Login, "User")
	}
	o.offsetTime("suspended_at", in.suspendedAt)
	return o
}

// narrowing is the optional body of a request for a token.
type narrowing struct {
	Permissions   map[string]string `json:"permissions"`
	Repositories  []string          `json:"repositories"`
	RepositoryIDs []int64           `json:"repository_ids"`
}

func createToken(x *exchange) answer {
	i := slices.IndexFunc(x.s.installations, func(in *installation) bool {
		return strconv.FormatInt(in.id, 10) == x.params["installation"]
	})
	if i < 0 {
		return x.notFound()
	}
	in := x.s.installations[i]
	if !in.suspendedAt.IsZero() {
		return x.refuse(http.StatusForbidden, "This installation has been suspended", x.route.docs)
	}
	permissions, refused, ok := x.narrow(in)
	if !ok {
		return refused
	}
	t := x.s.tokens.mint(x.s.app.id, in, x.now.Add(x.s.o.TokenLifetime), permissions)
	o := begin(nil)
	o.text("token", t.token)
	o.time("expires_at", t.expiresAt)
	o.key("permissions")
	o.b = appendLevels(o.b, t.permissions)
	o.text("repository_selection", in.selection())
	return answer{http.StatusCreated, o.end()}
}

// narrow reads the body, which may ask for fewer permissions than the
// installation has. Narrowing to repositories is not simulated: it is refused
// rather than ignored.
func (x *exchange) narrow(in *installation) (map[string]string, answer, bool) {
	body, err := io.ReadAll(io.LimitReader(x.r.Body, 1<<20))
	if err != nil {
		return nil, x.refuse(http.StatusBadRequest, "Problems reading the body", x.route.docs), false
	}
	if len(body) == 0 {
		return in.permissions, answer{}, true
	}
	var n narrowing
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, x.refuse(http.StatusBadRequest, "Problems parsing JSON", x.route.docs), false
	}
	if len(n.Repositories)+len(n.RepositoryIDs) > 0 {
		return nil, x.invalid("repositories", "invalid", "are not simulated"), false
	}
	if len(n.Permissions) == 0 {
		return in.permissions, answer{}, true
	}
	for key, level := range n.Permissions {
		if !(&caller{token: &installationToken{permissions: in.permissions}}).has(key, level) {
			return nil, x.refuse(http.StatusUnprocessableEntity, "The permissions requested are not granted to this installation.", x.route.docs), false
		}
	}
	return n.Permissions, answer{}, true
}

func revokeToken(x *exchange) answer {
	x.s.tokens.revoke(x.caller.token)
	return answer{status: http.StatusNoContent}
}
