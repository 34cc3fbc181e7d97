package mongotest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func TestEveryKindOfScanIsNoticed(t *testing.T) {
	uri, name := Database(t)
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	must(t, err)
	db, ctx := client.Database(name), t.Context()
	t.Cleanup(func() { _ = client.Disconnect(context.WithoutCancel(ctx)) })
	things := db.Collection("things")
	for i := range 10 {
		_, err := things.InsertOne(ctx, bson.D{{Key: "_id", Value: i}, {Key: "colour", Value: "red"}})
		must(t, err)
	}
	must(t, profile(ctx, db, 1))
	inTransaction := func(fn func(s *mongo.Session)) {
		s, err := client.StartSession()
		must(t, err)
		defer s.EndSession(ctx)
		must(t, s.StartTransaction())
		fn(s)
		must(t, s.CommitTransaction(ctx))
	}
	byID, byColour := bson.D{{Key: "_id", Value: 3}}, bson.D{{Key: "colour", Value: "blue"}}
	repaint := bson.D{{Key: "$set", Value: bson.D{{Key: "size", Value: 1}}}}
	ask := func(filter bson.D) {
		must(t, things.FindOneAndUpdate(ctx, bson.D{{Key: "$or", Value: bson.A{byID, filter}}}, repaint).Err())
		_, err := things.CountDocuments(ctx, filter)
		must(t, err)
		_, err = things.DeleteMany(ctx, filter)
		must(t, err)
		inTransaction(func(s *mongo.Session) {
			ctx := mongo.NewSessionContext(ctx, s)
			_, err := things.UpdateMany(ctx, filter, repaint)
			must(t, err)
			_, err = things.Find(ctx, filter)
			must(t, err)
		})
	}
	_, err = db.Collection("small").InsertOne(ctx, byColour)
	must(t, err)
	_, err = db.Collection("small").Find(ctx, byColour)
	must(t, err)
	ask(byColour)
	ask(bson.D{{Key: "_id", Value: 7}})

	found, err := scans(ctx, db, []string{"small"})
	must(t, err)
	var kinds []string
	for _, scan := range found {
		kind, _, _ := strings.Cut(scan, ":")
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	want := []string{"command of things", "command of things", "query of things", "remove of things", "update of things"}
	if !slices.Equal(kinds, want) {
		t.Errorf("noticed %q, want %q", found, want)
	}
}
