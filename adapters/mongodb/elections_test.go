package mongodb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

func TestElectionsLoseAndDoubleNothing(t *testing.T) {
	cluster := mongotest.StartCluster(t, mongotest.Options{Nodes: 3, Auth: true})
	uri := cluster.UserURI("kassa", "correct horse", "shops")
	a, b := openTill(t, uri, "a"), openTill(t, uri, "b")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	n := 0
	count := func(t *testing.T, c till, key string) {
		t.Helper()
		if err := c.untilCounted(ctx, key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	t.Run("a primary steps down", func(t *testing.T) {
		const callers, share = 16, 40
		down := make(chan bool)
		go each(callers, func(i int) {
			for k := range share {
				count(t, []till{a, b}[i%2], fmt.Sprint(i, "-", k))
			}
			down <- true
		})
		time.Sleep(50 * time.Millisecond)
		cluster.StepDown()
		for range callers {
			<-down
		}
		n += callers * share
		b.Check(t, n)
	})
	t.Run("what no majority has is rolled back", func(t *testing.T) {
		first := cluster.WaitPrimary()
		for i := range 2 {
			cluster.StopReplication((first + 1 + i) % 3)
		}
		counted := make(chan bool)
		go func() { count(t, a, "lost"); close(counted) }()
		waitForHead(t, connect(t, strings.Replace(cluster.NodeURI(first), "/?", "/shops?authSource=admin&", 1)), n+1)
		if shown, err := b.journal.Head(ctx, "shop"); err != nil || shown.Position != int64(n) {
			t.Errorf("the head of %d is shown before a majority has it, or %v", shown.Position, err)
		}
		cluster.Kill(first)
		for i := range 2 {
			cluster.ResumeReplication((first + 1 + i) % 3)
		}
		count(t, b, "in its place")
		<-counted
		cluster.Start(first)
		each(16, func(i int) { count(t, []till{a, b}[i%2], fmt.Sprint("after ", i)) })
		n += 18
		a.Check(t, n)
		b.Check(t, n)
	})
}

// waitForHead waits until the node, whatever the others have, is at the position.
func waitForHead(t *testing.T, d *mongo.Database, position int) {
	t.Helper()
	for deadline := time.Now().Add(heldUp); ; time.Sleep(10 * time.Millisecond) {
		n, err := d.Collection("heads").CountDocuments(t.Context(), bson.D{{Key: "position", Value: position}})
		if n == 1 {
			return
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the head is not at position %d: %v", position, err)
		}
	}
}
