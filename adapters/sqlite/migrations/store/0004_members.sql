-- Members. A deleted one keeps its row, with nothing personal in it. The columns that end in _key are what is compared and searched; those of
-- e-mail and phone answer the claims on them.
CREATE TABLE members (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  name_key   TEXT NOT NULL,
  email      TEXT NOT NULL,
  email_key  TEXT,
  phone      TEXT NOT NULL,
  phone_key  TEXT,
  pin        TEXT NOT NULL,
  tier       TEXT NOT NULL,
  deleted    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  version    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX members_email ON members (email_key) WHERE email_key IS NOT NULL;
CREATE UNIQUE INDEX members_phone ON members (phone_key) WHERE phone_key IS NOT NULL;
CREATE INDEX members_name ON members (name_key, id) WHERE deleted = 0;
