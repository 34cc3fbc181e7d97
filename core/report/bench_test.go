package report

import (
	"fmt"
	"testing"
	"time"

	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/money"
)

// uuid returns an id as long as those of products are.
func uuid(n int) id.ID { return id.ID(fmt.Sprintf("01997b1e-5f1c-7a33-8c1d-%012d", n)) }

// threeLines is the n-th sale of a shop with 1,000 products, sealed.
func threeLines(tb testing.TB, n int) journal.Record {
	b := &cashier.Bill{Type: cashier.KindSale, Number: int64(n), Register: uuid(n % 50), Cashier: uuid(1), Member: uuid(n % 300),
		Day: clock.Date(20260101).AddDays(n % 365), OccurredAt: time.UnixMilli(1_700_000_000_000), UTCOffset: 60, Currency: "EUR"}
	for i := range 3 {
		price := money.Amount(199 + 100*i)
		b.Lines = append(b.Lines, cashier.Line{Number: i + 1, Subtotal: price, Total: price, Tax: 19,
			Item: cashier.Item{ProductID: uuid((n*7 + i*331) % 1000), Name: "Apple juice 1 l", Unit: measure.Piece, Quantity: measure.One, UnitPrice: price, TaxRate: 1900}})
		b.Subtotal, b.Total, b.Tax = b.Subtotal+price, b.Total+price, b.Tax+19
	}
	b.Taxes = []cashier.TaxTotal{{Rate: 1900, Base: b.Total, Tax: b.Tax}}
	b.Tenders = []cashier.Tender{{Kind: cashier.Cash, Amount: b.Total}}
	r := journal.Record{Draft: journal.Draft{Doc: b, Day: b.Day, Chain: journal.Chain(b.Register), Refs: []journal.Ref{cashier.BillsRef}}, ID: uuid(n), Position: int64(n + 1)}
	for _, account := range []string{"drawer:" + string(b.Register), "revenue:", "tax:1900"} {
		r.Lines = append(r.Lines, journal.Line{Account: account, Unit: "EUR", Amount: 1, Balance: 1})
	}
	if err := r.Seal(); err != nil {
		tb.Fatal(err)
	}
	return r
}

// BenchmarkFold: what it costs to read a sale and to add it up.
func BenchmarkFold(b *testing.B) {
	records, schema := make([][]byte, 2000), cashier.Documents()
	for i := range records {
		r := threeLines(b, i)
		records[i] = r.Encoded()
	}
	for _, part := range []string{"open", "add"} {
		b.Run(part, func(b *testing.B) {
			f := newFold()
			r := threeLines(b, 0)
			for i := range b.N {
				var err error
				if part == "open" {
					if r, err = journal.Open(schema, records[i%len(records)]); err != nil {
						b.Fatal(err)
					}
				} else {
					f.add(&r)
				}
			}
		})
	}
}

// BenchmarkYear: the sales of 1,000 products and 300 members in a year, from their pages.
func BenchmarkYear(b *testing.B) {
	m := &shop{pages: map[Key][]byte{}, now: time.UnixMilli(0), fails: func() (error, error) { return nil, nil }}
	f := newTestFolder(m)
	for i := range 50_000 {
		m.records = append(m.records, threeLines(b, i))
	}
	for more := true; more; {
		var err error
		if more, err = f.Step(b.Context(), "shop"); err != nil {
			b.Fatal(err)
		}
	}
	for _, part := range []Part{sums, products, members} {
		b.Run(string(part), func(b *testing.B) {
			for range b.N {
				all := newSheet()
				q := question{Range{20260101, 20261231}, Monthly, []Part{part}}
				if err := f.each(b.Context(), "shop", q, func(_ Period, s *sheet) error {
					all.addParts(s, q.parts)
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
