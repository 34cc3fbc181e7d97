package inventory

import (
	"hash/fnv"
	"slices"
	"sort"
	"strings"

	"kassa/core/id"
)

// blockSize is how many entries a block is made of: few enough that a search passes over most blocks, and that an edit copies little.
const blockSize = 64

// block is a run of the list. It never changes.
type block struct {
	text  string // of its entries, each ended by a line feed, which is in no search
	slots []slot
	grams grams
}

// slot is an entry but for its text.
type slot struct {
	end      int32 // of its text, line feed included
	key      int16 // bytes of its text that are the place's key
	bit      uint16
	id       id.ID
	category string
}

// slotBytes is about what an entry takes in memory beside its text: the slot, its id, and its share of the block.
const slotBytes = 48 + 48 + 8*gramWords/blockSize

func newBlock(es []Entry) *block {
	b := &block{slots: make([]slot, len(es))}
	size := 0
	for _, e := range es {
		size += len(e.Text) + 1
	}
	var text strings.Builder
	text.Grow(size)
	for i, e := range es {
		text.WriteString(e.Text)
		text.WriteByte('\n')
		b.slots[i] = slot{end: int32(text.Len()), key: int16(len(e.Key)), bit: uint16(idGram(e.ID)), id: e.ID, category: e.Category}
		b.grams.add(e)
	}
	b.text = text.String()
	return b
}

// blocksOf cuts entries, which are in their order, into blocks.
func blocksOf(es []Entry) (bs []*block) {
	for run := range slices.Chunk(es, blockSize) {
		bs = append(bs, newBlock(run))
	}
	return bs
}

func (b *block) bytes() int { return len(b.text) + slotBytes*len(b.slots) }

// entry returns the entry of a slot. It shares the block's text.
func (b *block) entry(i int) Entry {
	begin, s := 0, b.slots[i]
	if i > 0 {
		begin = int(b.slots[i-1].end)
	}
	text := b.text[begin : s.end-1]
	return Entry{Place{text[:s.key], s.id}, text, s.category}
}

func (b *block) last() Place { return b.entry(len(b.slots) - 1).Place }

// after returns the first slot that stands behind the place.
func (b *block) after(p Place) int {
	return sort.Search(len(b.slots), func(i int) bool { return b.entry(i).Compare(p) > 0 })
}

// next returns the first slot from i on whose text contains the query, or how many slots there are.
func (b *block) next(i int, query string) int {
	if i == len(b.slots) || query == "" {
		return i
	}
	begin := 0
	if i > 0 {
		begin = int(b.slots[i-1].end)
	}
	at := strings.Index(b.text[begin:], query)
	if at < 0 {
		return len(b.slots)
	}
	for int(b.slots[i].end) <= begin+at {
		i++
	}
	return i
}

// grams say which one, two or three bytes in a row a block's texts contain, and which ids it may hold: a bit that is not set proves that it has
// none, so that nearly every block without a match is passed over unread. Two thirds of the bits of an ordinary block are not set.
type grams [gramWords]uint64

const (
	gramWords = 256
	gramShift = 32 - 14 // that many bits: 256 words of 64
	mostGrams = 32      // of a search that are looked up
)

func (g *grams) add(e Entry) {
	var one, two, three uint32
	for i := range len(e.Text) {
		one = uint32(e.Text[i])
		two, three = two<<8&0xffff|one, three<<8&0xffffff|one
		g.set(gram(one, 1))
		if i >= 1 {
			g.set(gram(two, 2))
		}
		if i >= 2 {
			g.set(gram(three, 3))
		}
	}
	g.set(idGram(e.ID))
}

func (g *grams) set(bit uint32) { g[bit/64] |= 1 << (bit % 64) }

func (g *grams) has(bit uint32) bool { return g[bit/64]&(1<<(bit%64)) != 0 }

// hasAll reports whether a text that contains all of the bits may be there.
func (g *grams) hasAll(bits []uint32) bool {
	for _, bit := range bits {
		if !g.has(bit) {
			return false
		}
	}
	return true
}

// group is a set of products. Its bits tell most others apart without a look at their ids.
type group struct {
	ids  map[id.ID]bool
	bits grams
}

func groupOf(ids []id.ID) *group {
	g := &group{ids: make(map[id.ID]bool, len(ids))}
	for _, i := range ids {
		g.ids[i] = true
		g.bits.set(idGram(i))
	}
	return g
}

func (g *group) has(s *slot) bool { return g.bits.has(uint32(s.bit)) && g.ids[s.id] }

// gram returns the bit of so many bytes in a row.
func gram(bytes uint32, n uint32) uint32 { return (bytes | n<<24) * 2654435761 >> gramShift }

func idGram(i id.ID) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(i)) // never fails
	return h.Sum32() * 2654435761 >> gramShift
}

// gramsOf returns the bits of what a search contains.
func gramsOf(query string) []uint32 {
	switch len(query) {
	case 0:
		return nil
	case 1:
		return []uint32{gram(uint32(query[0]), 1)}
	case 2:
		return []uint32{gram(uint32(query[0])<<8|uint32(query[1]), 2)}
	}
	bits := make([]uint32, 0, mostGrams)
	for i := 2; i < len(query) && len(bits) < mostGrams; i++ {
		bits = append(bits, gram(uint32(query[i-2])<<16|uint32(query[i-1])<<8|uint32(query[i]), 3))
	}
	return bits
}
