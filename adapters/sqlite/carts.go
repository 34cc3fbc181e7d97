package sqlite

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
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
	body, err := cartBody(&c)
	if err != nil {
		return err
	}
	return r.write(ctx, s, func(t *tx) error {
		var n int64
		if err := one(t.conn, "SELECT count(*) FROM carts", func(st *sqlite.Stmt) { n = st.ColumnInt64(0) }); err != nil {
			return err
		}
		if n >= cashier.MaxCarts {
			return fault.New(fault.Conflict, "too_many_carts", "a store parks at most %d carts; discard some", cashier.MaxCarts)
		}
		return exec(t.conn, "INSERT INTO carts ("+cartColumns+") VALUES (?, ?, ?, CAST(? AS TEXT))", string(c.ID), c.Version, c.UpdatedAt.UnixMilli(), body)
	})
}

// Update implements cashier.Carts.
func (r *Carts) Update(ctx context.Context, s id.Store, c cashier.Cart) error {
	body, err := cartBody(&c)
	if err != nil {
		return err
	}
	return r.write(ctx, s, func(t *tx) error {
		if err := t.atVersion(c.ID, c.Version-1); err != nil {
			return err
		}
		return exec(t.conn, "UPDATE carts SET version = ?, updated_at = ?, body = CAST(? AS TEXT) WHERE id = ?", c.Version, c.UpdatedAt.UnixMilli(), body, string(c.ID))
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
	switch {
	case has == 0:
		return cartUnknown(i)
	case version != 0 && version != has:
		return fault.StaleVersion(has)
	}
	return nil
}

func cartUnknown(i id.ID) error {
	return fault.New(fault.NotFound, "cart_unknown", "there is no such cart").With("cart_id", string(i))
}

// Get implements cashier.Carts.
func (r *Carts) Get(ctx context.Context, s id.Store, i id.ID) (cashier.Cart, error) {
	found, err := r.query(ctx, s, "SELECT "+cartColumns+" FROM carts WHERE id = ?", string(i))
	if err == nil && len(found) == 0 {
		err = cartUnknown(i)
	}
	if err != nil {
		return cashier.Cart{}, err
	}
	return found[0], nil
}

// List implements cashier.Carts.
func (r *Carts) List(ctx context.Context, s id.Store, p page.Request) (page.List[cashier.Cart], error) {
	var list page.List[cashier.Cart]
	at, before, err := changedBefore(p.After)
	if err != nil {
		return list, err
	}
	list.Items, err = r.query(ctx, s, "SELECT "+cartColumns+" FROM carts WHERE (updated_at, id) < (?, ?) ORDER BY updated_at DESC, id DESC LIMIT ?",
		at, before, int64(p.Limit)+1)
	if len(list.Items) > p.Limit {
		list.Items = list.Items[:p.Limit]
		last := list.Items[p.Limit-1]
		list.Next = page.Cursor(strconv.FormatInt(last.UpdatedAt.UnixMilli(), 10), string(last.ID))
	}
	return list, err
}

// changedBefore reads the cursor of List; without one, it is after every cart.
func changedBefore(cursor string) (at int64, i string, err error) {
	parts, err := page.Parts(cursor, 2)
	if err != nil || parts == nil {
		return math.MaxInt64, "", err
	}
	if at, err = strconv.ParseInt(parts[0], 10, 64); err != nil {
		return 0, "", page.Invalid()
	}
	return at, parts[1], nil
}

func (r *Carts) query(ctx context.Context, s id.Store, query string, args ...any) (found []cashier.Cart, err error) {
	err = r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, query, func(st *sqlite.Stmt) error {
			c := cashier.Cart{ID: id.ID(st.ColumnText(0)), Version: st.ColumnInt64(1), UpdatedAt: time.UnixMilli(st.ColumnInt64(2)).UTC()}
			k := journal.NewDecoder(bytesAt(st, 3))
			k.Root(func(k *journal.Codec) { walkCart(k, &c) })
			if k.Err() != nil {
				return fmt.Errorf("%w: cart %s: %w", journal.ErrCorrupt, c.ID, k.Err())
			}
			found = append(found, c)
			return nil
		}, args...)
	})
	return found, err
}

func cartBody(c *cashier.Cart) ([]byte, error) {
	k := journal.NewEncoder(nil)
	k.Root(func(k *journal.Codec) { walkCart(k, c) })
	return k.Bytes(), k.Err()
}

func walkCart(k *journal.Codec, c *cashier.Cart) {
	journal.Text(k, "name", &c.Name)
	journal.Text(k, "register", &c.Register)
	journal.Text(k, "member", &c.Member)
	journal.Text(k, "created_by", &c.CreatedBy)
	journal.Objects(k, "lines", &c.Lines, func(k *journal.Codec, l *cashier.CartLine) {
		journal.Text(k, "product", &l.Product)
		journal.Int(k, "quantity", &l.Quantity)
	})
}
