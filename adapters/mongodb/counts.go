package mongodb

import "sync/atomic"

// Counts are how often this process met what slows it down, since it opened the database.
type Counts struct {
	Retries   int64 // transactions and views that ran again
	Conflicts int64 // of these, because another transaction had written to the same document
	Unknown   int64 // commits whose outcome never came back
	Unblocked int64 // times that sessions were ended because one of them blocked a head
}

// met is what Counts are read from.
type met struct{ retries, conflicts, unknown, unblocked atomic.Int64 }

// again counts an attempt that failed so and is made again.
func (m *met) again(err error) {
	m.retries.Add(1)
	if coded(err, codeWriteConflict) {
		m.conflicts.Add(1)
	}
}

// Counts returns what was met so far.
func (d *Database) Counts() Counts {
	m := &d.met
	return Counts{Retries: m.retries.Load(), Conflicts: m.conflicts.Load(), Unknown: m.unknown.Load(), Unblocked: m.unblocked.Load()}
}
