package collect

import "encoding/json"

// settingsQuery says what is requested of single repositories: only GraphQL has it.
// Nothing is decoded into it; the schema files in internal/store take the answer
// apart. Source: GitHub's GraphQL schema, types Repository, BranchProtectionRule,
// RepositoryRule and RepositoryRuleset.
type settingsQuery struct {
	Nodes []*struct {
		Repository repositorySettings `graphql:"... on Repository"`
	} `graphql:"nodes(ids: $ids)"`
	// To notice repositories that were created since the list was read.
	Organization struct {
		Repositories totalCount `graphql:"repositories(first: 1)"`
	} `graphql:"organization(login: $org)"`
}

// settingsAnswer is what the query brings.
type settingsAnswer struct {
	Nodes        []json.RawMessage `json:"nodes"`
	Organization *struct {
		Repositories *connection `json:"repositories"`
	} `json:"organization"`
}

// repositorySettings of one repository. Codeowners is null when the repository has
// none, DefaultBranchRef when it is empty; both also when GitHub refused.
type repositorySettings struct {
	DatabaseID                    int64
	NameWithOwner                 string
	IsEmpty                       bool
	HasVulnerabilityAlertsEnabled bool
	IsSecurityPolicyEnabled       *bool
	Codeowners                    *codeowners `graphql:"codeowners @include(if: $codeowners)"`
	VulnerabilityAlerts           *totalCount `graphql:"vulnerabilityAlerts(states: OPEN, first: 1) @include(if: $dependabotAlerts)"`
	DeployKeys                    *deployKeys `graphql:"deployKeys(first: 50) @include(if: $deployKeys)"`
	DefaultBranchRef              *defaultBranch
	Rulesets                      *rulesets `graphql:"rulesets(first: 20, includeParents: true, targets: [BRANCH]) @include(if: $rulesets)"`
}

type totalCount struct {
	TotalCount int
}

type codeowners struct {
	Errors []struct {
		Line       int
		Column     int
		Kind       string
		Source     *string
		Suggestion *string
		Message    string
		Path       string
	}
}

type deployKeys struct {
	TotalCount int
	Nodes      []*struct {
		ID        string
		Title     string
		ReadOnly  bool
		Verified  bool
		Enabled   bool
		CreatedAt string
	}
}

type defaultBranch struct {
	Name                 string
	BranchProtectionRule *branchProtectionRule `graphql:"branchProtectionRule @include(if: $branchProtection)"`
	Rules                *branchRules          `graphql:"rules(first: 50) @include(if: $branchProtection)"`
}

type branchProtectionRule struct {
	DatabaseID                     *int64
	Pattern                        string
	IsAdminEnforced                bool
	RequiresApprovingReviews       bool
	RequiredApprovingReviewCount   *int
	RequiresCodeOwnerReviews       bool
	DismissesStaleReviews          bool
	RequireLastPushApproval        bool
	RequiresStatusChecks           bool
	RequiresStrictStatusChecks     bool
	RequiresCommitSignatures       bool
	RequiresLinearHistory          bool
	RequiresConversationResolution bool
	AllowsForcePushes              bool
	AllowsDeletions                bool
	BypassPullRequestAllowances    totalCount `graphql:"bypassPullRequestAllowances(first: 1)"`
}

type branchRules struct {
	TotalCount int
	Nodes      []*branchRule
}

type branchRule struct {
	Type              string
	Parameters        *ruleParameters
	RepositoryRuleset *struct {
		DatabaseID  *int64
		Name        string
		Enforcement string
		Source      struct {
			Typename           string `graphql:"__typename"`
			SourceOrganization `graphql:"... on Organization"`
		}
		BypassActors *totalCount `graphql:"bypassActors(first: 1)"`
	}
}

// ruleParameters are those of the two rule types that have any of interest.
type ruleParameters struct {
	PullRequestParameters  `graphql:"... on PullRequestParameters"`
	StatusChecksParameters `graphql:"... on RequiredStatusChecksParameters"`
}

type PullRequestParameters struct {
	DismissStaleReviewsOnPush      *bool
	RequireCodeOwnerReview         *bool
	RequireLastPushApproval        *bool
	RequiredApprovingReviewCount   *int
	RequiredReviewThreadResolution *bool
}

type StatusChecksParameters struct {
	StrictRequiredStatusChecksPolicy *bool
}

// rulesets are all that apply to branches of the repository, also those that
// only evaluate, which the rules of the branch do not show.
type rulesets struct {
	TotalCount int
	Nodes      []*ruleset
}

type ruleset struct {
	DatabaseID  *int64
	Name        string
	Enforcement string
	Source      rulesetSource
	Conditions  struct {
		RefName *struct {
			Include []string
			Exclude []string
		}
	}
}

// rulesetSource is the owner of a ruleset, as the path of its page begins.
type rulesetSource struct {
	SourceOrganization `graphql:"... on Organization"`
	SourceRepository   `graphql:"... on Repository"`
	SourceEnterprise   `graphql:"... on Enterprise"`
}

type SourceOrganization struct {
	Login string
}

type SourceRepository struct {
	NameWithOwner string
}

type SourceEnterprise struct {
	Slug string
}
