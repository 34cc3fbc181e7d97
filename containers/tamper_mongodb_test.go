package containers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/store"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

// proven are the collections that verify compares with the journal.
var proven = []string{"heads", "records", "stock", "state", "products", "images", "users", "members"}

// remoteScene is the shop of a scene in MongoDB, opened behind Kassa's back.
type remoteScene struct {
	scene
	db    *mongo.Database
	store id.Store
}

// remoteCrime is a change by hand and what verify says of it.
type remoteCrime struct {
	name string
	do   func(s *remoteScene)
	want func(s *remoteScene) string
}

func saysThere(words string) func(*remoteScene) string {
	return func(*remoteScene) string { return words }
}

// behind opens a database of one store behind Kassa's back.
func behind(t *testing.T, uri string) *remoteScene {
	t.Helper()
	parsed, err := connstring.ParseAndValidate(uri)
	must(t, err)
	s := &remoteScene{scene: scene{t: t}, db: connect(t, uri).Client().Database(parsed.Database)}
	var h struct {
		Store id.Store `bson:"_id"`
	}
	must(t, s.db.Collection("heads").FindOne(t.Context(), allThere).Decode(&h))
	s.store = h.Store
	return s
}

// TestVerifyNamesEveryChangeByHandOnMongoDB: the same as on SQLite, where the rows are documents.
func TestVerifyNamesEveryChangeByHandOnMongoDB(t *testing.T) {
	data, local := crimeScene(t)
	c := mongoConfig(t)
	_, err := copyShop(t.Context(), data, c.MongoURI, quiet)
	must(t, err)
	s := behind(t, c.MongoURI)
	s.scene = *local
	if out, err := verifiedThere(t, c); err != nil {
		t.Fatalf("the untouched shop: %v\n%s", err, out)
	}
	before := s.documents(t)
	for _, crimes := range [][]remoteCrime{remoteRecordCrimes, remoteHeadCrimes, remoteStockCrimes, remoteStateCrimes, remoteProductCrimes, remoteImageCrimes, remotePeopleCrimes, strayCrimes()} {
		for _, crime := range crimes {
			t.Run(crime.name, func(t *testing.T) {
				defer s.restore(t, before)
				s.t = t
				crime.do(s)
				out, err := verifiedThere(t, c)
				if want := crime.want(s); err == nil || !strings.Contains(out, want) {
					t.Errorf("verify says %v, and of %q nothing:\n%s", err, want, out)
				}
			})
		}
	}
}

func verifiedThere(t testing.TB, c Config) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Verify(t.Context(), c, &out, func(string, int64, int64) {})
	return out.String(), err
}

// allThere matches every document, and finds the index.
var allThere = bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: bson.MinKey{}}}}}

// documents are all that verify compares, by collection.
func (s *remoteScene) documents(t testing.TB) map[string][]bson.Raw {
	t.Helper()
	all := map[string][]bson.Raw{}
	for _, name := range proven {
		cursor, err := s.db.Collection(name).Find(t.Context(), allThere)
		must(t, err)
		var found []bson.Raw
		must(t, cursor.All(t.Context(), &found))
		all[name] = found
	}
	return all
}

func (s *remoteScene) restore(t testing.TB, all map[string][]bson.Raw) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	for _, name := range proven {
		_, err := s.db.Collection(name).DeleteMany(ctx, allThere)
		must(t, err)
		_, err = s.db.Collection(name).InsertMany(ctx, all[name])
		must(t, err)
	}
}

// at is the _id of what has an id of its own within the store.
func (s *remoteScene) at(i id.ID) any {
	return bson.D{{Key: "s", Value: s.store}, {Key: "i", Value: string(i)}}
}

// place is the _id of a record.
func (s *remoteScene) place(position int64) any {
	return bson.D{{Key: "s", Value: s.store}, {Key: "p", Value: position}}
}

// update changes a document; a change that changes nothing ends the test.
func (s *remoteScene) update(collection string, at any, op, field string, value any) {
	s.t.Helper()
	r, err := s.db.Collection(collection).UpdateOne(s.t.Context(), bson.D{{Key: "_id", Value: at}}, bson.D{{Key: op, Value: bson.D{{Key: field, Value: value}}}})
	must(s.t, err)
	if r.ModifiedCount != 1 {
		s.t.Fatalf("%s %v: nothing changed", collection, at)
	}
}

