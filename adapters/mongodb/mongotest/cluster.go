package mongotest

import (
	"context"
	"net/url"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// clusterTimeout bounds what a test waits for a set to do, on a machine that is busy with other tests.
const clusterTimeout = time.Minute

// Cluster is a replica set that one test owns and may break. Its nodes are numbered from 0. What cannot be done fails the test, so
// call the methods from the test's own goroutine; only Kill, Freeze and Thaw may be called from others, between calls of the rest.
type Cluster struct {
	t   testing.TB
	set *ReplicaSet
}

// StartCluster starts a set that ends with the test. It accepts writes, and every node has the data. It never uses the replica set
// that KASSA_TEST_MONGODB_URI names.
func StartCluster(t testing.TB, o Options) *Cluster {
	t.Helper()
	set, err := OpenReplicaSet(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	return &Cluster{t, set}
}

// URI is the whole set's, as root where there is authentication.
func (c *Cluster) URI() string { return c.set.URI() }

// NodeURI is one node's, as root where there is authentication: reads through it see what this node has, whatever its role.
func (c *Cluster) NodeURI(i int) string { return c.set.nodeURI(i, c.set.root) }

// UserURI makes a user with the role readWrite on one database and nothing else, and returns the set's URI for it.
func (c *Cluster) UserURI(user, password, database string) string {
	c.t.Helper()
	if c.set.root == nil {
		c.t.Fatal("users need Options.Auth")
	}
	c.do(func(ctx context.Context) error {
		return withClient(ctx, options.Client().ApplyURI(c.URI()), func(client *mongo.Client) error {
			role := bson.D{{Key: "role", Value: "readWrite"}, {Key: "db", Value: database}}
			return createUser(ctx, client.Database(database), user, password, bson.A{role}, len(c.set.nodes)/2+1)
		})
	})
	return c.set.uri(url.UserPassword(user, password), database)
}

// Primary returns the node that is the primary now, or -1 when there is none.
func (c *Cluster) Primary() (i int) {
	c.t.Helper()
	c.do(func(ctx context.Context) error {
		said, err := c.set.ask(ctx)
		i = primary(said)
		return err
	})
	return i
}

// WaitPrimary waits until there is a primary that accepts writes and returns it.
func (c *Cluster) WaitPrimary() (i int) {
	c.t.Helper()
	c.do(func(ctx context.Context) (err error) {
		i, err = c.set.waitPrimary(ctx)
		return err
	})
	return i
}

// Kill ends the node at once, as kill -9 does. Its data stays.
func (c *Cluster) Kill(i int) { c.set.kill(i) }

// Start starts a node that was killed, on its own data, and waits until it takes part in the set again. It may roll back later, and a
// connection that it was asked through meanwhile may have lost its user: then ask through a new one.
func (c *Cluster) Start(i int) {
	c.t.Helper()
	c.do(func(ctx context.Context) error { return c.set.start(ctx, i) })
}

// Freeze stops the node, which keeps its connections and answers nothing.
func (c *Cluster) Freeze(i int) {
	c.t.Helper()
	c.must(c.set.freeze(i))
}

// Thaw lets a frozen node go on.
func (c *Cluster) Thaw(i int) {
	c.t.Helper()
	c.must(c.set.thaw(i))
}

// StopReplication lets a secondary take no more writes from the primary, not even what is under way to it. It votes and answers as
// before, so the primary stays what it is. When all secondaries are stopped, no majority has what the primary writes with w: 1: kill it,
// resume the others, and what it wrote to its journal is rolled back when it starts again. (Freeze is no such help: what lies in the
// socket of a frozen node is read when it thaws.)
func (c *Cluster) StopReplication(i int) {
	c.t.Helper()
	c.do(func(ctx context.Context) error { return c.set.setReplicationStopped(ctx, i, "alwaysOn") })
}

// ResumeReplication ends StopReplication.
func (c *Cluster) ResumeReplication(i int) {
	c.t.Helper()
	c.do(func(ctx context.Context) error { return c.set.setReplicationStopped(ctx, i, "off") })
}

// StepDown makes the primary a secondary: another node of three takes over at once, and a single one does so itself after a second.
func (c *Cluster) StepDown() {
	c.t.Helper()
	c.do(c.set.stepDown)
}

// do has a context of its own, because that of a test is over when its clean-up begins.
func (c *Cluster) do(fn func(ctx context.Context) error) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), clusterTimeout)
	defer cancel()
	c.must(fn(ctx))
}

func (c *Cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}
