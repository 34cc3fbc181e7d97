package mongodb

import (
	"context"
	"fmt"

	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// State implements writer.Projection for values that are only ever asked for by their ref.
type State struct {
	d     *Database
	forms writer.Forms
}

// NewState returns the projection of values of these forms.
func NewState(d *Database, forms writer.Forms) *State {
	return &State{d: d, forms: forms}
}

// kept is a value in its canonical form.
type kept struct {
	ID   key    `bson:"_id"`
	Body string `bson:"body"`
}

// Load implements writer.Projection.
func (p *State) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	vs := make([]writer.Value, 0, len(refs))
	err := p.values(ctx, byKeys(s, refs), inOneBatch(len(refs)), func(v writer.Value) error {
		vs = append(vs, v)
		return nil
	})
	return vs, err
}

// All implements writer.Projection.
func (p *State) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	if err := p.values(ctx, byStore(s), options.Find().SetSort(sorted("_id")), fn); err != nil {
		return err
	}
	return noStrays(ctx, p.d.collection(state))
}

// Range implements writer.Ranger.
func (p *State) Range(ctx context.Context, s id.Store, low, high journal.Ref, fn func(writer.Value) error) error {
	return p.values(ctx, between(s, string(low), string(high)), options.Find().SetSort(sorted("_id")), fn)
}

func (p *State) values(ctx context.Context, filter bson.D, o *options.FindOptionsBuilder, fn func(writer.Value) error) error {
	return each(ctx, p.d.collection(state), filter, o, func(k kept) error {
		v, err := p.forms.Decode(journal.Ref(k.ID.ID), []byte(k.Body))
		if err != nil {
			return err
		}
		return fn(v)
	})
}

// Save implements writer.Projection.
func (p *State) Save(ctx context.Context, s id.Store, cs []writer.Change) error {
	if _, err := p.d.writing(ctx); err != nil {
		return err
	}
	var w writes
	for _, change := range cs {
		v, ok := change.After.(writer.Stored)
		if !ok {
			return fmt.Errorf("cannot keep a %T", change.After)
		}
		body, err := journal.Encode(v.Walk)
		if err != nil {
			return err
		}
		at := key{s, string(v.Ref())}
		if change.Before == nil {
			w.replace(at, kept{at, string(body)}, true)
		} else {
			w.add(mongo.NewUpdateOneModel().SetFilter(bson.D{{Key: "_id", Value: at}}).SetUpdate(bson.D{{Key: "$set", Value: bson.D{{Key: "body", Value: string(body)}}}}))
		}
	}
	return w.run(ctx, p.d.collection(state))
}

// writes are single writes that go to the server together. Each must meet or make one document.
type writes struct{ models []mongo.WriteModel }

func (w *writes) add(m mongo.WriteModel) { w.models = append(w.models, m) }

// replace replaces the document with the _id; where there is none, it is made if it may be new, and else nothing is met.
func (w *writes) replace(at key, document any, fresh bool) {
	w.add(mongo.NewReplaceOneModel().SetFilter(bson.D{{Key: "_id", Value: at}}).SetReplacement(document).SetUpsert(fresh))
}

// run sends them in one command. ErrBroken when one of them met nothing, or a unique key that is taken.
func (w *writes) run(ctx context.Context, c *mongo.Collection) error {
	if len(w.models) == 0 {
		return nil
	}
	r, err := c.BulkWrite(ctx, w.models, options.BulkWrite().SetOrdered(true))
	if err != nil {
		return broken(err)
	}
	return assert(r.MatchedCount+r.UpsertedCount+r.InsertedCount, len(w.models), "documents of "+c.Name())
}
