package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kassa/core/fault"
	"kassa/core/id"

	"zombiezen.com/go/sqlite"
)

// fullRetry is when a client may try again that met a full disk: somebody has to make room first.
const fullRetry = 10 * time.Second

// tx is a transaction that travels in a context. It begins with the first statement, because only that names the store.
type tx struct {
	d      *Database
	write  bool
	store  id.Store
	file   *file
	conn   *sqlite.Conn
	doomed error // a joined call failed: the outer one cannot commit
	names  map[string]named
	erases bool // something that was there is to be nowhere
}

// txKey is keyed by the database, so that a context that carries another database's transaction is not mistaken for ours.
type txKey struct{ d *Database }

var (
	errReadOnly  = errors.New("a write outside a write transaction")
	errTwoStores = errors.New("a transaction reaches for a second store")
)

func (d *Database) current(ctx context.Context) *tx {
	t, _ := ctx.Value(txKey{d}).(*tx)
	return t
}

// Transact implements transaction.Provider.
func (d *Database) Transact(ctx context.Context, fn func(ctx context.Context) error) error {
	if outer := d.current(ctx); outer != nil {
		if !outer.write {
			return errReadOnly
		}
		err := fn(ctx)
		if err != nil && outer.doomed == nil {
			outer.doomed = fmt.Errorf("a joined transaction failed: %w", err)
		}
		return err
	}
	return d.run(ctx, &tx{d: d, write: true}, fn)
}

// View implements transaction.Provider.
func (d *Database) View(ctx context.Context, fn func(ctx context.Context) error) error {
	if d.current(ctx) != nil {
		return fn(ctx)
	}
	return d.run(ctx, &tx{d: d}, fn)
}

func (d *Database) run(ctx context.Context, t *tx, fn func(ctx context.Context) error) (err error) {
	finished := false
	defer func() {
		if !finished { // fn panicked: leave nothing open behind
			_ = t.end(false)
		}
	}()
	err = fn(context.WithValue(ctx, txKey{d}, t))
	finished = true
	if err == nil {
		err = t.doomed
	}
	if err == nil && t.write {
		err = ctx.Err()
	}
	if err != nil {
		_ = t.end(false)
		return roomless(err)
	}
	return roomless(t.end(true))
}

// roomless makes an Unavailable fault of a disk without room. SQLite has undone the transaction then, so that it may be tried again.
func roomless(err error) error {
	if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultFull || fault.IsKind(err, fault.Unavailable) {
		return err
	}
	return fault.New(fault.Unavailable, "disk_full", "the disk of the server is full; nothing was changed").Retry(fullRetry).Wrap(err)
}

// begin takes a connection and opens the transaction on the store's file.
func (t *tx) begin(ctx context.Context, s id.Store) error {
	if t.conn != nil {
		if t.store != s {
			return errTwoStores
		}
		return nil
	}
	f, err := t.d.store(s)
	if err != nil {
		return err
	}
	return t.beginOn(ctx, s, f)
}

func (t *tx) beginOn(ctx context.Context, s id.Store, f *file) error {
	from, statement := f.readers, "BEGIN"
	if t.write {
		from, statement = f.writer, "BEGIN IMMEDIATE"
	}
	c, err := take(ctx, from)
	if err != nil {
		return err
	}
	if err := exec(c, statement); err != nil {
		from <- c
		return err
	}
	t.store, t.file, t.conn = s, f, c
	return nil
}

// end commits or rolls back and gives the connection back.
func (t *tx) end(commit bool) error {
	if t.conn == nil {
		return nil
	}
	c := t.conn
	t.conn = nil
	statement := "ROLLBACK"
	if commit {
		statement = "COMMIT"
	}
	err := exec(c, statement)
	if !c.AutocommitEnabled() { // a commit that failed leaves the transaction open
		_ = exec(c, "ROLLBACK")
	}
	if err == nil && commit && t.write {
		t.file.names.adopt(t.names)
		t.file.log.committed(c)
		if t.erases {
			t.file.log.erased()
		}
	}
	if t.write {
		t.file.writer <- c
	} else {
		t.file.readers <- c
	}
	return err
}

// read runs fn on the transaction of the context, or on a reader of its own.
func (d *Database) read(ctx context.Context, s id.Store, fn func(t *tx) error) error {
	if t := d.current(ctx); t != nil {
		if err := t.begin(ctx, s); err != nil {
			return err
		}
		return fn(t)
	}
	return d.View(ctx, func(ctx context.Context) error { return d.read(ctx, s, fn) })
}

// write runs fn on the write transaction of the context.
func (d *Database) write(ctx context.Context, s id.Store, fn func(t *tx) error) error {
	t := d.current(ctx)
	if t == nil || !t.write {
		return errReadOnly
	}
	if err := t.begin(ctx, s); err != nil {
		return err
	}
	return fn(t)
}
