package bench

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func manyProducts() *shop {
	s := &shop{registers: []string{"r0", "r1", "r2"}}
	for i := range 50 {
		s.products = append(s.products, product{id: fmt.Sprintf("p%d", i), price: 100})
	}
	return s
}

func TestSalesAreDrawnAsTheirScenarioSays(t *testing.T) {
	for _, tc := range []struct {
		name         string
		lines, among int
		oneRegister  bool
	}{
		{name: "floor", lines: 3, among: 50}, {name: "spread", lines: 3, among: 50}, {name: "hot", lines: 3, among: 3},
		{name: "basket", lines: 5, among: popular}, {name: "one-register", lines: 3, among: 50, oneRegister: true}, {name: "idem", lines: 3, among: 50},
	} {
		sc, _ := scenarioNamed(tc.name)
		shop, r, s := manyProducts(), rand.New(rand.NewPCG(1, 1)), sale{}
		products, registers := map[int]bool{}, map[int]bool{}
		for range 1000 {
			s.draw(sc, shop, r)
			registers[s.register] = true
			own := map[int]bool{}
			for _, l := range s.lines {
				products[l.product], own[l.product] = true, true
			}
			if len(s.lines) != tc.lines || len(own) != tc.lines {
				t.Fatalf("%s: %+v", tc.name, s.lines)
			}
		}
		if len(products) != tc.among || tc.oneRegister != (len(registers) == 1) {
			t.Errorf("%s: %d products, %d registers", tc.name, len(products), len(registers))
		}
	}
}

func TestASaleIsWrittenAsTheAPIWantsIt(t *testing.T) {
	s := sale{register: 1, lines: []line{{product: 4, quantity: 2}, {product: 7, quantity: 1}}}
	s.encode(manyProducts())
	const want = `{"register_id":"r1","lines":[{"product_id":"p4","quantity":2},{"product_id":"p7","quantity":1}],"tenders":[{"kind":"cash","amount":600}]}`
	if string(s.body) != want || !json.Valid(s.body) {
		t.Errorf("%s", s.body)
	}
}

func TestKeysAreNeverEqual(t *testing.T) {
	seen := map[string]bool{}
	for point := range 3 {
		for client := range 5 {
			k := newKeys(42, point, client)
			for range 1000 {
				seen[string(k.draw())] = true
			}
		}
	}
	if len(seen) != 15_000 {
		t.Errorf("%d keys of 15000 differ", len(seen))
	}
	k := newKeys(42, 0, 0)
	if key := k.draw(); len(key) != 36 || slices.Contains(key, 0) || key[8] != '-' || key[23] != '-' {
		t.Errorf("%s", key)
	}
}

func TestClientsAreRoundedUpToWholeGroups(t *testing.T) {
	idem, _ := scenarioNamed("idem")
	hot, _ := scenarioNamed("hot")
	two, _ := scenarioNamed("two-hot")
	twice, _ := scenarioNamed("twice-hot")
	if two.whole(1) != 2 || two.members(2) != 2 || twice.whole(1) != 1 || twice.members(1) != 2 {
		t.Errorf("two servers have %d and %d clients, and %d each", two.whole(1), two.members(2), twice.whole(1))
	}
	for n, want := range map[int]int{1: 8, 8: 8, 9: 16, 64: 64} {
		if idem.whole(n) != want || hot.whole(n) != n {
			t.Errorf("%d clients: %d and %d", n, idem.whole(n), hot.whole(n))
		}
	}
}

// TestWhatIsAskedForIsThere: every term is of 2 to 6 letters of a name, and every barcode has its digit.
func TestWhatIsAskedForIsThere(t *testing.T) {
	shop, r, l := manyProducts(), rand.New(rand.NewPCG(1, 1)), look{}
	shop.catalogue = 500
	names := ""
	for i := range shop.catalogue {
		words := wordsOf(i)
		names += strings.Join(words[:], " ") + "\n"
	}
	for range 1000 {
		search, _ := scenarioNamed("search")
		if !l.draw(search, shop, r) {
			t.Fatal("no search is drawn")
		}
		term := strings.TrimPrefix(string(l.path), "/api/v1/products?limit=20&query=")
		if len(term) < 2 || len(term) > 6 || !strings.Contains(names, term) {
			t.Errorf("%s", l.path)
		}
	}
	for i, want := range map[int]string{0: "2900000000001", 7: "2900000000070", 99_999: "2900000999992"} {
		if got := barcodeOf(i); got != want {
			t.Errorf("the barcode of %d is %s, want %s", i, got, want)
		}
	}
}

func TestAMixIsFourFifthsSales(t *testing.T) {
	mixed, _ := scenarioNamed("mixed")
	shop, r, l := manyProducts(), rand.New(rand.NewPCG(1, 1)), look{}
	shop.catalogue = 500
	kinds := map[string]int{}
	for range 10_000 {
		kind := "sale"
		if l.draw(mixed, shop, r) {
			kind = strings.Split(string(l.path), "/")[3]
			kind, _, _ = strings.Cut(kind, "?")
		}
		kinds[kind]++
	}
	for kind, want := range map[string]int{"sale": 8000, "products": 1500, "reports": 500} {
		if got := kinds[kind]; got < want*9/10 || got > want*11/10 {
			t.Errorf("%d of %s, want about %d", got, kind, want)
		}
	}
}

func TestArticlesDiffer(t *testing.T) {
	ids, codes := map[string]bool{}, map[string]bool{}
	for i := range 20_000 {
		ids[articleID(i)], codes[barcodeOf(i)] = true, true
		for _, word := range wordsOf(i) {
			if len(word) < 2 || strings.ContainsFunc(word, func(r rune) bool { return r > 'z' }) {
				t.Fatalf("%q is not plain", word)
			}
		}
	}
	if len(ids) != 20_000 || len(codes) != 20_000 {
		t.Errorf("%d ids and %d barcodes of 20000", len(ids), len(codes))
	}
}

func BenchmarkDraw(b *testing.B) {
	shop, r, s, k := manyProducts(), rand.New(rand.NewPCG(1, 1)), sale{}, newKeys(1, 1, 1)
	sc, _ := scenarioNamed("spread")
	b.ReportAllocs()
	for b.Loop() {
		s.draw(sc, shop, r)
		k.draw()
	}
}
