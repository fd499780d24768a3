package graphql

import (
	"slices"

	"auditor/internal/fakegithub/world"
)

// The parents about protection.
type (
	refNode struct {
		repo repositoryNode
		name string
	}
	protectionNode struct {
		repo repositoryNode
		p    *world.BranchProtection
	}
	rulesetNode struct {
		w *world.World
		s *world.Ruleset
	}
	ruleNode struct {
		set  rulesetNode
		rule world.Rule
	}
)

// ref is the branch of that name; nil unless it is the default branch of a
// repository that is not empty, because no other branches are simulated.
func (n repositoryNode) ref(name string) any {
	if n.r.IsEmpty || name != n.r.DefaultBranch {
		return nil
	}
	return refNode{n, name}
}

func refFields() fields {
	return fields{
		"id":         plain(func(n refNode) any { return NodeID("Ref", n.repo.r.ID) }),
		"name":       plain(func(n refNode) any { return n.name }),
		"prefix":     plain(func(refNode) any { return "refs/heads/" }),
		"repository": plain(func(n refNode) any { return n.repo }),
		"branchProtectionRule": asked(func(e *execution, n refNode, _ map[string]any) (any, *fieldError) {
			if p := n.repo.r.Protection(); p != nil && e.administers(n.repo.w, n.repo.r) {
				return protectionNode{n.repo, p}, nil
			}
			return nil, nil // no rule or no permission: both are null
		}),
		"refUpdateRule": asked(refUpdateRule),
		"rules": plain(func(n refNode) any {
			var items []any
			for _, r := range n.repo.w.ActiveRules(n.repo.r, n.name) {
				items = append(items, ruleNode{rulesetNode{n.repo.w, r.Ruleset}, r.Rule})
			}
			return connection{items: items}
		}),
	}
}

// refUpdateRule is for callers who do not administer the repository; it is null for
// the others.
func refUpdateRule(e *execution, n refNode, _ map[string]any) (any, *fieldError) {
	p := n.repo.r.Protection()
	if p == nil || e.administers(n.repo.w, n.repo.r) {
		return nil, nil
	}
	return record{"RefUpdateRule", map[string]any{
		"pattern": p.Pattern, "allowsDeletions": p.AllowsDeletions, "allowsForcePushes": p.AllowsForcePushes, "blocksCreations": false,
		"requiredApprovingReviewCount": requiredReviews(p), "requiredStatusCheckContexts": anys(p.StatusContexts), "requiresCodeOwnerReviews": p.RequiresCodeOwners,
		"requiresConversationResolution": p.RequiresResolution, "requiresLinearHistory": p.RequiresLinear, "requiresSignatures": p.RequiresSignatures,
		"viewerAllowedToDismissReviews": false, "viewerCanPush": false,
	}}, nil
}

// requiredReviews is null where none are required.
func requiredReviews(p *world.BranchProtection) any {
	if !p.RequiresReviews {
		return nil
	}
	return p.ReviewCount
}

