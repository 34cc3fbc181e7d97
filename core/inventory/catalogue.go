package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
)

// The bounds of the catalogues in memory.
const (
	MaxCatalogue = 100 << 20 // bytes of all stores together: half a million ordinary products
	maxBehind    = 1000      // edits that are caught up with; beyond that the products are read again
	editsAtOnce  = 128
)

// EditsRef lists the records that changed a product. The newest of them says whether a catalogue is still right.
var EditsRef = journal.NewRef("catalogue", "edits")

// catalogue keeps in memory what lists and searches compare of the products, for each store that is asked for. It is right for the snapshot that
// the products of the page are read in: whoever asks reads the newest edit there, and first catches up with what came since.
type catalogue struct {
	products Repository
	journal  journal.Repository
	most     int // bytes
	mu       sync.Mutex
	shelves  map[id.Store]*shelf
	uses     atomic.Int64
}

// shelf is the catalogue of one store.
type shelf struct {
	turn chan struct{} // held by the one who reads what is missing
	now  atomic.Pointer[edition]
	used atomic.Int64 // the higher, the later
}

func newCatalogue(p Repository, j journal.Repository) *catalogue {
	return &catalogue{products: p, journal: j, most: MaxCatalogue, shelves: map[id.Store]*shelf{}}
}

func (c *catalogue) shelf(s id.Store) *shelf {
	c.mu.Lock()
	defer c.mu.Unlock()
	sh := c.shelves[s]
	if sh == nil {
		sh = &shelf{turn: make(chan struct{}, 1)}
		c.shelves[s] = sh
	}
	sh.used.Store(c.uses.Add(1))
	return sh
}

// kept returns the edition in memory where it is the one of the snapshot, else nil.
func (c *catalogue) kept(ctx context.Context, s id.Store) (*edition, error) {
	e := c.shelf(s).now.Load()
	if e == nil {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	newest, err := c.newest(ctx, s)
	if err != nil || markOf(newest) != e.newest {
		return nil, err
	}
	return e, nil
}

// caughtUp returns the edition of the snapshot, which must not have been read from yet: then it is not older than what is in memory. Those who
// miss the same wait for one of them to read it. Unavailable fault catalogue_busy when the context ends before.
func (c *catalogue) caughtUp(ctx context.Context, s id.Store) (*edition, error) {
	sh := c.shelf(s)
	select {
	case sh.turn <- struct{}{}:
		defer func() { <-sh.turn }()
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "catalogue_busy", "the products are being read; ask again").Retry(time.Second).Wrap(ctx.Err())
	}
	newest, err := c.newest(ctx, s)
	if err != nil {
		return nil, err
	}
	e := sh.now.Load()
	if e != nil && e.newest == markOf(newest) {
		return e, nil
	}
	if e, err = c.advanced(ctx, s, e, newest); e != nil || err != nil {
		if err == nil {
			sh.now.Store(e)
		}
		return e, err
	}
	return c.load(ctx, s, sh, markOf(newest))
}

