package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/journal"

	"zombiezen.com/go/sqlite"
)

// Journal implements journal.Repository.
type Journal struct {
	d      *Database
	schema journal.Schema
}

// NewJournal returns the journal of the database's stores.
func NewJournal(d *Database, s journal.Schema) *Journal { return &Journal{d: d, schema: s} }

// Head implements journal.Repository.
func (j *Journal) Head(ctx context.Context, s id.Store) (journal.Head, error) {
	h := journal.Head{Last: map[journal.Chain]journal.Hash{}}
	err := j.d.read(ctx, s, func(t *tx) error {
		found := false
		err := one(t.conn, "SELECT token, position, at, status FROM head", func(st *sqlite.Stmt) {
			found = true
			h.Token, h.Position, h.Status = id.ID(st.ColumnText(0)), st.ColumnInt64(1), journal.Status(st.ColumnText(3))
			h.At = time.UnixMilli(st.ColumnInt64(2)).UTC()
		})
		if err != nil {
			return err
		}
		if !found {
			return storeUnknown()
		}
		return each(t.conn, "SELECT chain, hash FROM chains", func(st *sqlite.Stmt) error {
			var hash journal.Hash
			st.ColumnBytes(1, hash[:])
			h.Last[journal.Chain(st.ColumnText(0))] = hash
			return nil
		})
	})
	return h, err
}

// Token implements journal.Repository.
func (j *Journal) Token(ctx context.Context, s id.Store) (token id.ID, err error) {
	err = j.d.read(ctx, s, func(t *tx) error {
		return one(t.conn, "SELECT token FROM head", func(st *sqlite.Stmt) { token = id.ID(st.ColumnText(0)) })
	})
	return token, err
}

