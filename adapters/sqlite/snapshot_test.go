package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/store"

	"zombiezen.com/go/sqlite"
)

type fixedID id.ID

// New implements id.Source.
func (f fixedID) New() id.ID { return id.ID(f) }

var shop = store.Store{ID: "shop", Name: "Shop", Currency: "EUR", TimeZone: "UTC", CreatedAt: time.UnixMilli(1).UTC()}

// shopIn opens a folder and makes the store there.
func shopIn(t *testing.T, dir string) *Database {
	t.Helper()
	d := opened(t, dir)
	if err := NewStores(d, fixedID("token")).Create(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	return d
}

func opened(t *testing.T, dir string) *Database {
	t.Helper()
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// fill commits n values of 8 KiB whose names begin with the word.
func fill(ctx context.Context, t *testing.T, d *Database, word string, n int) {
	t.Helper()
	err := d.Transact(ctx, func(ctx context.Context) error {
		return d.write(ctx, shop.ID, func(t *tx) error {
			for i := range n {
				if err := exec(t.conn, "INSERT INTO state (ref, body) VALUES (?, ?)", word+strconv.Itoa(i), strings.Repeat("x", 8<<10)); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestASnapshotIsOfOneMoment commits between the steps of a copy that takes several.
func TestASnapshotIsOfOneMoment(t *testing.T) {
	dir := t.TempDir()
	d, into := shopIn(t, dir), opened(t, t.TempDir())
	fill(t.Context(), t, d, "before", 2*copiedAtOnce)
	beside, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	steps, last := 0, int64(0)
	err = beside.Snapshot(t.Context(), shop, into, func(done, of int64) {
		if steps++; done <= last || done > of {
			t.Fatalf("step %d: %d pages of %d were done, and %d before", steps, done, of, last)
		}
		last = done
		fill(t.Context(), t, d, "step"+strconv.Itoa(steps)+"-", 3)
	})
	if err != nil || steps < 3 {
		t.Fatalf("%d steps, %v", steps, err)
	}
	var early, late int
	err = into.read(t.Context(), shop.ID, func(tx *tx) error {
		return one(tx.conn, "SELECT sum(ref LIKE 'before%'), sum(ref LIKE 'step%') FROM state", func(s *sqlite.Stmt) {
			early, late = s.ColumnInt(0), s.ColumnInt(1)
		})
	})
	if err != nil || early != 2*copiedAtOnce || late > 0 {
		t.Errorf("%d values from before and %d from later, %v", early, late, err)
	}
}

func TestASnapshotThatIsBrokenOffIsListedNowhere(t *testing.T) {
	d, into := shopIn(t, t.TempDir()), opened(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	fill(ctx, t, d, "value", 2*copiedAtOnce)
	if err := d.Snapshot(ctx, shop, into, func(int64, int64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if all, err := NewStores(into, fixedID("token")).List(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("there is %v, %v", all, err)
	}
}

func TestStoresAreAdoptedTogetherOrNotAtAll(t *testing.T) {
	from := t.TempDir()
	if err := shopIn(t, from).Close(); err != nil {
		t.Fatal(err)
	}
	into := opened(t, t.TempDir())
	lost := store.Store{ID: "lost", Name: "Lost", Currency: "EUR", TimeZone: "UTC", CreatedAt: shop.CreatedAt}
	stores := NewStores(into, fixedID("token"))
	whole := copied(t, from)
	if err := into.Adopt(t.Context(), []store.Store{shop, lost}, from); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if all, err := stores.List(t.Context()); err != nil || len(all) > 0 || exists(into.path(shop.ID)) {
		t.Errorf("there is %v, %v, and its file: %v", all, err, exists(into.path(shop.ID)))
	}
	if err := into.Adopt(t.Context(), []store.Store{shop}, whole); err != nil {
		t.Fatal(err)
	}
	if h, err := NewJournal(into, journal.Schema{}).Head(t.Context(), shop.ID); err != nil || h.Token != "token" {
		t.Errorf("%+v, %v", h, err)
	}
	before, err := os.Stat(into.path(shop.ID))
	if err != nil {
		t.Fatal(err)
	}
	if err := into.Adopt(t.Context(), []store.Store{shop}, whole); !fault.IsCode(err, "store_exists") {
		t.Errorf("adopted twice: %v", err)
	}
	if after, err := os.Stat(into.path(shop.ID)); err != nil || !os.SameFile(before, after) {
		t.Errorf("the books that were there are gone: %v", err)
	}
}

func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestFilesThatLackTheirLogAreNotWhole lets somebody read what was before the last commit, so that the log stays.
func TestFilesThatLackTheirLogAreNotWhole(t *testing.T) {
	d := shopIn(t, t.TempDir())
	fill(t.Context(), t, d, "value", 1)
	if err := d.CloseWhole(); err != nil {
		t.Errorf("alone: %v", err)
	}
	dir := t.TempDir()
	d = shopIn(t, dir)
	beside, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	err = beside.View(t.Context(), func(ctx context.Context) error {
		if _, err := NewJournal(beside, journal.Schema{}).Head(ctx, shop.ID); err != nil {
			return err
		}
		fill(t.Context(), t, d, "value", 1)
		if d.CloseWhole() == nil {
			t.Error("while another reads: closed as if all were in the file")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAClaimedFolderIsOneProcessAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "parts")
	release, err := Claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, "left")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Claim(dir); !errors.Is(err, ErrLocked) || !exists(left) {
		t.Errorf("claimed twice: %v; what is in it is there: %v", err, exists(left))
	}
	if err := release(); err != nil || exists(dir) {
		t.Errorf("released: %v; the folder is there: %v", err, exists(dir))
	}
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(left, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	release, err = Claim(dir)
	if err != nil || exists(left) {
		t.Fatalf("what a process left behind is there: %v, %v", exists(left), err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

func TestAFullDiskIsSaidToBeFull(t *testing.T) {
	for code, want := range map[sqlite.ResultCode]bool{sqlite.ResultFull: true, sqlite.ResultIOErrSHMSize: true, sqlite.ResultIOErrRead: false} {
		if err := Full(fmt.Errorf("copy: %w", code.ToError()), "folder"); fault.IsCode(err, "disk_full") != want {
			t.Errorf("%v: %v", code, err)
		}
	}
	if err := Full(nil, "folder"); err != nil {
		t.Error(err)
	}
}
