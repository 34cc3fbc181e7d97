package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/store"
	"kassa/core/writer"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// stores implements store.Repository as far as the contract needs it: Create makes the head.
type stores struct{ *provider }

func (r stores) Create(ctx context.Context, s store.Store) error {
	return r.Transact(ctx, func(ctx context.Context) error {
		_, err := r.db.Collection("stores").InsertOne(ctx, bson.D{{Key: "_id", Value: string(s.ID)}, {Key: "name_key", Value: strings.ToLower(s.Name)}})
		if mongo.IsDuplicateKeyError(err) {
			return fault.New(fault.Conflict, "store_exists", "there is a store of this name")
		}
		if err != nil {
			return err
		}
		_, err = r.db.Collection("heads").InsertOne(ctx, head{Store: s.ID, Token: "token", At: s.CreatedAt.UnixMilli(), Status: journal.Active})
		return err
	})
}

func (stores) Get(context.Context, id.Store) (store.Store, error) {
	return store.Store{}, errors.ErrUnsupported
}
func (stores) List(context.Context) ([]store.Store, error) { return nil, errors.ErrUnsupported }

// head is a store's head. A chain's field is its name after a c, because the store's own chain has no name and a path needs one.
type head struct {
	Store    id.Store          `bson:"_id"`
	Token    id.ID             `bson:"token"`
	Position int64             `bson:"position"`
	At       int64             `bson:"at"`
	Status   journal.Status    `bson:"status"`
	Last     map[string][]byte `bson:"last,omitempty"`
}

// row is a record. Keys are never empty, since two empty arrays would be duplicates. Refs end with the accounts of the lines.
type row struct {
	ID    place      `bson:"_id"`
	Keys  []string   `bson:"keys"`
	Refs  []string   `bson:"refs,omitempty"`
	Days  []string   `bson:"days,omitempty"`
	Day   clock.Date `bson:"day"`
	Lines []posting  `bson:"lines,omitempty"`
	Hash  []byte     `bson:"hash"`
	Body  string     `bson:"body"`
}

type place struct {
	Store    id.Store `bson:"s"`
	Position int64    `bson:"p"`
}

type posting struct{ Amount, Balance int64 }

// records implements journal.Repository.
type records struct {
	*provider
	schema journal.Schema
}

func (j records) Head(ctx context.Context, s id.Store) (journal.Head, error) {
	var h head
	err := j.db.Collection("heads").FindOne(ctx, bson.D{{Key: "_id", Value: s}}).Decode(&h)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = fault.New(fault.NotFound, "store_unknown", "there is no such store")
	}
	last := make(map[journal.Chain]journal.Hash, len(h.Last))
	for chain, b := range h.Last {
		var hash journal.Hash
		copy(hash[:], b)
		last[journal.Chain(chain[1:])] = hash
	}
	return journal.Head{Token: h.Token, Position: h.Position, At: time.UnixMilli(h.At).UTC(), Status: h.Status, Last: last}, err
}

func (j records) Token(ctx context.Context, s id.Store) (id.ID, error) {
	h, err := j.Head(ctx, s)
	return h.Token, err
}

func (j records) Advance(ctx context.Context, s id.Store, from id.ID, to journal.Head) error {
	if err := j.writable(ctx); err != nil {
		return err
	}
	set := bson.D{{Key: "token", Value: to.Token}, {Key: "position", Value: to.Position}, {Key: "at", Value: to.At.UnixMilli()}, {Key: "status", Value: to.Status}}
	for chain, hash := range to.Last {
		set = append(set, bson.E{Key: "last.c" + string(chain), Value: hash[:]})
	}
	r, err := j.db.Collection("heads").UpdateOne(ctx, bson.D{{Key: "_id", Value: s}, {Key: "token", Value: from}}, bson.D{{Key: "$set", Value: set}})
	if err == nil && r.MatchedCount == 0 {
		err = journal.ErrStale
	}
	return err
}

