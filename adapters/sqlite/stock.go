package sqlite

import (
	"context"
	"fmt"

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
			if err := t.put("UPDATE stock SET on_hand = ? WHERE product = ?", "INSERT INTO stock (on_hand, product) VALUES (?, ?)",
				int64(v.OnHand()), string(v.Product())); err != nil {
				return err
			}
		}
		return nil
	})
}

// All implements writer.Projection.
func (r *Stock) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	return r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT product, on_hand FROM stock ORDER BY product", func(st *sqlite.Stmt) error {
			v, err := stockAt(st)
			if err != nil {
				return err
			}
			return fn(v)
		})
	})
}

func stockAt(st *sqlite.Stmt) (*inventory.Stock, error) {
	v, err := inventory.NewStock(id.ID(st.ColumnText(0)), measure.Quantity(st.ColumnInt64(1)))
	if err != nil {
		return nil, fmt.Errorf("%w: stock of %s: %w", journal.ErrCorrupt, st.ColumnText(0), err)
	}
	return v, nil
}
