package collect

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"auditor/internal/store"
)

// Shape is how a resource's answer is read.
type Shape int

const (
	// List is a paginated REST list of objects.
	List Shape = iota
	// Object is one REST object.
	Object
	// Settings is the paginated GraphQL query over the organization's repositories.
	Settings
	// Part is answered by the Settings query of another resource; only its coverage is its own.
	Part
)

// Resource is one row of the table of what is collected. Its name is that of
// its coverage row, and of its schema file in internal/store/schema.
type Resource struct {
	Name string
	// Path of the REST list or object, relative to the API's URL. {org} is the
	// organization, {parent} and {repository} come from the walk.
	Path string
	// Parent is the resource that must have been read before; "" if none.
	Parent     string
	Shape      Shape
	IsRequired bool
	// Permission to grant when GitHub refuses, as the App's settings page calls it.
	Permission string
	// Option is the name in collect.optional that switches it on; "" for always.
	Option string
	// Requests that an optional resource costs, for those who weigh it.
	Requests string
	// IsFilterable says that the API's token filters apply to the list.
	IsFilterable bool
	// IsGoneOn404 says that 404 means: the parent was deleted since it was listed.
	IsGoneOn404 bool
	// IsOffOn404 says that 404 means "off" for administrators. All others get 404
	// for what they may not see.
	IsOffOn404 bool
	// IsMissingOnServer says that GitHub Enterprise Server does not have it.
	IsMissingOnServer bool
}

const (
	readTokens         = "Organization permissions > Personal access tokens: Read-only"
	readRequests       = "Organization permissions > Personal access token requests: Read-only"
	readMembers        = "Organization permissions > Members: Read-only"
	readMetadata       = "Repository permissions > Metadata: Read-only"
	readAdministration = "Repository permissions > Administration: Read-only"
	readContents       = "Repository permissions > Contents: Read-only"
	readAlerts         = "Repository permissions > Dependabot alerts: Read-only"

	oldestFirst = "?sort=created_at&direction=asc"
)

// Resources is the table of what is collected from every organization.
// Sources: the OpenAPI operations orgs/get, orgs/list-pat-grants,
// orgs/list-pat-grant-repositories, orgs/list-pat-grant-requests,
// orgs/list-pat-grant-request-repositories, repos/list-for-org,
// repos/check-private-vulnerability-reporting,
// repos/check-automated-security-fixes, repos/list-teams,
// orgs/list-custom-properties-values-for-repos, orgs/list-members and
// orgs/list-outside-collaborators, and GraphQL's Organization.repositories.
func Resources() []Resource {
	return []Resource{
		{Name: "org", Path: "orgs/{org}", Shape: Object, Permission: "Organization permissions > Administration: Read-only"},
		{Name: "tokens", Path: "orgs/{org}/personal-access-tokens" + oldestFirst, IsRequired: true, Permission: readTokens, IsFilterable: true},
		{Name: "token_repositories", Path: "orgs/{org}/personal-access-tokens/{parent}/repositories", Parent: "tokens", IsRequired: true, Permission: readTokens, IsGoneOn404: true},
		{Name: "token_requests", Path: "orgs/{org}/personal-access-token-requests" + oldestFirst, IsRequired: true, Permission: readRequests, IsFilterable: true},
		{Name: "token_request_repositories", Path: "orgs/{org}/personal-access-token-requests/{parent}/repositories", Parent: "token_requests", IsRequired: true, Permission: readRequests, IsGoneOn404: true},
		{Name: "repositories", Path: "orgs/{org}/repos?type=all&sort=created&direction=asc", IsRequired: true, Permission: readMetadata},
		{Name: "repository_settings", Parent: "repositories", Shape: Settings, Permission: readAdministration},
		{Name: "branch_protection", Shape: Part, Permission: readAdministration, Option: "branch_protection", Requests: "no request"},
		{Name: "codeowners", Shape: Part, Permission: readContents, Option: "codeowners", Requests: "no request"},
		{Name: "deploy_keys", Shape: Part, Permission: readAdministration},
		{Name: "dependabot_alerts", Shape: Part, Permission: readAlerts, Option: "dependabot_alerts", Requests: "no request"},
		{Name: "rulesets", Shape: Part, Permission: readMetadata, Option: "rulesets", Requests: "no request"},
		{Name: "private_vulnerability_reporting", Path: "repos/{repository}/private-vulnerability-reporting", Parent: "repositories", Shape: Object, Permission: readMetadata, Option: "private_vulnerability_reporting", Requests: "one request a public repository", IsMissingOnServer: true},
		{Name: "automated_security_fixes", Path: "repos/{repository}/automated-security-fixes", Parent: "repositories", Shape: Object, Permission: readAdministration, Option: "automated_security_fixes", Requests: "one request a repository, less those without Dependabot security updates", IsOffOn404: true},
		{Name: "properties", Path: "orgs/{org}/properties/values", Parent: "repositories", Permission: "Organization permissions > Custom properties: Read-only", Option: "properties", Requests: "no request where the list of repositories has them, else one request for 100 repositories"},
		{Name: "teams", Path: "repos/{repository}/teams", Parent: "repositories", Permission: readAdministration, Option: "teams", Requests: "one request a repository"},
		{Name: "members", Path: "orgs/{org}/members?role={parent}", Permission: readMembers, Option: "members", Requests: "one request for 100 people"},
		{Name: "outside_collaborators", Path: "orgs/{org}/outside_collaborators", Permission: readMembers, Option: "members", Requests: "one request for 100 people"},
	}
}

// Options are the names that collect.optional of the configuration may hold, sorted.
func Options() []string {
	var names []string
	for _, r := range Resources() {
		if r.Option == r.Name {
			names = append(names, r.Option)
		}
	}
	slices.Sort(names)
	return names
}

// resourceNamed returns a row of the table; the zero value if it has none of
// that name.
func resourceNamed(name string) Resource {
	for _, r := range Resources() {
		if r.Name == name {
			return r
		}
	}
	return Resource{}
}

// parentOf is the id of a repository as a walk names its parent.
func parentOf(id int64) string { return strconv.FormatInt(id, 10) }

// path of one walk's object or first page.
func (r Resource) path(w store.Walk, f Filters) string {
	path := strings.NewReplacer(
		"{org}", url.PathEscape(w.Org),
		"{parent}", url.PathEscape(w.Parent),
		"{repository}", escapeRepository(w.Repository),
	).Replace(r.Path)
	if query := f.values().Encode(); r.IsFilterable && query != "" {
		path += "&" + query
	}
	return path
}

func escapeRepository(fullName string) string {
	owner, name, _ := strings.Cut(fullName, "/")
	return url.PathEscape(owner) + "/" + url.PathEscape(name)
}
