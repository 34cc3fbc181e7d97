package sqlite

import (
	"context"
	"testing"
)

// TestTheLogStaysSmallWhateverIsWritten: a commit may be of one large row, or of many small ones.
func TestTheLogStaysSmallWhateverIsWritten(t *testing.T) {
	for _, row := range []struct {
		name          string
		commits, rows int
		bytes         int64 // of each row
	}{{"images", 400, 1, 1 << 20}, {"sales", 400, 1000, 400}} {
		t.Run(row.name, func(t *testing.T) {
			d := shopIn(t, t.TempDir())
			for n := range row.commits {
				err := d.Transact(t.Context(), func(ctx context.Context) error {
					return d.write(ctx, "shop", func(tx *tx) error {
						return exec(tx.conn, `WITH RECURSIVE rows (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM rows WHERE i < ?)
							INSERT INTO carts (`+cartColumns+`) SELECT ? || ' ' || i, 1, 0, zeroblob(?) FROM rows`, int64(row.rows), int64(n), row.bytes)
					})
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if written := int64(row.commits*row.rows) * row.bytes; d.Sizes().Log > written/2 {
				t.Errorf("the log has %d of %d bytes that were written", d.Sizes().Log, written)
			}
		})
	}
}
