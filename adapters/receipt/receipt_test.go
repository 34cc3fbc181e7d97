package receipt_test

import (
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
	"pgregory.net/rapid"

	"kassa/adapters/receipt"
	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/store"
)

var update = flag.Bool("update", false, "write the golden files")

func piece(n int64, name string, price money.Amount, rate money.Rate) cashier.Item {
	return cashier.Item{ProductID: id.ID(name), Name: name, Unit: measure.Piece, Quantity: measure.Quantity(n) * measure.One, UnitPrice: price, TaxRate: rate}
}

// sold returns the bill of a sale.
func sold(t testing.TB, c money.Currency, terms cashier.Terms, points money.Rate, step money.Amount, tenders []cashier.Tender, items ...cashier.Item) *cashier.Bill {
	t.Helper()
	p, err := cashier.Price(items, terms)
	if err != nil {
		t.Fatal(err)
	}
	b := &cashier.Bill{Type: cashier.KindSale, Number: 42, Register: "till-1", Cashier: "anna", Currency: c,
		OccurredAt: time.Date(2026, 11, 20, 23, 51, 22, 0, time.UTC)}
	if points != 0 {
		b.Member = "member-1"
	}
	if b.Priced, b.Payment, err = p.Settle(tenders, step, points); err != nil {
		t.Fatal(err)
	}
	return b
}

// turned returns the bill that voids a sale.
func turned(b *cashier.Bill, k cashier.Kind) *cashier.Bill {
	v := *b
	v.Type, v.Number, v.RefundOf = k, 43, "sale-1"
	v.Lines, v.Taxes, v.Tenders = append([]cashier.Line{}, b.Lines...), append([]cashier.TaxTotal{}, b.Taxes...), append([]cashier.Tender{}, b.Tenders...)
	for i := range v.Lines {
		l := &v.Lines[i]
		l.Quantity, l.Subtotal, l.Discount, l.PointsUsed, l.Tax, l.Total = -l.Quantity, -l.Subtotal, -l.Discount, -l.PointsUsed, -l.Tax, -l.Total
	}
	for i := range v.Taxes {
		v.Taxes[i].Base, v.Taxes[i].Tax = -v.Taxes[i].Base, -v.Taxes[i].Tax
	}
	for i := range v.Tenders {
		v.Tenders[i].Amount = -v.Tenders[i].Amount
	}
	s := b.Totals
	v.Totals = cashier.Totals{Subtotal: -s.Subtotal, Discount: -s.Discount, PointsUsed: -s.PointsUsed, PointsEarned: -s.PointsEarned,
		Tax: -s.Tax, Rounding: -s.Rounding, Total: -s.Total}
	v.Change = -b.Change
	return &v
}

func receiptOf(b *cashier.Bill) *receipt.Receipt {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return &receipt.Receipt{
		Bill: cashier.Booked{Bill: b, ID: "bill-1"}, Store: "Corner Shop", Header: "12 High Street\nBerlin", Footer: "Thank you!\nGoods can be returned within 14 days with this receipt.",
		Register: "Till 1", Cashier: "Anna", Location: berlin,
	}
}

