// Package user holds the people who work with Kassa: cashiers and managers, what each may do, and their sessions.
package user

import (
	"time"

	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// Role says what a user may do. Managers may do all that cashiers do.
type Role string

// The roles.
const (
	Cashier Role = "cashier"
	Manager Role = "manager"
)

// ParseRole returns the role, or an Invalid fault with code role_invalid.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case Cashier, Manager:
		return r, nil
	}
	return "", fault.New(fault.Invalid, "role_invalid", "a role is cashier or manager")
}

// Snapshot is a user as a plain value, for stores and answers.
type Snapshot struct {
	ID           id.ID
	Name         string // 1 to 100 characters; empty when deleted
	Email        string // as typed; empty when deleted
	Role         Role
	PasswordHash string // empty when deleted
	Active       bool
	Deleted      bool
	CreatedAt    time.Time // record time
	Version      int64     // from 1, one more with each edit
	Epoch        int64     // of the sessions: those of an earlier one are over
}

// User is a cashier or a manager. Immutable.
type User struct{ s Snapshot }

// Ref names a user's value.
func Ref(i id.ID) journal.Ref { return journal.NewRef("user", string(i)) }

// Restore makes a user from what a store kept; an error that is journal.ErrCorrupt when that breaks a rule.
func Restore(s Snapshot) (*User, error) {
	u := &User{s}
	if err := u.check(); err != nil {
		return nil, journal.Corrupt(err, "user "+string(s.ID))
	}
	return u, nil
}

// check holds what is true of every user. A deleted one has nothing personal left.
func (u *User) check() error {
	if _, err := id.Parse(string(u.s.ID)); err != nil {
		return err
	}
	if _, err := ParseRole(string(u.s.Role)); err != nil {
		return err
	}
	if u.s.Version < 1 || u.s.CreatedAt.IsZero() {
		return fault.New(fault.Internal, "user_corrupt", "a user has a version and a time")
	}
	if u.s.Deleted {
		if u.s.Active || u.s.Name+u.s.Email+u.s.PasswordHash != "" {
			return fault.New(fault.Internal, "user_corrupt", "a deleted user has nothing personal")
		}
		return nil
	}
	if u.s.PasswordHash == "" {
		return fault.New(fault.Internal, "user_corrupt", "a user has a password")
	}
	if err := CheckName(u.s.Name); err != nil {
		return err
	}
	return CheckEmail(u.s.Email)
}

// Ref implements writer.Value.
func (u *User) Ref() journal.Ref { return Ref(u.s.ID) }

// Snapshot returns the user as a plain value.
func (u *User) Snapshot() Snapshot { return u.s }

// ID returns the user's id.
func (u *User) ID() id.ID { return u.s.ID }

// Role returns what the user may do.
func (u *User) Role() Role { return u.s.Role }

// Place implements page.Placed: users are listed by folded name and id.
func (u *User) Place() []string { return []string{Fold(u.s.Name), string(u.s.ID)} }

// Active reports whether the user may sign in and act. Deleted users are not active.
func (u *User) Active() bool { return u.s.Active }

// Version counts the edits, for optimistic locking.
func (u *User) Version() int64 { return u.s.Version }

// Email returns the e-mail address as it was typed, or nothing when the user is deleted.
func (u *User) Email() string { return u.s.Email }

// manages reports whether the user counts among the managers of whom one must stay.
func (u *User) manages() bool { return u != nil && u.s.Active && u.s.Role == Manager }

// Find returns the user, or the NotFound fault user_unknown, also for a deleted one.
func Find(v *writer.View, i id.ID) (*User, error) {
	u, ok := writer.Get[*User](v, Ref(i))
	if !ok || u.s.Deleted {
		return nil, Unknown()
	}
	return u, nil
}

// Check asks, while an operation is applied, whether its actor may still do it. The system itself may. Unauthenticated fault
// token_invalid when the user is gone or inactive; Forbidden fault forbidden when a manager is needed and the user no longer is one.
func Check(v *writer.View, needManager bool) error {
	a := v.Actor()
	if a.ID == "" && a.Role == audit.System().Role {
		return nil
	}
	u, ok := writer.Get[*User](v, Ref(a.ID))
	if !ok || !u.Active() {
		return TokenInvalid()
	}
	if needManager && u.Role() != Manager {
		return Forbidden()
	}
	return nil
}
