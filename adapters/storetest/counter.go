package storetest

import (
	"context"
	"fmt"
	"testing"

	"kassa/adapters/system"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/money"
	"kassa/core/store"
	"kassa/core/verify"
	"kassa/core/writer"
)

// Counter is a store that only counts, with a writer on it: for what goes wrong with one database and no other. Counters of one store may be
// in several processes' hands.
type Counter struct {
	b     Backend
	w     *writer.Writer
	store id.Store
}

// NewCounter makes a counter of the store that is closed with the test, and the store where it is not there yet. make returns the Backend as
// that of Open does.
func NewCounter(t testing.TB, s id.Store, turns writer.Turns, make func(documents journal.Schema, values map[string]func() writer.Stored) Backend) *Counter {
	t.Helper()
	k := system.Clock{}
	c := &Counter{b: make(documents(), values()), store: s}
	err := c.b.Stores.Create(t.Context(), store.Store{ID: s, Name: string(s), Currency: money.Currency("EUR"), TimeZone: "UTC", CreatedAt: k.Now()})
	if code := codeOf(err); code != "" && code != "store_exists" {
		t.Fatal(err)
	}
	c.w = writer.New(writer.Config{Provider: c.b.Provider, Journal: c.b.Journal, Bindings: c.b.bindings(), Clock: k, IDs: system.NewIDs(k), Turns: turns})
	closeAfter(t, c.w)
	return c
}

// Count counts one more. The same key counts once.
func (c *Counter) Count(ctx context.Context, key string) error {
	_, err := c.w.Do(ctx, c.store, add{key: key, jars: []string{"a"}, n: 1})
	return err
}

// Check fails unless n was counted, one record each, in whole books.
func (c *Counter) Check(t testing.TB, n int) {
	t.Helper()
	f := &fixture{Backend: c.b, t: t, store: c.store}
	if got, p := f.count(t.Context(), "a"), f.head(t.Context()).Position; got != int64(n) || p != int64(n) {
		t.Errorf("counted %d with %d records, want %d", got, p, n)
	}
	v := verify.Verifier{Provider: c.b.Provider, Journal: c.b.Journal, Projections: []writer.Projection{c.b.State}}
	if r := must[*verify.Report](t)(v.Run(t.Context(), c.store)); !r.Clean() {
		t.Errorf("the books are off: %q", r.Findings)
	}
}

// Race lets callers of each counter count their share at once, and returns what went wrong.
func Race(ctx context.Context, cs []*Counter, callers, share int) (failed []string) {
	for _, why := range parallel(len(cs)*callers, func(i int) string {
		for k := range share {
			if err := cs[i%len(cs)].Count(ctx, fmt.Sprint(i, "-", k)); err != nil {
				return err.Error()
			}
		}
		return ""
	}) {
		if why != "" {
			failed = append(failed, why)
		}
	}
	return failed
}
