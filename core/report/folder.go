package report

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/store"
	"kassa/core/transaction"
	"kassa/core/writer"
)

const (
	chunk       = 500     // records read at a time
	large       = 2_000   // records of a tail that are put into the pages
	largeBehind = 10_000  // likewise, while there are more to read: fewer pages are written twice
	maxBehind   = 100_000 // records that a report reads by itself
	settleAfter = 10 * time.Second
	leaveFor    = 2 * settleAfter       // after another process moved the watermark
	round       = time.Second           // between two looks at a store
	breath      = 10 * time.Millisecond // between two steps of long work, for those who sell
)

// Folder adds up what the records of the journal say, and keeps it by day and month. It works beside the writer and never holds a head.
type Folder struct {
	provider transaction.Provider
	journal  journal.Repository
	pages    Repository
	clock    clock.Clock
	mu       sync.Mutex
	tails    map[id.Store]*tail
	gate     gate
	totals   totals
}

// NewFolder returns a folder. Nothing is kept until Run or Step is called; reports are right without that, and slow.
func NewFolder(p transaction.Provider, j journal.Repository, r Repository, k clock.Clock) *Folder {
	return &Folder{provider: p, journal: j, pages: r, clock: k, tails: map[id.Store]*tail{}, gate: newGate()}
}

func (f *Folder) tail(s id.Store) *tail {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tails[s]
	if t == nil {
		t = newTail()
		f.tails[s] = t
	}
	return t
}

// question asks for figures of a range.
type question struct {
	Range
	by    Interval // no period that is looked at is longer
	parts []Part
}

// each gives fn the figures of every period that the range is made of, in any order, and of some periods more than once: they add up. It is
// called first in a snapshot. Of a sheet, only the parts that are asked for have all their figures. Unavailable faults reports_behind, reports_busy.
func (f *Folder) each(ctx context.Context, s id.Store, q question, fn func(Period, *sheet) error) error {
	if _, _, err := f.beyond(ctx, s, q.Range, fn); err != nil {
		return err
	}
	return f.within(ctx, s, q, fn)
}

