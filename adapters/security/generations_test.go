package security

import "testing"

func TestGenerationsAreBoundedAndKeepWhatIsUsed(t *testing.T) {
	const limit = 10
	g := newGenerations[int, int](limit)
	g.put(-1, 42)
	for i := range 10 * limit {
		g.put(i, i)
		if v, ok := g.get(-1); !ok || v != 42 {
			t.Fatalf("the entry in use was forgotten after %d others", i+1)
		}
		if g.size() > 2*limit {
			t.Fatalf("%d entries after %d puts", g.size(), i+1)
		}
	}
	if _, ok := g.get(0); ok {
		t.Error("an entry out of use was never forgotten")
	}
}

func TestGenerationsRemoveAndReplaceInBothHalves(t *testing.T) {
	g := newGenerations[int, int](2)
	for i := range 3 { // 0 and 1 are in the old half
		g.put(i, i)
	}
	g.put(0, 7)
	if v, _ := g.get(0); v != 7 || g.size() != 3 {
		t.Errorf("got %d in %d entries after a replacement", v, g.size())
	}
	g.remove(0)
	g.remove(1)
	if _, ok := g.get(0); ok || g.size() != 1 {
		t.Errorf("%d entries are left after both were removed", g.size())
	}
}

func (g *generations[K, V]) size() int { return len(g.young) + len(g.old) }
