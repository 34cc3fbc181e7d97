-- The list of stores. Each has a file of its own.
CREATE TABLE stores (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  name_key   TEXT NOT NULL UNIQUE,
  currency   TEXT NOT NULL,
  time_zone  TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
