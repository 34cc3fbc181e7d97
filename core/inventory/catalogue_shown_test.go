package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"kassa/core/id"
)

func TestWhatPagesShowedIsHeldUntilItIsEdited(t *testing.T) {
	k := newKept()
	k.put(named(1, "Tea", ""))
	k.put(named(2, "Cake", ""))
	c := newCatalogue(k, keptJournal{kept: k})
	first := caughtUp(t, c)
	first.shown.hold([]*Product{k.products["p1"], k.products["p2"]})
	k.put(named(1, "Coffee", ""))
	k.put(named(3, "Milk", ""))
	next := caughtUp(t, c)
	asked := []id.ID{"p1", "p2", "p3"}
	if got := next.shown.of(asked); !maps.Equal(got, map[id.ID]*Product{"p2": k.products["p2"]}) {
		t.Errorf("after an edit of p1 it holds %v", got)
	}
	first.shown.hold([]*Product{named(1, "Tea", "")}) // by who was overtaken
	if got := first.shown.of(asked); len(got) > 0 || first.shown.bytes() > 0 {
		t.Errorf("the edition before holds %v, of %d bytes", got, first.shown.bytes())
	}
	if got, want := next.shown.bytes(), k.products["p2"].bytes(); got != want {
		t.Errorf("it holds %d bytes, want %d", got, want)
	}
}

func TestWhatPagesShowedStaysWithinItsBound(t *testing.T) {
	var s shown
	var all []*Product
	var ids []id.ID
	for i := range 3000 {
		p := named(i, fmt.Sprint("n ", i), "")
		p.d.Description = strings.Repeat("x", 4*MaxDescription)
		all, ids = append(all, p), append(ids, p.id)
	}
	for page := range slices.Chunk(all, 200) {
		s.hold(page)
		s.hold(page)
	}
	size, held := 0, s.of(ids)
	for _, p := range held {
		size += p.bytes()
	}
	if size != s.bytes() || size > maxShownBytes || size < maxShownBytes-all[0].bytes() {
		t.Errorf("%d products of %d bytes are held, and it says %d", len(held), size, s.bytes())
	}
}

func TestWhatPagesShowedGoesBeforeACatalogue(t *testing.T) {
	k := newKept()
	k.put(named(1, "Tea", ""))
	c := newCatalogue(k, keptJournal{kept: k})
	tea := k.products["p1"]
	size := caughtUp(t, c).bytes()
	c.shelves, c.most = map[id.Store]*shelf{}, 3*size+2*tea.bytes()
	shown := map[id.Store]int{}
	for _, s := range []id.Store{"a", "b", "c"} {
		e, err := c.caughtUp(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		c.show(s, e, []*Product{tea})
	}
	for s, sh := range c.shelves {
		e := sh.now.Load()
		if e == nil {
			t.Fatalf("the catalogue of %s went", s)
		}
		shown[s] = e.shown.bytes()
	}
	if want := map[id.Store]int{"a": 0, "b": tea.bytes(), "c": tea.bytes()}; !maps.Equal(shown, want) {
		t.Errorf("%v bytes are held of what pages showed, want %v", shown, want)
	}
	c.most = 1
	if c.makeRoom(c.shelves["b"]); c.shelves["b"].now.Load() == nil || c.shelves["c"].now.Load() != nil {
		t.Error("another one stays than who is being read")
	}
}
