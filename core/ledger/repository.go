package ledger

import (
	"context"
	"math"
	"strconv"

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

// Place implements page.Placed.
func (p Posting) Place() []string { return []string{strconv.FormatInt(p.Record.Position, 10)} }

// Before reads the cursor of Postings: the position below which it goes on. Without a cursor, that is beyond every position.
func Before(cursor string) (int64, error) {
	parts, err := page.Parts(cursor, 1)
	if err != nil || parts == nil {
		return math.MaxInt64, err
	}
	n, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || n < 0 {
		return 0, page.Invalid()
	}
	return n, nil
}

// Repository answers questions about the ledger from the journal.
type Repository interface {
	// Postings returns the lines of an account, newest first.
	Postings(ctx context.Context, s id.Store, a ID, p page.Request) (page.List[Posting], error)
}
