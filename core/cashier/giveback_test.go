package cashier_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/store"
)

func settled(t *testing.T, step money.Amount, terms cashier.Terms, items ...cashier.Item) (cashier.Priced, cashier.Payment) {
	t.Helper()
	p, err := cashier.Price(items, terms)
	wantFault(t, err, "", nil)
	sold, payment, err := p.Settle(nil, step, 1500)
	wantFault(t, err, "", nil)
	return sold, payment
}

func TestGoldenRefundOneAtATime(t *testing.T) {
	sold, payment := settled(t, 0, cashier.Terms{TaxMode: store.TaxInclusive, Discount: 1500}, item(3, 1999, 1900))
	var done cashier.Returned
	for i, want := range []cashier.Totals{
		{Subtotal: 1999, Discount: 300, Tax: 271, PointsEarned: 254, Total: 1699},
		{Subtotal: 1999, Discount: 300, Tax: 271, PointsEarned: 255, Total: 1699},
		{Subtotal: 1999, Discount: 300, Tax: 272, PointsEarned: 255, Total: 1699},
	} {
		back, after, err := cashier.GiveBack(sold, done, []cashier.Ask{{Line: 1, Quantity: 1000}})
		wantFault(t, err, "", nil)
		if back.Totals != want || back.Complete != (i == 2) {
			t.Fatalf("refund %d is %+v, want %+v", i+1, back, want)
		}
		if !slices.Equal(back.Taxes, []cashier.TaxTotal{{Rate: 1900, Base: 1699, Tax: want.Tax}}) {
			t.Fatalf("taxes of refund %d are %v", i+1, back.Taxes)
		}
		tenders, cumulative, err := cashier.SpreadTenders(back.Total, payment.Tenders, payment.Change, done.Tenders)
		wantFault(t, err, "", nil)
		if !slices.Equal(tenders, []cashier.Tender{cash(1699)}) {
			t.Fatalf("tenders of refund %d are %v", i+1, tenders)
		}
		done, done.Tenders = after, cumulative
	}
	_, _, err := cashier.GiveBack(sold, done, nil)
	wantFault(t, err, "refund_exceeds_sold", nil)
}

func TestRefundOfWhatCannotComeBackIsRefused(t *testing.T) {
	sold, _ := settled(t, 0, cashier.Terms{TaxMode: store.TaxInclusive}, item(3, 1999, 0), weighed(750, 1333, 0))
	done := cashier.Returned{Quantities: []measure.Quantity{1000, 0}}
	for _, c := range []struct {
		name  string
		asks  []cashier.Ask
		code  string
		facts map[string]any
	}{
		{"what is left", []cashier.Ask{{1, 2000}}, "", nil},
		{"one more than is left", []cashier.Ask{{1, 3000}}, "refund_exceeds_sold", map[string]any{"line": 1, "requested": int64(3), "available": int64(2)}},
		{"a line twice is summed", []cashier.Ask{{1, 2000}, {1, 1000}}, "refund_exceeds_sold", map[string]any{"line": 1, "requested": int64(3), "available": int64(2)}},
		{"more weight than sold", []cashier.Ask{{2, 751}}, "refund_exceeds_sold", map[string]any{"line": 2, "requested": "0.751", "available": "0.750"}},
		{"half a piece", []cashier.Ask{{1, 500}}, "quantity_invalid", map[string]any{"line": 1}},
		{"nothing of a line", []cashier.Ask{{1, 0}}, "quantity_invalid", map[string]any{"line": 1}},
		{"less than nothing", []cashier.Ask{{2, -1}}, "quantity_invalid", map[string]any{"line": 2}},
		{"a quantity beyond the bounds", []cashier.Ask{{2, math.MaxInt64}}, "quantity_invalid", map[string]any{"line": 2}},
		{"line 0", []cashier.Ask{{0, 1000}}, "line_unknown", map[string]any{"line": 0}},
		{"line 3", []cashier.Ask{{1, 1000}, {3, 1000}}, "line_unknown", map[string]any{"line": 3}},
		{"501 lines", slices.Repeat([]cashier.Ask{{2, 1}}, 501), "line_count_invalid", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := cashier.GiveBack(sold, done, c.asks)
			wantFault(t, err, c.code, c.facts)
			if done.Quantities[0] != 1000 || done.Quantities[1] != 0 {
				t.Fatalf("the state that was passed changed to %v", done)
			}
		})
	}
}

func TestForeignRefundStateIsADefect(t *testing.T) {
	sold, payment := settled(t, 0, cashier.Terms{TaxMode: store.TaxInclusive}, item(3, 1999, 0))
	for _, q := range [][]measure.Quantity{{}, {1000, 0}, {4000}, {-1}} {
		if _, _, err := cashier.GiveBack(sold, cashier.Returned{Quantities: q}, nil); !fault.IsKind(err, fault.Internal) {
			t.Errorf("state %v gives %v", q, err)
		}
	}
	for _, c := range []struct {
		total money.Amount
		done  []money.Amount
	}{{5998, nil}, {-1, nil}, {1, []money.Amount{5997}}, {0, []money.Amount{5998}}, {0, []money.Amount{0, 0}}} {
		if _, _, err := cashier.SpreadTenders(c.total, payment.Tenders, payment.Change, c.done); !fault.IsKind(err, fault.Internal) {
			t.Errorf("%d after %v gives %v", c.total, c.done, err)
		}
	}
}

