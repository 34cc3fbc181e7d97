package cashier_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kassa/core/cashier"
	"kassa/core/money"
	"kassa/core/store"
)

func cash(a money.Amount) cashier.Tender { return cashier.Tender{Kind: cashier.Cash, Amount: a} }
func card(a money.Amount) cashier.Tender { return cashier.Tender{Kind: cashier.Card, Amount: a} }

func TestPayments(t *testing.T) {
	voucher := cashier.Tender{Kind: cashier.Other, Label: strings.Repeat("ü", 40), Amount: 97}
	for _, c := range []struct {
		name     string
		tenders  []cashier.Tender
		step     money.Amount
		change   money.Amount
		kept     money.Amount
		rounding money.Amount
		code     string
		facts    map[string]any
	}{
		{"exact card", []cashier.Tender{card(6297)}, 0, 0, 0, 0, "", nil},
		{"card is not rounded", []cashier.Tender{card(6297)}, 100, 0, 0, 0, "", nil},
		{"card above the total", []cashier.Tender{card(6298)}, 5, 0, 0, 0, "overpaid", map[string]any{"excess": int64(1)}},
		{"cards above the total together", []cashier.Tender{card(6000), card(300)}, 0, 0, 0, 0, "overpaid", map[string]any{"excess": int64(3)}},
		{"card above the total is not given back as cash", []cashier.Tender{cash(100), card(6298)}, 0, 0, 0, 0, "overpaid", nil},
		{"card below the total", []cashier.Tender{card(6200)}, 100, 0, 0, 0, "underpaid", map[string]any{"shortfall": int64(97)}},
		{"cash above the total", []cashier.Tender{cash(7000)}, 0, 703, 6297, 0, "", nil},
		{"cash rounded down", []cashier.Tender{cash(6295)}, 5, 0, 6295, -2, "", nil},
		{"cash rounded up is short of the rounded total", []cashier.Tender{cash(6297)}, 100, 0, 0, 0, "underpaid", map[string]any{"shortfall": int64(3)}},
		{"cash short", []cashier.Tender{cash(6000)}, 5, 0, 0, 0, "underpaid", map[string]any{"shortfall": int64(295)}},
		{"only the cash part is rounded", []cashier.Tender{card(6200), cash(100)}, 5, 5, 95, -2, "", nil},
		{"split, same kind twice", []cashier.Tender{cash(100), card(3000), voucher, card(3000), cash(150)}, 0, 50, 200, 0, "", nil},
		{"cash where nothing is left to pay", []cashier.Tender{card(6297), cash(5)}, 5, 5, 0, 0, "", nil},
		{"amount 0", []cashier.Tender{card(6297), cash(0)}, 0, 0, 0, 0, "tender_invalid", map[string]any{"tender": 2}},
		{"amount below 0", []cashier.Tender{cash(-1)}, 0, 0, 0, 0, "tender_invalid", map[string]any{"tender": 1}},
		{"amount beyond max", []cashier.Tender{cash(money.Max + 1)}, 0, 0, 0, 0, "tender_invalid", nil},
		{"sum beyond max", []cashier.Tender{cash(money.Max), cash(1)}, 0, 0, 0, 0, "amount_out_of_range", nil},
		{"other without a label", []cashier.Tender{{Kind: cashier.Other, Amount: 6297}}, 0, 0, 0, 0, "tender_invalid", nil},
		{"other with a blank label", []cashier.Tender{{Kind: cashier.Other, Label: " ", Amount: 6297}}, 0, 0, 0, 0, "tender_invalid", nil},
		{"label of 41 characters", []cashier.Tender{{Kind: cashier.Other, Label: strings.Repeat("ü", 41), Amount: 6297}}, 0, 0, 0, 0, "tender_invalid", nil},
		{"label that is no text", []cashier.Tender{{Kind: cashier.Other, Label: "\xff", Amount: 6297}}, 0, 0, 0, 0, "tender_invalid", nil},
		{"card with a label", []cashier.Tender{{Kind: cashier.Card, Label: "Visa", Amount: 6297}}, 0, 0, 0, 0, "tender_invalid", nil},
		{"no kind", []cashier.Tender{{Amount: 6297}}, 0, 0, 0, 0, "tender_kind_invalid", nil},
		{"20 tenders", slices.Repeat([]cashier.Tender{cash(315)}, 20), 0, 3, 6297, 0, "", nil},
		{"21 tenders", slices.Repeat([]cashier.Tender{cash(315)}, 21), 0, 0, 0, 0, "tender_invalid", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := cashier.Price([]cashier.Item{item(3, 1999, 500)}, cashier.Terms{TaxMode: store.TaxExclusive})
			wantFault(t, err, "", nil)
			sold, payment, err := p.Settle(c.tenders, c.step, 1500)
			wantFault(t, err, c.code, c.facts)
			if c.code != "" {
				return
			}
			if payment.Change != c.change || payment.Cash() != c.kept || sold.Rounding != c.rounding || sold.Total != 6297+c.rounding {
				t.Fatalf("change %d, kept %d, rounding %d, total %d", payment.Change, payment.Cash(), sold.Rounding, sold.Total)
			}
			if !slices.Equal(payment.Tenders, c.tenders) {
				t.Fatalf("tenders are %v, want them as given", payment.Tenders)
			}
		})
	}
}

