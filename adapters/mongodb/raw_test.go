package mongodb

import (
	"errors"
	"math"
	"strings"
	"testing"

	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/writer"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
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

// TestDamagedDocumentIsNamed: whoever has to mend it must find it, and whoever asks for it did nothing wrong.
func TestDamagedDocumentIsNamed(t *testing.T) {
	d, _, _ := openNamed(t)
	mia := []journal.Ref{journal.NewRef("any", "mia")}
	readState := func() error {
		return NewState(d, nil).Range(t.Context(), "shop", "m", "n", func(writer.Value) error { return nil })
	}
	readStock := func() error { _, err := NewStock(d).Load(t.Context(), "shop", mia); return err }
	readProduct := func() error { _, err := NewProducts(d).Load(t.Context(), "shop", mia); return err }
	readMember := func() error { _, err := NewMembers(d).Get(t.Context(), "shop", "mia"); return err }
	readUser := func() error { _, err := NewUsers(d).Load(t.Context(), "shop", mia); return err }
	readCart := func() error { _, err := NewCarts(d).Get(t.Context(), "shop", "mia"); return err }
	readImage := func() error { _, err := NewImages(d).Get(t.Context(), "shop", "mia"); return err }
	for _, row := range []struct {
		name, collection string
		read             func() error
		has              bson.D
	}{
		{"a value of no words", state, readState, bson.D{{Key: "body", Value: 5}}},
		{"a stock of words", stock, readStock, bson.D{{Key: "on_hand", Value: "five"}, {Key: "spare", Value: 5}}},
		{"more stock than there can be", stock, readStock, bson.D{{Key: "on_hand", Value: int64(1) << 62}, {Key: "spare", Value: 5}}},
		{"a product without a body", products, readProduct, nil},
		{"a product without an id", products, readProduct, bson.D{{Key: "body", Value: "{}"}}},
		{"a member of no version", members, readMember, bson.D{{Key: "version", Value: "x"}}},
		{"a member of an unknown tier", members, readMember, bson.D{{Key: "name", Value: "Mia"}, {Key: "tier", Value: "gold"}}},
		{"a user of no version", users, readUser, bson.D{{Key: "version", Value: "x"}}},
		{"a user of an unknown role", users, readUser, bson.D{{Key: "name", Value: "Mia"}, {Key: "role", Value: "boss"}}},
		{"a cart in no slot", carts, readCart, bson.D{{Key: "slot", Value: "x"}}},
		{"a cart of words", carts, readCart, bson.D{{Key: "body", Value: "x"}}},
		{"an image of words", images, readImage, bson.D{{Key: "bytes", Value: "x"}, {Key: "put_at", Value: 1}}},
	} {
		at := bson.D{{Key: "_id", Value: bson.D{{Key: "s", Value: "shop"}, {Key: "i", Value: "mia"}}}}
		if _, err := d.collection(row.collection).ReplaceOne(t.Context(), at, append(at, row.has...), options.Replace().SetUpsert(true)); err != nil {
			t.Fatal(err)
		}
		err := row.read()
		if _, isFault := fault.As(err); isFault || !errors.Is(err, journal.ErrCorrupt) || !strings.Contains(err.Error(), "mia") {
			t.Errorf("%s: got %v", row.name, err)
		}
	}
}
