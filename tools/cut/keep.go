package main

// operations are the REST operations that the auditor may send and the
// simulated GitHub answers.
var operations = []string{
	"GET /app",
	"GET /app/installations",
	"POST /app/installations/{installation_id}/access_tokens",
	"DELETE /installation/token",
	"GET /orgs/{org}",
	"GET /orgs/{org}/installation",
	"GET /orgs/{org}/members",
	"GET /orgs/{org}/outside_collaborators",
	"GET /orgs/{org}/personal-access-token-requests",
	"GET /orgs/{org}/personal-access-token-requests/{pat_request_id}/repositories",
	"GET /orgs/{org}/personal-access-tokens",
	"GET /orgs/{org}/personal-access-tokens/{pat_id}/repositories",
	"GET /orgs/{org}/properties/values",
	"GET /orgs/{org}/repos",
	"GET /rate_limit",
	"GET /repos/{owner}/{repo}",
	"GET /repos/{owner}/{repo}/automated-security-fixes",
	"GET /repos/{owner}/{repo}/codeowners/errors",
	"GET /repos/{owner}/{repo}/private-vulnerability-reporting",
	"GET /repos/{owner}/{repo}/teams",
	"GET /repos/{owner}/{repo}/vulnerability-alerts",
}

// keptType names the fields of one GraphQL type that are kept; a union has none.
type keptType struct {
	name   string
	fields string
}

// connection is what every connection offers; edges are listed with those that
// have facts of their own.
const connection = "nodes pageInfo totalCount"

// pattern is what all rules about names look like.
const pattern = "name negate operator pattern"

