package user

import (
	"strings"

	"kassa/core/audit"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// What is done to users.
const (
	created = "user.create"
	edited  = "user.edit"
	deleted = "user.delete"
)

// Change is the document of a user who was created, edited or deleted. It names the user by id and what changed by the names of the
// fields; personal data stays in the user's own row, where it can be erased.
type Change struct {
	kind    string
	User    id.ID
	Role    Role     // afterwards
	Active  bool     // afterwards
	Changed []string // names of fields
}

// Kind implements journal.Document.
func (c *Change) Kind() string { return c.kind }

// Walk implements journal.Document.
func (c *Change) Walk(w *journal.Codec) {
	journal.Text(w, "user", &c.User)
	journal.Text(w, "role", &c.Role)
	journal.Flag(w, "active", &c.Active)
	journal.Texts(w, "changed", &c.Changed)
}

// Documents returns the kinds of documents of this package.
func Documents() journal.Schema {
	s := journal.Schema{}
	for _, kind := range []string{created, edited, deleted} {
		s[kind] = func() journal.Document { return &Change{kind: kind} }
	}
	return s
}

// States returns the values of this package that stores keep by their ref.
func States() map[string]func() writer.Stored {
	return map[string]func() writer.Stored{managersRef.Kind(): func() writer.Stored { return &managers{} }}
}

// entity is what the audit events of this package are about.
const entity = "user"

// fact is the audit event of the change.
func (c *Change) fact(before *User) audit.Fact {
	f := audit.Fact{Action: c.kind, Entity: entity, EntityID: c.User, After: standing(c.Role, c.Active)}
	if before != nil {
		f.Before = standing(before.s.Role, before.s.Active)
	}
	switch {
	case c.kind == deleted:
		f.After = "deleted"
	case len(c.Changed) > 0:
		f.After += "; changed: " + strings.Join(c.Changed, ", ")
	}
	return f
}

func standing(r Role, active bool) string {
	if active {
		return string(r)
	}
	return string(r) + ", inactive"
}
