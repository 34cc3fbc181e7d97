package storetest

import (
	"context"
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

// fixture is a store of a database whose only documents are tallies.
type fixture struct {
	Backend
	t     testing.TB
	store id.Store
	ids   *counter
	clock *Clock
}

// fixture makes a store in the database, with ids and a clock that begin like those of any other fixture.
func (d *database) fixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{Backend: d.Backend, t: t, ids: &counter{}, clock: NewClock(), store: d.next()}
	err := f.Stores.Create(t.Context(), store.Store{ID: f.store, Name: string(f.store), Currency: money.Currency("EUR"), TimeZone: "UTC", CreatedAt: f.clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// writer returns a writer on the fixture that is closed with the test.
func (f *fixture) writer(p transaction.Provider, batch int) *writer.Writer {
	w := writer.New(writer.Config{Provider: p, Journal: f.Journal, Bindings: f.bindings(), Clock: f.clock, IDs: f.ids, Batch: batch})
	closeAfter(f.t, w)
	return w
}

// closeAfter closes the writer with the test.
func closeAfter(t testing.TB, w *writer.Writer) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := w.Close(ctx); err != nil {
			t.Error(err)
		}
	})
}

// tally is a document that adds to jars.
type tally struct{ added int64 }

func (*tally) Kind() string            { return "tally" }
func (t *tally) Walk(c *journal.Codec) { journal.Int(c, "added", &t.added) }

// Replay implements writer.Replayer: the record's refs name the jars.
func (t *tally) Replay(r journal.Record, b *writer.Books) error {
	for _, ref := range r.Refs {
		if ref.Kind() != "jar" {
			continue
		}
		after := &jar{name: ref.Value(), n: t.added}
		if before, ok := writer.Find[*jar](b, ref); ok {
			after.n += before.n
		}
		b.Put(after)
	}
	return nil
}

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
