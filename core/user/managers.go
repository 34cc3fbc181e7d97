package user

import (
	"time"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/writer"
)

// managersRef names the count of the active managers.
const managersRef journal.Ref = "managers:store"

// managers counts the active managers of a store. As a value of its own it makes two managers who demote each other at once meet. Immutable.
type managers struct{ count int64 }

// Ref implements writer.Value.
func (m *managers) Ref() journal.Ref { return managersRef }

// Walk implements writer.Stored.
func (m *managers) Walk(c *journal.Codec) { journal.Int(c, "count", &m.count) }

// managersOf asks the view for the count.
func managersOf(v *writer.View) *managers {
	m, ok := writer.Get[*managers](v, managersRef)
	if !ok {
		m = &managers{}
	}
	return m
}

// after returns the count once before has become after, either nil; Conflict fault last_manager when none would be left.
func (m *managers) after(before, after *User) (*managers, error) {
	n := m.count
	if before.manages() {
		n--
	}
	if after.manages() {
		n++
	}
	if n < 1 && before.manages() {
		return nil, lastManager()
	}
	return &managers{n}, nil
}

// calendar is what the settings of the store, which are of the package store, know of business dates.
type calendar interface {
	Day(t time.Time) clock.Date
}

// day returns the business date of the record; Conflict fault not_set_up when the store has no settings.
func day(v *writer.View) (clock.Date, error) {
	c, ok := v.Value("settings:store").(calendar)
	if !ok {
		return 0, fault.NotSetUp()
	}
	return c.Day(v.Now()), nil
}
