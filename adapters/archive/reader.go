package archive

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"kassa/core/fault"
)

// partName is what a part may be called: a file of the folder that it is unpacked into.
var partName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_.-]{0,199}$`)

// Reader reads an archive.
type Reader struct {
	Manifest Manifest

	name   string // of the file, for a person
	file   *os.File
	rest   *bufio.Reader // of the file
	packed *gzip.Reader
	tar    *tar.Reader
}

// Open reads an archive's manifest. Invalid faults: backup_unknown when the file is no archive, backup_version when it is of another format,
// backup_damaged when it is damaged.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, err
	}
	r := &Reader{name: filepath.Base(path), file: f, rest: bufio.NewReader(f)}
	if r.packed, err = gzip.NewReader(r.rest); err != nil {
		return nil, errors.Join(r.unknown(err), f.Close())
	}
	r.packed.Multistream(false)
	r.tar = tar.NewReader(r.packed)
	if err := r.manifest(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

func (r *Reader) unknown(cause error) *fault.Error {
	return fault.New(fault.Invalid, "backup_unknown", "%s is not a backup of Kassa", r.name).Wrap(cause)
}

func (r *Reader) damaged(where string, cause error) *fault.Error {
	return fault.New(fault.Invalid, "backup_damaged", "%s is damaged: %s is not what was written", r.name, where).With("part", where).Wrap(cause)
}

func (r *Reader) manifest() error {
	h, err := r.tar.Next()
	if err != nil || h.Name != manifestName || h.Size > maxManifest {
		return r.unknown(err)
	}
	b, err := io.ReadAll(r.tar)
	if err != nil {
		return r.damaged(manifestName, err)
	}
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return r.damaged(manifestName, err)
	}
	if version.Format != Format {
		return fault.New(fault.Invalid, "backup_version", "%s has the format %d, and this kassa reads the format %d only", r.name, version.Format, Format).
			With("format", version.Format)
	}
	if err := json.Unmarshal(b, &r.Manifest); err != nil {
		return r.damaged(manifestName, err)
	}
	for _, p := range r.Manifest.Parts {
		if !partName.MatchString(p.Name) || p.Size < 0 {
			return r.damaged(manifestName, nil)
		}
	}
	return nil
}

// Extract unpacks every part into the folder, on its disk when it returns, and holds it to the manifest. An empty folder: it only does the latter.
// Invalid fault backup_damaged names the part; Unavailable fault disk_full where the disk is. It reads once: open the archive again for another time.
func (r *Reader) Extract(ctx context.Context, folder string, progress Progress) error {
	done, of := int64(0), r.Manifest.Size()
	for _, p := range r.Manifest.Parts {
		h, err := r.tar.Next()
		if err != nil || h.Name != p.Name || h.Size != p.Size || h.Typeflag != tar.TypeReg {
			return r.damaged(p.Name, err)
		}
		err = r.part(ctx, folder, p, func(n int64) { progress(done+n, of) })
		if err != nil {
			return err
		}
		done += p.Size
	}
	if _, err := r.tar.Next(); !errors.Is(err, io.EOF) {
		return r.damaged("what follows the last part", err)
	}
	if n, err := io.Copy(io.Discard, r.packed); err != nil || n > 0 { // up to the checksum of all
		return r.damaged("what follows the last part", err)
	}
	if _, err := r.rest.ReadByte(); !errors.Is(err, io.EOF) {
		return r.damaged("what follows the last part", err)
	}
	return nil
}

// source tells what failed to be read from what failed to be written.
type source struct {
	io.Reader
	err error
}

// Read implements io.Reader.
func (s *source) Read(b []byte) (n int, err error) {
	n, err = s.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

func (r *Reader) part(ctx context.Context, folder string, p Part, tell func(n int64)) error {
	if folder == "" {
		return r.hold(ctx, io.Discard, p, tell)
	}
	f, err := os.OpenFile(filepath.Join(folder, p.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // partName keeps it within the folder
	if err != nil {
		return Full(err)
	}
	if err = r.hold(ctx, f, p, tell); err == nil {
		err = f.Sync()
	}
	return Full(errors.Join(err, f.Close()))
}

// hold copies a part and holds it to the manifest.
func (r *Reader) hold(ctx context.Context, to io.Writer, p Part, tell func(n int64)) error {
	sum, from := sha256.New(), &source{Reader: r.tar}
	n, err := carry(ctx, io.MultiWriter(to, sum), from, tell)
	if from.err != nil || err == nil && (n != p.Size || digest(sum) != p.SHA256) {
		return r.damaged(p.Name, from.err)
	}
	return err
}
