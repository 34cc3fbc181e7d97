package ledger

import (
	"context"

	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/money"
	"kassa/core/page"
)

// Posting is one line of an account together with the record that it is part of.
type Posting struct {
	Amount  money.Amount // in the account's own direction
	Balance money.Amount // afterwards
	Record  journal.Record
}

// Repository answers questions about the ledger from the journal.
type Repository interface {
	// Postings returns the lines of an account, newest first.
	Postings(ctx context.Context, s id.Store, a ID, p page.Request) (page.List[Posting], error)
}
