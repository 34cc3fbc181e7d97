package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// damagedFiles asks for one sentence where a data folder cannot be used, and for proof of one that can only be read.
func damagedFiles(t *testing.T, binary string) {
	shop := t.TempDir()
	_, s := newBooks(t, binary, settings(shop), small)
	open := copied(t, shop) // as a copy beside a running server is
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	t.Run("a store's file is missing", func(t *testing.T) {
		data := copied(t, shop)
		gone := storeFile(t, data)
		if err := os.Remove(gone); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "a.csv")
		if err := os.WriteFile(file, []byte("name,price\nA,1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"serve"}, {"verify"}, {"import", file}} {
			if why := refused(t, child(t, binary, settings(data), args...)); !strings.Contains(why, filepath.Base(gone)) || !strings.Contains(why, "Shop") {
				t.Error(why)
			}
		}
		if found, _ := filepath.Glob(gone + "*"); len(found) > 0 {
			t.Errorf("there is %v now", found)
		}
	})
	t.Run("the list of stores is missing", func(t *testing.T) {
		data := copied(t, shop)
		if err := os.Remove(filepath.Join(data, "kassa.db")); err != nil {
			t.Fatal(err)
		}
		for _, command := range []string{"serve", "verify"} {
			if why := refused(t, child(t, binary, settings(data), command)); !strings.Contains(why, "kassa.db") {
				t.Error(why)
			}
		}
	})
	t.Run("a file is damaged", func(t *testing.T) {
		for _, name := range []string{"kassa.db", filepath.Base(storeFile(t, shop))} {
			data := copied(t, shop)
			if err := os.WriteFile(filepath.Join(data, name), bytes.Repeat([]byte("not a database\n"), 1000), 0o600); err != nil {
				t.Fatal(err)
			}
			if why := refused(t, child(t, binary, settings(data), "verify")); !strings.Contains(why, name+" is damaged") || strings.Contains(why, "PRAGMA") || strings.Contains(why, "sqlite:") {
				t.Error(why)
			}
		}
	})
	t.Run("a backup that is only to be read", func(t *testing.T) {
		data := copied(t, shop)
		out, err := onlyToRead(t, child(t, binary, settings(data), "verify"), data).CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte(" 0 findings")) {
			t.Errorf("%v: %s", err, out)
		}
	})
	t.Run("a backup of another user's", func(t *testing.T) {
		data := copied(t, shop)
		c := onlyToRead(t, child(t, binary, settings(data), "verify"), data)
		if err := os.Chmod(filepath.Join(data, "kassa.db"), 0); err != nil {
			t.Fatal(err)
		}
		if why := refused(t, c); !strings.Contains(why, "kassa.db: permission denied") {
			t.Error(why)
		}
	})
	t.Run("a copy of a running server's folder that is only to be read", func(t *testing.T) {
		why := refused(t, onlyToRead(t, child(t, binary, settings(open), "verify"), open))
		if !strings.Contains(why, "-wal") || !strings.Contains(why, "copy") || strings.Contains(why, "sqlite:") {
			t.Error(why)
		}
	})
}

// longImport brings in more products than are booked at once.
func longImport(t *testing.T, binary string) {
	const rows = 300
	env := settings(t.TempDir())
	_, s := newBooks(t, binary, env, small)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	var csv strings.Builder
	csv.WriteString("name,price\n")
	for i := range rows {
		fmt.Fprintf(&csv, "Imported %d,1.00\n", i)
	}
	file := filepath.Join(t.TempDir(), "products.csv")
	if err := os.WriteFile(file, []byte(csv.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := child(t, binary, env, "import", file)
	var told bytes.Buffer
	c.Stderr = &told
	out, err := c.Output()
	lines := strings.Split(strings.TrimSpace(told.String()), "\n")
	if err != nil || !strings.HasPrefix(string(out), "300 created") || len(lines) < 2 || lines[len(lines)-1] != "rows: 300" {
		t.Errorf("%v: %s; it told %q", err, out, lines)
	}
}

// copied copies the files of a data folder into another.
func copied(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	shm, _ := filepath.Glob(filepath.Join(to, "*-shm")) // memory of the server's processes
	for _, f := range shm {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func storeFile(t *testing.T, data string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(data, "store-*.db"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	return found[0]
}

// onlyToRead makes the folder read-only, and the command that of a user whom that stops.
func onlyToRead(t *testing.T, c *exec.Cmd, dir string) *exec.Cmd {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Chmod(f, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	if os.Geteuid() == 0 {
		const nobody = 65534
		for _, path := range []string{c.Path, c.Dir, dir} { // below folders of the test that are root's alone
			for up := filepath.Dir(path); up != filepath.Clean(os.TempDir()) && len(up) > 1; up = filepath.Dir(up) {
				if err := os.Chmod(up, 0o755); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return c
}