func (s *remoteScene) set(collection string, at any, field string, value any) {
	s.t.Helper()
	s.update(collection, at, "$set", field, value)
}

func (s *remoteScene) delete(collection string, at any) {
	s.t.Helper()
	r, err := s.db.Collection(collection).DeleteOne(s.t.Context(), bson.D{{Key: "_id", Value: at}})
	must(s.t, err)
	if r.DeletedCount != 1 {
		s.t.Fatalf("%s %v: nothing deleted", collection, at)
	}
}

func (s *remoteScene) insert(collection string, at any, fields ...bson.E) {
	s.t.Helper()
	_, err := s.db.Collection(collection).InsertOne(s.t.Context(), append(bson.D{{Key: "_id", Value: at}}, fields...))
	must(s.t, err)
}

// read returns the fields of a document but for its _id.
func (s *remoteScene) read(collection string, at any) (fields bson.D) {
	s.t.Helper()
	must(s.t, s.db.Collection(collection).FindOne(s.t.Context(), bson.D{{Key: "_id", Value: at}}).Decode(&fields))
	return fields[1:]
}

// field returns a text of a document.
func (s *remoteScene) field(collection string, at any, name string) string {
	s.t.Helper()
	for _, f := range s.read(collection, at) {
		if text, ok := f.Value.(string); ok && f.Key == name {
			return text
		}
	}
	s.t.Fatalf("%s %v has no text %s", collection, at, name)
	return ""
}

// replace changes a part of the body of a document.
func (s *remoteScene) replace(collection string, at any, from, to string) {
	s.t.Helper()
	s.set(collection, at, "body", strings.Replace(s.field(collection, at, "body"), from, to, 1))
}

// move gives a document another _id.
func (s *remoteScene) move(collection string, from, to any) {
	s.t.Helper()
	fields := s.read(collection, from)
	s.delete(collection, from)
	s.insert(collection, to, fields...)
}

// unreadableThere is the sale, named as a record that cannot be read.
func unreadableThere(why string) func(*remoteScene) string {
	return func(s *remoteScene) string { return unreadable(why)(&s.scene) }
}

func unlikeItsHash(s *remoteScene) string {
	return unreadableThere(fmt.Sprintf("record %d does not match its hash", s.sale))(s)
}

var remoteRecordCrimes = []remoteCrime{
	{"a figure of a bill", func(s *remoteScene) { s.replace("records", s.place(s.sale), `"total":1697`, `"total":1698`) }, unreadableThere("record")},
	{"a byte of a record", func(s *remoteScene) { s.replace("records", s.place(s.sale), `"name":"Tea"`, `"name":"Tee"`) }, unlikeItsHash},
	{"the hash of a record", func(s *remoteScene) { s.set("records", s.place(s.sale), "hash", make([]byte, sha256.Size)) }, unlikeItsHash},
	{"a record with a hash of its own", func(s *remoteScene) {
		s.replace("records", s.place(s.sale), `"name":"Tea"`, `"name":"Tee"`)
		sum := sha256.Sum256([]byte(s.field("records", s.place(s.sale), "body")))
		s.set("records", s.place(s.sale), "hash", sum[:])
	}, saysThere("does not follow the record before it in the chain of register")},
	{"a record deleted", func(s *remoteScene) { s.delete("records", s.place(s.sale)) }, func(s *remoteScene) string { return fmt.Sprintf("record %d is missing", s.sale) }},
	{"the last record deleted", func(s *remoteScene) { s.delete("records", s.place(s.last)) }, func(s *remoteScene) string {
		return fmt.Sprintf("the head says %d records and there are %d", s.last, s.last-1)
	}},
	{"a record in another place", func(s *remoteScene) {
		s.delete("records", s.place(s.sale))
		s.move("records", s.place(s.sale+1), s.place(s.sale))
	}, func(s *remoteScene) string {
		return unreadableThere(fmt.Sprintf("record %d stands in the place of record %d", s.sale+1, s.sale))(s)
	}},
	{"a key deleted", func(s *remoteScene) { s.update("records", s.place(s.last), "$pull", "keys", "cart:cart") }, saysThere("the index of cart:cart ")},
	{"a key added", func(s *remoteScene) { s.update("records", s.place(s.last), "$push", "keys", "cart:ghost") }, saysThere("the index of cart:ghost ")},
	{"a listing deleted", func(s *remoteScene) {
		s.update("records", s.place(s.sale), "$pull", "refs", "stock:"+string(s.f.products[0]))
	}, func(s *remoteScene) string { return stockIndex(&s.scene) }},
	{"a listing added", func(s *remoteScene) {
		s.update("records", s.place(s.sale), "$set", "refs.0", "elsewhere")
	}, saysThere("the index of elsewhere ")},
	{"a day's listing deleted", func(s *remoteScene) { s.update("records", s.place(s.sale), "$pull", "days", "@bills") }, saysThere("the index of @bills ")},
	{"a day's listing added", func(s *remoteScene) { s.update("records", s.place(1), "$push", "days", "@bills") }, saysThere("the index of @bills ")},
	{"a listing on another day", func(s *remoteScene) { s.update("records", s.place(s.sale), "$inc", "day", 1) }, saysThere("the index of @bills ")},
	{"the amount of a ledger line", func(s *remoteScene) { s.update("records", s.place(s.sale), "$inc", "lines.0.a", 1) }, saysThere("the index of account:")},
	{"the balance of a ledger line", func(s *remoteScene) { s.update("records", s.place(s.sale), "$inc", "lines.0.b", 1) }, saysThere("the index of account:")},
	{"a ledger line deleted", func(s *remoteScene) { s.update("records", s.place(s.sale), "$pop", "lines", -1) }, saysThere("the index of account:")},
}

