package mongodb

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Journal implements journal.Repository.
type Journal struct {
	d      *Database
	schema journal.Schema
}

// NewJournal returns the journal of the database's stores.
func NewJournal(d *Database, s journal.Schema) *Journal { return &Journal{d: d, schema: s} }

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

type posting struct {
	Amount  int64 `bson:"a"`
	Balance int64 `bson:"b"`
}

// Head implements journal.Repository.
func (j *Journal) Head(ctx context.Context, s id.Store) (journal.Head, error) {
	h, ok, err := one[head](ctx, j.d.collection(heads), byID(s))
	if err != nil {
		return journal.Head{}, err
	}
	if !ok {
		return journal.Head{}, storeUnknown()
	}
	last := make(map[journal.Chain]journal.Hash, len(h.Last))
	for chain, b := range h.Last {
		var hash journal.Hash
		copy(hash[:], b)
		last[journal.Chain(chain[1:])] = hash
	}
	return journal.Head{Token: h.Token, Position: h.Position, At: time.UnixMilli(h.At).UTC(), Status: h.Status, Last: last}, nil
}

// Token implements journal.Repository.
func (j *Journal) Token(ctx context.Context, s id.Store) (id.ID, error) {
	x, _, err := one[tip](ctx, j.d.collection(heads), byID(s), options.FindOne().SetProjection(bson.D{{Key: "token", Value: 1}}))
	return x.Token, err
}

// byID matches the document of a collection that has one for each store.
func byID(s id.Store) bson.D { return bson.D{{Key: "_id", Value: s}} }

func storeUnknown() error {
	return fault.New(fault.NotFound, "store_unknown", "there is no such store")
}

// Advance implements journal.Repository. It is the first write of its transaction, so that those who meet another one's lose nothing but this.
func (j *Journal) Advance(ctx context.Context, s id.Store, from id.ID, to journal.Head) error {
	set := bson.D{{Key: "token", Value: to.Token}, {Key: "position", Value: to.Position}, {Key: "at", Value: to.At.UnixMilli()}, {Key: "status", Value: to.Status}}
	for chain, hash := range to.Last {
		set = append(set, bson.E{Key: "last.c" + string(chain), Value: hash[:]})
	}
	var r *mongo.UpdateResult
	err := j.d.meeting(ctx, s, string(from), func() (err error) {
		r, err = j.d.collection(heads).UpdateOne(ctx, bson.D{{Key: "_id", Value: s}, {Key: "token", Value: from}}, bson.D{{Key: "$set", Value: set}})
		return err
	})
	if err == nil && r.MatchedCount == 0 {
		err = journal.ErrStale
	}
	return err
}

// Append implements journal.Repository.
func (j *Journal) Append(ctx context.Context, s id.Store, rs []journal.Record) error {
	if _, err := j.d.writing(ctx); err != nil || len(rs) == 0 {
		return err
	}
	rows := make([]row, len(rs))
	for i := range rs {
		rows[i] = rowOf(s, &rs[i])
	}
	_, err := j.d.collection(records).InsertMany(ctx, rows)
	return broken(err)
}

func rowOf(s id.Store, r *journal.Record) row {
	w := row{ID: place{s, r.Position}, Keys: make([]string, 0, len(r.Keys)+1), Day: r.Day, Hash: r.Hash[:], Body: string(r.Encoded())}
	w.Keys = append(w.Keys, string(journal.RecordKey(r.ID)))
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
		w.Refs, w.Lines = append(w.Refs, account(l.Account)), append(w.Lines, posting{l.Amount, l.Balance})
	}
	return w
}

// account is what the lines of an account are listed by.
func account(name string) string { return string(journal.NewRef("account", name)) }

// justRecord leaves out what indexes need: the record says it too.
var justRecord = bson.D{{Key: "hash", Value: 1}, {Key: "body", Value: 1}}

func (w *row) sealed() sealed { return sealed{bodied{w.ID.Position, w.Body}, w.Hash} }

func (j *Journal) open(w sealed) (journal.Record, error) {
	r, err := journal.Open(j.schema, []byte(w.Body))
	switch {
	case err != nil:
		return r, err
	case string(r.Hash[:]) != string(w.Hash):
		return r, fmt.Errorf("%w: record %d does not match its hash", journal.ErrCorrupt, r.Position)
	case r.Position != w.Position:
		return r, fmt.Errorf("%w: record %d stands in the place of record %d", journal.ErrCorrupt, r.Position, w.Position)
	}
	return r, nil
}

