// Package security keeps secrets: passwords and PINs as bcrypt hashes, signed access and member tokens, refresh tokens, and the
// throttle of failed logins.
package security

// generations is a map that never holds more than 2 x limit entries. When the young half is full it becomes the old one, and what
// was not used since the last time is forgotten. It is not safe for parallel use.
type generations[K comparable, V any] struct {
	limit      int
	young, old map[K]V
}

func newGenerations[K comparable, V any](limit int) generations[K, V] {
	return generations[K, V]{limit: limit, young: map[K]V{}}
}

// get returns the value and keeps it for another generation.
func (g *generations[K, V]) get(k K) (V, bool) {
	if v, ok := g.young[k]; ok {
		return v, true
	}
	v, ok := g.old[k]
	if ok {
		g.put(k, v)
	}
	return v, ok
}

func (g *generations[K, V]) put(k K, v V) {
	if _, ok := g.young[k]; !ok && len(g.young) >= g.limit {
		g.old, g.young = g.young, make(map[K]V, g.limit)
	}
	delete(g.old, k) // so that remove need not look for an older value, and the two halves hold each key once
	g.young[k] = v
}

func (g *generations[K, V]) remove(k K) {
	delete(g.young, k)
	delete(g.old, k)
}
