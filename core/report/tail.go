package report

import (
	"context"
	"sync"
	"time"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// maxTold is how many commits wait to be added to a tail.
const maxTold = 64

// tail holds the figures of a store's records beyond the watermark, so that each record is read once in a process. Whoever has its lock opens the
// snapshot that it is compared with after that: the tail is then never ahead of the snapshot.
type tail struct {
	lock     chan struct{}     // holds one while nobody works on the tail
	from     int64             // the watermark on which it stands; below 0 before it stands on any
	base     journal.Hash      // of the record there, where that is known
	settling *batch            // its older part, while that is put into the pages
	fresh    *fold             // of the records after that
	to       int64             // the last record in it
	telling  sync.Mutex        // guards told
	told     []writer.Appended // not added yet, in the order of their commits
	token    id.ID             // of the head that the last record is at, where that is known
	last     journal.Hash      // of that record
	since    time.Time         // when the first record came into fresh
	theirs   time.Time         // when another process was last seen to have moved the watermark
}

// batch holds the figures of the records after from, up to to.
type batch struct {
	from, to int64
	last     journal.Hash
	fold     *fold
}

func newTail() *tail {
	t := &tail{lock: make(chan struct{}, 1)}
	t.reset(-1)
	t.lock <- struct{}{}
	return t
}

// acquire waits for the lock until the context ends, and takes in what was told meanwhile.
func (t *tail) acquire(ctx context.Context, k clock.Clock) error {
	select {
	case <-t.lock:
		t.hear(k.Now())
		return nil
	case <-ctx.Done():
		return busy(ctx)
	}
}

// busy is what somebody is told whose context ended while others were at work.
func busy(ctx context.Context) error {
	return fault.New(fault.Unavailable, "reports_busy", "the reports are busy").Retry(time.Second).Wrap(ctx.Err())
}

func (t *tail) release() { t.lock <- struct{}{} }

// tell notes records for whoever has the lock next. What nobody hears for long is forgotten, and read from the journal.
func (t *tail) tell(a writer.Appended) {
	t.telling.Lock()
	defer t.telling.Unlock()
	if t.told = append(t.told, a); len(t.told) > maxTold {
		t.told = nil
	}
}

// hear adds what was told and follows the last record.
func (t *tail) hear(now time.Time) {
	t.telling.Lock()
	told := t.told
	t.told = nil
	t.telling.Unlock()
	for _, a := range told {
		if t.token == "" || t.token != a.From || t.fresh.records > largeBehind {
			continue
		}
		for i := range a.Records {
			t.add(&a.Records[i], now)
		}
		t.token = a.To
	}
}

// reset begins again after the watermark.
func (t *tail) reset(mark int64) {
	t.from, t.base, t.to, t.settling, t.fresh, t.last, t.since, t.token = mark, journal.Hash{}, mark, nil, newFold(), journal.Hash{}, time.Time{}, ""
}

// align makes the tail stand on the watermark of a snapshot: it may have moved to the end of what is settling, whose figures are in the pages then.
func (t *tail) align(mark int64, now time.Time) {
	switch {
	case t.settling != nil && mark == t.settling.to:
		t.settled(t.settling)
	case mark != t.from:
		if t.from >= 0 {
			t.theirs = now
		}
		t.reset(mark)
	}
}

// lost begins again because another process moved the watermark first.
func (t *tail) lost(now time.Time) {
	t.theirs = now
	t.reset(-1)
}

// leave reports whether the pages are left to another process, which keeps them and comes along. If each read what both write, it would be read twice.
func (t *tail) leave(head int64, now time.Time) bool {
	if head-t.from > largeBehind {
		t.theirs = time.Time{}
	}
	return now.Sub(t.theirs) < leaveFor
}

// add adds a record that follows the last one.
func (t *tail) add(r *journal.Record, now time.Time) {
	if t.since.IsZero() {
		t.since = now
	}
	t.fresh.add(r)
	t.to, t.last = r.Position, r.Hash
}

// settle returns the part of the tail that is to be put into the pages: what could not be put there before, or all of it when it has become
// large or old; nil when there is none.
func (t *tail) settle(now time.Time, large int) *batch {
	n := t.fresh.records
	if t.settling == nil && n > 0 && (n >= large || now.Sub(t.since) >= settleAfter) {
		t.settling = &batch{from: t.from, to: t.to, last: t.last, fold: t.fresh}
		t.fresh, t.since = newFold(), time.Time{}
	}
	return t.settling
}

// settled forgets the batch, whose figures are in the pages.
func (t *tail) settled(b *batch) {
	if t.settling == b {
		t.settling, t.from, t.base = nil, b.to, b.last
	}
}

// each gives fn the days of the range that have figures.
func (t *tail) each(r Range, fn func(Period, *sheet) error) error {
	folds := []*fold{t.fresh}
	if t.settling != nil {
		folds = append(folds, t.settling.fold)
	}
	span := span{day(r.From), day(r.To)}
	for _, f := range folds {
		for p, s := range f.days {
			if span.holds(p) {
				if err := fn(p, s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
