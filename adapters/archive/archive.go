// Package archive keeps the files of a backup in one: a tar, packed with gzip, whose first entry is a manifest that says what the others are. Whoever
// reads one is told where it is damaged.
package archive

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"kassa/core/fault"
)

// Format is the version of the archives that this package writes, and the only one that it reads.
const Format = 1

const (
	manifestName = "manifest.json"
	maxManifest  = 16 << 20 // bytes
	block        = 1 << 20  // bytes between two looks at the context
)

// Manifest says what an archive holds. Write fills in Format and Parts.
type Manifest struct {
	Format int       `json:"format"`
	Kassa  string    `json:"kassa"` // version of the program that wrote it
	MadeAt time.Time `json:"made_at"`
	Stores []Store   `json:"stores"`
	Parts  []Part    `json:"parts"` // in their order
}

// Store says where the books of a store stood.
type Store struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Records   int64  `json:"records"`
	HeadToken string `json:"head_token"`
}

// Part is a file of an archive.
type Part struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// Size returns how many bytes the parts have, unpacked.
func (m *Manifest) Size() (n int64) {
	for _, p := range m.Parts {
		n += p.Size
	}
	return n
}

// Progress is told how many bytes of how many are done.
type Progress func(done, of int64)

// Unfinished returns what an archive is called as long as it is not whole.
func Unfinished(path string) string { return path + ".part" }

// Write packs the named files of a folder into one that only its owner reads, reads it again, and gives it its name once it is whole and on the disk.
// Conflict fault backup_exists when there is a file of that name, Unavailable fault disk_full where the disk is full.
func Write(ctx context.Context, path string, m Manifest, folder string, names []string, progress Progress) (err error) {
	if err := Vacant(path); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, gone(Unfinished(path)))
		}
	}()
	if err := pack(ctx, Unfinished(path), m, folder, names, progress); err != nil {
		return err
	}
	if err := check(ctx, Unfinished(path)); err != nil {
		return err
	}
	if err := Vacant(path); err != nil { // it took a while
		return err
	}
	if err := os.Rename(Unfinished(path), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// Vacant returns Conflict fault backup_exists when there is a file of that name, and an error when there is no folder for it.
func Vacant(path string) error {
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return err
	}
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = fault.New(fault.Conflict, "backup_exists", "there is %s already; choose another name", path)
	}
	return err
}

// gone removes a file that may be missing.
func gone(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// check reads an archive from its beginning to its end.
func check(ctx context.Context, path string) error {
	r, err := Open(path)
	if err != nil {
		return err
	}
	return errors.Join(r.Extract(ctx, "", func(int64, int64) {}), r.Close())
}

// syncFolder makes a new name durable where folders can be synced.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir) //nolint:gosec // the operator's own folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// pack writes the archive.
func pack(ctx context.Context, path string, m Manifest, folder string, names []string, progress Progress) (err error) {
	m.Format, m.Parts = Format, nil
	for _, name := range names {
		p, err := measure(ctx, folder, name)
		if err != nil {
			return err
		}
		m.Parts = append(m.Parts, p)
	}
	head, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	// What is there already may be readable by others, or a link to something else.
	if err := gone(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's own file
	if err != nil {
		return err
	}
	defer func() { err = Full(errors.Join(err, f.Close())) }()
	packed, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	w := &writer{tar: tar.NewWriter(packed), at: m.MadeAt, of: m.Size(), progress: progress}
	if err := w.manifest(head); err != nil {
		return err
	}
	for _, p := range m.Parts {
		if err := w.part(ctx, folder, p); err != nil {
			return err
		}
	}
	if err := errors.Join(w.tar.Close(), packed.Close()); err != nil {
		return err
	}
	return f.Sync()
}

// measure reads a file for what the manifest says of it.
func measure(ctx context.Context, folder, name string) (p Part, err error) {
	f, err := os.Open(filepath.Join(folder, name)) //nolint:gosec // the caller made it
	if err != nil {
		return p, err
	}
	defer func() { _ = f.Close() }() // it was only read
	sum := sha256.New()
	n, err := carry(ctx, sum, f, nil)
	return Part{name, n, digest(sum)}, err
}

func digest(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// writer writes the entries of an archive.
type writer struct {
	tar      *tar.Writer
	at       time.Time
	done, of int64
	progress Progress
}

func (w *writer) header(name string, size int64) error {
	return w.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: w.at.Truncate(time.Second)})
}

func (w *writer) manifest(b []byte) error {
	if err := w.header(manifestName, int64(len(b))); err != nil {
		return err
	}
	_, err := w.tar.Write(b)
	return err
}

func (w *writer) part(ctx context.Context, folder string, p Part) error {
	f, err := os.Open(filepath.Join(folder, p.Name))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	if err := w.header(p.Name, p.Size); err != nil {
		return err
	}
	before := w.done
	_, err = carry(ctx, w.tar, f, func(n int64) {
		w.done = before + n
		w.progress(w.done, w.of)
	})
	return err
}

// carry copies until the end, or until the context ends, and tells how many bytes it carried so far.
func carry(ctx context.Context, to io.Writer, from io.Reader, tell func(n int64)) (done int64, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		n, err := io.CopyN(to, from, block)
		done += n
		if tell != nil {
			tell(done)
		}
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return done, err
		}
	}
}

// Full makes an Unavailable fault disk_full of an error that says that a disk is full; other errors come back as they are.
func Full(err error) error {
	var at *os.PathError
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return err
	}
	where := "the disk"
	if errors.As(err, &at) {
		where = "the disk of " + filepath.Dir(at.Path)
	}
	return fault.New(fault.Unavailable, "disk_full", "%s is full", where).Wrap(err)
}