var remoteHeadCrimes = []remoteCrime{
	{"the head's position", func(s *remoteScene) { s.update("heads", s.store, "$inc", "position", 1) }, saysThere("the head says")},
	{"the head's time", func(s *remoteScene) { s.update("heads", s.store, "$inc", "at", 1) }, saysThere("the head's time")},
	{"the last hash of a register", func(s *remoteScene) {
		s.set("heads", s.store, "last.c"+string(s.f.registers[0]), make([]byte, sha256.Size))
	}, func(s *remoteScene) string {
		return "the last hash of the chain of register " + string(s.f.registers[0])
	}},
	{"the last hash of the store", func(s *remoteScene) { s.set("heads", s.store, "last.c", make([]byte, sha256.Size)) }, saysThere("the last hash of the chain of the store")},
	{"a chain deleted", func(s *remoteScene) { s.update("heads", s.store, "$unset", "last.c"+string(s.f.registers[1]), "") },
		func(s *remoteScene) string {
			return "the head does not know the chain of register " + string(s.f.registers[1])
		}},
	{"a chain added", func(s *remoteScene) { s.set("heads", s.store, "last.cghost", bytes.Repeat([]byte{1}, sha256.Size)) },
		saysThere("the last hash of the chain of register ghost")},
}

func stockListedWrong(s *remoteScene) string {
	return "stock of " + string(s.f.products[0]) + " is listed as another one"
}

var remoteStockCrimes = []remoteCrime{
	{"a stock, and what follows from it", func(s *remoteScene) {
		s.update("stock", s.at(s.f.products[0]), "$inc", "on_hand", 1000)
		s.update("stock", s.at(s.f.products[0]), "$inc", "spare", 1000)
	}, func(s *remoteScene) string { return "stock:" + string(s.f.products[0]) + " is kept as" }},
	{"a stock", func(s *remoteScene) { s.update("stock", s.at(s.f.products[0]), "$inc", "on_hand", 1000) }, stockListedWrong},
	{"what there is beyond a limit", func(s *remoteScene) { s.update("stock", s.at(s.f.products[0]), "$inc", "spare", 1000) }, stockListedWrong},
	{"a stock that is listed as low", func(s *remoteScene) {
		s.set("stock", s.at(s.f.products[0]), "scarce", bson.D{{Key: "on_hand", Value: int64(1)}, {Key: "spare", Value: int64(-1)}})
	}, stockListedWrong},
	{"a stock that is not listed as out", func(s *remoteScene) { s.update("stock", s.at(s.f.products[4]), "$unset", "scarce", "") },
		func(s *remoteScene) string {
			return "stock of " + string(s.f.products[4]) + " is listed as another one"
		}},
	{"a stock deleted", func(s *remoteScene) { s.delete("stock", s.at(s.f.products[0])) },
		func(s *remoteScene) string { return "stock:" + string(s.f.products[0]) + " is missing" }},
	{"a stock added", func(s *remoteScene) { s.insert("stock", s.at("ghost"), s.read("stock", s.at(s.f.products[3]))...) },
		saysThere("stock:ghost is kept, and the journal knows nothing of it")},
}

