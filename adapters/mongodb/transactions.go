package mongodb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/transaction"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
)

// The bounds of a transaction.
const (
	maxAttempts    = 1000                  // of the callback
	patience       = 10 * time.Second      // with all attempts together
	commitPatience = 5 * time.Second       // of a commit whose outcome is unknown
	abortTimeout   = 2 * time.Second       // for telling the server that a transaction is given up
	maxPause       = 50 * time.Millisecond // between two attempts
)

// tx is a transaction that travels in a context, beside the driver's session.
type tx struct {
	write   bool
	session *mongo.Session
	doomed  error // a joined call failed: the outer one cannot commit
	waits   waits
}

// waits says where a transaction met another one that has not ended.
type waits struct {
	store id.Store
	from  string // see meeting
}

// txKey is keyed by the database, so that a context that carries another database's transaction is not mistaken for ours.
type txKey struct{ d *Database }

var errReadOnly = errors.New("a write outside a write transaction")

func (d *Database) current(ctx context.Context) *tx {
	t, _ := ctx.Value(txKey{d}).(*tx)
	return t
}

// writing returns the write transaction of the context; errReadOnly where there is none.
func (d *Database) writing(ctx context.Context) (*tx, error) {
	t := d.current(ctx)
	if t == nil || !t.write {
		return nil, errReadOnly
	}
	return t, nil
}

// Transact implements transaction.Provider. The callback runs again only when the server says that nothing of it can have happened. A
// transaction that meets another one for too long, without anything moving there, ends the other's session: see lease.go.
func (d *Database) Transact(ctx context.Context, fn func(ctx context.Context) error) error {
	if outer := d.current(ctx); outer != nil {
		return join(ctx, outer, fn)
	}
	began := time.Now()
	var blocked blockade
	for attempt := 1; ; attempt++ {
		t, err := d.transact(ctx, fn)
		if err == nil || !passing(err) || attempt == maxAttempts || time.Since(began) > d.patience {
			return unavailable(err)
		}
		if err := d.unblock(ctx, &blocked, t); err != nil {
			return unavailable(err)
		}
		if pause(ctx, attempt) != nil {
			return unavailable(err)
		}
		d.met.again(err)
	}
}

func join(ctx context.Context, outer *tx, fn func(ctx context.Context) error) error {
	if !outer.write {
		return errReadOnly
	}
	err := fn(ctx)
	if err != nil && outer.doomed == nil {
		outer.doomed = fmt.Errorf("a joined transaction failed: %w", err)
	}
	return err
}

// transact is one attempt.
func (d *Database) transact(ctx context.Context, fn func(ctx context.Context) error) (*tx, error) {
	s, err := d.db.Client().StartSession()
	if err != nil {
		return nil, err
	}
	defer end(ctx, s) // aborts what is not committed, after a panic too
	if err := s.StartTransaction(options.Transaction().SetReadConcern(readconcern.Snapshot())); err != nil {
		return nil, err
	}
	t := &tx{write: true, session: s}
	err = fn(context.WithValue(mongo.NewSessionContext(ctx, s), txKey{d}, t))
	if err == nil {
		err = t.doomed
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return t, err
	}
	if err = commit(ctx, s); errors.Is(err, transaction.ErrUnknown) {
		d.met.unknown.Add(1)
	}
	return t, err
}

// end gives the session back. It may have to tell the server, which must not take for ever and must not be skipped because the caller has left.
func end(ctx context.Context, s *mongo.Session) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	s.EndSession(ctx)
}

// commit tries the commit again until the server says yes or no, never the callback. Only the first no is believed: a later one may come from a
// server that never heard of a transaction that another one has committed, and a callback that ran again would meet its own records.
func commit(ctx context.Context, s *mongo.Session) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitPatience)
	defer cancel()
	for attempt := 1; ; attempt++ {
		err := s.CommitTransaction(ctx)
		no := labelled(err, labelTransient)
		switch {
		case err == nil:
			return nil
		case no && attempt == 1:
			return err
		case no || pause(ctx, attempt) != nil:
			return inDoubt(err)
		}
	}
}

// inDoubt returns ErrUnknown for what a commit was answered last. It has none of its labels, so that nothing runs again because of them.
func inDoubt(last error) error { return fmt.Errorf("%w: %w", transaction.ErrUnknown, opaque{last}) }

// opaque hides the labels and the code of an error.
type opaque struct{ error }

// View implements transaction.Provider. It reads in a snapshot session: unlike a transaction, that holds nothing open on the server.
func (d *Database) View(ctx context.Context, fn func(ctx context.Context) error) error {
	if d.current(ctx) != nil {
		return fn(ctx)
	}
	began := time.Now()
	for attempt := 1; ; attempt++ {
		err := d.view(ctx, fn)
		if !passing(err) || attempt == maxAttempts || time.Since(began) > d.patience || pause(ctx, attempt) != nil {
			return unavailable(err)
		}
		d.met.again(err)
	}
}

func (d *Database) view(ctx context.Context, fn func(ctx context.Context) error) error {
	s, err := d.db.Client().StartSession(options.Session().SetSnapshot(true))
	if err != nil {
		return err
	}
	defer end(ctx, s)
	return fn(context.WithValue(mongo.NewSessionContext(ctx, s), txKey{d}, &tx{session: s}))
}

// serialize makes the transaction conflict with every other one that says the same for the store, so that one of them begins again and sees what
// the other wrote. Transactions that write to different documents only never meet by themselves (write skew). Dozens that meet cost each other
// seconds, so this is for what few do at once.
func (d *Database) serialize(ctx context.Context, s id.Store, what string) error {
	at := bson.D{{Key: "_id", Value: key{s, what}}}
	err := d.meeting(ctx, s, what, func() error {
		_, err := d.collection(conflicts).UpdateOne(ctx, at, bson.D{{Key: "$inc", Value: bson.D{{Key: "n", Value: 1}}}}, options.UpdateOne().SetUpsert(true))
		return err
	})
	if coded(err, codeWriteConflict) {
		now, _, _ := one[counted](mongo.NewSessionContext(ctx, nil), d.collection(conflicts), at)
		d.current(ctx).waits.from += fmt.Sprint(" ", now.N)
	}
	return err
}

// counted is how often a transaction wrote to what serialize writes to.
type counted struct {
	N int64 `bson:"n"`
}

// pause waits a random time that grows with the attempts, so that those who met do not meet again; or returns that the context ended.
func pause(ctx context.Context, attempt int) error {
	most := min(time.Millisecond<<min(attempt, 10), maxPause)
	return clock.Sleep(ctx, rand.N(most)) //nolint:gosec // chance, not secrecy
}
