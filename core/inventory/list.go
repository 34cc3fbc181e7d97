package inventory

import (
	"context"
	"errors"
	"fmt"

	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/page"
	"kassa/core/writer"
)

// The bounds of a list by stock.
const (
	fewScarce = 5000 // products that are out or low are looked for among the others; where there are more, the others are asked for their stock
	leastAsk  = 256  // at once, twice as many each time
	mostAsk   = 4096
)

// List returns the products that the filter lets through, by name and id, all of them as of one moment. Malformed faults query_invalid,
// cursor_invalid; Unavailable catalogue_busy while a first search waits for the products to be read.
func (s *Service) List(ctx context.Context, st id.Store, f Filter, p page.Request) (page.List[Listed], error) {
	if err := f.check(); err != nil {
		return page.List[Listed]{}, err
	}
	q := listing{s: s, store: st, filter: f.wanted(), limit: p.Limit + 1}
	after, err := page.Parts(p.After, 2)
	if err != nil {
		return page.List[Listed]{}, err
	}
	if after != nil {
		q.behind = Place{after[0], id.ID(after[1])}
	}
	found, err := q.run(ctx)
	return page.Cut(found, p.Limit), err
}

// Keep sets how many bytes of catalogues may be in memory, MaxCatalogue where it is not called; a store with more is searched in the database, which
// takes seconds for each million products. It returns the service, which must not be in use yet.
func (s *Service) Keep(bytes int) *Service {
	s.catalogue.most = bytes
	return s
}

// listing is one list that was asked for.
type listing struct {
	s      *Service
	store  id.Store
	filter Filter
	behind Place
	limit  int
}

// run looks in the snapshot of the catalogue in memory, and where the snapshot is another one, once more in one that the catalogue catches up with.
func (q *listing) run(ctx context.Context) (found []Listed, err error) {
	if q.filter.Barcode != "" {
		return q.scanned(ctx)
	}
	stale := false
	err = q.s.w.Snapshot(ctx, func(ctx context.Context) error {
		e, err := q.s.catalogue.kept(ctx, q.store)
		if stale = e == nil; stale || err != nil {
			return err
		}
		found, err = q.among(ctx, e)
		return err
	})
	if !stale || err != nil {
		return found, err
	}
	err = q.s.w.Snapshot(ctx, func(ctx context.Context) error {
		e, err := q.s.catalogue.caughtUp(ctx, q.store)
		if err != nil {
			return err
		}
		found, err = q.among(ctx, e)
		return err
	})
	return found, err
}

// scanned finds the product that has the barcode.
func (q *listing) scanned(ctx context.Context) ([]Listed, error) {
	found, err := q.s.scanner.scan(ctx, q.store, q.filter.Barcode)
	if len(found) == 0 || err != nil {
		return nil, err
	}
	if e := EntryOf(found[0].Product); !q.filter.lets(e) || !q.filter.Stock.Lets(found[0]) || e.Compare(q.behind) <= 0 {
		return nil, nil
	}
	return found, nil
}

// coded reads the products that have the barcodes, and their stock, as of one moment.
func (s *Service) coded(ctx context.Context, st id.Store, codes []string) (found []Listed, err error) {
	err = s.w.Snapshot(ctx, func(ctx context.Context) error {
		ps, err := s.products.ByCodes(ctx, st, codes)
		if err != nil || len(ps) == 0 {
			return err
		}
		found, err = s.stocked(ctx, st, ps)
		return err
	})
	return found, err
}

// among finds the products in the edition, or in the database where that is beyond what memory holds.
func (q *listing) among(ctx context.Context, e *edition) ([]Listed, error) {
	few, asks, err := q.scarce(ctx)
	if err != nil || few != nil && len(few.ids) == 0 {
		return nil, err
	}
	p := &pick{q: q, asks: asks}
	add := func(i id.ID) error { return p.add(ctx, i) }
	if e.beyond {
		err = q.s.products.Scan(ctx, q.store, q.behind, func(x Entry) error {
			if q.filter.lets(x) && (few == nil || few.ids[x.ID]) {
				return add(x.ID)
			}
			return nil
		})
	} else {
		err = e.each(q.filter, q.behind, few, add)
	}
	if err == nil {
		err = p.ask(ctx)
	}
	if err != nil && !errors.Is(err, errFull) {
		return nil, err
	}
	return q.load(ctx, e, p.ids[:min(len(p.ids), q.limit)])
}

