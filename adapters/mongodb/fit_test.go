// Package mongodb_test proves that the ports of the core fit MongoDB: a minimal store passes the contract on a real replica set.
package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"
	"kassa/adapters/storetest"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/store"
	"kassa/core/transaction"
	"kassa/core/writer"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

func TestMain(m *testing.M) { mongotest.Main(m) }

func TestContract(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Backend {
		p := open(t)
		return storetest.Backend{
			Provider: p,
			Stores:   stores{p},
			Journal:  func(s journal.Schema) journal.Repository { return records{p, s} },
			State:    func(e map[string]func() writer.Stored) writer.Projection { return state{p, e} },
		}
	})
}

// TestDuplicateKeyAbortsHeadStockAndRecord commits the head, a merged change of stock and a record, then the same with a key that is taken.
func TestDuplicateKeyAbortsHeadStockAndRecord(t *testing.T) {
	p := open(t)
	j := records{p, journal.Schema{"note": func() journal.Document { return note{} }}}
	must(t, stores{p}.Create(t.Context(), store.Store{ID: "shop", Name: "Shop", CreatedAt: time.UnixMilli(0)}))
	stock := p.db.Collection("stock")
	_, err := stock.InsertMany(t.Context(), bson.A{bson.D{{Key: "_id", Value: "p1"}, {Key: "n", Value: int64(10)}}, bson.D{{Key: "_id", Value: "p2"}, {Key: "n", Value: int64(10)}}})
	must(t, err)
	sell := func(from, to id.ID, position int64, key journal.Key) error {
		r := journal.Record{Draft: journal.Draft{Keys: []journal.Key{key}, Doc: note{}}, ID: to, Position: position}
		must(t, r.Seal())
		return p.Transact(t.Context(), func(ctx context.Context) error {
			if err := j.Advance(ctx, "shop", from, journal.Head{Token: to, Position: position, Status: journal.Active}); err != nil {
				return err
			}
			if _, err := stock.UpdateMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: bson.A{"p1", "p2"}}}}},
				bson.D{{Key: "$inc", Value: bson.D{{Key: "n", Value: int64(-1)}}}}); err != nil {
				return err
			}
			return j.Append(ctx, "shop", []journal.Record{r})
		})
	}
	must(t, sell("token", "t1", 1, "idem:a"))
	if err := sell("t1", "t2", 2, "idem:a"); !errors.Is(err, journal.ErrBroken) {
		t.Fatalf("a key taken twice: %v", err)
	}
	head, err := j.Head(t.Context(), "shop")
	must(t, err)
	rs, err := j.From(t.Context(), "shop", 0, 10)
	must(t, err)
	n, err := stock.CountDocuments(t.Context(), bson.D{{Key: "n", Value: int64(9)}})
	must(t, err)
	if head.Token != "t1" || head.Position != 1 || len(rs) != 1 || n != 2 {
		t.Fatalf("head %+v, %d records, %d of 2 products with stock 9", head, len(rs), n)
	}
}

// TestCommitWithoutAnswerIsTriedAgainAndUnknownPastTheDeadline lets the server report an outcome that it does not know.
func TestCommitWithoutAnswerIsTriedAgainAndUnknownPastTheDeadline(t *testing.T) {
	p := open(t)
	p.patience = 200 * time.Millisecond
	for _, c := range []struct {
		mode any
		want error
	}{{bson.D{{Key: "times", Value: 3}}, nil}, {"alwaysOn", transaction.ErrUnknown}} {
		failCommits(t, p.db.Client(), c.mode)
		runs := 0
		err := p.Transact(t.Context(), func(ctx context.Context) error {
			runs++
			_, err := p.db.Collection("state").InsertOne(ctx, bson.D{})
			return err
		})
		if !errors.Is(err, c.want) || runs != 1 {
			t.Errorf("%v: %v after %d runs", c.mode, err, runs)
		}
		failCommits(t, p.db.Client(), "off")
	}
}

func failCommits(t *testing.T, c *mongo.Client, mode any) {
	t.Helper()
	must(t, c.Database("admin").RunCommand(t.Context(), bson.D{{Key: "configureFailPoint", Value: "failCommand"}, {Key: "mode", Value: mode},
		{Key: "data", Value: bson.D{{Key: "failCommands", Value: bson.A{"commitTransaction"}}, {Key: "errorCode", Value: 50}}}}).Err())
}

// note is a document that says nothing.
type note struct{}

func (note) Kind() string        { return "note" }
func (note) Walk(*journal.Codec) {}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// client is one for all tests: each has a database of its own.
var client = sync.OnceValues(func() (*mongo.Client, error) { return mongo.Connect(options.Client().ApplyURI(address)) })

var address string

