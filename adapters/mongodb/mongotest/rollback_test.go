package mongotest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

func TestWriteThatNoMajorityHasIsRolledBack(t *testing.T) {
	t.Parallel() // it mostly waits
	c := StartCluster(t, Options{Nodes: 3, Auth: true})
	sold := sales(t, c.URI())
	sell(t, sold, "kept")

	first := c.WaitPrimary()
	others := []int{(first + 1) % 3, (first + 2) % 3}
	for _, i := range others {
		c.StopReplication(i)
	}
	alone := sales(t, c.NodeURI(first))
	journaled := true // or a killed node may have lost it by itself
	sell(t, alone.Clone(options.Collection().SetWriteConcern(&writeconcern.WriteConcern{W: 1, Journal: &journaled})), "lost")
	wantSales(t, alone, 2)
	c.Kill(first)

	for _, i := range others {
		c.ResumeReplication(i)
	}
	c.WaitPrimary()
	wantSales(t, sold, 1)
	sell(t, sold, "after")
	c.Start(first)
	wantRolledBack(t, c.NodeURI(first))
	if _, err := os.Stat(filepath.Join(c.set.nodes[first].dir, "rollback")); err != nil {
		t.Errorf("the node did not keep what it rolled back: %v", err)
	}
}

// wantRolledBack waits until the node has what the majority has.
func wantRolledBack(t *testing.T, uri string) {
	t.Helper()
	var found []struct {
		ID string `bson:"_id"`
	}
	read := func(c *mongo.Client) error {
		cursor, err := c.Database("shop").Collection("sales").Find(t.Context(), bson.D{})
		if err != nil {
			return err
		}
		return cursor.All(t.Context(), &found)
	}
	var err error
	for deadline := time.Now().Add(clusterTimeout); time.Now().Before(deadline); time.Sleep(pollEvery) {
		// One connection for all would not do: it loses its user for good when the node does not find it in the middle of a rollback.
		err = withClient(t.Context(), options.Client().ApplyURI(uri), read)
		if err == nil && len(found) == 2 && found[0].ID == "kept" && found[1].ID == "after" {
			return
		}
	}
	t.Fatalf("the node has the sales %v: %v", found, err)
}