func protectionFields() fields {
	flag := func(get func(*world.BranchProtection) bool) fieldFunc {
		return plain(func(n protectionNode) any { return get(n.p) })
	}
	never := flag(func(*world.BranchProtection) bool { return false })
	return fields{
		"id":                             plain(func(n protectionNode) any { return NodeID("BranchProtectionRule", n.p.ID) }),
		"databaseId":                     plain(func(n protectionNode) any { return n.p.ID }),
		"pattern":                        plain(func(n protectionNode) any { return n.p.Pattern }),
		"repository":                     plain(func(n protectionNode) any { return n.repo }),
		"allowsDeletions":                flag(func(p *world.BranchProtection) bool { return p.AllowsDeletions }),
		"allowsForcePushes":              flag(func(p *world.BranchProtection) bool { return p.AllowsForcePushes }),
		"isAdminEnforced":                flag(func(p *world.BranchProtection) bool { return p.IsAdminEnforced }),
		"requiresApprovingReviews":       flag(func(p *world.BranchProtection) bool { return p.RequiresReviews }),
		"requiresCodeOwnerReviews":       flag(func(p *world.BranchProtection) bool { return p.RequiresCodeOwners }),
		"dismissesStaleReviews":          flag(func(p *world.BranchProtection) bool { return p.DismissesStale }),
		"requireLastPushApproval":        flag(func(p *world.BranchProtection) bool { return p.RequiresLastPush }),
		"requiresStatusChecks":           flag(func(p *world.BranchProtection) bool { return p.RequiresStatusChecks }),
		"requiresStrictStatusChecks":     flag(func(p *world.BranchProtection) bool { return p.RequiresStrict }),
		"requiresCommitSignatures":       flag(func(p *world.BranchProtection) bool { return p.RequiresSignatures }),
		"requiresLinearHistory":          flag(func(p *world.BranchProtection) bool { return p.RequiresLinear }),
		"requiresConversationResolution": flag(func(p *world.BranchProtection) bool { return p.RequiresResolution }),
		"restrictsPushes":                flag(func(p *world.BranchProtection) bool { return p.RestrictsPushes }),
		"lockBranch":                     flag(func(p *world.BranchProtection) bool { return p.LocksBranch }),
		"blocksCreations":                never, "lockAllowsFetchAndMerge": never, "requiresDeployments": never, "restrictsReviewDismissals": never,
		"requiredApprovingReviewCount":   plain(func(n protectionNode) any { return requiredReviews(n.p) }),
		"requiredDeploymentEnvironments": plain(func(protectionNode) any { return []any{} }),
		"requiredStatusCheckContexts":    plain(func(n protectionNode) any { return anys(n.p.StatusContexts) }),
		"requiredStatusChecks":           plain(requiredStatusChecks),
		"creator": plain(func(n protectionNode) any {
			if n.p.Creator == nil {
				return nil
			}
			return userNode{n.repo.w, n.p.Creator}
		}),
		"matchingRefs": plain(func(n protectionNode) any {
			if ref := n.repo.ref(n.repo.r.DefaultBranch); ref != nil && n.repo.r.Protection() == n.p {
				return connection{items: []any{ref}}
			}
			return connection{}
		}),
		"bypassPullRequestAllowances": plain(func(n protectionNode) any {
			return n.allowances("BypassPullRequestAllowance", n.p.PullRequestBypassers)
		}),
		"bypassForcePushAllowances": plain(func(n protectionNode) any { return n.allowances("BypassForcePushAllowance", n.p.ForcePushBypassers) }),
		"pushAllowances":            plain(func(n protectionNode) any { return n.allowances("PushAllowance", n.p.PushAllowed) }),
	}
}

func requiredStatusChecks(n protectionNode) any {
	out := []any{}
	for _, c := range n.p.StatusContexts {
		out = append(out, record{"RequiredStatusCheckDescription", map[string]any{"app": nil, "context": c}})
	}
	return out
}

func (n protectionNode) allowances(kind string, users []*world.User) connection {
	var items []any
	for i, u := range users {
		items = append(items, record{kind, map[string]any{"id": NodeID(kind, n.p.ID*10+int64(i)), "actor": userNode{n.repo.w, u}, "branchProtectionRule": n}})
	}
	return connection{items: items}
}

func rulesetConnection(w *world.World, list []*world.Ruleset) connection {
	items := make([]any, len(list))
	for i, s := range list {
		items[i] = rulesetNode{w, s}
	}
	return connection{items: items, id: func(v any) int64 { return v.(rulesetNode).s.ID }}
}

func findRuleset(w *world.World, list []*world.Ruleset, id int) any {
	i := slices.IndexFunc(list, func(s *world.Ruleset) bool { return s.ID == int64(id) })
	if i < 0 {
		return nil
	}
	return rulesetNode{w, list[i]}
}

