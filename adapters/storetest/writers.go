package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/transaction"
	"kassa/core/writer"

	"pgregory.net/rapid"
)

func clockDate(n int) clock.Date { return clock.Date(n) } //nolint:gosec // small test numbers

var writerRules = []rule{
	{"a refusal leaves no trace and stops nobody else", refusals},
	{"what cannot be read stops nobody who does not need it", damagedValues},
	{"what is too much together is written in parts", tooLargeTogether},
	{"one key, one record", func(t *testing.T, d *database) { oneKey(t, d, 1) }},
	{"one key at two writers, one record", func(t *testing.T, d *database) { oneKey(t, d, 2) }},
	{"what was done before is answered as it was then", repeated},
	{"what was done before is answered though it cannot be done today", repeatedImpossible},
	{"two keys are two questions", twoKeys},
	{"record time does not fall when a process starts again", timeStands},
	{"no jar is overdrawn by many at once", overdraw},
	{"the same books in any split", anySplit},
	{"a writer is busy while many wait for each other", busyWriter},
	{"two writers on one store", twoWriters},
	{"a store that another process ends takes nothing more", endedElsewhere},
	{"a busy writer asks for its turn though it lost none", busyWritersAsk},
	{"a commit of unknown outcome is found or made once", unknownOutcome},
	{"what is refused after a commit of unknown outcome never appears", refusedInDoubt},
}

func refusals(t *testing.T, d *database) {
	f := d.fixture(t)
	w := f.writer(f.Provider, 0)
	ops := []writer.Operation{add{jars: []string{"a"}, n: 1}, add{jars: []string{"b", "a"}, n: -2}, panics{}, add{jars: []string{"a"}, n: 1}}
	_, errs := w.DoAll(t.Context(), f.store, ops)
	if errs[0] != nil || !errors.Is(errs[1], errEmpty) || errs[2] == nil || errs[3] != nil {
		t.Fatalf("errors %v", errs)
	}
	if a, b, p := f.count(t.Context(), "a"), f.count(t.Context(), "b"), f.head(t.Context()).Position; a != 2 || b != 0 || p != 2 {
		t.Fatalf("a %d, b %d, position %d", a, b, p)
	}
}

type panics struct{}

func (panics) Intent() writer.Intent { return writer.Intent{} }
func (panics) Apply(*writer.View) (journal.Draft, []writer.Value, error) {
	panic("an operation with a defect")
}

func oneKey(t *testing.T, d *database, writers int) {
	f := d.fixture(t)
	ws := make([]*writer.Writer, writers)
	for i := range ws {
		ws[i] = f.writer(f.Provider, 0)
	}
	const rounds, callers = 20, 16
	for round := range rounds {
		key := fmt.Sprint("key", round)
		var fresh atomic.Int64
		ids := parallel(callers, func(i int) string {
			r, err := ws[i%writers].Do(t.Context(), f.store, add{key: key, jars: []string{"a"}, n: 1})
			if err != nil {
				t.Error(err)
			}
			if !r.Replayed {
				fresh.Add(1)
			}
			return string(r.Record.ID)
		})
		for _, i := range ids {
			if i != ids[0] {
				t.Fatalf("one key made %v", ids)
			}
		}
		if fresh.Load() != 1 {
			t.Fatalf("%d answers were not replays", fresh.Load())
		}
	}
	if n := f.count(t.Context(), "a"); n != rounds {
		t.Fatalf("%d keys were applied %d times", rounds, n)
	}
	if _, err := ws[0].Do(t.Context(), f.store, add{key: "key0", jars: []string{"a"}, n: 2}); !fault.IsCode(err, "idempotency_key_reused") {
		t.Fatalf("other content: %v", err)
	}
}

func overdraw(t *testing.T, d *database) {
	f := d.fixture(t)
	w := f.writer(f.Provider, 0)
	for round := range 20 {
		jar := fmt.Sprint("jar", round)
		if _, err := w.Do(t.Context(), f.store, add{jars: []string{jar}, n: 50}); err != nil {
			t.Fatal(err)
		}
		var sold atomic.Int64
		parallel(100, func(int) string {
			if _, err := w.Do(t.Context(), f.store, add{jars: []string{jar}, n: -1}); err == nil {
				sold.Add(1)
			} else if !errors.Is(err, errEmpty) {
				t.Error(err)
			}
			return ""
		})
		if sold.Load() != 50 || f.count(t.Context(), jar) != 0 {
			t.Fatalf("sold %d of 50, %d left", sold.Load(), f.count(t.Context(), jar))
		}
	}
}

