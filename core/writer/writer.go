package writer

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"kassa/core/audit"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/transaction"
)

// The bounds of a writer.
const (
	MaxBatch      = 128
	maxQueue      = 1024
	maxInFlight   = 256              // of one DoAll
	maxValues     = 50_000           // of one generation of the working set
	companions    = 8                // callers at once from which on those who were just answered are waited for
	leastPatience = time.Millisecond // for those who were just answered
	mostPatience  = 5 * time.Millisecond
	patienceShare = 4                    // of the time that the last commit took
	maxRounds     = 4                    // in which an operation may ask for more
	maxTries      = 10_000               // commits of one batch on heads that moved; the deadline ends them sooner
	commitTimeout = 20 * time.Second     // of one batch, all tries together
	fullPause     = 5 * time.Millisecond // before a full queue is tried again
	grace         = 2 * time.Second      // that an applied operation's outcome is waited for beyond its context
	catchUpLimit  = 1000                 // records read one by one to catch up; beyond that everything is read again
	doubtPause    = 50 * time.Millisecond
	contestedFor  = 64                     // batches after another process wrote, in which turns are taken
	repeatedFor   = 64                     // batches after a key was taken, in which all are looked up
	askEvery      = 100 * time.Millisecond // at most, for a turn that nobody else is known to want
	maxIdle       = 2 * time.Millisecond   // that a turn is kept without work
	maxIdleBusy   = 10 * time.Millisecond  // likewise, when those who were just answered are about to come back
	giveTimeout   = time.Second
	busyFor       = time.Second // after a batch began, if no other follows
)

// Turns lets the writers of several processes take turns on a store, so that none starves and few commits are in vain. They are advice: what
// keeps the books right is the head's token.
type Turns interface {
	// Take waits until it is this process's turn. A turn lasts a moment, and a quarter of that for who has little to do. waited tells that another
	// process had its turn before; shortly before that one ends, soon is called, at most once. It returns an error when the context ends before or
	// nobody can say.
	Take(ctx context.Context, s id.Store, little bool, soon func()) (waited bool, err error)
	// Give ends the turn of this process, if it has it.
	Give(ctx context.Context, s id.Store)
}

// Alone is the Turns of a database that only one process can write to.
type Alone struct{}

// Take implements Turns.
func (Alone) Take(context.Context, id.Store, bool, func()) (bool, error) { return false, nil }

// Give implements Turns.
func (Alone) Give(context.Context, id.Store) {}

// Config is what a Writer needs.
type Config struct {
	Provider transaction.Provider
	Journal  journal.Repository
	Bindings []Binding
	Clock    clock.Clock
	IDs      id.Source
	Observer Observer // may be nil
	Turns    Turns    // Alone when nil
	Batch    int      // most operations a batch; MaxBatch when zero
}

// Writer commits the operations of all stores, each store's in one order.
type Writer struct {
	c           Config
	by          map[string]Binding
	projections []Projection // each once, in the order of the bindings
	mu          sync.Mutex
	lanes       map[id.Store]*lane
	closing     bool
	wg          sync.WaitGroup
}

// New returns a Writer. Close it to stop its goroutines.
func New(c Config) *Writer {
	if c.Batch == 0 {
		c.Batch = MaxBatch
	}
	if c.Turns == nil {
		c.Turns = Alone{}
	}
	if c.Observer == nil {
		c.Observer = unobserved{}
	}
	w := &Writer{c: c, by: make(map[string]Binding, len(c.Bindings)), projections: Projections(c.Bindings), lanes: map[id.Store]*lane{}}
	for _, b := range c.Bindings {
		w.by[b.Kind] = b
	}
	return w
}

// task states: an operation that has not been applied may still be dropped; after that its outcome is waited for.
const (
	waiting int32 = iota
	taken
	dropped
)

type task struct {
	ctx    context.Context
	op     Operation
	intent Intent
	id     id.ID
	actor  audit.Actor
	state  atomic.Int32
	done   chan struct{}
	result Result
	err    error
	lost   func() // told when a note fails; nil for all else
}

func (t *task) finish(r Result, err error) {
	if err != nil && t.lost != nil {
		t.lost()
	}
	t.result, t.err = r, err
	close(t.done)
}

