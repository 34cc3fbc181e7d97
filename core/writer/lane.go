package writer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/transaction"
)

// lane is the writer of one store: a queue, a second one for notes, and the goroutine that empties them.
type lane struct {
	w         *Writer
	store     id.Store
	queue     chan *task
	notes     chan *task
	inHand    []*task // notes that were taken already
	set       *workingSet
	expected  int           // callers who wait or were answered with the last batch
	busy      atomic.Int64  // when the last batch began, in Unix milliseconds, if expected are so many that they wait for each other; else 0
	doubt     bool          // the outcome of a commit is unknown: look whether its records are there
	broken    bool          // the books were changed by other hands
	contested int           // batches for which turns are taken, since another process wrote
	repeated  int           // batches for which all keys are looked up, since one was taken
	holding   bool          // it is this process's turn
	took      time.Duration // by the last commit
	asked     time.Time     // when it last asked for its turn
}

func (l *lane) serve() {
	defer l.w.wg.Done()
	for {
		first, ok := l.next()
		if !ok {
			return
		}
		l.batch(first)
	}
}

// batch commits the first task, if there is one, together with what waits, and some notes after that.
func (l *lane) batch(first *task) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	l.doubt = false
	began := l.w.c.Clock.Now().UnixMilli()
	batch, applied := l.collect(ctx, first)
	callers, notes := len(batch), l.takeNotes()
	if applied != nil {
		l.extend(ctx, applied, notes)
	}
	l.process(ctx, append(batch, notes...), applied)
	l.expected = callers + len(l.queue)
	if l.expected < companions {
		began = 0
	}
	l.busy.Store(began)
	l.contested = max(0, l.contested-1)
	l.repeated = max(0, l.repeated-1)
}

// next waits for a task, or for a note and returns nil. A turn that nobody here has a use for goes to the next process.
func (l *lane) next() (*task, bool) {
	if l.holding {
		patience := maxIdle
		if l.expected >= companions {
			patience = maxIdleBusy
		}
		idle := time.NewTimer(patience)
		defer idle.Stop()
		if t, ok := l.arrival(idle.C); ok {
			return t, true
		}
		l.giveTurn()
	}
	return l.arrival(nil)
}

// collect takes what waits. With few callers that is all, so that an idle store answers at once. Under load it waits a moment for those who
// were just answered: they are about to come back, and would else form a second batch, half as large, for ever. A commit of 64 sales costs two
// thirds of two commits of 32. It does not wait idly: what is there is applied meanwhile. Where commits take long, so may this.
func (l *lane) collect(ctx context.Context, first *task) ([]*task, *plan) {
	l.takeTurn(ctx, l.expected < companions)
	batch := make([]*task, 0, l.w.c.Batch+notesPerBatch)
	if first != nil {
		batch = l.add(batch, first)
	}
	batch = l.drain(batch)
	most := min(l.expected, l.w.c.Batch)
	if l.expected < companions || len(batch) >= most {
		return batch, nil
	}
	patience := time.NewTimer(min(max(leastPatience, l.took/patienceShare), mostPatience))
	defer patience.Stop()
	p := l.newPlan()
	p.failed = l.broken || !l.set.loaded
	l.extend(ctx, p, batch)
	for waits := true; waits && len(batch) < most; {
		before := len(batch)
		select {
		case t, ok := <-l.queue:
			if !ok {
				return batch, p
			}
			batch = l.add(batch, t)
		case <-patience.C:
			waits = false
		}
		batch = l.drain(batch)
		l.extend(ctx, p, batch[before:])
	}
	return batch, p
}

// drain adds what waits now.
func (l *lane) drain(batch []*task) []*task {
	for len(batch) < l.w.c.Batch {
		select {
		case t, ok := <-l.queue:
			if !ok {
				return batch
			}
			batch = l.add(batch, t)
		default:
			return batch
		}
	}
	return batch
}

// add puts the task into the batch unless its caller has given up.
func (l *lane) add(batch []*task, t *task) []*task {
	if t.ctx.Err() == nil && t.state.CompareAndSwap(waiting, taken) {
		return append(batch, t)
	}
	if t.state.CompareAndSwap(waiting, dropped) {
		t.finish(Result{}, busy().Wrap(t.ctx.Err()))
	}
	return batch
}

