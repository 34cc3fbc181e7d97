package mongodb

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// The collections. Every _id but those of stores, heads, turns and watermarks is a document that begins with the store's id, s; these four are one
// document a store, and their _id is the store's id.
const (
	stores    = "stores"
	heads     = "heads"
	records   = "records"
	state     = "state"
	stock     = "stock"
	products  = "products"
	images    = "images"
	users     = "users"
	sessions  = "sessions"
	members   = "members"
	carts     = "carts"
	folds     = "folds"     // figures of reports
	writers   = "writers"   // the sessions in which each process writes, see lease.go
	conflicts = "conflicts" // what transactions write to so that they meet, see serialize
	turns     = "turns"     // whose turn it is to write, see turns.go

	watermarks = "watermarks" // how far each store's records are in folds
)

// index is an index of a collection, beside the one on _id that each has.
type index struct {
	name    string
	keys    []string // a leading minus: descending
	unique  bool
	partial bson.D // only the documents that match; nil: all
	expires bool   // documents vanish some time after the date of its key
}

// indexes lists every index of every collection. docs/indexes.md says which query needs which.
var indexes = map[string][]index{
	stores: {{name: "name", keys: []string{"name_key"}, unique: true}},
	heads:  nil,
	records: {
		// Whatever happens once only: idempotency keys, receipt numbers, spent tokens, the record's own id.
		{name: "keys", keys: []string{"_id.s", "keys"}, unique: true},
		// What records are listed by, the accounts of their ledger lines among it: newest first, by position or by business day.
		{name: "refs", keys: []string{"_id.s", "refs", "_id.p"}},
		{name: "days", keys: []string{"_id.s", "days", "day", "_id.p"}},
	},
	products: {
		// The list by name and id. A deleted product has none of these fields.
		{name: "places", keys: []string{"_id.s", "place"}, partial: present("place")},
		{name: "codes", keys: []string{"_id.s", "codes"}, unique: true, partial: present("codes")},
	},
	images: {
		// Those that came before an edit which never did.
		{name: "unused", keys: []string{"_id.s", "put_at"}, partial: atMost("uses", 0)},
	},
	stock: {
		// What is out or low. Sales of everything else have none of these fields.
		{name: "out", keys: []string{"_id.s", "scarce.on_hand"}, partial: atMost("scarce.on_hand", 0)},
		{name: "low", keys: []string{"_id.s", "scarce.spare", "scarce.on_hand"}, partial: atMost("scarce.spare", 0)},
	},
	users: {
		{name: "names", keys: []string{"_id.s", "place"}, partial: present("place")},
		{name: "emails", keys: []string{"_id.s", "email_key"}, unique: true, partial: present("email_key")},
	},
	members: {
		// The searched text is in it so that a scan compares it there.
		{name: "names", keys: []string{"_id.s", "place", "search"}, partial: present("place")},
		{name: "emails", keys: []string{"_id.s", "email_key"}, unique: true, partial: present("email_key")},
		{name: "phones", keys: []string{"_id.s", "phone_key"}, unique: true, partial: present("phone_key")},
	},
	sessions: {
		{name: "expiry", keys: []string{"_id.s", "expires_at"}},
		{name: "users", keys: []string{"_id.s", "user", "created_at", "_id.i"}},
	},
	carts: {
		{name: "changes", keys: []string{"_id.s", "updated_at", "_id.i"}},
		{name: "slots", keys: []string{"_id.s", "slot"}, unique: true}, // see carts.go
	},
	state:      nil,
	folds:      nil,
	watermarks: nil,
	conflicts:  nil,
	turns:      nil,
	writers:    {{name: "age", keys: []string{"at"}, expires: true}},
}

// obsolete lists the indexes that earlier versions made.
var obsolete = map[string][]string{
	products: {"names", "categories", "terms"}, // searches were in the database
}

// present matches the documents that have the field.
func present(field string) bson.D {
	return bson.D{{Key: field, Value: bson.D{{Key: "$exists", Value: true}}}}
}

// atMost matches the documents whose field is that or less.
func atMost(field string, most int64) bson.D {
	return bson.D{{Key: field, Value: bson.D{{Key: "$lte", Value: most}}}}
}

// writerLife is how long what a process said of its sessions is kept, in seconds. Living ones say it again.
const writerLife = 24 * 60 * 60

// prepare makes what is missing and drops what is obsolete.
func (d *Database) prepare(ctx context.Context) error {
	there, err := d.db.ListCollectionNames(ctx, bson.D{}, options.ListCollections().SetAuthorizedCollections(true))
	if err != nil {
		return err
	}
	for name, of := range indexes {
		if !slices.Contains(there, name) {
			if err := d.db.CreateCollection(ctx, name); err != nil && !coded(err, codeNamespaceExists) { // another process was faster
				return err
			}
		}
		if len(of) == 0 {
			continue
		}
		if err := d.unheld(ctx, func(ctx context.Context) error {
			_, err := d.collection(name).Indexes().CreateMany(ctx, specifications(of))
			return err
		}); err != nil {
			return err
		}
		if err := d.drop(ctx, name, obsolete[name]); err != nil {
			return err
		}
	}
	return nil
}

// drop drops those of the indexes that are there. It asks first: to drop what is not there, too, waits for every transaction that has written to the
// collection, and one that a dead process left stays open for a minute.
func (d *Database) drop(ctx context.Context, collection string, old []string) error {
	if len(old) == 0 {
		return nil
	}
	there, err := d.collection(collection).Indexes().ListSpecifications(ctx)
	if err != nil {
		return err
	}
	for _, x := range there {
		if !slices.Contains(old, x.Name) {
			continue
		}
		err := d.unheld(ctx, func(ctx context.Context) error { return d.collection(collection).Indexes().DropOne(ctx, x.Name) })
		if err != nil && !coded(err, codeIndexNotFound) { // another process was faster
			return err
		}
	}
	return nil
}

// unheld changes what indexes there are. That waits for every transaction that has written to the collection, and nobody writes to it meanwhile; so
// where it takes long, the sessions in which processes write are ended, once: the ones that live try again. The server is not told when the context
// ends, because it would throw away what it has read for an index by then, and never have one of what takes longer.
func (d *Database) unheld(ctx context.Context, change func(ctx context.Context) error) error {
	lasting, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	changed, held := make(chan error, 1), time.After(blockedFor)
	go func() { changed <- change(lasting) }()
	for {
		select {
		case err := <-changed:
			return err
		case <-held:
			_ = d.endSessions(ctx, bson.D{}) // the change says whether that helped
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func specifications(of []index) []mongo.IndexModel {
	models := make([]mongo.IndexModel, len(of))
	for i, x := range of {
		o := options.Index().SetName(x.name).SetUnique(x.unique)
		if x.partial != nil {
			o.SetPartialFilterExpression(x.partial)
		}
		if x.expires {
			o.SetExpireAfterSeconds(writerLife)
		}
		models[i] = mongo.IndexModel{Keys: sorted(x.keys...), Options: o}
	}
	return models
}

// sorted returns an order of fields, as indexes and sorts want it. A leading minus: descending.
func sorted(fields ...string) bson.D {
	d := make(bson.D, len(fields))
	for i, f := range fields {
		d[i] = bson.E{Key: f, Value: 1}
		if f[0] == '-' {
			d[i] = bson.E{Key: f[1:], Value: -1}
		}
	}
	return d
}

// coded reports whether a server answered with the code.
func coded(err error, code int) bool {
	var s mongo.ServerError
	return errors.As(err, &s) && s.HasErrorCode(code)
}
