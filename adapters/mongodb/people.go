package mongodb

import (
	"context"
	"fmt"
	"reflect"

	"kassa/core/claim"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/page"
	"kassa/core/writer"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// person is what users and members have in common here.
type person interface {
	writer.Value
	page.Placed
	ID() id.ID
}

// people keeps people P, each in a document D. Claims on addresses and numbers are answered from these documents and never kept by themselves,
// so that one write erases all that is personal.
type people[P person, D any] struct {
	d          *Database
	collection string
	claims     map[string]string // the field that holds what is claimed, by the kind of claim
	document   func(id.Store, P) D
	restore    func(D) (P, error)
}

func (r *people[P, D]) c() *mongo.Collection { return r.d.collection(r.collection) }

// Load implements writer.Projection.
func (r *people[P, D]) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	by := map[string][]string{} // values by the kind of their refs
	for _, ref := range refs {
		by[ref.Kind()] = append(by[ref.Kind()], ref.Value())
	}
	var vs []writer.Value
	for kind, values := range by {
		var err error
		if field, ok := r.claims[kind]; ok {
			err = r.claimed(ctx, s, kind, field, values, func(c *claim.Claim) { vs = append(vs, c) })
		} else {
			err = r.each(ctx, byKeys(s, values), inOneBatch(len(values)), func(p P) error {
				vs = append(vs, p)
				return nil
			})
		}
		if err != nil {
			return nil, err
		}
	}
	return vs, nil
}

// claimed looks up who has which of the values in the field.
func (r *people[P, D]) claimed(ctx context.Context, s id.Store, kind, field string, values []string, fn func(*claim.Claim)) error {
	type holder struct {
		ID   key    `bson:"_id"`
		Held string `bson:"held"`
	}
	filter := bson.D{{Key: "_id.s", Value: s}, {Key: field, Value: bson.D{{Key: "$in", Value: values}}}}
	return each(ctx, r.c(), filter, options.Find().SetProjection(bson.D{{Key: "held", Value: "$" + field}}), func(h holder) error {
		fn(claim.New(journal.NewRef(kind, h.Held), id.ID(h.ID.ID)))
		return nil
	})
}

func (r *people[P, D]) each(ctx context.Context, filter bson.D, o *options.FindOptionsBuilder, fn func(P) error) error {
	return each(ctx, r.c(), filter, o, func(d D) error {
		p, err := r.restore(d)
		if err != nil {
			return err
		}
		return fn(p)
	})
}

// All implements writer.Projection. Claims follow from the people, whose documents must be found by what they hold.
func (r *people[P, D]) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	err := each(ctx, r.c(), byStore(s), options.Find().SetSort(sorted("_id")), func(d D) error {
		p, err := r.restore(d)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(d, r.document(s, p)) {
			return fmt.Errorf("%w: %s is found by another name, address or number", journal.ErrCorrupt, p.Ref())
		}
		return fn(p)
	})
	if err != nil {
		return err
	}
	return noStrays(ctx, r.c())
}

// Save implements writer.Projection.
func (r *people[P, D]) Save(ctx context.Context, s id.Store, cs []writer.Change) error {
	if _, err := r.d.writing(ctx); err != nil {
		return err
	}
	if err := r.free(ctx, s, cs); err != nil {
		return err
	}
	var w writes
	for _, c := range cs {
		p, ok := c.After.(P)
		if !ok {
			continue // a claim is not kept: the document has the address or number
		}
		w.replace(key{s, string(p.ID())}, r.document(s, p), c.Before == nil)
	}
	return w.run(ctx, r.c())
}

// free gives up the addresses and numbers of all who change, in one statement, before any of them takes one: people may swap theirs within a
// batch, and a unique index looks at every single write.
func (r *people[P, D]) free(ctx context.Context, s id.Store, cs []writer.Change) error {
	var ids []id.ID
	for _, c := range cs {
		if p, ok := c.Before.(P); ok {
			ids = append(ids, p.ID())
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var unset bson.D
	for _, field := range r.claims {
		unset = append(unset, bson.E{Key: field, Value: ""})
	}
	u, err := r.c().UpdateMany(ctx, byKeys(s, ids), bson.D{{Key: "$unset", Value: unset}})
	if err != nil {
		return err
	}
	return assert(u.MatchedCount, len(ids), r.collection)
}

// get returns one of the people, also a deleted one, or nil.
func (r *people[P, D]) get(ctx context.Context, s id.Store, i id.ID) (P, error) {
	return r.find(ctx, bson.D{{Key: "_id", Value: key{s, string(i)}}})
}

// by returns who has the value in the field, or nil.
func (r *people[P, D]) by(ctx context.Context, s id.Store, field, value string) (P, error) {
	return r.find(ctx, bson.D{{Key: "_id.s", Value: s}, {Key: field, Value: value}})
}

func (r *people[P, D]) find(ctx context.Context, filter bson.D) (nobody P, err error) {
	d, ok, err := one[D](ctx, r.c(), filter)
	if err != nil || !ok {
		return nobody, err
	}
	return r.restore(d)
}

// list returns those who are not deleted and have the texts, by folded name and id. A scan in this order ends when the page is full.
func (r *people[P, D]) list(ctx context.Context, s id.Store, texts []bson.D, p page.Request) (page.List[P], error) {
	after, err := page.Parts(p.After, 2)
	if err != nil {
		return page.List[P]{}, err
	}
	from := named{} // before everybody
	if after != nil {
		from = named{after[0], id.ID(after[1])}
	}
	filter := bson.D{{Key: "_id.s", Value: s}, {Key: "place", Value: bson.D{{Key: "$gt", Value: from}}}}
	if len(texts) > 0 {
		filter = append(filter, bson.E{Key: "$and", Value: texts})
	}
	var found []P
	err = r.each(ctx, filter, first(p.Limit+1).SetSort(sorted("place")), func(p P) error {
		found = append(found, p)
		return nil
	})
	return page.Cut(found, p.Limit), err
}

// placeOf returns where somebody stands in lists.
func placeOf(p page.Placed) *named {
	at := p.Place()
	return &named{at[0], id.ID(at[1])}
}
