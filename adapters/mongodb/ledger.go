package mongodb

import (
	"context"
	"slices"

	"kassa/core/id"
	"kassa/core/ledger"
	"kassa/core/page"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Ledger implements ledger.Repository.
type Ledger struct{ j *Journal }

// NewLedger returns the ledger's view of the journal.
func NewLedger(j *Journal) *Ledger { return &Ledger{j: j} }

// Postings implements ledger.Repository.
func (l *Ledger) Postings(ctx context.Context, s id.Store, a ledger.ID, p page.Request) (page.List[ledger.Posting], error) {
	before, err := ledger.Before(p.After)
	if err != nil {
		return page.List[ledger.Posting]{}, err
	}
	var found []ledger.Posting
	name := string(a.Ref())
	filter := bson.D{{Key: "_id.s", Value: s}, {Key: "refs", Value: name}, {Key: "_id.p", Value: bson.D{{Key: "$lt", Value: before}}}}
	err = each(ctx, l.j.d.collection(records), filter, first(p.Limit+1).SetSort(sorted("-_id.p")), func(w row) error {
		r, err := l.j.open(w.sealed())
		if err != nil {
			return err
		}
		line := w.Lines[slices.Index(w.Refs[len(w.Refs)-len(w.Lines):], name)]
		found = append(found, ledger.Posting{Amount: a.Shown(line.Amount), Balance: a.Shown(line.Balance), Record: r})
		return nil
	})
	return page.Cut(found, p.Limit), err
}
