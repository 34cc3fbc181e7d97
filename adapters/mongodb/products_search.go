package mongodb

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/measure"
	"kassa/core/page"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	maxTerm    = 16   // characters of a term; longer searches are compared with the text of what begins like them
	fewMatches = 2000 // are cheaper to sort than a scan in the order of the list is
	chunk      = 200  // products whose stock is looked up together
)

// termsOf returns what a text is found by: what follows from each of its characters on, up to the end of the line. So whatever occurs in the
// text is the beginning of a term, and one range of the index holds all that contain it, however short it is.
func termsOf(text string) []string {
	var terms []string
	for line := range strings.SplitSeq(text, "\n") {
		for i := range line {
			terms = append(terms, beginning(line[i:]))
		}
	}
	slices.Sort(terms)
	return slices.Compact(terms)
}

// beginning returns as much of a text as a term has.
func beginning(text string) string {
	n := 0
	for i := range text {
		if n++; n > maxTerm {
			return text[:i]
		}
	}
	return text
}

// selection is how the products of a list are found: those that match the filter, in the order of the list when the index is in it, else sorted.
type selection struct {
	filter bson.D
	index  string
}

func (q *selection) and(field string, value any) {
	q.filter = append(q.filter, bson.E{Key: field, Value: value})
}

func contains(text string) bson.D { return bson.D{{Key: "$regex", Value: regexp.QuoteMeta(text)}} }

func begins(text string) bson.D { return bson.D{{Key: "$regex", Value: "^" + regexp.QuoteMeta(text)}} }

// List implements inventory.Repository.
func (r *Products) List(ctx context.Context, s id.Store, f inventory.Filter, p page.Request) (page.List[inventory.Listed], error) {
	after, err := page.Parts(p.After, 2)
	if err != nil {
		return page.List[inventory.Listed]{}, err
	}
	var found []inventory.Listed
	err = r.d.View(ctx, func(ctx context.Context) error {
		q, err := r.plan(ctx, s, f)
		if err != nil {
			return err
		}
		if after != nil {
			q.and("place", bson.D{{Key: "$gt", Value: named{after[0], id.ID(after[1])}}})
		} else {
			q.filter = append(q.filter, present("place")...)
		}
		found, err = r.found(ctx, s, f.Stock, q, p.Limit+1)
		return err
	})
	return page.Cut(found, p.Limit), err
}

// plan chooses how the products are found: those that a barcode, a search or the stock leaves over, where these are few, are sorted; else
// the products are scanned in the order of the list until the page is full.
func (r *Products) plan(ctx context.Context, s id.Store, f inventory.Filter) (*selection, error) {
	q := &selection{filter: bson.D{{Key: "_id.s", Value: s}}, index: "names"}
	if f.Query != "" {
		q.and("search", contains(f.Query))
	}
	if f.Category != "" {
		q.and("category", f.Category)
		q.index = "categories"
	}
	if f.Barcode != "" {
		q.and("codes", f.Barcode)
		q.index = "codes"
		return q, nil
	}
	if f.Query != "" {
		few, err := r.begin(ctx, s, f.Query, q)
		if few || err != nil {
			return q, err
		}
	}
	return q, r.stocked(ctx, s, f.Stock, q)
}

// begin narrows the selection to the products in which something begins like the search, where they are few, and reports whether they are.
func (r *Products) begin(ctx context.Context, s id.Store, query string, q *selection) (few bool, err error) {
	term := begins(beginning(query))
	n, err := r.collection().CountDocuments(ctx, bson.D{{Key: "_id.s", Value: s}, {Key: "terms", Value: term}}, options.Count().SetHint("terms").SetLimit(fewMatches+1))
	if err != nil || n > fewMatches {
		return false, unavailable(err)
	}
	q.and("terms", term)
	q.index = "terms"
	return true, nil
}

// stocked narrows the selection to the products that are out of stock or low, where they are few.
func (r *Products) stocked(ctx context.Context, s id.Store, f inventory.StockFilter, q *selection) error {
	filter := bson.D{{Key: "_id.s", Value: s}}
	switch f {
	case inventory.OutOfStock:
		filter = append(filter, atMost("scarce.on_hand", 0)...)
	case inventory.LowStock:
		filter = append(filter, append(atMost("scarce.spare", 0), bson.E{Key: "scarce.on_hand", Value: bson.D{{Key: "$gt", Value: 0}}})...)
	default:
		return nil
	}
	var ids []string
	o := options.Find().SetHint(string(f)).SetLimit(fewMatches + 1).SetProjection(sorted("_id"))
	err := each(ctx, r.d.collection(stock), filter, o, func(h onHand) error {
		ids = append(ids, h.ID.ID)
		return nil
	})
	if err == nil && len(ids) <= fewMatches {
		q.filter = append(byKeys(s, ids), q.filter...)
		q.index = "_id_"
	}
	return err
}

// errFull ends a scan.
var errFull = errors.New("the page is full")

// found returns the first products of the selection that have the stock asked for. Stock is looked up for many at once.
func (r *Products) found(ctx context.Context, s id.Store, f inventory.StockFilter, q *selection, limit int) (found []inventory.Listed, err error) {
	o := options.Find().SetHint(q.index).SetSort(sorted("place")).SetProjection(justBody)
	size := chunk
	if f == "" {
		size = limit
		o.SetLimit(int64(limit))
	}
	o.SetBatchSize(int32(size))
	var some []*inventory.Product
	look := func() error {
		listed, err := r.withStock(ctx, s, some)
		for _, l := range listed {
			if len(found) < limit && wanted(f, l) {
				found = append(found, l)
			}
		}
		some = some[:0]
		if err == nil && len(found) == limit {
			err = errFull
		}
		return err
	}
	err = each(ctx, r.collection(), q.filter, o, func(x item) error {
		p, err := x.product()
		some = append(some, p)
		if err == nil && len(some) == size {
			err = look()
		}
		return err
	})
	if err == nil {
		err = look()
	}
	if errors.Is(err, errFull) {
		err = nil
	}
	return found, err
}

// wanted applies the stock filter.
func wanted(f inventory.StockFilter, l inventory.Listed) bool {
	low, warns := l.Product.LowAt()
	switch f {
	case inventory.OutOfStock:
		return l.OnHand <= 0
	case inventory.LowStock:
		return l.OnHand > 0 && warns && l.OnHand <= low
	}
	return true
}

// withStock looks up how much there is of each.
func (r *Products) withStock(ctx context.Context, s id.Store, ps []*inventory.Product) ([]inventory.Listed, error) {
	if len(ps) == 0 {
		return nil, nil
	}
	ids := make([]id.ID, len(ps))
	for i, p := range ps {
		ids[i] = p.ID()
	}
	has := make(map[string]measure.Quantity, len(ps))
	err := each(ctx, r.d.collection(stock), byKeys(s, ids), options.Find(), func(h onHand) error {
		has[h.ID.ID] = h.OnHand
		return nil
	})
	listed := make([]inventory.Listed, len(ps))
	for i, p := range ps {
		listed[i] = inventory.Listed{Product: p, OnHand: has[string(p.ID())]}
	}
	return listed, err
}