var remoteStateCrimes = []remoteCrime{
	{"the balance of a wallet", func(s *remoteScene) {
		s.replace("state", s.at("account:wallet:"+s.f.members[0]), `"posted":-5000`, `"posted":-9000`)
	}, func(s *remoteScene) string { return "account:wallet:" + string(s.f.members[0]) + " is kept as" }},
	{"an account deleted", func(s *remoteScene) { s.delete("state", s.at("account:discount:vip")) }, saysThere("account:discount:vip is missing")},
	{"the receipt numbers of a register", func(s *remoteScene) {
		s.replace("state", s.at("register:"+s.f.registers[1]), `"last_receipt":2`, `"last_receipt":1`)
	}, func(s *remoteScene) string { return "register:" + string(s.f.registers[1]) + " is kept as" }},
	{"what came back of a sale", func(s *remoteScene) {
		s.replace("state", s.at(id.ID(cashier.ReturnsRef(s.f.bills[0]))), `[1000,`, `[0,`)
	},
		func(s *remoteScene) string { return "bill:" + string(s.f.bills[0]) + " is kept as" }},
	{"who has a sku", func(s *remoteScene) {
		s.replace("state", s.at("sku:tea"), string(s.f.products[0]), string(s.f.products[1]))
	}, saysThere("sku:tea is kept as")},
	{"a setting", func(s *remoteScene) {
		s.replace("state", s.at(id.ID(store.SettingsRef)), `"point_rate_bp":1500`, `"point_rate_bp":9900`)
	}, saysThere("settings:store is kept as")},
	{"a value in the place of another", func(s *remoteScene) { s.move("state", s.at("sku:tea"), s.at("sku:coffee")) }, saysThere("state sku:coffee")},
	{"a value of no kind", func(s *remoteScene) { s.insert("state", s.at("ghost:1"), bson.E{Key: "body", Value: "{}"}) }, saysThere("ghost")},
	{"a value that cannot be read", func(s *remoteScene) { s.set("state", s.at(id.ID(store.SettingsRef)), "body", "") }, saysThere("state settings:store")},
}

func productListedWrong(s *remoteScene) string {
	return "product " + string(s.f.products[0]) + " is listed as another one"
}

var remoteProductCrimes = []remoteCrime{
	{"a price", func(s *remoteScene) { s.replace("products", s.at(s.f.products[0]), `"price":250`, `"price":1`) },
		func(s *remoteScene) string { return "product:" + string(s.f.products[0]) + " is kept as" }},
	{"a product deleted", func(s *remoteScene) { s.delete("products", s.at(s.f.products[2])) },
		func(s *remoteScene) string { return "product:" + string(s.f.products[2]) + " is missing" }},
	{"a deleted product listed", func(s *remoteScene) { s.set("products", s.at(s.f.products[3]), "name", "Ghost") },
		func(s *remoteScene) string { return "product " + string(s.f.products[3]) + " is listed as another one" }},
	{"the place of a product", func(s *remoteScene) { s.set("products", s.at(s.f.products[0]), "place.k", "zzz") }, productListedWrong},
	{"the name of a product", func(s *remoteScene) { s.set("products", s.at(s.f.products[0]), "name", "Tee") }, productListedWrong},
	{"the category of a product", func(s *remoteScene) { s.set("products", s.at(s.f.products[0]), "category", "other") }, productListedWrong},
	{"the text that finds a product", func(s *remoteScene) { s.set("products", s.at(s.f.products[0]), "search", "tee") }, productListedWrong},
	{"the barcodes of a product", func(s *remoteScene) { s.set("products", s.at(s.f.products[0]), "codes", bson.A{"1234"}) }, productListedWrong},
}

func imageOffThere(then string) func(*remoteScene) string {
	return func(s *remoteScene) string { return imageOff(then)(&s.scene) }
}

// atImage is the _id of the only image.
func (s *remoteScene) atImage() any { return s.at(id.ID(s.f.image.Hash())) }

