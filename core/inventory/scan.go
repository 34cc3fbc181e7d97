package inventory

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
)

// The bounds of a look-up of what was scanned.
const (
	scansAtOnce = 128
	scanWithin  = 5 * time.Second
)

// scanner finds what tills scan. Who scans while nobody else does looks up at once. While a look-up is under way in a store, who scans there waits,
// and then all who wait are looked up together, which costs little more than one. A look-up begins after all whom it answers have asked, so that no
// answer is older than its question.
type scanner struct {
	// find returns the products that have the barcodes, as of one moment.
	find func(ctx context.Context, st id.Store, codes []string) ([]Listed, error)
	mu   sync.Mutex
	wait map[id.Store][]*scan // where a look-up is under way, who waits for the next one
}

// scan is one barcode that somebody asks for.
type scan struct {
	code  string
	done  chan struct{} // closed when it was answered
	found []Listed      // one product or none
	err   error
}

func newScanner(find func(ctx context.Context, st id.Store, codes []string) ([]Listed, error)) *scanner {
	return &scanner{find: find, wait: map[id.Store][]*scan{}}
}

// scan returns the product that has the barcode, which is one of Product.Codes, or nothing. It returns the context's error when that ends before.
func (c *scanner) scan(ctx context.Context, st id.Store, code string) ([]Listed, error) {
	s := c.join(st, code)
	if s == nil {
		defer c.handOn(st)
		ctx, cancel := context.WithTimeout(ctx, scanWithin) // others may wait for it
		defer cancel()
		return c.find(ctx, st, []string{code})
	}
	select {
	case <-s.done:
		return s.found, s.err
	case <-ctx.Done():
		c.leave(st, s)
		return nil, ctx.Err()
	}
}

// join lets a scan wait for the next look-up where one is under way. Else it returns nil, and one is from now on.
func (c *scanner) join(st id.Store, code string) *scan {
	c.mu.Lock()
	defer c.mu.Unlock()
	others, busy := c.wait[st]
	if !busy {
		c.wait[st] = nil
		return nil
	}
	s := &scan{code: code, done: make(chan struct{})}
	c.wait[st] = append(others, s)
	return s
}

// leave gives up waiting. A look-up that is under way goes on, as others wait for it.
func (c *scanner) leave(st id.Store, s *scan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.wait[st], s); i >= 0 {
		c.wait[st] = slices.Delete(c.wait[st], i, i+1)
	}
}

// handOn has those served who waited for the caller's own look-up, so that it need not wait for theirs.
func (c *scanner) handOn(st id.Store) {
	if all := c.next(st); len(all) > 0 {
		go c.serve(st, all)
	}
}

// serve answers these scans and those that wait after them, one look-up after the other.
func (c *scanner) serve(st id.Store, all []*scan) {
	for ; len(all) > 0; all = c.next(st) {
		ctx, cancel := context.WithTimeout(context.Background(), scanWithin)
		c.answer(ctx, st, all)
		cancel()
		for _, s := range all {
			close(s.done)
		}
	}
}

// answer looks the scans up together and, where that fails though the database is there, in halves: a product that cannot be read fails only those
// who scan it.
func (c *scanner) answer(ctx context.Context, st id.Store, all []*scan) {
	by, err := c.lookUp(ctx, st, all)
	if err != nil && len(all) > 1 && ctx.Err() == nil && !fault.IsKind(err, fault.Unavailable) {
		half := len(all) / 2
		c.answer(ctx, st, all[:half])
		c.answer(ctx, st, all[half:])
		return
	}
	for _, s := range all {
		if l, ok := by[s.code]; ok {
			s.found = []Listed{l}
		}
		s.err = err
	}
}

// next returns who is looked up next, those who have waited longest. Where nobody waits no look-up is under way any more.
func (c *scanner) next(st id.Store) []*scan {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.wait[st]
	if len(all) == 0 {
		delete(c.wait, st)
		return nil
	}
	n := min(len(all), scansAtOnce)
	c.wait[st] = all[n:]
	return all[:n]
}

// lookUp finds the products of the scans by their barcodes.
func (c *scanner) lookUp(ctx context.Context, st id.Store, all []*scan) (by map[string]Listed, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("looking barcodes up panicked: %v\n%s", r, debug.Stack())
		}
	}()
	codes := make([]string, len(all))
	for i, s := range all {
		codes[i] = s.code
	}
	found, err := c.find(ctx, st, codes)
	return byCode(found), err
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