// Do applies the operation, commits it and returns its record. Refusals of the operation come back as they are. An Unavailable fault:
// writer_busy when the queue is full or the context ended before the operation was applied (nothing happened); outcome_pending when the
// context ended while the commit was under way (ask again with the same key); store_stopped when the books were changed by other hands.
func (w *Writer) Do(ctx context.Context, s id.Store, op Operation) (Result, error) {
	t := w.task(ctx, op)
	if err := w.enqueue(s, t); err != nil {
		w.c.Observer.Refused()
		return Result{}, err
	}
	return t.wait()
}

// DoAll applies the operations in their order, each standing or falling alone, and returns what Do would have for each. Where Do would refuse
// because the queue is full, it waits.
func (w *Writer) DoAll(ctx context.Context, s id.Store, ops []Operation) ([]Result, []error) {
	tasks := make([]*task, len(ops))
	for i, op := range ops {
		tasks[i] = w.task(ctx, op)
	}
	results, errs := make([]Result, len(ops)), make([]error, len(ops))
	answered := 0
	answer := func(upTo int) {
		for ; answered < upTo; answered++ {
			results[answered], errs[answered] = tasks[answered].wait()
		}
	}
	for i, t := range tasks {
		answer(i - maxInFlight + 1) // leave room in the queue for others
		if err := w.enqueuePatiently(ctx, s, t); err != nil {
			t.finish(Result{}, err)
		}
	}
	answer(len(tasks))
	return results, errs
}

// enqueuePatiently tries again while the queue is full, until the context ends.
func (w *Writer) enqueuePatiently(ctx context.Context, s id.Store, t *task) error {
	for {
		err := w.enqueue(s, t)
		if err == nil || w.isClosing() || clock.Sleep(ctx, fullPause) != nil {
			return err
		}
	}
}

func (w *Writer) isClosing() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closing
}

func (w *Writer) task(ctx context.Context, op Operation) *task {
	return &task{ctx: ctx, op: op, intent: op.Intent(), id: w.c.IDs.New(), actor: audit.From(ctx), done: make(chan struct{})}
}

// wait returns the outcome, or gives up with the context.
func (t *task) wait() (Result, error) {
	select {
	case <-t.done:
		return t.result, t.err
	case <-t.ctx.Done():
	}
	if t.state.CompareAndSwap(waiting, dropped) {
		return Result{}, busy().Wrap(t.ctx.Err())
	}
	grace := time.NewTimer(grace) // an applied operation is nearly always committed by then
	defer grace.Stop()
	select {
	case <-t.done:
		return t.result, t.err
	case <-grace.C:
		return Result{}, pending().Wrap(t.ctx.Err())
	}
}

// Close lets what waits commit, then stops. It returns ctx's error when that takes too long.
func (w *Writer) Close(ctx context.Context) error {
	w.mu.Lock()
	if !w.closing {
		w.closing = true
		for _, l := range w.lanes {
			close(l.queue)
			close(l.notes)
		}
	}
	w.mu.Unlock()
	stopped := make(chan struct{})
	go func() { w.wg.Wait(); close(stopped) }()
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *Writer) enqueue(s id.Store, t *task) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	l, err := w.open(s)
	if err != nil {
		return err
	}
	line := l.queue
	if t.lost != nil { // it is a note
		line = l.notes
	}
	select {
	case line <- t:
		return nil
	default:
		return busy()
	}
}

// open returns the store's lane, made where there was none; writer_busy once the writer closes. The caller has the lock.
func (w *Writer) open(s id.Store) (*lane, error) {
	if w.closing {
		return nil, busy()
	}
	l := w.lanes[s]
	if l == nil {
		l = &lane{w: w, store: s, queue: make(chan *task, maxQueue), notes: make(chan *task, maxNotes), set: newWorkingSet(maxValues)}
		w.lanes[s] = l
		w.wg.Add(1)
		go l.serve()
	}
	return l, nil
}

// Waiting returns how many operations of the store are in the queue: enqueued, and not yet part of a batch.
func (w *Writer) Waiting(s id.Store) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.lanes[s]; l != nil {
		return len(l.queue)
	}
	return 0
}

// Queued returns how many operations are in the queues of all stores.
func (w *Writer) Queued() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, l := range w.lanes {
		n += len(l.queue)
	}
	return n
}

// Busy reports whether so many sell at once that they wait for each other, as of the last batch of a store, if that is not long ago.
func (w *Writer) Busy() bool {
	since := w.c.Clock.Now().Add(-busyFor).UnixMilli()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lanes {
		if l.busy.Load() > since {
			return true
		}
	}
	return false
}

