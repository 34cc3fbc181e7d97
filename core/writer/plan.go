package writer

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/transaction"
)

// plan is a batch as applied to the working set, not yet committed.
type plan struct {
	over     *overlay
	records  []journal.Record
	answers  []answer
	now      time.Time
	keys     map[journal.Key]*journal.Record // looked up for the batch; nil means not there
	guessed  bool                            // keys were not looked up, but taken for free
	failed   bool                            // it cannot be committed
	from, to id.ID                           // the head's tokens before and after its commit
}

func (l *lane) newPlan() *plan {
	return &plan{over: newOverlay(), now: l.w.now(l.set.head), keys: map[journal.Key]*journal.Record{}}
}

// again returns an empty plan with the same keys.
func (p *plan) again(l *lane) *plan {
	q := l.newPlan()
	q.keys, q.guessed = p.keys, p.guessed
	return q
}

type answer struct {
	t        *task
	record   int // index in plan.records, or -1
	known    *journal.Record
	replayed bool
	err      error
}

// refuses reports whether an answer is that something did not happen.
func (p *plan) refuses() bool {
	return slices.ContainsFunc(p.answers, func(a answer) bool { return a.err != nil })
}

// proves reports whether every task makes a record, so that a commit proves that the keys of all were free.
func (p *plan) proves() bool {
	return len(p.records) > 0 && !slices.ContainsFunc(p.answers, func(a answer) bool { return a.err != nil || a.replayed })
}

// suspect returns errTaken for an error that may not have come about had the keys been looked up: a task that was done before is not applied then.
func (p *plan) suspect(err error) error {
	switch {
	case !p.guessed, errors.Is(err, journal.ErrStale), errors.Is(err, transaction.ErrUnknown), errors.Is(err, transaction.ErrTooLarge), fault.IsKind(err, fault.Unavailable),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	}
	return errTaken
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

// applyAll applies the tasks after those that the plan has. When something was missed, it returns that and the plan is of no use.
func (l *lane) applyAll(p *plan, batch []*task) (refs []journal.Ref, unknown []journal.Key) {
	for _, t := range batch {
		v := &View{id: t.id, now: p.now, actor: t.actor, set: l.set, over: p.over, keys: p.keys}
		a := l.applyOne(p, t, v)
		if v.missed() {
			refs, unknown = append(refs, v.missing...), append(unknown, v.unknown...)
			continue
		}
		p.answers = append(p.answers, a)
	}
	return refs, unknown
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
	said := l.list(p, &r)
	r.Touched = touched(r, values)
	var ok bool
	if r.Previous, ok = p.over.last[d.Chain]; !ok {
		r.Previous = l.set.head.Last[d.Chain]
	}
	if err := r.Seal(); err != nil {
		return err
	}
	for _, t := range said {
		p.over.near[t] = journal.Block(r.Position)
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
