package mongodb

import (
	"context"
	"errors"

	"kassa/core/id"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// each decodes what is found, one after the other, and stops at the first error. Faults: Unavailable database_unavailable.
func each[T any](ctx context.Context, c *mongo.Collection, filter bson.D, o *options.FindOptionsBuilder, fn func(T) error) error {
	cursor, err := c.Find(ctx, filter, o)
	if err != nil {
		return unavailable(err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }() // what it had to give was read
	for cursor.Next(ctx) {
		var v T
		if err := cursor.Decode(&v); err != nil {
			return err
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	return unavailable(cursor.Err())
}

// one decodes the document that is found and reports whether there is one.
func one[T any](ctx context.Context, c *mongo.Collection, filter bson.D, o ...options.Lister[options.FindOneOptions]) (v T, ok bool, err error) {
	err = c.FindOne(ctx, filter, o...).Decode(&v)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return v, false, nil
	}
	return v, err == nil, unavailable(err)
}

// key is the _id of what has an id of its own within a store.
type key struct {
	Store id.Store `bson:"s"`
	ID    string   `bson:"i"`
}

// byKey matches the document that has the id.
func byKey(s id.Store, i id.ID) bson.D { return bson.D{{Key: "_id", Value: key{s, string(i)}}} }

// byStore matches every _id of the store, in the order of the index on _id. Naming _id.s beside it lets a sharded cluster ask one shard only.
func byStore(s id.Store) bson.D {
	low, high := bson.D{{Key: "s", Value: s}}, bson.D{{Key: "s", Value: s}, {Key: "i", Value: bson.MaxKey{}}}
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: low}, {Key: "$lt", Value: high}}}, {Key: "_id.s", Value: s}}
}

// byKeys matches the documents that have one of the ids.
func byKeys[T ~string](s id.Store, ids []T) bson.D {
	keys := make([]key, len(ids))
	for i, x := range ids {
		keys[i] = key{s, string(x)}
	}
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: keys}}}, {Key: "_id.s", Value: s}}
}
