-- Users. A deleted one keeps its row, with nothing personal in it. email_key and name_key are what is compared; email_key answers the
-- claims on addresses.
CREATE TABLE users (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  name_key   TEXT NOT NULL,
  email      TEXT NOT NULL,
  email_key  TEXT,
  role       TEXT NOT NULL,
  password   TEXT NOT NULL,
  active     INTEGER NOT NULL,
  deleted    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  version    INTEGER NOT NULL,
  epoch      INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX users_email ON users (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX users_name ON users (name_key, id) WHERE deleted = 0;

-- Who is signed in. Outside the journal.
CREATE TABLE sessions (
  id         TEXT PRIMARY KEY,
  user       TEXT NOT NULL,
  epoch      INTEGER NOT NULL,
  family     TEXT NOT NULL,
  secret     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user, created_at, id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
