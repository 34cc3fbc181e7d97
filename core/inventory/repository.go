package inventory

import (
	"context"

	"kassa/core/id"
	"kassa/core/measure"
	"kassa/core/page"
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
	// List returns products by SortKey of the name and id. Query and category of the filter are folded, its barcode is one of Product.Codes. Malformed
	// fault cursor_invalid.
	List(ctx context.Context, s id.Store, f Filter, p page.Request) (page.List[Listed], error)
	// ByName returns the ids of up to two products that have exactly this name.
	ByName(ctx context.Context, s id.Store, name string) ([]id.ID, error)
}

// StockRepository keeps the stock of the products.
type StockRepository interface {
	writer.Projection // of *Stock
}
