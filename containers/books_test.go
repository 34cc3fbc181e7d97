package containers

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/member"
	"kassa/core/transaction"
	"kassa/core/user"
	"kassa/core/writer"

	"go.uber.org/fx"
	"pgregory.net/rapid"
)

// idsPerStep is how far apart the ids of the steps begin, so that a step gets the same ids however many the ones before it took.
const idsPerStep = 1000

// firstID returns the first id that a step takes: the id of its record, unless it looks something up first.
func firstID(step int) int64 { return 1_000_000 + int64(step)*idsPerStep }

// gate holds the first View after it was shut until it opens: the writer's, when an operation is the first thing that asks. Others pass.
type gate struct {
	transaction.Provider
	shut atomic.Bool
	held chan struct{}
	open chan struct{}
}

func newGate() *gate {
	return &gate{held: make(chan struct{}), open: make(chan struct{})}
}

// View implements transaction.Provider.
func (g *gate) View(ctx context.Context, fn func(ctx context.Context) error) error {
	if g.shut.CompareAndSwap(true, false) {
		close(g.held)
		<-g.open
	}
	return g.Provider.View(ctx, fn)
}

func (g *gate) option() fx.Option {
	return fx.Decorate(func(p transaction.Provider) transaction.Provider {
		g.Provider = p
		return g
	})
}

// TestTheSameBooksInAnySplit: what the writer makes of operations that wait together is what it makes of them one after the other, whatever
// the size of its batches: every record byte by byte, every value, every index, every answer and refusal.
func TestTheSameBooksInAnySplit(t *testing.T) {
	data, f := furnished(t)
	rapid.Check(t, func(rt *rapid.T) {
		steps := drawSteps(rt, f)
		want := oneByOne(t, data, steps)
		for _, most := range []int{1, 7, writer.MaxBatch} {
			if got := together(t, data, steps, most); !slices.Equal(got, want) {
				rt.Fatalf("%d steps in batches of %d:\n%s", len(steps), most, difference(want, got))
			}
		}
	})
}

// drawSteps draws steps. Some repeat a step before them, some come with the key of another step, and they give back each other's bills.
func drawSteps(rt *rapid.T, f furniture) []step {
	var steps []step
	m := &mix{f: f, roll: func(what string, n int) int { return rapid.IntRange(0, n-1).Draw(rt, what) }}
	m.key = func() idempotency.Key {
		n := len(steps)
		if n > 0 && m.one(16, "key of another") {
			n = m.roll("whose key", n)
		}
		return idempotency.Key(fmt.Sprint("key", n))
	}
	bills := slices.Clone(f.bills)
	m.bills = func() []id.ID { return bills }
	for n := rapid.SampledFrom([]int{2, 10, 30}).Draw(rt, "steps"); len(steps) < n; {
		seen := int64(1 + m.roll("version", 3))
		m.version = func(context.Context, *testShop, journal.Ref) int64 { return seen }
		if len(steps) > 0 && m.one(10, "again") {
			steps = append(steps, steps[m.roll("which again", len(steps))])
			continue
		}
		last := *m // so that each step keeps the version that was drawn for it
		steps = append(steps, last.step())
		if strings.HasPrefix(steps[len(steps)-1].what, "sell") {
			bills = append(bills, numbered(firstID(len(steps)-1)+1))
		}
	}
	return steps
}

// oneByOne takes each step when the one before it was answered.
func oneByOne(t *testing.T, data string, steps []step) []string {
	s := copied(t, data)
	defer s.close(t)
	answers := make([]string, len(steps))
	for i, st := range steps {
		s.ids.n.Store(firstID(i))
		answers[i] = fmt.Sprintf("%d: %s\n   %s", i, st.what, answerOf(st.do(t.Context(), s)))
	}
	return slices.Concat(answers, s.books(t))
}

