package inventory

import (
	"sync"

	"kassa/core/id"
)

const (
	maxShownBytes = 16 << 20 // bytes of the products that pages of one edition showed
	shownBytes    = 400      // about what a product takes in memory beside its texts
)

// shown holds products that pages of an edition showed, so that the next page that has them need not read them. A product changes by edits only, so
// it is the same in all snapshots of an edition.
type shown struct {
	mu       sync.Mutex
	products map[id.ID]*Product
	size     int
	over     bool // the next edition has them
}

// of returns those of the products that are held.
func (s *shown) of(ids []id.ID) map[id.ID]*Product {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := make(map[id.ID]*Product, len(ids))
	for _, i := range ids {
		if p := s.products[i]; p != nil {
			held[i] = p
		}
	}
	return held
}

// hold adds products that were read in a snapshot of the edition. Any others go where they are too many.
func (s *shown) hold(ps []*Product) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	if s.products == nil {
		s.products = map[id.ID]*Product{}
	}
	for _, p := range ps {
		s.drop(p.id)
		s.products[p.id] = p
		s.size += p.bytes()
	}
	for i := range s.products {
		if s.size <= maxShownBytes {
			return
		}
		s.drop(i)
	}
}

func (s *shown) drop(i id.ID) {
	if p := s.products[i]; p != nil {
		s.size -= p.bytes()
		delete(s.products, i)
	}
}

// takeOver takes what the edition before held, but for what the edits since have changed.
func (s *shown) takeOver(before *shown, changed edits) {
	before.mu.Lock()
	defer before.mu.Unlock()
	s.products, s.size = before.products, before.size
	before.products, before.size, before.over = nil, 0, true
	for i := range changed {
		s.drop(i)
	}
}

func (s *shown) bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// clear drops all that is held, and returns its size.
func (s *shown) clear() (size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	size, s.products, s.size = s.size, nil, 0
	return size
}

// bytes returns about what the product takes in memory.
func (p *Product) bytes() int {
	n := shownBytes + len(p.d.Name) + len(p.d.Description) + len(p.d.SKU) + len(p.d.Category)
	for _, b := range p.d.Barcodes {
		n += 2 * len(b)
	}
	return n
}
