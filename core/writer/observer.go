package writer

import (
	"time"

	"kassa/core/id"
	"kassa/core/journal"
)

// Commit is one commit, as an Observer is told of it.
type Commit struct {
	Store   id.Store
	Records int
	Queued  int           // operations that wait after it
	Applied time.Duration // for applying what was not applied while the batch was collected, with what had to be read for it
	Written time.Duration // for the transaction
}

// Took is how long the commit took.
func (c Commit) Took() time.Duration { return c.Applied + c.Written }

// Appended are the records of one commit, in their order.
type Appended struct {
	Store    id.Store
	From, To id.ID // the head's tokens before and after it
	Records  []journal.Record
}

// Observer is told what the writer does, for metrics and logs. Its methods are quick and safe for many goroutines.
type Observer interface {
	// Committed is told of every commit that made records or settled a doubt.
	Committed(c Commit)
	// Appended is told of the records of every commit once their callers are answered. It must not change them.
	Appended(a Appended)
	// Stale is told when a batch is applied again because another process had committed.
	Stale()
	// Doubted is told when the outcome of a commit is unknown.
	Doubted()
	// Refused is told when an operation is refused because the queue is full.
	Refused()
	// NoteLost is told when a Note is not recorded.
	NoteLost()
	// Stopped is told, once, of a store that takes nothing more because its books were changed by other hands.
	Stopped(s id.Store)
}

// unobserved is the Observer of a writer without one.
type unobserved struct{}

func (unobserved) Committed(Commit)  {}
func (unobserved) Appended(Appended) {}
func (unobserved) Stale()            {}
func (unobserved) Doubted()          {}
func (unobserved) Refused()          {}
func (unobserved) NoteLost()         {}
func (unobserved) Stopped(id.Store)  {}
