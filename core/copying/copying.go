// Package copying copies stores from one database to another: journal, values, parked carts. The copy is proven before anybody can sell in it.
// Who was signed in is not copied. The source stays as it is.
package copying

import (
	"context"
	"fmt"

	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/page"
	"kassa/core/store"
	"kassa/core/transaction"
	"kassa/core/verify"
	"kassa/core/writer"
)

// chunk is how many records or values a transaction writes.
const chunk = 500

// Database is a database behind the ports.
type Database struct {
	Provider transaction.Provider
	Stores   store.Repository
	Journal  journal.Repository
	Bindings []writer.Binding
	Carts    cashier.Carts
}

// projections lists each projection of the bindings once.
func (d *Database) projections() []writer.Projection { return writer.Projections(d.Bindings) }

// Copier copies stores.
type Copier struct {
	From, To Database
	IDs      id.Source
	Progress func(what string, done, of int64) // may be nil
}

// Copied says what a copy holds.
type Copied struct{ Records, Values, Carts int64 }

// Run copies the store. While it runs, nobody can sell in the copy: its status is copying. A copy that was broken off is gone on with by the
// next one. Conflict faults: store_exists when the target has this store or one of its name; source_busy when the source was written to
// meanwhile; copy_damaged when what an earlier copy left does not fit, or the copy is not what the source is.
func (c *Copier) Run(ctx context.Context, s store.Store) (Copied, error) {
	r := run{Copier: c, store: s}
	var err error
	if r.source, err = c.From.Journal.Head(ctx, s.ID); err != nil {
		return r.Copied, err
	}
	for _, step := range []func(context.Context) error{r.begin, r.records, r.values, r.carts, r.prove, r.release} {
		if err := step(ctx); err != nil {
			return r.Copied, err
		}
	}
	return r.Copied, nil
}

// run is one copy of one store.
type run struct {
	*Copier
	Copied
	store  store.Store
	source journal.Head
	target journal.Head
}

func (r *run) tell(what string, done, of int64) {
	if r.Progress != nil {
		r.Progress(what, done, of)
	}
}

// begin makes the store, in which nobody can sell yet, or finds what an earlier copy left of it.
func (r *run) begin(ctx context.Context) (err error) {
	all, err := r.To.Stores.List(ctx)
	if err != nil {
		return err
	}
	there := false
	for _, other := range all {
		there = there || other.ID == r.store.ID
	}
	if !there {
		if err := r.To.Stores.Create(ctx, r.store); err != nil {
			return err
		}
	}
	if r.target, err = r.To.Journal.Head(ctx, r.store.ID); err != nil {
		return err
	}
	switch {
	case r.target.Status == journal.Copying:
		return r.fits(ctx)
	case r.target.Position > 0 || there:
		return fault.New(fault.Conflict, "store_exists", "the target has the store %s already, with %d records", r.store.Name, r.target.Position)
	}
	return r.advance(ctx, r.target, nil)
}

// fits finds out whether what an earlier copy left is of the same books: its newest record is the source's at that position. Whether all of it is
// whole is proven at the end.
func (r *run) fits(ctx context.Context) error {
	if r.target.Position == 0 {
		return nil
	}
	newest, err := r.To.Journal.From(ctx, r.store.ID, r.target.Position-1, 1)
	if err != nil {
		return err
	}
	same, err := r.From.Journal.From(ctx, r.store.ID, r.target.Position-1, 1)
	if err != nil {
		return err
	}
	if len(newest) != 1 || len(same) != 1 || newest[0].Hash != same[0].Hash {
		return damaged("what an earlier copy left in the target is of other books; copy into an empty database")
	}
	return nil
}

// advance replaces the target's head, and writes what belongs to it, in one transaction: two copies into one store stop each other.
func (r *run) advance(ctx context.Context, to journal.Head, write func(ctx context.Context) error) error {
	next := journal.Head{Token: r.IDs.New(), Position: to.Position, At: to.At, Status: journal.Copying, Last: to.Last}
	err := r.To.Provider.Transact(ctx, func(ctx context.Context) error {
		if err := r.To.Journal.Advance(ctx, r.store.ID, r.target.Token, next); err != nil || write == nil {
			return err
		}
		return write(ctx)
	})
	if err == nil {
		r.target = next
	}
	return err
}