// Find implements journal.Repository.
func (j *Journal) Find(ctx context.Context, s id.Store, keys []journal.Key) (map[journal.Key]journal.Record, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	found := map[journal.Key]journal.Record{}
	filter := bson.D{{Key: "_id.s", Value: s}, {Key: "keys", Value: bson.D{{Key: "$in", Value: keys}}}}
	err := each(ctx, j.d.collection(records), filter, options.Find(), func(w row) error {
		r, err := j.open(w.sealed())
		for _, held := range w.Keys {
			if slices.Contains(keys, journal.Key(held)) {
				found[journal.Key(held)] = r
			}
		}
		return err
	})
	return found, err
}

// List implements journal.Repository.
func (j *Journal) List(ctx context.Context, s id.Store, ref journal.Ref, g journal.Range) ([]journal.Record, error) {
	if ref.Dated() {
		return j.list(ctx, byDay(s, ref, g), sorted("-day", "-_id.p"), g.Limit)
	}
	filter := bson.D{{Key: "_id.s", Value: s}, {Key: "refs", Value: ref}}
	if g.Before.Position > 0 {
		filter = append(filter, bson.E{Key: "_id.p", Value: bson.D{{Key: "$lt", Value: g.Before.Position}}})
	}
	return j.list(ctx, filter, sorted("-_id.p"), g.Limit)
}

func byDay(s id.Store, ref journal.Ref, g journal.Range) bson.D {
	to := g.To
	if to == 0 {
		to = math.MaxInt32
	}
	filter := bson.D{{Key: "_id.s", Value: s}, {Key: "days", Value: ref}, {Key: "day", Value: bson.D{{Key: "$gte", Value: g.From}, {Key: "$lte", Value: to}}}}
	if g.Before == (journal.Place{}) {
		return filter
	}
	return append(filter, bson.E{Key: "$or", Value: bson.A{
		bson.D{{Key: "day", Value: bson.D{{Key: "$lt", Value: g.Before.Day}}}},
		bson.D{{Key: "day", Value: g.Before.Day}, {Key: "_id.p", Value: bson.D{{Key: "$lt", Value: g.Before.Position}}}},
	}})
}

// From implements journal.Repository. With an error come the records before the one that cannot be read.
func (j *Journal) From(ctx context.Context, s id.Store, position int64, limit int) ([]journal.Record, error) {
	return j.list(ctx, after(s, position), sorted("_id"), limit)
}

// Changes implements journal.Repository. It comes in one batch.
func (j *Journal) Changes(ctx context.Context, s id.Store, position int64, limit int) (all []journal.Ref, err error) {
	if limit <= 0 {
		return nil, nil
	}
	o := first(limit).SetSort(sorted("_id")).SetProjection(justBody)
	err = each(ctx, j.d.collection(records), after(s, position), o, func(w bodied) error {
		refs, err := journal.Changes([]byte(w.Body))
		if err != nil {
			return journal.Corrupt(err, fmt.Sprintf("record %d", w.Position))
		}
		all = append(all, refs...)
		return nil
	})
	return all, err
}

// after matches the records of the store with a higher position.
func after(s id.Store, position int64) bson.D {
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: place{s, position}}, {Key: "$lte", Value: place{s, math.MaxInt64}}}}, {Key: "_id.s", Value: s}}
}

// list stops at the first record that cannot be read. MongoDB takes a limit of zero for none.
func (j *Journal) list(ctx context.Context, filter, order bson.D, limit int) (rs []journal.Record, err error) {
	if limit <= 0 {
		return nil, nil
	}
	o := first(limit).SetSort(order).SetProjection(justRecord)
	err = each(ctx, j.d.collection(records), filter, o, func(w sealed) error {
		r, err := j.open(w)
		if err == nil {
			rs = append(rs, r)
		}
		return err
	})
	return rs, err
}

// Index implements journal.Repository. On MongoDB the indexes are on the fields of the record's own document, so these are what is compared.
func (j *Journal) Index(ctx context.Context, s id.Store, fn func(journal.Entry) error) error {
	err := each(ctx, j.d.collection(records), byStore(s), options.Find().SetProjection(bson.D{{Key: "body", Value: 0}, {Key: "hash", Value: 0}}), func(w row) error {
		for _, e := range w.entries() {
			if err := fn(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return noStrays(ctx, j.d.collection(records))
}

func (w *row) entries() []journal.Entry {
	es := make([]journal.Entry, 0, len(w.Keys)+len(w.Days)+len(w.Refs))
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
	return es
}