func rulesetFields() fields {
	return fields{
		"id":          plain(func(n rulesetNode) any { return NodeID("RepositoryRuleset", n.s.ID) }),
		"databaseId":  plain(func(n rulesetNode) any { return n.s.ID }),
		"name":        plain(func(n rulesetNode) any { return n.s.Name }),
		"enforcement": plain(func(n rulesetNode) any { return enum(n.s.Enforcement) }),
		"target":      plain(func(rulesetNode) any { return "BRANCH" }),
		"createdAt":   plain(func(n rulesetNode) any { return n.s.CreatedAt }),
		"updatedAt":   plain(func(n rulesetNode) any { return n.s.UpdatedAt }),
		"source": plain(func(n rulesetNode) any {
			if n.s.Source == nil {
				return n.w
			}
			return repositoryNode{n.w, n.s.Source}
		}),
		"conditions":   plain(rulesetConditions),
		"bypassActors": asked(bypassActors),
		"rules": asked(func(_ *execution, n rulesetNode, args map[string]any) (any, *fieldError) {
			var items []any
			for _, r := range n.s.Rules {
				if args["type"] == nil || args["type"] == r.Type {
					items = append(items, ruleNode{n, r})
				}
			}
			return connection{items: items}, nil
		}),
	}
}

func rulesetConditions(n rulesetNode) any {
	values := map[string]any{"repositoryId": nil, "repositoryProperty": nil, "repositoryName": nil,
		"refName": record{"RefNameConditionTarget", map[string]any{"include": anys(n.s.Include), "exclude": anys(n.s.Exclude)}}}
	if n.s.Source == nil {
		values["repositoryName"] = record{"RepositoryNameConditionTarget", map[string]any{"include": anys(n.s.Repositories), "exclude": anys(n.s.NotRepositories), "protected": false}}
	}
	return record{"RepositoryRuleConditions", values}
}

// bypassActors shows everybody how many there are. Who they are is only for callers
// who may write the ruleset, null for the others.
func bypassActors(e *execution, n rulesetNode, _ map[string]any) (any, *fieldError) {
	mayRead := e.has(n.w, "administration", "write")
	items := make([]any, len(n.s.BypassActors))
	for i, a := range n.s.BypassActors {
		if !mayRead {
			continue
		}
		v := map[string]any{"id": NodeID("RepositoryRulesetBypassActor", a.ID), "actor": nil, "bypassMode": a.Mode, "deployKey": false, "enterpriseOwner": false,
			"organizationAdmin": a.IsOrganizationAdmin, "repositoryRoleDatabaseId": nil, "repositoryRoleName": orNull(a.RepositoryRole), "repositoryRuleset": n}
		if a.Team != nil {
			v["actor"] = teamNode{n.w, a.Team}
		}
		items[i] = record{"RepositoryRulesetBypassActor", v}
	}
	return connection{items: items}, nil
}

func ruleFields() fields {
	return fields{
		"id":                plain(func(n ruleNode) any { return NodeID("RepositoryRule", n.rule.ID) }),
		"type":              plain(func(n ruleNode) any { return n.rule.Type }),
		"repositoryRuleset": plain(func(n ruleNode) any { return n.set }),
		"parameters":        plain(ruleParameters),
	}
}

// ruleParameters is null for most rules.
func ruleParameters(n ruleNode) any {
	switch r := n.rule; {
	case r.PullRequest != nil:
		p := r.PullRequest
		return record{"PullRequestParameters", map[string]any{
			"allowedMergeMethods": nil, "dismissStaleReviewsOnPush": p.DismissesStale, "requireCodeOwnerReview": p.RequiresCodeOwners,
			"requireLastPushApproval": p.RequiresLastPush, "requiredApprovingReviewCount": p.ReviewCount, "requiredReviewThreadResolution": p.RequiresResolution,
		}}
	case r.StatusChecks != nil:
		var checks []any
		for _, c := range r.StatusChecks.Contexts {
			checks = append(checks, record{"StatusCheckConfiguration", map[string]any{"context": c, "integrationId": nil}})
		}
		return record{"RequiredStatusChecksParameters", map[string]any{"doNotEnforceOnCreate": false, "requiredStatusChecks": checks, "strictRequiredStatusChecksPolicy": r.StatusChecks.IsStrict}}
	case r.Type == "UPDATE":
		return record{"UpdateParameters", map[string]any{"updateAllowsFetchAndMerge": false}}
	}
	return nil
}
