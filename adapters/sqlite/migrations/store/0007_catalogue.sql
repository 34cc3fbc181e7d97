-- Products are searched in memory. What is left here: the list in its order with all that it compares, which is read once, and what is out or low.
DROP TABLE product_terms;
DROP TABLE product_search;
DROP INDEX products_category;
DROP INDEX products_name;
CREATE INDEX products_name ON products (name_key, id, search, category_key) WHERE deleted = 0;

-- The product's limit beside its stock, so that an index holds what is low. It is null where the product is never low or deleted.
ALTER TABLE stock ADD COLUMN low_at INTEGER;
UPDATE stock SET low_at = (SELECT low_at FROM products WHERE id = stock.product);
CREATE INDEX stock_low ON stock (product) WHERE on_hand > 0 AND on_hand <= low_at;
