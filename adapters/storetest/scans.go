package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/page"
	"kassa/core/writer"
)

func barcodesFindTheirProductsOnce(t *testing.T, d *database) {
	s, other := d.stockroom(t), d.stockroom(t)
	tea := s.add(t, inventory.Details{Name: "Tea", Barcodes: []string{"1234", "4006381333931"}}, 0)
	cake := s.add(t, inventory.Details{Name: "Cake", Barcodes: []string{"5678"}}, 0)
	gone := s.add(t, inventory.Details{Name: "Gone", Barcodes: []string{"9999"}}, 0)
	s.add(t, inventory.Details{Name: "Uncoded"}, 0)
	other.add(t, inventory.Details{Name: "Another shop's", Barcodes: []string{"5678"}}, 0)
	if err := s.Delete(t.Context(), s.id, inventory.Delete{ID: gone, Version: 1}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		codes []string
		want  []id.ID
	}{
		{[]string{"1234"}, []id.ID{tea}},
		{[]string{"1234", "4006381333931", "1234"}, []id.ID{tea}},
		{[]string{"5678", "9999", "0000", "1234"}, []id.ID{tea, cake}},
		{[]string{"9999"}, nil},
		{[]string{}, nil},
	} {
		var got []id.ID
		for _, p := range must[[]*inventory.Product](t)(s.Products.ByCodes(t.Context(), s.id, tt.codes)) {
			got = append(got, p.ID())
		}
		slices.Sort(got)
		if slices.Sort(tt.want); !slices.Equal(got, tt.want) {
			t.Errorf("%q find %q, want %q", tt.codes, got, tt.want)
		}
	}
}

func barcodeGoesWithOtherFilters(t *testing.T, d *database) {
	s := d.stockroom(t)
	tea := s.add(t, inventory.Details{Name: "Tea", Category: "Drinks", Barcodes: []string{"1234"}}, 0)
	for f, want := range map[inventory.Filter]int{
		{}:                               1,
		{Query: "ea"}:                    1,
		{Query: "cake"}:                  0,
		{Category: "drinks"}:             1,
		{Category: "food"}:               0,
		{Stock: inventory.OutOfStock}:    1,
		{Stock: inventory.LowStock}:      0,
		{Query: "t", Category: "drinks"}: 1,
	} {
		f.Barcode = "1234"
		l := must[page.List[inventory.Listed]](t)(s.List(t.Context(), s.id, f, page.Request{Limit: 1}))
		if len(l.Items) != want || l.Next != "" {
			t.Errorf("%+v lists %d", f, len(l.Items))
		}
		behind := page.Request{Limit: 1, After: page.Cursor("tea", string(tea))}
		if l := must[page.List[inventory.Listed]](t)(s.List(t.Context(), s.id, f, behind)); len(l.Items) > 0 {
			t.Errorf("%+v lists what was on the page before", f)
		}
	}
}

// What is out or low is said by a list's index, and for a barcode by the product itself.
func barcodeIsAsScarceAsTheListSays(t *testing.T, d *database) {
	s := d.stockroom(t)
	var codes []string
	var products, stock []writer.Change
	for _, low := range []measure.Quantity{-1, 0, 1, 5} { // below zero there is no limit
		for _, onHand := range []measure.Quantity{-1, 0, 1, 4, 5, 6} {
			code := fmt.Sprint(1000 + len(codes))
			details := inventory.Details{Name: fmt.Sprintf("%s: %d of %d", code, onHand, low), Barcodes: []string{code}, Unit: measure.Kilogram}
			if low >= 0 {
				details.LowStockAt = &low
			}
			p := must[*inventory.Product](t)(inventory.NewProduct(id.ID("p"+code), details))
			codes, products = append(codes, code), append(products, writer.Change{After: p})
			stock = append(stock, writer.Change{After: must[*inventory.Stock](t)(inventory.NewStock(p.ID(), onHand))})
		}
	}
	s.keep(t, products, stock)
	for f, n := range map[inventory.StockFilter]int{inventory.OutOfStock: 8, inventory.LowStock: 4, "": len(codes)} {
		listed := s.names(t, inventory.Filter{Stock: f})
		var scanned []string
		for _, code := range codes {
			scanned = append(scanned, s.names(t, inventory.Filter{Stock: f, Barcode: code})...)
		}
		if !slices.Equal(scanned, listed) || len(listed) != n {
			t.Errorf("%q by barcodes:\n%q\nby the list:\n%q\nwant %d", f, scanned, listed, n)
		}
	}
}

// overtakenScan is overtaken right after products were read by their barcodes.
type overtakenScan struct {
	inventory.Repository
	meanwhile
}

func (o *overtakenScan) ByCodes(ctx context.Context, s id.Store, codes []string) ([]*inventory.Product, error) {
	ps, err := o.Repository.ByCodes(ctx, s, codes)
	o.happen()
	return ps, err
}

// The product is never low, but its old limit and its new stock would be.
func scanThatOthersOvertakeSeesOneMoment(t *testing.T, d *database) {
	s := d.stockroom(t)
	o := &overtakenScan{Repository: s.Products}
	s.Service = inventory.NewService(s.w, o, s.Stock, s.Images, s.Journal)
	limit := 5 * measure.One
	i := s.add(t, inventory.Details{Name: "Tea", Barcodes: []string{"1234"}, LowStockAt: &limit}, 10)
	o.then = func() {
		if err := s.edit(i, 1, func(d *inventory.Details) { d.LowStockAt = nil }); err != nil {
			t.Error(err)
		}
		gone := inventory.Move{Key: idempotency.Key("waste"), Product: i, Kind: inventory.Waste, Quantity: 8 * measure.One}
		if _, err := s.Move(context.Background(), s.id, gone); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []measure.Quantity{10, 2} {
		l := must[page.List[inventory.Listed]](t)(s.List(t.Context(), s.id, inventory.Filter{Barcode: "1234"}, page.Request{Limit: 1}))
		if len(l.Items) != 1 || l.Items[0].OnHand != want*measure.One {
			t.Errorf("it is listed as %+v, want %d on hand", l.Items, want)
		}
	}
}

// askedStock counts how often stock is read.
type askedStock struct {
	inventory.StockRepository
	times int
}

func (a *askedStock) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	a.times++
	return a.StockRepository.Load(ctx, s, refs)
}

func whatHasNoProductIsNotAskedForItsStock(t *testing.T, d *database) {
	s := d.stockroom(t)
	a := &askedStock{StockRepository: s.Stock}
	s.Service = inventory.NewService(s.w, s.Products, a, s.Images, s.Journal)
	if got := s.names(t, inventory.Filter{Barcode: "1234"}); got != nil || a.times > 0 {
		t.Errorf("it finds %q and asks for stock %d times", got, a.times)
	}
}
