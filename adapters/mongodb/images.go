package mongodb

import (
	"context"
	"fmt"
	"time"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/writer"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Images implements inventory.Images.
type Images struct{ d *Database }

// NewImages returns the images of the products of the database's stores.
func NewImages(d *Database) *Images { return &Images{d} }

// image is what a product looks like, by the hash of its bytes.
type image struct {
	ID    key    `bson:"_id"`
	Type  string `bson:"type"`
	Uses  int64  `bson:"uses"` // products that name it
	PutAt int64  `bson:"put_at"`
	Bytes []byte `bson:"bytes"`
}

func (r *Images) collection() *mongo.Collection { return r.d.collection(images) }

// justUses leaves out the bytes.
var justUses = bson.D{{Key: "uses", Value: 1}}

// Load implements writer.Projection.
func (r *Images) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	hashes := make([]string, len(refs))
	for i, ref := range refs {
		hashes[i] = ref.Value()
	}
	vs := make([]writer.Value, 0, len(refs))
	err := each(ctx, r.collection(), byKeys(s, hashes), inOneBatch(len(hashes)).SetProjection(justUses), func(x image) error {
		u, err := inventory.NewImageUses(x.ID.ID, x.Uses)
		vs = append(vs, u)
		return err
	})
	return vs, err
}

// All implements writer.Projection.
func (r *Images) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	err := each(ctx, r.collection(), byStore(s), options.Find().SetProjection(justUses), func(x image) error {
		if x.Uses == 0 {
			return nil
		}
		u, err := inventory.NewImageUses(x.ID.ID, x.Uses)
		if err != nil {
			return err
		}
		return fn(u)
	})
	if err != nil {
		return err
	}
	return noStrays(ctx, r.collection())
}

// Save implements writer.Projection.
func (r *Images) Save(ctx context.Context, s id.Store, cs []writer.Change) error {
	if _, err := r.d.writing(ctx); err != nil {
		return err
	}
	for _, c := range cs {
		after, ok := c.After.(*inventory.ImageUses)
		if !ok {
			return fmt.Errorf("cannot keep a %T", c.After)
		}
		met, err := r.use(ctx, byKey(s, id.ID(after.Hash())), after.Products())
		if err != nil {
			return err
		}
		if err := assert(met, 1, "images"); err != nil {
			return err
		}
	}
	return nil
}

// use says how many products name the image, or drops it, and returns how many there were of it.
func (r *Images) use(ctx context.Context, which bson.D, products int64) (int64, error) {
	if products == 0 {
		gone, err := r.collection().DeleteOne(ctx, which)
		if err != nil {
			return 0, err
		}
		return gone.DeletedCount, nil
	}
	met, err := r.collection().UpdateOne(ctx, which, bson.D{{Key: "$set", Value: bson.D{{Key: "uses", Value: products}}}})
	if err != nil {
		return 0, err
	}
	return met.MatchedCount, nil
}

// Put implements inventory.Images. Whoever uses an image between the search for unused ones and their end meets that end.
func (r *Images) Put(ctx context.Context, s id.Store, i inventory.Image, at time.Time) error {
	return r.d.Transact(ctx, func(ctx context.Context) error {
		put := bson.D{
			{Key: "$set", Value: bson.D{{Key: "put_at", Value: at.UnixMilli()}}},
			{Key: "$setOnInsert", Value: bson.D{{Key: "type", Value: string(i.Type())}, {Key: "uses", Value: int64(0)}, {Key: "bytes", Value: i.Bytes()}}},
		}
		if err := r.d.meeting(ctx, s, "image "+i.Hash(), func() error {
			_, err := r.collection().UpdateOne(ctx, byKey(s, id.ID(i.Hash())), put, options.UpdateOne().SetUpsert(true))
			return err
		}); err != nil {
			return err
		}
		return r.sweep(ctx, s, at.Add(-inventory.StrayAge))
	})
}

// sweep drops some of the images that nobody uses and that were put before.
func (r *Images) sweep(ctx context.Context, s id.Store, before time.Time) error {
	var old []string
	unused := bson.D{{Key: "_id.s", Value: s}, {Key: "put_at", Value: bson.D{{Key: "$lt", Value: before.UnixMilli()}}}, atMost("uses", 0)[0]}
	o := options.Find().SetProjection(sorted("_id")).SetSort(sorted("put_at")).SetLimit(inventory.MaxSwept)
	err := each(ctx, r.collection(), unused, o, func(x image) error {
		old = append(old, x.ID.ID)
		return nil
	})
	if err != nil || len(old) == 0 {
		return err
	}
	_, err = r.collection().DeleteMany(ctx, byKeys(s, old))
	return err
}

// Get implements inventory.Images.
func (r *Images) Get(ctx context.Context, s id.Store, hash string) (inventory.Image, error) {
	x, ok, err := one[image](ctx, r.collection(), byKey(s, id.ID(hash)))
	if err == nil && !ok {
		err = inventory.ImageUnknown()
	}
	if err != nil {
		return inventory.Image{}, err
	}
	return inventory.RestoreImage(hash, x.Type, x.Bytes)
}
