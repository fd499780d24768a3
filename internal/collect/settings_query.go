package collect

// settingsQuery is one page of the organization's repositories with what only
// GraphQL has of them. The JSON names are those of the item that
// internal/store/schema takes apart. Source: GitHub's GraphQL schema, types
// Repository, BranchProtectionRule, RepositoryRule and RepositoryRuleset.
type settingsQuery struct {
	Organization *struct {
		Repositories struct {
			PageInfo struct {
				EndCursor   string
				HasNextPage bool
			}
			TotalCount int
			Nodes      []*repositorySettings
		} `graphql:"repositories(first: $first, after: $after, orderBy: {field: NAME, direction: ASC})"`
	} `graphql:"organization(login: $org)"`
}

// settingsByIDQuery requests the settings of single repositories.
type settingsByIDQuery struct {
	Nodes []*struct {
		Repository repositorySettings `graphql:"... on Repository"`
	} `graphql:"nodes(ids: $ids)"`
}

// repositories are the nodes in their order; nil: not a repository, or refused.
func (q *settingsByIDQuery) repositories() []*repositorySettings {
	var nodes []*repositorySettings
	for _, node := range q.Nodes {
		if node == nil || node.Repository.DatabaseID == 0 {
			nodes = append(nodes, nil)
			continue
		}
		nodes = append(nodes, &node.Repository)
	}
	return nodes
}

// repositorySettings of one repository. Codeowners is nil when the repository has
// none, DefaultBranchRef when it is empty; both also when GitHub refused.
type repositorySettings struct {
	DatabaseID                    int64          `json:"databaseId"`
	NameWithOwner                 string         `json:"nameWithOwner"`
	IsEmpty                       bool           `json:"isEmpty"`
	HasVulnerabilityAlertsEnabled bool           `json:"hasVulnerabilityAlertsEnabled"`
	IsSecurityPolicyEnabled       *bool          `json:"isSecurityPolicyEnabled"`
	Codeowners                    *codeowners    `graphql:"codeowners @include(if: $codeowners)" json:"codeowners"`
	VulnerabilityAlerts           *totalCount    `graphql:"vulnerabilityAlerts(states: OPEN, first: 1) @include(if: $dependabotAlerts)" json:"vulnerabilityAlerts"`
	DeployKeys                    *deployKeys    `graphql:"deployKeys(first: 50) @include(if: $deployKeys)" json:"deployKeys"`
	DefaultBranchRef              *defaultBranch `json:"defaultBranchRef"`
	Rulesets                      *rulesets      `graphql:"rulesets(first: 20, includeParents: true, targets: [BRANCH]) @include(if: $rulesets)" json:"rulesets"`
}

// settingsItem is what the snapshot keeps of a repository. The settings are
// embedded for the sake of JSON: their members are members of the item.
type settingsItem struct {
	*repositorySettings
	// Unknown holds the reason for each part that is not known, by its resource.
	Unknown map[string]string `json:"unknown,omitempty"`
	// IsTransient says that another request may have what is unknown.
	IsTransient bool `json:"again,omitempty"`
}

type totalCount struct {
	TotalCount int `json:"totalCount"`
}

type codeowners struct {
	Errors []struct {
		Line       int     `json:"line"`
		Column     int     `json:"column"`
		Kind       string  `json:"kind"`
		Source     *string `json:"source"`
		Suggestion *string `json:"suggestion"`
		Message    string  `json:"message"`
		Path       string  `json:"path"`
	} `json:"errors"`
}

type deployKeys struct {
	TotalCount int `json:"totalCount"`
	Nodes      []*struct {
		ID        string `json:"id"`
		Title     string `json:"title"`
		ReadOnly  bool   `json:"readOnly"`
		Verified  bool   `json:"verified"`
		Enabled   bool   `json:"enabled"`
		CreatedAt string `json:"createdAt"`
	} `json:"nodes"`
}

type defaultBranch struct {
	Name                 string                `json:"name"`
	BranchProtectionRule *branchProtectionRule `graphql:"branchProtectionRule @include(if: $branchProtection)" json:"branchProtectionRule"`
	Rules                *branchRules          `graphql:"rules(first: 50) @include(if: $branchProtection)" json:"rules"`
}

