package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"kassa/adapters/mongodb"
	"kassa/adapters/mongodb/mongotest"
	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/store"
	"kassa/core/user"

	"go.mongodb.org/mongo-driver/v2/bson"
)

var errLate = errors.New("another one was first")

const heldUp = 5 * time.Second // at most, by a transaction that nobody ends

// countsSoon counts, and fails where that is held up for too long.
func (c till) countsSoon(t *testing.T, key string) {
	t.Helper()
	began := time.Now()
	if err := c.untilCounted(t.Context(), key); err != nil {
		t.Error(err)
	}
	waited := time.Since(began)
	t.Logf("it was held up for %v", waited)
	if waited > heldUp {
		t.Errorf("it was held up for %v", waited)
	}
}

// stop runs do in a transaction of a process that stops before the commit. wakes lets it go on, and returns what it gets.
func stop(t *testing.T, d *mongodb.Database, do func(ctx context.Context) error) (wakes func() error) {
	t.Helper()
	did, goOn, ended := make(chan error, 1000), make(chan bool), make(chan error)
	go func() {
		ended <- d.Transact(t.Context(), func(ctx context.Context) error {
			err := do(ctx)
			did <- err
			<-goOn
			return err
		})
	}()
	if err := <-did; err != nil {
		t.Error(err)
	}
	return func() error {
		close(goOn)
		return <-ended
	}
}

