package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/page"
	"kassa/core/writer"
)

const (
	catalogue = 100_000
	batch     = 100 // products saved together, as the writer does
)

var words = strings.Fields(`apple juice bread butter croissant milk cheese yoghurt chocolate noodles rice tomato pepper salt sugar water beer wine cola lemon orange
	banana soap shampoo towel pencil paper battery lamp candle tea coffee espresso filter biscuit cookie cracker chips peanut almond walnut honey jam mustard
	ketchup mayonnaise oil vinegar flour yeast egg ham salami sausage chicken beef pork fish tuna salmon shrimp organic fresh frozen dried large small`)

// fill imports 100,000 products into the stockroom: three words and a weight each, a sku and an EAN-13; every fortieth is called zz, at the very
// end of the list, and of each five hundred one is out and one is low.
func (s *stockroom) fill(b *testing.B) {
	b.Helper()
	chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same products each time
	word := func() string { return words[chance.IntN(len(words))] }
	rows := make([]inventory.Row, catalogue)
	for i := range rows {
		r := inventory.Row{ID: string(numbered(i)), Name: fmt.Sprintf("%s %s %s %d g", word(), word(), word(), 10*chance.IntN(100)), SKU: fmt.Sprintf("SKU-%06d", i),
			Barcodes: []string{code(i)}, Category: word(), Price: fmt.Sprint(i), Stock: "1000000", LowStockAt: "4"}
		switch {
		case i%40 == 0:
			r.Name = fmt.Sprintf("zz remnant %d", i)
		case i%500 == 1:
			r.Stock = "0"
		case i%500 == 2:
			r.Stock = "3"
		}
		rows[i] = r
	}
	began := time.Now()
	if r := s.take(b, inventory.Import{}, rows...); r.Created != catalogue {
		b.Fatalf("%+v", r)
	}
	b.Logf("%d products imported in %s", catalogue, time.Since(began).Round(time.Second))
}

// numbered returns the id of a product, in another order than their names.
func numbered(i int) id.ID {
	return id.ID(fmt.Sprintf("01997b1e-0000-7000-8000-%012d", i*7919%catalogue))
}

// disturb edits and sells products until the benchmark ends: 50 edits and 200 sales a second.
func (s *stockroom) disturb(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	every := func(pause time.Duration, do func(i id.ID) error) {
		wg.Go(func() {
			for n := 3; ctx.Err() == nil; n += 500 {
				if err := do(numbered(n % catalogue)); err != nil && ctx.Err() == nil {
					b.Error(err)
				}
				time.Sleep(pause)
			}
		})
	}
	every(20*time.Millisecond, func(i id.ID) error {
		l, err := s.Get(ctx, s.id, i)
		if err != nil {
			return err
		}
		_, err = s.Update(ctx, s.id, inventory.Update{ID: i, Version: l.Product.Version(), Change: func(d *inventory.Details) { d.Name += "!" }})
		return err
	})
	every(5*time.Millisecond, func(i id.ID) error { _, err := s.w.Do(ctx, s.id, sale{i}); return err })
	b.Cleanup(func() { cancel(); wg.Wait() })
}

// keep saves what no operation made.
func (s *stockroom) keep(t testing.TB, products, stock []writer.Change) {
	t.Helper()
	err := s.Provider.Transact(context.Background(), func(ctx context.Context) error {
		if err := s.Stock.Save(ctx, s.id, stock); err != nil {
			return err
		}
		return s.Products.Save(ctx, s.id, products)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// code returns an EAN-13 of those that GS1 leaves to shops.
func code(i int) string {
	for last := range 10 {
		if c := fmt.Sprintf("2%011d%d", i, last); inventory.CheckBarcode(c) == nil {
			return c
		}
	}
	return ""
}

// BenchmarkCatalogue measures the import of 100,000 products, and look-ups among them while they are edited and sold: what half of them and 99 of a
// hundred take at most.
func BenchmarkCatalogue(b *testing.B, open Open) {
	s := open.database(b).stockroom(b)
	s.fill(b)
	began := time.Now()
	s.names(b, inventory.Filter{Query: "xylophone"})
	b.Logf("read into memory in %s", time.Since(began).Round(time.Millisecond))
	s.disturb(b)
	chance := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same queries each time
	word := func() string { return words[chance.IntN(len(words))] }
	query := func(q string) func() inventory.Filter {
		return func() inventory.Filter { return inventory.Filter{Query: q} }
	}
	for _, bb := range []struct {
		name   string
		after  string
		filter func() inventory.Filter
	}{
		{"barcode", "", func() inventory.Filter { return inventory.Filter{Barcode: code(chance.IntN(catalogue))} }},
		{"sku", "", func() inventory.Filter {
			return inventory.Filter{Query: fmt.Sprintf("sku-%06d", chance.IntN(catalogue))}
		}},
		{"one letter", "", func() inventory.Filter { return inventory.Filter{Query: word()[:1]} }},
		{"two letters", "", func() inventory.Filter { return inventory.Filter{Query: word()[:2]} }},
		{"word", "", func() inventory.Filter { return inventory.Filter{Query: word()} }},
		{"two words", "", func() inventory.Filter { return inventory.Filter{Query: word() + " " + word()} }},
		{"what nothing has", "", query("xylophone")},
		{"what the end of the list has", "", query("zz remnant")},
		{"what almost everything has", "", query("0 g")},
		{"word in a category", "", func() inventory.Filter { return inventory.Filter{Query: word(), Category: word()} }},
		{"first page", "", query("")},
		{"deep page", page.Cursor("tuna", "0"), query("")},
		{"out of stock", "", func() inventory.Filter { return inventory.Filter{Stock: inventory.OutOfStock} }},
		{"low", "", func() inventory.Filter { return inventory.Filter{Stock: inventory.LowStock} }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			shares(b, func() error {
				_, err := s.List(b.Context(), s.id, bb.filter(), page.Request{Limit: page.DefaultLimit, After: bb.after})
				return err
			})
		})
	}
	b.Run("all with their stock", func(b *testing.B) {
		shares(b, func() error { return s.Each(b.Context(), s.id, func(inventory.Listed) error { return nil }) })
	})
}

// shares reports what half of the calls and 99 of a hundred take at most.
func shares(b *testing.B, do func() error) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	for _, share := range []int{50, 99} {
		b.ReportMetric(float64(took[len(took)*share/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", share))
	}
}

// BenchmarkAuthenticate measures what every request pays first.
func BenchmarkAuthenticate(b *testing.B, open Open) {
	p := open.database(b).people(b)
	g := p.login(b, "boss@example.com")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := p.users.Authenticate(context.Background(), g.AccessToken); err != nil {
				b.Fatal(err)
			}
		}
	})
}
