package writer

import (
	"kassa/core/journal"
)

// workingSet is the part of a store's present state that is in memory, all of it as of one head. It is bounded: values live in a young
// generation that becomes the old one when it is full; what is used moves back to the young one, what is not is dropped with the old.
type workingSet struct {
	head       journal.Head
	loaded     bool
	young, old map[journal.Ref]Value  // a nil value: known not to exist
	fleeting   map[journal.Ref]Value  // of this batch only, because the journal does not name them when they change
	near       map[journal.Term]int64 // the last block in which a record of this process says so
	limit      int
}

func newWorkingSet(limit int) *workingSet {
	return &workingSet{young: map[journal.Ref]Value{}, old: map[journal.Ref]Value{}, fleeting: map[journal.Ref]Value{}, near: map[journal.Term]int64{}, limit: limit}
}

func (w *workingSet) get(ref journal.Ref) (Value, bool) {
	if ref.Fleeting() {
		v, ok := w.fleeting[ref]
		return v, ok
	}
	if v, ok := w.young[ref]; ok {
		return v, true
	}
	v, ok := w.old[ref]
	if ok {
		w.put(ref, v)
	}
	return v, ok
}

func (w *workingSet) put(ref journal.Ref, v Value) {
	if ref.Fleeting() {
		w.fleeting[ref] = v
		return
	}
	if len(w.young) >= w.limit {
		w.old, w.young = w.young, make(map[journal.Ref]Value, w.limit/4)
	}
	w.young[ref] = v
}

// add takes over everything of another set.
func (w *workingSet) add(o *workingSet) {
	for _, values := range []map[journal.Ref]Value{o.old, o.young, o.fleeting} {
		for ref, v := range values {
			w.put(ref, v)
		}
	}
}

// evict drops the values of the refs and returns which of them were known.
func (w *workingSet) evict(refs []journal.Ref) (known []journal.Ref) {
	for _, ref := range refs {
		_, young := w.young[ref]
		_, old := w.old[ref]
		if young || old {
			known = append(known, ref)
		}
		delete(w.young, ref)
		delete(w.old, ref)
	}
	return known
}

func (w *workingSet) clear() {
	w.loaded = false
	clear(w.young)
	clear(w.old)
	clear(w.fleeting)
	clear(w.near)
}

// overlay holds what the operations of a batch have changed so far.
type overlay struct {
	values map[journal.Ref]Value
	before map[journal.Ref]Value // as in the database, for those that changed
	order  []journal.Ref
	keys   map[journal.Key]*journal.Record
	last   map[journal.Chain]journal.Hash
	near   map[journal.Term]int64
}

func newOverlay() *overlay {
	return &overlay{values: map[journal.Ref]Value{}, before: map[journal.Ref]Value{}, keys: map[journal.Key]*journal.Record{},
		last: map[journal.Chain]journal.Hash{}, near: map[journal.Term]int64{}}
}

func (o *overlay) put(set *workingSet, v Value) {
	ref := v.Ref()
	if _, ok := o.values[ref]; !ok {
		o.before[ref], _ = set.get(ref)
		o.order = append(o.order, ref)
	}
	o.values[ref] = v
}
