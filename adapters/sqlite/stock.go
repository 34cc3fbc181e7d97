package sqlite

import (
	"context"
	"fmt"
	"strings"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/writer"

	"zombiezen.com/go/sqlite"
)

// Stock implements inventory.StockRepository.
type Stock struct{ d *Database }

// NewStock returns the stock of the database's stores.
func NewStock(d *Database) *Stock { return &Stock{d} }

// Load implements writer.Projection.
func (r *Stock) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	var vs []writer.Value
	err := r.d.read(ctx, s, func(t *tx) error {
		for _, ref := range refs {
			if err := each(t.conn, "SELECT product, on_hand FROM stock WHERE product = ?", func(st *sqlite.Stmt) error {
				v, err := stockAt(st)
				vs = append(vs, v)
				return err
			}, ref.Value()); err != nil {
				return err
			}
		}
		return nil
	})
	return vs, err
}

// Save implements writer.Projection.
func (r *Stock) Save(ctx context.Context, s id.Store, cs []writer.Change) error {
	return r.d.write(ctx, s, func(t *tx) error {
		for _, c := range cs {
			v, ok := c.After.(*inventory.Stock)
			if !ok {
				return fmt.Errorf("cannot keep a %T", c.After)
			}
			if err := t.put("UPDATE stock SET on_hand = ? WHERE product = ?", "INSERT INTO stock (on_hand, product, low_at) VALUES (?1, ?2, (SELECT low_at FROM products WHERE id = ?2))",
				int64(v.OnHand()), string(v.Product())); err != nil {
				return err
			}
		}
		return nil
	})
}

// All implements writer.Projection. The limit beside each stock is compared with its product's.
func (r *Stock) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	return r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT s.product, s.on_hand, s.low_at IS NOT p.low_at FROM stock s LEFT JOIN products p ON p.id = s.product ORDER BY s.product", func(st *sqlite.Stmt) error {
			v, err := stockAt(st)
			if err == nil && st.ColumnInt64(2) != 0 {
				err = fmt.Errorf("%w: stock of %s is listed as another one", journal.ErrCorrupt, v.Product())
			}
			if err != nil {
				return err
			}
			return fn(v)
		})
	})
}

// Each implements inventory.StockRepository.
func (r *Stock) Each(ctx context.Context, s id.Store, fn func(*inventory.Stock) error) error {
	return r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT product, on_hand FROM stock", func(st *sqlite.Stmt) error {
			v, err := stockAt(st)
			if err != nil {
				return err
			}
			return fn(v)
		})
	})
}

// scarce are what finds the products that are out and low.
var scarce = map[inventory.StockFilter]struct{ index, where string }{
	inventory.OutOfStock: {"stock_out", "on_hand <= 0"},
	inventory.LowStock:   {"stock_low", "on_hand > 0 AND on_hand <= low_at"},
}

// Scarce implements inventory.StockRepository.
func (r *Stock) Scarce(ctx context.Context, s id.Store, f inventory.StockFilter, of []id.ID, limit int) (ids []id.ID, err error) {
	by, ok := scarce[f]
	if !ok {
		return nil, fmt.Errorf("no stock is %q", f)
	}
	query, args := "SELECT product FROM stock INDEXED BY "+by.index+" WHERE "+by.where+" LIMIT ?", []any{int64(limit)}
	if of != nil { // in one text, because a statement has at most so many parameters; ids have no quotes
		list := make([]string, len(of))
		for i, o := range of {
			list[i] = string(o)
		}
		query = "SELECT product FROM json_each(?) x CROSS JOIN stock s ON s.product = x.value WHERE " + by.where + " LIMIT ?"
		args = []any{`["` + strings.Join(list, `","`) + `"]`, int64(limit)}
	}
	err = r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, query, func(st *sqlite.Stmt) error {
			ids = append(ids, id.ID(st.ColumnText(0)))
			return nil
		}, args...)
	})
	return ids, err
}

func stockAt(st *sqlite.Stmt) (*inventory.Stock, error) {
	v, err := inventory.NewStock(id.ID(st.ColumnText(0)), measure.Quantity(st.ColumnInt64(1)))
	if err != nil {
		return nil, journal.Corrupt(err, "stock of "+st.ColumnText(0))
	}
	return v, nil
}
