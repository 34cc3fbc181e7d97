package store

import (
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// Owner says who has something that only one may have: a sku, an e-mail, a register's name. Immutable.
type Owner struct {
	ref   journal.Ref
	owner id.ID // empty: free again
}

// Ref implements writer.Value.
func (o *Owner) Ref() journal.Ref { return o.ref }

// ID returns the owner's id, or nothing when it is free.
func (o *Owner) ID() id.ID {
	if o == nil {
		return ""
	}
	return o.owner
}

// Walk implements writer.Stored.
func (o *Owner) Walk(c *journal.Codec) {
	journal.Text(c, "ref", &o.ref)
	journal.Text(c, "owner", &o.owner)
}

// Claim returns the value that makes who the owner of what the kind and name say, or a Conflict fault with the code when another has it.
// A kind that begins with ! is for personal data.
func Claim(v *writer.View, kind, name string, who id.ID, code string) (*Owner, error) {
	ref := journal.NewRef(kind, name)
	if has, _ := writer.Get[*Owner](v, ref); has.ID() != "" && has.ID() != who {
		return nil, fault.New(fault.Conflict, code, "this is in use already").With("owner_id", string(has.ID()))
	}
	return &Owner{ref: ref, owner: who}, nil
}

// NewOwner returns the value that makes who the owner.
func NewOwner(kind, name string, who id.ID) *Owner {
	return &Owner{ref: journal.NewRef(kind, name), owner: who}
}

// Release returns the value that makes it free again.
func Release(kind, name string) *Owner { return &Owner{ref: journal.NewRef(kind, name)} }

// Stale is the fault for an edit of another version than the newest.
func Stale(newest int64) error {
	return fault.New(fault.Stale, "version_stale", "this was changed in the meantime; read it again").With("version", newest)
}

// SettingsOf returns the settings of the view's store.
func SettingsOf(v *writer.View) (*Settings, error) {
	s, ok := writer.Get[*Settings](v, SettingsRef)
	if !ok {
		return nil, fault.New(fault.Conflict, "not_set_up", "this store has no settings yet; POST /setup comes first")
	}
	return s, nil
}
