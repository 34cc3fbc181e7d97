package trail

import (
	"time"

	"kassa/core/audit"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/writer"
)

const kindNote = "note"

// Note is the document of events that change no books. It changes nothing; it is there to be seen.
type Note struct {
	Count int64     // how often it happened in one minute; zero where each is noted
	Since time.Time // the first time in that minute
}

// Kind implements journal.Document.
func (*Note) Kind() string { return kindNote }

// Walk implements journal.Document.
func (n *Note) Walk(c *journal.Codec) {
	journal.Int(c, "count", &n.Count)
	journal.Time(c, "since", &n.Since)
}

// Documents returns the kinds of documents of this package.
func Documents() journal.Schema {
	return journal.Schema{kindNote: func() journal.Document { return &Note{} }}
}

// noteOperation records facts. What it notes has happened already, so nobody is asked whether the actor may.
type noteOperation struct {
	note  Note
	facts []audit.Fact
}

// Intent implements writer.Operation.
func (*noteOperation) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *noteOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	days, err := calendarOf(v)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	note := o.note
	return journal.Draft{Day: days.Day(v.Now()), Facts: o.facts, Doc: &note}, nil, nil
}

// calendar is what is needed of a store's settings.
type calendar interface {
	Day(t time.Time) clock.Date
	Location() *time.Location
}

// calendarOf returns the store's calendar; Conflict fault not_set_up when it has no settings.
func calendarOf(v *writer.View) (calendar, error) {
	c, ok := v.Value("settings:store").(calendar)
	if !ok {
		return nil, fault.NotSetUp()
	}
	return c, nil
}
