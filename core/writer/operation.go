// Package writer commits operations in batches. One goroutine per store applies what waits to a working set in memory, as pure functions,
// and commits the result in one short transaction that replaces the head of the store's journal. Operations that arrive while a commit is
// in flight form the next batch, so that a thousand tills on one drawer cost little more than one.
package writer

import (
	"context"
	"slices"
	"time"

	"kassa/core/audit"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/journal"
)

// Value is one immutable piece of a store's present state: the stock of a product, the balance of an account, a register.
type Value interface {
	Ref() journal.Ref
}

// Stored is a value that stores keep in its canonical form.
type Stored interface {
	Value
	Walk(*journal.Codec)
}

// Change replaces Before, nil where there was none, by After.
type Change struct{ Before, After Value }

// Projection keeps the values of some kinds. It is part of the repositories of the core packages; the journal can rebuild it.
type Projection interface {
	// Load returns the values that exist, in any order.
	Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]Value, error)
	// Save writes the changed values, within a transaction that has advanced the head.
	Save(ctx context.Context, s id.Store, cs []Change) error
	Census
}

// Binding says which projection keeps the values of a kind. Bindings are saved in their order: the most contended first.
type Binding struct {
	Kind       string // of the values' refs
	Projection Projection
}

// Projections lists each projection of the bindings once, in their order.
func Projections(bs []Binding) []Projection {
	var ps []Projection
	for _, b := range bs {
		if !slices.Contains(ps, b.Projection) {
			ps = append(ps, b.Projection)
		}
	}
	return ps
}

// Once is a key that makes an operation happen once.
type Once struct {
	Key journal.Key
	// Refuse is the answer when the key is taken by a record of another kind or content.
	Refuse func(taken journal.Record) error
}

// Idempotent returns the Once of a client's Idempotency-Key.
func Idempotent(k idempotency.Key) Once {
	return Once{Key: journal.NewKey("idem", string(k)), Refuse: func(journal.Record) error { return idempotency.Reused() }}
}

// Intent is what is known of an operation before it is applied.
type Intent struct {
	Request idempotency.Hash // of kind and content; compared when a Once key is known
	Once    []Once           // a known key with the same request answers with its record
	Keys    []journal.Key    // other keys to look up, such as spent tokens
}

// Operation is one change to the books.
type Operation interface {
	Intent() Intent
	// Apply decides on the view and returns what to record and the changed values, or a refusal, which leaves no trace. It is pure and may
	// run several times: whatever it asks the view for and is not in memory is fetched, and Apply runs again. So it asks for all that it may
	// need before it decides.
	Apply(v *View) (journal.Draft, []Value, error)
}

// Result is the record that an operation made, or the one of the first time.
type Result struct {
	Record   journal.Record
	Replayed bool
}

// View is what an operation sees: the working set with the changes of the operations before it in the batch.
type View struct {
	id      id.ID
	now     time.Time
	actor   audit.Actor
	set     *workingSet
	over    *overlay
	keys    map[journal.Key]*journal.Record // looked up for this batch; nil means not there
	missing []journal.Ref
	unknown []journal.Key
}

// ID returns the id of the record that the operation will make.
func (v *View) ID() id.ID { return v.id }

// Now returns the record time: the clock's, or the last record's where the clock went back.
func (v *View) Now() time.Time { return v.now }

// Actor returns who asked for the operation.
func (v *View) Actor() audit.Actor { return v.actor }

// Value returns the value of ref, or nil.
func (v *View) Value(ref journal.Ref) Value {
	if v.over != nil {
		if val, ok := v.over.values[ref]; ok {
			return val
		}
	}
	val, ok := v.set.get(ref)
	if !ok {
		v.missing = append(v.missing, ref)
	}
	return val
}

// Record returns the record that holds the key.
func (v *View) Record(k journal.Key) (journal.Record, bool) {
	if v.over != nil {
		if r, ok := v.over.keys[k]; ok {
			return *r, true
		}
	}
	r, ok := v.keys[k]
	if !ok {
		v.unknown = append(v.unknown, k)
		return journal.Record{}, false
	}
	if r == nil {
		return journal.Record{}, false
	}
	return *r, true
}

func (v *View) missed() bool { return len(v.missing) > 0 || len(v.unknown) > 0 }

// Get returns the value of ref as a T.
func Get[T Value](v *View, ref journal.Ref) (T, bool) {
	t, ok := v.Value(ref).(T)
	return t, ok
}
