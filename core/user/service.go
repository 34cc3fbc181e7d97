package user

import (
	"context"
	"errors"
	"strings"

	"kassa/core/claim"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/page"
	"kassa/core/trail"
	"kassa/core/transaction"
	"kassa/core/writer"
)

// Config is what a Service needs.
type Config struct {
	Writer       *writer.Writer
	Transactions transaction.Provider
	Users        Repository
	Sessions     Sessions
	Hasher       Hasher
	Tokens       Tokens
	Throttle     Throttle
	Trail        *trail.Service
	Clock        clock.Clock
	IDs          id.Source
}

// Service holds the use cases of users: what managers do with them, and signing in.
type Service struct {
	c       Config
	present *present
	turns   *Turns
}

// NewService returns the service.
func NewService(c Config) *Service { return &Service{c: c, present: newPresent(), turns: NewTurns()} }

// Create is the command to add a user.
type Create struct {
	Name     string
	Email    string
	Role     Role
	Password string
}

// Check trims the fields and returns a validation_failed fault that names, below the pointer, those that are refused.
func (c *Create) Check(v *fault.Validation, below string) {
	c.Name, c.Email = strings.TrimSpace(c.Name), strings.TrimSpace(c.Email)
	v.Refuses(below+"/name", CheckName(c.Name))
	v.Refuses(below+"/email", CheckEmail(c.Email))
	_, err := ParseRole(string(c.Role))
	v.Refuses(below+"/role", err)
	v.Refuses(below+"/password", CheckPassword(c.Password))
}

// Create adds a user. The actor is a manager. Faults: validation_failed, email_taken, forbidden, busy.
func (s *Service) Create(ctx context.Context, st id.Store, c Create) (*User, error) {
	var v fault.Validation
	if c.Check(&v, ""); v.Err() != nil {
		return nil, v.Err()
	}
	release, err := s.turns.Take(ctx, string(st)+" "+Fold(c.Email))
	if err != nil {
		return nil, err
	}
	defer release()
	if err := s.free(ctx, st, c.Email, ""); err != nil {
		return nil, err
	}
	hash, err := s.c.Hasher.Hash(ctx, c.Password)
	if err != nil {
		return nil, err
	}
	r, err := s.c.Writer.Do(ctx, st, &createOperation{Newcomer{Name: c.Name, Email: c.Email, Role: c.Role, PasswordHash: hash}})
	if err != nil {
		return nil, err
	}
	return s.c.Users.Get(ctx, st, r.Record.ID)
}

// free refuses an address that somebody else has, before time is spent on it. What counts is what the operation finds.
func (s *Service) free(ctx context.Context, st id.Store, email string, who id.ID) error {
	u, err := s.c.Users.ByEmail(ctx, st, email)
	if err == nil && u != nil && u.s.ID != who {
		err = claim.Taken("email_taken", u.s.ID)
	}
	return err
}

// Edit is the command to change a user; what is nil stays. A new password, or being made inactive, ends the user's sessions.
type Edit struct {
	ID       id.ID
	Version  int64 // that was seen
	Name     *string
	Email    *string
	Role     *Role
	Active   *bool
	Password *string
}

func (c *Edit) check() error {
	var v fault.Validation
	if c.Name != nil {
		c.Name = trimmed(*c.Name)
		v.Refuses("/name", CheckName(*c.Name))
	}
	if c.Email != nil {
		c.Email = trimmed(*c.Email)
		v.Refuses("/email", CheckEmail(*c.Email))
	}
	if c.Role != nil {
		_, err := ParseRole(string(*c.Role))
		v.Refuses("/role", err)
	}
	if c.Password != nil {
		v.Refuses("/password", CheckPassword(*c.Password))
	}
	return v.Err()
}

func trimmed(s string) *string {
	s = strings.TrimSpace(s)
	return &s
}

// Edit changes a user and returns it. The actor is a manager. Faults: validation_failed, user_unknown, version_stale, email_taken,
// last_manager, forbidden, busy.
func (s *Service) Edit(ctx context.Context, st id.Store, c Edit) (*User, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	e := edit{Edit: c}
	if c.Password != nil {
		release, err := s.turns.Take(ctx, string(c.ID))
		if err != nil {
			return nil, err
		}
		defer release()
		if e.passwordHash, err = s.c.Hasher.Hash(ctx, *c.Password); err != nil {
			return nil, err
		}
	}
	_, err := s.c.Writer.Do(ctx, st, &editOperation{e})
	s.present.forgetAll()
	if err != nil && !errors.Is(err, errUnchanged) {
		return nil, err
	}
	return s.Get(ctx, st, c.ID)
}

// Delete is the command to remove a user.
type Delete struct {
	ID      id.ID
	Version int64 // that was seen
}

// Delete erases what is personal of a user and ends the user's sessions. Bills keep the id. The actor is a manager. Faults: user_unknown,
// version_stale, last_manager, forbidden.
func (s *Service) Delete(ctx context.Context, st id.Store, c Delete) error {
	_, err := s.c.Writer.Do(ctx, st, &deleteOperation{c})
	s.present.forgetAll()
	return err
}

// Get returns a user; user_unknown, also for a deleted one.
func (s *Service) Get(ctx context.Context, st id.Store, i id.ID) (*User, error) {
	u, err := s.c.Users.Get(ctx, st, i)
	if err == nil && u.s.Deleted {
		return nil, Unknown()
	}
	return u, err
}

// List returns users by name.
func (s *Service) List(ctx context.Context, st id.Store, p page.Request) (page.List[*User], error) {
	return s.c.Users.List(ctx, st, p)
}