// records appends the source's records as they are.
func (r *run) records(ctx context.Context) error {
	for r.target.Position < r.source.Position {
		rs, err := r.From.Journal.From(ctx, r.store.ID, r.target.Position, int(min(chunk, r.source.Position-r.target.Position)))
		if err != nil {
			return err
		}
		if len(rs) == 0 {
			return damaged(fmt.Sprintf("record %d is missing in the source; run kassa verify", r.target.Position+1))
		}
		to := journal.Head{Last: map[journal.Chain]journal.Hash{}}
		for _, rec := range rs {
			to.Position, to.At, to.Last[rec.Chain] = rec.Position, rec.At, rec.Hash
		}
		if err := r.advance(ctx, to, func(ctx context.Context) error { return r.To.Journal.Append(ctx, r.store.ID, rs) }); err != nil {
			return err
		}
		r.Records += int64(len(rs))
		r.tell("records", r.target.Position, r.source.Position)
	}
	return nil
}

// values saves what the source keeps of the store's present state.
func (r *run) values(ctx context.Context) error {
	keeps := map[string]writer.Projection{}
	for _, b := range r.To.Bindings {
		keeps[b.Kind] = b.Projection
	}
	for _, p := range r.From.projections() {
		var pending []writer.Change
		err := p.All(ctx, r.store.ID, func(v writer.Value) error {
			pending = append(pending, writer.Change{After: v})
			if len(pending) < chunk {
				return nil
			}
			full := pending
			pending = nil
			return r.save(ctx, keeps, full)
		})
		if err == nil {
			err = r.save(ctx, keeps, pending)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) save(ctx context.Context, keeps map[string]writer.Projection, cs []writer.Change) error {
	if len(cs) == 0 {
		return nil
	}
	by := map[writer.Projection][]writer.Change{}
	for _, c := range cs {
		p, ok := keeps[c.After.Ref().Kind()]
		if !ok {
			return fmt.Errorf("the target keeps no values like %s", c.After.Ref())
		}
		by[p] = append(by[p], c)
	}
	err := r.advance(ctx, journal.Head{Position: r.target.Position, At: r.target.At}, func(ctx context.Context) error {
		for p, of := range by {
			if err := p.Save(ctx, r.store.ID, of); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Values += int64(len(cs))
	r.tell("values", r.Values, 0)
	return nil
}

// carts copies the parked carts. Those that an earlier copy left are replaced.
func (r *run) carts(ctx context.Context) error {
	for after := ""; ; {
		list, err := r.From.Carts.List(ctx, r.store.ID, page.Request{Limit: page.MaxLimit, After: after})
		if err != nil {
			return err
		}
		for _, c := range list.Items {
			if err := r.park(ctx, c); err != nil {
				return err
			}
			r.Carts++
		}
		if after = list.Next; after == "" {
			return nil
		}
	}
}

func (r *run) park(ctx context.Context, c cashier.Cart) error {
	return r.To.Provider.Transact(ctx, func(ctx context.Context) error {
		switch _, err := r.To.Carts.Get(ctx, r.store.ID, c.ID); {
		case fault.IsKind(err, fault.NotFound):
		case err != nil:
			return err
		default:
			if err := r.To.Carts.Delete(ctx, r.store.ID, c.ID, 0); err != nil {
				return err
			}
		}
		return r.To.Carts.Insert(ctx, r.store.ID, c)
	})
}

// prove verifies the copy and compares it with the source, which must not have moved meanwhile.
func (r *run) prove(ctx context.Context) error {
	v := verify.Verifier{Provider: r.To.Provider, Journal: r.To.Journal, Projections: r.To.projections(),
		Progress: func(done, of int64) { r.tell("records proven", done, of) }}
	report, err := v.Run(ctx, r.store.ID)
	if err != nil {
		return err
	}
	if !report.Clean() {
		return damaged("the copy is not whole: " + report.Findings[0])
	}
	now, err := r.From.Journal.Head(ctx, r.store.ID)
	if err != nil {
		return err
	}
	if now.Token != r.source.Token {
		return fault.New(fault.Conflict, "source_busy", "the source was written to meanwhile; stop its servers and copy again: the copy goes on where it stopped")
	}
	made, err := r.To.Journal.Head(ctx, r.store.ID)
	if err != nil {
		return err
	}
	if made.Position != now.Position || len(made.Last) != len(now.Last) {
		return damaged("the copy does not end where the source does")
	}
	for chain, hash := range now.Last {
		if made.Last[chain] != hash {
			return damaged("the copy's hash chains do not end as the source's do")
		}
	}
	return nil
}

// release lets the copy be sold in.
func (r *run) release(ctx context.Context) error {
	to := journal.Head{Token: r.IDs.New(), Position: r.source.Position, At: r.source.At, Status: r.source.Status}
	return r.To.Provider.Transact(ctx, func(ctx context.Context) error {
		return r.To.Journal.Advance(ctx, r.store.ID, r.target.Token, to)
	})
}

func damaged(why string) error { return fault.New(fault.Conflict, "copy_damaged", "%s", why) }