// process answers every task of the batch, which is applied already or not. The batch has a context of its own, so that one client's timeout
// aborts nobody else.
func (l *lane) process(ctx context.Context, batch []*task, applied *plan) {
	if len(batch) == 0 {
		return
	}
	var err error
	rebuilt := false
	for try := range maxTries {
		if try > 0 {
			l.takeTurn(ctx, false) // a short one may have been too short
		}
		var p *plan
		if p, err = l.attempt(ctx, batch, applied); err == nil {
			p.answer()
			if len(p.records) > 0 {
				l.w.c.Observer.Appended(Appended{l.store, p.from, p.to, p.records})
			}
			return
		}
		applied = nil
		if len(batch) > 1 && (errors.Is(err, errRounds) || errors.Is(err, journal.ErrCorrupt) || errors.Is(err, transaction.ErrTooLarge)) {
			// One of them asks too often, or each asks for what the one before it made, or one needs what cannot be read, or they are too much
			// together. In halves of halves, it fails alone, and each has all rounds to itself.
			half := len(batch) / 2
			l.process(ctx, batch[:half], nil)
			l.process(ctx, batch[half:], nil)
			return
		}
		if err = l.recover(ctx, err, &rebuilt); err != nil {
			break
		}
		err = journal.ErrStale
	}
	l.set.clear()
	for _, t := range batch {
		t.finish(Result{}, l.failure(err))
	}
}

// recover brings the working set to the books that an attempt failed on, or returns why the batch is given up.
func (l *lane) recover(ctx context.Context, err error, rebuilt *bool) error {
	switch {
	case errors.Is(err, journal.ErrStale):
		l.stale()
		return l.catchUp(ctx)
	case errors.Is(err, transaction.ErrUnknown):
		// Only a commit on the head found now proves that the first one will never appear. Records keep their ids, and their keys
		// answer if it did appear.
		l.doubt = true
		l.w.c.Observer.Doubted()
		return l.catchUpInDoubt(ctx)
	case l.doubt && fault.IsKind(err, fault.Unavailable):
		return l.catchUpInDoubt(ctx)
	case errors.Is(err, errTaken):
		l.repeated = repeatedFor
		return nil
	case errors.Is(err, journal.ErrBroken) && !*rebuilt:
		*rebuilt = true
		l.set.clear()
		return nil
	case errors.Is(err, journal.ErrBroken) && !l.broken:
		l.broken = true
		l.w.c.Observer.Stopped(l.store)
	}
	return err
}

// catchUpInDoubt waits for a database that does not answer as long as the batch may: its callers would not know what happened.
func (l *lane) catchUpInDoubt(ctx context.Context) error {
	for {
		err := l.catchUp(ctx)
		if !fault.IsKind(err, fault.Unavailable) || clock.Sleep(ctx, doubtPause) != nil {
			return err
		}
	}
}

// failure is what the callers of a batch that was given up are told.
func (l *lane) failure(err error) error {
	switch {
	case l.broken:
		return stopped().Wrap(err)
	case l.doubt:
		return pending().Wrap(err)
	case errors.Is(err, journal.ErrStale), errors.Is(err, context.DeadlineExceeded):
		return busy().Wrap(err)
	}
	return err
}

// takeTurn waits until it is this process's turn, where others write to the store too. A process that is busy and wins every race would never
// hear of those who lose them, so it asks now and then. A turn is advice, so nothing is made of an error.
func (l *lane) takeTurn(ctx context.Context, little bool) {
	now := l.w.c.Clock.Now()
	if l.contested == 0 && (l.expected < companions || now.Sub(l.asked) <= askEvery) {
		return
	}
	l.asked = now
	keepUp := func() {
		if l.set.loaded {
			_ = l.catchUp(ctx) // where that fails, the batch fails too and says why
		}
	}
	waited, err := l.w.c.Turns.Take(ctx, l.store, little, keepUp)
	l.holding = err == nil
	if waited {
		l.contested = contestedFor
		keepUp()
	}
}

func (l *lane) giveTurn() {
	ctx, cancel := context.WithTimeout(context.Background(), giveTimeout)
	defer cancel()
	l.w.c.Turns.Give(ctx, l.store)
	l.holding = false
}