func TestOmittedTendersAreExactCash(t *testing.T) {
	p, err := cashier.Price([]cashier.Item{item(3, 1999, 500)}, cashier.Terms{TaxMode: store.TaxExclusive})
	wantFault(t, err, "", nil)
	_, payment, err := p.Settle([]cashier.Tender{}, 5, 0)
	wantFault(t, err, "", nil)
	if !slices.Equal(payment.Tenders, []cashier.Tender{cash(6295)}) || payment.Change != 0 {
		t.Fatalf("got %+v", payment)
	}
	free, err := cashier.Price([]cashier.Item{item(1, 2, 0)}, cashier.Terms{TaxMode: store.TaxInclusive})
	wantFault(t, err, "", nil)
	sold, payment, err := free.Settle(nil, 5, 1500)
	wantFault(t, err, "", nil)
	if len(payment.Tenders) != 0 || sold.Total != 0 || sold.Rounding != -2 {
		t.Fatalf("got %+v and %+v, want nothing to pay", sold.Totals, payment)
	}
}

func TestSettlingAnewStartsFromTheUnroundedTotal(t *testing.T) {
	p, err := cashier.Price([]cashier.Item{item(1, 6297, 0)}, cashier.Terms{TaxMode: store.TaxInclusive})
	wantFault(t, err, "", nil)
	once, _, err := p.Settle(nil, 5, 1500)
	wantFault(t, err, "", nil)
	again, _, err := once.Settle([]cashier.Tender{card(6297)}, 5, 1500)
	wantFault(t, err, "", nil)
	if again.Rounding != 0 || again.Total != 6297 {
		t.Fatalf("got %+v", again.Totals)
	}
}

func TestSettleRefusesWhatLeavesTheBounds(t *testing.T) {
	p, err := cashier.Price([]cashier.Item{item(1, cashier.MaxTotal, 0)}, cashier.Terms{TaxMode: store.TaxInclusive})
	wantFault(t, err, "", nil)
	_, _, err = p.Settle(nil, 150, 0)
	wantFault(t, err, "amount_out_of_range", nil)
	_, _, err = p.Settle(nil, 0, -1)
	wantFault(t, err, "rate_invalid", nil)
}

func TestParseTenderKind(t *testing.T) {
	for s, code := range map[string]string{"cash": "", "card": "", "wallet": "", "other": "", "": "tender_kind_invalid", "Cash": "tender_kind_invalid"} {
		_, err := cashier.ParseTenderKind(s)
		wantFault(t, err, code, nil)
	}
}

// drawSettled draws a cart and pays it in drawn tenders, rounded to a drawn step.
func drawSettled(t *rapid.T) (cashier.Priced, cashier.Payment) {
	p, _, _ := drawPriced(t)
	step := rapid.SampledFrom([]money.Amount{0, 5, 10, 100}).Draw(t, "step")
	var tenders []cashier.Tender
	rest := p.Total
	for range rapid.IntRange(0, 3).Draw(t, "cards") {
		if rest > 0 {
			a := money.Amount(rapid.Int64Range(1, int64(rest)).Draw(t, "card"))
			rest -= a
			tenders = append(tenders, card(a))
		}
	}
	if len(tenders) > 0 && rest > 0 || rapid.Bool().Draw(t, "given cash") {
		for range rapid.IntRange(1, 3).Draw(t, "notes") {
			tenders = append(tenders, cash(rest+money.Amount(rapid.Int64Range(100, 200).Draw(t, "cash"))))
		}
	}
	sold, payment, err := p.Settle(tenders, step, rapid.SampledFrom([]money.Rate{0, 1500, 10_000}).Draw(t, "points rate"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return sold, payment
}

func TestIdentitiesOfASettledBill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, payment := drawSettled(t)
		total := p.Subtotal - p.Discount - p.PointsUsed + p.Rounding
		if p.TaxMode == store.TaxExclusive {
			total += p.Tax
		}
		paid := -payment.Change
		for _, tender := range payment.Tenders {
			paid += tender.Amount
		}
		if total != p.Total || paid != p.Total || payment.Change < 0 || payment.Cash() < 0 || p.Total < 0 {
			t.Fatalf("total %+v, computed %d, paid %d with %+v", p.Totals, total, paid, payment)
		}
	})
}
