package sqlite

import (
	"context"
	"fmt"
	"time"

	"kassa/core/claim"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/member"
	"kassa/core/page"
	"kassa/core/user"
	"kassa/core/writer"

	"zombiezen.com/go/sqlite"
)

// Members implements member.Repository.
type Members struct{ d *Database }

// NewMembers returns the members of the database's stores.
func NewMembers(d *Database) *Members { return &Members{d} }

const (
	memberFields  = "id, name, email, phone, pin, tier, deleted, created_at, version"
	memberColumns = "SELECT " + memberFields + " FROM members "
)

// Load implements writer.Projection.
func (r *Members) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	var vs []writer.Value
	err := r.d.read(ctx, s, func(t *tx) error {
		for _, ref := range refs {
			query, row := memberColumns+"WHERE id = ?", func(st *sqlite.Stmt) error {
				m, err := memberAt(st)
				vs = append(vs, m)
				return err
			}
			claim := func(st *sqlite.Stmt) error {
				vs = append(vs, claim.New(ref, id.ID(st.ColumnText(0))))
				return nil
			}
			switch ref.Kind() {
			case member.EmailClaim:
				query, row = "SELECT id FROM members WHERE email_key = ?", claim
			case member.PhoneClaim:
				query, row = "SELECT id FROM members WHERE phone_key = ?", claim
			}
			if err := each(t.conn, query, row, ref.Value()); err != nil {
				return err
			}
		}
		return nil
	})
	return vs, err
}

// Save implements writer.Projection. Addresses and numbers are freed before they are taken, because members may swap theirs within a batch.
func (r *Members) Save(ctx context.Context, s id.Store, cs []writer.Change) error {
	return r.d.write(ctx, s, func(t *tx) error {
		return tidily(t, cs, func() error { return saveMembers(t, cs) })
	})
}

func saveMembers(t *tx, cs []writer.Change) error {
	for _, c := range cs {
		if m, ok := c.Before.(*member.Member); ok {
			if err := exec(t.conn, "UPDATE members SET email_key = NULL, phone_key = NULL WHERE id = ?", string(m.ID())); err != nil {
				return err
			}
		}
	}
	for _, c := range cs {
		m, ok := c.After.(*member.Member)
		if !ok {
			continue // a claim is not kept: the row has the address or number
		}
		if err := saveMember(t, m.Snapshot()); err != nil {
			return err
		}
	}
	return nil
}

func saveMember(t *tx, m member.Snapshot) error {
	return broken(exec(t.conn, `INSERT INTO members (id, name, name_key, email, email_key, phone, phone_key, pin, tier, deleted, created_at, version)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, email = excluded.email, email_key = excluded.email_key,
		phone = excluded.phone, phone_key = excluded.phone_key, pin = excluded.pin, tier = excluded.tier, deleted = excluded.deleted,
		version = excluded.version`,
		string(m.ID), m.Name, user.Fold(m.Name), m.Email, orNull(user.Fold(m.Email)), m.Phone, orNull(member.Digits(m.Phone)), m.PINHash, string(m.Tier),
		flag(m.Deleted), m.CreatedAt.UnixMilli(), m.Version))
}

// All implements writer.Projection. Claims follow from the members, whose rows must be found by what they hold.
func (r *Members) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	return r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT "+memberFields+", name_key, email_key, phone_key FROM members ORDER BY id", func(st *sqlite.Stmt) error {
			m, err := memberAt(st)
			if err != nil {
				return err
			}
			s := m.Snapshot()
			if st.ColumnText(9) != user.Fold(s.Name) || st.ColumnText(10) != user.Fold(s.Email) || st.ColumnText(11) != member.Digits(s.Phone) {
				return fmt.Errorf("%w: member %s is found by another name, address or number", journal.ErrCorrupt, m.ID())
			}
			return fn(m)
		})
	})
}

// Get implements member.Repository.
func (r *Members) Get(ctx context.Context, s id.Store, i id.ID) (*member.Member, error) {
	m, err := r.find(ctx, s, "WHERE id = ?", string(i))
	if err == nil && m == nil {
		err = member.Unknown(i)
	}
	return m, err
}

// ByEmail implements member.Repository.
func (r *Members) ByEmail(ctx context.Context, s id.Store, email string) (*member.Member, error) {
	return r.find(ctx, s, "WHERE email_key = ?", user.Fold(email))
}

// ByPhone implements member.Repository.
func (r *Members) ByPhone(ctx context.Context, s id.Store, phone string) (*member.Member, error) {
	return r.find(ctx, s, "WHERE phone_key = ?", member.Digits(phone))
}

func (r *Members) find(ctx context.Context, s id.Store, where, value string) (found *member.Member, err error) {
	err = r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, memberColumns+where, func(st *sqlite.Stmt) error {
			var err error
			found, err = memberAt(st)
			return err
		}, value)
	})
	return found, err
}

// List implements member.Repository. What is asked for is compared by instr, in which no character has a special meaning.
func (r *Members) List(ctx context.Context, s id.Store, q member.Search, p page.Request) (page.List[*member.Member], error) {
	after, err := nameAndID(p.After)
	if err != nil {
		return page.List[*member.Member]{}, err
	}
	where, args := "WHERE deleted = 0 AND (name_key, id) > (?, ?)", []any{after[0], after[1]}
	if q.Query != "" {
		text := user.Fold(q.Query)
		where += " AND (instr(name_key, ?) OR instr(email_key, ?) OR ? <> '' AND instr(phone_key, ?))"
		args = append(args, text, text, member.PhonePart(q.Query), member.PhonePart(q.Query))
	}
	if q.Email != "" {
		where += " AND instr(email_key, ?)"
		args = append(args, user.Fold(q.Email))
	}
	if q.Phone != "" {
		where += " AND ? <> '' AND instr(phone_key, ?)"
		args = append(args, member.PhonePart(q.Phone), member.PhonePart(q.Phone))
	}
	var found []*member.Member
	err = r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, memberColumns+where+" ORDER BY name_key, id LIMIT ?", func(st *sqlite.Stmt) error {
			m, err := memberAt(st)
			found = append(found, m)
			return err
		}, append(args, int64(p.Limit)+1)...)
	})
	return page.Cut(found, p.Limit), err
}

func memberAt(st *sqlite.Stmt) (*member.Member, error) {
	return member.Restore(member.Snapshot{
		ID: id.ID(st.ColumnText(0)), Name: st.ColumnText(1), Email: st.ColumnText(2), Phone: st.ColumnText(3), PINHash: st.ColumnText(4),
		Tier: member.Tier(st.ColumnText(5)), Deleted: st.ColumnInt64(6) != 0, CreatedAt: time.UnixMilli(st.ColumnInt64(7)).UTC(),
		Version: st.ColumnInt64(8),
	})
}
