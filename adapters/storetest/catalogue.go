package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/measure"
	"kassa/core/page"
	"kassa/core/writer"
)

var catalogueRules = []rule{
	{"a long search is compared to its end", longSearchIsComparedToItsEnd},
	{"stock filters follow limits and go with other filters", stockFiltersFollowLimitsAndGoWithOtherFilters},
	{"stock and product may be saved in either order", stockAndProductMayBeSavedInEitherOrder},
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