// Advance implements journal.Repository.
func (j *Journal) Advance(ctx context.Context, s id.Store, from id.ID, to journal.Head) error {
	return j.d.write(ctx, s, func(t *tx) error {
		err := exec(t.conn, "UPDATE head SET token = ?, position = ?, at = ?, status = ? WHERE token = ?",
			string(to.Token), to.Position, to.At.UnixMilli(), string(to.Status), string(from))
		if err != nil {
			return err
		}
		if t.conn.Changes() != 1 {
			return journal.ErrStale
		}
		for chain, hash := range to.Last {
			if err := t.put("UPDATE chains SET hash = ? WHERE chain = ?", "INSERT INTO chains (hash, chain) VALUES (?, ?)", hash[:], string(chain)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Append implements journal.Repository.
func (j *Journal) Append(ctx context.Context, s id.Store, rs []journal.Record) error {
	return j.d.write(ctx, s, func(t *tx) error {
		x := newListings()
		for i := range rs {
			if err := t.append(&rs[i], x); err != nil {
				return broken(err)
			}
		}
		return broken(x.insert(t.conn))
	})
}

// column returns the column of records that holds keys of the kind, or nothing when they are in the table keys.
func column(kind string) string {
	switch kind {
	case "record":
		return "id"
	case "idem", "sale":
		return kind
	case "no":
		return "number"
	}
	return ""
}

// numberFirst turns register:number into number:register and back: registers that sell side by side then share the pages of the index.
func numberFirst(value string) string {
	a, b, _ := strings.Cut(value, ":")
	return b + ":" + a
}

func (t *tx) append(r *journal.Record, x *listings) error {
	var idem, sale, number any
	for _, k := range r.Keys {
		switch column(k.Kind()) {
		case "idem":
			idem = k.Value()
		case "sale":
			sale = k.Value()
		case "number":
			number = numberFirst(k.Value())
		default:
			if err := exec(t.conn, "INSERT INTO keys (key, position) VALUES (?, ?)", string(k), r.Position); err != nil {
				return err
			}
		}
	}
	if err := exec(t.conn, "INSERT INTO records (position, id, at, idem, sale, number, hash, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		r.Position, string(r.ID), r.At.UnixMilli(), idem, sale, number, r.Hash[:], string(r.Encoded())); err != nil {
		return err
	}
	return t.index(r, x)
}

// spanBits says how many positions share a span: 2,048. Fewer would put more rows into spans, more would spread a batch over more pages.
const spanBits = 11

// listings are what some records are listed by, and their ledger lines.
type listings struct{ refs, days, lines *rows }

func newListings() *listings {
	return &listings{
		refs:  newRows("refs (span, ref, position)", 3),
		days:  newRows("days (ref, day, position)", 3),
		lines: newRows("lines (span, account, position, amount, balance)", 5),
	}
}

func (x *listings) insert(c *sqlite.Conn) error {
	return cmp.Or(x.refs.insert(c), x.days.insert(c), x.lines.insert(c))
}

// index adds what the record is listed by.
func (t *tx) index(r *journal.Record, x *listings) error {
	span := r.Position >> spanBits
	for _, ref := range r.Refs {
		n, err := t.intern(string(ref), span)
		if err != nil {
			return err
		}
		if ref.Dated() {
			x.days.add(n, int64(r.Day), r.Position)
		} else {
			x.refs.add(span, n, r.Position)
		}
	}
	for _, l := range r.Lines {
		n, err := t.intern("account:"+l.Account, span)
		if err != nil {
			return err
		}
		x.lines.add(span, n, r.Position, l.Amount, l.Balance)
	}
	return nil
}

// Find implements journal.Repository.
func (j *Journal) Find(ctx context.Context, s id.Store, keys []journal.Key) (map[journal.Key]journal.Record, error) {
	var found map[journal.Key]journal.Record
	err := j.d.read(ctx, s, func(t *tx) error {
		for _, k := range keys {
			query, value := "SELECT r.hash, r.body FROM keys k JOIN records r ON r.position = k.position WHERE k.key = ?", string(k)
			if c := column(k.Kind()); c != "" {
				query, value = "SELECT hash, body FROM records WHERE "+c+" = ?", k.Value()
				if c == "number" {
					value = numberFirst(value)
				}
			}
			if err := each(t.conn, query, func(st *sqlite.Stmt) error {
				r, err := j.open(st, 0)
				if found == nil {
					found = map[journal.Key]journal.Record{}
				}
				found[k] = r
				return err
			}, value); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// open reads a record from the columns hash and body that begin at col.
func (j *Journal) open(st *sqlite.Stmt, col int) (journal.Record, error) {
	var hash journal.Hash
	st.ColumnBytes(col, hash[:])
	r, err := journal.Open(j.schema, bytesAt(st, col+1))
	if err != nil {
		return r, err
	}
	if r.Hash != hash {
		return r, fmt.Errorf("%w: record %d does not match its hash", journal.ErrCorrupt, r.Position)
	}
	return r, nil
}

// List implements journal.Repository.
func (j *Journal) List(ctx context.Context, s id.Store, ref journal.Ref, g journal.Range) ([]journal.Record, error) {
	var rs []journal.Record
	err := j.d.read(ctx, s, func(t *tx) error {
		n, err := t.lookup(string(ref))
		if err != nil || n.id == 0 {
			return err
		}
		query, args := byPosition(n.id, g)
		if ref.Dated() {
			query, args = byDay(n.id, g)
		}
		return each(t.conn, query, func(st *sqlite.Stmt) error {
			r, err := j.open(st, 0)
			rs = append(rs, r)
			return err
		}, args...)
	})
	return rs, err
}

func byPosition(ref int64, g journal.Range) (query string, args []any) {
	before := g.Before.Position
	if before == 0 {
		before = math.MaxInt64
	}
	return `SELECT r.hash, r.body FROM spans s CROSS JOIN refs f ON f.span = s.span AND f.ref = s.name CROSS JOIN records r ON r.position = f.position
		WHERE s.name = ? AND s.span <= ? AND f.position < ? ORDER BY s.span DESC, f.position DESC LIMIT ?`,
		[]any{ref, before >> spanBits, before, int64(g.Limit)}
}

func byDay(ref int64, g journal.Range) (query string, args []any) {
	to, day, position := int64(math.MaxInt64), int64(g.Before.Day), g.Before.Position
	if g.To != 0 {
		to = int64(g.To)
	}
	if g.Before == (journal.Place{}) {
		day, position = math.MaxInt64, math.MaxInt64
	}
	return `SELECT r.hash, r.body FROM days f CROSS JOIN records r ON r.position = f.position
		WHERE f.ref = ? AND f.day >= ? AND f.day <= ? AND (f.day, f.position) < (?, ?) ORDER BY f.day DESC, f.position DESC LIMIT ?`,
		[]any{ref, int64(g.From), to, day, position, int64(g.Limit)}
}

// From implements journal.Repository. With an error come the records before the one that cannot be read.
func (j *Journal) From(ctx context.Context, s id.Store, position int64, limit int) ([]journal.Record, error) {
	var rs []journal.Record
	err := j.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT hash, body, position, at FROM records WHERE position > ? ORDER BY position LIMIT ?", func(st *sqlite.Stmt) error {
			r, err := j.open(st, 0)
			place, ms := st.ColumnInt64(2), st.ColumnInt64(3)
			switch {
			case err != nil:
				return err
			case place != r.Position:
				return fmt.Errorf("%w: record %d stands in the place of record %d", journal.ErrCorrupt, r.Position, place)
			case ms != r.At.UnixMilli():
				return fmt.Errorf("%w: the row of record %d has another time than the record", journal.ErrCorrupt, r.Position)
			}
			rs = append(rs, r)
			return nil
		}, position, int64(limit))
	})
	return rs, err
}

// Changes implements journal.Repository.
func (j *Journal) Changes(ctx context.Context, s id.Store, position int64, limit int) (all []journal.Ref, err error) {
	err = j.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT body FROM records WHERE position > ? ORDER BY position LIMIT ?", func(st *sqlite.Stmt) error {
			refs, err := journal.Changes(bytesAt(st, 0))
			if err != nil {
				return journal.Corrupt(err, "a record")
			}
			all = append(all, refs...)
			return nil
		}, position, int64(limit))
	})
	return all, err
}

// Index implements journal.Repository.
func (j *Journal) Index(ctx context.Context, s id.Store, fn func(journal.Entry) error) error {
	return j.d.read(ctx, s, func(t *tx) error {
		for _, kind := range []string{"record", "idem", "sale", "no"} {
			c := column(kind)
			if err := each(t.conn, "SELECT "+c+", position FROM records WHERE "+c+" IS NOT NULL", func(st *sqlite.Stmt) error {
				value := st.ColumnText(0)
				if c == "number" {
					value = numberFirst(value)
				}
				return fn(journal.Entry{Name: kind + ":" + value, Position: st.ColumnInt64(1)})
			}); err != nil {
				return err
			}
		}
		for _, query := range []string{
			"SELECT key, position, 0, 0, 0 FROM keys",
			"SELECT coalesce(n.name, ''), f.position, f.day, 0, 0 FROM days f LEFT JOIN names n ON n.id = f.ref",
			// What spans does not lead to is as good as missing, and so is what stands in the wrong span.
			`SELECT n.name, f.position, 0, 0, 0 FROM refs f JOIN spans s ON s.name = f.ref AND s.span = f.span JOIN names n ON n.id = f.ref
				WHERE f.span = f.position >> 11`,
			`SELECT n.name, l.position, 0, l.amount, l.balance FROM lines l JOIN spans s ON s.name = l.account AND s.span = l.span JOIN names n ON n.id = l.account
				WHERE l.span = l.position >> 11`,
		} {
			if err := each(t.conn, query, func(st *sqlite.Stmt) error {
				return fn(journal.Entry{Name: st.ColumnText(0), Position: st.ColumnInt64(1), Day: clock.Date(st.ColumnInt32(2)),
					Amount: st.ColumnInt64(3), Balance: st.ColumnInt64(4)})
			}); err != nil {
				return err
			}
		}
		return nil
	})
}
