package inventory

import (
	"context"
	"time"

	"kassa/core/id"
	"kassa/core/measure"
	"kassa/core/writer"
)

// Listed is a product with its stock.
type Listed struct {
	Product *Product
	OnHand  measure.Quantity
}

// Place implements page.Placed.
func (l Listed) Place() []string { return []string{SortKey(l.Product.Name()), string(l.Product.ID())} }

// Repository keeps the products, deleted ones too, and finds those that are not deleted.
type Repository interface {
	writer.Projection // of *Product
	// Scan gives every product behind the place to fn as lists compare it, by place, and stops at its first error.
	Scan(ctx context.Context, s id.Store, behind Place, fn func(Entry) error) error
	// Each gives every product to fn, deleted ones too, in any order, and stops at its first error. Unlike All it proves nothing.
	Each(ctx context.Context, s id.Store, fn func(*Product) error) error
	// ByCodes returns the products that have one of the barcodes as Product.Codes has them, each once, in any order.
	ByCodes(ctx context.Context, s id.Store, codes []string) ([]*Product, error)
	// ByName returns the ids of up to two products that have exactly this name.
	ByName(ctx context.Context, s id.Store, name string) ([]id.ID, error)
}

// Images keeps what products look like, by hash, and how many products name each. The journal knows hashes only, and the bytes are written outside of
// its transactions, before the edit that names them. They go within the transaction of the edit after which nobody names them, so an edit that
// reads the uses in the snapshot of its head knows that the bytes stay.
type Images interface {
	// Projection is one of *ImageUses. Load gives also those that no product names yet, All only the others. Save drops the image that is used no
	// more; ErrBroken where the bytes of a changed one are not kept.
	writer.Projection
	// Put keeps an image, or notes that one that is kept was put again. It drops up to MaxSwept that no product names and that were put more than
	// StrayAge before. It joins the transaction of the context, or makes one of its own.
	Put(ctx context.Context, s id.Store, i Image, at time.Time) error
	// Get returns an image. NotFound fault image_unknown; ErrCorrupt where the bytes are not those of the hash.
	Get(ctx context.Context, s id.Store, hash string) (Image, error)
}

// StockRepository keeps the stock of the products.
type StockRepository interface {
	writer.Projection // of *Stock
	// Each gives every stock to fn, in any order, and stops at its first error. Unlike All it proves nothing.
	Each(ctx context.Context, s id.Store, fn func(*Stock) error) error
	// Scarce returns up to limit of the products that are out or low, in any order, deleted ones among them: of these, or of all where of is nil.
	Scarce(ctx context.Context, s id.Store, f StockFilter, of []id.ID, limit int) ([]id.ID, error)
}