// within gives fn the figures of the records up to the watermark.
func (f *Folder) within(ctx context.Context, s id.Store, q question, fn func(Period, *sheet) error) error {
	pages, err := f.stretch(ctx, s, q)
	if err != nil {
		return err
	}
	for _, span := range pages.spans(q.by) {
		for _, part := range q.parts {
			low, high := part.keys(span)
			if err := f.pages.Range(ctx, s, low, high, func(p Page) error {
				kept, err := parse(p)
				if err != nil {
					return err
				}
				return fn(p.Key.period(), kept)
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

var errFound = errors.New("there is one")

// stretch returns the range to the end of its last month where no page is of a day in between: a month up to today is one period then.
func (f *Folder) stretch(ctx context.Context, s id.Store, q question) (Range, error) {
	end := (Monthly.next(q.To)/100*100 + 1).AddDays(-1)
	if q.by != Monthly || end <= q.To {
		return q.Range, nil
	}
	low, high := sums.keys(span{day(q.To.AddDays(1)), day(end)})
	err := f.pages.Range(ctx, s, low, high, func(Page) error { return errFound })
	switch {
	case errors.Is(err, errFound):
		return q.Range, nil
	case err != nil:
		return q.Range, err
	}
	return Range{q.From, end}, nil
}

// beyond gives fn the figures of the records beyond the watermark of the snapshot. It returns that, and the hash of the record there where it is known.
func (f *Folder) beyond(ctx context.Context, s id.Store, r Range, fn func(Period, *sheet) error) (mark int64, base journal.Hash, err error) {
	t := f.tail(s)
	if err := t.acquire(ctx, f.clock); err != nil {
		return 0, base, err
	}
	defer t.release()
	h, err := f.stand(ctx, s, t)
	if err != nil {
		return 0, base, err
	}
	left, err := f.extend(ctx, s, t, h, maxBehind)
	if err != nil {
		return 0, base, err
	}
	if left > 0 {
		return 0, base, fault.New(fault.Unavailable, "reports_behind", "the figures of %d records are still added up", left).Retry(round)
	}
	return t.from, t.base, t.each(r, fn)
}

// stand makes the tail stand on the watermark of the snapshot, and returns the head.
func (f *Folder) stand(ctx context.Context, s id.Store, t *tail) (h journal.Head, err error) {
	mark, err := f.pages.Watermark(ctx, s)
	if err != nil {
		return h, err
	}
	if h, err = f.journal.Head(ctx, s); err == nil {
		t.align(mark, f.clock.Now())
	}
	return h, err
}

// extend reads up to most records before the head that the tail does not hold, and returns how many are left. It begins again where the journal is
// not the one that the tail is of, as after a reset of the store.
func (f *Folder) extend(ctx context.Context, s id.Store, t *tail, h journal.Head, most int) (left int64, err error) {
	switch {
	case t.token == h.Token:
	case t.to > t.from:
		if known, err := f.known(ctx, s, t.to, t.last); err != nil {
			return 0, err
		} else if !known {
			t.reset(t.from)
		}
	default:
		t.base = journal.Hash{} // nothing proves that it is the same journal
	}
	t.token = "" // until all is read: what is read by halves ends at no head
	for most > 0 && t.to < h.Position {
		rs, err := f.journal.From(ctx, s, t.to, int(min(int64(min(chunk, most)), h.Position-t.to)))
		for i := range rs {
			t.add(&rs[i], f.clock.Now())
		}
		if most -= len(rs); err != nil {
			return 0, err
		}
		if len(rs) == 0 {
			return 0, journal.ErrCorrupt
		}
	}
	if t.to == h.Position {
		t.token = h.Token
	}
	return h.Position - t.to, nil
}

// Appended adds records that this process just committed to the tail that ends where they begin, so that nobody has to read them. While somebody
// works on the tail they wait, and where there are too many, they are read later.
func (f *Folder) Appended(a writer.Appended) {
	t := f.tail(a.Store)
	t.tell(a)
	select {
	case <-t.lock:
		t.hear(f.clock.Now())
		t.release()
	default:
	}
}

// known reports whether the record at the position is the one with the hash.
func (f *Folder) known(ctx context.Context, s id.Store, position int64, hash journal.Hash) (bool, error) {
	if hash == (journal.Hash{}) {
		return false, nil
	}
	found, err := f.hashAt(ctx, s, position)
	return err == nil && found == hash, err
}

// hashAt returns the hash of the record at the position, no hash where there is none.
func (f *Folder) hashAt(ctx context.Context, s id.Store, position int64) (journal.Hash, error) {
	rs, err := f.journal.From(ctx, s, position-1, 1)
	if err != nil || len(rs) == 0 || rs[0].Position != position {
		return journal.Hash{}, err
	}
	return rs[0].Hash, nil
}

// Step reads some records of the store and, when there are enough or some are old, puts their figures into the pages. It reports whether there are
// more to read. Another process that does the same is no error: one of them is first, and keeps the pages from then on as long as it comes along.
func (f *Folder) Step(ctx context.Context, s id.Store) (more bool, err error) {
	b, more, err := f.next(ctx, s)
	if err != nil || b == nil {
		return more, err
	}
	err = f.keep(ctx, s, b)
	if err != nil && !errors.Is(err, ErrStale) {
		return false, err // b stays where it is and is tried again: whether it is in the pages already, the watermark says
	}
	t := f.tail(s)
	if err := t.acquire(ctx, f.clock); err != nil {
		return false, err
	}
	defer t.release()
	if err != nil {
		t.lost(f.clock.Now())
		return true, nil
	}
	t.settled(b)
	return more, nil
}

// next reads some records and returns what is to be put into the pages, if anything is.
func (f *Folder) next(ctx context.Context, s id.Store) (b *batch, more bool, err error) {
	t := f.tail(s)
	if err := t.acquire(ctx, f.clock); err != nil {
		return nil, false, err
	}
	defer t.release()
	theirs := false
	err = f.provider.View(ctx, func(ctx context.Context) error {
		h, err := f.stand(ctx, s, t)
		if err != nil {
			return err
		}
		if theirs = t.leave(h.Position, f.clock.Now()); theirs {
			return nil
		}
		left, err := f.extend(ctx, s, t, h, chunk)
		more = left > 0
		return err
	})
	if err != nil || theirs {
		return nil, false, err
	}
	enough := large
	if more {
		enough = largeBehind
	}
	return t.settle(f.clock.Now(), enough), more, nil
}

// keep puts the figures of the batch into the pages and moves the watermark behind them; ErrStale when that is elsewhere. The pages are made before
// the transaction, which a move of the watermark since then would fail: so the transaction is short.
func (f *Folder) keep(ctx context.Context, s id.Store, b *batch) error {
	var pages []Page
	err := f.provider.View(ctx, func(ctx context.Context) (err error) {
		pages, err = f.merge(ctx, s, b)
		return err
	})
	if err != nil {
		return err
	}
	return f.provider.Transact(ctx, func(ctx context.Context) error {
		if err := f.pages.Advance(ctx, s, b.from, b.to); err != nil {
			return err
		}
		if known, err := f.known(ctx, s, b.to, b.last); err != nil || !known {
			return errors.Join(err, ErrStale)
		}
		return f.pages.Save(ctx, s, pages)
	})
}

// merge returns the pages with the figures of the batch.
func (f *Folder) merge(ctx context.Context, s id.Store, b *batch) ([]Page, error) {
	more := b.fold.pages()
	kept, err := f.pages.Load(ctx, s, slices.Collect(maps.Keys(more)))
	if err != nil {
		return nil, err
	}
	before := make(map[Key]*sheet, len(kept))
	for _, p := range kept {
		if before[p.Key], err = parse(p); err != nil {
			return nil, err
		}
	}
	pages := make([]Page, 0, len(more))
	for _, k := range slices.Sorted(maps.Keys(more)) {
		after := more[k]
		if was := before[k]; was != nil {
			was.add(after)
			after = was
		}
		body, err := journal.Encode(after.walk)
		if err != nil {
			return nil, err
		}
		pages = append(pages, Page{k, body})
	}
	return pages, nil
}

// Run folds every store until the context ends. failed is told of what went wrong with a store; the others go on, and it is tried again.
func (f *Folder) Run(ctx context.Context, stores store.Repository, failed func(s id.Store, err error)) {
	next := time.NewTicker(round)
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
		all, err := stores.List(ctx)
		if err != nil && ctx.Err() == nil {
			failed("", err)
		}
		for _, s := range all {
			if err := f.catchUp(ctx, s.ID); err != nil && ctx.Err() == nil {
				failed(s.ID, err)
			}
		}
	}
}

// catchUp folds the store until there is nothing to read, or for a while: the next store waits.
func (f *Folder) catchUp(ctx context.Context, s id.Store) error {
	for range maxBehind / chunk {
		more, err := f.Step(ctx, s)
		if err != nil || !more {
			return err
		}
		if clock.Sleep(ctx, breath) != nil {
			return nil
		}
	}
	return nil
}
