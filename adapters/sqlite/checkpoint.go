package sqlite

import (
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
)

const (
	// manyRows is how many rows are written between two checkpoints beside the writer: some 200 sales. Fewer cost more syncs, more make each of them
	// longer, and commits wait for it.
	manyRows = 2500
	// manyCommits is how many commits there are at most between two, because an image is one row.
	manyCommits = 32
	// fullLog is how many pages the log has before the writer empties it: 64 MiB.
	fullLog = 8000
	// eraseAgain is how long a log that somebody reads is left alone before it is tried again to empty it.
	eraseAgain = 100 * time.Millisecond
)

// checkpointer copies pages from the log to the file on a connection of its own, so that the writer does not wait for the disk meanwhile. Only
// the last few pages are left to the writer, when the log is long: a log is begun anew once all of it is copied, which never happens beside a
// busy writer.
//
// After an erasure the log still holds what was erased. Then it is emptied, with the writer's connection in its turn, because that waits for
// nobody: it succeeds in a moment when nobody reads.
type checkpointer struct {
	conn    *sqlite.Conn
	writer  chan *sqlite.Conn // the file's
	due     chan struct{}
	erasure chan struct{}
	closing chan struct{}
	commits int // since the last one was due, counted by whoever has the writer's connection
	written int // rows that this connection had written by then
	full    atomic.Bool
	stopped sync.WaitGroup
}

// newCheckpointer begins with an erasure, for a process that was killed may have left one unfinished.
func newCheckpointer(path string, writer chan *sqlite.Conn) (*checkpointer, error) {
	c, err := connect(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	p := &checkpointer{conn: c, writer: writer, due: make(chan struct{}, 1), erasure: make(chan struct{}, 1), closing: make(chan struct{})}
	p.stopped.Go(p.run)
	p.stopped.Go(p.erase)
	p.erased()
	return p, nil
}

func (p *checkpointer) run() {
	for range p.due {
		// A checkpoint that fails leaves the log as it is, and the next one goes on: nothing is lost by it.
		if pages, copied, err := checkpoint(p.conn); err == nil && pages >= fullLog && copied > 0 {
			p.full.Store(true)
		}
	}
}

// committed is called after each commit, with the writer's connection in hand.
func (p *checkpointer) committed(writer *sqlite.Conn) {
	if p.full.Load() {
		if pages, copied, err := checkpoint(writer); err == nil && pages == copied {
			p.full.Store(false)
		}
		return
	}
	p.commits++
	written := p.written
	_ = one(writer, "SELECT total_changes()", func(s *sqlite.Stmt) { written = s.ColumnInt(0) }) // else the commits count
	if written-p.written >= manyRows || p.commits >= manyCommits {
		p.commits, p.written = 0, written
		select {
		case p.due <- struct{}{}:
		default: // one is under way
		}
	}
}

// erased is called after a commit that erased something.
func (p *checkpointer) erased() {
	select {
	case p.erasure <- struct{}{}:
	default: // one is under way, and this one with it
	}
}

func (p *checkpointer) erase() {
	for {
		select {
		case <-p.erasure:
		case <-p.closing:
			return
		}
		for !p.empty() {
			select {
			case <-time.After(eraseAgain):
			case <-p.closing: // closing the file removes the log
				return
			}
		}
	}
}

// empty cuts the log to nothing. It returns false when somebody reads it.
func (p *checkpointer) empty() bool {
	select {
	case c := <-p.writer:
		defer func() { p.writer <- c }()
		c.SetBusyTimeout(0)
		defer c.SetBusyTimeout(busyTimeout)
		busy := true
		err := one(c, "PRAGMA wal_checkpoint(TRUNCATE)", func(s *sqlite.Stmt) { busy = s.ColumnInt(0) != 0 })
		return err == nil && !busy
	case <-p.closing:
		return false
	}
}

func (p *checkpointer) stop() error {
	close(p.closing)
	close(p.due)
	p.stopped.Wait()
	return p.conn.Close()
}

// checkpoint copies what it can without waiting for anybody. It returns how many pages the log has, and how many of them are copied by now.
func checkpoint(c *sqlite.Conn) (pages, copied int, err error) {
	err = one(c, "PRAGMA wal_checkpoint(PASSIVE)", func(s *sqlite.Stmt) { pages, copied = s.ColumnInt(1), s.ColumnInt(2) })
	return pages, copied, err
}
