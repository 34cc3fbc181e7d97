package writer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/transaction"
)

// lane is the writer of one store: a queue and the goroutine that empties it.
type lane struct {
	w        *Writer
	store    id.Store
	queue    chan *task
	set      *workingSet
	expected int  // callers who wait or were answered with the last batch
	doubt    bool // the outcome of a commit is unknown: look whether its records are there
	broken   bool // the books were changed by other hands
}

func (l *lane) serve() {
	defer l.w.wg.Done()
	for first := range l.queue {
		batch := l.collect(first)
		l.process(batch)
		l.expected = len(batch) + len(l.queue)
	}
}

// collect takes what waits. With few callers that is all, so that an idle store answers at once. Under load it waits a moment for those who
// were just answered: they are about to come back, and would else form a second batch, half as large, for ever. A commit of 64 sales costs two
// thirds of two commits of 32.
func (l *lane) collect(first *task) []*task {
	batch := l.add(make([]*task, 0, l.w.c.Batch), first)
	for len(batch) < l.w.c.Batch {
		select {
		case t, ok := <-l.queue:
			if !ok {
				return batch
			}
			batch = l.add(batch, t)
			continue
		default:
		}
		break
	}
	if l.expected < companions || len(batch) >= l.expected {
		return batch
	}
	patience := time.NewTimer(maxPatience)
	defer patience.Stop()
	for len(batch) < min(l.expected, l.w.c.Batch) {
		select {
		case t, ok := <-l.queue:
			if !ok {
				return batch
			}
			batch = l.add(batch, t)
		case <-patience.C:
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

// process answers every task of the batch. The batch has a context of its own, so that one client's timeout aborts nobody else.
func (l *lane) process(batch []*task) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	l.doubt = false
	var err error
	rebuilt := false
	for range maxTries {
		var p *plan
		if p, err = l.attempt(ctx, batch); err == nil {
			p.answer()
			return
		}
		switch {
		case errors.Is(err, errRounds) && len(batch) > 1:
			// One of them asks too often, or each asks for what the one before it made. Alone, each has all rounds to itself.
			for i := range batch {
				l.process(batch[i : i+1])
			}
			return
		case errors.Is(err, journal.ErrStale):
			l.stale()
			err = l.catchUp(ctx)
		case errors.Is(err, transaction.ErrUnknown):
			// Only a commit on the head found now proves that the first one will never appear. Records keep their ids, and their keys
			// answer if it did appear.
			l.doubt = true
			err = l.catchUp(ctx)
		case errors.Is(err, journal.ErrBroken) && !rebuilt:
			rebuilt = true
			l.set.clear()
			err = nil
		case errors.Is(err, journal.ErrBroken):
			l.broken = true
		}
		if err != nil {
			break
		}
		err = journal.ErrStale
	}
	l.set.clear()
	for _, t := range batch {
		t.finish(Result{}, l.failure(err))
	}
}

func (l *lane) failure(err error) error {
	switch {
	case l.broken:
		return stopped().Wrap(err)
	case errors.Is(err, journal.ErrStale), errors.Is(err, context.DeadlineExceeded), errors.Is(err, transaction.ErrUnknown):
		return pending().Wrap(err)
	}
	return err
}

func (l *lane) stale() {
	if o := l.w.c.Observer; o != nil {
		o.Stale()
	}
}

// plan is a batch as applied to the working set, not yet committed.
type plan struct {
	over    *overlay
	records []journal.Record
	answers []answer
	now     time.Time
}

type answer struct {
	t        *task
	record   int // index in plan.records, or -1
	known    *journal.Record
	replayed bool
	err      error
}

func (p *plan) answer() {
	for _, a := range p.answers {
		switch {
		case a.err != nil:
			a.t.finish(Result{}, a.err)
		case a.known != nil:
			a.t.finish(Result{Record: *a.known, Replayed: a.replayed}, nil)
		default:
			a.t.finish(Result{Record: p.records[a.record], Replayed: a.replayed}, nil)
		}
	}
}

// attempt applies the batch on the head that the working set has and commits it.
func (l *lane) attempt(ctx context.Context, batch []*task) (*plan, error) {
	if l.broken {
		return nil, journal.ErrBroken
	}
	began := l.w.c.Clock.Now()
	p, err := l.apply(ctx, batch)
	if err != nil {
		return nil, err
	}
	clear(l.set.fleeting)
	if len(p.records) == 0 {
		return p, nil
	}
	head, err := l.commit(ctx, p)
	if err != nil {
		return nil, err
	}
	l.adopt(p, head)
	if o := l.w.c.Observer; o != nil {
		o.Committed(len(p.records), len(l.queue), l.w.c.Clock.Now().Sub(began))
	}
	return p, nil
}

// apply runs the operations one after the other; what they miss is fetched for all of them together.
func (l *lane) apply(ctx context.Context, batch []*task) (*plan, error) {
	keys := map[journal.Key]*journal.Record{}
	if err := l.fetch(ctx, keys, nil, l.intended(batch)); err != nil {
		return nil, err
	}
	for range maxRounds {
		p, refs, unknown := l.applyAll(batch, keys)
		if len(refs)+len(unknown) == 0 {
			return p, nil
		}
		if err := l.fetch(ctx, keys, refs, unknown); err != nil {
			return nil, err
		}
	}
	return nil, errRounds
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

// applyAll applies every task to an empty overlay. When something was missed, it returns that and the plan is of no use.
func (l *lane) applyAll(batch []*task, keys map[journal.Key]*journal.Record) (*plan, []journal.Ref, []journal.Key) {
	p := &plan{over: newOverlay(), now: l.w.now(l.set.head)}
	var refs []journal.Ref
	var unknown []journal.Key
	for _, t := range batch {
		v := &View{id: t.id, now: p.now, actor: t.actor, set: l.set, over: p.over, keys: keys}
		a := l.applyOne(p, t, v)
		if v.missed() {
			refs, unknown = append(refs, v.missing...), append(unknown, v.unknown...)
			continue
		}
		p.answers = append(p.answers, a)
	}
	return p, refs, unknown
}

func (l *lane) applyOne(p *plan, t *task, v *View) (a answer) {
	a = answer{t: t, record: -1}
	defer func() {
		if r := recover(); r != nil {
			a.err = fmt.Errorf("operation panicked: %v\n%s", r, debug.Stack())
		}
	}()
	if done, ok := l.known(p, t, v); ok {
		return done
	}
	draft, values, err := t.op.Apply(v)
	if err != nil || v.missed() {
		a.err = err
		return a
	}
	a.err = l.record(p, t, draft, values)
	a.record = len(p.records) - 1
	return a
}

// known answers a task whose record exists already: the same task after an unknown outcome, or the same request sent before.
func (l *lane) known(p *plan, t *task, v *View) (answer, bool) {
	if l.doubt {
		if r, ok := v.Record(journal.RecordKey(t.id)); ok {
			return answer{t: t, known: &r}, true
		}
	}
	for _, o := range t.intent.Once {
		r, ok := v.Record(o.Key)
		if !ok {
			continue
		}
		if r.Request != t.intent.Request {
			return answer{t: t, err: o.Refuse(r)}, true
		}
		if r.Position > l.set.head.Position {
			return answer{t: t, record: int(r.Position - l.set.head.Position - 1), replayed: true}, true
		}
		return answer{t: t, known: &r, replayed: true}, true
	}
	return answer{}, false
}

// record seals the draft as the next record and puts the changed values in place.
func (l *lane) record(p *plan, t *task, d journal.Draft, values []Value) error {
	r := journal.Record{Draft: d, ID: t.id, Position: l.set.head.Position + int64(len(p.records)) + 1, At: p.now, Actor: t.actor}
	r.Request = t.intent.Request
	for _, o := range t.intent.Once {
		if !slices.Contains(r.Keys, o.Key) {
			r.Keys = append(r.Keys, o.Key)
		}
	}
	for _, k := range r.Keys {
		if _, taken := p.over.keys[k]; taken {
			return fmt.Errorf("key %s is used twice in one batch", k)
		}
	}
	r.Touched = touched(r, values)
	var ok bool
	if r.Previous, ok = p.over.last[d.Chain]; !ok {
		r.Previous = l.set.head.Last[d.Chain]
	}
	if err := r.Seal(); err != nil {
		return err
	}
	for _, v := range values {
		p.over.put(l.set, v)
	}
	p.over.last[d.Chain] = r.Hash
	p.records = append(p.records, r)
	p.over.keys[journal.RecordKey(r.ID)] = &r
	for _, k := range r.Keys {
		p.over.keys[k] = &r
	}
	return nil
}

// touched lists the refs of the changed values that the record does not name otherwise. Values that are never kept are left out: their
// refs may hold personal data.
func touched(r journal.Record, values []Value) []journal.Ref {
	var out []journal.Ref
	for _, v := range values {
		ref := v.Ref()
		if ref.Fleeting() || slices.Contains(r.Refs, ref) || slices.ContainsFunc(r.Lines, func(l journal.Line) bool {
			return ref.Kind() == "account" && ref.Value() == l.Account
		}) {
			continue
		}
		out = append(out, ref)
	}
	return out
}

// commit writes the plan: the head first, then merged changes in the order of the bindings, then the records.
func (l *lane) commit(ctx context.Context, p *plan) (journal.Head, error) {
	by := map[string][]Change{}
	for _, ref := range p.over.order {
		by[ref.Kind()] = append(by[ref.Kind()], Change{Before: p.over.before[ref], After: p.over.values[ref]})
	}
	head := journal.Head{Token: l.w.c.IDs.New(), Position: l.set.head.Position + int64(len(p.records)), At: p.now, Status: l.set.head.Status, Last: p.over.last}
	err := l.w.c.Provider.Transact(ctx, func(ctx context.Context) error {
		if err := l.w.c.Journal.Advance(ctx, l.store, l.set.head.Token, head); err != nil {
			return err
		}
		for _, b := range l.w.c.Bindings {
			if cs := by[b.Kind]; len(cs) > 0 {
				if err := b.Projection.Save(ctx, l.store, cs); err != nil {
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
	for _, ref := range p.over.order {
		if !ref.Fleeting() {
			l.set.put(ref, p.over.values[ref])
		}
	}
}

// catchUp brings the working set to the head that is found now: what the records in between touched is dropped.
func (l *lane) catchUp(ctx context.Context) error {
	return l.w.c.Provider.View(ctx, func(ctx context.Context) error {
		h, err := l.w.c.Journal.Head(ctx, l.store)
		if err != nil {
			return err
		}
		behind := h.Position - l.set.head.Position
		if !l.set.loaded || behind < 0 || behind > catchUpLimit {
			l.set.clear()
		} else {
			rs, err := l.w.c.Journal.From(ctx, l.store, l.set.head.Position, int(behind))
			if err != nil {
				return err
			}
			for _, r := range rs {
				l.evictTouched(r)
			}
		}
		clear(l.set.fleeting)
		l.set.head, l.set.loaded = h, true
		return nil
	})
}

func (l *lane) evictTouched(r journal.Record) {
	for _, ref := range r.Refs {
		l.set.evict(ref)
	}
	for _, ref := range r.Touched {
		l.set.evict(ref)
	}
	for _, line := range r.Lines {
		l.set.evict(journal.NewRef("account", line.Account))
	}
}
