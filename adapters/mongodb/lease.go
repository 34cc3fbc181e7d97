package mongodb

import (
	"context"
	"slices"
	"sync"
	"time"

	"kassa/core/id"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// A process that dies or freezes between its write to a head and its commit, or whose commit is lost on the way, leaves a transaction open that
// blocks the head for all, until the server's own limit of 60 s and its sweep. So each process says beforehand, outside any transaction, in which
// sessions it writes to a store. Whoever meets what meeting writes to, a head above all, and finds that it stays blocked and does not move, ends
// all these sessions, its own of before among them. One that lives merely has to try again; the commit of one that wakes up later is refused.

const (
	blockedFor  = time.Second // before sessions are ended
	saidFor     = time.Hour   // before a session is said again, because the collection forgets
	maxSessions = 64          // of one process and store
	uuidLength  = 16          // in bytes; a session's id is a UUID
	endedAtOnce = 10_000      // sessions, so that they fit into a command
)

// leases is what this process has said, by store.
type leases struct {
	mu sync.Mutex
	of map[id.Store]*lease
}

// lease has a lock of its own, because other stores need not wait while it is said.
type lease struct {
	mu       sync.Mutex
	at       time.Time
	sessions []bson.Binary
}

// get returns what was said of the store, which may be nothing yet.
func (ls *leases) get(s id.Store) *lease {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.of == nil {
		ls.of = map[id.Store]*lease{}
	}
	if ls.of[s] == nil {
		ls.of[s] = &lease{}
	}
	return ls.of[s]
}

// sayer is a process that writes to a store.
type sayer struct {
	Store   id.Store `bson:"s"`
	Process id.ID    `bson:"p"`
}

type said struct {
	ID       sayer         `bson:"_id"`
	Sessions []bson.Binary `bson:"sessions"`
	At       time.Time     `bson:"at"`
}

// read implements reader. It leaves out what is no session, and has no error: nobody could end the others then.
func (x *said) read(d bson.Raw) error {
	all, _ := d.Lookup("sessions").ArrayOK()
	vs, _ := all.Values()
	for _, v := range vs {
		if subtype, data, ok := v.BinaryOK(); ok && subtype == bson.TypeBinaryUUID && len(data) == uuidLength {
			x.Sessions = append(x.Sessions, bson.Binary{Subtype: subtype, Data: slices.Clone(data)})
		}
	}
	return nil
}

// say makes the session of the transaction known as one that writes to the store, unless it is known.
func (d *Database) say(ctx context.Context, s id.Store) error {
	t, err := d.writing(ctx)
	if err != nil {
		return err
	}
	var own bson.Binary
	own.Subtype, own.Data, _ = t.session.ID().Lookup("id").BinaryOK()
	l := d.leases.get(s)
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.at) < saidFor && slices.ContainsFunc(l.sessions, own.Equal) {
		return nil
	}
	now, all := time.Now(), []bson.Binary{own}
	if len(l.sessions) < maxSessions {
		all = append(slices.DeleteFunc(slices.Clone(l.sessions), own.Equal), own)
	}
	outside := mongo.NewSessionContext(ctx, nil)
	_, err = d.collection(writers).ReplaceOne(outside, bson.D{{Key: "_id", Value: sayer{s, d.process}}},
		said{ID: sayer{s, d.process}, Sessions: all, At: now}, options.Replace().SetUpsert(true))
	if err != nil {
		return unavailable(err)
	}
	l.at, l.sessions = now, all
	return nil
}

// blockade is how long a transaction has met another one where nothing moved.
type blockade struct {
	waits
	since time.Time
}

// meeting makes a write that may meet what a dead process left, and notes where it met another transaction. from says what is written to, and
// changes when that moves.
func (d *Database) meeting(ctx context.Context, s id.Store, from string, write func() error) error {
	if err := d.say(ctx, s); err != nil {
		return err
	}
	err, t := write(), d.current(ctx)
	t.waits = waits{}
	if coded(err, codeWriteConflict) {
		t.waits = waits{store: s, from: from}
	}
	return err
}

// unblock is told of every attempt that failed and has ended. It ends the sessions of all when the head has been blocked for too long.
func (d *Database) unblock(ctx context.Context, b *blockade, t *tx) error {
	if t == nil || t.waits == (waits{}) {
		b.waits = waits{}
		return nil
	}
	if b.waits != t.waits {
		b.waits, b.since = t.waits, time.Now()
		return nil
	}
	if time.Since(b.since) < blockedFor {
		return nil
	}
	b.since = time.Now()
	return d.endSessions(ctx, byStore(b.store))
}

// endSessions ends the sessions in which those of the writers write.
func (d *Database) endSessions(ctx context.Context, those bson.D) error {
	var ids bson.A
	if err := each(ctx, d.collection(writers), those, options.Find(), func(x said) error {
		for _, session := range x.Sessions {
			ids = append(ids, bson.D{{Key: "id", Value: session}})
		}
		return nil
	}); err != nil || len(ids) == 0 {
		return err
	}
	d.met.unblocked.Add(1)
	for some := range slices.Chunk(ids, endedAtOnce) {
		if err := d.db.RunCommand(ctx, bson.D{{Key: "killSessions", Value: some}}).Err(); err != nil {
			return err
		}
	}
	return nil
}
