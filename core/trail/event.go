// Package trail holds the audit trail: what the journal's facts say of who did what, as a list; and events that change no books, such as
// logins and refusals.
package trail

import (
	"fmt"
	"time"

	"kassa/core/audit"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/journal"
)

// Event is one fact of a record.
type Event struct {
	audit.Fact
	ID    id.ID // the record's, and the place of the fact in it
	At    time.Time
	Actor audit.Actor
	Count int64     // how often it happened: above 1 only for what is counted by the minute
	Since time.Time // when it happened first, of what is counted by the minute; else zero
}

func eventOf(r *journal.Record, i int) Event {
	e := Event{Fact: r.Facts[i], ID: id.ID(fmt.Sprintf("%s-%d", r.ID, i)), At: r.At, Actor: r.Actor, Count: 1}
	if n, ok := r.Doc.(*Note); ok && n.Count > 0 {
		e.Count, e.Since = n.Count, n.Since
	}
	return e
}

// Filter narrows a list of events. Zero fields do not narrow.
type Filter struct {
	From, To clock.Date // business dates of the record time, inclusive
	Entity   string
	EntityID id.ID
	Action   string
	Actor    id.ID
}

func (f *Filter) matches(r *journal.Record, i int) bool {
	fact := &r.Facts[i]
	return (f.Entity == "" || f.Entity == fact.Entity) && (f.EntityID == "" || f.EntityID == fact.EntityID) &&
		(f.Action == "" || f.Action == fact.Action) && (f.Actor == "" || f.Actor == r.Actor.ID)
}

// term returns what the events of the filter are listed by, the one that is likely to have the fewest; empty: by nothing.
func (f *Filter) term() journal.Term {
	common := audit.Fact{Action: f.Action}.Common()
	switch {
	case f.EntityID != "":
		return journal.AboutTerm(f.EntityID)
	case f.Action != "" && !common:
		return journal.ActionTerm(f.Action)
	case f.Actor != "":
		return journal.ActorTerm(f.Actor)
	case f.Action != "":
		return journal.ActionTerm(f.Action)
	case f.Entity != "":
		return journal.EntityTerm(f.Entity)
	}
	return ""
}
