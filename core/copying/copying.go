// Package copying copies stores from one database to another: journal, values, images of products, parked carts. The copy is proven before anybody can sell in it.
// Who was signed in is not copied, and the figures of reports are not: the copy folds its own. The source stays as it is.
package copying

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/member"
	"kassa/core/page"
	"kassa/core/store"
	"kassa/core/transaction"
	"kassa/core/user"
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
	Images   inventory.Images
}

// projections lists each projection of the bindings once.
func (d *Database) projections() []writer.Projection { return writer.Projections(d.Bindings) }

// Copier copies stores.
type Copier struct {
	From, To Database
	IDs      id.Source
	Progress func(what string, done, of int64) // may be nil
}

// Copied says what a run copied: when it went on with an earlier one, only what was left to do. Whole says that the copy was there already.
type Copied struct {
	Records, Values, Images, Carts int64
	Whole                          bool
}

// Run copies the store. While it runs, nobody can sell in the copy: its status is copying. A copy that was broken off is gone on with by the
// next one; one that is whole is left alone. Conflict faults: store_exists when the target has this store with other books or one of its name;
// source_busy when the source was written to meanwhile; source_unfinished when the source is half a copy itself; books_off when the
// source's books are; copy_damaged when what an earlier copy left does not fit, or the copy is not what the source is.
func (c *Copier) Run(ctx context.Context, s store.Store) (Copied, error) {
	r := run{Copier: c, store: s}
	var err error
	if r.source, err = c.From.Journal.Head(ctx, s.ID); err != nil {
		return r.Copied, err
	}
	if r.source.Status == journal.Copying {
		return r.Copied, fault.New(fault.Conflict, "source_unfinished", "the source is a copy that was broken off; finish that one first")
	}
	if err := r.begin(ctx); err != nil || r.Whole {
		return r.Copied, err
	}
	for _, step := range []func(context.Context) error{r.records, r.images, r.values, r.carts, r.prove, r.release} {
		if err := step(ctx); err != nil {
			return r.Copied, r.explain(ctx, err)
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
	began  int64 // records that an earlier copy left
}

func (r *run) tell(what string, done, of int64) {
	if r.Progress != nil {
		r.Progress(what, done, of)
	}
}

// explain says why a step failed: a source that moves cannot be read in one piece, and that shows in many ways.
func (r *run) explain(ctx context.Context, err error) error {
	broken := errors.Is(err, journal.ErrBroken)
	if errors.Is(err, journal.ErrStale) {
		return fault.New(fault.Conflict, "copy_busy", "another kassa copies into this store").Wrap(err)
	}
	if !broken && !fault.IsCode(err, "copy_damaged") && !fault.IsCode(err, "books_off") {
		return err
	}
	if moved := r.still(ctx); moved != nil {
		return moved
	}
	if broken {
		return damaged("what an earlier copy left does not fit").Wrap(err)
	}
	return err
}

// still finds out whether the source is where it was.
func (r *run) still(ctx context.Context) error {
	now, err := r.From.Journal.Token(ctx, r.store.ID)
	if err == nil && now != r.source.Token {
		err = fault.New(fault.Conflict, "source_busy", "the source was written to meanwhile; stop its servers and copy again: the copy goes on where it stopped")
	}
	return err
}

// begin makes the store, in which nobody can sell yet, or finds what an earlier copy left of it.
func (r *run) begin(ctx context.Context) (err error) {
	all, err := r.To.Stores.List(ctx)
	if err != nil {
		return err
	}
	there := slices.ContainsFunc(all, func(other store.Store) bool { return other.ID == r.store.ID })
	if !there {
		if err := r.To.Stores.CreateCopy(ctx, r.store); fault.IsCode(err, "store_exists") {
			return exists("the target has another store of this name")
		} else if err != nil {
			return err
		}
	}
	if r.target, err = r.To.Journal.Head(ctx, r.store.ID); err != nil {
		return err
	}
	if r.began = r.target.Position; r.target.Status == journal.Copying {
		return r.fits(ctx)
	}
	if r.Whole = r.ends(r.target); !r.Whole {
		return exists("the target has the store %s already, with other books of %d records", r.store.Name, r.target.Position)
	}
	return nil
}

func exists(what string, args ...any) error {
	return fault.New(fault.Conflict, "store_exists", what+"; copy into an empty folder or another database", args...)
}

// ends reports whether the books of a head end as the source's do.
func (r *run) ends(h journal.Head) bool {
	return h.Position == r.source.Position && maps.Equal(h.Last, r.source.Last)
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
		return damaged("what an earlier copy left in the target is of other books")
	}
	return nil
}

// advance replaces the target's head, and writes what belongs to it, in one transaction: two copies into one store stop each other, and what one that
// died had begun is in nobody's way for long.
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

// put writes values that move no record.
func (r *run) put(ctx context.Context, write func(ctx context.Context) error) error {
	return r.advance(ctx, journal.Head{Position: r.target.Position, At: r.target.At}, write)
}

// records appends the source's records as they are.
func (r *run) records(ctx context.Context) error {
	most := int64(chunk)
	for r.target.Position < r.source.Position {
		rs, err := r.From.Journal.From(ctx, r.store.ID, r.target.Position, int(min(most, r.source.Position-r.target.Position)))
		if err != nil {
			return err
		}
		if len(rs) == 0 {
			return fault.New(fault.Conflict, "source_damaged", "record %d is missing in the source; run kassa verify on it", r.target.Position+1)
		}
		to := journal.Head{Last: map[journal.Chain]journal.Hash{}}
		for _, rec := range rs {
			to.Position, to.At, to.Last[rec.Chain] = rec.Position, rec.At, rec.Hash
		}
		err = r.advance(ctx, to, func(ctx context.Context) error { return r.To.Journal.Append(ctx, r.store.ID, rs) })
		if errors.Is(err, transaction.ErrTooLarge) && len(rs) > 1 {
			most = int64(len(rs) / 2) // for what is left too: it is likely to be as large
			continue
		}
		if err != nil {
			return err
		}
		r.Records += int64(len(rs))
		r.tell("records", r.target.Position, r.source.Position)
	}
	return nil
}

// values saves what the source keeps of the store's present state, where the target does not keep the same. What somebody gave up may be another's
// now, who comes earlier: then the target, which an earlier copy left, refuses it. So what is refused is saved together with what comes next.
func (r *run) values(ctx context.Context) error {
	for _, p := range r.From.projections() {
		var pending []writer.Value
		var refused error
		err := r.each(ctx, p, func(vs []writer.Value) error {
			changed, err := r.save(ctx, append(pending, vs...))
			pending, refused = nil, nil
			if errors.Is(err, journal.ErrBroken) {
				pending, refused = changed, err
				return nil
			}
			return err
		})
		if err = errors.Join(err, refused); err != nil {
			return err
		}
	}
	return nil
}

// each gives the source's values to fn, a chunk at a time.
func (r *run) each(ctx context.Context, p writer.Projection, fn func([]writer.Value) error) error {
	var vs []writer.Value
	err := p.All(ctx, r.store.ID, func(v writer.Value) error {
		if vs = append(vs, v); len(vs) < chunk {
			return nil
		}
		full := vs
		vs = nil
		return fn(full)
	})
	if err != nil || len(vs) == 0 {
		return err
	}
	return fn(vs)
}

// save saves those of the values that the target does not have so, and returns them.
func (r *run) save(ctx context.Context, vs []writer.Value) (changed []writer.Value, err error) {
	err = r.put(ctx, func(ctx context.Context) error {
		changed = nil
		by, err := r.changes(ctx, vs)
		if err != nil {
			return err
		}
		for _, cs := range by {
			for _, c := range cs {
				changed = append(changed, c.After)
			}
		}
		for p, cs := range by {
			if err := p.Save(ctx, r.store.ID, cs); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		r.Values += int64(len(changed))
		r.tell("values", r.Values, 0)
	}
	return changed, err
}

// changes says which of the source's values the target does not keep as they are, by its projection.
func (r *run) changes(ctx context.Context, vs []writer.Value) (map[writer.Projection][]writer.Change, error) {
	keeps, by := map[string]writer.Projection{}, map[writer.Projection][]writer.Value{}
	for _, b := range r.To.Bindings {
		keeps[b.Kind] = b.Projection
	}
	for _, v := range vs {
		p, ok := keeps[v.Ref().Kind()]
		if !ok {
			return nil, fmt.Errorf("the target keeps no values like %s", v.Ref())
		}
		by[p] = append(by[p], v)
	}
	found := map[writer.Projection][]writer.Change{}
	for p, of := range by {
		cs, err := r.differing(ctx, p, of)
		if err != nil {
			return nil, err
		}
		if len(cs) > 0 {
			found[p] = cs
		}
	}
	return found, nil
}

// differing says how the values differ from those that the target's projection keeps.
func (r *run) differing(ctx context.Context, p writer.Projection, vs []writer.Value) (cs []writer.Change, err error) {
	refs := make([]journal.Ref, len(vs))
	for i, v := range vs {
		refs[i] = v.Ref()
	}
	there, err := p.Load(ctx, r.store.ID, refs)
	if err != nil {
		return nil, err
	}
	has := make(map[journal.Ref]writer.Value, len(there))
	for _, v := range there {
		has[v.Ref()] = v
	}
	for _, v := range vs {
		if before := has[v.Ref()]; before == nil || !same(before, v) {
			cs = append(cs, writer.Change{Before: before, After: v})
		}
	}
	return cs, nil
}

// same compares all of two values, also what the journal does not prove: that of people.
func same(a, b writer.Value) bool {
	switch x := a.(type) {
	case *user.User:
		y, ok := b.(*user.User)
		return ok && x.Snapshot() == y.Snapshot()
	case *member.Member:
		y, ok := b.(*member.Member)
		return ok && x.Snapshot() == y.Snapshot()
	}
	return writer.Evidence(a) == writer.Evidence(b)
}

// carts copies the parked carts. Those that an earlier copy left may be gone from the source: they are removed first.
func (r *run) carts(ctx context.Context) error {
	err := r.parked(ctx, r.To, func(c cashier.Cart) error {
		return r.put(ctx, func(ctx context.Context) error { return r.To.Carts.Delete(ctx, r.store.ID, c.ID, 0) })
	})
	if err != nil {
		return err
	}
	return r.parked(ctx, r.From, func(c cashier.Cart) error {
		r.Carts++
		return r.put(ctx, func(ctx context.Context) error { return r.To.Carts.Insert(ctx, r.store.ID, c) })
	})
}

// parked gives fn every parked cart of a database.
func (r *run) parked(ctx context.Context, in Database, fn func(c cashier.Cart) error) error {
	return page.Each(func(p page.Request) (page.List[cashier.Cart], error) { return in.Carts.List(ctx, r.store.ID, p) }, fn)
}

// prove verifies the copy and compares it with the source, which must not have moved meanwhile.
func (r *run) prove(ctx context.Context) error {
	v := verify.Verifier{Provider: r.To.Provider, Journal: r.To.Journal, Projections: r.To.projections(), Images: r.To.Images,
		Progress: func(done, of int64) { r.tell("records proven", done, of) }}
	report, err := v.Run(ctx, r.store.ID)
	if err != nil {
		return err
	}
	switch off := report.Err(); {
	case off == nil:
	case r.began == 0:
		return off
	default: // what is off may be what the earlier copy left
		return damaged("the copy is not whole: " + report.Findings[0])
	}
	if err := r.compare(ctx); err != nil {
		return err
	}
	made, err := r.To.Journal.Head(ctx, r.store.ID)
	if err != nil {
		return err
	}
	if !r.ends(made) {
		return damaged("the copy does not end as the source does")
	}
	return r.still(ctx)
}

// compare compares every value with the source's: the journal proves nothing of names, addresses, PINs and passwords.
func (r *run) compare(ctx context.Context) error {
	for _, p := range r.From.projections() {
		err := r.each(ctx, p, func(vs []writer.Value) error {
			by, err := r.changes(ctx, vs)
			for _, cs := range by {
				return damaged("the copy's " + string(cs[0].After.Ref()) + " is not the source's")
			}
			return err
		})
		if err != nil {
			return err
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

func damaged(why string) *fault.Error {
	return fault.New(fault.Conflict, "copy_damaged", "%s; copy into an empty database", why)
}
