package mongodb

import (
	"context"
	"math"
	"slices"
	"strconv"

	"kassa/core/id"
	"kassa/core/ledger"
	"kassa/core/page"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Ledger implements ledger.Repository.
type Ledger struct{ j *Journal }

// NewLedger returns the ledger's view of the journal.
func NewLedger(j *Journal) *Ledger { return &Ledger{j: j} }

// Postings implements ledger.Repository.
func (l *Ledger) Postings(ctx context.Context, s id.Store, a ledger.ID, p page.Request) (page.List[ledger.Posting], error) {
	var list page.List[ledger.Posting]
	before, err := positionOf(p.After)
	if err != nil {
		return list, err
	}
	name := string(a.Ref())
	filter := bson.D{{Key: "_id.s", Value: s}, {Key: "refs", Value: name}, {Key: "_id.p", Value: bson.D{{Key: "$lt", Value: before}}}}
	err = each(ctx, l.j.d.collection(records), filter, options.Find().SetSort(sorted("-_id.p")).SetLimit(int64(p.Limit)+1), func(w row) error {
		r, err := l.j.open(w)
		if err != nil {
			return err
		}
		line := w.Lines[slices.Index(w.Refs[len(w.Refs)-len(w.Lines):], name)]
		list.Items = append(list.Items, ledger.Posting{Amount: a.Shown(line.Amount), Balance: a.Shown(line.Balance), Record: r})
		return nil
	})
	if len(list.Items) > p.Limit {
		list.Items = list.Items[:p.Limit]
		list.Next = page.Cursor(strconv.FormatInt(list.Items[p.Limit-1].Record.Position, 10))
	}
	return list, err
}

// positionOf reads a cursor that holds a position; without one, it is beyond every position.
func positionOf(cursor string) (int64, error) {
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
