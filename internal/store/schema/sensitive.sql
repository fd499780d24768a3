-- Which repositories the configuration calls sensitive; all in lower case.

CREATE TABLE _sensitive (
  kind TEXT NOT NULL CHECK (kind IN ('name', 'topic', 'property')),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (kind, key, value)
) STRICT, WITHOUT ROWID;
