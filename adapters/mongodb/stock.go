package mongodb

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/writer"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Stock implements inventory.StockRepository.
type Stock struct{ d *Database }

// NewStock returns the stock of the database's stores.
func NewStock(d *Database) *Stock { return &Stock{d} }

// onHand is how much of a product there is, in thousandths. Apart from products, because every sale writes it.
type onHand struct {
	ID     key              `bson:"_id"`
	OnHand measure.Quantity `bson:"on_hand"`
	Spare  measure.Quantity `bson:"spare"` // on hand beyond the product's limit
	Scarce *scarce          `bson:"scarce,omitempty"`
}

// read implements reader.
func (h *onHand) read(d bson.Raw) (err error) {
	if h.ID, err = keyAt(d); err != nil {
		return err
	}
	if h.OnHand, h.Spare, err = figuresAt(d); err != nil {
		return err
	}
	if v := d.Lookup("scarce"); !v.IsZero() {
		within, _ := v.DocumentOK()
		h.Scarce = &scarce{}
		h.Scarce.OnHand, h.Scarce.Spare, err = figuresAt(within)
	}
	return err
}

func figuresAt(d bson.Raw) (onHand, spare measure.Quantity, err error) {
	n, err := numberAt(d, "on_hand")
	if err != nil {
		return 0, 0, err
	}
	m, err := numberAt(d, "spare")
	return measure.Quantity(n), measure.Quantity(m), err
}

// scarce says the same once more of a product that is out or low, and of no other. The indexes of what is out and low are on these fields: a change
// of an indexed field costs twice, and most sales are of what there is enough of.
type scarce struct {
	OnHand measure.Quantity `bson:"on_hand"`
	Spare  measure.Quantity `bson:"spare"`
}

// markScarce is the end of an update that may make a product scarce or not.
var markScarce = bson.D{{Key: "$set", Value: bson.D{{Key: "scarce", Value: bson.D{{Key: "$cond", Value: bson.A{
	bson.D{{Key: "$or", Value: bson.A{bson.D{{Key: "$lte", Value: bson.A{"$on_hand", 0}}}, bson.D{{Key: "$lte", Value: bson.A{"$spare", 0}}}}}},
	bson.D{{Key: "on_hand", Value: "$on_hand"}, {Key: "spare", Value: "$spare"}},
	"$$REMOVE",
}}}}}}}

// never is the limit of a product that is never low: below all that can be on hand.
const never = -2 * measure.Max

// limitOf returns the stock at which the product is low.
func limitOf(p *inventory.Product) measure.Quantity {
	if p == nil || p.Deleted() {
		return never
	}
	if at, warns := p.LowAt(); warns {
		return at
	}
	return never
}

// Load implements writer.Projection.
func (r *Stock) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	ids := make([]string, len(refs))
	for i, ref := range refs {
		ids[i] = ref.Value()
	}
	vs := make([]writer.Value, 0, len(refs))
	err := each(ctx, r.d.collection(stock), byKeys(s, ids), inOneBatch(len(ids)), func(h onHand) error {
		v, err := h.stock()
		vs = append(vs, v)
		return err
	})
	return vs, err
}

// Each implements inventory.StockRepository.
func (r *Stock) Each(ctx context.Context, s id.Store, fn func(*inventory.Stock) error) error {
	return each(ctx, r.d.collection(stock), byStore(s), options.Find(), func(h onHand) error {
		v, err := h.stock()
		if err != nil {
			return err
		}
		return fn(v)
	})
}

// stocksAtOnce is how many stocks are compared with their products at once.
const stocksAtOnce = 500

// All implements writer.Projection. What lists read is compared with what it must be.
func (r *Stock) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	hs := make([]onHand, 0, stocksAtOnce)
	compare := func() error {
		err := r.compare(ctx, s, hs, fn)
		hs = hs[:0]
		return err
	}
	err := each(ctx, r.d.collection(stock), byStore(s), options.Find().SetSort(sorted("_id")), func(h onHand) error {
		if hs = append(hs, h); len(hs) < stocksAtOnce {
			return nil
		}
		return compare()
	})
	if err != nil {
		return err
	}
	if err := compare(); err != nil {
		return err
	}
	return noStrays(ctx, r.d.collection(stock))
}

