package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"kassa/adapters/sqlite"
	"kassa/adapters/storetest"
	"kassa/core/store"
)

// What was deleted is not left in free pages, nor in the log, and is free again for who opens the files next.
func TestDeletedPeopleAreNowhereInTheFiles(t *testing.T) {
	dir := t.TempDir()
	var texts []string
	t.Run("until it is closed", func(t *testing.T) { texts = storetest.DeletePeople(t, inFolder(dir)) })
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
				t.Errorf("%s is in %s", text, filepath.Base(f))
			}
		}
	}
	d := openFolder(t, dir)
	all, err := sqlite.NewStores(d, fixed("token")).List(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("%d stores, %v", len(all), err)
	}
	for _, s := range all {
		wantNobody(t, d, s)
	}
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
