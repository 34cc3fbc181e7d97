package mongodb

import (
	"context"
	"time"

	"kassa/core/id"
	"kassa/core/user"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// maxDropped is how many expired sessions a new one drops. A TTL index would drop them too, but by the server's clock, and with nothing to gain:
// they are good for nothing and hold nothing personal.
const maxDropped = 1000

// Sessions implements user.Sessions.
type Sessions struct{ d *Database }

// NewSessions returns the sessions of the database's stores.
func NewSessions(d *Database) *Sessions { return &Sessions{d} }

type signIn struct {
	ID        key    `bson:"_id"`
	User      id.ID  `bson:"user"`
	Epoch     int64  `bson:"epoch"`
	Family    string `bson:"family"`
	Secret    string `bson:"secret"`
	CreatedAt int64  `bson:"created_at"`
	ExpiresAt int64  `bson:"expires_at"`
}

// Add implements user.Sessions. Sign-ins of one user come one after the other, so that each sees whether it is one too many.
func (r *Sessions) Add(ctx context.Context, s id.Store, n user.Session, now time.Time, most int) error {
	if err := r.d.serialize(ctx, s, "sessions of "+string(n.User)); err != nil {
		return err
	}
	expired := bson.D{{Key: "_id.s", Value: s}, {Key: "expires_at", Value: bson.D{{Key: "$lte", Value: now.UnixMilli()}}}}
	if err := r.drop(ctx, s, expired, options.Find().SetSort(sorted("expires_at")).SetLimit(maxDropped)); err != nil {
		return err
	}
	_, err := r.d.collection(sessions).InsertOne(ctx, signIn{
		key{s, string(n.ID)}, n.User, n.Epoch, n.Family, n.Secret, n.CreatedAt.UnixMilli(), n.ExpiresAt.UnixMilli(),
	})
	if err != nil {
		return err
	}
	own := bson.D{{Key: "_id.s", Value: s}, {Key: "user", Value: n.User}}
	return r.drop(ctx, s, own, options.Find().SetSort(sorted("-created_at", "-_id.i")).SetSkip(int64(most)))
}

// drop deletes what is found. A delete by itself knows neither order nor limit.
func (r *Sessions) drop(ctx context.Context, s id.Store, filter bson.D, o *options.FindOptionsBuilder) error {
	var keys []key
	err := each(ctx, r.d.collection(sessions), filter, o.SetProjection(bson.D{{Key: "_id", Value: 1}}), func(x signIn) error {
		keys = append(keys, x.ID)
		return nil
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	_, err = r.d.collection(sessions).DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: keys}}}, {Key: "_id.s", Value: s}})
	return err
}

// Get implements user.Sessions.
func (r *Sessions) Get(ctx context.Context, s id.Store, i id.ID) (user.Session, bool, error) {
	x, ok, err := one[signIn](ctx, r.d.collection(sessions), byKey(s, i))
	if err != nil || !ok {
		return user.Session{}, false, err
	}
	return user.Session{
		ID: id.ID(x.ID.ID), User: x.User, Epoch: x.Epoch, Family: x.Family, Secret: x.Secret,
		CreatedAt: time.UnixMilli(x.CreatedAt).UTC(), ExpiresAt: time.UnixMilli(x.ExpiresAt).UTC(),
	}, true, nil
}

// Renew implements user.Sessions.
func (r *Sessions) Renew(ctx context.Context, s id.Store, i id.ID, oldSecret, newSecret string, expires time.Time) (bool, error) {
	set := bson.D{{Key: "secret", Value: newSecret}, {Key: "expires_at", Value: expires.UnixMilli()}}
	var u *mongo.UpdateResult
	err := r.d.meeting(ctx, s, "session "+oldSecret, func() (err error) {
		u, err = r.d.collection(sessions).UpdateOne(ctx, append(byKey(s, i), bson.E{Key: "secret", Value: oldSecret}), bson.D{{Key: "$set", Value: set}})
		return err
	})
	return err == nil && u.MatchedCount == 1, err
}

// Remove implements user.Sessions.
func (r *Sessions) Remove(ctx context.Context, s id.Store, i id.ID) error {
	if _, err := r.d.writing(ctx); err != nil {
		return err
	}
	_, err := r.d.collection(sessions).DeleteOne(ctx, byKey(s, i))
	return err
}
