package mongodb

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/page"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// fewSlots are enough to find a free one among, until nearly all are taken.
const fewSlots = 20

// Carts implements cashier.Carts. Its writes join the transaction of the context, or make one of their own.
type Carts struct{ d *Database }

// NewCarts returns the parked carts of the database's stores.
func NewCarts(d *Database) *Carts { return &Carts{d: d} }

// parked is a cart, its content in its canonical form. It has one of MaxCarts numbered slots to itself: that is what bounds the carts of a store.
type parked struct {
	ID        key    `bson:"_id"`
	Slot      int    `bson:"slot"`
	Version   int64  `bson:"version"`
	UpdatedAt int64  `bson:"updated_at"`
	Body      string `bson:"body"`
}

func (p parked) cart() (cashier.Cart, error) {
	return cashier.RestoreCart(id.ID(p.ID.ID), p.Version, time.UnixMilli(p.UpdatedAt).UTC(), p.Body)
}

func (r *Carts) c() *mongo.Collection { return r.d.collection(carts) }

// Insert implements cashier.Carts. Two that merely count would not see each other, both find room for one more, and both add it (write skew);
// two that take the same slot meet at a unique key, and one begins again.
func (r *Carts) Insert(ctx context.Context, s id.Store, c cashier.Cart) error {
	body, err := c.Content()
	if err != nil {
		return err
	}
	return r.d.Transact(ctx, func(ctx context.Context) error {
		slot, err := r.slot(ctx, s)
		if err != nil {
			return err
		}
		_, err = r.c().InsertOne(ctx, parked{key{s, string(c.ID)}, slot, c.Version, c.UpdatedAt.UnixMilli(), body})
		return err
	})
}

// slot returns a free slot: any of them, so that those who park at once seldom meet. TooManyCarts where there is none.
func (r *Carts) slot(ctx context.Context, s id.Store) (int, error) {
	all := rand.Perm(cashier.MaxCarts)
	for _, tried := range [][]int{all[:fewSlots], all} {
		taken := map[int]bool{}
		filter := bson.D{{Key: "_id.s", Value: s}, {Key: "slot", Value: bson.D{{Key: "$in", Value: tried}}}}
		justSlot := options.Find().SetProjection(bson.D{{Key: "_id", Value: 0}, {Key: "slot", Value: 1}}).SetBatchSize(cashier.MaxCarts)
		if err := each(ctx, r.c(), filter, justSlot, func(p parked) error {
			taken[p.Slot] = true
			return nil
		}); err != nil {
			return 0, err
		}
		if i := slices.IndexFunc(tried, func(slot int) bool { return !taken[slot] }); i >= 0 {
			return tried[i], nil
		}
	}
	return 0, cashier.TooManyCarts()
}

// Update implements cashier.Carts.
func (r *Carts) Update(ctx context.Context, s id.Store, c cashier.Cart) error {
	body, err := c.Content()
	if err != nil {
		return err
	}
	set := bson.D{{Key: "version", Value: c.Version}, {Key: "updated_at", Value: c.UpdatedAt.UnixMilli()}, {Key: "body", Value: body}}
	return r.change(ctx, s, c.ID, c.Version-1, func(ctx context.Context) error {
		_, err := r.c().UpdateOne(ctx, byKey(s, c.ID), bson.D{{Key: "$set", Value: set}})
		return err
	})
}

// Delete implements cashier.Carts.
func (r *Carts) Delete(ctx context.Context, s id.Store, i id.ID, version int64) error {
	return r.change(ctx, s, i, version, func(ctx context.Context) error {
		_, err := r.c().DeleteOne(ctx, byKey(s, i))
		return err
	})
}

// change writes to a cart of the version that was seen.
func (r *Carts) change(ctx context.Context, s id.Store, i id.ID, seen int64, write func(ctx context.Context) error) error {
	return r.d.Transact(ctx, func(ctx context.Context) error {
		if err := r.check(ctx, s, i, seen); err != nil {
			return err
		}
		return r.d.meeting(ctx, s, fmt.Sprint("cart ", i, seen), func() error { return write(ctx) })
	})
}

// check refuses a cart that is not there or has another version than was seen. Whoever changes it between this and the write that follows, meets
// that write.
func (r *Carts) check(ctx context.Context, s id.Store, i id.ID, seen int64) error {
	has, _, err := one[parked](ctx, r.c(), byKey(s, i), options.FindOne().SetProjection(bson.D{{Key: "version", Value: 1}}))
	if err != nil {
		return err
	}
	return cashier.CheckCart(i, has.Version, seen)
}

// Get implements cashier.Carts.
func (r *Carts) Get(ctx context.Context, s id.Store, i id.ID) (cashier.Cart, error) {
	p, ok, err := one[parked](ctx, r.c(), byKey(s, i))
	if err == nil && !ok {
		err = cashier.CartUnknown(i)
	}
	if err != nil {
		return cashier.Cart{}, err
	}
	return p.cart()
}

// List implements cashier.Carts.
func (r *Carts) List(ctx context.Context, s id.Store, p page.Request) (page.List[cashier.Cart], error) {
	at, before, err := cashier.ChangedBefore(p.After)
	if err != nil {
		return page.List[cashier.Cart]{}, err
	}
	filter := bson.D{
		{Key: "_id.s", Value: s}, {Key: "updated_at", Value: bson.D{{Key: "$lte", Value: at}}},
		{Key: "$or", Value: bson.A{ // of those that were changed in the same millisecond
			bson.D{{Key: "updated_at", Value: bson.D{{Key: "$lt", Value: at}}}}, bson.D{{Key: "_id.i", Value: bson.D{{Key: "$lt", Value: before}}}},
		}},
	}
	var found []cashier.Cart
	err = each(ctx, r.c(), filter, first(p.Limit+1).SetSort(sorted("-updated_at", "-_id.i")), func(p parked) error {
		c, err := p.cart()
		found = append(found, c)
		return err
	})
	return page.Cut(found, p.Limit), err
}
