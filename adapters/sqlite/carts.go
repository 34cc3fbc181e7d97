package sqlite

import (
	"context"
	"time"

	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/page"

	"zombiezen.com/go/sqlite"
)

// Carts implements cashier.Carts. Its writes join the transaction of the context, or make one of their own.
type Carts struct{ d *Database }

// NewCarts returns the parked carts of the database's stores.
func NewCarts(d *Database) *Carts { return &Carts{d: d} }

const cartColumns = "id, version, updated_at, body"

// Insert implements cashier.Carts.
func (r *Carts) Insert(ctx context.Context, s id.Store, c cashier.Cart) error {
	body, err := c.Content()
	if err != nil {
		return err
	}
	return r.write(ctx, s, func(t *tx) error {
		var n int64
		if err := one(t.conn, "SELECT count(*) FROM carts", func(st *sqlite.Stmt) { n = st.ColumnInt64(0) }); err != nil {
			return err
		}
		if n >= cashier.MaxCarts {
			return cashier.TooManyCarts()
		}
		return exec(t.conn, "INSERT INTO carts ("+cartColumns+") VALUES (?, ?, ?, ?)", string(c.ID), c.Version, c.UpdatedAt.UnixMilli(), body)
	})
}

// Update implements cashier.Carts.
func (r *Carts) Update(ctx context.Context, s id.Store, c cashier.Cart) error {
	body, err := c.Content()
	if err != nil {
		return err
	}
	return r.write(ctx, s, func(t *tx) error {
		if err := t.atVersion(c.ID, c.Version-1); err != nil {
			return err
		}
		return exec(t.conn, "UPDATE carts SET version = ?, updated_at = ?, body = ? WHERE id = ?", c.Version, c.UpdatedAt.UnixMilli(), body, string(c.ID))
	})
}

// Delete implements cashier.Carts.
func (r *Carts) Delete(ctx context.Context, s id.Store, i id.ID, version int64) error {
	return r.write(ctx, s, func(t *tx) error {
		if err := t.atVersion(i, version); err != nil {
			return err
		}
		return exec(t.conn, "DELETE FROM carts WHERE id = ?", string(i))
	})
}

func (r *Carts) write(ctx context.Context, s id.Store, fn func(t *tx) error) error {
	return r.d.Transact(ctx, func(ctx context.Context) error { return r.d.write(ctx, s, fn) })
}

// atVersion refuses a cart that is not there, or has another version than that, where it is not 0.
func (t *tx) atVersion(i id.ID, version int64) error {
	var has int64
	if err := one(t.conn, "SELECT version FROM carts WHERE id = ?", func(st *sqlite.Stmt) { has = st.ColumnInt64(0) }, string(i)); err != nil {
		return err
	}
	return cashier.CheckCart(i, has, version)
}

// Get implements cashier.Carts.
func (r *Carts) Get(ctx context.Context, s id.Store, i id.ID) (cashier.Cart, error) {
	found, err := r.query(ctx, s, "SELECT "+cartColumns+" FROM carts WHERE id = ?", string(i))
	if err == nil && len(found) == 0 {
		err = cashier.CartUnknown(i)
	}
	if err != nil {
		return cashier.Cart{}, err
	}
	return found[0], nil
}

// List implements cashier.Carts.
func (r *Carts) List(ctx context.Context, s id.Store, p page.Request) (page.List[cashier.Cart], error) {
	at, before, err := cashier.ChangedBefore(p.After)
	if err != nil {
		return page.List[cashier.Cart]{}, err
	}
	found, err := r.query(ctx, s, "SELECT "+cartColumns+" FROM carts WHERE (updated_at, id) < (?, ?) ORDER BY updated_at DESC, id DESC LIMIT ?",
		at, string(before), int64(p.Limit)+1)
	return page.Cut(found, p.Limit), err
}

func (r *Carts) query(ctx context.Context, s id.Store, query string, args ...any) (found []cashier.Cart, err error) {
	err = r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, query, func(st *sqlite.Stmt) error {
			c, err := cashier.RestoreCart(id.ID(st.ColumnText(0)), st.ColumnInt64(1), time.UnixMilli(st.ColumnInt64(2)).UTC(), st.ColumnText(3))
			found = append(found, c)
			return err
		}, args...)
	})
	return found, err
}
