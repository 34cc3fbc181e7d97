package sqlite

import (
	"context"
	"fmt"
	"time"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/writer"

	"zombiezen.com/go/sqlite"
)

// Images implements inventory.Images.
type Images struct{ d *Database }

// NewImages returns the images of the products of the database's stores.
func NewImages(d *Database) *Images { return &Images{d} }

// Load implements writer.Projection.
func (r *Images) Load(ctx context.Context, s id.Store, refs []journal.Ref) (vs []writer.Value, err error) {
	err = r.d.read(ctx, s, func(t *tx) error {
		for _, ref := range refs {
			if err := each(t.conn, "SELECT hash, uses FROM images WHERE hash = ?", func(st *sqlite.Stmt) error {
				u, err := usesAt(st)
				vs = append(vs, u)
				return err
			}, ref.Value()); err != nil {
				return err
			}
		}
		return nil
	})
	return vs, err
}

// All implements writer.Projection.
func (r *Images) All(ctx context.Context, s id.Store, fn func(writer.Value) error) error {
	return r.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT hash, uses FROM images WHERE uses <> 0", func(st *sqlite.Stmt) error {
			u, err := usesAt(st)
			if err != nil {
				return err
			}
			return fn(u)
		})
	})
}

func usesAt(st *sqlite.Stmt) (*inventory.ImageUses, error) {
	return inventory.NewImageUses(st.ColumnText(0), st.ColumnInt64(1))
}

// Save implements writer.Projection.
func (r *Images) Save(ctx context.Context, s id.Store, cs []writer.Change) error {
	return r.d.write(ctx, s, func(t *tx) error {
		for _, c := range cs {
			after, ok := c.After.(*inventory.ImageUses)
			if !ok {
				return fmt.Errorf("cannot keep a %T", c.After)
			}
			query, args := "UPDATE images SET uses = ?2 WHERE hash = ?1", []any{after.Hash(), after.Products()}
			if after.Products() == 0 {
				query, args = "DELETE FROM images WHERE hash = ?", args[:1]
			}
			if err := exec(t.conn, query, args...); err != nil {
				return err
			}
			if t.conn.Changes() != 1 {
				return fmt.Errorf("%w: image %s is not kept", journal.ErrBroken, after.Hash())
			}
		}
		return nil
	})
}

// Put implements inventory.Images.
func (r *Images) Put(ctx context.Context, s id.Store, i inventory.Image, at time.Time) error {
	return r.d.Transact(ctx, func(ctx context.Context) error {
		return r.d.write(ctx, s, func(t *tx) error {
			if err := t.putImage(i, at.UnixMilli()); err != nil {
				return err
			}
			return exec(t.conn, "DELETE FROM images WHERE n IN (SELECT n FROM images WHERE uses = 0 AND put_at < ? ORDER BY put_at LIMIT ?)",
				at.Add(-inventory.StrayAge).UnixMilli(), int64(inventory.MaxSwept))
		})
	})
}

func (t *tx) putImage(i inventory.Image, at int64) error {
	err := exec(t.conn, "UPDATE images SET put_at = ? WHERE hash = ?", at, i.Hash())
	if err != nil || t.conn.Changes() > 0 {
		return err
	}
	if err := exec(t.conn, "INSERT INTO images (hash, type, uses, put_at) VALUES (?, ?, 0, ?)", i.Hash(), string(i.Type()), at); err != nil {
		return err
	}
	return exec(t.conn, "INSERT INTO image_bytes (n, bytes) VALUES (?, ?)", t.conn.LastInsertRowID(), i.Bytes())
}

// Get implements inventory.Images.
func (r *Images) Get(ctx context.Context, s id.Store, hash string) (i inventory.Image, err error) {
	err = r.d.read(ctx, s, func(t *tx) error {
		found := inventory.ImageUnknown()
		err := each(t.conn, "SELECT i.type, b.bytes FROM images i JOIN image_bytes b USING (n) WHERE i.hash = ?", func(st *sqlite.Stmt) error {
			i, found = inventory.RestoreImage(hash, st.ColumnText(0), bytesAt(st, 1))
			return nil
		}, hash)
		if err != nil {
			return err
		}
		return found
	})
	return i, err
}
