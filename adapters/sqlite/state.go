package sqlite

import (
	"context"
	"fmt"

	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"

	"zombiezen.com/go/sqlite"
)

// State implements writer.Projection for values that are only ever asked for by their ref.
type State struct {
	d     *Database
	forms writer.Forms
}

// NewState returns the projection of values of these forms.
func NewState(d *Database, forms writer.Forms) *State {
	return &State{d: d, forms: forms}
}

// Load implements writer.Projection.
func (p *State) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	var vs []writer.Value
	err := p.d.read(ctx, s, func(t *tx) error {
		for _, ref := range refs {
			if err := each(t.conn, "SELECT body FROM state WHERE ref = ?", func(st *sqlite.Stmt) error {
				v, err := p.forms.Decode(ref, bytesAt(st, 0))
				vs = append(vs, v)
				return err
			}, string(ref)); err != nil {
				return err
			}
		}
		return nil
	})
	return vs, err
}

// Save implements writer.Projection.
func (p *State) Save(ctx context.Context, s id.Store, cs []writer.Change) error {
	return p.d.write(ctx, s, func(t *tx) error {
		for _, change := range cs {
			v, ok := change.After.(writer.Stored)
			if !ok {
				return fmt.Errorf("cannot keep a %T", change.After)
			}
			body, err := journal.Encode(v.Walk)
			if err != nil {
				return err
			}
			if err := t.put("UPDATE state SET body = ? WHERE ref = ?", "INSERT INTO state (body, ref) VALUES (?, ?)", string(body), string(v.Ref())); err != nil {
				return err
			}
		}
		return nil
	})
}

// All implements writer.Projection.
func (p *State) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	return p.values(ctx, s, "SELECT ref, body FROM state ORDER BY ref", fn)
}

// Range implements writer.Ranger.
func (p *State) Range(ctx context.Context, s id.Store, low, high journal.Ref, fn func(writer.Value) error) error {
	return p.values(ctx, s, "SELECT ref, body FROM state WHERE ref >= ? AND ref < ? ORDER BY ref", fn, string(low), string(high))
}

func (p *State) values(ctx context.Context, s id.Store, query string, fn func(writer.Value) error, args ...any) error {
	return p.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, query, func(st *sqlite.Stmt) error {
			v, err := p.forms.Decode(journal.Ref(st.ColumnText(0)), bytesAt(st, 1))
			if err != nil {
				return err
			}
			return fn(v)
		}, args...)
	})
}
