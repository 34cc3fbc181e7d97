package security

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"kassa/core/fault"
)

// MinKey is the fewest bytes of a key that signs tokens.
const MinKey = 32

const (
	keyName = "jwt.key"
	maxKey  = 4096
)

// LoadOrCreateKey returns the key in the folder's jwt.key, without white space around it; the first call makes folder and file,
// readable by its owner only. Several processes that begin at once get the same key. A key of less than 32 bytes is an Internal
// fault with code jwt_key_short, a file that cannot be read or made one with code jwt_key_unreadable or jwt_key_unwritable.
func LoadOrCreateKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, keyName)
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := createKey(dir, path, os.Link); err != nil {
		return nil, fault.New(fault.Internal, "jwt_key_unwritable", "the key file %s cannot be made", path).Wrap(err)
	}
	return readKey(path)
}

// KeyExposed reports whether others than its owner can read the folder's jwt.key, which deserves a warning.
func KeyExposed(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, keyName))
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}

func readKey(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator's own data folder
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxKey+1))
	if err == nil && len(b) > maxKey {
		err = errors.New("the file is larger than 4096 bytes")
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	key := bytes.TrimSpace(b)
	if err := checkKey(key); err != nil {
		return nil, err.With("file", path)
	}
	return key, nil
}

func unreadable(path string, cause error) error {
	return fault.New(fault.Internal, "jwt_key_unreadable", "the key file %s cannot be read", path).Wrap(cause)
}

func checkKey(key []byte) *fault.Error {
	if len(key) < MinKey {
		return fault.New(fault.Internal, "jwt_key_short", "the key that signs tokens has %d bytes and needs at least %d", len(key), MinKey)
	}
	return nil
}

// createKey puts a new key at the path, whole or not at all, and leaves one that another process put there first.
func createKey(dir, path string, link func(from, to string) error) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, keyName+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if removed := os.Remove(f.Name()); !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}()
	b := make([]byte, MinKey)
	_, _ = rand.Read(b) // never fails
	_, err = f.WriteString(hex.EncodeToString(b) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	// A link never replaces a file, so the first of several processes wins. Some file systems have none; there a rename must do.
	switch err := link(f.Name(), path); {
	case err == nil, errors.Is(err, fs.ErrExist):
	default:
		if err := os.Rename(f.Name(), path); err != nil {
			return err
		}
	}
	return syncFolder(dir)
}

// syncFolder makes the new name durable where folders can be synced.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir) //nolint:gosec // the operator's own data folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
