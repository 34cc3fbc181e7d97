package containers

import (
	"context"
	"testing"
	"time"

	"kassa/adapters/system"
	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/transaction"
)

// deathbed is where a copy stops for good, in the middle of a transaction that nobody ends.
type deathbed struct {
	transaction.Provider
	reached, buried chan bool
}

func (d deathbed) stop(ctx context.Context, write func(ctx context.Context) error) error {
	return d.Transact(ctx, func(ctx context.Context) error {
		err := write(ctx)
		d.reached <- err == nil
		<-d.buried
		return err
	})
}

type (
	lastCart struct {
		cashier.Carts
		deathbed
	}
	lastImage struct {
		inventory.Images
		deathbed
	}
)

func (l lastCart) Insert(ctx context.Context, s id.Store, c cashier.Cart) error {
	return l.stop(ctx, func(ctx context.Context) error { return l.Carts.Insert(ctx, s, c) })
}

func (l lastImage) Put(ctx context.Context, s id.Store, i inventory.Image, at time.Time) error {
	return l.stop(ctx, func(ctx context.Context) error { return l.Images.Put(ctx, s, i, at) })
}

// TestACopyThatDiedHoldsTheNextUpForAMoment: MongoDB keeps what a killed copy had begun for a minute.
func TestACopyThatDiedHoldsTheNextUpForAMoment(t *testing.T) {
	const heldUp = 5 * time.Second
	folder, _ := furnished(t)
	source := database(t, folder)
	must(t, parkCart(t, source))
	source.close(t)
	for what, dying := range map[string]func(in *Storage, d deathbed){
		"at a cart":   func(in *Storage, d deathbed) { in.Carts = lastCart{in.Carts, d} },
		"at an image": func(in *Storage, d deathbed) { in.Images = lastImage{in.Images, d} },
	} {
		t.Run(what, func(t *testing.T) {
			target, ids := mongoConfig(t).MongoURI, system.NewIDs(system.Clock{})
			from, closeFrom, err := openSource(t.Context(), copyOf(t, folder), ids)
			must(t, err)
			into, closeInto, err := openTarget(t.Context(), target, ids)
			must(t, err)
			shops, err := from.Stores.List(t.Context())
			must(t, err)
			d := deathbed{into.Provider, make(chan bool, 2), make(chan bool)}
			dying(&into, d)
			ended := make(chan error)
			go func() {
				_, err := copyStore(t.Context(), from, into, shops[0], ids, quiet)
				ended <- err
			}()
			if !<-d.reached {
				t.Error("it did not get as far")
			}
			began := time.Now()
			if _, err := copyShop(t.Context(), folder, target, quiet); err != nil || time.Since(began) > heldUp {
				t.Errorf("the next one took %v: %v", time.Since(began), err)
			}
			close(d.buried)
			if err := <-ended; err == nil {
				t.Error("the one that died goes on")
			}
			must(t, closeInto())
			must(t, closeFrom())
		})
	}
}
