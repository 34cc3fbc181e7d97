package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kassa/core/fault"
)

func quiet(int64, int64) {}

// written packs a large part between two small ones.
func written(t *testing.T) (path string, parts map[string][]byte) {
	t.Helper()
	folder := t.TempDir()
	var large bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintf(&large, "line %d\n", i*i)
	}
	parts = map[string][]byte{"a.db": []byte("first"), "b.db": large.Bytes(), "c.db": {}}
	for name, b := range parts {
		if err := os.WriteFile(filepath.Join(folder, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(t.TempDir(), "shop.kassa")
	m := Manifest{Kassa: "v1", MadeAt: time.UnixMilli(1).UTC(), Stores: []Store{{"s", "Shop", 3, "token"}}}
	if err := Write(t.Context(), path, m, folder, []string{"a.db", "b.db", "c.db"}, quiet); err != nil {
		t.Fatal(err)
	}
	return path, parts
}

// extract unpacks an archive into a new folder.
func extract(ctx context.Context, t *testing.T, path string) (folder string, err error) {
	t.Helper()
	folder = t.TempDir()
	r, err := Open(path)
	if err != nil {
		return folder, err
	}
	return folder, errors.Join(r.Extract(ctx, folder, quiet), r.Close())
}

func TestWhatWasPackedIsUnpacked(t *testing.T) {
	path, parts := written(t)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	folder, err := extract(t.Context(), t, path)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range parts {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes of %d, %v", name, len(got), len(want), err)
		}
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if m := r.Manifest; m.Format != Format || m.Kassa != "v1" || m.MadeAt.UnixMilli() != 1 || !slices.Equal(m.Stores, []Store{{"s", "Shop", 3, "token"}}) {
		t.Errorf("%+v", m)
	}
}

// TestDamageIsRefused cuts the file off at many places and changes many of its bytes; those of gzip's header that say when and how it was packed
// mean nothing.
func TestDamageIsRefused(t *testing.T) {
	path, _ := written(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged")
	try := func(what string, b []byte) error {
		if err := os.WriteFile(damaged, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := extract(t.Context(), t, damaged)
		if !fault.IsCode(err, "backup_damaged") && !fault.IsCode(err, "backup_unknown") {
			t.Errorf("%s: %v", what, err)
		}
		return err
	}
	for at := 0; at < len(whole); at += 1 + len(whole)/50 {
		if err := try(fmt.Sprint("cut off at ", at), whole[:at]); at > len(whole)/2 && !strings.Contains(err.Error(), "b.db") {
			t.Errorf("cut off within b.db: %v", err)
		}
		if at >= 4 && at < 10 {
			continue
		}
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1
		try(fmt.Sprint("changed at ", at), flipped)
	}
	try("cut off by one byte", whole[:len(whole)-1])
	try("one byte longer", append(bytes.Clone(whole), 0))
	try("twice", append(bytes.Clone(whole), whole...))
}

// packed writes an archive by hand.
func packed(t *testing.T, m Manifest, entries ...*tar.Header) string {
	t.Helper()
	head, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range append([]*tar.Header{{Name: manifestName, Size: int64(len(head))}}, entries...) {
		err = errors.Join(err, w.WriteHeader(h))
		if h.Name == manifestName {
			_, wrong := w.Write(head)
			err = errors.Join(err, wrong)
		}
	}
	path := filepath.Join(t.TempDir(), "made.kassa")
	if err := errors.Join(err, w.Close(), z.Close(), os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatNoBackupHoldsIsRefused(t *testing.T) {
	empty := "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for _, c := range []struct {
		name, code string
		m          Manifest
		entries    []*tar.Header
	}{
		{"another format", "backup_version", Manifest{Format: Format + 1}, nil},
		{"a part outside of the folder", "backup_damaged", Manifest{Format: Format, Parts: []Part{{"../a.db", 0, empty}}}, []*tar.Header{{Name: "../a.db"}}},
		{"a part that is a link", "backup_damaged", Manifest{Format: Format, Parts: []Part{{"a.db", 0, empty}}}, []*tar.Header{{Name: "a.db", Typeflag: tar.TypeSymlink, Linkname: "/"}}},
		{"another part", "backup_damaged", Manifest{Format: Format, Parts: []Part{{"a.db", 0, empty}}}, []*tar.Header{{Name: "b.db"}}},
		{"a part too many", "backup_damaged", Manifest{Format: Format}, []*tar.Header{{Name: "b.db"}}},
		{"a part with another digest", "backup_damaged", Manifest{Format: Format, Parts: []Part{{"a.db", 0, "00"}}}, []*tar.Header{{Name: "a.db"}}},
		{"nothing wrong", "", Manifest{Format: Format, Parts: []Part{{"a.db", 0, empty}}}, []*tar.Header{{Name: "a.db"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := extract(t.Context(), t, packed(t, c.m, c.entries...))
			if (err == nil) != (c.code == "") || err != nil && !fault.IsCode(err, c.code) {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("a shopping list"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(text); !fault.IsCode(err, "backup_unknown") {
		t.Error(err)
	}
}

func TestAFileThatIsThereIsLeftAlone(t *testing.T) {
	path, _ := written(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), path, Manifest{}, t.TempDir(), nil, quiet); !fault.IsCode(err, "backup_exists") {
		t.Error(err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("it was changed, %v", err)
	}
}

// TestAnArchiveThatFailsLeavesNoFile breaks off while it is written.
// TestWhatIsUnfinishedIsMadeAnew where there is a file that everybody reads, or a link to another one.
func TestWhatIsUnfinishedIsMadeAnew(t *testing.T) {
	folder := t.TempDir()
	other := filepath.Join(folder, "other")
	for name, plant := range map[string]func(path string) error{
		"file": func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, 0o666)) }, //nolint:gosec // that is the test
		"link": func(path string) error { return os.Symlink(other, path) },
	} {
		path := filepath.Join(folder, name)
		if err := plant(Unfinished(path)); err != nil {
			t.Fatal(err)
		}
		if err := Write(t.Context(), path, Manifest{}, folder, nil, quiet); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("over a %s: %v, %v", name, info.Mode(), err)
		}
	}
	if _, err := os.Stat(other); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the backup is where a link said: %v", err)
	}
}

func TestAnArchiveThatFailsLeavesNoFile(t *testing.T) {
	folder, path := t.TempDir(), filepath.Join(t.TempDir(), "shop.kassa")
	if err := os.WriteFile(filepath.Join(folder, "a.db"), make([]byte, 3*block), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := Write(ctx, path, Manifest{}, folder, []string{"a.db"}, func(int64, int64) {
		cancel()
		if _, err := os.Stat(Unfinished(path)); err != nil {
			t.Error(err)
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for _, p := range []string{path, Unfinished(path)} {
		if _, err := os.Lstat(p); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("there is %s: %v", p, err)
		}
	}
}

// TestWhatTheDiskDidNotKeepIsNoArchive changes bytes while the archive is written.
func TestWhatTheDiskDidNotKeepIsNoArchive(t *testing.T) {
	folder, path := t.TempDir(), filepath.Join(t.TempDir(), "shop.kassa")
	noise := make([]byte, 3*block)
	for i := range noise {
		noise[i] = byte(i * i >> 8)
	}
	if err := os.WriteFile(filepath.Join(folder, "a.db"), noise, 0o600); err != nil {
		t.Fatal(err)
	}
	err := Write(t.Context(), path, Manifest{}, folder, []string{"a.db"}, func(done, of int64) {
		if done < of {
			return
		}
		f, err := os.OpenFile(Unfinished(path), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteAt([]byte("noise"), 1000)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	})
	if !fault.IsCode(err, "backup_damaged") {
		t.Error(err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("there is %v, %v", left, err)
	}
}

func TestAFullDiskIsSaidToBeFull(t *testing.T) {
	full := Full(fmt.Errorf("pack: %w", &fs.PathError{Op: "write", Path: "/mnt/a.part", Err: syscall.ENOSPC}))
	if f, ok := fault.As(full); !ok || f.Code != "disk_full" || f.Message != "the disk of /mnt is full" {
		t.Error(full)
	}
	if err := Full(io.ErrUnexpectedEOF); !errors.Is(err, io.ErrUnexpectedEOF) || fault.IsCode(err, "disk_full") {
		t.Error(err)
	}
}
