package writer

import (
	"maps"
	"slices"

	"kassa/core/journal"
)

// maxNear bounds the terms whose last block is remembered. Beyond it they are forgotten and said once more.
const maxNear = 10_000

// list adds to a record what its audit facts are listed by. What nearly every record has gets no entry of its own: the first record of a
// block says for all of it, so that a listing knows which blocks to read. A process that does not know that one did says it again. It returns what the
// record says for its block, which holds once the record is one of the plan.
func (l *lane) list(p *plan, r *journal.Record) (said []journal.Term) {
	rare, common := r.Terms()
	var refs []journal.Ref
	for _, t := range rare {
		refs = append(refs, t.Exact())
	}
	block := journal.Block(r.Position)
	for _, t := range common {
		if isNear(p.over.near, t, block) || isNear(l.set.near, t, block) {
			continue
		}
		said = append(said, t)
		refs = append(refs, t.Near())
	}
	if len(refs) > 0 {
		r.Refs = slices.Concat(r.Refs, refs) // the operation's own list stays as it is
	}
	return said
}

func isNear(near map[journal.Term]int64, t journal.Term, block int64) bool {
	b, ok := near[t]
	return ok && b == block
}

// remember takes over what the records of a commit say of their blocks.
func (w *workingSet) remember(near map[journal.Term]int64) {
	if len(w.near)+len(near) > maxNear {
		clear(w.near)
	}
	maps.Copy(w.near, near)
}
