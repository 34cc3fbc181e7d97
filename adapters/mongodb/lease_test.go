package mongodb

import (
	"context"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// TestOnlyAHeadThatStaysBlockedEndsSessions: not one that moves, and none at once.
func TestOnlyAHeadThatStaysBlockedEndsSessions(t *testing.T) {
	d, _, _ := openNamed(t)
	if err := d.Transact(t.Context(), func(ctx context.Context) error { return d.say(ctx, "shop") }); err != nil {
		t.Fatal(err)
	}
	var b blockade
	for _, row := range []struct {
		what string
		at   waits
		ago  time.Duration // since it was met first
		want int64
	}{
		{"met", waits{"shop", "1"}, 0, 0},
		{"met again at once", waits{"shop", "1"}, 0, 0},
		{"it moved", waits{"shop", "2"}, 2 * blockedFor, 0},
		{"something else was met", waits{}, 2 * blockedFor, 0},
		{"met once more", waits{"shop", "2"}, 2 * blockedFor, 0},
		{"met for long", waits{"shop", "2"}, 2 * blockedFor, 1},
		{"met again at once after that", waits{"shop", "2"}, 0, 1},
	} {
		b.since = b.since.Add(-row.ago)
		if err := d.unblock(t.Context(), &b, &tx{waits: row.at}); err != nil {
			t.Errorf("%s: %v", row.what, err)
		}
		if n := d.Counts().Unblocked; n != row.want {
			t.Errorf("%s: sessions were ended %d times, want %d", row.what, n, row.want)
		}
	}
}

// An update changes indexes, which waits for all that write to the collection, and lets nobody else write meanwhile.
func TestUpdateBesideAProcessThatDiedBeforeItsCommitIsHeldUpForAMoment(t *testing.T) {
	const heldUp = 5 * time.Second
	for what, before := range map[string]func(of mongo.IndexView) error{
		"an index is missing": func(of mongo.IndexView) error { return of.DropOne(t.Context(), "places") },
		"an index is obsolete": func(of mongo.IndexView) error {
			_, err := of.CreateOne(t.Context(), mongo.IndexModel{Keys: bson.D{{Key: "terms", Value: 1}}, Options: options.Index().SetName("terms")})
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			dead, uri, _ := openNamed(t)
			if err := before(dead.collection(products).Indexes()); err != nil {
				t.Fatal(err)
			}
			wrote, goOn, ended := make(chan bool, 2), make(chan bool), make(chan error)
			go func() {
				ended <- dead.Transact(t.Context(), func(ctx context.Context) error {
					if err := dead.say(ctx, "shop"); err != nil {
						return err
					}
					_, err := dead.collection(products).InsertOne(ctx, bson.D{})
					wrote <- true
					<-goOn
					return err
				})
			}()
			<-wrote
			began := time.Now()
			openAs(t, uri, "updated")
			if waited := time.Since(began); waited > heldUp {
				t.Errorf("it was held up for %v", waited)
			}
			close(goOn)
			if err := <-ended; err != nil {
				t.Errorf("it goes on and gets %v", err)
			}
		})
	}
}
