package storetest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/page"
	"kassa/core/report"
	"kassa/core/store"
	"kassa/core/writer"
)

var catalogueRules = []rule{
	{"a long search is compared to its end", longSearchIsComparedToItsEnd},
	{"stock filters follow limits and go with other filters", stockFiltersFollowLimitsAndGoWithOtherFilters},
	{"stock and product may be saved in either order", stockAndProductMayBeSavedInEitherOrder},
	{"whatever is moved and edited at once, lists and figures say what is there", listsAndFiguresSayWhatIsThere},
	{"what very many products match is listed by name too", whatVeryManyProductsMatchIsListedByNameToo},
}

func longSearchIsComparedToItsEnd(t *testing.T, d *database) {
	s := d.stockroom(t)
	for _, name := range []string{"Dark chocolate with almonds", "Dark chocolate with hazelnuts", "Chocolate with hazelnuts"} {
		s.add(t, inventory.Details{Name: name}, 0)
	}
	for query, want := range map[string]string{
		"dark chocolate w":              "Dark chocolate with almonds|Dark chocolate with hazelnuts",
		"dark chocolate with h":         "Dark chocolate with hazelnuts",
		"ocolate with hazelnuts":        "Chocolate with hazelnuts|Dark chocolate with hazelnuts",
		"dark chocolate with hazelnut.": "",
	} {
		if got := strings.Join(s.names(t, inventory.Filter{Query: query}), "|"); got != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
}

func stockFiltersFollowLimitsAndGoWithOtherFilters(t *testing.T, d *database) {
	s := d.stockroom(t)
	none, two := measure.Quantity(0), 2*measure.One
	tea := s.add(t, inventory.Details{Name: "Tea", Category: "Drinks", LowStockAt: &two}, 2)
	s.add(t, inventory.Details{Name: "Tea cup", Category: "Kitchen", LowStockAt: &two}, 1)
	s.add(t, inventory.Details{Name: "Teapot", Category: "Kitchen", LowStockAt: &none}, 0)
	gone := s.add(t, inventory.Details{Name: "Tea towel", LowStockAt: &two}, 1)
	if err := s.Delete(t.Context(), s.id, inventory.Delete{ID: gone, Version: 1}); err != nil {
		t.Fatal(err)
	}
	three := 3 * measure.One
	for n, at := range []*measure.Quantity{&two, nil, &three, &none} {
		if err := s.edit(tea, int64(max(n, 1)), func(d *inventory.Details) { d.LowStockAt = at }); err != nil {
			t.Fatal(err)
		}
		want := "Tea cup"
		if at != nil && *at >= two {
			want = "Tea|Tea cup"
		}
		if got := strings.Join(s.names(t, inventory.Filter{Stock: inventory.LowStock}), "|"); got != want {
			t.Errorf("after edit %d %q are low, want %q", n, got, want)
		}
	}
	for _, tt := range []struct {
		filter inventory.Filter
		want   string
	}{
		{inventory.Filter{Stock: inventory.OutOfStock}, "Teapot"},
		{inventory.Filter{Stock: inventory.OutOfStock, Category: "kitchen", Query: "tea"}, "Teapot"},
		{inventory.Filter{Stock: inventory.OutOfStock, Category: "drinks"}, ""},
		{inventory.Filter{Stock: inventory.LowStock, Category: "kitchen"}, "Tea cup"},
		{inventory.Filter{Stock: inventory.LowStock, Query: "cup"}, "Tea cup"},
		{inventory.Filter{Stock: inventory.LowStock, Query: "pot"}, ""},
	} {
		if got := strings.Join(s.names(t, tt.filter), "|"); got != tt.want {
			t.Errorf("%+v lists %q, want %q", tt.filter, got, tt.want)
		}
	}
	s.verify(t)
}

func stockAndProductMayBeSavedInEitherOrder(t *testing.T, d *database) {
	s := d.stockroom(t)
	two := 2 * measure.One
	product := func(name string) []writer.Change {
		p := must[*inventory.Product](t)(inventory.NewProduct(id.ID(name), inventory.Details{Name: name, LowStockAt: &two}))
		return []writer.Change{{After: p}}
	}
	stock := func(name string) []writer.Change {
		return []writer.Change{{After: must[*inventory.Stock](t)(inventory.NewStock(id.ID(name), measure.One))}}
	}
	err := s.Provider.Transact(t.Context(), func(ctx context.Context) error {
		for _, save := range []func() error{
			func() error { return s.Stock.Save(ctx, s.id, stock("a")) },
			func() error { return s.Products.Save(ctx, s.id, product("a")) },
			func() error { return s.Products.Save(ctx, s.id, product("b")) },
			func() error { return s.Stock.Save(ctx, s.id, stock("b")) },
		} {
			if err := save(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.names(t, inventory.Filter{Stock: inventory.LowStock}); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%q are low", got)
	}
}

// listsAndFiguresSayWhatIsThere moves few products by little, around nothing and around limits that change meanwhile.
func listsAndFiguresSayWhatIsThere(t *testing.T, d *database) {
	const rounds, callers, products = 20, 16, 8
	s := d.stockroom(t)
	reports := s.process(t)
	ids := make([]id.ID, products)
	for i := range ids {
		limit := measure.Quantity(i%4) * measure.One
		ids[i] = s.add(t, inventory.Details{
			Name: fmt.Sprint("product ", i), Price: money.Amount(i), Unit: []measure.Unit{measure.Piece, measure.Kilogram}[i%2],
			StockPolicy: []store.StockPolicy{store.StockAllow, store.StockWarn, store.StockBlock}[i%3], LowStockAt: &limit,
		}, int64(i))
	}
	for round := range rounds {
		parallel(callers, func(caller int) string {
			r := rand.New(rand.NewPCG(uint64(round), uint64(caller)))
			i := ids[r.IntN(products)]
			err := s.change(r, fmt.Sprint(round, " ", caller), i)
			switch code := codeOf(err); code {
			case "", "insufficient_stock", "version_stale", "product_unknown":
			default:
				t.Errorf("%s: %v", code, err)
			}
			return ""
		})
		s.wantFigures(t, reports)
	}
	s.verify(t)
}

// change moves the stock of the product, or changes its limit, or deletes it.
func (s *stockroom) change(r *rand.Rand, key string, i id.ID) error {
	switch r.IntN(12) {
	case 0:
		return s.book(key, i, inventory.Count, int64(r.IntN(4)))
	case 1, 2:
		l, err := s.Get(context.Background(), s.id, i)
		if err != nil {
			return err
		}
		limit := measure.Quantity(r.IntN(5)) * measure.One
		at := []*measure.Quantity{nil, &limit, &limit}[r.IntN(3)]
		return s.edit(i, l.Product.Version(), func(d *inventory.Details) { d.LowStockAt = at })
	case 3:
		l, err := s.Get(context.Background(), s.id, i)
		if err != nil || r.IntN(8) > 0 {
			return err
		}
		return s.Delete(context.Background(), s.id, inventory.Delete{ID: i, Version: l.Product.Version()})
	}
	pieces := int64(r.IntN(3) + 1)
	return s.book(key, i, inventory.Adjust, []int64{pieces, -pieces}[r.IntN(2)])
}

// wantFigures compares all that says how much there is with the products' own pages.
func (s *stockroom) wantFigures(t *testing.T, reports process) {
	t.Helper()
	all, has := map[id.ID]measure.Quantity{}, map[id.ID]measure.Quantity{}
	var want report.Stock
	var out, low []string
	for p := (page.Request{Limit: 3}); ; {
		list := must[page.List[inventory.Listed]](t)(s.List(t.Context(), s.id, inventory.Filter{}, p))
		for _, l := range list.Items {
			all[l.Product.ID()] = l.OnHand
			want.Value += l.Product.Price() * money.Amount(max(0, l.OnHand)) / money.Amount(measure.One)
			switch limit, warns := l.Product.LowAt(); {
			case l.OnHand <= 0:
				out = append(out, l.Product.Name())
			case warns && l.OnHand <= limit:
				low = append(low, l.Product.Name())
			}
		}
		if p.After = list.Next; p.After == "" {
			break
		}
	}
	if err := s.Each(t.Context(), s.id, func(l inventory.Listed) error { has[l.Product.ID()] = l.OnHand; return nil }); err != nil || !maps.Equal(has, all) {
		t.Errorf("each product gives %v, %v; the pages %v", has, err, all)
	}
	for filter, names := range map[inventory.StockFilter][]string{inventory.OutOfStock: out, inventory.LowStock: low} {
		if got := s.names(t, inventory.Filter{Stock: filter}); !slices.Equal(got, names) {
			t.Errorf("%s are %q, want %q", filter, got, names)
		}
		got := must[report.Stock](t)(reports.Stock(t.Context(), s.id, filter, page.Request{Limit: page.MaxLimit}, true))
		if got.Out != int64(len(out)) || got.Low != int64(len(low)) || got.Value != want.Value || len(got.Items) != len(names) {
			t.Errorf("the report of what is %s has %d items, %d out, %d low, worth %d; want %d, %d, %d, %d", filter, len(got.Items), got.Out, got.Low, got.Value,
				len(names), len(out), len(low), want.Value)
		}
	}
}

// Above some number of matches stores no longer sort them.
func whatVeryManyProductsMatchIsListedByNameToo(t *testing.T, d *database) {
	s := d.stockroom(t)
	const many = 2100
	two := 2 * measure.One
	for n := 0; n < many; n += batch {
		var products, stock []writer.Change
		for i := n; i < n+batch; i++ {
			product := inventory.Details{Name: fmt.Sprintf("Item %04d", i*1117%many), Category: "All", LowStockAt: &two} // 1117 has no divisor in common with many
			p := must[*inventory.Product](t)(inventory.NewProduct(id.ID(fmt.Sprint("p", i)), product))
			products = append(products, writer.Change{After: p})
			stock = append(stock, writer.Change{After: must[*inventory.Stock](t)(inventory.NewStock(p.ID(), measure.One))})
		}
		s.keep(t, products, stock)
	}
	for _, f := range []inventory.Filter{{Query: "item"}, {Query: "M"}, {Query: "item", Category: "all"}, {Query: "item", Stock: inventory.LowStock}, {Stock: inventory.OutOfStock}} {
		want := many
		if f.Stock == inventory.OutOfStock {
			want = 0
		}
		var got []string
		for p := (page.Request{Limit: page.MaxLimit}); ; {
			list := must[page.List[inventory.Listed]](t)(s.List(t.Context(), s.id, f, p))
			for _, l := range list.Items {
				got = append(got, l.Product.Name())
			}
			if p.After = list.Next; p.After == "" {
				break
			}
		}
		if len(slices.Compact(got)) != want || !slices.IsSorted(got) {
			t.Errorf("%+v lists %d, want %d; in order: %t", f, len(got), want, slices.IsSorted(got))
		}
	}
}
