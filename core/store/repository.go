package store

import (
	"context"

	"kassa/core/id"
)

// Repository keeps the list of stores.
type Repository interface {
	// Create adds the store with empty books. Conflict fault store_exists when a store of that name, whatever its letter case, is there.
	Create(ctx context.Context, s Store) error
	// CreateFirst does the same where there is no store yet, whatever its name, also when several processes try at once; else Conflict fault store_exists.
	CreateFirst(ctx context.Context, s Store) error
	// CreateCopy does what Create does for a copy, in which nobody can sell from its first moment: its status is copying.
	CreateCopy(ctx context.Context, s Store) error
	// Get returns the store; NotFound fault store_unknown.
	Get(ctx context.Context, s id.Store) (Store, error)
	// List returns every store, by name.
	List(ctx context.Context) ([]Store, error)
}
