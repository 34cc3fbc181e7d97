package mongotest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

// collectionScan is what the plan of a command that reads a whole collection says of itself.
const collectionScan = "COLLSCAN"

// maxCommandText is how much of a command a test shows.
const maxCommandText = 1000

// NoScans fails the test at its end unless everything that was asked of the URI's database, by whomever, found an index: the server itself writes
// down what did not. That is a matter of what is asked, not of how much there is, so a small database proves it for a large one. The collections
// that are named may be read whole. Call it after Database and before the database is opened.
func NoScans(t testing.TB, uri string, but ...string) {
	t.Helper()
	parsed, err := connstring.ParseAndValidate(uri)
	if err != nil {
		t.Fatal(err)
	}
	within := func(ctx context.Context, fn func(*mongo.Database) error) error {
		return withClient(ctx, options.Client().ApplyURI(uri), func(c *mongo.Client) error { return fn(c.Database(parsed.Database)) })
	}
	if err := within(t.Context(), func(db *mongo.Database) error { return profile(t.Context(), db, 1) }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), dropTimeout)
		defer cancel()
		if err := within(ctx, func(db *mongo.Database) error {
			found, err := scans(ctx, db, but)
			for _, scan := range found {
				t.Errorf("no index: %s", scan)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}

// profile makes the server write down every collection scan in the database, or nothing more at level 0.
func profile(ctx context.Context, db *mongo.Database, level int) error {
	only := bson.D{{Key: "planSummary", Value: bson.D{{Key: "$regex", Value: collectionScan}}}}
	return db.RunCommand(ctx, bson.D{{Key: "profile", Value: level}, {Key: "filter", Value: only}}).Err()
}

// scans ends the profile and returns the collection scans in it, each once.
func scans(ctx context.Context, db *mongo.Database, but []string) (found []string, err error) {
	if err := profile(ctx, db, 0); err != nil {
		return nil, err
	}
	cursor, err := db.Collection("system.profile").Find(ctx, bson.D{})
	if err != nil {
		return nil, err
	}
	var all []struct {
		Namespace string   `bson:"ns"`
		Operation string   `bson:"op"`
		Command   bson.Raw `bson:"command"`
	}
	if err := cursor.All(ctx, &all); err != nil {
		return nil, err
	}
	for _, p := range all {
		name := strings.TrimPrefix(p.Namespace, db.Name()+".")
		if slices.Contains(but, name) || strings.HasPrefix(name, "system.") {
			continue
		}
		scan := fmt.Sprintf("%s of %s: %.*s", p.Operation, name, maxCommandText, p.Command)
		if !slices.Contains(found, scan) {
			found = append(found, scan)
		}
	}
	return found, nil
}
