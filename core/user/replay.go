package user

import (
	"fmt"

	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// Evidence implements writer.Evident: what the journal proves of a user is all but the personal fields.
func (u *User) Evidence() string {
	return fmt.Sprintf("%s active=%t deleted=%t version=%d epoch=%d created=%d",
		u.s.Role, u.s.Active, u.s.Deleted, u.s.Version, u.s.Epoch, u.s.CreatedAt.UnixMilli())
}

// Replay implements writer.Replayer.
func (c *Change) Replay(r journal.Record, b *writer.Books) error {
	if c.kind == created {
		return ReplayAdd(r, b, c.User, c.Role)
	}
	before, ok := writer.Find[*User](b, Ref(c.User))
	if !ok {
		return fmt.Errorf("user %s was never created", c.User)
	}
	s := before.s
	s.Role, s.Active, s.Deleted, s.Version = c.Role, c.Active, c.kind == deleted, s.Version+1
	s.Epoch = epochAfter(s, c.Changed)
	return replay(b, before, &User{s})
}

// ReplayAdd puts into the books what adding a user changed.
func ReplayAdd(r journal.Record, b *writer.Books, i id.ID, role Role) error {
	return replay(b, nil, &User{Snapshot{ID: i, Role: role, Active: true, CreatedAt: r.At, Version: 1}})
}

func replay(b *writer.Books, before, after *User) error {
	m, ok := writer.Find[*managers](b, managersRef)
	if !ok {
		m = &managers{}
	}
	m, err := m.after(before, after)
	if err != nil {
		return err
	}
	b.Put(after, m)
	return nil
}
