package sqlite

import (
	"context"
	"time"

	"kassa/core/id"
	"kassa/core/user"

	"zombiezen.com/go/sqlite"
)

// Sessions implements user.Sessions.
type Sessions struct{ d *Database }

// NewSessions returns the sessions of the database's stores.
func NewSessions(d *Database) *Sessions { return &Sessions{d} }

// Add implements user.Sessions.
func (r *Sessions) Add(ctx context.Context, s id.Store, n user.Session, now time.Time, most int) error {
	return r.d.write(ctx, s, func(t *tx) error {
		if err := exec(t.conn, "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT 1000)",
			now.UnixMilli()); err != nil {
			return err
		}
		if err := exec(t.conn, "INSERT INTO sessions (id, user, epoch, family, secret, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
			string(n.ID), string(n.User), n.Epoch, n.Family, n.Secret, n.CreatedAt.UnixMilli(), n.ExpiresAt.UnixMilli()); err != nil {
			return err
		}
		return exec(t.conn, `DELETE FROM sessions WHERE id IN
			(SELECT id FROM sessions WHERE user = ? ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ?)`, string(n.User), int64(most))
	})
}

// Get implements user.Sessions.
func (r *Sessions) Get(ctx context.Context, s id.Store, i id.ID) (n user.Session, ok bool, err error) {
	err = r.d.read(ctx, s, func(t *tx) error {
		return one(t.conn, "SELECT id, user, epoch, family, secret, created_at, expires_at FROM sessions WHERE id = ?", func(st *sqlite.Stmt) {
			ok = true
			n = user.Session{
				ID: id.ID(st.ColumnText(0)), User: id.ID(st.ColumnText(1)), Epoch: st.ColumnInt64(2),
				Family: st.ColumnText(3), Secret: st.ColumnText(4),
				CreatedAt: time.UnixMilli(st.ColumnInt64(5)).UTC(), ExpiresAt: time.UnixMilli(st.ColumnInt64(6)).UTC(),
			}
		}, string(i))
	})
	return n, ok, err
}

// Renew implements user.Sessions.
func (r *Sessions) Renew(ctx context.Context, s id.Store, i id.ID, oldSecret, newSecret string, expires time.Time) (renewed bool, err error) {
	err = r.d.write(ctx, s, func(t *tx) error {
		err := exec(t.conn, "UPDATE sessions SET secret = ?, expires_at = ? WHERE id = ? AND secret = ?",
			newSecret, expires.UnixMilli(), string(i), oldSecret)
		renewed = t.conn.Changes() == 1
		return err
	})
	return renewed, err
}

// Remove implements user.Sessions.
func (r *Sessions) Remove(ctx context.Context, s id.Store, i id.ID) error {
	return r.d.write(ctx, s, func(t *tx) error {
		return exec(t.conn, "DELETE FROM sessions WHERE id = ?", string(i))
	})
}
