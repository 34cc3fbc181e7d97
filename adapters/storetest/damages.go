package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// damagedJar is a projection of which one jar cannot be read, as one that somebody wrote to by hand, once it is damaged.
type damagedJar struct {
	writer.Projection
	jar     string
	damaged *atomic.Bool
}

func (d damagedJar) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	if d.damaged.Load() && slices.ContainsFunc(refs, func(r journal.Ref) bool { return r.Value() == d.jar }) {
		return nil, fmt.Errorf("%w: jar %s", journal.ErrCorrupt, d.jar)
	}
	return d.Projection.Load(ctx, s, refs)
}

func damagedValues(t *testing.T, d *database) {
	f, damaged := d.fixture(t), &atomic.Bool{}
	bindings := f.bindings()
	for i, b := range bindings {
		if b.Projection == writer.Projection(f.State) {
			bindings[i].Projection = damagedJar{b.Projection, "bad", damaged}
		}
	}
	w := writer.New(writer.Config{Provider: f.Provider, Journal: f.Journal, Bindings: bindings, Clock: f.clock, IDs: f.ids})
	closeAfter(t, w)
	into := func(jar string) writer.Operation { return add{jars: []string{jar}, n: 1} }
	for _, jar := range []string{"a", "bad"} {
		if _, err := w.Do(t.Context(), f.store, into(jar)); err != nil {
			t.Fatal(err)
		}
	}
	// Another process changes it while it is damaged, and this one reads again what it knew.
	damaged.Store(true)
	if _, err := f.writer(f.Provider, 0).Do(t.Context(), f.store, into("bad")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Do(t.Context(), f.store, into("a")); err != nil {
		t.Errorf("who needs another one, after it was changed elsewhere: %v", err)
	}
	const rounds, callers = 5, 24
	for range rounds {
		parallel(callers, func(i int) string {
			jar := fmt.Sprint(i)
			if i%12 == 0 {
				jar = "bad"
			}
			if _, err := w.Do(t.Context(), f.store, into(jar)); errors.Is(err, journal.ErrCorrupt) != (jar == "bad") || err != nil && jar != "bad" {
				t.Errorf("jar %s: %v", jar, err)
			}
			return ""
		})
	}
	if n, want := f.count(t.Context(), "1"), int64(rounds); n != want {
		t.Errorf("%d of %d were counted", n, want)
	}
}