func cases(t testing.TB) map[string]*receipt.Receipt {
	inclusive := cashier.Terms{TaxMode: store.TaxInclusive}
	cash := func(n money.Amount) []cashier.Tender { return []cashier.Tender{{Kind: cashier.Cash, Amount: n}} }
	plain := sold(t, "EUR", inclusive, 0, 0, cash(6000), piece(3, "T-shirt, black, L", 1999, 1900))
	vip := sold(t, "EUR", cashier.Terms{TaxMode: store.TaxInclusive, Discount: 1500, PointsOffered: 300, PointsBalance: 300}, 1500, 0,
		[]cashier.Tender{{Kind: cashier.Wallet, Amount: 1000}, {Kind: cashier.Card, Amount: 2000}, {Kind: cashier.Other, Label: "Voucher", Amount: 17}, {Kind: cashier.Cash, Amount: 2000}},
		piece(3, "T-shirt", 1999, 1900), piece(2, "Bread", 129, 700))
	weighed := sold(t, "CHF", cashier.Terms{TaxMode: store.TaxExclusive}, 0, 5, nil,
		cashier.Item{ProductID: "a", Name: "Apples", Unit: measure.Kilogram, Quantity: 750, UnitPrice: 1333, TaxRate: 250},
		cashier.Item{ProductID: "b", Name: "Rope", Unit: measure.Metre, Quantity: 1245, UnitPrice: 249, TaxRate: 810})
	odd := sold(t, "JPY", inclusive, 0, 0, nil,
		piece(1, "緑茶 ティーバッグ 国産有機栽培 百グラム入り お徳用パック 特選", 1200, 800),
		piece(2, "\x1b@\x1dV\x00Evil\n\tname <script>alert('x')</script> \u202egnirts\u202c & co", 1_000_000_000, 0),
		piece(1, "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", 5, 0))
	large := sold(t, "EUR", cashier.Terms{TaxMode: store.TaxExclusive}, 0, 0, []cashier.Tender{{Kind: cashier.Card, Amount: 825_000_000_000}}, piece(1, "Everything", 750_000_000_000, 1000))
	dinar := sold(t, "KWD", inclusive, 0, 0, []cashier.Tender{{Kind: cashier.Card, Amount: 3750}}, piece(3, "Dates", 1250, 500))
	letters := sold(t, "EUR", inclusive, 0, 0, nil, piece(1, "Crème brûlée 5 € – “œufs”, Škoda, Łódź, ½ ﬁn™ №1 e\u0301 ﷽ 🎉", 100, 0))
	out := map[string]*receipt.Receipt{
		"dinar": receiptOf(dinar), "letters": receiptOf(letters),
		"plain": receiptOf(plain), "vip": receiptOf(vip), "weighed": receiptOf(weighed), "odd": receiptOf(odd), "large": receiptOf(large),
		"void": receiptOf(turned(plain, cashier.KindVoid)), "refund": receiptOf(turned(vip, cashier.KindRefund)), "copy": receiptOf(plain),
	}
	out["void"].Of, out["refund"].Of = 42, 42
	out["copy"].Copy = true
	out["refund"].Copy = true
	out["odd"].Store, out["odd"].Header, out["odd"].Footer = "<b>Tea & \"Rope\"</b>", "", ""
	return out
}

func TestGoldenReceipts(t *testing.T) {
	for name, r := range cases(t) {
		page, err := receipt.HTML(r)
		if err != nil {
			t.Fatal(err)
		}
		for file, got := range map[string]string{
			name + ".48.txt": receipt.Text(r, receipt.Wide), name + ".32.txt": receipt.Text(r, receipt.Narrow), name + ".html": string(page),
		} {
			golden(t, file, got)
		}
		for _, columns := range []int{receipt.Wide, receipt.Narrow} {
			golden(t, fmt.Sprintf("%s.%d.escpos.txt", name, columns), printOut(t, receipt.ESCPOS(r, columns), columns).paper)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", name, got)
	}
}

func TestTextFitsThePaperWhateverTheNames(t *testing.T) {
	base := sold(t, "EUR", cashier.Terms{TaxMode: store.TaxInclusive}, 0, 0, nil, piece(3, "x", 1999, 1900))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z漢字é\x01\x1b ]{0,80}`), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
		r := receiptOf(turned(base, cashier.KindSale))
		r.Store, r.Header, r.Footer, r.Register, r.Cashier = text.Draw(t, "store"), text.Draw(t, "header"), text.Draw(t, "footer"), text.Draw(t, "register"), text.Draw(t, "cashier")
		r.Bill.Lines[0].Name = text.Draw(t, "name")
		columns := rapid.IntRange(0, 60).Draw(t, "columns")
		got := receipt.Text(r, columns)
		if !utf8.ValidString(got) || !strings.Contains(got, "59.97") {
			t.Fatalf("got %q", got)
		}
		for line := range strings.SplitSeq(got, "\n") {
			used := 0
			for _, r := range line {
				if unicode.IsControl(r) {
					t.Fatalf("%q has a control character", line)
				}
				switch k := width.LookupRune(r).Kind(); {
				case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
				case k == width.EastAsianWide, k == width.EastAsianFullwidth:
					used += 2
				default:
					used++
				}
			}
			if used > max(columns, receipt.Narrow) {
				t.Fatalf("%q takes %d columns of %d", line, used, columns)
			}
		}
	})
}

func TestPageHoldsNoMarkupOfItsTexts(t *testing.T) {
	page, err := receipt.HTML(cases(t)["odd"])
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<b>", "\x1b", "\u202e", "http"} {
		if strings.Contains(string(page), bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	_, after, _ := strings.Cut(string(page), "<style>")
	sheet, _, _ := strings.Cut(after, "</style>")
	sum := sha256.Sum256([]byte(sheet))
	if want := "sha256-" + base64.StdEncoding.EncodeToString(sum[:]); receipt.StyleHash() != want {
		t.Errorf("the style sheet has the hash %s and not %s", want, receipt.StyleHash())
	}
}

func BenchmarkText(b *testing.B) {
	r := cases(b)["vip"]
	for b.Loop() {
		receipt.Text(r, receipt.Wide)
	}
}

func BenchmarkHTML(b *testing.B) {
	r := cases(b)["vip"]
	for b.Loop() {
		_, _ = receipt.HTML(r)
	}
}
