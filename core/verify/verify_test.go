package verify

import (
	"context"
	"errors"
	"testing"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/transaction"
)

// books are empty, and fail where they are told to.
type books struct {
	transaction.Provider
	journal.Repository
	from, index error
}

func (b books) View(ctx context.Context, fn func(ctx context.Context) error) error { return fn(ctx) }

func (b books) Head(context.Context, id.Store) (journal.Head, error) { return journal.Head{}, nil }

func (b books) From(context.Context, id.Store, int64, int) ([]journal.Record, error) {
	return nil, b.from
}

func (b books) Index(context.Context, id.Store, func(journal.Entry) error) error { return b.index }

func TestDatabaseThatDoesNotAnswerIsNoFinding(t *testing.T) {
	away := fault.New(fault.Unavailable, "database_unavailable", "the database does not answer")
	for _, b := range []books{{from: away}, {index: away}} {
		v := Verifier{Provider: b, Journal: b}
		if r, err := v.Run(t.Context(), "shop"); !errors.Is(err, away) || !r.Clean() {
			t.Errorf("%v, and findings %q", err, r.Findings)
		}
	}
	for _, b := range []books{{from: journal.ErrCorrupt}, {index: journal.ErrCorrupt}} {
		v := Verifier{Provider: b, Journal: b}
		if r, err := v.Run(t.Context(), "shop"); err != nil || r.Clean() {
			t.Errorf("%v, and findings %q", err, r.Findings)
		}
	}
}
