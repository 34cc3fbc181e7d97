package report

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/journal"
)

// The bounds of what asks for many pages.
const (
	manyPages   = 10                     // a question beyond is heavy
	longestRest = 200 * time.Millisecond // after one
	maxTotals   = 32                     // in memory
	maxRows     = 200_000                // of all of them
)

// heavy reports whether the question may ask for many pages.
func (q question) heavy() bool {
	months := int(q.To/10000-q.From/10000)*12 + int(q.To/100%100-q.From/100%100) + 1
	periods := min(months, maxMonths)
	if q.by == Daily {
		periods *= 30
	}
	for _, p := range q.parts {
		if p != sums && periods*shards > manyPages {
			return true
		}
	}
	return periods > manyPages
}

// light reports whether the answer is not worth keeping: few pages, of one row each.
func (q question) light() bool {
	return !q.heavy() && !slices.ContainsFunc(q.parts, func(p Part) bool { return p != sums })
}

// gate lets in one heavy question at a time, and after each one rests twice as long as that took: whoever asks without pause gets no more than a
// third of a processor, and the tills have the rest.
type gate struct{ turn chan struct{} }

func newGate() gate {
	g := gate{make(chan struct{}, 1)}
	g.leave()
	return g
}

func (g gate) leave() { g.turn <- struct{}{} }

// pass runs fn in its turn. Unavailable fault reports_busy when the context ends before.
func (g gate) pass(ctx context.Context, k clock.Clock, fn func() error) error {
	select {
	case <-g.turn:
	case <-ctx.Done():
		return busy(ctx)
	}
	began := k.Now()
	defer func() {
		rest := min(2*k.Now().Sub(began), longestRest)
		if rest <= 0 {
			g.leave()
			return
		}
		time.AfterFunc(rest, g.leave)
	}()
	return fn()
}

// totalKey says what a total is of: as long as the record at the watermark is the same, the pages are.
type totalKey struct {
	store id.Store
	last  journal.Hash // of that record; none before the first
	Range
	parts string
}

// totals keeps what the pages of questions that are not light come to, the newest last: the pages of a list are of one question.
type totals struct {
	mu   sync.Mutex
	list []keptTotal
}

type keptTotal struct {
	key totalKey
	sum *sheet // never changed
}

func (t *totals) get(k totalKey) *sheet {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.list {
		if x.key == k {
			return x.sum
		}
	}
	return nil
}

func (t *totals) put(k totalKey, s *sheet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list, keptTotal{k, s})
	rows := 0
	for i, x := range slices.Backward(t.list) {
		if rows += len(x.sum.products) + len(x.sum.members); rows > maxRows || len(t.list)-i > maxTotals {
			t.list = slices.Clone(t.list[i+1:])
			return
		}
	}
}

// total adds up the figures of the question. It is called first in a snapshot.
func (f *Folder) total(ctx context.Context, s id.Store, q question) (*sheet, error) {
	all := newSheet()
	add := func(_ Period, found *sheet) error {
		all.addParts(found, q.parts)
		return nil
	}
	mark, last, err := f.beyond(ctx, s, q.Range, add)
	if err != nil {
		return nil, err
	}
	if q.light() {
		return all, f.within(ctx, s, q, add)
	}
	if last == (journal.Hash{}) && mark > 0 {
		if last, err = f.hashAt(ctx, s, mark); err != nil {
			return nil, err
		}
		if last == (journal.Hash{}) {
			return nil, fmt.Errorf("%w: the watermark of the reports is beyond the last record", journal.ErrCorrupt)
		}
	}
	kept, err := f.kept(ctx, s, last, q)
	if err == nil {
		all.addParts(kept, q.parts)
	}
	return all, err
}

// kept returns what the pages come to as long as the record at the watermark has the hash. Nobody may change it.
func (f *Folder) kept(ctx context.Context, s id.Store, last journal.Hash, q question) (*sheet, error) {
	key := totalKey{store: s, last: last, Range: q.Range}
	for _, p := range q.parts {
		key.parts += string(p) + " "
	}
	if sum := f.totals.get(key); sum != nil {
		return sum, nil
	}
	sum := newSheet()
	err := f.within(ctx, s, q, func(_ Period, found *sheet) error {
		sum.addParts(found, q.parts)
		return nil
	})
	if err == nil {
		f.totals.put(key, sum)
	}
	return sum, err
}
