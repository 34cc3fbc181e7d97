package sqlite_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"kassa/adapters/sqlite"
	"kassa/adapters/storetest"
	"kassa/adapters/system"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/money"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/verify"
	"kassa/core/writer"
)

// shop is a store in a fresh folder with a writer on it. The system is its only user.
type shop struct {
	id      id.Store
	d       *sqlite.Database
	state   *sqlite.State
	journal *sqlite.Journal
	w       *writer.Writer
	clock   *storetest.Clock
	ids     *system.IDs
}

func newShop(t testing.TB) *shop {
	t.Helper()
	d, err := sqlite.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	schema, states := journal.Schema{}, map[string]func() writer.Stored{}
	for _, s := range []journal.Schema{store.Documents(), register.Documents()} {
		maps.Copy(schema, s)
	}
	for _, s := range []map[string]func() writer.Stored{store.States(), ledger.States(), register.States()} {
		maps.Copy(states, s)
	}
	c := storetest.NewClock()
	s := &shop{id: "shop", d: d, state: sqlite.NewState(d, states), journal: sqlite.NewJournal(d, schema), clock: c, ids: system.NewIDs(c)}
	var bindings []writer.Binding
	for kind := range states {
		bindings = append(bindings, writer.Binding{Kind: kind, Projection: s.state})
	}
	s.w = writer.New(writer.Config{Provider: d, Journal: s.journal, Bindings: bindings, Clock: c, IDs: s.ids})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.w.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	made := store.Store{ID: s.id, Name: "Shop", Currency: "EUR", TimeZone: "Europe/Berlin", CreatedAt: c.Now()}
	if err := sqlite.NewStores(d, s.ids).Create(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	if _, err := s.w.Do(t.Context(), s.id, setUp{store.Defaults(made.Currency, made.TimeZone)}); err != nil {
		t.Fatal(err)
	}
	return s
}

// verify proves the shop's books.
func (s *shop) verify(t testing.TB) {
	t.Helper()
	v := verify.Verifier{Provider: s.d, Journal: s.journal, Projections: []writer.Projection{s.state}}
	if r := must[*verify.Report](t)(v.Run(t.Context(), s.id)); !r.Clean() {
		t.Errorf("the books are off: %q", r.Findings)
	}
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

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if !fault.IsCode(err, code) {
		t.Fatalf("got %v, want %s", err, code)
	}
}
