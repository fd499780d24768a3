-- Organization with too many owners
--
-- An owner may do everything: read and delete every repository, change every
-- setting, let anybody in. Each owner is one more account that must never be
-- taken over, and fine-grained tokens of owners work without approval.
--
-- The subject is the organization itself. Where the list of its owners was not
-- read to the end and no more than the limit were seen, the answer is unknown.
--
-- severity: medium
-- param: count integer 10 -- owners that an organization may have at most
-- population: orgs AS o
-- remediation: Open the organization's People page, filter by the role Owner,
--   tick those who do not administer it every week, choose Change role and
--   then Member; what they still need is a team, the role of a moderator or
--   billing manager, or a custom role. By the API, as an owner: `gh api
--   --method PUT orgs/ORG/memberships/LOGIN -f role=member`.
-- see: https://docs.github.com/en/organizations/managing-peoples-access-to-your-organization-with-roles/roles-in-an-organization
-- see: https://docs.github.com/en/organizations/managing-peoples-access-to-your-organization-with-roles/maintaining-ownership-continuity-for-your-organization
-- see: https://docs.github.com/en/rest/orgs/members

WITH owners AS (
  SELECT
    m.org AS org,
    count(*) AS owner_count,
    group_concat(m.login, ', ') FILTER (WHERE m.place <= 20) AS owners
  FROM (
    SELECT
      a.org AS org,
      a.login AS login,
      row_number() OVER (PARTITION BY a.org ORDER BY a.login) AS place
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
  iif(c.owner_count > :count, 'fail', 'unknown') AS status,
  'org/' || c.org AS subject,
  c.org AS org,
  CASE
    WHEN c.owner_count > :count THEN printf(
      'the organization has %s%d owners, more than %d',
      iif(c.members_status = 'complete', '', 'at least '),
      c.owner_count,
      :count
    )
    ELSE printf(
      'how many owners the organization has is unknown: the list of members is %s; %d seen',
      c.members_status,
      c.owner_count
    )
  END AS reason,
  iif(c.members_status = 'complete' OR c.owner_count > :count, c.owner_count, NULL) AS owner_count,
  c.owners AS owners,
  c.plan AS plan,
  c.html_url AS html_url
FROM counted AS c
WHERE c.owner_count > :count
  OR c.members_status <> 'complete'
