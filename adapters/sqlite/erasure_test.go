package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"kassa/adapters/storetest"
)

// What was deleted is not left in free pages, nor in the log.
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
}
