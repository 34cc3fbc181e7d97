-- The books of one store. The journal is the truth; values are projections of it and can be rebuilt.
CREATE TABLE head (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  store    TEXT NOT NULL,
  token    TEXT NOT NULL,
  position INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  status   TEXT NOT NULL
);

-- Last hash of each register's chain; '' is the store's own.
CREATE TABLE chains (
  chain TEXT PRIMARY KEY,
  hash  BLOB NOT NULL
) WITHOUT ROWID;

-- One row per record. body is the canonical form that the hash covers. The kinds of keys that nearly every sale has are columns of their
-- own; the others are in keys.
CREATE TABLE records (
  position INTEGER PRIMARY KEY,
  id       TEXT NOT NULL,
  at       INTEGER NOT NULL,
  idem     TEXT,
  sale     TEXT,
  number   TEXT,
  hash     BLOB NOT NULL,
  body     TEXT NOT NULL
);
CREATE UNIQUE INDEX records_id ON records (id);
CREATE UNIQUE INDEX records_idem ON records (idem) WHERE idem IS NOT NULL;
CREATE UNIQUE INDEX records_sale ON records (sale) WHERE sale IS NOT NULL;
CREATE UNIQUE INDEX records_number ON records (number) WHERE number IS NOT NULL;

CREATE TABLE keys (
  key      TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) WITHOUT ROWID;

-- Names of accounts and refs as small integers, so that the two largest indexes stay small.
CREATE TABLE names (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- What records are listed by, and their ledger lines. Both are clustered by span, 2,048 positions, before anything else: all that is
-- written at one time goes to the same few pages, however many products and registers there are. spans says in which spans a name occurs.
CREATE TABLE refs (
  span     INTEGER NOT NULL,
  ref      INTEGER NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (span, ref, position)
) WITHOUT ROWID;

CREATE TABLE lines (
  span     INTEGER NOT NULL,
  account  INTEGER NOT NULL,
  position INTEGER NOT NULL,
  amount   INTEGER NOT NULL,
  balance  INTEGER NOT NULL,
  PRIMARY KEY (span, account, position)
) WITHOUT ROWID;

CREATE TABLE spans (
  name INTEGER NOT NULL,
  span INTEGER NOT NULL,
  PRIMARY KEY (name, span)
) WITHOUT ROWID;

-- Refs that are listed by business day.
CREATE TABLE days (
  ref      INTEGER NOT NULL,
  day      INTEGER NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (ref, day, position)
) WITHOUT ROWID;

-- Values that are only ever asked for by their ref.
CREATE TABLE state (
  ref  TEXT PRIMARY KEY,
  body TEXT NOT NULL
) WITHOUT ROWID;
