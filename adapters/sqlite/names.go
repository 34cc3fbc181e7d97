package sqlite

import (
	"sync"

	"zombiezen.com/go/sqlite"
)

// maxNames bounds one generation of the names in memory.
const maxNames = 100_000

// named is the small integer of an account or ref, and the newest span that is known to have it.
type named struct{ id, span int64 }

// names remembers the small integers of accounts and refs. What a transaction adds is remembered after its commit only.
type names struct {
	mu         sync.Mutex
	young, old map[string]named
}

func newNames() *names { return &names{young: map[string]named{}, old: map[string]named{}} }

func (n *names) get(name string) (named, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i, ok := n.young[name]; ok {
		return i, true
	}
	i, ok := n.old[name]
	if ok {
		n.put(name, i)
	}
	return i, ok
}

func (n *names) put(name string, i named) {
	if len(n.young) >= maxNames {
		n.old, n.young = n.young, map[string]named{}
	}
	n.young[name] = i
}

func (n *names) adopt(more map[string]named) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, i := range more {
		n.put(name, i)
	}
}

// lookup returns what is known of the name; its id is 0 when the name was never used.
func (t *tx) lookup(name string) (named, error) {
	if i, ok := t.names[name]; ok {
		return i, nil
	}
	if i, ok := t.file.names.get(name); ok {
		return i, nil
	}
	i := named{span: -1}
	err := one(t.conn, "SELECT id FROM names WHERE name = ?", func(s *sqlite.Stmt) { i.id = s.ColumnInt64(0) }, name)
	if err == nil && i.id != 0 {
		t.note(name, i)
	}
	return i, err
}

// intern returns the integer of the name, makes one where there is none, and notes that the span has it.
func (t *tx) intern(name string, span int64) (int64, error) {
	i, err := t.lookup(name)
	if err != nil {
		return 0, err
	}
	if i.id == 0 {
		if err := exec(t.conn, "INSERT INTO names (name) VALUES (?)", name); err != nil {
			return 0, err
		}
		i.id = t.conn.LastInsertRowID()
	}
	if i.span != span {
		if err := exec(t.conn, "INSERT INTO spans (name, span) VALUES (?, ?) ON CONFLICT DO NOTHING", i.id, span); err != nil {
			return 0, err
		}
		i.span = span
		t.note(name, i)
	}
	return i.id, nil
}

func (t *tx) note(name string, i named) {
	if t.names == nil {
		t.names = map[string]named{}
	}
	t.names[name] = i
}