type branchProtectionRule struct {
	DatabaseID                     *int64     `json:"databaseId"`
	Pattern                        string     `json:"pattern"`
	IsAdminEnforced                bool       `json:"isAdminEnforced"`
	RequiresApprovingReviews       bool       `json:"requiresApprovingReviews"`
	RequiredApprovingReviewCount   *int       `json:"requiredApprovingReviewCount"`
	RequiresCodeOwnerReviews       bool       `json:"requiresCodeOwnerReviews"`
	DismissesStaleReviews          bool       `json:"dismissesStaleReviews"`
	RequireLastPushApproval        bool       `json:"requireLastPushApproval"`
	RequiresStatusChecks           bool       `json:"requiresStatusChecks"`
	RequiresStrictStatusChecks     bool       `json:"requiresStrictStatusChecks"`
	RequiresCommitSignatures       bool       `json:"requiresCommitSignatures"`
	RequiresLinearHistory          bool       `json:"requiresLinearHistory"`
	RequiresConversationResolution bool       `json:"requiresConversationResolution"`
	AllowsForcePushes              bool       `json:"allowsForcePushes"`
	AllowsDeletions                bool       `json:"allowsDeletions"`
	BypassPullRequestAllowances    totalCount `graphql:"bypassPullRequestAllowances(first: 1)" json:"bypassPullRequestAllowances"`
}

type branchRules struct {
	TotalCount int           `json:"totalCount"`
	Nodes      []*branchRule `json:"nodes"`
}

type branchRule struct {
	Type              string          `json:"type"`
	Parameters        *ruleParameters `json:"parameters"`
	RepositoryRuleset *struct {
		DatabaseID  *int64 `json:"databaseId"`
		Name        string `json:"name"`
		Enforcement string `json:"enforcement"`
		Source      struct {
			Typename           string `graphql:"__typename" json:"__typename"`
			SourceOrganization `graphql:"... on Organization"`
		} `json:"source"`
		BypassActors *totalCount `graphql:"bypassActors(first: 1)" json:"bypassActors"`
	} `json:"repositoryRuleset"`
}

// ruleParameters are those of the two rule types that have any of interest.
type ruleParameters struct {
	PullRequestParameters  `graphql:"... on PullRequestParameters"`
	StatusChecksParameters `graphql:"... on RequiredStatusChecksParameters"`
}

type PullRequestParameters struct {
	DismissStaleReviewsOnPush      *bool `json:"dismissStaleReviewsOnPush"`
	RequireCodeOwnerReview         *bool `json:"requireCodeOwnerReview"`
	RequireLastPushApproval        *bool `json:"requireLastPushApproval"`
	RequiredApprovingReviewCount   *int  `json:"requiredApprovingReviewCount"`
	RequiredReviewThreadResolution *bool `json:"requiredReviewThreadResolution"`
}

type StatusChecksParameters struct {
	StrictRequiredStatusChecksPolicy *bool `json:"strictRequiredStatusChecksPolicy"`
}

// rulesets are all that apply to branches of the repository, also those that
// only evaluate, which the rules of the branch do not show.
type rulesets struct {
	TotalCount int        `json:"totalCount"`
	Nodes      []*ruleset `json:"nodes"`
}

type ruleset struct {
	DatabaseID  *int64        `json:"databaseId"`
	Name        string        `json:"name"`
	Enforcement string        `json:"enforcement"`
	Source      rulesetSource `json:"source"`
	Conditions  struct {
		RefName *struct {
			Include []string `json:"include"`
			Exclude []string `json:"exclude"`
		} `json:"refName"`
	} `json:"conditions"`
}

// rulesetSource is the owner of a ruleset, as the path of its page begins.
type rulesetSource struct {
	SourceOrganization `graphql:"... on Organization"`
	SourceRepository   `graphql:"... on Repository"`
	SourceEnterprise   `graphql:"... on Enterprise"`
}

type SourceOrganization struct {
	Login string `json:"login,omitempty"`
}

type SourceRepository struct {
	NameWithOwner string `json:"nameWithOwner,omitempty"`
}

type SourceEnterprise struct {
	Slug string `json:"slug,omitempty"`
}
