SELECT
  c.snapshot_id AS snapshot_id, -- number of the later snapshot
  c.kind AS kind, -- token, request, repository, setting, protection or member
  c.change AS change, -- new, gone, widened, narrowed, renewed, awake, renamed, published, archived, enabled, disabled, weakened, strengthened or changed
  g.org AS org, -- organization login
  c.subject_kind AS subject_kind, -- token, request, repository, member or org
  c.subject_id AS subject_id, -- grant id, request id, repository id, user id or login
  c.subject_name AS subject_name, -- token's name, repository's full name or login
  s.web_url || CASE c.subject_kind
    WHEN 'token' THEN '/organizations/' || g.org || '/settings/personal-access-tokens/' || c.subject_id
    WHEN 'request' THEN '/organizations/' || g.org || '/settings/personal-access-token-requests/' || c.subject_id
    ELSE '/' || c.subject_name
  END AS subject_url, -- GitHub's page for it
  c.owner AS subject_owner, -- who owns the token; NULL for all others
  c.before AS before, -- what differs, as it was, as JSON; NULL for new
  c.after AS after, -- what differs, as it is, as JSON; NULL for gone
  c.detail AS detail -- one sentence
FROM (
  -- There now or no more, single values, permissions. New is only what a
  -- complete list did not have before. A value that became unknown has not
  -- changed; one that is known again is held against the last known one.
  SELECT
    p.snapshot_id AS snapshot_id,
    p.org_ref AS org_ref,
    d.value ->> 'tells_of' AS kind,
    d.value ->> 'change' AS change,
    p.kind AS subject_kind,
    CAST(CASE p.kind WHEN 'token' THEN COALESCE(p.after, p.before) ->> 'grant_id' WHEN 'repository' THEN COALESCE(p.after, p.before) ->> 'repository_id' WHEN 'org' THEN (SELECT x.org FROM _orgs AS x WHERE x.org_ref = p.ref) ELSE p.ref END AS TEXT) AS subject_id,
    CASE p.kind WHEN 'org' THEN (SELECT x.org FROM _orgs AS x WHERE x.org_ref = p.ref) WHEN 'member' THEN COALESCE(p.after, p.before) ->> 'login' WHEN 'repository' THEN COALESCE(p.after, p.before) ->> 'full_name' ELSE COALESCE(p.after, p.before) ->> 'token_name' END AS subject_name,
    COALESCE(p.after, p.before) ->> 'owner_login' AS owner,
    iif(p.after IS NULL, p.before, d.value -> 'before') AS before,
    iif(p.before IS NULL, p.after, d.value -> 'after') AS after,
    d.value ->> 'detail' AS detail
  FROM _pairs AS p
  CROSS JOIN json_each((
    WITH
      known AS MATERIALIZED (
        SELECT
          w.tells_of AS tells_of,
          w.key AS key,
          w.way AS way,
          w.null_means AS null_means,
          CASE
            WHEN p.before ->> w.key IS NOT NULL OR w.null_means IS NOT NULL OR p.after ->> w.key IS NULL AND p.snapshot_id = p.old_id + 1 THEN p.before ->> w.key
            WHEN p.kind = 'token' THEN (SELECT x.state ->> w.key FROM _token_states AS x WHERE x.ref = p.ref AND x.valid_from <= p.old_id AND x.state ->> w.key IS NOT NULL ORDER BY x.valid_from DESC LIMIT 1)
            WHEN p.kind = 'repository' THEN (SELECT x.state ->> w.key FROM _repository_states AS x WHERE x.ref = p.ref AND x.valid_from <= p.old_id AND x.state ->> w.key IS NOT NULL ORDER BY x.valid_from DESC LIMIT 1)
            WHEN p.kind = 'request' THEN (SELECT x.state ->> w.key FROM _request_states AS x WHERE x.org_ref = p.org_ref AND x.ref = p.ref AND x.valid_from <= p.old_id AND x.state ->> w.key IS NOT NULL ORDER BY x.valid_from DESC LIMIT 1)
            WHEN p.kind = 'org' THEN (SELECT x.state ->> w.key FROM _org_states AS x WHERE x.ref = p.ref AND x.valid_from <= p.old_id AND x.state ->> w.key IS NOT NULL ORDER BY x.valid_from DESC LIMIT 1)
          END AS was,
          CASE
            WHEN p.after ->> w.key IS NOT NULL OR w.null_means IS NOT NULL OR p.snapshot_id = p.old_id + 1 THEN p.after ->> w.key
            WHEN p.kind = 'token' THEN (SELECT x.state ->> w.key FROM _token_states AS x WHERE x.ref = p.ref AND x.valid_from <= p.snapshot_id AND x.state ->> w.key IS NOT NULL ORDER BY x.valid_from DESC LIMIT 1)
            WHEN p.kind = 'repository' THEN (SELECT x.state ->> w.key FROM _repository_states AS x WHERE x.ref = p.ref AND x.valid_from <= p.snapshot_id AND x.state ->> w.key IS NOT NULL ORDER BY x.valid_from DESC LIMIT 1)
            WHEN p.kind = 'request' THEN (SELECT x.state ->> w.key FROM _request_states AS x WHERE x.org_ref = p.org_ref AND x.ref = p.ref AND x.valid_from <= p.snapshot_id AND x.state ->> w.key IS NOT NULL ORDER BY x.valid_from DESC LIMIT 1)
            WHEN p.kind = 'org' THEN (SELECT x.state ->> w.key FROM _org_states AS x WHERE x.ref = p.ref AND x.valid_from <= p.snapshot_id AND x.state ->> w.key IS NOT NULL ORDER BY x.valid_from DESC LIMIT 1)
          END AS is_now
        FROM _watched AS w
        WHERE p.before IS NOT NULL AND p.after IS NOT NULL AND w.kind = p.kind AND p.before ->> w.key IS NOT p.after ->> w.key
      ),
      called AS MATERIALIZED (
        SELECT
          k.tells_of AS tells_of,
          k.key AS key,
          k.was AS was,
          k.is_now AS is_now,
          COALESCE(iif(substr(k.key, 1, 3) = 'is_' OR substr(k.key, 1, 4) = 'has_', iif(k.was, 'yes', 'no'), k.was), k.null_means) AS was_text,
          COALESCE(iif(substr(k.key, 1, 3) = 'is_' OR substr(k.key, 1, 4) = 'has_', iif(k.is_now, 'yes', 'no'), k.is_now), k.null_means) AS is_text,
          CASE k.way
            WHEN 'renamed' THEN 'renamed'
            WHEN 'renewed' THEN 'renewed'
            WHEN 'switch' THEN iif(k.is_now IN ('enabled', 1), 'enabled', 'disabled')
            WHEN 'stronger' THEN iif(k.is_now > k.was, 'strengthened', 'weakened')
            WHEN 'weaker' THEN iif(k.is_now > k.was, 'weakened', 'strengthened')
            WHEN 'visibility' THEN iif(k.is_now = 'public', 'published', 'changed')
            WHEN 'archived' THEN iif(k.is_now, 'archived', 'changed')
            WHEN 'count' THEN iif(k.is_now > k.was, 'widened', 'narrowed')
            WHEN 'selection' THEN iif((SELECT l.rank FROM _levels AS l WHERE l.level = k.is_now) > (SELECT l.rank FROM _levels AS l WHERE l.level = k.was), 'widened', 'narrowed')
            WHEN 'expiry' THEN iif(k.is_now IS NULL OR k.is_now > k.was, 'renewed', 'changed')
            ELSE 'changed'
          END AS change
        FROM known AS k
        WHERE k.was IS NOT k.is_now AND (k.null_means IS NOT NULL OR k.was IS NOT NULL AND k.is_now IS NOT NULL)
      ),
      permitted AS MATERIALIZED (
        SELECT
          'widened' AS change,
          a.key AS key,
          p.before -> 'permissions' ->> a.key AS was,
          a.value AS is_now
        FROM json_each(p.after, '$.permissions') AS a
        WHERE p.before IS NOT NULL
          AND p.before -> 'permissions' ->> a.key IS NOT a.value
          AND COALESCE((SELECT l.rank FROM _levels AS l WHERE l.level = COALESCE(p.before -> 'permissions' ->> a.key, 'none')), 4) <= COALESCE((SELECT l.rank FROM _levels AS l WHERE l.level = a.value), 4)
        UNION ALL
        SELECT
          'narrowed',
          b.key,
          b.value,
          p.after -> 'permissions' ->> b.key
        FROM json_each(p.before, '$.permissions') AS b
        WHERE p.after IS NOT NULL
          AND COALESCE((SELECT l.rank FROM _levels AS l WHERE l.level = COALESCE(p.after -> 'permissions' ->> b.key, 'none')), 4) < COALESCE((SELECT l.rank FROM _levels AS l WHERE l.level = b.value), 4)
      )
    SELECT json_group_array(json(o.object))
    FROM (
      SELECT
        json_object(
          'tells_of', c.tells_of,
          'change', c.change,
          'before', json_group_object(c.key, c.was),
          'after', json_group_object(c.key, c.is_now),
          'detail', group_concat(c.key || ' was ' || c.was_text || ', is ' || c.is_text, '; ')
        ) AS object
      FROM called AS c
      GROUP BY c.tells_of, c.change, iif(c.tells_of = 'setting', c.key, '')
      UNION ALL
      SELECT
        json_object(
          'tells_of', p.kind,
          'change', m.change,
          'before', json_object('permissions', json_group_object(m.key, m.was)),
          'after', json_object('permissions', json_group_object(m.key, m.is_now)),
          'detail', group_concat(m.key || ' was ' || COALESCE(m.was, 'none') || ', is ' || COALESCE(m.is_now, 'none'), '; ')
        )
      FROM permitted AS m
      GROUP BY m.change
      UNION ALL
      SELECT
        json_object(
          'tells_of', p.kind,
          'change', iif(p.before IS NULL, 'new', 'gone'),
          'detail', CASE p.kind
            WHEN 'token' THEN iif(p.before IS NULL, 'Access was granted to the token', 'The token has no access any more')
            WHEN 'request' THEN iif(p.before IS NULL, 'The request is waiting', 'The request was approved, denied or withdrawn')
            WHEN 'repository' THEN iif(p.before IS NULL, 'The repository was not there before', 'The repository is not there any more')
            WHEN 'member' THEN iif(p.before IS NULL, 'Joined as ' || (p.after ->> 'role'), 'Was ' || (p.before ->> 'role') || ' and is not any more')
          END
        )
      FROM _kinds AS i
      WHERE i.kind = p.kind
        AND (p.before IS NULL) <> (p.after IS NULL)
        AND (
          p.after IS NULL
          OR EXISTS (
            SELECT 1
            FROM _known_since AS y
            WHERE y.org_ref = p.org_ref AND y.snapshot_id <= p.old_id
              AND y.resource = iif(p.kind = 'member' AND p.after ->> 'role' = 'outside', 'outside_collaborators', i.resource)
          )
        )
    ) AS o
  )) AS d

  UNION ALL

  -- Lists of tokens that had one before and have one now.
  SELECT
    e.snapshot_id,
    t.org_ref,
    'token',
    iif(e.is_added, 'widened', 'narrowed'),
    'token',
    CAST(t.grant_id AS TEXT),
    t.token_name,
    t.owner_login,
    iif(e.is_added, '{}', e.repositories),
    iif(e.is_added, e.repositories, '{}'),
    e.named || iif(e.is_added, ' added to its list of repositories', ' taken from its list of repositories')
  FROM _list_changes AS e
  CROSS JOIN _token_ver AS t
  WHERE t.token_ref = e.token_ref AND t.valid_from <= e.snapshot_id AND t.valid_to > e.snapshot_id
    AND t.repository_selection = 'subset'
    AND (
      t.valid_from <= e.old_id
      OR EXISTS (SELECT 1 FROM _token_ver AS b WHERE b.token_ref = e.token_ref AND b.valid_from <= e.old_id AND b.valid_to > e.old_id AND b.repository_selection = 'subset')
    )
    AND EXISTS (SELECT 1 FROM _known_since AS y WHERE y.org_ref = t.org_ref AND y.resource = 'token_repositories' AND y.snapshot_id <= e.old_id)

  UNION ALL

  -- Used again after a silence of 30 days or more, see merge/30_tokens.sql.
  SELECT
    a.snapshot_id,
    t.org_ref,
    'token',
    'awake',
    'token',
    CAST(t.grant_id AS TEXT),
    t.token_name,
    t.owner_login,
    iif(
      b.last_used_at IS NULL,
      json_object('last_used_at', NULL, 'access_granted_at', t.access_granted_at),
      json_object('last_used_at', strftime('%Y-%m-%dT%H:%M:%SZ', b.last_used_at, 'unixepoch'))
    ),
    json_object('last_used_at', strftime('%Y-%m-%dT%H:%M:%SZ', u.last_used_at, 'unixepoch')),
    iif(
      b.last_used_at IS NULL,
      'It was used for the first time, ' || COALESCE((u.last_used_at - CAST(strftime('%s', t.access_granted_at) AS INTEGER)) / 86400 || ' days', 'long') || ' after access was granted',
      'It was used again after ' || (u.last_used_at - b.last_used_at) / 86400 || ' days'
    )
  FROM _awake AS a
  CROSS JOIN _token_ver AS t
  CROSS JOIN _token_usage AS u
  CROSS JOIN _token_usage AS b
  WHERE t.token_ref = a.token_ref AND t.valid_from <= a.snapshot_id AND t.valid_to > a.snapshot_id
    AND u.token_ref = a.token_ref AND u.snapshot_id = a.at_id
    AND b.token_ref = a.token_ref AND b.snapshot_id = (SELECT max(l.snapshot_id) FROM _token_usage AS l WHERE l.token_ref = a.token_ref AND l.snapshot_id < a.at_id)
) AS c
CROSS JOIN _orgs AS g
CROSS JOIN _snapshots AS s
WHERE g.org_ref = c.org_ref AND s.snapshot_id = c.snapshot_id
