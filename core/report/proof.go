package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kassa/core/id"
	"kassa/core/journal"
)

// Proof adds the records up to the watermark up again, to compare what is kept with it.
type Proof struct {
	mark int64
	last int64
	fold *fold
}

// NewProof begins a proof of the pages that hold the records up to the watermark.
func NewProof(mark int64) *Proof { return &Proof{mark: mark, fold: newFold()} }

// Add adds the next record. Those beyond the watermark are passed over.
func (p *Proof) Add(r *journal.Record) {
	p.last = r.Position
	if r.Position <= p.mark {
		p.fold.add(r)
	}
}

// Compare tells find of every page that is not what the records make it, and returns the number of pages read. The error is that of reading.
func (p *Proof) Compare(ctx context.Context, s id.Store, r Repository, find func(format string, args ...any)) (read int64, err error) {
	if p.mark > p.last {
		find("the reports go up to record %d, and there are %d", p.mark, p.last)
	}
	made := p.fold.pages()
	err = r.Range(ctx, s, First, End, func(page Page) error {
		read++
		want := made[page.Key]
		delete(made, page.Key)
		if want == nil {
			find("the report page %s is kept, and no bill makes it", page.Key)
			return nil
		}
		return compare(page, want, find)
	})
	if err != nil {
		return read, err
	}
	for _, k := range slices.Sorted(maps.Keys(made)) {
		find("the report page %s is missing", k)
	}
	return read, nil
}

// compare tells find in what the page is not what the bills make it.
func compare(page Page, want *sheet, find func(format string, args ...any)) error {
	body, err := journal.Encode(want.walk)
	if err != nil || string(body) == string(page.Body) {
		return err
	}
	kept, err := parse(page)
	if err != nil {
		find("%v", err)
		return nil
	}
	var off []string
	if text(kept.sums.walk) != text(want.sums.walk) {
		off = append(off, fmt.Sprintf("totals kept as %s, the bills make %s", text(kept.sums.walk), text(want.sums.walk)))
	}
	off = append(off, differing("product", kept.products, want.products)...)
	off = append(off, differing("member", kept.members, want.members)...)
	find("the report page %s is not what the bills make it: %s", page.Key, strings.Join(off, ", "))
	return nil
}

func text(walk func(*journal.Codec)) string {
	b, err := journal.Encode(walk)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// differing names the rows that are not alike, or are in one of the lists only.
func differing[T comparable](what string, kept, want map[id.ID]*T) (off []string) {
	all := maps.Clone(want)
	maps.Copy(all, kept)
	for _, i := range slices.Sorted(maps.Keys(all)) {
		if a, b := kept[i], want[i]; a == nil || b == nil || *a != *b {
			off = append(off, what+" "+string(i))
		}
	}
	return off
}