func (j records) Append(ctx context.Context, s id.Store, rs []journal.Record) error {
	if err := j.writable(ctx); err != nil || len(rs) == 0 {
		return err
	}
	rows := make([]row, len(rs))
	for i := range rs {
		rows[i] = rowOf(s, &rs[i])
	}
	_, err := j.db.Collection("records").InsertMany(ctx, rows)
	if mongo.IsDuplicateKeyError(err) {
		err = fmt.Errorf("%w: %w", journal.ErrBroken, err)
	}
	return err
}

func rowOf(s id.Store, r *journal.Record) row {
	w := row{ID: place{s, r.Position}, Keys: []string{string(journal.RecordKey(r.ID))}, Day: r.Day, Hash: r.Hash[:], Body: string(r.Encoded())}
	for _, k := range r.Keys {
		w.Keys = append(w.Keys, string(k))
	}
	for _, ref := range r.Refs {
		if ref.Dated() {
			w.Days = append(w.Days, string(ref))
		} else {
			w.Refs = append(w.Refs, string(ref))
		}
	}
	for _, l := range r.Lines {
		w.Refs, w.Lines = append(w.Refs, "account:"+l.Account), append(w.Lines, posting{l.Amount, l.Balance})
	}
	return w
}

func (j records) open(w row) (journal.Record, error) {
	r, err := journal.Open(j.schema, []byte(w.Body))
	if err == nil && (string(r.Hash[:]) != string(w.Hash) || r.Position != w.ID.Position) {
		err = fmt.Errorf("record %d is not what was written", w.ID.Position)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", journal.ErrCorrupt, err)
	}
	return r, err
}

func (j records) Find(ctx context.Context, s id.Store, keys []journal.Key) (map[journal.Key]journal.Record, error) {
	found := map[journal.Key]journal.Record{}
	err := j.each(ctx, bson.D{{Key: "_id.s", Value: s}, {Key: "keys", Value: bson.D{{Key: "$in", Value: keys}}}}, options.Find(), func(w row) error {
		r, err := j.open(w)
		for _, k := range keys {
			for _, held := range w.Keys {
				if held == string(k) {
					found[k] = r
				}
			}
		}
		return err
	})
	return found, err
}

func (j records) List(ctx context.Context, s id.Store, ref journal.Ref, g journal.Range) ([]journal.Record, error) {
	filter, sort := bson.D{{Key: "_id.s", Value: s}, {Key: "refs", Value: ref}}, bson.D{{Key: "_id.p", Value: -1}}
	before := bson.E{Key: "_id.p", Value: bson.D{{Key: "$lt", Value: g.Before.Position}}}
	if ref.Dated() {
		to := g.To
		if to == 0 {
			to = math.MaxInt32
		}
		filter[1].Key, sort = "days", bson.D{{Key: "day", Value: -1}, {Key: "_id.p", Value: -1}}
		filter = append(filter, bson.E{Key: "day", Value: bson.D{{Key: "$gte", Value: g.From}, {Key: "$lte", Value: to}}})
		before = bson.E{Key: "$or", Value: bson.A{bson.D{{Key: "day", Value: bson.D{{Key: "$lt", Value: g.Before.Day}}}}, bson.D{{Key: "day", Value: g.Before.Day}, before}}}
	}
	if g.Before != (journal.Place{}) {
		filter = append(filter, before)
	}
	return j.list(ctx, filter, sort, g.Limit)
}

func (j records) From(ctx context.Context, s id.Store, position int64, limit int) ([]journal.Record, error) {
	return j.list(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: place{s, position}}, {Key: "$lte", Value: place{s, math.MaxInt64}}}}},
		bson.D{{Key: "_id", Value: 1}}, limit)
}

// list stops at the first record that cannot be read. MongoDB takes a limit of zero for none.
func (j records) list(ctx context.Context, filter, sort bson.D, limit int) (rs []journal.Record, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = j.each(ctx, filter, options.Find().SetSort(sort).SetLimit(int64(limit)), func(w row) error {
		r, err := j.open(w)
		if err == nil {
			rs = append(rs, r)
		}
		return err
	})
	return rs, err
}

