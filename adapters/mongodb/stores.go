package mongodb

import (
	"context"
	"strings"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/money"
	"kassa/core/store"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Stores implements store.Repository.
type Stores struct {
	d   *Database
	ids id.Source
}

// NewStores returns the list of the database's stores.
func NewStores(d *Database, ids id.Source) *Stores { return &Stores{d: d, ids: ids} }

type shop struct {
	ID        id.Store       `bson:"_id"`
	Name      string         `bson:"name"`
	NameKey   string         `bson:"name_key"`
	Currency  money.Currency `bson:"currency"`
	TimeZone  string         `bson:"time_zone"`
	CreatedAt int64          `bson:"created_at"`
}

// Create implements store.Repository.
func (r *Stores) Create(ctx context.Context, s store.Store) error {
	return r.create(ctx, s, journal.Active)
}

// CreateFirst implements store.Repository.
func (r *Stores) CreateFirst(ctx context.Context, s store.Store) error {
	return r.d.Transact(ctx, func(ctx context.Context) error {
		if err := r.d.serialize(ctx, "", "first store"); err != nil {
			return err
		}
		_, ok, err := one[shop](ctx, r.d.collection(stores), bson.D{})
		if ok {
			err = fault.New(fault.Conflict, "store_exists", "there is a store")
		}
		if err != nil {
			return err
		}
		return r.create(ctx, s, journal.Active)
	})
}

// CreateCopy implements store.Repository.
func (r *Stores) CreateCopy(ctx context.Context, s store.Store) error {
	return r.create(ctx, s, journal.Copying)
}

// create makes the store and its empty books together.
func (r *Stores) create(ctx context.Context, s store.Store, status journal.Status) error {
	token := r.ids.New()
	err := r.d.Transact(ctx, func(ctx context.Context) error {
		err := r.d.meeting(ctx, s.ID, "", func() error {
			_, err := r.d.collection(stores).InsertOne(ctx, shop{s.ID, s.Name, strings.ToLower(s.Name), s.Currency, s.TimeZone, s.CreatedAt.UnixMilli()})
			return err
		})
		if err != nil {
			return err
		}
		_, err = r.d.collection(heads).InsertOne(ctx, head{Store: s.ID, Token: token, At: s.CreatedAt.UnixMilli(), Status: status})
		return err
	})
	if mongo.IsDuplicateKeyError(err) {
		return fault.New(fault.Conflict, "store_exists", "there is a store of this name")
	}
	return err
}

// Get implements store.Repository.
func (r *Stores) Get(ctx context.Context, s id.Store) (store.Store, error) {
	found, ok, err := one[shop](ctx, r.d.collection(stores), byID(s))
	if err == nil && !ok {
		err = storeUnknown()
	}
	return found.store(), err
}

// List implements store.Repository.
func (r *Stores) List(ctx context.Context) (all []store.Store, err error) {
	err = each(ctx, r.d.collection(stores), bson.D{}, options.Find().SetSort(sorted("name_key")), func(s shop) error {
		all = append(all, s.store())
		return nil
	})
	return all, err
}

func (s shop) store() store.Store {
	return store.Store{ID: s.ID, Name: s.Name, Currency: s.Currency, TimeZone: s.TimeZone, CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}
