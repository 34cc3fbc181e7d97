package rest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/store"
)

var update = flag.Bool("update", false, "write the golden files")

// soldBill returns the bill of a member's sale of n products, paid in two ways.
func soldBill(t testing.TB, n int) cashier.Booked {
	t.Helper()
	items := []cashier.Item{
		{ProductID: "01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a11", Name: "T-shirt, black", Unit: measure.Piece, Quantity: 3000, UnitPrice: 1999, TaxRate: 1900},
		{ProductID: "01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a12", Name: "Äpfel \"Boskop\"\n<b>", Unit: measure.Kilogram, Quantity: 750, UnitPrice: 1333, TaxRate: 700},
		{ProductID: "01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a13", Name: "Bread", Unit: measure.Piece, Quantity: 2000, UnitPrice: 129, TaxRate: 700},
	}
	p, err := cashier.Price(items[:n], cashier.Terms{TaxMode: store.TaxInclusive, Discount: 1500})
	if err != nil {
		t.Fatal(err)
	}
	b := &cashier.Bill{
		Type: cashier.KindSale, Number: 42, Register: "01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a14", Cashier: "01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a15",
		Currency: "EUR", Day: 20261121, OccurredAt: time.Date(2026, 11, 20, 23, 51, 22, 577e6, time.UTC),
	}
	if b.Priced, b.Payment, err = p.Settle([]cashier.Tender{{Kind: cashier.Other, Label: "Voucher", Amount: 500}, {Kind: cashier.Cash, Amount: 10000}}, 0, money.Rate(1500)); err != nil {
		t.Fatal(err)
	}
	return cashier.Booked{Bill: b, ID: "01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a16", CreatedAt: b.OccurredAt.Add(time.Second), State: cashier.Completed, Hash: journal.Hash{1, 2, 255}}
}

// The answer to a payment is kept for ever: a repeated request gets the same bytes, also from a later version.
func TestGoldenBill(t *testing.T) {
	b := soldBill(t, 3)
	b.Member, b.ClientSaleID, b.Flags = "member-1", "till-1-42", []string{cashier.FlagLate, cashier.FlagOversold}
	v := soldBill(t, 1)
	v.Bill.Type, v.Bill.RefundOf, v.Bill.Reason, v.Tenders, v.Lines[0].Quantity, v.Total = cashier.KindVoid, b.ID, "wrong", nil, -3000, -5097
	for name, bill := range map[string]cashier.Booked{"sale": b, "void": v} {
		got := append(appendBill(nil, &bill), '\n')
		path := filepath.Join("testdata", "bill."+name+".json")
		if *update {
			if err := os.WriteFile(path, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestBillsWrittenByHandAreAsTheirTagsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string { return rapid.StringN(0, 12, -1).Draw(t, name) }
		amount := func(name string) money.Amount {
			return money.Amount(rapid.Int64Range(-int64(money.Max), int64(money.Max)).Draw(t, name))
		}
		at := func(name string) time.Time { return time.UnixMilli(rapid.Int64Range(-1e12, 1e14).Draw(t, name)).UTC() }
		b := cashier.Booked{
			ID: id.ID(text("id")), CreatedAt: at("created"), State: cashier.State(text("state")), Hash: journal.Hash{byte(amount("hash"))},
			Bill: &cashier.Bill{
				Type: cashier.Kind(text("kind")), RefundOf: id.ID(text("of")), Number: int64(amount("number")), Register: id.ID(text("register")),
				Cashier: id.ID(text("cashier")), Member: id.ID(text("member")), Day: 20261121, OccurredAt: at("occurred"), Currency: "EUR",
				ClientSaleID: text("client"), Reason: text("reason"), Flags: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "flags"),
			},
		}
		for range rapid.IntRange(0, 3).Draw(t, "lines") {
			unit := rapid.SampledFrom([]measure.Unit{measure.Piece, measure.Kilogram}).Draw(t, "unit")
			q := measure.Quantity(rapid.Int64Range(-5000, 5000).Draw(t, "quantity"))
			b.Lines = append(b.Lines, cashier.Line{
				Number: 1, Item: cashier.Item{ProductID: "p", Name: text("name"), Unit: unit, Quantity: q, UnitPrice: amount("price"), TaxRate: 1900},
				Subtotal: amount("a"), Discount: amount("b"), PointsUsed: amount("c"), Tax: amount("d"), Total: amount("e"),
			})
			b.Taxes = append(b.Taxes, cashier.TaxTotal{Rate: 1900, Base: amount("f"), Tax: amount("g")})
			b.Tenders = append(b.Tenders, cashier.Tender{Kind: cashier.Cash, Label: text("label"), Amount: amount("h")})
		}
		b.Totals = cashier.Totals{Subtotal: amount("i"), Discount: amount("j"), PointsUsed: amount("k"), PointsEarned: amount("l"), Tax: amount("m"), Rounding: amount("n"), Total: amount("o")}
		b.Change = amount("p")
		want, err := json.Marshal(newBillBody(b), answerOptions, jsontext.AllowInvalidUTF8(true))
		if err != nil {
			t.Fatal(err)
		}
		if got := appendBill(nil, &b); !bytes.Equal(got, want) {
			t.Fatalf("got\n%s, want\n%s", got, want)
		}
	})
}

func TestQuoteIsABillWithoutIDNumberAndHash(t *testing.T) {
	b := soldBill(t, 2)
	text, err := json.Marshal(quoteBody{newFigures(b.Bill)}, answerOptions)
	if err != nil {
		t.Fatal(err)
	}
	var quote, bill map[string]any
	for body, to := range map[string]*map[string]any{string(text): &quote, string(appendBill(nil, &b)): &bill} {
		if err := json.Unmarshal([]byte(body), to); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"id", "receipt_number", "hash", "previous_hash", "state", "created_at"} {
		if _, ok := quote[name]; ok {
			t.Errorf("a quote has %s", name)
		}
		delete(bill, name)
	}
	for name := range bill {
		if _, ok := quote[name]; !ok && name != "refund_of" && name != "reason" {
			t.Errorf("a quote lacks %s", name)
		}
	}
}

func BenchmarkBillByTags(b *testing.B) {
	bill := soldBill(b, 3)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(newBillBody(bill), answerOptions); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBillByHand(b *testing.B) {
	bill := soldBill(b, 3)
	b.ReportAllocs()
	for b.Loop() {
		appendBill(make([]byte, 0, 1024+256*len(bill.Lines)), &bill)
	}
}

func BenchmarkReadPayment(b *testing.B) {
	body := []byte(`{"register_id":"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a14","client_sale_id":"till-1-0042","lines":[` +
		`{"product_id":"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a11","quantity":2},{"product_id":"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a12","quantity":"0.750"},` +
		`{"product_id":"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a13","quantity":1}],"tenders":[{"kind":"cash","amount":10000}]}`)
	b.ReportAllocs()
	for b.Loop() {
		var dto paymentRequest
		if err := decode(body, &dto); err != nil {
			b.Fatal(err)
		}
		_ = dto.sale("key", "")
	}
}
