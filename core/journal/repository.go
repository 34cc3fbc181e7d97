package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kassa/core/clock"
	"kassa/core/id"
)

// Status says whether a store takes new records.
type Status string

// The states of a store.
const (
	Active   Status = "active"
	Inactive Status = "inactive"
	Copying  Status = "copying"
)

// Head is the newest state of a store's journal. Every write transaction replaces it where the token is the one that was read; that
// compare-and-set is the only concurrency control.
type Head struct {
	Token    id.ID // random, new with every commit
	Position int64 // of the last record
	At       time.Time
	Status   Status
	Last     map[Chain]Hash // last hash of each chain
}

// What a store answers when a write meets other books than expected.
var (
	// ErrStale says that the head is no longer the one that was read: another writer committed.
	ErrStale = errors.New("the head has moved")
	// ErrBroken says that a write that could not fail did: the books were changed by other hands.
	ErrBroken = errors.New("the books are not as the head says")
	// ErrCorrupt says that something kept cannot be read back as it was written.
	ErrCorrupt = errors.New("corrupt")
)

// Corrupt returns an ErrCorrupt that says what cannot be read back and why. It has only the words of the reason: a fault in it, such as one of a field, is not a
// fault of who asks.
func Corrupt(why error, what string) error {
	return fmt.Errorf("%w: %s: %s", ErrCorrupt, what, why.Error())
}

// Range asks for records listed under a ref: newest first, and only business days within From and To where those are set.
// Before continues after a place that an earlier page ended with.
type Range struct {
	From, To clock.Date
	Before   Place
	Limit    int
}

// Place is where a record stands in the listing of a ref. Day is zero for refs that are listed by position.
type Place struct {
	Day      clock.Date
	Position int64
}

// Entry is one entry of an index over the records: of a key, of a ref, or of a ledger line's account (whose name has the kind account).
type Entry struct {
	Name     string // the key or ref
	Position int64
	Day      clock.Date // of refs that are listed by business day
	Amount   int64      // of ledger lines
	Balance  int64      // likewise
}

// Entries returns what the indexes hold for the record.
func (r *Record) Entries() []Entry {
	es := make([]Entry, 0, 1+len(r.Keys)+len(r.Refs)+len(r.Lines))
	es = append(es, Entry{Name: string(RecordKey(r.ID)), Position: r.Position})
	for _, k := range r.Keys {
		es = append(es, Entry{Name: string(k), Position: r.Position})
	}
	for _, ref := range r.Refs {
		e := Entry{Name: string(ref), Position: r.Position}
		if ref.Dated() {
			e.Day = r.Day
		}
		es = append(es, e)
	}
	for _, l := range r.Lines {
		es = append(es, Entry{Name: "account:" + l.Account, Position: r.Position, Amount: l.Amount, Balance: l.Balance})
	}
	return es
}

// Repository keeps the journal. Methods that write run inside a transaction; methods that read see the transaction's snapshot, if any.
type Repository interface {
	// Head returns the head, with the last hash of every chain. NotFound fault store_unknown when the store was never created.
	Head(ctx context.Context, s id.Store) (Head, error)
	// Token returns the head's token only.
	Token(ctx context.Context, s id.Store) (id.ID, error)
	// Advance replaces the head where its token is from; ErrStale otherwise. to.Last holds only the chains that changed.
	Advance(ctx context.Context, s id.Store, from id.ID, to Head) error
	// Append adds sealed records. ErrBroken when a key or a position is taken.
	Append(ctx context.Context, s id.Store, rs []Record) error
	// Find returns the records that hold any of the keys, by key; a key that is not there has no entry.
	Find(ctx context.Context, s id.Store, keys []Key) (map[Key]Record, error)
	// List returns records that carry the ref, newest first.
	List(ctx context.Context, s id.Store, ref Ref, r Range) ([]Record, error)
	// Index gives every entry of the indexes over the records to fn, in any order, for verification.
	Index(ctx context.Context, s id.Store, fn func(Entry) error) error
	// From returns up to limit records with a position above the given one, oldest first. When one of them cannot be read, it returns
	// those before it and the error.
	From(ctx context.Context, s id.Store, position int64, limit int) ([]Record, error)
	// Changes returns what these records touched, without reading them whole.
	Changes(ctx context.Context, s id.Store, position int64, limit int) ([]Ref, error)
}
