package inventory

import (
	"slices"
	"sort"
	"strings"
	"sync"

	"kassa/core/id"
	"kassa/core/journal"
)

// edition is a catalogue as of one edit. It never changes: the next one shares the blocks that the edits between leave alone.
type edition struct {
	newest mark
	blocks []*block // in the order of the list
	beyond bool     // the products take more memory than they may, so there are no blocks
	shown  shown

	sized sync.Once
	size  int // see bytes
}

// mark names a record. Its hash tells whether the journal is still the same.
type mark struct {
	position int64
	hash     journal.Hash
}

// bytes returns about what the blocks take in memory.
func (e *edition) bytes() int {
	e.sized.Do(func() {
		for _, b := range e.blocks {
			e.size += b.bytes()
		}
	})
	return e.size
}

// each gives the products behind the place that query and category let through to fn, in their order, until its first error. Where a group is
// given, only those in it.
func (e *edition) each(f Filter, behind Place, among *group, fn func(id.ID) error) error {
	bits := gramsOf(f.Query)
	first := sort.Search(len(e.blocks), func(i int) bool { return e.blocks[i].last().Compare(behind) > 0 })
	for n, b := range e.blocks[first:] {
		if !b.grams.hasAll(bits) {
			continue
		}
		i := 0
		if n == 0 {
			i = b.after(behind)
		}
		if err := b.each(i, f, among, fn); err != nil {
			return err
		}
	}
	return nil
}

// each does so from a slot on. What few products have is compared before their texts are searched; else all texts are searched at once.
func (b *block) each(from int, f Filter, among *group, fn func(id.ID) error) error {
	if f.Category == "" && among == nil {
		for i := b.next(from, f.Query); i < len(b.slots); i = b.next(i+1, f.Query) {
			if err := fn(b.slots[i].id); err != nil {
				return err
			}
		}
		return nil
	}
	for i := from; i < len(b.slots); i++ {
		s := &b.slots[i]
		if f.Category != "" && s.category != f.Category || among != nil && !among.has(s) || !strings.Contains(b.entry(i).Text, f.Query) {
			continue
		}
		if err := fn(s.id); err != nil {
			return err
		}
	}
	return nil
}

// edits are products as some records left them; nil where one is deleted.
type edits map[id.ID]*Entry

// with returns the edition after the edits, up to newest.
func (e *edition) with(changed edits, newest mark) *edition {
	next := &edition{newest: newest, blocks: make([]*block, 0, len(e.blocks)+1)}
	added := make([]Entry, 0, len(changed))
	bits := make([]uint32, 0, len(changed))
	for i, entry := range changed {
		bits = append(bits, idGram(i))
		if entry != nil {
			added = append(added, *entry)
		}
	}
	slices.SortFunc(added, func(a, b Entry) int { return a.Compare(b.Place) })
	for _, b := range e.blocks {
		last := b.last()
		here := sort.Search(len(added), func(i int) bool { return added[i].Compare(last) > 0 })
		if here == 0 && !b.holds(changed, bits) {
			next.blocks = append(next.blocks, b)
			continue
		}
		next.append(b.with(changed, added[:here]))
		added = added[here:]
	}
	next.append(added)
	return next
}

// holds reports whether the block has one of the products, whose bits are given.
func (b *block) holds(changed edits, bits []uint32) bool {
	if !slices.ContainsFunc(bits, b.grams.has) {
		return false
	}
	return slices.ContainsFunc(b.slots, func(s slot) bool { _, ok := changed[s.id]; return ok })
}

// with returns the block's entries without those that changed, and the added ones.
func (b *block) with(changed edits, added []Entry) []Entry {
	es := make([]Entry, 0, len(b.slots)+len(added))
	for i := range b.slots {
		if _, gone := changed[b.slots[i].id]; !gone {
			es = append(es, b.entry(i))
		}
	}
	es = append(es, added...)
	slices.SortFunc(es, func(a, b Entry) int { return a.Compare(b.Place) })
	return es
}

// append adds entries behind all others, together with the last block where both are small, so that deletions leave no crumbs.
func (e *edition) append(es []Entry) {
	if len(es) == 0 {
		return
	}
	if n := len(e.blocks); n > 0 && len(e.blocks[n-1].slots)+len(es) <= blockSize {
		es = append(e.blocks[n-1].with(nil, nil), es...)
		e.blocks = e.blocks[:n-1]
	}
	if len(es) <= 2*blockSize { // one that grows is not cut at once, or each half would be copied by the next edit beside it
		e.blocks = append(e.blocks, newBlock(es))
		return
	}
	e.blocks = append(e.blocks, blocksOf(es)...)
}
