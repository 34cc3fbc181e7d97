package mongotest

import (
	"context"
	"os"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// sales is a collection in the database shop, for the user of the URI. Its writes are the majority's.
func sales(t *testing.T, uri string) *mongo.Collection {
	t.Helper()
	c, err := mongo.Connect(options.Client().ApplyURI(uri).SetWriteConcern(writeconcern.Majority()))
	must(t, err)
	t.Cleanup(func() { _ = c.Disconnect(context.Background()) })
	return c.Database("shop").Collection("sales")
}

func sell(t *testing.T, c *mongo.Collection, id string) {
	t.Helper()
	_, err := c.InsertOne(t.Context(), bson.D{{Key: "_id", Value: id}})
	must(t, err)
}

func wantSales(t *testing.T, c *mongo.Collection, n int64) {
	t.Helper()
	got, err := c.CountDocuments(t.Context(), bson.D{})
	must(t, err)
	if got != n {
		t.Fatalf("%d sales, want %d", got, n)
	}
}

func wantOther(t *testing.T, what string, before, after int) {
	t.Helper()
	if before == after {
		t.Fatalf("%s: node %d is still the primary", what, after)
	}
}

func TestSetOfThreeSurvivesWhatIsDoneToItsPrimary(t *testing.T) {
	t.Parallel() // it mostly waits
	c := StartCluster(t, Options{Nodes: 3})
	sold := sales(t, c.URI())
	sell(t, sold, "at the start")

	killed := c.WaitPrimary()
	c.Kill(killed)
	frozen := c.WaitPrimary()
	wantOther(t, "killed", killed, frozen)
	sell(t, sold, "after a kill")
	c.Start(killed)

	c.Freeze(frozen)
	down := c.WaitPrimary()
	wantOther(t, "frozen", frozen, down)
	sell(t, sold, "after a freeze")
	c.Thaw(frozen)

	c.StepDown()
	wantOther(t, "stepped down", down, c.WaitPrimary())
	sell(t, sold, "after a step down")
	wantSales(t, sold, 4)
}

func TestSetOfOneKeepsItsDataAndHasNoPrimaryWhileItIsDown(t *testing.T) {
	c := StartCluster(t, Options{})
	sold := sales(t, c.URI())
	sell(t, sold, "before")
	c.Kill(0)
	if p := c.Primary(); p != -1 {
		t.Errorf("node %d is the primary of no nodes", p)
	}
	c.Start(0)
	c.StepDown()
	c.WaitPrimary()
	wantSales(t, sold, 1)
}

func TestUserOfADatabaseMayUseNoOther(t *testing.T) {
	c := StartCluster(t, Options{Auth: true})
	sold := sales(t, c.UserURI("till", "p@ss:/word", "shop"))
	sell(t, sold, "one")
	wantSales(t, sales(t, c.URI()), 1)
	_, err := sold.Database().Client().Database("bank").Collection("sales").InsertOne(t.Context(), bson.D{})
	wantText(t, err, "not authorized on bank")
	_, err = sales(t, c.set.uri(nil, "")).InsertOne(t.Context(), bson.D{})
	wantText(t, err, "requires authentication")
}

func TestClusterEndsWithItsTest(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Run("inner", func(t *testing.T) {
		c := StartCluster(t, Options{})
		c.Freeze(0)
	})
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
}

func TestSetHasOneNodeOrThree(t *testing.T) {
	_, err := OpenReplicaSet(t.Context(), Options{Nodes: 2})
	wantText(t, err, "1 or 3 nodes, not 2")
}
