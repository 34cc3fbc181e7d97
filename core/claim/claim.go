// Package claim says who has something that only one may have: a sku, an e-mail address, a register's name. An operation that takes it and
// one that gives it up write the claim like any other value, so no two can have it, however many try at once.
package claim

import (
	"strings"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// Claim is one such thing and its owner. Immutable. A claim on something personal has a ref that begins with !; stores keep none of those but
// answer them from the rows of the people, so that nothing is left of somebody who is erased.
type Claim struct {
	ref   journal.Ref
	owner id.ID // empty: free
}

// New returns the claim of an owner.
func New(ref journal.Ref, owner id.ID) *Claim { return &Claim{ref, owner} }

// Release returns the claim that makes it free again.
func Release(ref journal.Ref) *Claim { return &Claim{ref: ref} }

// Take returns the claim of who; a Conflict fault with the code, and the fact owner_id, when another has it.
func Take(v *writer.View, ref journal.Ref, who id.ID, code string) (*Claim, error) {
	has, _ := writer.Get[*Claim](v, ref)
	if o := has.Owner(); o != "" && o != who {
		return nil, Taken(code, o)
	}
	return New(ref, who), nil
}

// Taken is the fault for what another has; the code ends in _taken and begins with what it is.
func Taken(code string, by id.ID) *fault.Error {
	return fault.New(fault.Conflict, code, "this %s is in use already", strings.TrimSuffix(code, "_taken")).With("owner_id", string(by))
}

// Ref implements writer.Value.
func (c *Claim) Ref() journal.Ref { return c.ref }

// Owner returns who has it, or nothing. c may be nil.
func (c *Claim) Owner() id.ID {
	if c == nil {
		return ""
	}
	return c.owner
}

// Walk implements writer.Stored.
func (c *Claim) Walk(w *journal.Codec) {
	journal.Text(w, "ref", &c.ref)
	journal.Text(w, "owner", &c.owner)
}

// Empty makes an empty claim, for reading.
func Empty() writer.Stored { return &Claim{} }
