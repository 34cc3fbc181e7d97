package sqlite

import (
	"sync"
	"sync/atomic"

	"zombiezen.com/go/sqlite"
)

const (
	// checkpointEvery is how many commits lie between two checkpoints beside the writer.
	checkpointEvery = 16
	// fullLog is how many pages the log has before the writer empties it: 64 MiB.
	fullLog = 8000
)

// checkpointer copies pages from the log to the file on a connection of its own, so that the writer does not wait for the disk meanwhile. Only
// the last few pages are left to the writer, when the log is long: a log is begun anew once all of it is copied, which never happens beside a
// busy writer.
type checkpointer struct {
	conn    *sqlite.Conn
	due     chan struct{}
	commits int // counted by whoever has the writer's connection
	full    atomic.Bool
	stopped sync.WaitGroup
}

func newCheckpointer(path string) (*checkpointer, error) {
	c, err := connect(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	p := &checkpointer{conn: c, due: make(chan struct{}, 1)}
	p.stopped.Go(p.run)
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
	if p.commits++; p.commits >= checkpointEvery {
		p.commits = 0
		select {
		case p.due <- struct{}{}:
		default: // one is under way
		}
	}
}

func (p *checkpointer) stop() error {
	close(p.due)
	p.stopped.Wait()
	return p.conn.Close()
}

// checkpoint copies what it can without waiting for anybody. It returns how many pages the log has, and how many of them are copied by now.
func checkpoint(c *sqlite.Conn) (pages, copied int, err error) {
	err = one(c, "PRAGMA wal_checkpoint(PASSIVE)", func(s *sqlite.Stmt) { pages, copied = s.ColumnInt(1), s.ColumnInt(2) })
	return pages, copied, err
}
