package trail

import (
	"context"
	"iter"

	"kassa/core/id"
	"kassa/core/journal"
)

// maxScanned bounds the records that one page reads.
const maxScanned = 4096

// chunk is how many records of a block are read at a time.
const chunk = 256

// walk goes back through the records of a store that may have events of a term, or through all of them without one.
type walk struct {
	j       journal.Repository
	store   id.Store
	term    journal.Term
	about   id.ID // the one thing that is asked about: its own record belongs to it
	below   int64 // what is still to come is below this position
	scanned int
	short   bool // the walk ended because it read enough

	own         *journal.Record
	exact, near ahead
}

// ahead is what was read of the listing of a ref, newest first.
type ahead struct {
	ref  journal.Ref
	rs   []journal.Record
	done bool // there is nothing beyond
}

// records yields them newest first. want is how many are likely to be used.
func (w *walk) records(ctx context.Context, want int) iter.Seq2[*journal.Record, error] {
	return func(yield func(*journal.Record, error) bool) {
		err := w.run(ctx, want, func(r *journal.Record) bool { return yield(r, nil) })
		if err != nil {
			yield(nil, err)
		}
	}
}

func (w *walk) run(ctx context.Context, want int, yield func(*journal.Record) bool) error {
	if w.term == "" {
		_, err := w.back(ctx, 1, want, yield)
		return err
	}
	if w.about != "" {
		key := journal.RecordKey(w.about)
		found, err := w.j.Find(ctx, w.store, []journal.Key{key})
		if err != nil {
			return err
		}
		if r, ok := found[key]; ok {
			w.own = &r
		}
	}
	w.exact.ref, w.near.ref = w.term.Exact(), w.term.Near()
	for more := true; more; {
		var err error
		if more, err = w.step(ctx, want, yield); err != nil {
			return err
		}
	}
	return nil
}

// step yields the next record that carries the exact ref, or, where a block that has common facts of the term comes first, all of that block.
func (w *walk) step(ctx context.Context, want int, yield func(*journal.Record) bool) (more bool, err error) {
	if w.scanned >= maxScanned {
		w.short = true
		return false, nil
	}
	next, err := w.next(ctx, &w.exact, want)
	if err != nil {
		return false, err
	}
	if w.own != nil && w.own.Position < w.below && (next == nil || w.own.Position >= next.Position) {
		next = w.own
	}
	marker, err := w.next(ctx, &w.near, 2)
	switch {
	case err != nil || next == nil && marker == nil:
		return false, err
	case marker == nil || next != nil && journal.Block(next.Position) > journal.Block(marker.Position):
		w.scanned++
		w.below = next.Position
		return yield(next), nil
	}
	block := journal.Block(marker.Position)
	w.below = min(w.below, journal.BlockStart(block+1)) // there is nothing of the term between
	return w.back(ctx, max(1, journal.BlockStart(block)), chunk, yield)
}

// next returns the newest record of the listing below where the walk is, or nil.
func (w *walk) next(ctx context.Context, a *ahead, want int) (*journal.Record, error) {
	for {
		for len(a.rs) > 0 && a.rs[0].Position >= w.below {
			a.rs = a.rs[1:]
		}
		if len(a.rs) > 0 || a.done {
			break
		}
		rs, err := w.j.List(ctx, w.store, a.ref, journal.Range{Before: journal.Place{Position: w.below}, Limit: want})
		if err != nil {
			return nil, err
		}
		a.rs, a.done = rs, len(rs) < want
	}
	if len(a.rs) == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	return &a.rs[0], nil
}

// back yields every record from where the walk is down to the lowest position, and reports whether there may be more below that.
func (w *walk) back(ctx context.Context, lowest int64, size int, yield func(*journal.Record) bool) (more bool, err error) {
	for w.below > lowest {
		if w.scanned >= maxScanned {
			w.short = true
			return false, nil
		}
		n := min(int64(size), w.below-lowest)
		rs, err := w.j.From(ctx, w.store, w.below-1-n, int(n))
		if err != nil {
			return false, err
		}
		w.scanned += int(n)
		for i := len(rs) - 1; i >= 0; i-- {
			if !yield(&rs[i]) {
				return false, nil
			}
		}
		w.below -= n
	}
	return true, nil
}
