package sqlite

import (
	"context"

	"kassa/core/id"
	"kassa/core/ledger"
	"kassa/core/page"

	"zombiezen.com/go/sqlite"
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
	err = l.j.d.read(ctx, s, func(t *tx) error {
		n, err := t.lookup(string(a.Ref()))
		if err != nil || n.id == 0 {
			return err
		}
		return each(t.conn, `SELECT l.amount, l.balance, r.hash, r.body FROM spans s CROSS JOIN lines l ON l.span = s.span AND l.account = s.name
			CROSS JOIN records r ON r.position = l.position
			WHERE s.name = ? AND s.span <= ? AND l.position < ? ORDER BY s.span DESC, l.position DESC LIMIT ?`, func(st *sqlite.Stmt) error {
			r, err := l.j.open(st, 2)
			found = append(found, ledger.Posting{Amount: a.Shown(st.ColumnInt64(0)), Balance: a.Shown(st.ColumnInt64(1)), Record: r})
			return err
		}, n.id, before>>spanBits, before, int64(p.Limit)+1)
	})
	return page.Cut(found, p.Limit), err
}
