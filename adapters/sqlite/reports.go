package sqlite

import (
	"context"

	"kassa/core/id"
	"kassa/core/report"

	"zombiezen.com/go/sqlite"
)

// Reports implements report.Repository.
type Reports struct{ d *Database }

// NewReports returns the figures of the database's stores.
func NewReports(d *Database) *Reports { return &Reports{d} }

// Watermark implements report.Repository.
func (r *Reports) Watermark(ctx context.Context, s id.Store) (position int64, err error) {
	err = r.d.read(ctx, s, func(t *tx) error {
		return one(t.conn, "SELECT position FROM watermark", func(st *sqlite.Stmt) { position = st.ColumnInt64(0) })
	})
	return position, err
}

// Advance implements report.Repository.
func (r *Reports) Advance(ctx context.Context, s id.Store, from, to int64) error {
	return r.d.write(ctx, s, func(t *tx) error {
		if err := exec(t.conn, "UPDATE watermark SET position = ? WHERE position = ?", to, from); err != nil {
			return err
		}
		if t.conn.Changes() != 1 {
			return report.ErrStale
		}
		return nil
	})
}

// Load implements report.Repository.
func (r *Reports) Load(ctx context.Context, s id.Store, keys []report.Key) (found []report.Page, err error) {
	err = r.d.read(ctx, s, func(t *tx) error {
		for _, k := range keys {
			if err := one(t.conn, "SELECT body FROM folds WHERE key = ?", func(st *sqlite.Stmt) {
				found = append(found, report.Page{Key: k, Body: bytesAt(st, 0)})
			}, string(k)); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// Range implements report.Repository.
func (r *Reports) Range(ctx context.Context, s id.Store, low, high report.Key, fn func(report.Page) error) error {
	return r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT key, body FROM folds WHERE key >= ? AND key < ? ORDER BY key", func(st *sqlite.Stmt) error {
			return fn(report.Page{Key: report.Key(st.ColumnText(0)), Body: bytesAt(st, 1)})
		}, string(low), string(high))
	})
}

// Save implements report.Repository.
func (r *Reports) Save(ctx context.Context, s id.Store, pages []report.Page) error {
	return r.d.write(ctx, s, func(t *tx) error {
		for _, p := range pages {
			if err := t.put("UPDATE folds SET body = ? WHERE key = ?", "INSERT INTO folds (body, key) VALUES (?, ?)", string(p.Body), string(p.Key)); err != nil {
				return err
			}
		}
		return nil
	})
}
