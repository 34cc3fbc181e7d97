// Package storetest is the contract that every store passes: journal, head and transactions, the writer on top of them, and the use cases
// with races, retries and random operations. A store's own test hands itself in and is ten lines long.
package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"kassa/core/audit"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/money"
	"kassa/core/store"
	"kassa/core/transaction"
	"kassa/core/writer"
)

// Backend is a store under test, empty and opened for one test. Journal and State know the toy documents of this package beside the real ones.
type Backend struct {
	Provider transaction.Provider
	Stores   store.Repository
	Journal  func(journal.Schema) journal.Repository
	State    func(map[string]func() writer.Stored) writer.Projection
}

// Open makes an empty Backend that is closed when the test ends.
type Open func(t testing.TB) Backend

// Run runs the contract.
func Run(t *testing.T, open Open) {
	t.Run("transaction", func(t *testing.T) { transactions(t, open) })
	t.Run("journal", func(t *testing.T) { journals(t, open) })
	t.Run("writer", func(t *testing.T) { writers(t, open) })
}

// fixture is a backend with one store whose only documents are tallies.
type fixture struct {
	Backend
	t       testing.TB
	store   id.Store
	journal journal.Repository
	state   writer.Projection
	ids     *counter
	clock   *Clock
}

func newFixture(t testing.TB, open Open) *fixture {
	t.Helper()
	return open(t).fixture(t, "shop")
}

// fixture makes a store in the backend, with ids and a clock that begin like those of any other fixture.
func (b Backend) fixture(t testing.TB, s id.Store) *fixture {
	t.Helper()
	f := &fixture{Backend: b, t: t, ids: &counter{}, clock: NewClock(), store: s}
	f.journal = f.Journal(journal.Schema{"tally": func() journal.Document { return &tally{} }})
	f.state = f.State(map[string]func() writer.Stored{"jar": func() writer.Stored { return &jar{} }})
	err := f.Stores.Create(t.Context(), store.Store{ID: s, Name: string(s), Currency: money.Currency("EUR"), TimeZone: "UTC", CreatedAt: f.clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// writer returns a writer on the fixture that is closed with the test.
func (f *fixture) writer(p transaction.Provider, batch int) *writer.Writer {
	w := writer.New(writer.Config{Provider: p, Journal: f.journal, Bindings: []writer.Binding{{Kind: "jar", Projection: f.state}},
		Clock: f.clock, IDs: f.ids, Batch: batch})
	f.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := w.Close(ctx); err != nil {
			f.t.Error(err)
		}
	})
	return w
}

// Clock is a clock that tests set.
type Clock struct{ ms atomic.Int64 }

// NewClock returns a clock that stands at noon of 21 November 2026 UTC.
func NewClock() *Clock {
	c := &Clock{}
	c.Set(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	return c
}

// Now implements clock.Clock.
func (c *Clock) Now() time.Time { return time.UnixMilli(c.ms.Load()).UTC() }

// Set sets the time.
func (c *Clock) Set(t time.Time) { c.ms.Store(t.UnixMilli()) }

// Add moves the clock on.
func (c *Clock) Add(d time.Duration) { c.ms.Add(d.Milliseconds()) }

var _ clock.Clock = (*Clock)(nil)

// counter makes ids that tell their order.
type counter struct{ n atomic.Int64 }

func (c *counter) New() id.ID { return id.ID(fmt.Sprintf("id-%08d", c.n.Add(1))) }

// tally is a document that adds to jars.
type tally struct{ added int64 }

func (*tally) Kind() string            { return "tally" }
func (t *tally) Walk(c *journal.Codec) { journal.Int(c, "added", &t.added) }

// jar is a value that may not fall below zero.
type jar struct {
	name string
	n    int64
}

func jarRef(name string) journal.Ref { return journal.NewRef("jar", name) }

func (j *jar) Ref() journal.Ref { return jarRef(j.name) }

func (j *jar) Walk(c *journal.Codec) {
	journal.Text(c, "name", &j.name)
	journal.Int(c, "n", &j.n)
}

// add is an operation that adds n to each of the jars, or is refused where one would fall below zero.
type add struct {
	key  string
	jars []string
	n    int64
}

func (o add) Intent() writer.Intent {
	if o.key == "" {
		return writer.Intent{}
	}
	return writer.Intent{Request: request(o), Once: []writer.Once{writer.Idempotent(keyOf(o.key))}}
}

func (o add) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	var values []writer.Value
	var err error
	refs := []journal.Ref{"@tallies"}
	for _, name := range o.jars {
		before, ok := writer.Get[*jar](v, jarRef(name))
		if !ok {
			before = &jar{name: name}
		}
		after := &jar{name: name, n: before.n + o.n}
		if after.n < 0 {
			err = errEmpty
		}
		values, refs = append(values, after), append(refs, after.Ref())
	}
	if err != nil {
		return journal.Draft{}, nil, err
	}
	return journal.Draft{Day: clock.DateOf(v.Now(), time.UTC), Refs: refs, Doc: &tally{added: o.n},
		Facts: []audit.Fact{{Action: "tally", Entity: "jar", EntityID: v.ID()}}}, values, nil
}
