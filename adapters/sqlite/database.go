// Package sqlite keeps Kassa's stores in SQLite, the embedded default: one file per store, and kassa.db beside them, which lists the
// stores. Each file has one writer connection and a few readers beside it, in WAL mode with full durability.
package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"kassa/core/fault"
	"kassa/core/id"

	"github.com/gofrs/flock"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

const (
	busyTimeout = 5 * time.Second
	lockName    = "kassa.lock"
)

// ErrLocked says that another process writes to the same data.
var ErrLocked = errors.New("the data is in use by another kassa; stop the server first")

// ErrNoData is what reading a folder returns that holds none.
var ErrNoData = errors.New("there is no kassa data")

// Database is a folder of stores.
type Database struct {
	dir    string
	lock   *flock.Flock // nil for readers
	mu     sync.Mutex
	stores map[id.Store]*file
	list   *file
}

// Open opens the data in the folder for writing and takes its lock; ErrLocked when another process has it.
func Open(dir string) (*Database, error) {
	lock, err := hold(dir)
	if err != nil {
		return nil, err
	}
	return open(dir, lock)
}

// hold makes the folder where it is missing and takes its lock.
func hold(dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	lock := flock.New(filepath.Join(dir, lockName))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if !ok {
		return nil, ErrLocked
	}
	return lock, nil
}

// OpenReader opens the data in the folder beside a running server, for reading only.
func OpenReader(dir string) (*Database, error) {
	if err := Exists(dir); err != nil {
		return nil, err
	}
	return open(dir, nil)
}

// Exists returns nil when the folder holds Kassa's data, else an error that says so.
func Exists(dir string) error {
	if err := listed(dir); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "kassa.db")); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w in %s: no file kassa.db is there", ErrNoData, dir)
		}
		return fmt.Errorf("the data in %s cannot be read: %w", dir, err)
	}
	return nil
}

// listed refuses a folder with stores and without their list, which would look like one without stores.
func listed(dir string) error {
	stores, err := filepath.Glob(filepath.Join(dir, "store-*.db"))
	if err != nil || len(stores) == 0 {
		return err
	}
	if !exists(filepath.Join(dir, "kassa.db")) {
		return fmt.Errorf("kassa.db, which lists the stores, is missing in %s; put it back from a backup", dir)
	}
	return nil
}

// whole refuses a list that names a store without a file, which would look like one without users.
func (d *Database) whole() error {
	c := <-d.list.readers
	defer func() { d.list.readers <- c }()
	var missing error
	err := each(c, "SELECT id, name FROM stores", func(s *sqlite.Stmt) error {
		if path := d.path(id.Store(s.ColumnText(0))); !exists(path) {
			missing = fmt.Errorf("%s, the books of the store %s, is missing in %s; put it back from a backup", filepath.Base(path), s.ColumnText(1), d.dir)
		}
		return nil
	})
	if err != nil {
		return unopened("kassa.db", err)
	}
	return missing
}

func open(dir string, lock *flock.Flock) (*Database, error) {
	d := &Database{dir: dir, lock: lock, stores: map[id.Store]*file{}}
	err := listed(dir)
	if err == nil {
		d.list, err = openFile(filepath.Join(dir, "kassa.db"), "list", lock == nil)
	}
	if err == nil {
		err = d.whole()
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close closes every file and gives the lock back.
func (d *Database) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, f := range d.stores {
		errs = append(errs, f.close())
	}
	d.stores = map[id.Store]*file{}
	if d.list != nil {
		errs = append(errs, d.list.close())
		d.list = nil
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Unlock())
	}
	return errors.Join(errs...)
}

// store returns the file of the store; NotFound fault store_unknown when there is none.
func (d *Database) store(s id.Store) (*file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, ok := d.stores[s]; ok {
		return f, nil
	}
	path := d.path(s)
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, storeUnknown()
		}
		return nil, err
	}
	f, err := openFile(path, "store", d.lock == nil)
	if err != nil {
		return nil, err
	}
	d.stores[s] = f
	return f, nil
}

func (d *Database) path(s id.Store) string { return filepath.Join(d.dir, fileName(s)) }

func fileName(s id.Store) string { return "store-" + string(s) + ".db" }

func storeUnknown() error {
	return fault.New(fault.NotFound, "store_unknown", "there is no such store")
}

// file is one SQLite file: its writer connection and its readers.
type file struct {
	writer  chan *sqlite.Conn // one connection, or none for readers beside a running server
	readers chan *sqlite.Conn
	names   *names
	log     *checkpointer // nil without a writer
}