func (l *lane) stale() {
	l.contested = contestedFor
	l.w.c.Observer.Stale()
}

// attempt commits the batch, as it was applied to the head that the working set has, or as it is applied now.
func (l *lane) attempt(ctx context.Context, batch []*task, p *plan) (_ *plan, err error) {
	if l.broken {
		return nil, journal.ErrBroken
	}
	began := l.w.c.Clock.Now()
	if p == nil || p.failed {
		if p, err = l.apply(ctx, batch); err != nil {
			return nil, err
		}
	}
	if p.guessed && !p.proves() {
		// What was done before is answered as it was then, and nobody is refused on a guess or on old books.
		l.repeated = max(1, l.repeated)
		if p, err = l.apply(ctx, batch); err != nil {
			return nil, err
		}
	}
	clear(l.set.fleeting)
	if len(p.records) == 0 && (!l.doubt || !p.refuses()) {
		return p, nil
	}
	applied := l.w.c.Clock.Now()
	head, err := l.commit(ctx, p)
	if err != nil {
		return nil, p.suspect(err)
	}
	p.from, p.to = l.set.head.Token, head.Token
	l.adopt(p, head)
	c := Commit{Store: l.store, Records: len(p.records), Queued: len(l.queue), Applied: applied.Sub(began), Written: l.w.c.Clock.Now().Sub(applied)}
	l.took = c.Took()
	l.w.c.Observer.Committed(c)
	return p, nil
}

// apply runs the operations one after the other; what they miss is fetched for all of them together.
func (l *lane) apply(ctx context.Context, batch []*task) (*plan, error) {
	p := l.newPlan()
	if err := l.lookUp(ctx, p, batch); err != nil {
		return nil, err
	}
	p = p.again(l) // on the head, which may have been read just now
	for range maxRounds {
		refs, unknown := l.applyAll(p, batch)
		if len(refs)+len(unknown) == 0 {
			return p, nil
		}
		if err := l.fetch(ctx, p.keys, refs, unknown); err != nil {
			return nil, p.suspect(err)
		}
		p = p.again(l)
	}
	return nil, p.suspect(errRounds)
}

// extend applies more tasks to a plan. One that cannot be gone on with has failed: its batch is then applied as a whole, which shows why.
func (l *lane) extend(ctx context.Context, p *plan, more []*task) {
	if p.failed || len(more) == 0 {
		return
	}
	if l.lookUp(ctx, p, more) != nil {
		p.failed = true
		return
	}
	refs, unknown := l.applyAll(p, more)
	p.failed = len(refs)+len(unknown) > 0
}

// lookUp finds the keys that tasks name before they are applied. Keys of what happens once are nearly always free, and a record that is added
// proves that they were. So the plan takes them for free where no other key is asked for and nothing speaks against it; what does not come to a
// commit that proves it, for whatever reason, is done again with all keys looked up.
func (l *lane) lookUp(ctx context.Context, p *plan, tasks []*task) error {
	keys := l.intended(tasks)
	if l.doubt || !l.set.loaded || l.set.head.Status != journal.Active || l.contested > 0 && !l.holding || l.repeated > 0 ||
		slices.ContainsFunc(tasks, func(t *task) bool { return len(t.intent.Keys) > 0 }) {
		return l.fetch(ctx, p.keys, nil, keys)
	}
	for _, k := range keys {
		p.keys[k] = nil
	}
	p.guessed = true
	return nil
}

// intended lists the keys that the tasks name before they are applied.
func (l *lane) intended(batch []*task) []journal.Key {
	ks := make([]journal.Key, 0, 2*len(batch))
	for _, t := range batch {
		for _, o := range t.intent.Once {
			ks = append(ks, o.Key)
		}
		ks = append(ks, t.intent.Keys...)
		if l.doubt {
			ks = append(ks, journal.RecordKey(t.id))
		}
	}
	return ks
}

