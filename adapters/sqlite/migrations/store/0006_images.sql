-- What products look like, and how many of them name it. The journal knows the hashes only. The bytes are in a table of their own, because SQLite
-- writes a row anew as a whole, and put_at finds those that no product came to name.
CREATE TABLE images (
  n      INTEGER PRIMARY KEY,
  hash   TEXT NOT NULL UNIQUE,
  type   TEXT NOT NULL,
  uses   INTEGER NOT NULL,
  put_at INTEGER NOT NULL
);
CREATE INDEX images_unused ON images (put_at) WHERE uses = 0;

CREATE TABLE image_bytes (
  n     INTEGER PRIMARY KEY REFERENCES images (n) ON DELETE CASCADE,
  bytes BLOB NOT NULL
);