func (j records) Index(ctx context.Context, s id.Store, fn func(journal.Entry) error) error {
	return j.each(ctx, bson.D{{Key: "_id.s", Value: s}}, options.Find(), func(w row) error {
		var es []journal.Entry
		for _, name := range w.Keys {
			es = append(es, journal.Entry{Name: name, Position: w.ID.Position})
		}
		for _, name := range w.Days {
			es = append(es, journal.Entry{Name: name, Position: w.ID.Position, Day: w.Day})
		}
		for i, name := range w.Refs {
			e := journal.Entry{Name: name, Position: w.ID.Position}
			if k := i - (len(w.Refs) - len(w.Lines)); k >= 0 {
				e.Amount, e.Balance = w.Lines[k].Amount, w.Lines[k].Balance
			}
			es = append(es, e)
		}
		for _, e := range es {
			if err := fn(e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (j records) each(ctx context.Context, filter bson.D, o *options.FindOptionsBuilder, fn func(row) error) error {
	return each(ctx, j.db.Collection("records"), filter, o, fn)
}

// each decodes what is found, one after the other.
func each[T any](ctx context.Context, c *mongo.Collection, filter bson.D, o *options.FindOptionsBuilder, fn func(T) error) error {
	cursor, err := c.Find(ctx, filter, o)
	if err != nil {
		return err
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
	for cursor.Next(ctx) {
		var v T
		if err := cursor.Decode(&v); err != nil {
			return err
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	return cursor.Err()
}

// state implements writer.Projection for stored values.
type state struct {
	*provider
	empty map[string]func() writer.Stored
}

// kept is a stored value in its canonical form.
type kept struct {
	ID   name   `bson:"_id"`
	Body string `bson:"body"`
}

type name struct {
	Store id.Store    `bson:"s"`
	Ref   journal.Ref `bson:"r"`
}

func (p state) Load(ctx context.Context, s id.Store, refs []journal.Ref) (vs []writer.Value, err error) {
	names := make([]name, len(refs))
	for i, ref := range refs {
		names[i] = name{s, ref}
	}
	err = p.values(ctx, bson.D{{Key: "$in", Value: names}}, func(v writer.Value) error {
		vs = append(vs, v)
		return nil
	})
	return vs, err
}

func (p state) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	return p.values(ctx, bson.D{{Key: "$gte", Value: name{Store: s}}, {Key: "$lt", Value: bson.D{{Key: "s", Value: s}, {Key: "r", Value: bson.MaxKey{}}}}}, fn)
}

func (p state) values(ctx context.Context, ids bson.D, fn func(writer.Value) error) error {
	return each(ctx, p.db.Collection("state"), bson.D{{Key: "_id", Value: ids}}, options.Find(), func(k kept) error {
		v := p.empty[k.ID.Ref.Kind()]()
		c := journal.NewDecoder([]byte(k.Body))
		c.Root(v.Walk)
		if c.Err() != nil {
			return fmt.Errorf("%w: state %s: %w", journal.ErrCorrupt, k.ID.Ref, c.Err())
		}
		return fn(v)
	})
}

func (p state) Save(ctx context.Context, s id.Store, cs []writer.Change) error {
	if err := p.writable(ctx); err != nil || len(cs) == 0 {
		return err
	}
	writes := make([]mongo.WriteModel, len(cs))
	for i, change := range cs {
		v := change.After.(writer.Stored)
		c := journal.NewEncoder(nil)
		c.Root(v.Walk)
		if c.Err() != nil {
			return c.Err()
		}
		k := kept{ID: name{s, v.Ref()}, Body: string(c.Bytes())}
		writes[i] = mongo.NewReplaceOneModel().SetFilter(bson.D{{Key: "_id", Value: k.ID}}).SetReplacement(k).SetUpsert(true)
	}
	_, err := p.db.Collection("state").BulkWrite(ctx, writes)
	return err
}
