// Package mongodb keeps Kassa's stores in a MongoDB replica set: one database for all of them, the store's id first in every _id and in every
// index but stores.name and writers.age, so that collections can be sharded by store. It is the only package, containers apart, that knows the driver.
package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kassa/core/id"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

const (
	defaultName      = "kassa"         // of the database, where the URI names none
	selectionTimeout = 5 * time.Second // until a primary must be found
	connectTimeout   = 3 * time.Second // also for a server's sign of life, which comes every heartbeat: a machine that is gone says nothing
	heartbeat        = 2 * time.Second
	closeTimeout     = 10 * time.Second // for giving back connections and sessions
	openTimeout      = 20 * time.Second // for everything before the first request
	oldestWire       = 17               // MongoDB 6.0
)

// Database is a database of a replica set.
type Database struct {
	db       *mongo.Database
	process  id.ID         // names this process among those that write to the database
	patience time.Duration // with all attempts of a transaction or view together
	leases   leases
	met      met
}

// Open connects and makes the collections and indexes that are missing, because none may be made in traffic. process names this process among
// those that write to the database. Its errors are sentences for the person who set the URI; none of them holds the password.
func Open(ctx context.Context, uri string, process id.ID) (*Database, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	d, err := OpenReader(ctx, uri)
	if err != nil {
		return nil, err
	}
	d.process = process
	if err := d.prepare(ctx); err != nil {
		return nil, errors.Join(d.unprepared(ctx, err), d.Close())
	}
	return d, nil
}

// unprepared makes a sentence of why indexes and collections were not made. A server that answers something else was not too busy for it.
func (d *Database) unprepared(ctx context.Context, err error) error {
	if !mongo.IsTimeout(err) {
		return d.explain(err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), selectionTimeout)
	defer cancel()
	if _, silent := d.greet(ctx); silent != nil {
		return d.explain(err)
	}
	return fmt.Errorf("the MongoDB database %s lacks an index, and making it takes too long: a transaction that another program left open may hold that up, for a minute where MongoDB is not told "+
		"otherwise, or there is much to read, which goes on; start again: %w", d.db.Name(), err)
}

// OpenReader connects to a database that is there already, for reading only.
func OpenReader(ctx context.Context, uri string) (*Database, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	parsed, err := connstring.ParseAndValidate(uri)
	if err != nil {
		return nil, unread(err)
	}
	name := parsed.Database
	if name == "" {
		name = defaultName
	}
	if slices.Contains([]string{"admin", "config", "local"}, name) {
		return nil, fmt.Errorf("the MongoDB database %s is the server's own: name another one in the URI, such as /%s; a user of %s signs in with authSource=%s", name, defaultName, name, name)
	}
	journaled := writeconcern.Majority()
	journaled.Journal = new(true)
	unlessSaid := options.Client().SetAppName("kassa").SetConnectTimeout(connectTimeout).SetHeartbeatInterval(heartbeat)
	client, err := mongo.Connect(unlessSaid.ApplyURI(uri).SetServerSelectionTimeout(selectionTimeout).
		SetReadPreference(readpref.Primary()).SetReadConcern(readconcern.Majority()).SetWriteConcern(journaled))
	if err != nil {
		return nil, fmt.Errorf("the MongoDB URI cannot be used: %w", err)
	}
	d := &Database{db: client.Database(name), patience: patience}
	if err := d.check(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// unread makes a sentence of why a URI cannot be read.
func unread(err error) error {
	if strings.Contains(err.Error(), "unescaped") {
		return fmt.Errorf("the MongoDB URI cannot be read: %w; in a user and a password @ is written %%40, : %%3A, / %%2F and %% %%25", err)
	}
	return fmt.Errorf("the MongoDB URI cannot be read: %w", err)
}

// Close gives back every connection.
func (d *Database) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return d.db.Client().Disconnect(ctx)
}

// greeting is what a server says of itself.
type greeting struct {
	SetName string `bson:"setName"`
	Msg     string `bson:"msg"`
	Wire    int    `bson:"maxWireVersion"`
}

// greet asks the server what it is. One that is busy drops connections, or lets them wait for too long, which says nothing about the next one.
func (d *Database) greet(ctx context.Context) (hello greeting, err error) {
	for attempt := 1; ; attempt++ {
		err = d.db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello)
		if !mongo.IsNetworkError(err) || pause(ctx, attempt) != nil {
			return hello, err
		}
	}
}

// check refuses a server that Kassa cannot use, or may not.
func (d *Database) check(ctx context.Context) error {
	hello, err := d.greet(ctx)
	switch {
	case err != nil:
		return d.explain(err)
	case hello.SetName == "" && hello.Msg != "isdbgrid":
		return errors.New("this MongoDB is a standalone server, and Kassa needs the transactions of a replica set: start it with --replSet and initiate it, one node is enough")
	case hello.Wire < oldestWire:
		return errors.New("this MongoDB is older than 6.0; update it")
	}
	// hello is answered without any right; this is not.
	_, err = d.db.Collection(stores).CountDocuments(ctx, bson.D{}, options.Count().SetLimit(1))
	return d.explain(err)
}

// explain makes a sentence of what a server says at the start.
func (d *Database) explain(err error) error {
	if err == nil {
		return nil
	}
	var server mongo.ServerError
	switch {
	case strings.Contains(err.Error(), "(KeyNotFound)"): // a set that has just started cannot tell yet whether a password is right
		return fmt.Errorf("no MongoDB primary answers yet: %w", err)
	case errors.As(err, &server) && server.HasErrorCode(codeUnauthorized):
		return fmt.Errorf("the MongoDB URI names no user who may use the database %s: it needs one with the role readWrite there", d.db.Name()) // the server's own words are the whole command
	case errors.As(err, &server) && (server.HasErrorCode(codeAuthenticationFailed) || server.HasErrorCode(codeAtlasError)), strings.Contains(err.Error(), "auth error"):
		return fmt.Errorf("MongoDB refuses the user or the password of the URI; a user who was made in another database than it names needs authSource: %w", err)
	case misnamed(err):
		return fmt.Errorf("the MongoDB servers of the URI belong to another replica set than its replicaSet says, or to none; rs.status().set is the right name: %w", err)
	case uninitiated(err):
		return fmt.Errorf("a MongoDB server answers, but it belongs to no replica set yet: rs.initiate() makes one, and one that was just started needs a moment: %w", err)
	case unreachable(err):
		return fmt.Errorf("no MongoDB primary answers: %w", err)
	}
	return fmt.Errorf("the MongoDB database %s cannot be prepared: %w", d.db.Name(), err)
}

func (d *Database) collection(name string) *mongo.Collection { return d.db.Collection(name) }
