package sqlite

import (
	"context"
	"testing"

	"kassa/core/fault"
)

// TestFullDiskIsSaidSoAndPasses: what does not fit is refused as a whole, and goes through once there is room.
func TestFullDiskIsSaidSoAndPasses(t *testing.T) {
	d := shopIn(t, t.TempDir())
	pragma := func(text string) { // of the connection that writes: this many pages are the disk
		t.Helper()
		w := d.stores["shop"].writer
		c := <-w
		defer func() { w <- c }()
		if err := exec(c, "PRAGMA max_page_count="+text); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string, bytes int64) error {
		return d.Transact(t.Context(), func(ctx context.Context) error {
			return d.write(ctx, "shop", func(tx *tx) error {
				return exec(tx.conn, "INSERT INTO carts ("+cartColumns+") VALUES (?, 1, 0, 'small'), (?, 1, 0, zeroblob(?))", name, name+" large", bytes)
			})
		})
	}
	pragma("1") // SQLite takes the present size for that
	for range 3 {
		if err := write("a", 1<<20); !fault.IsCode(err, "disk_full") || !fault.IsKind(err, fault.Unavailable) {
			t.Fatalf("a full disk is said so: %v", err)
		}
	}
	pragma("100000")
	if err := write("a", 1<<20); err != nil { // nothing of before is there
		t.Errorf("there is room again: %v", err)
	}
}
