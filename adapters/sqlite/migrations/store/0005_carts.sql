-- Parked carts. They are no part of the books: the journal does not know them. body is the canonical form of what the columns do not hold.
CREATE TABLE carts (
  id         TEXT PRIMARY KEY,
  version    INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  body       TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX carts_updated ON carts (updated_at, id);
