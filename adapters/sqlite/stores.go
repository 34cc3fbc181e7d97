package sqlite

import (
	"context"
	"strings"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/money"
	"kassa/core/store"

	"zombiezen.com/go/sqlite"
)

// Stores implements store.Repository.
type Stores struct {
	d   *Database
	ids id.Source
}

// NewStores returns the list of the database's stores.
func NewStores(d *Database, ids id.Source) *Stores { return &Stores{d: d, ids: ids} }

// Create implements store.Repository.
func (r *Stores) Create(ctx context.Context, s store.Store) error {
	return r.create(ctx, s, journal.Active, false)
}

// CreateFirst implements store.Repository.
func (r *Stores) CreateFirst(ctx context.Context, s store.Store) error {
	return r.create(ctx, s, journal.Active, true)
}

// CreateCopy implements store.Repository.
func (r *Stores) CreateCopy(ctx context.Context, s store.Store) error {
	return r.create(ctx, s, journal.Copying, false)
}

// create makes the books before the list is committed: what a crash leaves is a file that no list names and nobody opens.
func (r *Stores) create(ctx context.Context, s store.Store, status journal.Status, first bool) error {
	return r.d.onList(ctx, true, func(t *tx) error {
		if first {
			if err := t.none(); err != nil {
				return err
			}
		}
		if err := t.enlist(s); err != nil {
			return err
		}
		return r.d.createBooks(ctx, s, r.ids.New(), status)
	})
}

// none returns store_exists where a store is listed.
func (t *tx) none() error {
	n := 0
	err := one(t.conn, "SELECT count(*) FROM stores", func(st *sqlite.Stmt) { n = st.ColumnInt(0) })
	if err == nil && n > 0 {
		err = fault.New(fault.Conflict, "store_exists", "there is a store")
	}
	return err
}

// enlist adds the store to the list.
func (t *tx) enlist(s store.Store) error {
	err := exec(t.conn, "INSERT INTO stores (id, name, name_key, currency, time_zone, created_at) VALUES (?, ?, ?, ?, ?, ?)",
		string(s.ID), s.Name, strings.ToLower(s.Name), string(s.Currency), s.TimeZone, s.CreatedAt.UnixMilli())
	if taken(err) {
		return fault.New(fault.Conflict, "store_exists", "there is a store of this name")
	}
	return err
}

// createBooks makes the store's file with an empty journal.
func (d *Database) createBooks(ctx context.Context, s store.Store, token id.ID, status journal.Status) error {
	f, err := openFile(d.path(s.ID), "store", false)
	if err != nil {
		return err
	}
	c, err := take(ctx, f.writer)
	if err != nil {
		return err
	}
	err = exec(c, "INSERT INTO head (one, store, token, position, at, status) VALUES (1, ?, ?, 0, ?, ?) ON CONFLICT DO NOTHING",
		string(s.ID), string(token), s.CreatedAt.UnixMilli(), string(status))
	f.writer <- c
	if err != nil {
		_ = f.close()
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stores[s.ID] = f
	return nil
}

// Get implements store.Repository.
func (r *Stores) Get(ctx context.Context, s id.Store) (store.Store, error) {
	found, err := r.query(ctx, "SELECT id, name, currency, time_zone, created_at FROM stores WHERE id = ?", string(s))
	if err == nil && len(found) == 0 {
		err = storeUnknown()
	}
	if err != nil {
		return store.Store{}, err
	}
	return found[0], nil
}

// List implements store.Repository.
func (r *Stores) List(ctx context.Context) ([]store.Store, error) {
	return r.query(ctx, "SELECT id, name, currency, time_zone, created_at FROM stores ORDER BY name_key, id")
}

func (r *Stores) query(ctx context.Context, query string, args ...any) (found []store.Store, err error) {
	err = r.d.onList(ctx, false, func(t *tx) error {
		return each(t.conn, query, func(st *sqlite.Stmt) error {
			found = append(found, store.Store{ID: id.Store(st.ColumnText(0)), Name: st.ColumnText(1), Currency: money.Currency(st.ColumnText(2)),
				TimeZone: st.ColumnText(3), CreatedAt: time.UnixMilli(st.ColumnInt64(4)).UTC()})
			return nil
		}, args...)
	})
	return found, err
}

// onList runs fn in a transaction on the list of stores.
func (d *Database) onList(ctx context.Context, write bool, fn func(t *tx) error) error {
	t := &tx{d: d, write: write}
	return d.run(ctx, t, func(ctx context.Context) error {
		if err := t.beginOn(ctx, "", d.list); err != nil {
			return err
		}
		return fn(t)
	})
}
