package mongotest

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

func TestMain(m *testing.M) {
	if actAs(os.Getenv(roleVariable)) {
		return
	}
	Main(m)
}

// shop is a database with a head, two products and a journal with a unique key, as a store keeps them.
type shop struct {
	*mongo.Database
	t *testing.T
}

func newShop(t *testing.T) shop {
	t.Helper()
	uri, name := Database(t)
	c, err := mongo.Connect(options.Client().ApplyURI(uri))
	must(t, err)
	t.Cleanup(func() { must(t, c.Disconnect(context.Background())) })
	s := shop{c.Database(name), t}
	ctx := t.Context()
	_, err = s.Collection("heads").InsertOne(ctx, bson.D{{Key: "_id", Value: "s1"}, {Key: "token", Value: "t0"}})
	must(t, err)
	_, err = s.Collection("products").InsertMany(ctx, bson.A{
		bson.D{{Key: "_id", Value: "p1"}, {Key: "stock", Value: int64(10)}},
		bson.D{{Key: "_id", Value: "p2"}, {Key: "stock", Value: int64(10)}},
	})
	must(t, err)
	_, err = s.Collection("journal").Indexes().CreateOne(ctx, mongo.IndexModel{
		Keys: bson.D{{Key: "store", Value: 1}, {Key: "keys", Value: 1}}, Options: options.Index().SetUnique(true),
	})
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var errStale = errors.New("stale token")

// sell commits one sale of one p1 and one p2: the head from one token to the next, the merged stock change, the record.
func (s shop) sell(from, to, key string) error {
	return s.transact(func(ctx context.Context) error { return s.write(ctx, from, to, key) })
}

func (s shop) write(ctx context.Context, from, to, key string) error {
	head, err := s.Collection("heads").UpdateOne(ctx, bson.D{{Key: "_id", Value: "s1"}, {Key: "token", Value: from}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "token", Value: to}}}})
	if err != nil {
		return err
	}
	if head.MatchedCount == 0 {
		return errStale
	}
	_, err = s.Collection("products").UpdateMany(ctx,
		bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: bson.A{"p1", "p2"}}}}},
		bson.D{{Key: "$inc", Value: bson.D{{Key: "stock", Value: int64(-1)}}}})
	if err != nil {
		return err
	}
	_, err = s.Collection("journal").InsertOne(ctx, bson.D{{Key: "store", Value: "s1"}, {Key: "keys", Value: bson.A{key}}})
	return err
}

func (s shop) transact(fn func(ctx context.Context) error) error {
	session, err := s.Client().StartSession()
	must(s.t, err)
	defer session.EndSession(context.Background())
	must(s.t, session.StartTransaction(options.Transaction().
		SetReadConcern(readconcern.Snapshot()).SetWriteConcern(writeconcern.Majority())))
	ctx := mongo.NewSessionContext(s.t.Context(), session)
	if err := fn(ctx); err != nil {
		_ = session.AbortTransaction(context.Background()) // the server may have aborted it already
		return err
	}
	return session.CommitTransaction(ctx)
}

// expect compares the whole state: head, stock of both products, number of records.
func (s shop) expect(token string, stock int64, records int64) {
	s.t.Helper()
	ctx := s.t.Context()
	var head struct{ Token string }
	must(s.t, s.Collection("heads").FindOne(ctx, bson.D{}).Decode(&head))
	sold, err := s.Collection("products").CountDocuments(ctx, bson.D{{Key: "stock", Value: stock}})
	must(s.t, err)
	n, err := s.Collection("journal").CountDocuments(ctx, bson.D{})
	must(s.t, err)
	if head.Token != token || sold != 2 || n != records {
		s.t.Fatalf("token %s, %d of 2 products with stock %d, %d records; want token %s and %d records", head.Token, sold, stock, n, token, records)
	}
}

func TestSecondWriterWithAStaleTokenMatchesNothing(t *testing.T) {
	s := newShop(t)
	must(t, s.sell("t0", "t1", "idem:a"))
	if err := s.sell("t0", "t2", "idem:b"); !errors.Is(err, errStale) {
		t.Fatalf("a stale token gave %v", err)
	}
	s.expect("t1", 9, 1)
	must(t, s.sell("t1", "t2", "idem:b"))
	s.expect("t2", 8, 2)
}

func TestFirstOfTwoOpenWritersWins(t *testing.T) {
	s := newShop(t)
	err := s.transact(func(ctx context.Context) error {
		var head struct{ Token string } // takes the snapshot before the other commits
		must(t, s.Collection("heads").FindOne(ctx, bson.D{}).Decode(&head))
		must(t, s.sell(head.Token, "t1", "idem:a"))
		return s.write(ctx, head.Token, "t2", "idem:b")
	})
	var server mongo.ServerError
	if !errors.As(err, &server) || !server.HasErrorCode(112) || !server.HasErrorLabel("TransientTransactionError") {
		t.Fatalf("the second writer got %v instead of a write conflict", err)
	}
	s.expect("t1", 9, 1)
}

func TestDuplicateKeyAbortsEverything(t *testing.T) {
	s := newShop(t)
	must(t, s.sell("t0", "t1", "idem:a"))
	if err := s.sell("t1", "t2", "idem:a"); !mongo.IsDuplicateKeyError(err) {
		t.Fatalf("a key used twice gave %v", err)
	}
	s.expect("t1", 9, 1)
}

func TestDatabaseIsTheTestsOwnAndDroppedAtItsEnd(t *testing.T) {
	var uri string
	names := map[string]bool{}
	for range 2 {
		t.Run("inner", func(t *testing.T) {
			s := newShop(t)
			uri, _ = Database(t)
			names[s.Name()] = true
		})
	}
	if len(names) != 2 {
		t.Fatalf("two tests had the databases %v", names)
	}
	must(t, withClient(t.Context(), options.Client().ApplyURI(uri), func(c *mongo.Client) error {
		left, err := c.ListDatabaseNames(t.Context(), bson.D{})
		for _, name := range left {
			if names[name] {
				t.Errorf("%s is still there", name)
			}
		}
		return err
	}))
}

func TestURIMustNameAReplicaSetThatAcceptsWrites(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for _, uri := range []string{"mongodb://127.0.0.1:1/?replicaSet=none", "nonsense"} {
		_, err := attach(ctx, uri)
		wantText(t, err, uriVariable+" must name a replica set that accepts writes")
	}
}

func TestProgramThatEndsAtOnceIsNoServer(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv(roleVariable, "broken mongod")
	_, err := start(t.Context(), os.Args[0])
	wantText(t, err, "did not become a replica set")
	if !errors.Is(err, errEnded) {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
}