func TestRoundingComesBackWithTheLastPiece(t *testing.T) {
	sold, _ := settled(t, 100, cashier.Terms{TaxMode: store.TaxExclusive}, item(3, 1999, 500))
	done := cashier.Returned{}
	for _, want := range []money.Amount{0, 0, 3} {
		back, after, err := cashier.GiveBack(sold, done, []cashier.Ask{{1, 1000}})
		wantFault(t, err, "", nil)
		if back.Rounding != want || back.Total != 2099+want {
			t.Fatalf("got rounding %d and total %d, want rounding %d", back.Rounding, back.Total, want)
		}
		done = after
	}
}

// A bill of 60.40 and 0.09 paid with 60.00: giving back 60.40 for the first line would be more than was paid.
func TestRoundingComesEarlierWhereMoreThanWasPaidWouldGoBack(t *testing.T) {
	sold, _ := settled(t, 100, cashier.Terms{TaxMode: store.TaxInclusive}, item(1, 6040, 0), item(1, 9, 0))
	first, done, err := cashier.GiveBack(sold, cashier.Returned{}, []cashier.Ask{{1, 1000}})
	wantFault(t, err, "", nil)
	last, _, err := cashier.GiveBack(sold, done, nil)
	wantFault(t, err, "", nil)
	if first.Total != 6000 || first.Rounding != -40 || last.Total != 0 || last.Rounding != -9 {
		t.Fatalf("got %+v, then %+v", first.Totals, last.Totals)
	}
}

// A line of 2 x 0.01, half discount and half points, costs nothing: neither piece may give money back or ask for it.
func TestPiecesThatCostNothingGiveNothingBack(t *testing.T) {
	sold, _ := settled(t, 0, cashier.Terms{TaxMode: store.TaxInclusive, Discount: 5000, PointsOffered: 1, PointsBalance: 1}, item(2, 1, 0))
	done := cashier.Returned{}
	for range 2 {
		back, after, err := cashier.GiveBack(sold, done, []cashier.Ask{{1, 1000}})
		wantFault(t, err, "", nil)
		if back.Total != 0 {
			t.Fatalf("got %+v", back.Totals)
		}
		done = after
	}
}

func TestTendersComeBackInProportionToWhatIsLeft(t *testing.T) {
	sold := []cashier.Tender{cash(1000), card(3000), cash(500)} // change 700: cash 800 kept of the first, nothing of the last
	for _, c := range []struct {
		name     string
		total    money.Amount
		done     []money.Amount
		want     []cashier.Tender
		wantDone []money.Amount
	}{
		{"a part", 1900, nil, []cashier.Tender{cash(400), card(1500)}, []money.Amount{400, 1500, 0}},
		{"largest remainder", 1, nil, []cashier.Tender{card(1)}, []money.Amount{0, 1, 0}},
		{"what is left", 1900, []money.Amount{400, 1500, 0}, []cashier.Tender{cash(400), card(1500)}, []money.Amount{800, 3000, 0}},
		{"all", 3800, nil, []cashier.Tender{cash(800), card(3000)}, []money.Amount{800, 3000, 0}},
		{"nothing", 0, nil, nil, []money.Amount{0, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			back, done, err := cashier.SpreadTenders(c.total, sold, 700, c.done)
			wantFault(t, err, "", nil)
			if !slices.Equal(back, c.want) || !slices.Equal(done, c.wantDone) {
				t.Fatalf("got %v and %v, want %v and %v", back, done, c.want, c.wantDone)
			}
		})
	}
}

// drawAsks draws a refund of some of what is left; none when nothing is drawn, which asks for all.
func drawAsks(t *rapid.T, sold cashier.Priced, done []measure.Quantity) []cashier.Ask {
	var asks []cashier.Ask
	for i, l := range sold.Lines {
		left, step := l.Quantity, measure.Quantity(1)
		if done != nil {
			left -= done[i]
		}
		if l.Unit == measure.Piece {
			step = measure.One
		}
		if left == 0 || rapid.IntRange(0, 2).Draw(t, "skip") == 0 {
			continue
		}
		most := int64(left / step)
		q := rapid.OneOf(rapid.Int64Range(1, min(most, 3)), rapid.Int64Range(1, most)).Draw(t, "back")
		asks = append(asks, cashier.Ask{Line: l.Number, Quantity: measure.Quantity(q) * step})
	}
	return asks
}

// refunds is the sum of the refunds of a sale.
type refunds struct {
	totals cashier.Totals
	lines  []cashier.Line
	taxes  map[money.Rate]cashier.TaxTotal
}