// together has all steps wait in the queue, in their order, before the writer takes the first.
func together(t *testing.T, data string, steps []step, most int) []string {
	g := newGate()
	s := copied(t, data, batches(most), g.option())
	defer s.close(t)
	g.shut.Store(true)
	first := make(chan struct{})
	go func() { // it leaves no trace, but the writer is busy with it
		defer close(first)
		_ = s.Inventory.Delete(t.Context(), s.id, inventory.Delete{ID: "nothing"})
	}()
	<-g.held
	answers, done := make([]string, len(steps)), make([]chan struct{}, len(steps))
	for i, st := range steps {
		s.ids.n.Store(firstID(i))
		done[i] = make(chan struct{})
		waiting := s.Writer.Waiting(s.id)
		go func() {
			defer close(done[i])
			answers[i] = fmt.Sprintf("%d: %s\n   %s", i, st.what, answerOf(st.do(t.Context(), s)))
		}()
		for s.Writer.Waiting(s.id) == waiting && !closed(done[i]) {
			runtime.Gosched()
		}
	}
	s.ids.n.Store(firstID(len(steps)))
	close(g.open)
	for _, d := range slices.Concat(done, []chan struct{}{first}) {
		<-d
	}
	return slices.Concat(answers, s.books(t))
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// answerOf is all that a caller learns.
func answerOf(r writer.Result, err error) string {
	f, refused := fault.As(err)
	switch {
	case err == nil:
		return fmt.Sprintf("%s %d %s replayed %t", r.Record.ID, r.Record.Position, r.Record.Hash, r.Replayed)
	case !refused:
		return err.Error()
	}
	out := fmt.Sprintf("%d %s %v", f.Kind, f, f.Fields)
	for _, name := range slices.Sorted(maps.Keys(f.Details)) {
		v := f.Details[name]
		if quote, ok := v.(*cashier.Bill); ok {
			v = fmt.Sprintf("%+v", *quote)
		}
		out += fmt.Sprint(" ", name, "=", v)
	}
	return out
}

// books proves the books and returns all that is in them, but for the head's token, which is random, and hashes of passwords.
func (s *testShop) books(t *testing.T) []string {
	t.Helper()
	s.verify(t)
	head, err := s.Journal.Head(t.Context(), s.id)
	must(t, err)
	all := []string{fmt.Sprint("head ", head.Position, head.At, head.Status, head.Last)}
	records, err := s.Journal.From(t.Context(), s.id, 0, int(head.Position)+1)
	must(t, err)
	for _, r := range records {
		all = append(all, "record "+string(r.Encoded())+" "+r.Hash.String())
	}
	first := len(all)
	must(t, s.Journal.Index(t.Context(), s.id, func(e journal.Entry) error {
		all = append(all, fmt.Sprintf("entry %+v", e))
		return nil
	}))
	for _, p := range writer.Projections(s.Bindings) {
		must(t, p.All(t.Context(), s.id, func(v writer.Value) error {
			all = append(all, fmt.Sprint("value ", v.Ref(), " ", kept(v)))
			return nil
		}))
	}
	slices.Sort(all[first:])
	return all
}

// kept is all of a value: beyond what the journal proves, what is personal.
func kept(v writer.Value) string {
	var personal string
	switch v := v.(type) {
	case *user.User:
		personal = v.Snapshot().Name + v.Email()
	case *member.Member:
		personal = v.Name() + v.Snapshot().Email + v.Snapshot().Phone
	}
	return writer.Evidence(v) + personal
}

// difference shows what comes before the first line that differs, and that.
func difference(want, got []string) string {
	i := 0
	for i < min(len(want), len(got)) && want[i] == got[i] {
		i++
	}
	end := func(of []string) string { return strings.Join(of[min(i, len(of)):min(i+3, len(of))], "\n") }
	return fmt.Sprintf("%s\none by one:\n%s\ntogether:\n%s", strings.Join(want[:min(i, len(want))], "\n"), end(want), end(got))
}

// curious is an operation that asks for something else each time.
type curious struct{ asked int }

// Intent implements writer.Operation.
func (*curious) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *curious) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	o.asked++
	v.Value(inventory.ProductRef(id.ID(fmt.Sprint("asked", o.asked))))
	return journal.Draft{}, nil, nil
}

// TestAnOperationThatAsksTooOftenIsRefusedAlone: those that wait with it are committed.
func TestAnOperationThatAsksTooOftenIsRefusedAlone(t *testing.T) {
	data, f := furnished(t)
	sell := func(n int) step {
		c := cashier.Sale{Key: idempotency.Key(fmt.Sprint("key", n)), Register: f.registers[0], Lines: []cashier.SaleLine{{Product: f.products[4], Quantity: measure.One}}}
		return step{"sell", func(ctx context.Context, s *testShop) (writer.Result, error) { return s.Cashier.Pay(ctx, s.id, c) }}
	}
	ask := step{"ask", func(ctx context.Context, s *testShop) (writer.Result, error) {
		return s.Writer.Do(ctx, s.id, &curious{})
	}}
	answers := together(t, data, []step{sell(0), ask, sell(1)}, writer.MaxBatch)
	for i, want := range []string{"replayed false", "asked for more than it may", "replayed false"} {
		if !strings.Contains(answers[i], want) {
			t.Errorf("%s; want %s", answers[i], want)
		}
	}
}
