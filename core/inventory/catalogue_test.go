package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"kassa/core/id"
	"kassa/core/journal"

	"pgregory.net/rapid"
)

// kept is a store in memory: its products, and the records of their edits.
type kept struct {
	Repository
	products map[id.ID]*Product
	records  []journal.Record
	status   journal.Status
	scans    int
}

// keptJournal is its journal.
type keptJournal struct {
	journal.Repository
	*kept
}

func (k *kept) Scan(_ context.Context, _ id.Store, behind Place, fn func(Entry) error) error {
	k.scans++
	for _, e := range k.entries() {
		if e.Compare(behind) > 0 {
			if err := fn(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// entries lists the products as the catalogue must.
func (k *kept) entries() (es []Entry) {
	for _, p := range k.products {
		if !p.deleted {
			es = append(es, EntryOf(p))
		}
	}
	slices.SortFunc(es, func(a, b Entry) int { return a.Compare(b.Place) })
	return es
}

func (k keptJournal) List(_ context.Context, _ id.Store, _ journal.Ref, g journal.Range) (rs []journal.Record, err error) {
	for _, r := range slices.Backward(k.records) {
		if len(rs) < g.Limit && (g.Before.Position == 0 || r.Position < g.Before.Position) {
			rs = append(rs, r)
		}
	}
	return rs, nil
}

func (k keptJournal) Head(context.Context, id.Store) (journal.Head, error) {
	return journal.Head{Status: k.status}, nil
}

// put keeps a product as an edit does. Records have odd positions: sales are between them.
func (k *kept) put(p *Product) {
	k.products[p.id] = p
	n := len(k.records)*2 + 1
	k.records = append(k.records, journal.Record{Position: int64(n), Hash: journal.Hash{byte(n), byte(n >> 8)}, Draft: journal.Draft{Doc: &Edit{Product: *p}}})
}

func newKept() *kept { return &kept{products: map[id.ID]*Product{}, status: journal.Active} }

func named(i int, name, category string) *Product {
	return &Product{id: id.ID(fmt.Sprint("p", i)), d: Details{Name: name, SKU: fmt.Sprint("SKU-", i), Category: category}, version: 1}
}

// found asks an edition as lists do.
func found(t errorer, e *edition, f Filter, behind Place, among *group) (ids []id.ID) {
	if err := e.each(f, behind, among, func(i id.ID) error { ids = append(ids, i); return nil }); err != nil {
		t.Errorf("%v", err)
	}
	return ids
}

type errorer interface{ Errorf(string, ...any) }

// Whatever is edited, and however often somebody looked in between, the catalogue finds what a comparison of all products finds.
func TestTheCatalogueFindsWhatComparingAllProductsFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := newKept()
		c := newCatalogue(k, keptJournal{kept: k})
		word := rapid.StringOfN(rapid.SampledFrom([]rune("abÄß ")), 1, 6, -1)
		category := rapid.SampledFrom([]string{"", "Obst", "Brot"})
		for range rapid.IntRange(1, 6).Draw(t, "looks") {
			for range rapid.IntRange(0, 300).Draw(t, "edits") {
				p := named(rapid.IntRange(0, 400).Draw(t, "product"), word.Draw(t, "name"), category.Draw(t, "category"))
				p.deleted = rapid.IntRange(0, 3).Draw(t, "deleted") == 0
				k.put(p)
			}
			e, err := c.caughtUp(context.Background(), "shop")
			if err != nil {
				t.Fatal(err)
			}
			f := Filter{Query: string([]rune(word.Draw(t, "query"))[:1]), Category: category.Draw(t, "category")}.wanted()
			if rapid.Bool().Draw(t, "long") {
				f.Query = Fold(strings.TrimSpace(word.Draw(t, "query")))
			}
			behind := Place{Key: Fold(word.Draw(t, "behind")), ID: "p200"}
			if es := k.entries(); len(es) > 0 && rapid.Bool().Draw(t, "behind one of them") {
				behind = rapid.SampledFrom(es).Draw(t, "this").Place
			}
			var among *group
			if rapid.Bool().Draw(t, "some") {
				among = groupOf([]id.ID{"p1", "p7", "p300", "no"})
			}
			var want []id.ID
			for _, x := range k.entries() {
				if f.lets(x) && x.Compare(behind) > 0 && (among == nil || among.ids[x.ID]) {
					want = append(want, x.ID)
				}
			}
			if got := found(t, e, f, behind, among); !slices.Equal(got, want) {
				t.Fatalf("%+v behind %v: got %q, want %q", f, behind, got, want)
			}
		}
		if k.scans > 1 {
			t.Fatalf("the products were read %d times", k.scans)
		}
	})
}

func TestOneEditMovesOneProduct(t *testing.T) {
	k := newKept()
	for i := range 20 * blockSize {
		k.products[id.ID(fmt.Sprint("p", i))] = named(i, fmt.Sprintf("n %05d", i), "")
	}
	c := newCatalogue(k, keptJournal{kept: k})
	before := caughtUp(t, c)
	k.put(named(70, "n 99999", ""))
	after := caughtUp(t, c)
	if got := found(t, after, Filter{Query: "n 00070"}, Place{}, nil); got != nil {
		t.Errorf("%q is still where it was", got)
	}
	if got := found(t, after, Filter{}, Place{Key: "n 01278"}, nil); !slices.Equal(got, []id.ID{"p1278", "p1279", "p70"}) {
		t.Errorf("the list ends with %q", got)
	}
	shared := 0
	for _, b := range after.blocks {
		if slices.Contains(before.blocks, b) {
			shared++
		}
	}
	if shared < 18 {
		t.Errorf("only %d of 20 blocks are shared", shared)
	}
}

func TestDeletedProductsLeaveNoCrumbs(t *testing.T) {
	k := newKept()
	for i := range 50 * blockSize {
		k.products[id.ID(fmt.Sprint("p", i))] = named(i, fmt.Sprintf("n %05d", i), "")
	}
	c := newCatalogue(k, keptJournal{kept: k})
	before := caughtUp(t, c)
	for i := range 50 * blockSize {
		if i%50 != 0 {
			gone := *k.products[id.ID(fmt.Sprint("p", i))]
			gone.deleted = true
			k.put(&gone)
		}
		if i%500 == 0 {
			caughtUp(t, c)
		}
	}
	after := caughtUp(t, c)
	if len(after.blocks) > 6 || len(found(t, after, Filter{}, Place{}, nil)) != blockSize || k.scans != 1 {
		t.Errorf("%d blocks of %d are left, after reading %d times", len(after.blocks), len(before.blocks), k.scans)
	}
}

func caughtUp(t *testing.T, c *catalogue) *edition {
	t.Helper()
	e, err := c.caughtUp(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAnEditionIsKeptUntilAProductIsEdited(t *testing.T) {
	k := newKept()
	k.put(named(1, "Tea", ""))
	c := newCatalogue(k, keptJournal{kept: k})
	first := caughtUp(t, c)
	if e, err := c.kept(t.Context(), "shop"); e != first || err != nil {
		t.Errorf("it was read again: %v", err)
	}
	k.put(named(1, "Coffee", ""))
	if e, err := c.kept(t.Context(), "shop"); e != nil || err != nil {
		t.Errorf("an old one was kept: %v", err)
	}
	if got := found(t, first, Filter{Query: "tea"}, Place{}, nil); len(got) != 1 {
		t.Errorf("an edition changed")
	}
}

func TestOtherBooksAreReadAgain(t *testing.T) {
	for name, replace := range map[string]func(k *kept){
		"shorter": func(k *kept) { k.records = k.records[:1] },
		"none":    func(k *kept) { k.records = nil },
		"the same number of others": func(k *kept) {
			for i := range k.records {
				k.records[i].Hash[31] = 1
			}
		},
		"more, of others": func(k *kept) {
			for i := range k.records {
				k.records[i].Hash[31] = 1
			}
			k.put(named(9, "Cake", ""))
		},
		"too many edits later": func(k *kept) {
			for range maxBehind + editsAtOnce + 1 {
				k.put(named(9, "Cake", ""))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKept()
			k.put(named(1, "Tea", ""))
			k.put(named(2, "Tea", ""))
			c := newCatalogue(k, keptJournal{kept: k})
			caughtUp(t, c)
			k.products = map[id.ID]*Product{"p3": named(3, "Tea", "")}
			replace(k)
			got := found(t, caughtUp(t, c), Filter{Query: "tea"}, Place{}, nil)
			if !slices.Equal(got, []id.ID{"p3"}) || k.scans != 2 {
				t.Errorf("found %q after reading %d times", got, k.scans)
			}
		})
	}
}

func TestAStoreThatIsBeingCopiedIsNotKept(t *testing.T) {
	k := newKept()
	k.status = journal.Copying
	k.put(named(1, "Tea", ""))
	c := newCatalogue(k, keptJournal{kept: k})
	caughtUp(t, c)
	k.products["p2"] = named(2, "Tea", "") // saved after its record
	k.status = journal.Active
	if got := found(t, caughtUp(t, c), Filter{Query: "tea"}, Place{}, nil); len(got) != 2 {
		t.Errorf("found %q", got)
	}
}

func TestWhatIsListedWrongIsCorrupt(t *testing.T) {
	for name, wrong := range map[string]func(k *kept){
		"a text that is another product's": func(k *kept) { k.products["p1"].id = "p2" },
		"a record that is no edit":         func(k *kept) { k.records[0].Doc = &Booking{} },
	} {
		k := newKept()
		k.put(named(2, "Tea", ""))
		c := newCatalogue(k, keptJournal{kept: k})
		caughtUp(t, c)
		k.put(named(1, "Tea", ""))
		k.records = k.records[1:]
		wrong(k)
		if _, err := c.caughtUp(t.Context(), "shop"); !errors.Is(err, journal.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheCataloguesStayWithinTheirBound(t *testing.T) {
	k := newKept()
	for i := range 3 * blockSize {
		k.put(named(i, "Tea", ""))
	}
	c := newCatalogue(k, keptJournal{kept: k})
	size := caughtUp(t, c).bytes()
	c.most = 2*size + size/2
	for _, s := range []id.Store{"a", "b", "a", "c"} {
		if _, err := c.caughtUp(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	var there []id.Store
	for s, sh := range c.shelves {
		if sh.now.Load() != nil {
			there = append(there, s)
		}
	}
	slices.Sort(there)
	if !slices.Equal(there, []id.Store{"a", "c"}) {
		t.Errorf("%q are in memory, want the two that were asked for last", there)
	}
	long := named(0, "Tea", "")
	long.d.Description = strings.Repeat("x", size)
	c.show("c", c.shelves["c"].now.Load(), []*Product{long})
	if c.shelves["a"].now.Load() == nil || c.shelves["c"].now.Load().shown.bytes() > 0 {
		t.Error("what pages showed takes room beside the catalogues, or theirs")
	}
	c.most = size - 1
	if e, err := c.caughtUp(t.Context(), "d"); err != nil || !e.beyond || len(e.blocks) > 0 {
		t.Errorf("a store that does not fit is in memory: %v", err)
	}
	c.most = size
	caughtUp(t, c)
	k.put(named(0, strings.Repeat("x", MaxName), ""))
	for range 2 {
		if e := caughtUp(t, c); !e.beyond || len(e.blocks) > 0 || e.newest != markOf(k.records[len(k.records)-1:]) {
			t.Error("a store grew beyond the bound")
		}
		k.put(named(0, "Tea", ""))
	}
}
