package sqlite

import (
	"context"
	"fmt"
	"time"

	"kassa/core/claim"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/page"
	"kassa/core/user"
	"kassa/core/writer"

	"zombiezen.com/go/sqlite"
)

// Users implements user.Repository.
type Users struct{ d *Database }

// NewUsers returns the users of the database's stores.
func NewUsers(d *Database) *Users { return &Users{d} }

const (
	userFields  = "id, name, email, role, password, active, deleted, created_at, version, epoch"
	userColumns = "SELECT " + userFields + " FROM users "
)

// Load implements writer.Projection.
func (r *Users) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	var vs []writer.Value
	err := r.d.read(ctx, s, func(t *tx) error {
		for _, ref := range refs {
			var err error
			if ref.Kind() == user.EmailClaim {
				err = each(t.conn, "SELECT id FROM users WHERE email_key = ?", func(st *sqlite.Stmt) error {
					vs = append(vs, claim.New(ref, id.ID(st.ColumnText(0))))
					return nil
				}, ref.Value())
			} else {
				err = each(t.conn, userColumns+"WHERE id = ?", func(st *sqlite.Stmt) error {
					u, err := userAt(st)
					vs = append(vs, u)
					return err
				}, ref.Value())
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return vs, err
}

// Save implements writer.Projection. Addresses are freed before they are taken, because users may swap theirs within a batch.
func (r *Users) Save(ctx context.Context, s id.Store, cs []writer.Change) error {
	return r.d.write(ctx, s, func(t *tx) error {
		return tidily(t, cs, func() error { return saveUsers(t, cs) })
	})
}

func saveUsers(t *tx, cs []writer.Change) error {
	for _, c := range cs {
		if u, ok := c.Before.(*user.User); ok {
			if err := exec(t.conn, "UPDATE users SET email_key = NULL WHERE id = ?", string(u.ID())); err != nil {
				return err
			}
		}
	}
	for _, c := range cs {
		u, ok := c.After.(*user.User)
		if !ok {
			continue // a claim is not kept: the row has the address
		}
		if err := saveUser(t, u.Snapshot()); err != nil {
			return err
		}
	}
	return nil
}

func saveUser(t *tx, u user.Snapshot) error {
	return broken(exec(t.conn, `INSERT INTO users (id, name, name_key, email, email_key, role, password, active, deleted, created_at, version, epoch)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, email = excluded.email, email_key = excluded.email_key,
		role = excluded.role, password = excluded.password, active = excluded.active, deleted = excluded.deleted, version = excluded.version,
		epoch = excluded.epoch`,
		string(u.ID), u.Name, user.Fold(u.Name), u.Email, orNull(user.Fold(u.Email)), string(u.Role), u.PasswordHash, flag(u.Active), flag(u.Deleted),
		u.CreatedAt.UnixMilli(), u.Version, u.Epoch))
}

// All implements writer.Projection. Claims follow from the users, whose rows must be found by what they hold.
func (r *Users) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	return r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT "+userFields+", name_key, email_key FROM users ORDER BY id", func(st *sqlite.Stmt) error {
			u, err := userAt(st)
			if err != nil {
				return err
			}
			if s := u.Snapshot(); st.ColumnText(10) != user.Fold(s.Name) || st.ColumnText(11) != user.Fold(s.Email) {
				return fmt.Errorf("%w: user %s is found by another name or address", journal.ErrCorrupt, u.ID())
			}
			return fn(u)
		})
	})
}

// Get implements user.Repository.
func (r *Users) Get(ctx context.Context, s id.Store, i id.ID) (*user.User, error) {
	u, err := r.find(ctx, s, "WHERE id = ?", string(i))
	if err == nil && u == nil {
		err = user.Unknown()
	}
	return u, err
}

// ByEmail implements user.Repository.
func (r *Users) ByEmail(ctx context.Context, s id.Store, email string) (*user.User, error) {
	return r.find(ctx, s, "WHERE email_key = ?", user.Fold(email))
}

func (r *Users) find(ctx context.Context, s id.Store, where, value string) (found *user.User, err error) {
	err = r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, userColumns+where, func(st *sqlite.Stmt) error {
			var err error
			found, err = userAt(st)
			return err
		}, value)
	})
	return found, err
}

// List implements user.Repository.
func (r *Users) List(ctx context.Context, s id.Store, p page.Request) (page.List[*user.User], error) {
	after, err := nameAndID(p.After)
	if err != nil {
		return page.List[*user.User]{}, err
	}
	var found []*user.User
	err = r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, userColumns+"WHERE deleted = 0 AND (name_key, id) > (?, ?) ORDER BY name_key, id LIMIT ?", func(st *sqlite.Stmt) error {
			u, err := userAt(st)
			found = append(found, u)
			return err
		}, after[0], after[1], int64(p.Limit)+1)
	})
	return page.Cut(found, p.Limit), err
}

func userAt(st *sqlite.Stmt) (*user.User, error) {
	return user.Restore(user.Snapshot{
		ID: id.ID(st.ColumnText(0)), Name: st.ColumnText(1), Email: st.ColumnText(2), Role: user.Role(st.ColumnText(3)),
		PasswordHash: st.ColumnText(4), Active: st.ColumnInt64(5) != 0, Deleted: st.ColumnInt64(6) != 0,
		CreatedAt: time.UnixMilli(st.ColumnInt64(7)).UTC(), Version: st.ColumnInt64(8), Epoch: st.ColumnInt64(9),
	})
}
