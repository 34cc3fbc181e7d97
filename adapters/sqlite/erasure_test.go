package sqlite_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kassa/adapters/sqlite"
	"kassa/adapters/storetest"
	"kassa/core/id"
	"kassa/core/member"
	"kassa/core/store"
	"kassa/core/writer"
)

// What was deleted is not left in free pages, nor in the log while the server runs, and is free again for who opens the files next.
func TestDeletedPeopleAreNowhereInTheFiles(t *testing.T) {
	dir := t.TempDir()
	t.Run("while it is open", func(t *testing.T) {
		wantNowhere(t, dir, storetest.DeletePeople(t, inFolder(dir)))
	})
	d := openFolder(t, dir)
	all, err := sqlite.NewStores(d, fixed("token")).List(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("%d stores, %v", len(all), err)
	}
	for _, s := range all {
		wantNobody(t, d, s)
	}
}

// wantNowhere fails where one of the texts is in a file of the folder, or soon still is.
func wantNowhere(t *testing.T, dir string, texts []string) {
	t.Helper()
	var found []string
	for range 50 {
		if found = where(t, dir, texts); len(found) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("still there: %s", strings.Join(found, ", "))
}

func where(t *testing.T, dir string, texts []string) (found []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("the folder has %d files: %v", len(files), err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if bytes.Contains(b, []byte(text)) {
				found = append(found, text+" in "+filepath.Base(f))
			}
		}
	}
	return found
}

// Rows that moved from page to page as others came leave copies, until the next start.
func TestThousandsOfDeletedPeopleAreNowhereInTheFiles(t *testing.T) {
	dir, s := t.TempDir(), id.Store("shop")
	d, err := sqlite.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlite.NewStores(d, fixed("token")).Create(t.Context(), store.Store{ID: s, Name: "Shop", Currency: "EUR", TimeZone: "UTC", CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	save := func(changes ...writer.Change) {
		t.Helper()
		if err := d.Transact(t.Context(), func(ctx context.Context) error { return sqlite.NewMembers(d).Save(ctx, s, changes) }); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	var members []*member.Member
	for i := range 1500 {
		name := fmt.Sprintf("%08x-once-here", r.Uint32())
		members = append(members, restored(t, member.Snapshot{
			ID: id.ID(fmt.Sprintf("%04d", i)), Name: name + strings.Repeat("y", r.IntN(60)), Email: name + "@example.com",
			Phone: fmt.Sprintf("%010d11223344", r.Uint32()), PINHash: "hashed", Tier: member.Regular, CreatedAt: time.Now(), Version: 1,
		}))
		save(writer.Change{After: members[i]})
	}
	for _, i := range r.Perm(len(members)) {
		before := members[i].Snapshot()
		save(writer.Change{Before: members[i], After: restored(t, member.Snapshot{
			ID: before.ID, Tier: before.Tier, Deleted: true, CreatedAt: before.CreatedAt, Version: 2,
		})})
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = openFolder(t, dir)
	if _, err := sqlite.NewMembers(d).Get(t.Context(), s, "0001"); err != nil { // a store's file opens when it is first asked
		t.Fatal(err)
	}
	wantNowhere(t, dir, []string{"once-here", "11223344", "hashed"})
}

func restored(t *testing.T, s member.Snapshot) *member.Member {
	t.Helper()
	m, err := member.Restore(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// wantNobody fails where the address that storetest.DeletePeople deleted is still somebody's.
func wantNobody(t *testing.T, d *sqlite.Database, s store.Store) {
	t.Helper()
	u, err := sqlite.NewUsers(d).ByEmail(t.Context(), s.ID, storetest.Unmistakable)
	if u != nil || err != nil {
		t.Errorf("user %v, %v", u, err)
	}
	m, err := sqlite.NewMembers(d).ByEmail(t.Context(), s.ID, storetest.Unmistakable)
	if m != nil || err != nil {
		t.Errorf("member %v, %v", m, err)
	}
}
