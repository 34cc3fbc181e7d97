package security

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kassa/core/fault"
)

func TestKeyIsMadeOnceAndReadLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := LoadOrCreateKey(dir)
	must(t, err)
	second, err := LoadOrCreateKey(dir)
	must(t, err)
	if len(first) < MinKey || !bytes.Equal(first, second) {
		t.Errorf("got %d and %d bytes, equal: %v", len(first), len(second), bytes.Equal(first, second))
	}
	info, err := os.Stat(filepath.Join(dir, "jwt.key"))
	must(t, err)
	if info.Mode().Perm() != 0o600 || KeyExposed(dir) {
		t.Errorf("mode %v, exposed: %v", info.Mode(), KeyExposed(dir))
	}
	other, err := LoadOrCreateKey(t.TempDir())
	must(t, err)
	if bytes.Equal(first, other) {
		t.Error("two folders got one key")
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("the folder holds %v", files)
	}
}

func TestProcessesThatBeginAtOnceGetOneKey(t *testing.T) {
	dir := t.TempDir()
	keys := make([][]byte, 16)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			<-start
			var err error
			if keys[i], err = LoadOrCreateKey(dir); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	for _, key := range keys {
		if !bytes.Equal(key, keys[0]) {
			t.Fatal("two of them got different keys")
		}
	}
}

func TestKeyFileOfTheOperator(t *testing.T) {
	key := strings.Repeat("k", 32)
	rows := []struct{ name, content, code string }{
		{"bare", key, ""},
		{"with a line break, as editors leave it", key + "\r\n", ""},
		{"empty", "", "jwt_key_short"},
		{"31 bytes", key[1:], "jwt_key_short"},
		{"31 bytes and white space", key[1:] + "   \n", "jwt_key_short"},
		{"not a key at all", strings.Repeat("k", 5000), "jwt_key_unreadable"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.WriteFile(filepath.Join(dir, "jwt.key"), []byte(row.content), 0o600))
			got, err := LoadOrCreateKey(dir)
			if row.code != "" {
				wantFault(t, err, fault.Internal, row.code)
				return
			}
			must(t, err)
			if string(got) != key {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestExposedKeyIsNoticed(t *testing.T) {
	dir := t.TempDir()
	if KeyExposed(dir) {
		t.Error("a key that is not there is exposed")
	}
	_, err := LoadOrCreateKey(dir)
	must(t, err)
	must(t, os.Chmod(filepath.Join(dir, "jwt.key"), 0o644))
	if !KeyExposed(dir) {
		t.Error("nobody noticed that others can read the key")
	}
	_, err = LoadOrCreateKey(dir) // a warning is the caller's to give, the key is still good
	must(t, err)
}

func TestKeyThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	_, err := LoadOrCreateKey(filepath.Join(file, "data"))
	if !fault.IsKind(err, fault.Internal) {
		t.Errorf("got %v", err)
	}
}

func TestKeyOnAFileSystemWithoutLinks(t *testing.T) {
	dir := t.TempDir()
	noLinks := func(string, string) error { return errors.ErrUnsupported }
	must(t, createKey(dir, filepath.Join(dir, keyName), noLinks))
	key, err := LoadOrCreateKey(dir)
	must(t, err)
	if files, _ := os.ReadDir(dir); len(files) != 1 || len(key) < MinKey {
		t.Errorf("a key of %d bytes in %v", len(key), files)
	}
}
