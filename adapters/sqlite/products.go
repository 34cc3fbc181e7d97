package sqlite

import (
	"context"
	"fmt"
	"slices"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
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
		codes := map[string]int64{}
		err := each(t.conn, "SELECT id, body, n, deleted, name, name_key, category_key, low_at, search FROM products ORDER BY id", func(st *sqlite.Stmt) error {
			p, err := productAt(st)
			if err != nil {
				return err
			}
			if rowAt(st, 3) != rowOf(p) {
				return fmt.Errorf("%w: product %s is listed as another one", journal.ErrCorrupt, p.ID())
			}
			for _, code := range barcodesOf(p) {
				codes[code] = st.ColumnInt64(2)
			}
			return fn(p)
		})
		if err != nil {
			return err
		}
		return checkBarcodes(t, codes)
	})
}

// Each implements inventory.Repository.
func (r *Products) Each(ctx context.Context, s id.Store, fn func(*inventory.Product) error) error {
	return r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT id, body FROM products", func(st *sqlite.Stmt) error {
			p, err := productAt(st)
			if err != nil {
				return err
			}
			return fn(p)
		})
	})
}

// checkBarcodes holds that each code finds the row of its product, and that no other code finds any.
func checkBarcodes(t *tx, codes map[string]int64) error {
	err := each(t.conn, "SELECT code, product FROM barcodes", func(st *sqlite.Stmt) error {
		code := st.ColumnText(0)
		if n, ok := codes[code]; !ok || n != st.ColumnInt64(1) {
			return fmt.Errorf("%w: barcode %s finds a product that does not have it", journal.ErrCorrupt, code)
		}
		delete(codes, code)
		return nil
	})
	for code := range codes {
		if err == nil {
			err = fmt.Errorf("%w: barcode %s does not find its product", journal.ErrCorrupt, code)
		}
	}
	return err
}

// productRow is what lists and searches compare of a product. All of it is empty where the product is deleted.
type productRow struct {
	deleted                     bool
	name, key, category, search string
	warns                       bool
	lowAt                       measure.Quantity
}

func rowOf(p *inventory.Product) productRow {
	if p.Deleted() {
		return productRow{deleted: true}
	}
	e := inventory.EntryOf(p)
	r := productRow{name: p.Name(), key: e.Key, category: e.Category, search: e.Text}
	r.lowAt, r.warns = p.LowAt()
	return r
}

// rowAt reads the columns deleted, name, name_key, category_key, low_at and search that begin at col.
func rowAt(st *sqlite.Stmt, col int) productRow {
	return productRow{
		deleted: st.ColumnInt64(col) != 0, name: st.ColumnText(col + 1), key: st.ColumnText(col + 2), category: st.ColumnText(col + 3),
		warns: !st.ColumnIsNull(col + 4), lowAt: measure.Quantity(st.ColumnInt64(col + 4)), search: st.ColumnText(col + 5),
	}
}

// barcodesOf returns what finds the product: nothing when it is deleted.
func barcodesOf(p *inventory.Product) []string {
	if p.Deleted() {
		return nil
	}
	return p.Codes()
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
		return nil, journal.Corrupt(c.Err(), "product "+st.ColumnText(0))
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
	body, err := journal.Encode(p.Walk)
	if err != nil {
		return 0, err
	}
	row := rowOf(p)
	err = one(t.conn, `INSERT INTO products (id, deleted, name, name_key, category_key, low_at, search, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT))
		ON CONFLICT (id) DO UPDATE SET deleted = excluded.deleted, name = excluded.name, name_key = excluded.name_key,
		category_key = excluded.category_key, low_at = excluded.low_at, search = excluded.search, body = excluded.body RETURNING n`,
		func(st *sqlite.Stmt) { n = st.ColumnInt64(0) },
		string(p.ID()), flag(row.deleted), row.name, row.key, row.category, lowOf(p), row.search, body)
	return n, err
}

// index makes the product found by its barcodes, and repeats its limit where what is low is looked for. Its stock may have been saved before.
func index(t *tx, n int64, c writer.Change) error {
	after, _ := c.After.(*inventory.Product)
	before, _ := c.Before.(*inventory.Product)
	for _, code := range barcodesOf(after) {
		if err := broken(exec(t.conn, "INSERT INTO barcodes (code, product) VALUES (?, ?)", code, n)); err != nil {
			return err
		}
	}
	low := lowOf(after)
	if before == nil && low == nil || before != nil && lowOf(before) == low {
		return nil
	}
	return exec(t.conn, "UPDATE stock SET low_at = ? WHERE product = ?", low, string(after.ID()))
}

// lowOf returns the stock at which the product is low, or nil.
func lowOf(p *inventory.Product) any {
	if at, warns := p.LowAt(); warns && !p.Deleted() {
		return int64(at)
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

// ByCodes implements inventory.Repository.
func (r *Products) ByCodes(ctx context.Context, s id.Store, codes []string) (ps []*inventory.Product, err error) {
	err = r.d.read(ctx, s, func(t *tx) error {
		for _, code := range codes {
			if err := each(t.conn, "SELECT p.id, p.body FROM barcodes b JOIN products p ON p.n = b.product WHERE b.code = ?", func(st *sqlite.Stmt) error {
				p, err := productAt(st)
				if err == nil && !slices.ContainsFunc(ps, func(o *inventory.Product) bool { return o.ID() == p.ID() }) {
					ps = append(ps, p)
				}
				return err
			}, code); err != nil {
				return err
			}
		}
		return nil
	})
	return ps, err
}

// Scan implements inventory.Repository.
func (r *Products) Scan(ctx context.Context, s id.Store, behind inventory.Place, fn func(inventory.Entry) error) error {
	return r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT name_key, id, search, category_key FROM products INDEXED BY products_name WHERE deleted = 0 AND (name_key, id) > (?, ?) ORDER BY name_key, id",
			func(st *sqlite.Stmt) error {
				return fn(inventory.Entry{Place: inventory.Place{Key: st.ColumnText(0), ID: id.ID(st.ColumnText(1))}, Text: st.ColumnText(2), Category: st.ColumnText(3)})
			}, behind.Key, string(behind.ID))
	})
}