// advanced returns the edition after the edits since, or nil where it cannot be told from them.
func (c *catalogue) advanced(ctx context.Context, s id.Store, e *edition, newest []journal.Record) (*edition, error) {
	if e == nil {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	changed, ok, err := c.since(ctx, s, e.newest, newest)
	if err != nil || !ok {
		return nil, err
	}
	next := &edition{newest: markOf(newest), beyond: true}
	if !e.beyond {
		if in := e.with(changed, next.newest); in.bytes() <= c.most {
			next = in
		}
	}
	next.shown.takeOver(&e.shown, changed)
	return next, nil
}

// since reads back from the newest edits to the known one. It reports whether that is still there, and not too far away.
func (c *catalogue) since(ctx context.Context, s id.Store, known mark, rs []journal.Record) (changed edits, ok bool, err error) {
	changed = edits{}
	for asked, n := 1, 0; n <= maxBehind; {
		for _, r := range rs {
			if r.Position <= known.position {
				return changed, mark{r.Position, r.Hash} == known, nil
			}
			doc, ok := r.Doc.(*Edit)
			if !ok {
				return nil, false, fmt.Errorf("%w: record %d is listed as the edit of a product", journal.ErrCorrupt, r.Position)
			}
			changed.add(&doc.Product)
			n++
		}
		if len(rs) < asked {
			return changed, known == mark{}, nil
		}
		asked = min(4*asked, editsAtOnce) // most often one edit is new
		g := journal.Range{Before: journal.Place{Position: rs[len(rs)-1].Position}, Limit: asked}
		if rs, err = c.journal.List(ctx, s, EditsRef, g); err != nil {
			return nil, false, err
		}
	}
	return nil, false, nil
}

// add takes an edit that is older than those before it.
func (es edits) add(p *Product) {
	if _, later := es[p.id]; later {
		return
	}
	es[p.id] = nil
	if !p.deleted {
		e := EntryOf(p)
		es[p.id] = &e
	}
}

// newest returns the newest edit, or nothing where none is listed.
func (c *catalogue) newest(ctx context.Context, s id.Store) ([]journal.Record, error) {
	return c.journal.List(ctx, s, EditsRef, journal.Range{Limit: 1})
}

func markOf(newest []journal.Record) mark {
	if len(newest) == 0 {
		return mark{}
	}
	return mark{newest[0].Position, newest[0].Hash}
}

var errBeyond = errors.New("the products take too much memory")

// load reads all products. While a copy fills the store, nothing is kept, because it saves records before the products that they changed.
func (c *catalogue) load(ctx context.Context, s id.Store, sh *shelf, newest mark) (*edition, error) {
	head, err := c.journal.Head(ctx, s)
	if err != nil {
		return nil, err
	}
	e, err := c.read(ctx, s, newest)
	if err != nil || head.Status == journal.Copying {
		return e, err
	}
	sh.now.Store(e)
	c.makeRoom(sh)
	return e, nil
}

func (c *catalogue) read(ctx context.Context, s id.Store, newest mark) (*edition, error) {
	e := &edition{newest: newest}
	var run []Entry
	var last Place
	size, categories := 0, map[string]string{}
	err := c.products.Scan(ctx, s, Place{}, func(x Entry) error {
		if x.Compare(last) <= 0 || !strings.HasPrefix(x.Text, x.Key) {
			return fmt.Errorf("%w: product %s is listed as another one", journal.ErrCorrupt, x.ID)
		}
		if known, ok := categories[x.Category]; ok {
			x.Category = known
		}
		categories[x.Category], last = x.Category, x.Place
		if run = append(run, x); len(run) == blockSize {
			b := newBlock(run)
			e.blocks, run, size = append(e.blocks, b), run[:0], size+b.bytes()
		}
		if size > c.most {
			return errBeyond
		}
		return nil
	})
	if errors.Is(err, errBeyond) {
		return &edition{newest: newest, beyond: true}, nil
	}
	e.blocks = append(e.blocks, blocksOf(run)...)
	return e, err
}

// show holds products that a page of the edition showed.
func (c *catalogue) show(s id.Store, e *edition, ps []*Product) {
	e.shown.hold(ps)
	c.makeRoom(c.shelf(s))
}

// makeRoom forgets what pages showed, which is read again page by page, and then whole catalogues but for this shelf's, until the rest fits. Those that
// were not asked for the longest while go first.
func (c *catalogue) makeRoom(but *shelf) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size, there := 0, make([]*shelf, 0, len(c.shelves))
	for _, sh := range c.shelves {
		if e := sh.now.Load(); e != nil {
			size, there = size+e.bytes()+e.shown.bytes(), append(there, sh)
		}
	}
	if size <= c.most {
		return
	}
	slices.SortFunc(there, func(a, b *shelf) int { return cmp.Compare(a.used.Load(), b.used.Load()) })
	for _, sh := range there {
		if e := sh.now.Load(); e != nil && size > c.most {
			size -= e.shown.clear()
		}
	}
	for _, sh := range there {
		if e := sh.now.Load(); e != nil && sh != but && size > c.most {
			size -= e.bytes()
			sh.now.CompareAndSwap(e, nil)
		}
	}
}