// Status returns the store's status as the database has it.
func (w *Writer) Status(ctx context.Context, s id.Store) (status journal.Status, err error) {
	err = w.c.Provider.View(ctx, func(ctx context.Context) error {
		h, err := w.c.Journal.Head(ctx, s)
		status = h.Status
		return err
	})
	return status, err
}

// Read runs fn on a view of one durable snapshot, outside the queue: for quotes and checks that change nothing. fn may run several times.
func (w *Writer) Read(ctx context.Context, s id.Store, fn func(v *View) error) error {
	var outcome error
	err := w.c.Provider.View(ctx, func(ctx context.Context) error {
		h, err := w.c.Journal.Head(ctx, s)
		if err != nil {
			return err
		}
		f := &found{set: newWorkingSet(maxValues), keys: map[journal.Key]*journal.Record{}}
		for range maxRounds {
			v := &View{id: w.c.IDs.New(), now: w.now(h), actor: audit.From(ctx), set: f.set, keys: f.keys}
			outcome = fn(v)
			if !v.missed() {
				return nil
			}
			if err := w.fetch(ctx, s, f, v.missing, v.unknown); err != nil {
				return err
			}
		}
		return errRounds
	})
	if err != nil {
		return err
	}
	return outcome
}

// Snapshot runs fn on one durable snapshot that every Read inside it sees.
func (w *Writer) Snapshot(ctx context.Context, fn func(ctx context.Context) error) error {
	return w.c.Provider.View(ctx, fn)
}

// Refuse returns why, the refusal of a request before its operation, unless one of the intent's keys is known: a repeated request gets its
// first answer even where it would be refused today. The result then comes with a nil error.
func (w *Writer) Refuse(ctx context.Context, s id.Store, in Intent, why error) (Result, error) {
	var known Result
	err := w.Read(ctx, s, func(v *View) error {
		for _, o := range in.Once {
			r, ok := v.Record(o.Key)
			switch {
			case !ok:
			case r.Request != in.Request:
				return o.Refuse(r)
			default:
				known = Result{Record: r, Replayed: true}
				return nil
			}
		}
		return why
	})
	return known, err
}

// now is the record time after the head: it never falls along positions.
func (w *Writer) now(h journal.Head) time.Time {
	if now := clock.Milli(w.c.Clock.Now()); now.After(h.At) {
		return now
	}
	return h.At
}

// found is what was read of a snapshot.
type found struct {
	set  *workingSet
	keys map[journal.Key]*journal.Record // a nil record: known not to exist
}

// fetch reads the refs and keys that a view missed.
func (w *Writer) fetch(ctx context.Context, s id.Store, f *found, refs []journal.Ref, ks []journal.Key) error {
	by := map[Projection][]journal.Ref{}
	for _, r := range refs {
		if _, ok := f.set.get(r); ok {
			continue
		}
		b, ok := w.by[r.Kind()]
		if !ok {
			return errors.New("no projection keeps " + r.Kind())
		}
		f.set.put(r, nil)
		by[b.Projection] = append(by[b.Projection], r)
	}
	for kept, rs := range by {
		vs, err := kept.Load(ctx, s, rs)
		if err != nil {
			return err
		}
		for _, v := range vs {
			f.set.put(v.Ref(), v)
		}
	}
	if len(ks) == 0 {
		return nil
	}
	records, err := w.c.Journal.Find(ctx, s, ks)
	if err != nil {
		return err
	}
	for _, k := range ks {
		f.keys[k] = nil
		if r, ok := records[k]; ok {
			f.keys[k] = &r
		}
	}
	return nil
}

// errTaken says that a batch must be applied with all keys looked up, because one that was taken for free may not be.
var errTaken = errors.New("a key may be taken")

var errRounds = errors.New("an operation asked for more than it may")

func busy() *fault.Error {
	return fault.New(fault.Unavailable, "writer_busy", "the store is busy; nothing was changed").Retry(time.Second)
}

func pending() *fault.Error {
	return fault.New(fault.Unavailable, "outcome_pending", "the answer is not known yet; repeat the request with the same key").Retry(time.Second)
}

func stopped() *fault.Error {
	return fault.New(fault.Unavailable, "store_stopped", "the books of this store were changed by other hands; run kassa verify").Retry(time.Minute)
}
