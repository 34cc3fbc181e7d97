package cashier_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/store"
)

// wantFault fails the test unless err is an Invalid fault with the code and the facts; an empty code wants no error.
func wantFault(t *testing.T, err error, code string, facts map[string]any) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Fatalf("got %v, want no fault", err)
		}
		return
	}
	f, ok := fault.As(err)
	if !ok || f.Code != code || f.Kind != fault.Invalid {
		t.Fatalf("got %v, want an Invalid fault with code %s", err, code)
	}
	for name, want := range facts {
		if f.Details[name] != want {
			t.Errorf("fact %s is %v, want %v", name, f.Details[name], want)
		}
	}
}

func item(pieces int64, price money.Amount, rate money.Rate) cashier.Item {
	return cashier.Item{ProductID: "p", Name: "Product", Unit: measure.Piece, Quantity: measure.Quantity(pieces) * measure.One, UnitPrice: price, TaxRate: rate}
}

func weighed(q measure.Quantity, price money.Amount, rate money.Rate) cashier.Item {
	return cashier.Item{ProductID: "p", Name: "Product", Unit: measure.Kilogram, Quantity: q, UnitPrice: price, TaxRate: rate}
}

func TestGoldenNumbers(t *testing.T) {
	const vip, points = money.Rate(1500), money.Rate(1500)
	shirts := []cashier.Item{item(3, 1999, 0)}
	mixed := []cashier.Item{item(3, 1999, 1900), item(2, 129, 700)}
	taxed := []cashier.Item{item(3, 1999, 500)}
	in := cashier.Terms{TaxMode: store.TaxInclusive}
	ex := cashier.Terms{TaxMode: store.TaxExclusive}
	vipIn := cashier.Terms{TaxMode: store.TaxInclusive, Discount: vip}
	redeem := cashier.Terms{TaxMode: store.TaxInclusive, Discount: vip, PointsOffered: 300, PointsBalance: 300}
	for _, c := range []struct {
		name  string
		items []cashier.Item
		terms cashier.Terms
		step  money.Amount
		rate  money.Rate // of points; 0 for no member
		want  cashier.Totals
		taxes []cashier.TaxTotal
	}{
		{"3 x 19.99, no member", shirts, in, 0, 0, cashier.Totals{Subtotal: 5997, Total: 5997}, []cashier.TaxTotal{{0, 5997, 0}}},
		{"the same, member with 0 points", shirts, in, 0, points, cashier.Totals{Subtotal: 5997, PointsEarned: 899, Total: 5997}, nil},
		{"the same, VIP", shirts, vipIn, 0, points, cashier.Totals{Subtotal: 5997, Discount: 900, PointsEarned: 764, Total: 5097}, nil},
		{"1 x 19.99, VIP, 300 points", []cashier.Item{item(1, 1999, 0)}, redeem, 0, points,
			cashier.Totals{Subtotal: 1999, Discount: 300, PointsUsed: 300, PointsEarned: 209, Total: 1399}, nil},
		{"1 x 0.10, 500 points offered", []cashier.Item{item(1, 10, 0)},
			cashier.Terms{TaxMode: store.TaxInclusive, PointsOffered: 500, PointsBalance: 500}, 0, points,
			cashier.Totals{Subtotal: 10, PointsUsed: 10}, nil},
		{"two rates, inclusive, member", mixed, in, 0, points, cashier.Totals{Subtotal: 6255, Tax: 975, PointsEarned: 938, Total: 6255},
			[]cashier.TaxTotal{{1900, 5997, 958}, {700, 258, 17}}},
		{"the same, VIP", mixed, vipIn, 0, points, cashier.Totals{Subtotal: 6255, Discount: 938, Tax: 828, PointsEarned: 797, Total: 5317},
			[]cashier.TaxTotal{{1900, 5098, 814}, {700, 219, 14}}},
		{"the same, VIP, 300 points", mixed, redeem, 0, points,
			cashier.Totals{Subtotal: 6255, Discount: 938, PointsUsed: 300, Tax: 782, PointsEarned: 752, Total: 5017},
			[]cashier.TaxTotal{{1900, 4810, 768}, {700, 207, 14}}},
		{"3 x 19.99 at 5 %, exclusive, member", taxed, ex, 0, points, cashier.Totals{Subtotal: 5997, Tax: 300, PointsEarned: 944, Total: 6297},
			[]cashier.TaxTotal{{500, 5997, 300}}},
		{"the same in cash, rounded to 0.05", taxed, ex, 5, points,
			cashier.Totals{Subtotal: 5997, Tax: 300, Rounding: -2, PointsEarned: 944, Total: 6295}, nil},
		{"the same in cash, rounded to 1.00", taxed, ex, 100, points,
			cashier.Totals{Subtotal: 5997, Tax: 300, Rounding: 3, PointsEarned: 945, Total: 6300}, nil},
		{"0.750 kg at 13.33", []cashier.Item{weighed(750, 1333, 0)}, in, 0, 0, cashier.Totals{Subtotal: 1000, Total: 1000}, nil},
		{"1.245 kg at 2.49", []cashier.Item{weighed(1245, 249, 0)}, in, 0, 0, cashier.Totals{Subtotal: 310, Total: 310}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			priced, err := cashier.Price(c.items, c.terms)
			wantFault(t, err, "", nil)
			sold, payment, err := priced.Settle(nil, c.step, c.rate)
			wantFault(t, err, "", nil)
			if sold.Totals != c.want {
				t.Errorf("got %+v, want %+v", sold.Totals, c.want)
			}
			if c.taxes != nil && !slices.Equal(sold.Taxes, c.taxes) {
				t.Errorf("taxes are %v, want %v", sold.Taxes, c.taxes)
			}
			if payment.Cash() != c.want.Total || payment.Change != 0 {
				t.Errorf("exact cash is %+v, want %d", payment, c.want.Total)
			}
		})
	}
}