// scarce returns the products that are out or low, as the filter asks, where they are few; else that each is asked for its stock.
func (q *listing) scarce(ctx context.Context) (few *group, asks bool, err error) {
	if q.filter.Stock == "" {
		return nil, false, nil
	}
	ids, err := q.s.stock.Scarce(ctx, q.store, q.filter.Stock, nil, fewScarce+1)
	if err != nil || len(ids) > fewScarce {
		return nil, true, err
	}
	return groupOf(ids), false, nil
}

// load returns the products with their stock. It reads those that no page of the edition showed lately.
func (q *listing) load(ctx context.Context, e *edition, ids []id.ID) ([]Listed, error) {
	by := e.shown.of(ids)
	if len(by) < len(ids) {
		read, err := q.read(ctx, ids, by)
		if err != nil {
			return nil, err
		}
		q.s.catalogue.show(q.store, e, read)
		for _, p := range read {
			by[p.id] = p
		}
	}
	products := make([]*Product, len(ids))
	for n, i := range ids {
		if products[n] = by[i]; products[n] == nil {
			return nil, fmt.Errorf("%w: product %s is listed and not there", journal.ErrCorrupt, i)
		}
	}
	return q.s.stocked(ctx, q.store, products)
}

// read reads the products that are not known, without those that are deleted.
func (q *listing) read(ctx context.Context, ids []id.ID, known map[id.ID]*Product) (ps []*Product, err error) {
	refs := make([]journal.Ref, 0, len(ids)-len(known))
	for _, i := range ids {
		if known[i] == nil {
			refs = append(refs, ProductRef(i))
		}
	}
	found, err := q.s.products.Load(ctx, q.store, refs)
	for _, v := range found {
		if p, ok := v.(*Product); ok && !p.deleted {
			ps = append(ps, p)
		}
	}
	return ps, err
}

// stocked reads the stock of products.
func (s *Service) stocked(ctx context.Context, st id.Store, products []*Product) ([]Listed, error) {
	refs := make([]journal.Ref, len(products))
	for n, p := range products {
		refs[n] = StockRef(p.ID())
	}
	found, err := s.stock.Load(ctx, st, refs)
	if err != nil {
		return nil, err
	}
	values := byRef(found)
	listed := make([]Listed, len(products))
	for n, p := range products {
		listed[n].Product = p
		if s, ok := values[refs[n]].(*Stock); ok {
			listed[n].OnHand = s.onHand
		}
	}
	return listed, nil
}

func byRef(vs []writer.Value) map[journal.Ref]writer.Value {
	by := make(map[journal.Ref]writer.Value, len(vs))
	for _, v := range vs {
		by[v.Ref()] = v
	}
	return by
}

// errFull ends a search.
var errFull = errors.New("the page is full")

// pick is what a search found so far.
type pick struct {
	q       *listing
	ids     []id.ID
	asks    bool    // each is asked for its stock
	unasked []id.ID //
	once    int     // how many are asked together
}

// add takes a product, or asks for its stock together with others. errFull when it was the last that is wanted.
func (p *pick) add(ctx context.Context, i id.ID) error {
	if p.asks {
		if p.unasked = append(p.unasked, i); len(p.unasked) < max(p.once, leastAsk) {
			return nil
		}
		p.once = min(2*len(p.unasked), mostAsk)
		return p.ask(ctx)
	}
	if p.ids = append(p.ids, i); len(p.ids) >= p.q.limit {
		return errFull
	}
	return nil
}

// ask takes those of the products that are as scarce as the filter asks, in their order.
func (p *pick) ask(ctx context.Context) error {
	if len(p.unasked) == 0 {
		return nil
	}
	ids, err := p.q.s.stock.Scarce(ctx, p.q.store, p.q.filter.Stock, p.unasked, len(p.unasked))
	scarce := groupOf(ids)
	for _, i := range p.unasked {
		if scarce.ids[i] {
			p.ids = append(p.ids, i)
		}
	}
	p.unasked = p.unasked[:0]
	if err == nil && len(p.ids) >= p.q.limit {
		err = errFull
	}
	return err
}
