package mongodb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kassa/core/id"
	"kassa/core/journal"

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
		if err := decode(c, cursor.Current, &v); err != nil {
			return err
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	return unavailable(cursor.Err())
}

// inOneBatch gives up to n documents with the first answer, which has 101 otherwise. One more lets the server see that there are no others.
func inOneBatch(n int) *options.FindOptionsBuilder {
	return options.Find().SetBatchSize(int32(n + 1)) //nolint:gosec // a few hundred
}

// first gives the first n documents, in one answer too: a second one would take as long again, and is not asked for again where it fails.
func first(n int) *options.FindOptionsBuilder { return inOneBatch(n).SetLimit(int64(n)) }

// decode returns an ErrCorrupt that names the document where it is not what it must be, as one that somebody wrote to by hand.
func decode[T any](c *mongo.Collection, d bson.Raw, into *T) (err error) {
	if r, ok := any(into).(reader); ok {
		err = r.read(d)
	} else if err = bson.Unmarshal(d, into); err != nil {
		err = journal.Corrupt(err, "a field")
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", c.Name(), d.Lookup("_id"), err)
	}
	return nil
}

// one decodes the document that is found and reports whether there is one.
func one[T any](ctx context.Context, c *mongo.Collection, filter bson.D, o ...options.Lister[options.FindOneOptions]) (v T, ok bool, err error) {
	d, err := c.FindOne(ctx, filter, o...).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return v, false, nil
	}
	if err != nil {
		return v, false, unavailable(err)
	}
	err = decode(c, d, &v)
	return v, err == nil, err
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

// between matches the documents of the store with ids from low to before high.
func between(s id.Store, low, high string) bson.D {
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: key{s, low}}, {Key: "$lt", Value: key{s, high}}}}, {Key: "_id.s", Value: s}}
}

// maxNamed is how many strays an error names.
const maxNamed = 10

// noStrays returns ErrCorrupt where the collection has documents whose _id names no store, as somebody makes who writes to it by hand. In the index
// on _id they are before and after those whose first field is s and a text. A filter would compare with values of one type only; bounds of the
// index do not.
func noStrays(ctx context.Context, c *mongo.Collection) error {
	var n int
	var named []string
	for _, o := range []*options.FindOptionsBuilder{options.Find().SetMax(bson.D{{Key: "_id", Value: bson.D{{Key: "s", Value: ""}}}}),
		options.Find().SetMin(bson.D{{Key: "_id", Value: bson.D{{Key: "s\x01", Value: ""}}}})} {
		err := each(ctx, c, bson.D{}, o.SetHint(sorted("_id")).SetProjection(sorted("_id")), func(x bson.Raw) error {
			if n++; n <= maxNamed {
				named = append(named, x.Lookup("_id").String())
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if n > 0 {
		return fmt.Errorf("%w: documents of no store in %s: %d, the first %s", journal.ErrCorrupt, c.Name(), n, strings.Join(named, ", "))
	}
	return nil
}

// byKeys matches the documents that have one of the ids.
func byKeys[T ~string](s id.Store, ids []T) bson.D {
	keys := make([]key, len(ids))
	for i, x := range ids {
		keys[i] = key{s, string(x)}
	}
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: keys}}}, {Key: "_id.s", Value: s}}
}
