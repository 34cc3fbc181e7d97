package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"kassa/containers"
)

// TestADryRunSaysThatNothingWasWritten: its counts look like those of the import that may follow.
func TestADryRunSaysThatNothingWasWritten(t *testing.T) {
	data := t.TempDir()
	t.Setenv("KASSA_DATA", data)
	shop, err := containers.OpenBare(t.Context(), containers.Config{Data: data, BcryptCost: 4}, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := shop.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(file, []byte("name,price\nOat milk,1.99\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"import", "--dry-run", file}, "would be: 1 created, 0 updated, 0 unchanged, 0 failed; nothing was written\n"},
		{[]string{"import", file}, "1 created, 0 updated, 0 unchanged, 0 failed\n"},
		{[]string{"import", "--dry-run", file}, "would be: 0 created, 0 updated, 1 unchanged, 0 failed; nothing was written\n"},
	} {
		var out, errs bytes.Buffer
		if code := execute(t.Context(), c.args, &out, &errs); code != 0 || out.String() != c.want {
			t.Errorf("%q: exit code %d, %q and %q, want %q", c.args, code, &out, &errs, c.want)
		}
	}
}
