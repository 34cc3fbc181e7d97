package setup

import (
	"context"
	"sync"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

// Config is what a Service needs.
type Config struct {
	Writer *writer.Writer
	Stores store.Repository
	Users  user.Repository
	Hasher user.Hasher
	Clock  clock.Clock
	IDs    id.Source
}

// Service sets Kassa up.
type Service struct {
	c       Config
	running sync.Mutex
}

// NewService returns the service.
func NewService(c Config) *Service { return &Service{c: c} }

// Command says what the first store is like and who its first manager is. The manager's role need not be set.
type Command struct {
	Name     string // of the store
	Currency string
	TimeZone string
	Manager  user.Create
}

// Run makes the first store and its first manager. Faults: validation_failed, already_set_up, copy_unfinished, busy; setup_unfinished when an earlier
// try made the store, under another name, and got no further.
func (s *Service) Run(ctx context.Context, c Command) (store.Store, *user.User, error) {
	n, err := s.check(&c)
	if err != nil {
		return store.Store{}, nil, err
	}
	s.running.Lock() // one at a time in this process
	defer s.running.Unlock()
	if err := s.Open(ctx); err != nil {
		return store.Store{}, nil, err
	}
	hash, err := s.c.Hasher.Hash(ctx, c.Manager.Password)
	if err != nil {
		return store.Store{}, nil, err
	}
	if n, err = s.prepare(ctx, n); err != nil {
		return store.Store{}, nil, err
	}
	r, err := s.c.Writer.Do(ctx, n.ID, &operation{
		name: n.Name, options: store.Defaults(n.Currency, n.TimeZone),
		manager: user.Newcomer{Name: c.Manager.Name, Email: c.Manager.Email, Role: user.Manager, PasswordHash: hash},
	})
	if err != nil {
		return store.Store{}, nil, err
	}
	u, err := s.c.Users.Get(ctx, n.ID, r.Record.ID)
	return n, u, err
}

// check validates both parts and names every refused field.
func (s *Service) check(c *Command) (store.Store, error) {
	var v fault.Validation
	n, err := store.New(s.c.IDs.New(), c.Name, c.Currency, c.TimeZone, clock.Milli(s.c.Clock.Now()))
	if f, ok := fault.As(err); ok {
		for _, field := range f.Fields {
			v.Refuse("/store"+field.Pointer, field.Code, "%s", field.Detail)
		}
	}
	c.Manager.Role = user.Manager
	c.Manager.Check(&v, "/manager")
	return n, v.Err()
}

// Open returns nil while Kassa waits to be set up, else the Conflict fault already_set_up or copy_unfinished.
func (s *Service) Open(ctx context.Context) error {
	all, err := s.c.Stores.List(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	if len(all) > 1 {
		return alreadySetUp()
	}
	if err := s.Whole(ctx, all[0].ID); err != nil {
		return err
	}
	done, err := s.done(ctx, all[0].ID)
	if err == nil && done {
		err = alreadySetUp()
	}
	return err
}

// Whole returns the Conflict fault copy_unfinished for a store that a copy or a restore has not finished: there is nobody yet who could sign in.
func (s *Service) Whole(ctx context.Context, st id.Store) error {
	status, err := s.c.Writer.Status(ctx, st)
	if err == nil && status == journal.Copying {
		err = fault.New(fault.Conflict, "copy_unfinished", "this store is a copy that is not finished; run the same kassa copy or kassa restore again")
	}
	return err
}

// done reports whether the store has its first record.
func (s *Service) done(ctx context.Context, st id.Store) (done bool, err error) {
	err = s.c.Writer.Read(ctx, st, func(v *writer.View) error {
		_, done = v.Record(firstKey)
		if !done {
			_, done = writer.Get[*store.Settings](v, store.SettingsRef)
		}
		return nil
	})
	return done, err
}

// prepare returns the store to set up: a new one, or the one that an earlier try has left empty.
func (s *Service) prepare(ctx context.Context, n store.Store) (store.Store, error) {
	exists := s.c.Stores.CreateFirst(ctx, n)
	if !fault.IsCode(exists, "store_exists") {
		return n, exists
	}
	if err := s.Open(ctx); err != nil { // another process was faster
		return n, err
	}
	all, err := s.c.Stores.List(ctx)
	switch {
	case err != nil:
		return n, err
	case len(all) == 0: // and no more
		return n, exists
	}
	left := all[0]
	if left.Name != n.Name || left.Currency != n.Currency || left.TimeZone != n.TimeZone {
		return n, fault.New(fault.Conflict, "setup_unfinished", "the setup of the store %q in %s and %s was begun and did not end; repeat it with these",
			left.Name, left.Currency, left.TimeZone).
			With("name", left.Name).With("currency", string(left.Currency)).With("time_zone", left.TimeZone)
	}
	return left, nil
}

// Choose returns the store that somebody means who signs in: the named one, by id or name, or the only one there is. Faults: not_set_up, copy_unfinished,
// Invalid fault store_required when there are several and none is named, login_failed for a store that does not exist.
func (s *Service) Choose(ctx context.Context, named string) (store.Store, error) {
	n, err := s.named(ctx, named)
	if err == nil {
		err = s.Whole(ctx, n.ID)
	}
	return n, err
}

func (s *Service) named(ctx context.Context, named string) (store.Store, error) {
	all, err := s.c.Stores.List(ctx)
	switch {
	case err != nil:
		return store.Store{}, err
	case len(all) == 0:
		return store.Store{}, fault.NotSetUp()
	case named == "" && len(all) == 1:
		return all[0], nil
	case named == "":
		return store.Store{}, fault.New(fault.Invalid, "store_required", "there are several stores; name one in the field store")
	}
	for _, n := range all {
		if string(n.ID) == named {
			return n, nil
		}
	}
	for _, n := range all {
		if user.Fold(n.Name) == user.Fold(named) {
			return n, nil
		}
	}
	return store.Store{}, user.LoginFailed()
}