func busyWriter(t *testing.T, d *database) {
	f := d.fixture(t)
	w := f.writer(f.Provider, 0)
	sell := func() {
		if _, err := w.Do(t.Context(), f.store, add{jars: []string{"a"}, n: 1}); err != nil {
			t.Error(err)
		}
	}
	for range 20 {
		var busy atomic.Bool
		parallel(32, func(int) string {
			for range 5 {
				sell()
				if w.Busy() {
					busy.Store(true)
				}
			}
			return ""
		})
		if !busy.Load() {
			t.Fatal("32 at once, and it was never busy")
		}
		if f.clock.Add(2 * time.Second); w.Busy() {
			t.Fatal("nobody has sold for two seconds, and it is busy")
		}
		sell()
		sell() // it begins after what is known of the first
		if w.Busy() {
			t.Fatal("one at a time, and it is busy")
		}
	}
}

// anySplit applies the same random operations in batches of different sizes and compares the journals byte by byte.
func anySplit(t *testing.T, d *database) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(rt, "operations")
		ops := make([]writer.Operation, n)
		for i := range ops {
			ops[i] = add{
				key:  rapid.SampledFrom([]string{"", "k1", "k2", "k3"}).Draw(rt, "key"),
				jars: rapid.SampledFrom([][]string{{"a"}, {"b"}, {"a", "b"}}).Draw(rt, "jars"),
				n:    rapid.Int64Range(-5, 5).Draw(rt, "n"),
			}
		}
		var want string
		for _, batch := range []int{1, 3, 128} {
			f := d.fixture(t)
			_, errs := f.writer(f.Provider, batch).DoAll(t.Context(), f.store, ops)
			got := fmt.Sprint(errs) + f.dump(t.Context()) + fmt.Sprint(f.count(t.Context(), "a"), f.count(t.Context(), "b"))
			if want == "" {
				want = got
			}
			if got != want {
				rt.Fatalf("batches of %d:\n%s\none by one:\n%s", batch, got, want)
			}
		}
	})
}

// dump returns the journal as text.
func (f *fixture) dump(ctx context.Context) string {
	rs, err := f.Journal.From(ctx, f.store, 0, 1000)
	if err != nil {
		f.t.Fatal(err)
	}
	out := ""
	for _, r := range rs {
		out += string(r.Encoded()) + "\n"
	}
	return out
}

func twoWriters(t *testing.T, d *database) {
	f := d.fixture(t)
	ws := []*writer.Writer{f.writer(f.Provider, 0), f.writer(f.Provider, 0)}
	const callers, each = 16, 25
	parallel(callers, func(i int) string {
		for k := range each {
			if _, err := ws[i%2].Do(t.Context(), f.store, add{key: fmt.Sprintf("%d-%d", i, k), jars: []string{"a", fmt.Sprint(i)}, n: 1}); err != nil {
				t.Error(err)
			}
		}
		return ""
	})
	if n := f.count(t.Context(), "a"); n != callers*each {
		t.Fatalf("counted %d of %d", n, callers*each)
	}
}

