package member

import (
	"fmt"
	"strings"

	"kassa/core/audit"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// What is done to members.
const (
	registered = "member.register"
	edited     = "member.edit"
	deleted    = "member.delete"
	moved      = "member.tier"
)

// Change is the document of a member who was registered, edited, moved to another tier or deleted. It names the member by id and what changed
// by the names of the fields; personal data stays in the member's own row, where it can be erased.
type Change struct {
	kind    string
	Member  id.ID
	Tier    Tier     // afterwards
	Changed []string // names of fields
}

// Kind implements journal.Document.
func (c *Change) Kind() string { return c.kind }

// Walk implements journal.Document.
func (c *Change) Walk(w *journal.Codec) {
	journal.Text(w, "member", &c.Member)
	journal.Text(w, "tier", &c.Tier)
	journal.Texts(w, "changed", &c.Changed)
}

// Documents returns the kinds of documents of this package.
func Documents() journal.Schema {
	s := journal.Schema{}
	for _, kind := range []string{registered, edited, deleted, moved} {
		s[kind] = func() journal.Document { return &Change{kind: kind} }
	}
	return s
}

// fact is the audit event of the change.
func (c *Change) fact(before *Member) audit.Fact {
	f := audit.Fact{Action: c.kind, Entity: "member", EntityID: c.Member, After: string(c.Tier)}
	if before != nil {
		f.Before = string(before.s.Tier)
	}
	switch {
	case c.kind == deleted:
		f.After = "deleted"
	case len(c.Changed) > 0:
		f.After += "; changed: " + strings.Join(c.Changed, ", ")
	}
	return f
}

// States returns the values of this package that stores keep by their ref: none, members have rows of their own.
func States() map[string]func() writer.Stored { return map[string]func() writer.Stored{} }

// Evidence implements writer.Evident: what the journal proves of a member is all but the personal fields.
func (m *Member) Evidence() string {
	return fmt.Sprintf("%s deleted=%t version=%d created=%d", m.s.Tier, m.s.Deleted, m.s.Version, m.s.CreatedAt.UnixMilli())
}

// Replay implements writer.Replayer.
func (c *Change) Replay(r journal.Record, b *writer.Books) error {
	if c.kind == registered {
		b.Put(&Member{Snapshot{ID: c.Member, Tier: c.Tier, CreatedAt: r.At, Version: 1}})
		return nil
	}
	before, ok := writer.Find[*Member](b, Ref(c.Member))
	if !ok {
		return fmt.Errorf("member %s was never registered", c.Member)
	}
	s := before.s
	s.Tier, s.Deleted = c.Tier, c.kind == deleted
	if c.kind != moved {
		s.Version++
	}
	b.Put(&Member{s})
	return nil
}
