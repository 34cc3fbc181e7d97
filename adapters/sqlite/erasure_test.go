package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kassa/adapters/sqlite"
	"kassa/adapters/storetest"
	"kassa/core/store"
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
