// Package setup begins with Kassa: it makes the first store with its settings and its first manager, and says which store somebody means who
// signs in.
package setup

import (
	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

// Document is the document of a store's first record: its settings, and the first manager by id.
type Document struct {
	Name     string // of the store
	Settings store.Options
	Manager  id.ID
}

const kind = "setup"

// Kind implements journal.Document.
func (*Document) Kind() string { return kind }

// Walk implements journal.Document.
func (d *Document) Walk(c *journal.Codec) {
	journal.Text(c, "name", &d.Name)
	journal.Object(c, "settings", &d.Settings, store.WalkOptions)
	journal.Text(c, "manager", &d.Manager)
}

// Replay implements writer.Replayer.
func (d *Document) Replay(r journal.Record, b *writer.Books) error {
	settings, err := store.NewSettings(d.Settings, 1)
	if err != nil {
		return err
	}
	b.Put(settings)
	return user.ReplayAdd(r, b, d.Manager, user.Manager)
}

// Documents returns the kinds of documents of this package.
func Documents() journal.Schema {
	return journal.Schema{kind: func() journal.Document { return &Document{} }}
}

// firstKey is held by the one record that set the store up.
var firstKey = journal.NewKey("setup", "first")

// operation sets a store up: settings and first manager stand or fall together, once for ever.
type operation struct {
	name    string
	options store.Options
	manager user.Newcomer
}

// Intent implements writer.Operation.
func (o *operation) Intent() writer.Intent { return writer.Intent{Keys: []journal.Key{firstKey}} }

// Apply implements writer.Operation.
func (o *operation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	_, done := v.Record(firstKey)
	_, settled := writer.Get[*store.Settings](v, store.SettingsRef)
	u, values, err := user.Add(v, o.manager)
	switch {
	case done, settled:
		return journal.Draft{}, nil, alreadySetUp()
	case err != nil:
		return journal.Draft{}, nil, err
	}
	settings, err := store.NewSettings(o.options, 1)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	return journal.Draft{
		Day: settings.Day(v.Now()), Keys: []journal.Key{firstKey}, Refs: []journal.Ref{u.Ref()},
		Facts: []audit.Fact{
			{Action: "setup", Entity: "store", After: o.name},
			{Action: "user.create", Entity: "user", EntityID: u.ID(), After: string(u.Role())},
		},
		Doc: &Document{Name: o.name, Settings: o.options, Manager: u.ID()},
	}, append(values, settings), nil
}

func alreadySetUp() *fault.Error {
	return fault.New(fault.Conflict, "already_set_up", "Kassa is set up already; sign in instead")
}
