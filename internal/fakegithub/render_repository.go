package fakegithub

import (
	"strings"

	"auditor/internal/fakegithub/graphql"
	"auditor/internal/fakegithub/world"
)

// repositoryLinks are the hypermedia links of a repository, as suffixes of its
// API URL: they are two thirds of every page.
var repositoryLinks = [...]struct{ key, suffix string }{
	{"forks_url", "/forks"}, {"keys_url", "/keys{/key_id}"}, {"collaborators_url", "/collaborators{/collaborator}"},
	{"teams_url", "/teams"}, {"hooks_url", "/hooks"}, {"issue_events_url", "/issues/events{/number}"},
	{"events_url", "/events"}, {"assignees_url", "/assignees{/user}"}, {"branches_url", "/branches{/branch}"},
	{"tags_url", "/tags"}, {"blobs_url", "/git/blobs{/sha}"}, {"git_tags_url", "/git/tags{/sha}"},
	{"git_refs_url", "/git/refs{/sha}"}, {"trees_url", "/git/trees{/sha}"}, {"statuses_url", "/statuses/{sha}"},
	{"languages_url", "/languages"}, {"stargazers_url", "/stargazers"}, {"contributors_url", "/contributors"},
	{"subscribers_url", "/subscribers"}, {"subscription_url", "/subscription"}, {"commits_url", "/commits{/sha}"},
	{"git_commits_url", "/git/commits{/sha}"}, {"comments_url", "/comments{/number}"},
	{"issue_comment_url", "/issues/comments{/number}"}, {"contents_url", "/contents/{+path}"},
	{"compare_url", "/compare/{base}...{head}"}, {"merges_url", "/merges"},
	{"archive_url", "/{archive_format}{/ref}"}, {"downloads_url", "/downloads"}, {"issues_url", "/issues{/number}"},
	{"pulls_url", "/pulls{/number}"}, {"milestones_url", "/milestones{/number}"},
	{"notifications_url", "/notifications{?since,all,participating}"}, {"labels_url", "/labels{/name}"},
	{"releases_url", "/releases{/id}"}, {"deployments_url", "/deployments"},
}

// appendRepository writes a minimal-repository without its closing brace and
// without what depends on the caller; see appendMinimal.
func (l links) appendRepository(b []byte, org *world.Organization, r *world.Repository) []byte {
	full := org.Login + "/" + r.Name
	self, page := l.api+"/repos/"+full, l.web+"/"+full
	host := l.web[strings.Index(l.web, "//")+2:]
	o := begin(b)
	o.id("id", r.ID)
	o.text("node_id", graphql.NodeID("Repository", r.ID))
	o.text("name", r.Name)
	o.text("full_name", full)
	o.flag("private", r.IsPrivate())
	o.key("owner")
	o.b = l.appendUser(o.b, org.ID, org.Login, "Organization")
	o.text("html_url", page)
	o.textOrNull("description", r.Description)
	o.flag("fork", r.IsFork)
	o.text("url", self)
	for _, link := range repositoryLinks {
		o.text(link.key, self+link.suffix)
	}
	o.time("created_at", r.CreatedAt)
	o.time("updated_at", r.UpdatedAt)
	o.time("pushed_at", r.PushedAt)
	o.text("git_url", "git://"+host+"/"+full+".git")
	o.text("ssh_url", "git@"+host+":"+full+".git")
	o.text("clone_url", page+".git")
	o.text("svn_url", page)
	o.null("mirror_url")
	o.null("homepage")
	l.repositoryFacts(o, r)
	return o.b
}

func (l links) repositoryFacts(o *object, r *world.Repository) {
	o.number("size", r.Size)
	for _, c := range [...]struct {
		keys [2]string
		n    int
	}{
		{[2]string{"stargazers_count", "watchers_count"}, r.Stars}, {[2]string{"forks_count", "forks"}, r.Forks},
		{[2]string{"open_issues_count", "open_issues"}, r.OpenIssues},
	} {
		o.number(c.keys[0], c.n)
		o.number(c.keys[1], c.n)
	}
	o.number("watchers", r.Stars)
	o.textOrNull("language", r.Language)
	o.flag("has_issues", r.HasIssues)
	o.flag("has_projects", r.HasProjects)
	o.flag("has_wiki", r.HasWiki)
	o.flag("has_pages", r.HasPages)
	o.flag("has_discussions", r.HasDiscussions)
	o.flag("archived", r.IsArchived)
	o.flag("disabled", r.IsDisabled)
	l.license(o, r)
	o.flag("allow_forking", r.AllowsForking)
	o.flag("is_template", r.IsTemplate)
	o.flag("web_commit_signoff_required", r.SignoffRequired)
	o.texts("topics", r.Topics)
	o.text("visibility", r.Visibility)
	o.text("default_branch", r.DefaultBranch)
	// An App is no collaborator: GitHub answers false for all.
	o.any("permissions", struct {
		Admin    bool `json:"admin"`
		Maintain bool `json:"maintain"`
		Push     bool `json:"push"`
		Triage   bool `json:"triage"`
		Pull     bool `json:"pull"`
	}{})
	o.any("custom_properties", r.Properties)
}

func (l links) license(o *object, r *world.Repository) {
	if r.License == "" {
		o.null("license")
		return
	}
	key := strings.ToLower(r.License)
	o.key("license")
	in := begin(o.b)
	in.text("key", key)
	in.text("name", r.License+" License")
	in.text("spdx_id", r.License)
	in.text("url", l.api+"/licenses/"+key)
	in.text("node_id", graphql.NodeID("License", int64(len(key))))
	o.b = in.end()
}

// appendSecurity writes the member security_and_analysis with a leading comma, or
// nothing where GitHub omits it.
func appendSecurity(b []byte, r *world.Repository, ghes bool) []byte {
	switch r.SecurityBlock {
	case "absent":
		return b
	case "null":
		return append(b, `,"security_and_analysis":null`...)
	}
	b = append(b, `,"security_and_analysis":`...)
	o := begin(b)
	s := &r.Security
	for _, f := range [...]struct {
		key, status string
		cloudOnly   bool // not in the description of GHES
	}{
		{"advanced_security", s.AdvancedSecurity, false},
		{"code_security", s.CodeSecurity, false},
		{"dependabot_security_updates", s.DependabotSecurityUpdates, false},
		{"secret_scanning", s.SecretScanning, false},
		{"secret_scanning_push_protection", s.PushProtection, false},
		{"secret_scanning_non_provider_patterns", s.NonProviderPatterns, false},
		{"secret_scanning_validity_checks", s.ValidityChecks, true},
		{"secret_scanning_ai_detection", s.AIDetection, true},
		{"secret_scanning_delegated_alert_dismissal", s.DelegatedAlertDismissal, true},
		{"secret_scanning_delegated_bypass", s.DelegatedBypass, true},
	} {
		if f.status != "" && !(ghes && f.cloudOnly) {
			o.raw(f.key, []byte(`{"status":"`+f.status+`"}`))
		}
	}
	if len(s.BypassReviewers) > 0 && !ghes {
		o.key("secret_scanning_delegated_bypass_options")
		o.b = appendReviewers(o.b, s.BypassReviewers)
	}
	return o.end()
}

func appendReviewers(b []byte, teams []int64) []byte {
	b = append(b, `{"reviewers":[`...)
	for i, id := range teams {
		if i > 0 {
			b = append(b, ',')
		}
		o := begin(b)
		o.id("reviewer_id", id)
		o.text("reviewer_type", "TEAM")
		o.text("mode", "ALWAYS")
		b = o.end()
	}
	return append(b, "]}"...)
}