// compare gives stocks to fn whose other figures follow from what is on hand and from the products.
func (r *Stock) compare(ctx context.Context, s id.Store, hs []onHand, fn func(writer.Value) error) error {
	ids := make([]string, len(hs))
	for i, h := range hs {
		ids[i] = h.ID.ID
	}
	limits, err := r.limits(ctx, s, ids)
	if err != nil {
		return err
	}
	for _, h := range hs {
		v, err := h.stock()
		if err != nil {
			return err
		}
		if should := onHandOf(s, v, limits); !reflect.DeepEqual(h, should) {
			return fmt.Errorf("%w: stock of %s is listed as another one", journal.ErrCorrupt, h.ID.ID)
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	return nil
}

func (h onHand) stock() (*inventory.Stock, error) {
	v, err := inventory.NewStock(id.ID(h.ID.ID), h.OnHand)
	if err != nil {
		return nil, journal.Corrupt(err, "stock of "+h.ID.ID)
	}
	return v, nil
}

// onHandOf needs the limit of the product, unless it is not kept yet.
func onHandOf(s id.Store, v *inventory.Stock, limits map[string]measure.Quantity) onHand {
	h := onHand{ID: key{s, string(v.Product())}, OnHand: v.OnHand()}
	limit, ok := limits[h.ID.ID]
	if !ok {
		limit = never
	}
	if h.Spare = h.OnHand - limit; min(h.OnHand, h.Spare) <= 0 {
		h.Scarce = &scarce{h.OnHand, h.Spare}
	}
	return h
}

// limits returns the limits of those of the products that are kept.
func (r *Stock) limits(ctx context.Context, s id.Store, ids []string) (map[string]measure.Quantity, error) {
	limits := make(map[string]measure.Quantity, len(ids))
	err := each(ctx, r.d.collection(products), byKeys(s, ids), inOneBatch(len(ids)).SetProjection(justBody), func(x kept) error {
		p, err := x.product()
		limits[x.ID.ID] = limitOf(p)
		return err
	})
	return limits, err
}

// Save implements writer.Projection. Products whose stock changes by the same amount share a statement, and all statements a command: most products
// sell one or two pieces in a batch.
func (r *Stock) Save(ctx context.Context, s id.Store, cs []writer.Change) error {
	if _, err := r.d.writing(ctx); err != nil {
		return err
	}
	var fresh []*inventory.Stock
	by := moves{}
	for _, c := range cs {
		after, ok := c.After.(*inventory.Stock)
		if !ok {
			return fmt.Errorf("cannot keep a %T", c.After)
		}
		before, ok := c.Before.(*inventory.Stock)
		if !ok {
			fresh = append(fresh, after)
			continue
		}
		difference := after.OnHand() - before.OnHand() // both are within 2^53, so this is exact
		if by[difference] == nil {
			by[difference] = map[string]measure.Quantity{}
		}
		by[difference][string(after.Product())] = before.OnHand()
	}
	delete(by, 0)
	if err := r.move(ctx, s, by); err != nil {
		return err
	}
	return r.begin(ctx, s, fresh)
}

// moves are products by the difference that their stock changes by, with what there was of each.
type moves map[measure.Quantity]map[string]measure.Quantity

// products returns what there was of each product, and the largest difference up or down.
func (m moves) products() (was map[string]measure.Quantity, largest measure.Quantity) {
	was = map[string]measure.Quantity{}
	for difference, of := range m {
		maps.Copy(was, of)
		largest = max(largest, difference, -difference)
	}
	return was, largest
}

// move changes the stock, in one command: first of those products of which there is enough before and after.
func (r *Stock) move(ctx context.Context, s id.Store, all moves) error {
	if len(all) == 0 {
		return nil
	}
	was, largest := all.products()
	var plenty []mongo.WriteModel
	for difference, of := range all {
		enough := bson.D{{Key: "$gt", Value: -int64(difference)}}
		filter := append(byKeys(s, slices.Collect(maps.Keys(of))), bson.E{Key: "on_hand", Value: enough}, bson.E{Key: "spare", Value: enough}, bson.E{Key: "scarce", Value: nil})
		add := bson.D{{Key: "on_hand", Value: int64(difference)}, {Key: "spare", Value: int64(difference)}}
		plenty = append(plenty, mongo.NewUpdateManyModel().SetFilter(filter).SetUpdate(bson.D{{Key: "$inc", Value: add}}))
	}
	moved, err := r.d.collection(stock).BulkWrite(ctx, plenty, options.BulkWrite().SetOrdered(true))
	if err != nil || moved.MatchedCount == int64(len(was)) {
		return err
	}
	rest, err := r.unmoved(ctx, s, was, largest)
	if err != nil {
		return err
	}
	if err := assert(moved.MatchedCount+int64(len(rest)), len(was), "stocks"); err != nil {
		return err
	}
	return r.moveScarce(ctx, s, all, rest)
}

// moveScarce changes the stock of those of the products that are scarce before or after.
func (r *Stock) moveScarce(ctx context.Context, s id.Store, all moves, of map[string]bool) error {
	var models []mongo.WriteModel
	for difference, was := range all {
		ids := slices.DeleteFunc(slices.Collect(maps.Keys(was)), func(i string) bool { return !of[i] })
		if len(ids) == 0 {
			continue
		}
		add := func(field string) bson.E {
			return bson.E{Key: field, Value: bson.D{{Key: "$add", Value: bson.A{"$" + field, int64(difference)}}}}
		}
		models = append(models, mongo.NewUpdateManyModel().SetFilter(byKeys(s, ids)).
			SetUpdate(mongo.Pipeline{{{Key: "$set", Value: bson.D{add("on_hand"), add("spare")}}}, markScarce}))
	}
	_, err := r.d.collection(stock).BulkWrite(ctx, models, options.BulkWrite().SetOrdered(true))
	return err
}

// unmoved returns the products that are or become scarce: of them there is still what there was. Beside them may be found what was just moved.
func (r *Stock) unmoved(ctx context.Context, s id.Store, was map[string]measure.Quantity, largest measure.Quantity) (map[string]bool, error) {
	little := bson.D{{Key: "$lte", Value: int64(largest)}}
	near := bson.A{bson.D{{Key: "scarce", Value: bson.D{{Key: "$ne", Value: nil}}}}, bson.D{{Key: "on_hand", Value: little}}, bson.D{{Key: "spare", Value: little}}}
	rest := map[string]bool{}
	err := each(ctx, r.d.collection(stock), append(byKeys(s, slices.Collect(maps.Keys(was))), bson.E{Key: "$or", Value: near}), inOneBatch(len(was)), func(h onHand) error {
		if h.OnHand == was[h.ID.ID] {
			rest[h.ID.ID] = true
		}
		return nil
	})
	return rest, err
}

// begin keeps the first stock of products, which may have been saved before or may yet be.
func (r *Stock) begin(ctx context.Context, s id.Store, fresh []*inventory.Stock) error {
	if len(fresh) == 0 {
		return nil
	}
	ids := make([]string, len(fresh))
	for i, f := range fresh {
		ids[i] = string(f.Product())
	}
	limits, err := r.limits(ctx, s, ids)
	if err != nil {
		return err
	}
	var w writes
	for _, f := range fresh {
		h := onHandOf(s, f, limits)
		w.replace(h.ID, h, true)
	}
	return w.run(ctx, r.d.collection(stock))
}

// limit follows the limits of products, whose stock may have been saved before or may yet be.
func (r *Stock) limit(ctx context.Context, s id.Store, cs []writer.Change) error {
	var models []mongo.WriteModel
	for _, c := range cs {
		before, _ := c.Before.(*inventory.Product)
		after, _ := c.After.(*inventory.Product)
		if limitOf(before) == limitOf(after) {
			continue
		}
		spare := bson.D{{Key: "$subtract", Value: bson.A{"$on_hand", int64(limitOf(after))}}}
		models = append(models, mongo.NewUpdateOneModel().SetFilter(bson.D{{Key: "_id", Value: key{s, string(after.ID())}}}).
			SetUpdate(mongo.Pipeline{{{Key: "$set", Value: bson.D{{Key: "spare", Value: spare}}}}, markScarce}))
	}
	if len(models) == 0 {
		return nil
	}
	_, err := r.d.collection(stock).BulkWrite(ctx, models, options.BulkWrite().SetOrdered(true))
	return err
}

// Scarce implements inventory.StockRepository.
func (r *Stock) Scarce(ctx context.Context, s id.Store, f inventory.StockFilter, of []id.ID, limit int) (ids []id.ID, err error) {
	filter, hint := bson.D{{Key: "_id.s", Value: s}}, string(f)
	if of != nil {
		filter, hint = byKeys(s, of), "_id_"
	}
	switch f {
	case inventory.OutOfStock:
		filter = append(filter, atMost("scarce.on_hand", 0)...)
	case inventory.LowStock:
		filter = append(filter, append(atMost("scarce.spare", 0), bson.E{Key: "scarce.on_hand", Value: bson.D{{Key: "$gt", Value: 0}}})...)
	default:
		return nil, fmt.Errorf("no stock is %q", f)
	}
	o := first(limit).SetHint(hint).SetProjection(sorted("_id"))
	err = each(ctx, r.d.collection(stock), filter, o, func(x identified) error {
		ids = append(ids, id.ID(x.ID.ID))
		return nil
	})
	return ids, err
}
