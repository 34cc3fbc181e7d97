package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/money"
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

// fill gives the stockroom 100,000 products: three words and a weight each, a sku and an EAN-13; every fortieth is called zz, at the very
// end of the list.
func (s *stockroom) fill(b testing.TB) {
	b.Helper()
	chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same products each time
	word := func() string { return words[chance.IntN(len(words))] }
	for n := 0; n < catalogue; n += batch {
		var products, stock []writer.Change
		for i := n; i < n+batch; i++ {
			name := fmt.Sprintf("%s %s %s %d g", word(), word(), word(), 10*chance.IntN(100))
			if i%40 == 0 {
				name = fmt.Sprintf("zz remnant %d", i)
			}
			d := inventory.Details{Name: name, SKU: fmt.Sprintf("SKU-%06d", i), Barcodes: []string{code(i)}, Category: word(), Price: money.Amount(i)}
			p := must[*inventory.Product](b)(inventory.NewProduct(id.ID(fmt.Sprintf("01997b1e-0000-7000-8000-%012d", chance.IntN(1e12))), d))
			products = append(products, writer.Change{After: p})
			stock = append(stock, writer.Change{After: must[*inventory.Stock](b)(inventory.NewStock(p.ID(), 1000))})
		}
		s.keep(b, products, stock)
	}
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

// BenchmarkCatalogue measures look-ups among 100,000 products, and reports the slowest of each hundred.
func BenchmarkCatalogue(b *testing.B, open Open) {
	s := open.database(b).stockroom(b)
	s.fill(b)
	chance := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same queries each time
	fixed := func(f inventory.Filter) func() inventory.Filter { return func() inventory.Filter { return f } }
	for _, bb := range []struct {
		name   string
		filter func() inventory.Filter
	}{
		{"barcode", func() inventory.Filter { return inventory.Filter{Barcode: code(chance.IntN(catalogue))} }},
		{"sku", func() inventory.Filter {
			return inventory.Filter{Query: fmt.Sprintf("sku-%06d", chance.IntN(catalogue))}
		}},
		{"word", func() inventory.Filter { return inventory.Filter{Query: words[chance.IntN(len(words))]} }},
		{"two words", func() inventory.Filter {
			return inventory.Filter{Query: words[chance.IntN(len(words))] + " " + words[chance.IntN(len(words))]}
		}},
		{"three letters", func() inventory.Filter { return inventory.Filter{Query: words[chance.IntN(len(words))][:3]} }},
		{"two letters", func() inventory.Filter { return inventory.Filter{Query: words[chance.IntN(len(words))][:2]} }},
		{"two letters that nothing has", fixed(inventory.Filter{Query: "qx"})},
		{"many at the end of the list", fixed(inventory.Filter{Query: "zz remnant"})},
		{"nothing", fixed(inventory.Filter{Query: "xylophone"})},
		{"almost everything", fixed(inventory.Filter{Query: "0 g"})},
		{"word in a category", func() inventory.Filter {
			return inventory.Filter{Query: words[chance.IntN(len(words))], Category: words[chance.IntN(len(words))]}
		}},
		{"all", fixed(inventory.Filter{})},
		{"out of stock", fixed(inventory.Filter{Stock: inventory.OutOfStock})},
	} {
		b.Run(bb.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				f := bb.filter()
				began := time.Now()
				if _, err := s.List(b.Context(), s.id, f, page.Request{Limit: page.DefaultLimit}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
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
