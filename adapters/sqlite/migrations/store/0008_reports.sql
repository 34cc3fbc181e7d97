-- Figures of reports, made of the records up to the watermark: they can be made again. A key names part, day or month, and shard; body is the
-- canonical form of the figures.
CREATE TABLE folds (
  key  TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL
);

CREATE TABLE watermark (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  position INTEGER NOT NULL
);
INSERT INTO watermark (one, position) VALUES (1, 0);
