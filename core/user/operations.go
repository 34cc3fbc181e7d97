package user

import (
	"errors"
	"slices"

	"kassa/core/audit"
	"kassa/core/claim"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// Newcomer is a user to be: checked fields, and the password as a hash.
type Newcomer struct {
	Name         string
	Email        string
	Role         Role
	PasswordHash string
}

// Add makes the user, with the id of the record at hand, and returns it with all values that change. Conflict fault email_taken.
func Add(v *writer.View, n Newcomer) (*User, []writer.Value, error) {
	m := managersOf(v)
	taken, err := claim.Take(v, EmailRef(n.Email), v.ID(), "email_taken")
	if err != nil {
		return nil, nil, err
	}
	u := &User{Snapshot{
		ID: v.ID(), Name: n.Name, Email: n.Email, Role: n.Role, PasswordHash: n.PasswordHash, Active: true, CreatedAt: v.Now(), Version: 1,
	}}
	if m, err = m.after(nil, u); err != nil {
		return nil, nil, err
	}
	return u, []writer.Value{u, taken, m}, u.check()
}

// begin asks for what every operation of a manager needs, and returns the business date.
func begin(v *writer.View) (clock.Date, error) {
	today, dayErr := day(v)
	if err := Check(v, true); err != nil {
		return 0, err
	}
	return today, dayErr
}

// draft returns the record of a change.
func draft(today clock.Date, doc *Change, before *User) journal.Draft {
	return journal.Draft{Day: today, Refs: []journal.Ref{Ref(doc.User)}, Facts: []audit.Fact{doc.fact(before)}, Doc: doc}
}

func change(kind string, after *User, changed []string) *Change {
	return &Change{kind: kind, User: after.s.ID, Role: after.s.Role, Active: after.s.Active, Changed: changed}
}

type createOperation struct{ n Newcomer }

// Intent implements writer.Operation.
func (o *createOperation) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *createOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	today, err := begin(v)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	u, values, err := Add(v, o.n)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	return draft(today, change(created, u, nil), nil), values, nil
}

// edit is an Edit whose password is a hash.
type edit struct {
	Edit
	passwordHash string // empty: stays
}

type editOperation struct{ c edit }

// errUnchanged refuses an edit that changes nothing, so that it leaves no record. The service takes it for success.
var errUnchanged = errors.New("nothing changes")

// Intent implements writer.Operation.
func (o *editOperation) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *editOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	today, before, m, err := seen(v, o.c.ID, o.c.Version)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	after, changed := o.c.on(before)
	if len(changed) == 0 {
		return journal.Draft{}, nil, errUnchanged
	}
	claims, err := moveClaim(v, before, after)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	if m, err = m.after(before, after); err != nil {
		return journal.Draft{}, nil, err
	}
	return draft(today, change(edited, after, changed), before), append(claims, after, m), after.check()
}

// seen asks for the user that was seen in the version, and for what every change of one needs.
func seen(v *writer.View, i id.ID, version int64) (clock.Date, *User, *managers, error) {
	m := managersOf(v)
	today, err := begin(v)
	if err != nil {
		return 0, nil, nil, err
	}
	u, err := Find(v, i)
	if err == nil && u.s.Version != version {
		err = fault.StaleVersion(u.s.Version)
	}
	return today, u, m, err
}

// moveClaim returns the claims that change with the e-mail address; Conflict fault email_taken.
func moveClaim(v *writer.View, before, after *User) ([]writer.Value, error) {
	from, to := EmailRef(before.s.Email), EmailRef(after.s.Email)
	if from == to {
		return nil, nil
	}
	taken, err := claim.Take(v, to, after.s.ID, "email_taken")
	if err != nil {
		return nil, err
	}
	return []writer.Value{claim.Release(from), taken}, nil
}

// on returns the user after the edit, and the names of the fields that changed.
func (c *edit) on(before *User) (after *User, changed []string) {
	s := before.s
	if c.Name != nil && *c.Name != s.Name {
		s.Name, changed = *c.Name, append(changed, "name")
	}
	if c.Email != nil && *c.Email != s.Email {
		s.Email, changed = *c.Email, append(changed, "email")
	}
	if c.Role != nil && *c.Role != s.Role {
		s.Role, changed = *c.Role, append(changed, "role")
	}
	if c.Active != nil && *c.Active != s.Active {
		s.Active, changed = *c.Active, append(changed, "active")
	}
	if c.passwordHash != "" {
		s.PasswordHash, changed = c.passwordHash, append(changed, "password")
	}
	s.Version++
	s.Epoch = epochAfter(s, changed)
	return &User{s}, changed
}

// epochAfter returns the epoch after a change to s: a new password, or not being active, ends the sessions.
func epochAfter(s Snapshot, changed []string) int64 {
	if slices.Contains(changed, "password") || !s.Active {
		return s.Epoch + 1
	}
	return s.Epoch
}

type deleteOperation struct{ c Delete }

// Intent implements writer.Operation.
func (o *deleteOperation) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *deleteOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	today, before, m, err := seen(v, o.c.ID, o.c.Version)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	after := before.erased()
	if m, err = m.after(before, after); err != nil {
		return journal.Draft{}, nil, err
	}
	return draft(today, change(deleted, after, nil), before), []writer.Value{after, m, claim.Release(EmailRef(before.s.Email))}, nil
}

// erased returns what is left of the user: an id that bills name, and nothing personal.
func (u *User) erased() *User {
	s := Snapshot{ID: u.s.ID, Role: u.s.Role, Deleted: true, CreatedAt: u.s.CreatedAt, Version: u.s.Version + 1, Epoch: u.s.Epoch}
	s.Epoch = epochAfter(s, nil)
	return &User{s}
}