func openFile(path, schema string, readOnly bool) (*file, error) {
	n := max(4, runtime.GOMAXPROCS(0))
	f := &file{writer: make(chan *sqlite.Conn, 1), readers: make(chan *sqlite.Conn, n), names: newNames()}
	if !readOnly {
		w, err := connect(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
		if err != nil {
			return nil, err
		}
		f.writer <- w
		err = migrate(w, schema)
		if err == nil && schema == "store" {
			err = rewritePeople(w)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("prepare %s: %w", filepath.Base(path), err), f.close())
		}
	}
	if !readOnly {
		var err error
		if f.log, err = newCheckpointer(path, f.writer); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	for range n {
		r, err := connectReader(path)
		if err != nil {
			return nil, errors.Join(err, f.close())
		}
		f.readers <- r
	}
	return f, nil
}

// connect opens a connection. synchronous=FULL makes every commit durable before it is answered. Pages of 8 KiB halve the pages that a commit
// of records of 2 KB writes: a third more sales a second than with 4 KiB. Checkpoints are
// the checkpointer's.
func connect(path string, flags sqlite.OpenFlags) (*sqlite.Conn, error) {
	if flags&sqlite.OpenCreate != 0 {
		// SQLite would let everybody read what it makes; the files beside it get the same rights.
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
		}
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
		}
	}
	return prepare(path, path, flags)
}

// connectReader opens a connection for reading. SQLite makes files beside the one that it reads, unless it is told that this one does not change:
// where nothing may be written and there is no log, nobody writes.
func connectReader(path string) (*sqlite.Conn, error) {
	c, err := prepare(path, path, sqlite.OpenReadOnly)
	if code := sqlite.ErrCode(err).ToPrimary(); code != sqlite.ResultCantOpen && code != sqlite.ResultReadOnly {
		return c, err
	}
	if f, err := os.Open(path); err == nil {
		_ = f.Close()
	} else if errors.Is(err, fs.ErrPermission) { // SQLite does not say so
		return nil, err
	}
	if log := path + "-wal"; exists(log) {
		return nil, fmt.Errorf("%s has a log beside it, %s, and may not be written: copy the folder and use the copy", filepath.Base(path), filepath.Base(log))
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	unchanging := url.URL{Scheme: "file", Path: full, RawQuery: "immutable=1"}
	return prepare(path, unchanging.String(), sqlite.OpenReadOnly|sqlite.OpenURI)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// prepare opens a connection to the file, which SQLite may know under another name, and sets it up.
func prepare(path, name string, flags sqlite.OpenFlags) (*sqlite.Conn, error) {
	c, err := sqlite.OpenConn(name, flags)
	if err != nil {
		return nil, unopened(path, err)
	}
	c.SetBusyTimeout(busyTimeout)
	pragmas := []string{"foreign_keys=ON", "temp_store=MEMORY", "cache_size=-2000"}
	if flags&sqlite.OpenReadWrite != 0 {
		pragmas = []string{"page_size=8192", "journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-32768"}
	}
	for _, p := range pragmas {
		if err := exec(c, "PRAGMA "+p); err != nil {
			return nil, errors.Join(unopened(path, err), c.Close())
		}
	}
	return c, nil
}

// unopened says which file cannot be opened, and of a damaged one what to do.
func unopened(path string, err error) error {
	if code := sqlite.ErrCode(err).ToPrimary(); code == sqlite.ResultNotADB || code == sqlite.ResultCorrupt {
		return fmt.Errorf("%s is damaged; put a backup in its place", filepath.Base(path))
	}
	return fmt.Errorf("open %s: %w", filepath.Base(path), err)
}

// migrate brings the file to the newest schema. Each script runs once, in one transaction with its number.
func migrate(c *sqlite.Conn, folder string) error {
	scripts, err := fs.Glob(migrations, "migrations/"+folder+"/*.sql")
	if err != nil {
		return err
	}
	var version int
	if err := one(c, "PRAGMA user_version", func(s *sqlite.Stmt) { version = s.ColumnInt(0) }); err != nil {
		return err
	}
	if version > len(scripts) {
		return fmt.Errorf("it was written by a newer kassa (schema %d, this one knows %d)", version, len(scripts))
	}
	for i, path := range scripts[version:] {
		script, err := migrations.ReadFile(path)
		if err != nil {
			return err
		}
		number := version + i + 1
		if err := sqlitex.ExecuteScript(c, fmt.Sprintf("%s\nPRAGMA user_version=%d;", script, number), nil); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func (f *file) close() error {
	var errs []error
	if f.log != nil {
		errs = append(errs, f.log.stop())
	}
	for range cap(f.readers) {
		select {
		case c := <-f.readers:
			errs = append(errs, c.Close())
		default:
		}
	}
	select {
	case c := <-f.writer: // last, so that it checkpoints and removes the WAL
		errs = append(errs, c.Close())
	default:
	}
	return errors.Join(errs...)
}

// take waits for a connection until the context ends.
func take(ctx context.Context, from chan *sqlite.Conn) (*sqlite.Conn, error) {
	select {
	case c := <-from:
		return c, nil
	default:
	}
	select {
	case c := <-from:
		return c, nil
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "database_busy", "the database is busy").Retry(time.Second).Wrap(ctx.Err())
	}
}
