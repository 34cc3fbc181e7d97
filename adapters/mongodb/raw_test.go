package mongodb

import (
	"errors"
	"math"
	"strings"
	"testing"

	"kassa/core/journal"
	"kassa/core/writer"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// TestDocumentsWrittenByHandAreReadOrRefused: whatever types their fields have.
func TestDocumentsWrittenByHandAreReadOrRefused(t *testing.T) {
	at := bson.D{{Key: "s", Value: "shop"}, {Key: "i", Value: "tea"}}
	atHead := func(more ...bson.E) bson.D {
		return append(bson.D{{Key: "_id", Value: "shop"}, {Key: "token", Value: "t"}, {Key: "status", Value: "active"}, {Key: "at", Value: 5}}, more...)
	}
	position := bson.E{Key: "position", Value: 5.0}
	for _, row := range []struct {
		name string
		into reader
		doc  bson.D
		good bool
	}{
		{"a value", &kept{}, bson.D{{Key: "_id", Value: at}, {Key: "body", Value: "{}"}}, true},
		{"a value without a body", &kept{}, bson.D{{Key: "_id", Value: at}}, false},
		{"a value whose body is a number", &kept{}, bson.D{{Key: "_id", Value: at}, {Key: "body", Value: 1}}, false},
		{"a value of no store", &kept{}, bson.D{{Key: "_id", Value: "tea"}, {Key: "body", Value: "{}"}}, false},
		{"a stock", &onHand{}, bson.D{{Key: "_id", Value: at}, {Key: "on_hand", Value: int64(5)}, {Key: "spare", Value: 5}}, true},
		{"a stock of a shell's numbers", &onHand{}, bson.D{{Key: "_id", Value: at}, {Key: "on_hand", Value: 5.0}, {Key: "spare", Value: 5.0}}, true},
		{"a stock with a fraction", &onHand{}, bson.D{{Key: "_id", Value: at}, {Key: "on_hand", Value: 5.5}, {Key: "spare", Value: 5.0}}, false},
		{"a stock of words", &onHand{}, bson.D{{Key: "_id", Value: at}, {Key: "on_hand", Value: "five"}, {Key: "spare", Value: 5}}, false},
		{"a stock that is scarce in one way", &onHand{}, bson.D{{Key: "_id", Value: at}, {Key: "on_hand", Value: 5}, {Key: "spare", Value: 5}, {Key: "scarce", Value: true}}, false},
		{"a record", &sealed{}, bson.D{{Key: "_id", Value: bson.D{{Key: "p", Value: 1}}}, {Key: "hash", Value: []byte{1}}, {Key: "body", Value: "{}"}}, true},
		{"a record without a hash", &sealed{}, bson.D{{Key: "_id", Value: bson.D{{Key: "p", Value: 1}}}, {Key: "body", Value: "{}"}}, false},
		{"a record in no place", &sealed{}, bson.D{{Key: "hash", Value: []byte{1}}, {Key: "body", Value: "{}"}}, false},
		{"a body", &bodied{}, bson.D{{Key: "_id", Value: bson.D{{Key: "p", Value: 1}}}, {Key: "body", Value: "{}"}}, true},
		{"a body in a place of words", &bodied{}, bson.D{{Key: "_id", Value: bson.D{{Key: "p", Value: "1"}}}, {Key: "body", Value: "{}"}}, false},
		{"a token", &tip{}, bson.D{{Key: "token", Value: "t"}}, true},
		{"a token that is a number", &tip{}, bson.D{{Key: "token", Value: 1}}, false},
		{"a head of a shell's numbers before the first record", &head{}, atHead(position), true},
		{"a head with no chains", &head{}, atHead(position, bson.E{Key: "last", Value: nil}), true},
		{"a head with chains", &head{}, atHead(position, bson.E{Key: "last", Value: bson.D{{Key: "c", Value: []byte{1}}, {Key: "ctill", Value: []byte{2}}}}), true},
		{"a head without a position", &head{}, atHead(), false},
		{"a head beyond all numbers", &head{}, atHead(bson.E{Key: "position", Value: 1e300}), false},
		{"a head at infinity", &head{}, atHead(bson.E{Key: "position", Value: math.Inf(-1)}), false},
		{"a head whose chains are words", &head{}, atHead(position, bson.E{Key: "last", Value: "none"}), false},
		{"a head with a chain without a hash", &head{}, atHead(position, bson.E{Key: "last", Value: bson.D{{Key: "c", Value: "h"}}}), false},
		{"a head with a chain that is named otherwise", &head{}, atHead(position, bson.E{Key: "last", Value: bson.D{{Key: "", Value: []byte{1}}}}), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			d, err := bson.Marshal(row.doc)
			if err != nil {
				t.Fatal(err)
			}
			if err := row.into.read(d); row.good != (err == nil) || err != nil && !errors.Is(err, journal.ErrCorrupt) {
				t.Errorf("read as %+v, %v", row.into, err)
			}
		})
	}
}

// TestDamagedDocumentIsNamed: whoever has to mend it must find it.
func TestDamagedDocumentIsNamed(t *testing.T) {
	d, _, _ := openNamed(t)
	at := bson.D{{Key: "s", Value: "shop"}, {Key: "i", Value: "mia"}}
	for collection, field := range map[string]string{members: "version", users: "version", carts: "slot", images: "uses", state: "body", stock: "spare", products: "body"} {
		if _, err := d.collection(collection).InsertOne(t.Context(), bson.D{{Key: "_id", Value: at}, {Key: "put_at", Value: 1}, {Key: field, Value: bson.A{"x"}}}); err != nil {
			t.Fatal(err)
		}
	}
	mia := []journal.Ref{journal.NewRef("any", "mia")}
	for collection, read := range map[string]func() error{
		members:  func() error { _, err := NewMembers(d).Get(t.Context(), "shop", "mia"); return err },
		users:    func() error { _, err := NewUsers(d).Load(t.Context(), "shop", mia); return err },
		carts:    func() error { _, err := NewCarts(d).Get(t.Context(), "shop", "mia"); return err },
		images:   func() error { _, err := NewImages(d).Get(t.Context(), "shop", "mia"); return err },
		stock:    func() error { _, err := NewStock(d).Load(t.Context(), "shop", mia); return err },
		products: func() error { _, err := NewProducts(d).Load(t.Context(), "shop", mia); return err },
		state: func() error {
			return NewState(d, nil).Range(t.Context(), "shop", "m", "n", func(writer.Value) error { return nil })
		},
	} {
		err := read()
		if !errors.Is(err, journal.ErrCorrupt) || !strings.Contains(err.Error(), collection) || !strings.Contains(err.Error(), `"mia"`) {
			t.Errorf("%s: got %v", collection, err)
		}
	}
}
