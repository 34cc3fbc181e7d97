package mongodb

import (
	"context"
	"fmt"

	"kassa/core/id"
	"kassa/core/report"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Reports implements report.Repository.
type Reports struct{ d *Database }

// NewReports returns the figures of the database's stores.
func NewReports(d *Database) *Reports { return &Reports{d} }

// mark is how far a store's records are folded. It is not there before the first one is.
type mark struct {
	Store    id.Store `bson:"_id"`
	Position int64    `bson:"position"`
}

// Watermark implements report.Repository.
func (r *Reports) Watermark(ctx context.Context, s id.Store) (int64, error) {
	m, _, err := one[mark](ctx, r.d.collection(watermarks), byID(s))
	return m.Position, err
}

// Advance implements report.Repository. Where there is a mark, an upsert that does not match it meets its key.
func (r *Reports) Advance(ctx context.Context, s id.Store, from, to int64) error {
	filter := append(byID(s), bson.E{Key: "position", Value: from})
	var result *mongo.UpdateResult
	err := r.d.meeting(ctx, s, fmt.Sprint("watermark ", from), func() (err error) {
		result, err = r.d.collection(watermarks).UpdateOne(ctx, filter, bson.D{{Key: "$set", Value: bson.D{{Key: "position", Value: to}}}},
			options.UpdateOne().SetUpsert(from == 0))
		return err
	})
	if mongo.IsDuplicateKeyError(err) || err == nil && result.MatchedCount+result.UpsertedCount == 0 {
		return report.ErrStale
	}
	return err
}

// Load implements report.Repository.
func (r *Reports) Load(ctx context.Context, s id.Store, keys []report.Key) (found []report.Page, err error) {
	err = each(ctx, r.d.collection(folds), byKeys(s, keys), inOneBatch(len(keys)), func(k kept) error {
		found = append(found, k.page())
		return nil
	})
	return found, err
}

// Range implements report.Repository.
func (r *Reports) Range(ctx context.Context, s id.Store, low, high report.Key, fn func(report.Page) error) error {
	return each(ctx, r.d.collection(folds), between(s, string(low), string(high)), options.Find().SetSort(sorted("_id")), func(k kept) error { return fn(k.page()) })
}

func (k kept) page() report.Page { return report.Page{Key: report.Key(k.ID.ID), Body: []byte(k.Body)} }

// Save implements report.Repository.
func (r *Reports) Save(ctx context.Context, s id.Store, pages []report.Page) error {
	if _, err := r.d.writing(ctx); err != nil {
		return err
	}
	var w writes
	for _, p := range pages {
		at := key{s, string(p.Key)}
		w.replace(at, kept{at, string(p.Body)}, true)
	}
	return w.run(ctx, r.d.collection(folds))
}
