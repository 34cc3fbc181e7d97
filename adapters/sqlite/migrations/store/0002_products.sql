-- Products, deleted ones too. body is the canonical form; the other columns are what lists and searches compare, and are empty or null
-- where the product is deleted. n numbers the rows for the search. The two indexes hold all that a list
-- compares, so that a scan in its order reads nothing else.
CREATE TABLE products (
  n            INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE,
  deleted      INTEGER NOT NULL,
  name         TEXT NOT NULL,
  name_key     TEXT NOT NULL,
  category_key TEXT NOT NULL,
  low_at       INTEGER,
  search       TEXT NOT NULL,
  body         TEXT NOT NULL
);
CREATE INDEX products_name ON products (name_key, id, search, low_at) WHERE deleted = 0;
CREATE INDEX products_category ON products (category_key, name_key, id, search, low_at) WHERE deleted = 0;

CREATE TABLE barcodes (
  code    TEXT PRIMARY KEY,
  product INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX barcodes_product ON barcodes (product);

-- Every three characters in a row of the searched text, for searches that few products match; and a view of them that tells which begin
-- with one or two. The texts are folded before they come here.
CREATE VIRTUAL TABLE product_search USING fts5(text, content='', contentless_delete=1, tokenize='trigram case_sensitive 1');
CREATE VIRTUAL TABLE product_terms USING fts5vocab(product_search, instance);

-- How much of each product there is, in thousandths. Apart from products, because every sale writes it.
CREATE TABLE stock (
  product TEXT PRIMARY KEY,
  on_hand INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX stock_out ON stock (product) WHERE on_hand <= 0;