func TestDiscountPointsAndTaxAreSpreadOverTheLines(t *testing.T) {
	p, err := cashier.Price([]cashier.Item{item(3, 1999, 1900), item(2, 129, 700)},
		cashier.Terms{TaxMode: store.TaxInclusive, Discount: 1500, PointsOffered: 300, PointsBalance: 301})
	wantFault(t, err, "", nil)
	type figures struct{ discount, points, tax, total money.Amount }
	want := []figures{{899, 288, 768, 4810}, {39, 12, 14, 207}}
	for i, l := range p.Lines {
		if got := (figures{l.Discount, l.PointsUsed, l.Tax, l.Total}); got != want[i] || l.Number != i+1 {
			t.Errorf("line %d is %+v, want %+v", l.Number, got, want[i])
		}
	}
}

func TestTheSameProductOnTwoLinesStaysTwoLines(t *testing.T) {
	p, err := cashier.Price([]cashier.Item{item(4, 100, 0), item(4, 100, 0)}, cashier.Terms{TaxMode: store.TaxInclusive})
	wantFault(t, err, "", nil)
	if len(p.Lines) != 2 || p.Lines[1].Number != 2 || p.Lines[1].Subtotal != 400 || p.Total != 800 {
		t.Fatalf("got %+v", p)
	}
}

func TestPointsAreCappedFirstThenComparedWithTheBalance(t *testing.T) {
	for _, c := range []struct {
		name             string
		offered, balance money.Amount
		used             money.Amount
		code             string
		facts            map[string]any
	}{
		{"none offered, balance below zero", 0, -50, 0, "", nil},
		{"more offered than the balance, less payable", 5000, 1000, 1000, "", nil},
		{"one short", 5000, 999, 0, "insufficient_points", map[string]any{"requested": int64(1000), "available": int64(999)}},
		{"less than payable, more than the balance", 500, 499, 0, "insufficient_points", map[string]any{"requested": int64(500), "available": int64(499)}},
		{"balance below zero", 1, -50, 0, "insufficient_points", map[string]any{"requested": int64(1), "available": int64(0)}},
		{"negative", -1, 50, 0, "points_invalid", nil},
		{"beyond max", money.Max + 1, 50, 0, "points_invalid", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := cashier.Price([]cashier.Item{item(1, 1000, 0)},
				cashier.Terms{TaxMode: store.TaxInclusive, PointsOffered: c.offered, PointsBalance: c.balance})
			wantFault(t, err, c.code, c.facts)
			if p.PointsUsed != c.used {
				t.Fatalf("used %d, want %d", p.PointsUsed, c.used)
			}
		})
	}
}

