-- The permission catalogue of this run, and the order of the tiers.

-- Unclassified ranks above medium: a permission that nobody has classified must
-- not hide behind a harmless one.
CREATE TABLE _tiers (
  rank INTEGER PRIMARY KEY,
  tier TEXT NOT NULL UNIQUE
) STRICT;

INSERT INTO _tiers (rank, tier) VALUES
  (0, 'critical'),
  (1, 'high'),
  (2, 'unclassified'),
  (3, 'medium'),
  (4, 'low');

CREATE TABLE _permission_catalog (
  scope TEXT NOT NULL,
  permission TEXT NOT NULL,
  level TEXT NOT NULL,
  tier_rank INTEGER NOT NULL REFERENCES _tiers (rank),
  why TEXT NOT NULL,
  PRIMARY KEY (scope, permission, level)
) STRICT, WITHOUT ROWID;

CREATE VIEW permission_catalog AS -- What each permission at each level can do, and how bad that is.
SELECT
  c.scope AS scope, -- organization, repository or other
  c.permission AS permission, -- key as GitHub writes it in a token
  c.level AS level, -- read, write or admin
  (SELECT t.tier FROM _tiers AS t WHERE t.rank = c.tier_rank) AS tier, -- critical, high, medium, low or unclassified
  c.why AS why -- what its holder can do
FROM _permission_catalog AS c;
