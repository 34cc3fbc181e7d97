package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"kassa/core/fault"
	"kassa/core/store"

	"zombiezen.com/go/sqlite"
)

// copiedAtOnce is how many pages are copied between two looks at the context: 8 MiB.
const copiedAtOnce = 1000

// Claim makes a folder the caller's alone until it is released, which removes it. What an earlier process left in it is removed; ErrLocked when another
// one has it.
func Claim(dir string) (release func() error, err error) {
	lock, err := hold(dir)
	if err != nil {
		return nil, err
	}
	found, err := os.ReadDir(dir)
	for _, e := range found {
		if e.Name() != lockName {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return func() error {
		kept := os.RemoveAll(dir)
		err := lock.Unlock()
		if kept != nil { // Windows removes no file that is open
			err = errors.Join(err, os.RemoveAll(dir))
		}
		return err
	}, nil
}

// CloseWhole closes the database, and returns an error where its files do not hold everything then: SQLite says nothing of a log that it could not
// bring into its file, because the disk is full, or somebody else has the file open.
func (d *Database) CloseWhole() error {
	if err := d.Close(); err != nil {
		return err
	}
	logs, err := filepath.Glob(filepath.Join(d.dir, "*.db-wal"))
	for _, l := range logs {
		if info, failed := os.Stat(l); failed != nil || info.Size() > 0 {
			err = errors.Join(err, failed, fmt.Errorf("what is in %s could not be brought into its file; look whether the disk is full", l))
		}
	}
	return err
}

// Files returns the names of the database's files: the list, and one for each of the stores. After CloseWhole they hold everything.
func (d *Database) Files(stores []store.Store) []string {
	names := []string{"kassa.db"}
	for _, s := range stores {
		names = append(names, fileName(s.ID))
	}
	return names
}

// Snapshot copies the store, as it is at one moment, beside whoever writes to it, into another database of the caller's own. Who is signed in is not
// copied. progress is told how many pages of how many are copied.
func (d *Database) Snapshot(ctx context.Context, s store.Store, into *Database, progress func(done, of int64)) error {
	err := d.read(ctx, s.ID, func(t *tx) error {
		// The first statement takes the snapshot. Without it the copy would begin again after every commit.
		if err := one(t.conn, "SELECT token FROM head", func(*sqlite.Stmt) {}); err != nil {
			return err
		}
		return copyPages(ctx, t.conn, into.path(s.ID), progress)
	})
	if err != nil {
		return err
	}
	return into.onList(ctx, true, func(t *tx) error { return t.enlist(s) })
}

// copyPages copies all pages that the connection sees to a new file. Nothing of that need survive a crash by itself.
func copyPages(ctx context.Context, from *sqlite.Conn, path string, progress func(done, of int64)) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	to, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	for _, p := range []string{"journal_mode=OFF", "synchronous=OFF", "secure_delete=ON"} {
		if err := exec(to, "PRAGMA "+p); err != nil {
			return err
		}
	}
	if err := backUp(ctx, to, from, progress); err != nil {
		return err
	}
	return exec(to, "DELETE FROM sessions")
}

func backUp(ctx context.Context, to, from *sqlite.Conn, progress func(done, of int64)) (err error) {
	b, err := sqlite.NewBackup(to, "", from, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err = b.Step(copiedAtOnce); err != nil {
			return err
		}
		progress(int64(b.PageCount()-b.Remaining()), int64(b.PageCount()))
	}
	return nil
}

// Adopt takes over the files of stores from a closed database in a folder on the same disk, all or none of them. What a crash leaves before that
// is files that no list names and nobody opens. Conflict fault store_exists when a store of one of the names is there.
func (d *Database) Adopt(ctx context.Context, stores []store.Store, folder string) error {
	var moved []string
	err := d.onList(ctx, true, func(t *tx) error {
		for _, s := range stores {
			if err := t.enlist(s); err != nil {
				return err
			}
		}
		for _, s := range stores {
			if err := move(filepath.Join(folder, fileName(s.ID)), d.path(s.ID)); err != nil {
				return err
			}
			moved = append(moved, d.path(s.ID))
		}
		return syncFolder(d.dir)
	})
	if err != nil {
		for _, path := range moved {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}

// move moves a file of a closed database. The log of another one, that once was in its place, would be taken for its own.
func move(from, to string) error {
	for _, beside := range []string{"-wal", "-shm"} {
		if err := os.Remove(to + beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Rename(from, to)
}

// syncFolder puts the names in a folder on the disk. Windows does that by itself, and cannot be asked to.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Full makes an Unavailable fault disk_full of an error that says that the disk of the folder is full; other errors come back as they are.
func Full(err error, folder string) error {
	switch sqlite.ErrCode(err) {
	case sqlite.ResultFull, sqlite.ResultIOErrSHMSize: // the latter beside a log
	default:
		return err
	}
	return fault.New(fault.Unavailable, "disk_full", "the disk of %s is full", folder).Wrap(err)
}