var remoteImageCrimes = []remoteCrime{
	{"the bytes of an image", func(s *remoteScene) { s.set("images", s.atImage(), "bytes", []byte("other")) }, imageOffThere("cannot be read: corrupt: image")},
	{"the type of an image", func(s *remoteScene) { s.set("images", s.atImage(), "type", "text/html") }, imageOffThere("cannot be read: corrupt: image")},
	{"an image deleted", func(s *remoteScene) { s.delete("images", s.atImage()) }, imageOffThere("is missing")},
	{"an image under another hash", func(s *remoteScene) { s.move("images", s.atImage(), s.at(id.ID(strings.Repeat("0", 64)))) }, imageOffThere("is missing")},
	{"how many products name an image", func(s *remoteScene) { s.update("images", s.atImage(), "$inc", "uses", 1) },
		func(s *remoteScene) string {
			return "image " + s.f.image.Hash() + " is kept for 2 products and named by 1, such as "
		}},
}

var remotePeopleCrimes = []remoteCrime{
	{"a user's role", func(s *remoteScene) { s.set("users", s.at(s.f.cashier), "role", "manager") },
		func(s *remoteScene) string { return "user:" + string(s.f.cashier) + " is kept as manager" }},
	{"a user's right to sign in", func(s *remoteScene) { s.set("users", s.at(s.f.cashier), "active", false) },
		func(s *remoteScene) string { return "user:" + string(s.f.cashier) }},
	{"a user deleted", func(s *remoteScene) { s.delete("users", s.at(s.f.cashier)) },
		func(s *remoteScene) string { return "user:" + string(s.f.cashier) + " is missing" }},
	{"a user in the place of another", func(s *remoteScene) { s.move("users", s.at(s.f.cashier), s.at("ghost")) }, saysThere("user:ghost")},
	{"the address that finds a user", func(s *remoteScene) { s.set("users", s.at(s.f.cashier), "email_key", "other@shop.test") },
		func(s *remoteScene) string { return "user:" + string(s.f.cashier) + " is found by another" }},
	{"the place of a user", func(s *remoteScene) { s.set("users", s.at(s.f.cashier), "place.k", "zzz") },
		func(s *remoteScene) string { return "user:" + string(s.f.cashier) + " is found by another" }},
	{"a member's tier", func(s *remoteScene) { s.set("members", s.at(s.f.members[1]), "tier", "vip") },
		func(s *remoteScene) string { return "member:" + string(s.f.members[1]) + " is kept as vip" }},
	{"a member deleted", func(s *remoteScene) { s.delete("members", s.at(s.f.members[1])) },
		func(s *remoteScene) string { return "member:" + string(s.f.members[1]) + " is missing" }},
	{"the address that finds a member", func(s *remoteScene) { s.update("members", s.at(s.f.members[1]), "$unset", "email_key", "") },
		func(s *remoteScene) string { return "member:" + string(s.f.members[1]) + " is found by another" }},
	{"the text that finds a member", func(s *remoteScene) { s.set("members", s.at(s.f.members[1]), "search", "other") },
		func(s *remoteScene) string { return "member:" + string(s.f.members[1]) + " is found by another" }},
}

// strayCrimes put documents of no store into every collection, as mongoimport does, with an _id of every kind.
func strayCrimes() (all []remoteCrime) {
	for _, collection := range proven[1:] {
		for kind, at := range map[string]any{
			"an ObjectId": bson.NewObjectID(), "a text": "ghost", "a number": 7, "a boolean": true, "nothing": nil, "an empty document": bson.D{},
			"another field":       bson.D{{Key: "i", Value: "ghost"}},
			"a longer field":      bson.D{{Key: "sku", Value: "ghost"}},
			"a store of a number": bson.D{{Key: "s", Value: 7}, {Key: "i", Value: "ghost"}},
		} {
			all = append(all, remoteCrime{collection + " with " + kind, func(s *remoteScene) { s.insert(collection, at) },
				saysThere("documents of no store in " + collection + ": 1, the first ")})
		}
	}
	return all
}

// TestVerifyCountsWhatWasImportedByHand names the first of many.
func TestVerifyCountsWhatWasImportedByHand(t *testing.T) {
	data, _ := furnished(t)
	c := mongoConfig(t)
	_, err := copyShop(t.Context(), data, c.MongoURI, quiet)
	must(t, err)
	var imported []any
	for i := range 1200 {
		imported = append(imported, bson.D{{Key: "name", Value: fmt.Sprint("Tea ", i)}, {Key: "price", Value: 250}})
	}
	_, err = behind(t, c.MongoURI).db.Collection("products").InsertMany(t.Context(), imported)
	must(t, err)
	if out, err := verifiedThere(t, c); err == nil || !strings.Contains(out, "documents of no store in products: 1200, the first ") {
		t.Errorf("verify says %v:\n%s", err, out)
	}
}