func TestProcessThatStopsBeforeItsCommitHoldsOthersUpForAMoment(t *testing.T) {
	cluster := mongotest.StartCluster(t, mongotest.Options{Auth: true})
	uri := cluster.UserURI("kassa", "correct horse", "shops")
	stopped, c := openTill(t, uri, "stopped"), openTill(t, uri, "a")
	if err := c.Count(t.Context(), "first"); err != nil {
		t.Fatal(err)
	}
	saysNonsense(t, uri)
	head, err := stopped.journal.Head(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	wakes := stop(t, stopped.Database, func(ctx context.Context) error {
		next := head
		next.Token, next.Position = "stale", head.Position+1
		return stopped.journal.Advance(ctx, "shop", head.Token, next)
	})
	c.countsSoon(t, "second")
	if met := c.Counts(); met.Unblocked != 1 || met.Conflicts == 0 {
		t.Errorf("met %+v, want conflicts and one end of sessions", met)
	}
	if err := wakes(); !errors.Is(err, journal.ErrStale) {
		t.Errorf("it goes on and gets %v", err)
	}
	c.Check(t, 2)
}

// saysNonsense lets processes say what are no sessions, as one of another version may, or whoever writes by hand.
func saysNonsense(t *testing.T, uri string) {
	t.Helper()
	writers := connect(t, uri).Collection("writers")
	for i, sessions := range []any{"none", bson.A{5, bson.Binary{Data: []byte{1}}, bson.Binary{Subtype: bson.TypeBinaryUUID, Data: []byte{1}}}, nil} {
		said := bson.D{{Key: "_id", Value: bson.D{{Key: "s", Value: "shop"}, {Key: "p", Value: fmt.Sprint(i)}}}, {Key: "sessions", Value: sessions}}
		if _, err := writers.InsertOne(t.Context(), said); err != nil {
			t.Fatal(err)
		}
	}
}

// A process that dies while it makes a store, as a restore that is killed does, leaves one that is half made and invisible.
func TestStoreThatWasHalfMadeHoldsTheNextUpForAMoment(t *testing.T) {
	uri := databaseURI(t)
	dead, alive := openAs(t, uri, "dead"), openAs(t, uri, "alive")
	shop := store.Store{ID: "shop", Name: "Shop", Currency: "EUR", TimeZone: "UTC", CreatedAt: time.Unix(0, 0)}
	wakes := stop(t, dead, func(ctx context.Context) error { return mongodb.NewStores(dead, fixed("a")).CreateCopy(ctx, shop) })
	began := time.Now()
	if err := mongodb.NewStores(alive, fixed("b")).CreateCopy(t.Context(), shop); err != nil {
		t.Error(err)
	}
	if waited := time.Since(began); waited > heldUp {
		t.Errorf("it was held up for %v", waited)
	}
	if err := wakes(); !fault.IsCode(err, "store_exists") {
		t.Errorf("it goes on and gets %v", err)
	}
}

// What a process that died had begun is in the way of the next who does the same.
func TestWhatAProcessThatDiedHadBegunHoldsTheNextUpForAMoment(t *testing.T) {
	now := time.Unix(0, 0)
	shop := store.Store{ID: "shop", Name: "Shop", Currency: "EUR", TimeZone: "UTC", CreatedAt: now}
	for what, do := range map[string]func(ctx context.Context, d *mongodb.Database, process id.ID) error{
		"a sign-in": func(ctx context.Context, d *mongodb.Database, process id.ID) error {
			return mongodb.NewSessions(d).Add(ctx, shop.ID, user.Session{ID: process, User: "mia", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}, now, 5)
		},
		"a refresh": func(ctx context.Context, d *mongodb.Database, process id.ID) error {
			ok, err := mongodb.NewSessions(d).Renew(ctx, shop.ID, "signed in", "old", string(process), now)
			if err == nil && !ok {
				err = errLate
			}
			return err
		},
		"an edit of a cart": func(ctx context.Context, d *mongodb.Database, _ id.ID) error {
			return mongodb.NewCarts(d).Update(ctx, shop.ID, cashier.Cart{ID: "cart", Name: "Mia's", Version: 2, UpdatedAt: now})
		},
		"the end of a cart": func(ctx context.Context, d *mongodb.Database, _ id.ID) error {
			return mongodb.NewCarts(d).Delete(ctx, shop.ID, "cart", 1)
		},
		"an image": func(ctx context.Context, d *mongodb.Database, _ id.ID) error {
			i, err := inventory.NewImage(inventory.PNG, []byte("picture"))
			return errors.Join(err, mongodb.NewImages(d).Put(ctx, shop.ID, i, now))
		},
		"pages of reports": func(ctx context.Context, d *mongodb.Database, process id.ID) error {
			return mongodb.NewReports(d).Advance(ctx, shop.ID, 0, int64(len(process)))
		},
		"the first store": func(ctx context.Context, d *mongodb.Database, process id.ID) error {
			return mongodb.NewStores(d, fixed(process)).CreateFirst(ctx, shop)
		},
	} {
		t.Run(what, func(t *testing.T) {
			uri := databaseURI(t)
			dead, alive := openAs(t, uri, "dead"), openAs(t, uri, "alive")
			if err := alive.Transact(t.Context(), func(ctx context.Context) error {
				signedIn := user.Session{ID: "signed in", User: "joe", Secret: "old", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
				return errors.Join(mongodb.NewSessions(alive).Add(ctx, shop.ID, signedIn, now, 5),
					mongodb.NewCarts(alive).Insert(ctx, shop.ID, cashier.Cart{ID: "cart", Name: "Mia's", Version: 1, UpdatedAt: now}))
			}); err != nil {
				t.Fatal(err)
			}
			wakes := stop(t, dead, func(ctx context.Context) error { return do(ctx, dead, "dead") })
			began := time.Now()
			err := alive.Transact(t.Context(), func(ctx context.Context) error { return do(ctx, alive, "alive") })
			if waited := time.Since(began); err != nil || waited > heldUp {
				t.Errorf("it was held up for %v: %v", waited, err)
			}
			if err := wakes(); (err == nil) != (what == "a sign-in" || what == "an image") {
				t.Errorf("it goes on and gets %v", err)
			}
		})
	}
}

// A transaction whose end never arrived stays open on the server, and nobody else is there to end it.
func TestOwnTransactionThatWasCutOffHoldsAProcessUpForAMoment(t *testing.T) {
	uri := databaseURI(t)
	c := openTill(t, uri, "a")
	if err := c.Count(t.Context(), "first"); err != nil {
		t.Fatal(err)
	}
	off := failing(t, uri, "a", mongotest.Failure{Commands: []string{"commitTransaction", "abortTransaction"}, CloseConnection: true})
	counted := make(chan error)
	go func() { counted <- c.untilCounted(t.Context(), "second") }()
	time.Sleep(6 * time.Second) // its commit is tried for 5 s
	off()
	c.countsSoon(t, "third")
	if err := <-counted; err != nil {
		t.Error(err)
	}
	c.Check(t, 3)
}
