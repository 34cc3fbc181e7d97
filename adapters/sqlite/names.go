package sqlite

import (
	"sync"

	"zombiezen.com/go/sqlite"
)

// maxNames bounds one generation of the names in memory.
const maxNames = 100_000

// names remembers the small integers of accounts and refs. What a transaction adds is remembered after its commit only.
type names struct {
	mu         sync.Mutex
	young, old map[string]int64
}

func newNames() *names { return &names{young: map[string]int64{}, old: map[string]int64{}} }

func (n *names) get(name string) (int64, bool) {
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

func (n *names) put(name string, i int64) {
	if len(n.young) >= maxNames {
		n.old, n.young = n.young, map[string]int64{}
	}
	n.young[name] = i
}

func (n *names) adopt(more map[string]int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, i := range more {
		n.put(name, i)
	}
}

// lookup returns the integer of the name, or 0 when the name was never used.
func (t *tx) lookup(name string) (int64, error) {
	if i, ok := t.names[name]; ok {
		return i, nil
	}
	if i, ok := t.file.names.get(name); ok {
		return i, nil
	}
	var i int64
	err := one(t.conn, "SELECT id FROM names WHERE name = ?", func(s *sqlite.Stmt) { i = s.ColumnInt64(0) }, name)
	if err == nil && i != 0 {
		t.note(name, i)
	}
	return i, err
}

// intern returns the integer of the name and makes one where there is none.
func (t *tx) intern(name string) (int64, error) {
	i, err := t.lookup(name)
	if err != nil || i != 0 {
		return i, err
	}
	if err := exec(t.conn, "INSERT INTO names (name) VALUES (?)", name); err != nil {
		return 0, err
	}
	i = t.conn.LastInsertRowID()
	t.note(name, i)
	return i, nil
}

func (t *tx) note(name string, i int64) {
	if t.names == nil {
		t.names = map[string]int64{}
	}
	t.names[name] = i
}
