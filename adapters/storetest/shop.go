package storetest

import (
	"testing"

	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/money"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/trail"
	"kassa/core/verify"
	"kassa/core/writer"
)

// shop is a store of a database with a writer on it. The system is its only user.
type shop struct {
	Backend
	id    id.Store
	w     *writer.Writer
	clock *Clock
	ids   *counter
	trail *trail.Service
}

// shop makes a store with the first settings.
func (d *database) shop(t testing.TB) *shop {
	t.Helper()
	s := newShop(t, d.Backend)
	s.id = d.next()
	made := store.Store{ID: s.id, Name: string(s.id), Currency: "EUR", TimeZone: "Europe/Berlin", CreatedAt: s.clock.Now()}
	if err := s.Stores.Create(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	if _, err := s.w.Do(t.Context(), s.id, setUp{store.Defaults(made.Currency, made.TimeZone)}); err != nil {
		t.Fatal(err)
	}
	return s
}

// newShop returns a shop whose store is not made yet.
func newShop(t testing.TB, b Backend) *shop {
	s := &shop{Backend: b, clock: NewClock(), ids: &counter{}}
	s.w = writer.New(writer.Config{Provider: s.Provider, Journal: s.Journal, Bindings: s.bindings(), Clock: s.clock, IDs: s.ids})
	closeAfter(t, s.w)
	s.trail = trail.NewService(trail.Config{Writer: s.w, Journal: s.Journal, Clock: s.clock})
	return s
}

// verify proves the shop's books: the journal alone makes what the store keeps.
func (s *shop) verify(t testing.TB) {
	t.Helper()
	v := verify.Verifier{Provider: s.Provider, Journal: s.Journal, Projections: []writer.Projection{s.State, s.Users, s.Members, s.Products, s.Images, s.Stock}, Images: s.Images}
	if r := must[*verify.Report](t)(v.Run(t.Context(), s.id)); !r.Clean() {
		t.Errorf("the books are off: %q", r.Findings)
	}
}

// records returns the whole journal.
func (s *shop) records(t testing.TB) []journal.Record {
	t.Helper()
	return must[[]journal.Record](t)(s.Journal.From(t.Context(), s.id, 0, 10_000))
}

// setUp gives a store its first settings.
type setUp struct{ o store.Options }

func (setUp) Intent() writer.Intent { return writer.Intent{} }

func (o setUp) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	s, err := store.NewSettings(o.o, 1)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	return journal.Draft{Day: s.Day(v.Now()), Refs: []journal.Ref{store.SettingsRef}, Doc: &store.SettingsChange{Version: 1, Options: o.o}},
		[]writer.Value{s}, nil
}

// post is an operation that posts one entry and adds it to a register's day.
type post struct {
	register id.ID
	amount   money.Amount
}

func (post) Intent() writer.Intent { return writer.Intent{} }

func (o post) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	settings, err := store.SettingsOf(v)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	day := settings.Day(v.Now())
	total, dayErr := register.AddToDay(v, o.register, day, o.amount, 0)
	var e ledger.Entry
	e.Debit(ledger.DrawerOf(o.register), "EUR", o.amount).Credit(ledger.NewID(ledger.External, ""), "EUR", o.amount)
	lines, values, err := e.Post(v)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	if dayErr != nil {
		return journal.Draft{}, nil, dayErr
	}
	return journal.Draft{Day: day, Refs: []journal.Ref{register.Ref(o.register)}, Lines: lines,
		Doc: &store.SettingsChange{Version: settings.Version(), Options: settings.Options()}}, append(values, total), nil
}
