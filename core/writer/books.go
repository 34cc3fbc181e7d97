package writer

import (
	"context"

	"kassa/core/id"
	"kassa/core/journal"
)

// Books are values as the journal alone makes them, for verification: every record is replayed on what the ones before it left.
type Books struct{ values map[journal.Ref]Value }

// NewBooks returns empty books.
func NewBooks() *Books { return &Books{values: map[journal.Ref]Value{}} }

// Get returns the value of ref, or nil.
func (b *Books) Get(ref journal.Ref) Value { return b.values[ref] }

// Put sets values.
func (b *Books) Put(vs ...Value) {
	for _, v := range vs {
		b.values[v.Ref()] = v
	}
}

// Values returns the values by ref. The caller may remove from the map what it has compared.
func (b *Books) Values() map[journal.Ref]Value { return b.values }

// Find returns the value of ref in the books as a T.
func Find[T Value](b *Books, ref journal.Ref) (T, bool) {
	t, ok := b.Get(ref).(T)
	return t, ok
}

// Replayer is a document that changes values. Replay puts into the books what the operation that made the record changed, but for the
// ledger's accounts, which follow from the record's lines.
type Replayer interface {
	Replay(r journal.Record, b *Books) error
}

// Evident is a value of which the journal proves only a part: personal data stands in the value's own row.
type Evident interface {
	// Evidence returns that part in a form that can be compared.
	Evidence() string
}

// Evidence returns what the journal proves of a value.
func Evidence(v Value) string {
	switch e := v.(type) {
	case Evident:
		return e.Evidence()
	case Stored:
		b, _ := journal.Encode(e.Walk) // what cannot be encoded was refused when it was saved
		return string(b)
	}
	return string(v.Ref())
}

// Census lists every value that a projection keeps, for verification and copies.
type Census interface {
	// All gives every value of the store to fn, in any order, and stops at its first error.
	All(ctx context.Context, s id.Store, fn func(Value) error) error
}

// Ranger lists values by their refs.
type Ranger interface {
	// Range gives every value of the store with low <= ref < high to fn, by ref, and stops at its first error.
	Range(ctx context.Context, s id.Store, low, high journal.Ref, fn func(Value) error) error
}
