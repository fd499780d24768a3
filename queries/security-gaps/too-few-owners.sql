-- Organization with too few owners
--
-- Only owners can add members, restore access, answer GitHub's support or undo
-- what went wrong in the settings. With fewer than two, the organization is
-- out of reach as soon as that one person is ill, leaves, or loses the second
-- factor, and nobody can stop that person either.
--
-- The subject is the organization itself. Where the list of its owners was not
-- read to the end, more may exist than were seen, and the answer is unknown.
--
-- severity: medium
-- param: count integer 2 -- owners that an organization should have at least
-- population: orgs AS o
-- remediation: Open the organization's People page, tick a second trusted
--   person, choose Change role and then Owner. By the API, as an owner: `gh api
--   --method PUT orgs/ORG/memberships/LOGIN -f role=admin`. Present owners are
--   listed by `gh api --method GET orgs/ORG/members -f role=admin --jq
--   '.[].login'`.
-- see: https://docs.github.com/en/organizations/managing-peoples-access-to-your-organization-with-roles/maintaining-ownership-continuity-for-your-organization
-- see: https://docs.github.com/en/organizations/managing-peoples-access-to-your-organization-with-roles/roles-in-an-organization
-- see: https://docs.github.com/en/rest/orgs/members

WITH owners AS (
  SELECT
    m.org AS org,
    count(*) AS owner_count,
    group_concat(m.login, ', ') AS owners
  FROM (
    SELECT
      a.org AS org,
      a.login AS login
    FROM members AS a
    WHERE a.role = 'owner'
    ORDER BY
      a.org,
      a.login
  ) AS m
  GROUP BY
    m.org
), counted AS (
  SELECT
    o.org AS org,
    o.plan AS plan,
    o.html_url AS html_url,
    coalesce(w.owner_count, 0) AS owner_count,
    w.owners AS owners,
    coalesce(c.status, 'skipped') AS members_status
  FROM orgs AS o
  LEFT JOIN owners AS w
    ON w.org = o.org
  LEFT JOIN coverage AS c
    ON c.org = o.org
    AND c.resource = 'members'
)
SELECT
  iif(c.members_status = 'complete', 'fail', 'unknown') AS status,
  'org/' || c.org AS subject,
  c.org AS org,
  CASE
    WHEN c.members_status <> 'complete' THEN printf(
      'how many owners the organization has is unknown: the list of members is %s; %d seen',
      c.members_status,
      c.owner_count
    )
    ELSE printf(
      'the organization has %d %s, fewer than %d',
      c.owner_count,
      iif(c.owner_count = 1, 'owner', 'owners'),
      :count
    )
  END AS reason,
  iif(c.members_status = 'complete', c.owner_count, NULL) AS owner_count,
  c.owners AS owners,
  c.plan AS plan,
  c.html_url AS html_url
FROM counted AS c
WHERE c.owner_count < :count