// fetch reads in one snapshot together with the head's token: what another process has changed since makes it ErrStale, so that nobody is
// refused on old books. What was read becomes part of the working set only when all of it was.
func (l *lane) fetch(ctx context.Context, keys map[journal.Key]*journal.Record, refs []journal.Ref, ks []journal.Key) error {
	var head journal.Head
	var f *found
	err := l.w.c.Provider.View(ctx, func(ctx context.Context) error {
		f = &found{set: newWorkingSet(maxValues), keys: make(map[journal.Key]*journal.Record, len(ks))}
		if err := l.check(ctx, &head); err != nil {
			return err
		}
		return l.w.fetch(ctx, l.store, f, refs, ks)
	})
	if err != nil {
		return err
	}
	if !l.set.loaded {
		l.set.head, l.set.loaded = head, true
	}
	l.set.add(f.set)
	maps.Copy(keys, f.keys)
	if l.set.head.Status != journal.Active {
		return fault.New(fault.Conflict, "store_inactive", "this store is %s", l.set.head.Status)
	}
	return nil
}

// check reads the head when the working set has none, and else compares its token.
func (l *lane) check(ctx context.Context, head *journal.Head) (err error) {
	if !l.set.loaded {
		*head, err = l.w.c.Journal.Head(ctx, l.store)
		return err
	}
	token, err := l.w.c.Journal.Token(ctx, l.store)
	if err == nil && token != l.set.head.Token {
		return journal.ErrStale
	}
	return err
}

// commit writes the plan: the head first, then merged changes in the order of the bindings, then the records. A plan without records changes
// the head's token alone: no commit of before can appear then. A projection of several kinds gets all of them at once: statements are what costs.
func (l *lane) commit(ctx context.Context, p *plan) (journal.Head, error) {
	by := map[Projection][]Change{}
	for _, ref := range p.over.order {
		kept := l.w.by[ref.Kind()].Projection
		by[kept] = append(by[kept], Change{Before: p.over.before[ref], After: p.over.values[ref]})
	}
	head := journal.Head{Token: l.w.c.IDs.New(), Position: l.set.head.Position + int64(len(p.records)), At: p.now, Status: l.set.head.Status, Last: p.over.last}
	if len(p.records) == 0 {
		head.At = l.set.head.At
	}
	err := l.w.c.Provider.Transact(ctx, func(ctx context.Context) error {
		if err := l.w.c.Journal.Advance(ctx, l.store, l.set.head.Token, head); err != nil {
			return err
		}
		for _, kept := range l.w.projections {
			if cs := by[kept]; len(cs) > 0 {
				if err := kept.Save(ctx, l.store, cs); err != nil {
					return err
				}
			}
		}
		return l.w.c.Journal.Append(ctx, l.store, p.records)
	})
	return head, err
}

// adopt makes the committed plan the working set.
func (l *lane) adopt(p *plan, head journal.Head) {
	last := l.set.head.Last
	if last == nil {
		last = map[journal.Chain]journal.Hash{}
	}
	for chain, h := range p.over.last {
		last[chain] = h
	}
	head.Last = last
	l.set.head = head
	l.set.remember(p.over.near)
	for _, ref := range p.over.order {
		if !ref.Fleeting() {
			l.set.put(ref, p.over.values[ref])
		}
	}
}

// catchUp brings the working set to the head that is found now: what the records in between touched is read again where it was known, because
// what was needed is likely to be needed again.
func (l *lane) catchUp(ctx context.Context) error {
	var f *found
	var head journal.Head
	err := l.w.c.Provider.View(ctx, func(ctx context.Context) (err error) {
		f = &found{set: newWorkingSet(maxValues)}
		if head, err = l.w.c.Journal.Head(ctx, l.store); err != nil {
			return err
		}
		behind := head.Position - l.set.head.Position
		if !l.set.loaded || behind < 0 || behind > catchUpLimit {
			l.set.clear()
			return nil
		}
		refs, err := l.w.c.Journal.Changes(ctx, l.store, l.set.head.Position, int(behind))
		if err != nil {
			return err
		}
		return l.w.fetch(ctx, l.store, f, l.set.evict(refs), nil)
	})
	clear(l.set.fleeting)
	if err != nil {
		l.set.clear() // some of it may have been dropped, and not be read again
		if errors.Is(err, journal.ErrCorrupt) {
			return nil // who needs what cannot be read will meet it, and nobody else
		}
		return err
	}
	l.set.add(f.set)
	l.set.head, l.set.loaded = head, true
	return nil
}
