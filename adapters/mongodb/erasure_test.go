package mongodb_test

import (
	"bytes"
	"testing"

	"kassa/adapters/storetest"
	"kassa/core/journal"
	"kassa/core/writer"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

// What was deleted is in no document; indexes hold nothing else. The server's own files are its own matter.
func TestDeletedPeopleAreInNoDocument(t *testing.T) {
	uri := databaseURI(t)
	texts := storetest.DeletePeople(t, func(t testing.TB, documents journal.Schema, values map[string]func() writer.Stored) storetest.Backend {
		return backend(openDatabase(t, uri), documents, values)
	})
	read := 0
	eachDocument(t, uri, func(collection string, document bson.Raw) {
		read++
		for _, text := range texts {
			if bytes.Contains(document, []byte(text)) {
				t.Errorf("%s is in %s: %s", text, collection, document)
			}
		}
	})
	if read < 800 { // 400 others, and a record of each
		t.Errorf("only %d documents were there", read)
	}
}

// eachDocument gives every document of the database to the function.
func eachDocument(t *testing.T, uri string, fn func(collection string, document bson.Raw)) {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(t.Context()) }()
	parsed, err := connstring.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	names, err := client.Database(parsed.Database).ListCollectionNames(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		cursor, err := client.Database(parsed.Database).Collection(name).Find(t.Context(), bson.D{})
		if err != nil {
			t.Fatal(err)
		}
		for cursor.Next(t.Context()) {
			fn(name, cursor.Current)
		}
		if err := cursor.Err(); err != nil {
			t.Fatal(err)
		}
	}
}
