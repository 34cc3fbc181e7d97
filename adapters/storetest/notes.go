package storetest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/transaction"
	"kassa/core/writer"
)

var noteRules = []rule{
	{"notes come after what waits, few at a time", notesComeLast},
	{"what finds no room is lost, and nobody is refused for it", notesAreLost},
	{"notes that wait are recorded before the writer stops", notesOutlastTheWriter},
}

// gate is a database whose commits wait until it opens.
type gate struct {
	transaction.Provider
	waits chan struct{} // told of each commit that waits
	open  chan struct{}
}

func newGate(p transaction.Provider) *gate {
	return &gate{p, make(chan struct{}, 1000), make(chan struct{})}
}

// Transact implements transaction.Provider.
func (g *gate) Transact(ctx context.Context, fn func(ctx context.Context) error) error {
	g.waits <- struct{}{}
	<-g.open
	return g.Provider.Transact(ctx, fn)
}

// watcher notes how many records each commit has, and how many notes were lost.
type watcher struct {
	mu      sync.Mutex
	commits []int
	lost    int
}

// Committed implements writer.Observer.
func (o *watcher) Committed(c writer.Commit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.commits = append(o.commits, c.Records)
}

// NoteLost implements writer.Observer.
func (o *watcher) NoteLost() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lost++
}

// Appended implements writer.Observer.
func (*watcher) Appended(writer.Appended) {}

// Stale implements writer.Observer.
func (*watcher) Stale() {}

// Doubted implements writer.Observer.
func (*watcher) Doubted() {}

// Refused implements writer.Observer.
func (*watcher) Refused() {}

// Stopped implements writer.Observer.
func (*watcher) Stopped(id.Store) {}

// gated is a writer whose first commit, of one jar, waits at a gate.
func (f *fixture) gated() (w *writer.Writer, g *gate, o *watcher, finish func()) {
	g, o = newGate(f.Provider), &watcher{}
	w = writer.New(writer.Config{Provider: g, Journal: f.Journal, Bindings: f.bindings(), Clock: f.clock, IDs: f.ids, Observer: o})
	closeAfter(f.t, w)
	var first sync.WaitGroup
	first.Go(func() {
		if _, err := w.Do(f.t.Context(), f.store, add{jars: []string{"first"}, n: 1}); err != nil {
			f.t.Error(err)
		}
	})
	<-g.waits
	return w, g, o, first.Wait
}

// aNote is an operation as it may be noted.
var aNote = add{jars: []string{"notes"}, n: 1}

func notesComeLast(t *testing.T, d *database) {
	const notes, sales = 20, 30
	f := d.fixture(t)
	w, g, o, finish := f.gated()
	for range notes {
		w.Note(t.Context(), f.store, aNote, 0)
	}
	var all sync.WaitGroup
	for range sales {
		all.Go(func() {
			if _, err := w.Do(t.Context(), f.store, add{jars: []string{"sales"}, n: 1}); err != nil {
				t.Error(err)
			}
		})
	}
	for w.Waiting(f.store) < sales {
		time.Sleep(time.Millisecond)
	}
	close(g.open)
	finish()
	all.Wait()
	w.Note(t.Context(), f.store, aNote, time.Minute) // notes are recorded in their order
	var kinds strings.Builder
	for _, r := range must[[]journal.Record](t)(f.Journal.From(t.Context(), f.store, 0, 1000)) {
		kinds.WriteByte(r.Refs[1].Value()[0]) // the jar's name
	}
	if want := "f" + strings.Repeat("s", sales) + strings.Repeat("n", notes+1); kinds.String() != want {
		t.Errorf("recorded %s, want %s", kinds.String(), want)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.commits) < 4 || o.commits[1] != sales+8 || slices.Max(o.commits[2:]) > 8 || o.lost != 0 {
		t.Errorf("the commits have %v records, and %d notes are lost", o.commits, o.lost)
	}
}

func notesAreLost(t *testing.T, d *database) {
	const room, more = 256, 44
	f := d.fixture(t)
	w, g, o, finish := f.gated()
	for range room + more {
		w.Note(t.Context(), f.store, aNote, time.Nanosecond) // whoever waits gives up
	}
	o.mu.Lock()
	lost := o.lost
	o.mu.Unlock()
	if lost != more {
		t.Errorf("%d notes are lost, want %d", lost, more)
	}
	close(g.open)
	finish()
	if _, err := w.Do(t.Context(), f.store, add{jars: []string{"sales"}, n: 1}); err != nil {
		t.Error(err)
	}
	w.Note(t.Context(), f.store, panics{}, time.Minute)
	if n := f.count(t.Context(), "notes"); n != room || o.lost != more+1 {
		t.Errorf("%d notes are recorded, want %d; %d are lost", n, room, o.lost)
	}
}

func notesOutlastTheWriter(t *testing.T, d *database) {
	const notes = 50
	f := d.fixture(t)
	w, g, o, finish := f.gated()
	ctx, cancel := context.WithCancel(t.Context())
	for range notes {
		w.Note(ctx, f.store, aNote, 0)
	}
	cancel() // the request is over; what it noted stands
	var stopped sync.WaitGroup
	stopped.Go(func() {
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	close(g.open)
	finish()
	stopped.Wait()
	w.Note(t.Context(), f.store, aNote, time.Minute)
	if n := f.count(t.Context(), "notes"); n != notes || o.lost != 1 {
		t.Errorf("%d notes are recorded, want %d; %d are lost, want that of after the end", n, notes, o.lost)
	}
}
