package user

import (
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// EmailClaim is the kind of the claims on users' e-mail addresses. The ! keeps the address out of records and of memory.
const EmailClaim = "!email"

// EmailRef names the claim on an e-mail address.
func EmailRef(email string) journal.Ref { return journal.NewRef(EmailClaim, Fold(email)) }

// Claim says who has something personal that only one may have, such as an e-mail address. Immutable. Stores do not keep claims but answer
// them from the rows of the people, so that nothing is left of somebody who is erased.
type Claim struct {
	ref   journal.Ref
	owner id.ID
}

// NewClaim returns a claim; an empty owner says that it is free.
func NewClaim(ref journal.Ref, owner id.ID) *Claim { return &Claim{ref, owner} }

// Ref implements writer.Value.
func (c *Claim) Ref() journal.Ref { return c.ref }

// Owner returns who has it, or nothing.
func (c *Claim) Owner() id.ID {
	if c == nil {
		return ""
	}
	return c.owner
}

// Take returns the claim as who has it; a Conflict fault with the code when another does.
func Take(v *writer.View, ref journal.Ref, who id.ID, code string) (*Claim, error) {
	has, _ := writer.Get[*Claim](v, ref)
	if o := has.Owner(); o != "" && o != who {
		return nil, taken(code, o)
	}
	return NewClaim(ref, who), nil
}
