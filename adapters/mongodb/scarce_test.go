package mongodb

import (
	"context"
	"math/rand/v2"
	"testing"

	"kassa/adapters/mongodb/mongotest"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/measure"
	"kassa/core/writer"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// TestScarceIsWhatIsOutOrLow moves the stock of some products at once, up and down around nothing and around their limits.
func TestScarceIsWhatIsOutOrLow(t *testing.T) {
	uri, name := mongotest.Database(t)
	d := openAs(t, InDatabase(uri, name), "process")
	const seed, steps = 1, 60
	r := rand.New(rand.NewPCG(seed, seed))
	limits := map[string]measure.Quantity{"a": never, "b": never, "c": 2, "d": 5, "e": 5}
	repository, has := NewStock(d), map[string]*inventory.Stock{}
	for step := range steps {
		var cs []writer.Change
		for p := range limits {
			if before := has[p]; before == nil {
				has[p] = must(inventory.NewStock(id.ID(p), measure.Quantity(r.IntN(9))))
				cs = append(cs, writer.Change{After: has[p]})
			} else if r.IntN(3) > 0 {
				has[p] = must(before.Move(measure.Quantity(r.IntN(7) - 3)))
				cs = append(cs, writer.Change{Before: before, After: has[p]})
			}
		}
		err := d.Transact(t.Context(), func(ctx context.Context) error {
			if err := repository.Save(ctx, "shop", cs); err != nil || step > 0 {
				return err
			}
			return setLimits(ctx, d, limits)
		})
		if err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		err = each(t.Context(), d.collection(stock), byStore("shop"), options.Find(), func(h onHand) error {
			want := onHand{OnHand: has[h.ID.ID].OnHand()}
			want.Spare = want.OnHand - limits[h.ID.ID]
			if marked := min(want.OnHand, want.Spare) <= 0; h.OnHand != want.OnHand || h.Spare != want.Spare || (h.Scarce != nil) != marked ||
				marked && *h.Scarce != (scarce{h.OnHand, h.Spare}) {
				t.Errorf("step %d: %+v with %+v, want %+v", step, h, h.Scarce, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// setLimits does what edits of the products would.
func setLimits(ctx context.Context, d *Database, limits map[string]measure.Quantity) error {
	for p, limit := range limits {
		spare := bson.D{{Key: "$set", Value: bson.D{{Key: "spare", Value: bson.D{{Key: "$subtract", Value: bson.A{"$on_hand", int64(limit)}}}}}}}
		if _, err := d.collection(stock).UpdateOne(ctx, byKey("shop", id.ID(p)), bson.A{spare, markScarce}); err != nil {
			return err
		}
	}
	return nil
}
