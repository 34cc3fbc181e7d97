package inventory

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"kassa/core/id"
)

// The bounds of a look-up of what was scanned.
const (
	scansAtOnce = 128
	scanWithin  = 5 * time.Second
)

var errScanFailed = errors.New("the look-up of a barcode did not end")

// scanner finds what tills scan. While a look-up is under way in a store, who scans there waits, and then all who wait are looked up together: that
// costs little more than one, and nobody waits where nobody else scans. A look-up begins after all whom it answers have asked, so that no
// answer is older than its question.
type scanner struct {
	// find returns the products that have the barcodes, as of one moment.
	find func(ctx context.Context, st id.Store, codes []string) ([]Listed, error)
	mu   sync.Mutex
	wait map[id.Store][]*scan // where a look-up is under way, who waits for it to end
}

// scan is one barcode that somebody asks for.
type scan struct {
	code  string
	leads chan struct{} // given something when the next look-up is its own to make
	done  chan struct{} // closed when another one's look-up answered it
	found []Listed      // one product or none
	err   error
}

func newScanner(find func(ctx context.Context, st id.Store, codes []string) ([]Listed, error)) *scanner {
	return &scanner{find: find, wait: map[id.Store][]*scan{}}
}

// scan returns the product that has the barcode, which is one of Product.Codes, or nothing. It returns the context's error when that ends before.
func (c *scanner) scan(ctx context.Context, st id.Store, code string) ([]Listed, error) {
	s := &scan{code: code, leads: make(chan struct{}, 1), done: make(chan struct{})}
	if c.waits(st, s) {
		select {
		case <-s.done:
			return s.found, s.err
		case <-ctx.Done():
			c.leave(st, s)
			return nil, ctx.Err()
		case <-s.leads:
		}
	}
	c.lookUp(ctx, st, s)
	return s.found, s.err
}

// waits reports whether the scan has to wait for a look-up that is under way.
func (c *scanner) waits(st id.Store, s *scan) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	others, busy := c.wait[st]
	if busy {
		others = append(others, s)
	}
	c.wait[st] = others
	return busy
}

// leave gives up waiting.
func (c *scanner) leave(st id.Store, s *scan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.wait[st], s); i >= 0 {
		c.wait[st] = slices.Delete(c.wait[st], i, i+1)
	}
	select {
	case <-s.leads: // just now
		c.handOn(st)
	default:
	}
}

// handOn lets the first who waits look up next. The caller holds the lock.
func (c *scanner) handOn(st id.Store) {
	if len(c.wait[st]) == 0 {
		delete(c.wait, st)
		return
	}
	c.wait[st][0].leads <- struct{}{}
	c.wait[st] = c.wait[st][1:]
}

// lookUp answers the scan and those who wait. It goes on when its own context ends, because others wait for it too.
func (c *scanner) lookUp(ctx context.Context, st id.Store, s *scan) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), scanWithin)
	defer cancel()
	c.mu.Lock()
	n := min(len(c.wait[st]), scansAtOnce-1)
	all := append([]*scan{s}, c.wait[st][:n]...)
	c.wait[st] = c.wait[st][n:]
	c.mu.Unlock()

	codes := make([]string, len(all))
	for i, o := range all {
		codes[i] = o.code
	}
	by, err := map[string]Listed(nil), errScanFailed
	defer func() {
		for _, o := range all {
			if l, ok := by[o.code]; ok {
				o.found = []Listed{l}
			}
			o.err = err
			close(o.done)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.handOn(st)
	}()
	found, failed := c.find(ctx, st, codes)
	by, err = byCode(found), failed
}

// byCode indexes products by their barcodes.
func byCode(found []Listed) map[string]Listed {
	by := make(map[string]Listed, len(found))
	for _, l := range found {
		for _, code := range l.Product.Codes() {
			by[code] = l
		}
	}
	return by
}
