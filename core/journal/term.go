package journal

import (
	"slices"

	"kassa/core/id"
)

// Term is something that audit facts have in common, and that they are listed by: an actor, an entity, an action, or the one thing that
// they are about. Its kind is what stands before the first colon.
type Term string

// ActorTerm is the Term of what one actor did.
func ActorTerm(i id.ID) Term { return Term("actor:" + i) }

// EntityTerm is the Term of what was done to one kind of thing, such as product.
func EntityTerm(entity string) Term { return Term("entity:" + entity) }

// ActionTerm is the Term of one action, such as product.edit.
func ActionTerm(action string) Term { return Term("action:" + action) }

// AboutTerm is the Term of what was done to one thing. A common fact has none: it is about its own record, which is found by its id.
func AboutTerm(i id.ID) Term { return Term("about:" + i) }

// Exact is the ref that every record with a rare fact of the term carries.
func (t Term) Exact() Ref { return Ref("audit:" + t) }

// Near is the ref that says that common facts of the term are in its record's block. The first such record of a block carries it, and a later
// one may, where its writer did not know of the first.
func (t Term) Near() Ref { return Ref("near:" + t) }

// blockBits says how many positions share a block: 1,024. Fewer would put Near on more records, more would make a listing read more of them.
const blockBits = 10

// Block returns the number of the block that the position is in.
func Block(position int64) int64 { return position >> blockBits }

// BlockStart returns the lowest position of the block.
func BlockStart(block int64) int64 { return block << blockBits }

// Terms returns the terms of the record's rare facts and those of its common ones, each once.
func (r *Record) Terms() (rare, common []Term) {
	for _, f := range r.Facts {
		to, about := &rare, AboutTerm(f.EntityID)
		if f.Common() {
			to, about = &common, ""
		}
		*to = append(*to, EntityTerm(f.Entity), ActionTerm(f.Action))
		if r.Actor.ID != "" {
			*to = append(*to, ActorTerm(r.Actor.ID))
		}
		if about != "" && f.EntityID != "" {
			*to = append(*to, about)
		}
	}
	return unique(rare), unique(common)
}

func unique(ts []Term) []Term {
	if len(ts) > 4 { // of several facts
		slices.Sort(ts)
		ts = slices.Compact(ts)
	}
	return ts
}
