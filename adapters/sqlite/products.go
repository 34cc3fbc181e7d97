package sqlite

import (
	"context"
	"fmt"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/page"
	"kassa/core/writer"

	"zombiezen.com/go/sqlite"
)

// Products implements inventory.Repository.
type Products struct{ d *Database }

// NewProducts returns the products of the database's stores.
func NewProducts(d *Database) *Products { return &Products{d} }

// Load implements writer.Projection.
func (r *Products) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	var vs []writer.Value
	err := r.d.read(ctx, s, func(t *tx) error {
		for _, ref := range refs {
			if err := each(t.conn, "SELECT id, body FROM products WHERE id = ?", func(st *sqlite.Stmt) error {
				p, err := productAt(st)
				vs = append(vs, p)
				return err
			}, ref.Value()); err != nil {
				return err
			}
		}
		return nil
	})
	return vs, err
}

// All implements writer.Projection.
func (r *Products) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	return r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT id, body FROM products ORDER BY id", func(st *sqlite.Stmt) error {
			p, err := productAt(st)
			if err != nil {
				return err
			}
			return fn(p)
		})
	})
}

// productAt reads a product from the columns id and body.
func productAt(st *sqlite.Stmt) (*inventory.Product, error) {
	p := &inventory.Product{}
	c := journal.NewDecoder(bytesAt(st, 1))
	c.Root(p.Walk)
	if c.Err() == nil && string(p.ID()) != st.ColumnText(0) {
		c.Fail(fmt.Errorf("it is product %s", p.ID()))
	}
	if c.Err() != nil {
		return nil, fmt.Errorf("%w: product %s: %w", journal.ErrCorrupt, st.ColumnText(0), c.Err())
	}
	return p, nil
}

// Save implements writer.Projection. Barcodes are freed before they are taken, because products may swap theirs within a batch.
func (r *Products) Save(ctx context.Context, s id.Store, cs []writer.Change) error {
	return r.d.write(ctx, s, func(t *tx) error {
		rows := make([]int64, len(cs))
		for i, c := range cs {
			p, ok := c.After.(*inventory.Product)
			if !ok {
				return fmt.Errorf("cannot keep a %T", c.After)
			}
			var err error
			if rows[i], err = saveProduct(t, p); err != nil {
				return err
			}
			if err := exec(t.conn, "DELETE FROM barcodes WHERE product = ?", rows[i]); err != nil {
				return err
			}
		}
		for i, c := range cs {
			if err := index(t, rows[i], c); err != nil {
				return err
			}
		}
		return nil
	})
}

func saveProduct(t *tx, p *inventory.Product) (n int64, err error) {
	c := journal.NewEncoder(nil)
	c.Root(p.Walk)
	if c.Err() != nil {
		return 0, c.Err()
	}
	var name, key, category, search string
	var low any
	if !p.Deleted() {
		name, key, category, search = p.Name(), inventory.SortKey(p.Name()), inventory.Fold(p.Details().Category), p.SearchText()
		if q, ok := p.LowAt(); ok {
			low = int64(q)
		}
	}
	err = one(t.conn, `INSERT INTO products (id, deleted, name, name_key, category_key, low_at, search, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT))
		ON CONFLICT (id) DO UPDATE SET deleted = excluded.deleted, name = excluded.name, name_key = excluded.name_key,
		category_key = excluded.category_key, low_at = excluded.low_at, search = excluded.search, body = excluded.body RETURNING n`,
		func(st *sqlite.Stmt) { n = st.ColumnInt64(0) },
		string(p.ID()), flag(p.Deleted()), name, key, category, low, search, c.Bytes())
	return n, err
}

// ends makes three characters of the last one or two of a searched text.
const ends = "\n\n"

// index makes the product found by its barcodes and by its text.
func index(t *tx, n int64, c writer.Change) error {
	after, _ := c.After.(*inventory.Product)
	before, _ := c.Before.(*inventory.Product)
	if !after.Deleted() {
		for _, code := range after.Codes() {
			if err := broken(exec(t.conn, "INSERT INTO barcodes (code, product) VALUES (?, ?)", code, n)); err != nil {
				return err
			}
		}
	}
	was, is := before != nil && !before.Deleted(), !after.Deleted()
	if was && is && before.SearchText() == after.SearchText() {
		return nil
	}
	if was {
		if err := exec(t.conn, "DELETE FROM product_search WHERE rowid = ?", n); err != nil {
			return err
		}
	}
	if is {
		return broken(exec(t.conn, "INSERT INTO product_search (rowid, text) VALUES (?, ?)", n, after.SearchText()+ends))
	}
	return nil
}

// ByName implements inventory.Repository.
func (r *Products) ByName(ctx context.Context, s id.Store, name string) (ids []id.ID, err error) {
	err = r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT id FROM products WHERE deleted = 0 AND name_key = ? AND name = ? ORDER BY id LIMIT 2", func(st *sqlite.Stmt) error {
			ids = append(ids, id.ID(st.ColumnText(0)))
			return nil
		}, inventory.SortKey(name), name)
	})
	return ids, err
}

// List implements inventory.Repository.
func (r *Products) List(ctx context.Context, s id.Store, f inventory.Filter, p page.Request) (page.List[inventory.Listed], error) {
	var list page.List[inventory.Listed]
	after, err := page.Parts(p.After, 2)
	if err != nil {
		return list, err
	}
	err = r.d.read(ctx, s, func(t *tx) error {
		q, err := plan(t, f, after)
		if err != nil {
			return err
		}
		return each(t.conn, q.sql(), func(st *sqlite.Stmt) error {
			p, err := productAt(st)
			list.Items = append(list.Items, inventory.Listed{Product: p, OnHand: measure.Quantity(st.ColumnInt64(2))})
			return err
		}, append(q.args, int64(p.Limit)+1)...)
	})
	if len(list.Items) > p.Limit {
		list.Items = list.Items[:p.Limit]
		last := list.Items[p.Limit-1].Product
		list.Next = page.Cursor(inventory.SortKey(last.Name()), string(last.ID()))
	}
	return list, err
}
