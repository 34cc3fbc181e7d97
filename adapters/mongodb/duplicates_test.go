package mongodb_test

import (
	"context"
	"testing"
	"time"

	"kassa/core/fault"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// connect is another hand on the database.
func connect(t testing.TB, uri string) *mongo.Database {
	t.Helper()
	c, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Disconnect(context.Background()) })
	return c.Database(parsed(t, uri).Path[1:])
}

// takePlace takes the second place of the journal by hand.
func takePlace(ctx context.Context, d *mongo.Database) error {
	place := bson.D{{Key: "s", Value: "shop"}, {Key: "p", Value: int64(2)}}
	_, err := d.Collection("records").InsertOne(ctx, bson.D{{Key: "_id", Value: place}, {Key: "keys", Value: bson.A{"by hand"}}})
	return err
}

// A unique key that an open transaction holds first shows as a conflict, and as taken only once that one commits.
func TestKeyThatAnOpenTransactionHoldsIsWaitedFor(t *testing.T) {
	uri := databaseURI(t)
	c, hand := openTill(t, uri, "a"), connect(t, uri)
	if err := c.Count(t.Context(), "first"); err != nil {
		t.Fatal(err)
	}
	s, err := hand.Client().StartSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.EndSession(t.Context())
	if err := s.StartTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := takePlace(mongo.NewSessionContext(t.Context(), s), hand); err != nil {
		t.Fatal(err)
	}
	counted := make(chan error)
	go func() { counted <- c.Count(t.Context(), "second") }()
	select {
	case err := <-counted:
		t.Fatalf("it does not wait: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	if err := s.AbortTransaction(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-counted; err != nil {
		t.Error(err)
	}
	c.Check(t, 2)
}

func TestTakenKeyAbortsTheWholeCommitAndStopsTheStore(t *testing.T) {
	uri := databaseURI(t)
	c, hand := openTill(t, uri, "a"), connect(t, uri)
	if err := c.Count(t.Context(), "first"); err != nil {
		t.Fatal(err)
	}
	if err := takePlace(t.Context(), hand); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Count(t.Context(), "second"); !fault.IsCode(err, "store_stopped") {
			t.Errorf("got %v", err)
		}
	}
	if _, err := hand.Collection("records").DeleteOne(t.Context(), bson.D{{Key: "keys", Value: "by hand"}}); err != nil {
		t.Fatal(err)
	}
	c.Check(t, 1)
	next := openTill(t, uri, "b")
	if err := next.Count(t.Context(), "second"); err != nil {
		t.Error(err)
	}
	next.Check(t, 2)
}
