-- Request that does not say why
--
-- Whoever asks for a token may say what it is for. This request does not, so
-- whoever answers it can only guess whether its permissions are right, and
-- nobody will know later what the token was for.
--
-- severity: low
-- population: token_requests
-- remediation: Open the organization's Settings > Personal access tokens >
--   Pending requests and ask the owner for the reason; the answer can be given
--   when asking again. By the API, as a GitHub App with write on the
--   organization's personal access token requests:
--   `GH_TOKEN=$INSTALLATION_TOKEN gh api --method POST
--   orgs/ORG/personal-access-token-requests/REQUEST_ID -f action=deny -f
--   reason='please say what it is for'`.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/managing-requests-for-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

SELECT
  'fail' AS status,
  'request/' || q.request_id AS subject,
  q.org AS org,
  'gives no reason for ' || CASE q.repository_selection
      WHEN 'all' THEN 'access to all repositories'
      WHEN 'subset' THEN 'access to selected repositories'
      ELSE 'its permissions'
    END || CASE
      WHEN q.created_at IS NULL THEN ''
      ELSE printf(
        '; asked for %d %s ago, on %s',
        (unixepoch(:now) - unixepoch(q.created_at)) / 86400,
        iif((unixepoch(:now) - unixepoch(q.created_at)) / 86400 = 1, 'day', 'days'),
        substr(q.created_at, 1, 10)
      )
    END AS reason,
  q.token_name AS token_name,
  q.owner_login AS owner_login,
  q.repository_selection AS repository_selection,
  q.highest_tier AS highest_tier,
  q.created_at AS created_at,
  ((unixepoch(:now) - unixepoch(q.created_at)) / 86400) AS waiting_days,
  q.expires_at AS expires_at,
  q.html_url AS html_url
FROM token_requests AS q
WHERE q.reason IS NULL
  OR trim(q.reason, ' ' || char(9, 10, 13)) = ''
