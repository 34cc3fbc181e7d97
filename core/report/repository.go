package report

import (
	"context"
	"errors"

	"kassa/core/id"
)

// ErrStale says that the watermark is no longer where it was: another process moved it.
var ErrStale = errors.New("the watermark of the reports has moved")

// Page is what a repository keeps under a key: figures in their canonical form, whose meaning is this package's.
type Page struct {
	Key  Key
	Body []byte
}

// The keys of all pages are between these: First is the lowest that one may have, and End is after the highest.
const (
	First Key = " "
	End   Key = "~"
)

// Repository keeps the figures of the records up to a watermark. They are made of the journal and can be made again. Methods that write run inside
// a transaction; methods that read see the transaction's snapshot, if any.
type Repository interface {
	// Watermark returns the position of the last record whose figures are in the pages, or 0.
	Watermark(ctx context.Context, s id.Store) (int64, error)
	// Advance moves the watermark where it is still from; ErrStale otherwise.
	Advance(ctx context.Context, s id.Store, from, to int64) error
	// Load returns the pages with the keys, in any order. A page that is not there is left out.
	Load(ctx context.Context, s id.Store, keys []Key) ([]Page, error)
	// Range gives fn the pages from low to before high, in the order of their keys.
	Range(ctx context.Context, s id.Store, low, high Key, fn func(Page) error) error
	// Save puts the pages in the place of those with the same keys, if any.
	Save(ctx context.Context, s id.Store, pages []Page) error
}