func TestWhatCannotBePricedIsRefused(t *testing.T) {
	ok, in := item(1, 100, 0), cashier.Terms{TaxMode: store.TaxInclusive}
	second := map[string]any{"line": 2}
	with := func(change func(i *cashier.Item)) []cashier.Item {
		bad := ok
		change(&bad)
		return []cashier.Item{ok, bad}
	}
	for _, c := range []struct {
		name  string
		items []cashier.Item
		terms cashier.Terms
		code  string
		facts map[string]any
	}{
		{"no lines", nil, in, "line_count_invalid", nil},
		{"501 lines", slices.Repeat([]cashier.Item{ok}, 501), in, "line_count_invalid", nil},
		{"500 lines", slices.Repeat([]cashier.Item{ok}, 500), in, "", nil},
		{"quantity 0", with(func(i *cashier.Item) { i.Quantity = 0 }), in, "quantity_invalid", second},
		{"quantity -5", with(func(i *cashier.Item) { i.Quantity = -5000 }), in, "quantity_invalid", second},
		{"half a piece", with(func(i *cashier.Item) { i.Quantity = 500 }), in, "quantity_invalid", second},
		{"no unit", with(func(i *cashier.Item) { i.Unit = "" }), in, "unit_invalid", second},
		{"price -1", with(func(i *cashier.Item) { i.UnitPrice = -1 }), in, "price_invalid", second},
		{"price beyond the largest", with(func(i *cashier.Item) { i.UnitPrice = cashier.MaxTotal + 1 }), in, "price_invalid", second},
		{"price 0 is fine", with(func(i *cashier.Item) { i.UnitPrice = 0 }), in, "", nil},
		{"negative tax", with(func(i *cashier.Item) { i.TaxRate = -1 }), in, "rate_invalid", second},
		{"a line beyond the largest", with(func(i *cashier.Item) { i.UnitPrice, i.Quantity = cashier.MaxTotal, 2000 }), in, "amount_out_of_range", second},
		{"a line beyond max", with(func(i *cashier.Item) { i.UnitPrice, i.Quantity = cashier.MaxTotal, measure.Max-measure.Max%1000 }), in, "amount_out_of_range", second},
		{"a sum beyond the largest", with(func(i *cashier.Item) { i.UnitPrice = cashier.MaxTotal }), in, "amount_out_of_range", nil},
		{"tax on top beyond the largest", []cashier.Item{item(1, cashier.MaxTotal, 1900)}, cashier.Terms{TaxMode: store.TaxExclusive}, "amount_out_of_range", nil},
		{"tax inside of the largest", []cashier.Item{item(1, cashier.MaxTotal, 1900)}, in, "", nil},
		{"no tax mode", []cashier.Item{ok}, cashier.Terms{}, "tax_mode_invalid", nil},
		{"discount above 100 %", []cashier.Item{ok}, cashier.Terms{TaxMode: store.TaxInclusive, Discount: 10_001}, "rate_invalid", nil},
		{"discount of 100 %", []cashier.Item{ok}, cashier.Terms{TaxMode: store.TaxInclusive, Discount: 10_000}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := cashier.Price(c.items, c.terms)
			wantFault(t, err, c.code, c.facts)
		})
	}
}

func TestParseTaxMode(t *testing.T) {
	for s, code := range map[string]string{"inclusive": "", "exclusive": "", "": "tax_mode_invalid", "Inclusive": "tax_mode_invalid"} {
		_, err := store.ParseTaxMode(s)
		wantFault(t, err, code, nil)
	}
}

