package cashier

import (
	"context"

	"kassa/core/id"
	"kassa/core/page"
)

// Carts keeps parked carts, outside the journal, with versions of their own.
type Carts interface {
	// Insert adds a cart; Conflict fault too_many_carts beyond MaxCarts.
	Insert(ctx context.Context, s id.Store, c Cart) error
	// Update replaces the cart where its version is one less than c's; NotFound cart_unknown, Stale version_stale.
	Update(ctx context.Context, s id.Store, c Cart) error
	// Delete removes the cart where it has the version, or any version when that is 0; NotFound cart_unknown, Stale version_stale.
	Delete(ctx context.Context, s id.Store, i id.ID, version int64) error
	// Get returns the cart; NotFound cart_unknown.
	Get(ctx context.Context, s id.Store, i id.ID) (Cart, error)
	// List returns the carts, last changed first.
	List(ctx context.Context, s id.Store, p page.Request) (page.List[Cart], error)
}