// endedElsewhere ends the store behind a writer that has its values, and whose next keys are free.
func endedElsewhere(t *testing.T, d *database) {
	f := d.fixture(t)
	w := f.writer(f.Provider, 0)
	sell := func(key string) error {
		_, err := w.Do(t.Context(), f.store, add{key: key, jars: []string{"a"}, n: 1})
		return err
	}
	become := func(status journal.Status) {
		from := f.head(t.Context())
		to := from
		to.Token, to.Status = f.ids.New(), status
		if err := f.Provider.Transact(t.Context(), func(ctx context.Context) error { return f.Journal.Advance(ctx, f.store, from.Token, to) }); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 3 {
		become(journal.Active)
		if err := sell(fmt.Sprint("before", round)); err != nil {
			t.Fatal(err)
		}
		become(journal.Inactive)
		for k := range 2 {
			if err := sell(fmt.Sprint("after", round, k)); !fault.IsCode(err, "store_inactive") {
				t.Errorf("sold in an ended store: %v", err)
			}
		}
	}
	if n := f.count(t.Context(), "a"); n != 3 {
		t.Errorf("sold %d, not 3", n)
	}
}

// asked counts how often a turn is asked for.
type asked struct {
	writer.Alone
	times atomic.Int64
}

func (a *asked) Take(context.Context, id.Store, bool, func()) (bool, error) {
	a.times.Add(1)
	return false, nil
}

func busyWritersAsk(t *testing.T, d *database) {
	f, turns := d.fixture(t), &asked{}
	w := writer.New(writer.Config{Provider: f.Provider, Journal: f.Journal, Bindings: f.bindings(), Clock: f.clock, IDs: f.ids, Turns: turns})
	closeAfter(t, w)
	sell := func(int) string {
		for range 10 {
			if _, err := w.Do(t.Context(), f.store, add{jars: []string{"a"}, n: 1}); err != nil {
				t.Error(err)
			}
		}
		return ""
	}
	if parallel(1, sell); turns.times.Load() != 0 {
		t.Error("one caller waits for turns")
	}
	if parallel(32, sell); turns.times.Load() == 0 {
		t.Error("many callers ask for none")
	}
}

// doubtful commits or not, and says that it does not know.
type doubtful struct {
	transaction.Provider
	mu    sync.Mutex
	left  int
	apply bool
}

func (d *doubtful) Transact(ctx context.Context, fn func(ctx context.Context) error) error {
	d.mu.Lock()
	doubt := d.left > 0
	if doubt {
		d.left--
	}
	d.mu.Unlock()
	if !doubt {
		return d.Provider.Transact(ctx, fn)
	}
	if d.apply {
		if err := d.Provider.Transact(ctx, fn); err != nil {
			return err
		}
	}
	return transaction.ErrUnknown
}

func unknownOutcome(t *testing.T, d *database) {
	for _, apply := range []bool{true, false} {
		f := d.fixture(t)
		d := &doubtful{Provider: f.Provider, left: 2, apply: apply}
		w := f.writer(d, 0)
		for range 3 {
			if _, err := w.Do(t.Context(), f.store, add{jars: []string{"a"}, n: 1}); err != nil {
				t.Fatal(err)
			}
		}
		if n, p := f.count(t.Context(), "a"), f.head(t.Context()).Position; n != 3 || p != 3 {
			t.Fatalf("applied %v: counted %d, position %d", apply, n, p)
		}
	}
}

// fading is an operation that is refused once a commit is under way, as one is whose time runs out.
type fading struct {
	add
	d *doubtful
}

func (o fading) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	draft, values, err := o.add.Apply(v)
	if o.d.left == 0 {
		err = errEmpty
	}
	return draft, values, err
}

// refusedInDoubt asks for a head that no commit of before can replace.
func refusedInDoubt(t *testing.T, d *database) {
	f := d.fixture(t)
	doubt := &doubtful{Provider: f.Provider, left: 1}
	w, before := f.writer(doubt, 0), f.head(t.Context())
	if _, err := w.Do(t.Context(), f.store, fading{add{jars: []string{"a"}, n: 1}, doubt}); !errors.Is(err, errEmpty) {
		t.Fatalf("got %v", err)
	}
	if after := f.head(t.Context()); after.Token == before.Token || after.Position != before.Position || after.At != before.At {
		t.Errorf("the head was %+v and is %+v", before, after)
	}
	if _, err := w.Do(t.Context(), f.store, add{jars: []string{"a"}, n: 1}); err != nil || f.count(t.Context(), "a") != 1 {
		t.Errorf("counted %d, %v", f.count(t.Context(), "a"), err)
	}
}

// outcomes runs fn n times at once and returns how often each code came back; success is the empty one.
func outcomes(n int, fn func(i int) error) map[string]int {
	count := map[string]int{}
	for _, code := range parallel(n, func(i int) string { return codeOf(fn(i)) }) {
		count[code]++
	}
	return count
}

// parallel runs fn n times at once and returns what each returned.
func parallel(n int, fn func(i int) string) []string {
	out := make([]string, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			out[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return out
}