// drawItems draws a cart; small prices and quantities are frequent, because rounding shows there.
func drawItems(t *rapid.T) []cashier.Item {
	n := rapid.IntRange(1, rapid.SampledFrom([]int{1, 3, 6, 30}).Draw(t, "size")).Draw(t, "lines")
	items := make([]cashier.Item, n)
	for i := range items {
		price := money.Amount(rapid.Int64Range(0, rapid.SampledFrom([]int64{3, 100, 5000, 1_000_000_000}).Draw(t, "dear")).Draw(t, "price"))
		rate := rapid.SampledFrom([]money.Rate{0, 500, 700, 1900, 2500, 100_000}).Draw(t, "rate")
		if rapid.Bool().Draw(t, "weighed") {
			items[i] = weighed(measure.Quantity(rapid.Int64Range(1, 5000).Draw(t, "grams")), price, rate)
		} else {
			items[i] = item(rapid.Int64Range(1, 12).Draw(t, "pieces"), price, rate)
		}
		items[i].ProductID = id.ID(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "product"))
	}
	return items
}

// drawPriced draws a cart and prices it under drawn terms.
func drawPriced(t *rapid.T) (cashier.Priced, []cashier.Item, cashier.Terms) {
	items := drawItems(t)
	terms := cashier.Terms{
		TaxMode:       rapid.SampledFrom([]store.TaxMode{store.TaxInclusive, store.TaxExclusive}).Draw(t, "mode"),
		Discount:      rapid.SampledFrom([]money.Rate{0, 1500, 3333, 9900, 10_000}).Draw(t, "discount"),
		PointsOffered: money.Amount(rapid.SampledFrom([]int64{0, 1, 7, 300, 10_000_000_000_000}).Draw(t, "points")),
		PointsBalance: money.Max,
	}
	p, err := cashier.Price(items, terms)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return p, items, terms
}

func TestIdentitiesOfAPricedCart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, items, terms := drawPriced(t)
		var sum cashier.Totals
		var rateBases, rateTaxes = map[money.Rate]money.Amount{}, map[money.Rate]money.Amount{}
		for i, l := range p.Lines {
			if l.Item != items[i] || l.Number != i+1 {
				t.Fatalf("line %d is not item %d", l.Number, i)
			}
			net := l.Subtotal - l.Discount - l.PointsUsed
			total := net
			if terms.TaxMode == store.TaxExclusive {
				total += l.Tax
			}
			if total != l.Total || min(l.Subtotal, l.Discount, l.PointsUsed, l.Tax, net) < 0 {
				t.Fatalf("line %+v does not add up", l)
			}
			sum.Subtotal += l.Subtotal
			sum.Discount += l.Discount
			sum.PointsUsed += l.PointsUsed
			sum.Tax += l.Tax
			sum.Total += l.Total
			rateBases[l.TaxRate] += net
			rateTaxes[l.TaxRate] += l.Tax
		}
		if sum != p.Totals {
			t.Fatalf("lines sum to %+v, totals are %+v", sum, p.Totals)
		}
		if p.PointsUsed != min(terms.PointsOffered, p.Subtotal-p.Discount) {
			t.Fatalf("used %d points", p.PointsUsed)
		}
		if len(p.Taxes) != len(rateBases) || !slices.IsSortedFunc(p.Taxes, func(a, b cashier.TaxTotal) int { return int(b.Rate - a.Rate) }) {
			t.Fatalf("taxes are %v", p.Taxes)
		}
		for _, tax := range p.Taxes {
			want, _ := tax.Rate.Within(tax.Base)
			if terms.TaxMode == store.TaxExclusive {
				want, _ = tax.Rate.Of(tax.Base)
			}
			if tax.Base != rateBases[tax.Rate] || tax.Tax != rateTaxes[tax.Rate] || tax.Tax != want {
				t.Fatalf("tax %+v: lines have base %d and tax %d, the rule gives %d", tax, rateBases[tax.Rate], rateTaxes[tax.Rate], want)
			}
		}
	})
}

func BenchmarkPriceThreeLines(b *testing.B) {
	items := []cashier.Item{item(3, 1999, 1900), item(2, 129, 700), weighed(750, 1333, 700)}
	terms := cashier.Terms{TaxMode: store.TaxInclusive, Discount: 1500, PointsOffered: 300, PointsBalance: 300}
	tenders := []cashier.Tender{{Kind: cashier.Cash, Amount: 6000}}
	b.Run("price", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := cashier.Price(items, terms); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("price and settle", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p, err := cashier.Price(items, terms)
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err := p.Settle(tenders, 5, 1500); err != nil {
				b.Fatal(err)
			}
		}
	})
}
