package mongodb

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/writer"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Products implements inventory.Repository.
type Products struct{ d *Database }

// NewProducts returns the products of the database's stores.
func NewProducts(d *Database) *Products { return &Products{d} }

// item is a product: its canonical form, and what lists compare, which is missing where the product is deleted.
type item struct {
	ID       key      `bson:"_id"`
	Place    *named   `bson:"place,omitempty"`
	Name     string   `bson:"name,omitempty"`
	Category string   `bson:"category,omitempty"`
	Search   string   `bson:"search,omitempty"`
	Codes    []string `bson:"codes,omitempty"`
	Body     string   `bson:"body"`
}

// named is a place in the order by name and id. It is one field, so that a page begins where the one before it ended.
type named struct {
	Key string `bson:"k"`
	ID  id.ID  `bson:"i"`
}

func itemOf(s id.Store, p *inventory.Product) (item, error) {
	body, err := journal.Encode(p.Walk)
	x := item{ID: key{s, string(p.ID())}, Body: string(body)}
	if p.Deleted() {
		return x, err
	}
	e := inventory.EntryOf(p)
	x.Place, x.Name, x.Category, x.Search = &named{e.Key, e.ID}, p.Name(), e.Category, e.Text
	x.Codes = append(x.Codes, p.Codes()...) // none are nil, as they are read
	return x, err
}

func (x item) product() (*inventory.Product, error) { return kept{x.ID, x.Body}.product() }

// product reads the canonical form.
func (x kept) product() (*inventory.Product, error) {
	p := &inventory.Product{}
	c := journal.NewDecoder([]byte(x.Body))
	c.Root(p.Walk)
	if c.Err() == nil && string(p.ID()) != x.ID.ID {
		c.Fail(fmt.Errorf("it is product %s", p.ID()))
	}
	if c.Err() != nil {
		return nil, journal.Corrupt(c.Err(), "product "+x.ID.ID)
	}
	return p, nil
}

func (r *Products) collection() *mongo.Collection { return r.d.collection(products) }

// justBody leaves out what only lists need.
var justBody = bson.D{{Key: "body", Value: 1}}

// Load implements writer.Projection.
func (r *Products) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	ids := make([]string, len(refs))
	for i, ref := range refs {
		ids[i] = ref.Value()
	}
	vs := make([]writer.Value, 0, len(refs))
	err := each(ctx, r.collection(), byKeys(s, ids), inOneBatch(len(ids)).SetProjection(justBody), func(x kept) error {
		p, err := x.product()
		vs = append(vs, p)
		return err
	})
	return vs, err
}

// All implements writer.Projection.
func (r *Products) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	err := each(ctx, r.collection(), byStore(s), options.Find().SetSort(sorted("_id")), func(x item) error {
		p, err := x.product()
		if err != nil {
			return err
		}
		should, err := itemOf(s, p)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(x, should) {
			return fmt.Errorf("%w: product %s is listed as another one", journal.ErrCorrupt, p.ID())
		}
		return fn(p)
	})
	if err != nil {
		return err
	}
	return noStrays(ctx, r.collection())
}

// Each implements inventory.Repository.
func (r *Products) Each(ctx context.Context, s id.Store, fn func(*inventory.Product) error) error {
	return each(ctx, r.collection(), byStore(s), options.Find().SetProjection(justBody), func(x kept) error {
		p, err := x.product()
		if err != nil {
			return err
		}
		return fn(p)
	})
}

// Save implements writer.Projection. Barcodes are freed before they are taken, because products may swap theirs within a batch.
func (r *Products) Save(ctx context.Context, s id.Store, cs []writer.Change) error {
	if _, err := r.d.writing(ctx); err != nil {
		return err
	}
	var w writes
	var free []id.ID
	for _, c := range cs {
		after, ok := c.After.(*inventory.Product)
		if !ok {
			return fmt.Errorf("cannot keep a %T", c.After)
		}
		x, err := itemOf(s, after)
		if err != nil {
			return err
		}
		before, _ := c.Before.(*inventory.Product)
		if before != nil && !before.Deleted() && !slices.Equal(before.Codes(), x.Codes) {
			free = append(free, after.ID())
		}
		w.replace(x.ID, x, before == nil)
	}
	if len(free) > 0 {
		if _, err := r.collection().UpdateMany(ctx, byKeys(s, free), bson.D{{Key: "$unset", Value: bson.D{{Key: "codes", Value: ""}}}}); err != nil {
			return err
		}
	}
	if err := w.run(ctx, r.collection()); err != nil {
		return err
	}
	return NewStock(r.d).limit(ctx, s, cs)
}

// ByName implements inventory.Repository.
func (r *Products) ByName(ctx context.Context, s id.Store, name string) (ids []id.ID, err error) {
	key := inventory.SortKey(name)
	filter := bson.D{{Key: "_id.s", Value: s}, {Key: "name", Value: name},
		{Key: "place", Value: bson.D{{Key: "$gte", Value: named{key, ""}}, {Key: "$lt", Value: bson.D{{Key: "k", Value: key}, {Key: "i", Value: bson.MaxKey{}}}}}}}
	o := options.Find().SetHint("places").SetSort(sorted("place")).SetLimit(2).SetProjection(sorted("_id"))
	err = each(ctx, r.collection(), filter, o, func(x item) error {
		ids = append(ids, id.ID(x.ID.ID))
		return nil
	})
	return ids, err
}

// ByCodes implements inventory.Repository.
func (r *Products) ByCodes(ctx context.Context, s id.Store, codes []string) (ps []*inventory.Product, err error) {
	filter := bson.D{{Key: "_id.s", Value: s}, {Key: "codes", Value: bson.D{{Key: "$in", Value: codes}}}}
	o := inOneBatch(len(codes)).SetHint("codes").SetProjection(justBody)
	err = each(ctx, r.collection(), filter, o, func(x kept) error {
		p, err := x.product()
		ps = append(ps, p)
		return err
	})
	return ps, err
}

// Scan implements inventory.Repository.
func (r *Products) Scan(ctx context.Context, s id.Store, behind inventory.Place, fn func(inventory.Entry) error) error {
	filter := bson.D{{Key: "_id.s", Value: s}, {Key: "place", Value: bson.D{{Key: "$gt", Value: named{behind.Key, behind.ID}}}}}
	o := options.Find().SetHint("places").SetSort(sorted("place")).SetProjection(sorted("place", "search", "category"))
	return each(ctx, r.collection(), filter, o, func(x item) error {
		return fn(inventory.Entry{Place: inventory.Place{Key: x.Place.Key, ID: x.Place.ID}, Text: x.Search, Category: x.Category})
	})
}