func (r *refunds) add(t *rapid.T, mode store.TaxMode, back cashier.Giveback) {
	total := back.Subtotal - back.Discount - back.PointsUsed + back.Rounding
	if mode == store.TaxExclusive {
		total += back.Tax
	}
	if total != back.Total || min(back.Subtotal, back.Discount, back.PointsUsed, back.Tax, back.PointsEarned, back.Total) < 0 {
		t.Fatalf("refund %+v does not add up", back.Totals)
	}
	for _, l := range back.Lines {
		if min(l.Subtotal, l.Discount, l.PointsUsed, l.Tax, l.Total) < 0 || l.Quantity <= 0 {
			t.Fatalf("refunded line %+v is negative", l)
		}
		sum := &r.lines[l.Number-1]
		sum.Quantity += l.Quantity
		sum.Subtotal += l.Subtotal
		sum.Discount += l.Discount
		sum.PointsUsed += l.PointsUsed
		sum.Tax += l.Tax
		sum.Total += l.Total
	}
	r.totals.Subtotal += back.Subtotal
	r.totals.Discount += back.Discount
	r.totals.PointsUsed += back.PointsUsed
	r.totals.PointsEarned += back.PointsEarned
	r.totals.Tax += back.Tax
	r.totals.Rounding += back.Rounding
	r.totals.Total += back.Total
	for _, tax := range back.Taxes {
		r.taxes[tax.Rate] = cashier.TaxTotal{Rate: tax.Rate, Base: r.taxes[tax.Rate].Base + tax.Base, Tax: r.taxes[tax.Rate].Tax + tax.Tax}
	}
}

// checkFloors holds the cumulative rule line by line.
func (r *refunds) checkFloors(t *rapid.T, sold cashier.Priced) {
	for i, sum := range r.lines {
		l := sold.Lines[i]
		share := func(a money.Amount) money.Amount { return money.Share(a, int64(sum.Quantity), int64(l.Quantity)) }
		if sum.Discount != share(l.Discount) || sum.PointsUsed != share(l.PointsUsed) || sum.Tax != share(l.Tax) {
			t.Fatalf("of line %+v came back %+v", l, sum)
		}
		off, net := share(l.Subtotal)-sum.Subtotal, l.Subtotal-l.Discount-l.PointsUsed
		if off < 0 || off > 2 || (off > 0 && l.Unit == measure.Piece && int64(net) >= 2*l.Quantity.Whole()) {
			t.Fatalf("of the subtotal of %+v came back %d", l, sum.Subtotal)
		}
	}
}

func TestAnyRefundsSumToTheSale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sold, payment := drawSettled(t)
		var done cashier.Returned
		sum := refunds{lines: make([]cashier.Line, len(sold.Lines)), taxes: map[money.Rate]cashier.TaxTotal{}}
		for i := range sum.lines {
			sum.lines[i].Number, sum.lines[i].Item = i+1, sold.Lines[i].Item
			sum.lines[i].Quantity = 0
		}
		for complete, n := false, 0; !complete; n++ {
			var asks []cashier.Ask
			if n < 8 {
				asks = drawAsks(t, sold, done.Quantities)
			}
			back, after, err := cashier.GiveBack(sold, done, asks)
			if err != nil {
				t.Fatalf("refund %d: %v", n, err)
			}
			sum.add(t, sold.TaxMode, back)
			sum.checkFloors(t, sold)
			_, after.Tenders, err = cashier.SpreadTenders(back.Total, payment.Tenders, payment.Change, done.Tenders)
			if err != nil {
				t.Fatalf("tenders of refund %d: %v", n, err)
			}
			done, complete = after, back.Complete
		}
		if sum.totals != sold.Totals || !slices.Equal(sum.lines, sold.Lines) {
			t.Fatalf("refunds sum to %+v %v, sold %+v %v", sum.totals, sum.lines, sold.Totals, sold.Lines)
		}
		for _, tax := range sold.Taxes {
			if sum.taxes[tax.Rate] != tax {
				t.Fatalf("refunded tax is %+v, want %+v", sum.taxes[tax.Rate], tax)
			}
		}
		left := sold.Total
		for _, back := range done.Tenders {
			left -= back
		}
		if left != 0 {
			t.Fatalf("%d of the tenders are left", left)
		}
	})
}

func TestTheOrderOfRefundsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sold, _ := drawSettled(t)
		asks := drawAsks(t, sold, nil)
		if len(asks) == 0 {
			return
		}
		all, want, err := cashier.GiveBack(sold, cashier.Returned{}, asks)
		if err != nil {
			t.Fatalf("%v", err)
		}
		var done cashier.Returned
		var total, earned money.Amount
		for i := len(asks) - 1; i >= 0; i-- {
			back, after, err := cashier.GiveBack(sold, done, asks[i:i+1])
			if err != nil {
				t.Fatalf("%v", err)
			}
			total, earned, done = total+back.Total, earned+back.PointsEarned, after
		}
		if total != all.Total || earned != all.PointsEarned || !slices.Equal(done.Quantities, want.Quantities) {
			t.Fatalf("one by one %d and %d points, at once %+v", total, earned, all.Totals)
		}
	})
}