// types is the part of GitHub's GraphQL schema that is kept.
var types = []keptType{
	{"Query", "id node nodes organization rateLimit repository"},
	{"RateLimit", "cost limit nodeCount remaining resetAt used"},
	{"PageInfo", "endCursor hasNextPage hasPreviousPage startCursor"},

	{"Node", "id"},
	{"Actor", "avatarUrl login resourcePath url"},
	{"RepositoryOwner", "avatarUrl id login repositories repository resourcePath url"},
	{"UniformResourceLocatable", "resourcePath url"},

	{"Organization", "archivedAt avatarUrl createdAt databaseId description email id ipAllowListEnabledSetting" +
		" isVerified login membersCanForkPrivateRepositories membersWithRole name pendingMembers repositories repository" +
		" requiresTwoFactorAuthentication resourcePath ruleset rulesets team teams updatedAt url viewerCanAdminister" +
		" viewerIsAMember webCommitSignoffRequired websiteUrl"},
	{"OrganizationMemberConnection", connection + " edges"},
	{"OrganizationMemberEdge", "cursor hasTwoFactorEnabled node role"},
	{"Enterprise", "avatarUrl createdAt databaseId description id name resourcePath slug updatedAt url"},
	{"User", "avatarUrl createdAt databaseId email id isSiteAdmin login name repositories repository resourcePath updatedAt url"},
	{"UserConnection", connection},
	{"Team", "combinedSlug createdAt databaseId description id name organization privacy resourcePath slug updatedAt url"},
	{"TeamConnection", connection},
	{"App", "clientId createdAt databaseId description id name slug updatedAt url"},

	{"Repository", "allowUpdateBranch archivedAt autoMergeAllowed branchProtectionRules codeowners collaborators createdAt" +
		" databaseId defaultBranchRef deleteBranchOnMerge deployKeys description diskUsage environments forkCount forkingAllowed" +
		" hasDiscussionsEnabled hasIssuesEnabled hasProjectsEnabled hasVulnerabilityAlertsEnabled hasWikiEnabled homepageUrl id" +
		" interactionAbility isArchived isDisabled isEmpty isFork isInOrganization isLocked isMirror isPrivate" +
		" isSecurityPolicyEnabled isTemplate languages licenseInfo lockReason mergeCommitAllowed mirrorUrl name nameWithOwner" +
		" owner parent planFeatures primaryLanguage pushedAt rebaseMergeAllowed ref refs repositoryTopics resourcePath ruleset" +
		" rulesets securityPolicyUrl squashMergeAllowed stargazerCount templateRepository updatedAt url viewerCanAdminister" +
		" viewerPermission visibility vulnerabilityAlerts webCommitSignoffRequired"},
	{"RepositoryConnection", connection + " edges totalDiskUsage"},
	{"RepositoryEdge", "cursor node"},
	{"RepositoryPlanFeatures", "codeowners draftPullRequests maximumAssignees maximumManualReviewRequests teamReviewRequests"},
	{"RepositoryInteractionAbility", "expiresAt limit origin"},
	{"RepositoryCodeowners", "errors"},
	{"RepositoryCodeownersError", "column kind line message path source suggestion"},
	{"RepositoryCollaboratorConnection", connection + " edges"},
	{"RepositoryCollaboratorEdge", "cursor node permission permissionSources"},
	{"PermissionSource", "organization permission roleName source"},
	{"PermissionGranter", ""},
	{"RepositoryTopicConnection", connection},
	{"RepositoryTopic", "id resourcePath topic url"},
	{"Topic", "id name"},
	{"License", "id key name spdxId url"},
	{"Language", "id name"},
	{"LanguageConnection", connection + " totalSize"},
	{"Environment", "databaseId id name"},
	{"EnvironmentConnection", connection},
	{"DeployKeyConnection", connection},
	{"DeployKey", "createdAt enabled id key readOnly title verified"},
	{"RepositoryVulnerabilityAlertConnection", connection},
	{"RepositoryVulnerabilityAlert", "createdAt dismissedAt fixedAt id number repository state vulnerableManifestFilename vulnerableManifestPath"},

	{"Ref", "branchProtectionRule id name prefix refUpdateRule repository rules"},
	{"RefConnection", connection},
	{"RefUpdateRule", "allowsDeletions allowsForcePushes blocksCreations pattern requiredApprovingReviewCount" +
		" requiredStatusCheckContexts requiresCodeOwnerReviews requiresConversationResolution requiresLinearHistory" +
		" requiresSignatures viewerAllowedToDismissReviews viewerCanPush"},
	{"BranchProtectionRuleConnection", connection},
	{"BranchProtectionRule", "allowsDeletions allowsForcePushes blocksCreations bypassForcePushAllowances" +
		" bypassPullRequestAllowances creator databaseId dismissesStaleReviews id isAdminEnforced lockAllowsFetchAndMerge" +
		" lockBranch matchingRefs pattern pushAllowances repository requireLastPushApproval requiredApprovingReviewCount" +
		" requiredDeploymentEnvironments requiredStatusCheckContexts requiredStatusChecks requiresApprovingReviews" +
		" requiresCodeOwnerReviews requiresCommitSignatures requiresConversationResolution requiresDeployments" +
		" requiresLinearHistory requiresStatusChecks requiresStrictStatusChecks restrictsPushes restrictsReviewDismissals"},
	{"RequiredStatusCheckDescription", "app context"},
	{"BranchActorAllowanceActor", ""},
	{"PushAllowanceActor", ""},
	{"BypassForcePushAllowanceConnection", connection},
	{"BypassForcePushAllowance", "actor branchProtectionRule id"},
	{"BypassPullRequestAllowanceConnection", connection},
	{"BypassPullRequestAllowance", "actor branchProtectionRule id"},
	{"PushAllowanceConnection", connection},
	{"PushAllowance", "actor branchProtectionRule id"},

	{"RepositoryRulesetConnection", connection},
	{"RepositoryRuleset", "bypassActors conditions createdAt databaseId enforcement id name rules source target updatedAt"},
	{"RuleSource", ""},
	{"RepositoryRulesetBypassActorConnection", connection},
	{"RepositoryRulesetBypassActor", "actor bypassMode deployKey enterpriseOwner id organizationAdmin repositoryRoleDatabaseId repositoryRoleName repositoryRuleset"},
	{"BypassActor", ""},
	{"RepositoryRuleConditions", "refName repositoryId repositoryName repositoryProperty"},
	{"RefNameConditionTarget", "exclude include"},
	{"RepositoryIdConditionTarget", "repositoryIds"},
	{"RepositoryNameConditionTarget", "exclude include protected"},
	{"RepositoryPropertyConditionTarget", "exclude include"},
	{"PropertyTargetDefinition", "name propertyValues source"},
	{"RepositoryRuleConnection", connection},
	{"RepositoryRule", "id parameters repositoryRuleset type"},

	{"RuleParameters", ""},
	{"BranchNamePatternParameters", pattern},
	{"CodeScanningParameters", "codeScanningTools"},
	{"CodeScanningTool", "alertsThreshold securityAlertsThreshold tool"},
	{"CommitAuthorEmailPatternParameters", pattern},
	{"CommitMessagePatternParameters", pattern},
	{"CommitterEmailPatternParameters", pattern},
	{"FileExtensionRestrictionParameters", "restrictedFileExtensions"},
	{"FilePathRestrictionParameters", "restrictedFilePaths"},
	{"MaxFilePathLengthParameters", "maxFilePathLength"},
	{"MaxFileSizeParameters", "maxFileSize"},
	{"MergeQueueParameters", "checkResponseTimeoutMinutes groupingStrategy maxEntriesToBuild maxEntriesToMerge mergeMethod minEntriesToMerge minEntriesToMergeWaitMinutes"},
	{"PullRequestParameters", "allowedMergeMethods dismissStaleReviewsOnPush requireCodeOwnerReview requireLastPushApproval requiredApprovingReviewCount requiredReviewThreadResolution"},
	{"RequiredDeploymentsParameters", "requiredDeploymentEnvironments"},
	{"RequiredStatusChecksParameters", "doNotEnforceOnCreate requiredStatusChecks strictRequiredStatusChecksPolicy"},
	{"StatusCheckConfiguration", "context integrationId"},
	{"TagNamePatternParameters", pattern},
	{"UpdateParameters", "updateAllowsFetchAndMerge"},
	{"WorkflowsParameters", "doNotEnforceOnCreate workflows"},
	{"WorkflowFileReference", "path ref repositoryId sha"},
}