// open makes a database with its collections and indexes: none of them is made in traffic.
func open(t testing.TB) *provider {
	t.Helper()
	uri, name := mongotest.Database(t)
	address = uri
	c, err := client()
	must(t, err)
	db := c.Database(name, options.Database().SetReadConcern(readconcern.Majority()).SetWriteConcern(durable()))
	must(t, db.CreateCollection(t.Context(), "heads"))
	must(t, db.CreateCollection(t.Context(), "state"))
	unique := func(keys ...string) mongo.IndexModel {
		return mongo.IndexModel{Keys: ascending(keys...), Options: options.Index().SetUnique(true)}
	}
	_, err = db.Collection("stores").Indexes().CreateOne(t.Context(), unique("name_key"))
	must(t, err)
	_, err = db.Collection("records").Indexes().CreateMany(t.Context(), []mongo.IndexModel{
		unique("_id.s", "keys"),
		{Keys: ascending("_id.s", "refs", "_id.p")},
		{Keys: ascending("_id.s", "days", "day", "_id.p")},
	})
	must(t, err)
	return &provider{db: db, patience: 10 * time.Second}
}

func ascending(keys ...string) (d bson.D) {
	for _, k := range keys {
		d = append(d, bson.E{Key: k, Value: 1})
	}
	return d
}

func durable() *writeconcern.WriteConcern {
	w, j := writeconcern.Majority(), true
	w.Journal = &j
	return w
}

// provider implements transaction.Provider.
type provider struct {
	db       *mongo.Database
	patience time.Duration // of all runs of a callback together, and again of the commit
}

// tx is what the context carries beside the session.
type tx struct {
	write  bool
	doomed error
}

type txKey struct{ db *mongo.Database }

var errReadOnly = errors.New("a write outside a write transaction")

func (p *provider) current(ctx context.Context) *tx {
	t, _ := ctx.Value(txKey{p.db}).(*tx)
	return t
}

// writable returns errReadOnly unless the context carries a write transaction.
func (p *provider) writable(ctx context.Context) error {
	if t := p.current(ctx); t == nil || !t.write {
		return errReadOnly
	}
	return nil
}

func (p *provider) Transact(ctx context.Context, fn func(ctx context.Context) error) error {
	if outer := p.current(ctx); outer != nil {
		if !outer.write {
			return errReadOnly
		}
		err := fn(ctx)
		if err != nil && outer.doomed == nil {
			outer.doomed = fmt.Errorf("a joined transaction failed: %w", err)
		}
		return err
	}
	return p.again(ctx, labelled("TransientTransactionError"), func() error { return p.transact(ctx, fn) })
}

func (p *provider) transact(ctx context.Context, fn func(ctx context.Context) error) error {
	s, err := p.db.Client().StartSession()
	if err != nil {
		return err
	}
	defer s.EndSession(context.WithoutCancel(ctx)) // aborts what is not committed, after a panic too
	if err := s.StartTransaction(options.Transaction().SetReadConcern(readconcern.Snapshot()).SetWriteConcern(durable())); err != nil {
		return err
	}
	t := &tx{write: true}
	err = fn(context.WithValue(mongo.NewSessionContext(ctx, s), txKey{p.db}, t))
	if err = first(err, t.doomed, ctx.Err()); err != nil {
		return err
	}
	return p.commit(context.WithoutCancel(ctx), s)
}

// commit tries the commit again while its outcome is unknown, never the callback: once in doubt, only a yes is believed, because a
// callback that ran again after all would meet its own records.
func (p *provider) commit(ctx context.Context, s *mongo.Session) error {
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	doubt := false
	err := p.again(ctx, labelled("UnknownTransactionCommitResult"), func() error {
		err := s.CommitTransaction(ctx)
		doubt = doubt || err != nil && (labelled("UnknownTransactionCommitResult")(err) || mongo.IsTimeout(err))
		return err
	})
	if err != nil && doubt {
		return fmt.Errorf("%w: %w", transaction.ErrUnknown, opaque{err})
	}
	return err
}

// opaque hides the labels of an error, so that nothing runs again because of them.
type opaque struct{ error }

// View reads in a snapshot session: unlike a transaction it holds nothing open on the server.
func (p *provider) View(ctx context.Context, fn func(ctx context.Context) error) error {
	if p.current(ctx) != nil {
		return fn(ctx)
	}
	return p.again(ctx, unavailable, func() error {
		s, err := p.db.Client().StartSession(options.Session().SetSnapshot(true))
		if err != nil {
			return err
		}
		defer s.EndSession(context.WithoutCancel(ctx))
		return fn(context.WithValue(mongo.NewSessionContext(ctx, s), txKey{p.db}, &tx{}))
	})
}

// again runs fn until it succeeds, fails for good, or the patience or the context ends.
func (p *provider) again(ctx context.Context, worth func(error) bool, fn func() error) error {
	end := time.Now().Add(p.patience)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := fn()
		if err == nil || !worth(err) || time.Now().After(end) {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

func labelled(label string) func(error) bool {
	return func(err error) bool {
		var l mongo.LabeledError
		return errors.As(err, &l) && l.HasErrorLabel(label)
	}
}

// unavailable reports whether the snapshot fell upon a change of the collections.
func unavailable(err error) bool {
	const snapshotUnavailable = 246
	var s mongo.ServerError
	return errors.As(err, &s) && s.HasErrorCode(snapshotUnavailable)
}

func first(errs ...error) error {
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}
