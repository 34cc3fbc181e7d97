package mongodb

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"kassa/core/clock"
	"kassa/core/id"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

const (
	turnLength  = 200 * time.Millisecond
	shortLength = turnLength / 4        // for who has little to do
	lastBatch   = 10                    // percent of a turn that are left to the batch under way, so that it ends with the turn
	askAgain    = 4 * time.Millisecond  // at least
	askAtMost   = 30 * time.Millisecond // because a holder may give its turn away long before it ends
	soonIs      = 40 * time.Millisecond // before a turn ends: long enough to catch up, so short that little is written after that
	askedFor    = time.Second           // that a wish for the next turn counts
)

// Turns implements writer.Turns by one document a store. Its times are the server's, so the clocks of the processes need not agree. Its writes
// are not durable: what a failover forgets is asked for again.
type Turns struct {
	d    *Database
	c    *mongo.Collection
	mu   sync.Mutex
	held map[id.Store]time.Time // until when, by the clock of this process
}

// NewTurns returns the turns of the database's stores.
func NewTurns(d *Database) *Turns {
	soon := writeconcern.W1()
	return &Turns{d: d, c: d.db.Collection(turns, options.Collection().SetWriteConcern(soon)), held: map[id.Store]time.Time{}}
}

// turn says who may write to a store, until when, and who is next. Empty: nobody.
type turn struct {
	Holder id.ID     `bson:"holder"`
	Until  time.Time `bson:"until"`
	Asked  time.Time `bson:"asked"` // now, for who is next
}

// left is how long it is until the turn is about to end.
func (t turn) left() time.Duration { return t.Until.Sub(t.Asked) - turnLength*lastBatch/100 }

// untilAsked is how long not to ask, since every question costs the one who writes, when a turn is about to end in so long.
func untilAsked(left time.Duration) time.Duration {
	return min(max(left, askAgain), askAtMost) + rand.N(askAgain) //nolint:gosec // chance, not secrecy
}

// Take implements writer.Turns.
func (t *Turns) Take(ctx context.Context, s id.Store, little bool, soon func()) (waited bool, err error) {
	if time.Now().Before(t.until(s)) {
		return false, nil
	}
	length := turnLength
	if little {
		length = shortLength
	}
	for {
		asked := time.Now()
		var now turn
		err := t.c.FindOneAndUpdate(ctx, byID(s), ask(t.d.process, length), options.FindOneAndUpdate().SetUpsert(true).SetReturnDocument(options.After)).Decode(&now)
		if err != nil && !mongo.IsDuplicateKeyError(err) { // another process made the document first
			return waited, unavailable(err)
		}
		if err == nil && now.Holder == t.d.process {
			t.keep(s, asked.Add(length*(100-lastBatch)/100))
			return waited, nil
		}
		waited = true
		ends := asked.Add(now.left())
		if soon != nil && now.Holder != "" && time.Until(ends) < soonIs {
			soon()
			soon = nil
		}
		if err := clock.Sleep(ctx, untilAsked(time.Until(ends))); err != nil {
			return waited, err
		}
	}
}

// Give implements writer.Turns.
func (t *Turns) Give(ctx context.Context, s id.Store) {
	t.keep(s, time.Time{})
	mine := append(byID(s), bson.E{Key: "holder", Value: t.d.process})
	_, _ = t.c.UpdateOne(ctx, mine, bson.D{{Key: "$set", Value: bson.D{{Key: "holder", Value: ""}}}}) // else it ends by itself
}

func (t *Turns) until(s id.Store) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held[s]
}

func (t *Turns) keep(s id.Store, until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held[s] = until
}

// ask is an update that makes the process the holder where the turn is free and nobody else is next, and else the next one where nobody is.
// A holder that asks while somebody else is next gives its turn away. What lies further ahead than a turn lasts was said by a primary whose clock was ahead.
func ask(me id.ID, length time.Duration) mongo.Pipeline {
	f := func(op string, args ...any) bson.D { return bson.D{{Key: op, Value: bson.A(args)}} }
	field := func(name string, absent any) bson.D { return f("$ifNull", "$"+name, absent) }
	long, longAgo := func(from any, d time.Duration) bson.D { return f("$add", from, d.Milliseconds()) }, time.UnixMilli(0)
	holder, next := field("holder", ""), field("next", "")
	within := func(from any, d time.Duration) bson.D {
		return f("$and", f("$gte", from, "$$NOW"), f("$lte", from, long("$$NOW", d)))
	}
	free := f("$or", f("$in", holder, bson.A{"", me}), f("$not", within(field("until", longAgo), turnLength)))
	nobodyNext := f("$or", f("$in", next, bson.A{"", me}), f("$not", within(long(field("asked", longAgo), askedFor), askedFor)))
	mine := f("$and", free, nobodyNext)
	return mongo.Pipeline{{{Key: "$set", Value: bson.D{
		{Key: "holder", Value: f("$cond", mine, me, f("$cond", f("$eq", holder, me), "", holder))},
		{Key: "until", Value: f("$cond", mine, long("$$NOW", length), field("until", longAgo))},
		{Key: "next", Value: f("$cond", mine, "", f("$cond", nobodyNext, me, next))},
		{Key: "asked", Value: f("$cond", nobodyNext, "$$NOW", field("asked", longAgo))},
	}}}}
}
