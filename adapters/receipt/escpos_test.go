package receipt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"kassa/adapters/receipt"
	"kassa/core/cashier"
	"kassa/core/money"
	"kassa/core/store"
)

// printout is what a printer makes of bytes: the lines, with every command where it came.
type printout struct {
	paper    string
	commands []string
}

// known are the lengths of the commands that the printer knows, what follows their first two bytes.
var known = map[string]int{
	"\x1b@": 0, "\x1bt": 1, "\x1bE": 1, "\x1ba": 1, "\x1bd": 1, "\x1bp": 3, "\x1d!": 1, "\x1dV": 2, "\x1dh": 1, "\x1dw": 1, "\x1dH": 1, "\x1dk": 15, "\x1d(": -1,
}

// printOut prints on paper of so many columns. A byte that is neither a character of the code page nor part of a command that the printer knows
// fails the test, and so does a line that is too long.
func printOut(t rapid.TB, b []byte, columns int) printout {
	t.Helper()
	var out printout
	column := 0
	for len(b) > 0 {
		switch c := b[0]; {
		case c == '\n':
			out.paper += "\n"
			column, b = 0, b[1:]
		case c == 0x1b, c == 0x1d:
			n := commandLength(t, b)
			out.commands = append(out.commands, string(b[:n]))
			out.paper += "<" + spelt(b[:n]) + ">"
			b = b[n:]
		case c < ' ', c == 0x7f:
			t.Fatalf("%q is no text and no command, after %s", c, out.paper)
		default:
			out.paper += string(charmap.CodePage858.DecodeByte(c))
			if column++; column > columns {
				t.Fatalf("a line of more than %d columns: %s", columns, out.paper)
			}
			b = b[1:]
		}
	}
	return out
}

func commandLength(t rapid.TB, b []byte) int {
	t.Helper()
	if len(b) < 2 {
		t.Fatalf("a command has no end: %q", b)
	}
	n, ok := known[string(b[:2])]
	if n < 0 && len(b) > 4 { // GS ( k pL pH
		n = 3 + int(b[3]) + int(b[4])*256
	}
	if !ok || len(b) < 2+n {
		t.Fatalf("a command that no printer knows: %q", b)
	}
	return 2 + n
}

// spelt spells a command as Epson's reference does: ESC E 1, and texts in it as texts.
func spelt(b []byte) string {
	words := []string{map[byte]string{0x1b: "ESC", 0x1d: "GS"}[b[0]], string(b[1:2])}
	rest := b[2:]
	if text := slices.IndexFunc(rest, func(c byte) bool { return c < ' ' || c > '~' }); text < 0 && len(rest) > 3 {
		return strings.Join(append(words, string(rest)), " ")
	}
	if b[1] == '(' || b[1] == 'k' {
		n := map[byte]int{'(': 3, 'k': 2}[b[1]]
		for _, c := range rest[:n] {
			words = append(words, fmt.Sprint(c))
		}
		return fmt.Sprintf("%s %q", strings.Join(words, " "), rest[n:])
	}
	for _, c := range rest {
		words = append(words, fmt.Sprint(c))
	}
	return strings.Join(words, " ")
}

// TestNoTextReachesThePrinterAsACommand prints the same bill with any texts: the commands are those of harmless ones.
func TestNoTextReachesThePrinterAsACommand(t *testing.T) {
	base := sold(t, "EUR", cashier.Terms{TaxMode: store.TaxInclusive}, 0, 0,
		[]cashier.Tender{{Kind: cashier.Other, Label: "Voucher", Amount: 1000}, {Kind: cashier.Cash, Amount: 5000}}, piece(3, "x", 1999, 1900))
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.SampledFrom([]int{receipt.Wide, receipt.Narrow}).Draw(t, "columns")
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z漢é\x01\x10\x14\x1b\x1c\x1d\x7f\x{0085}\x{009b}@VpE ]{0,60}`),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
		r := receiptOf(turned(base, cashier.KindSale))
		want := printOut(t, receipt.ESCPOS(r, columns), columns).commands
		r.Store, r.Header, r.Footer, r.Register, r.Cashier = text.Draw(t, "store"), text.Draw(t, "header"), text.Draw(t, "footer"), text.Draw(t, "register"), text.Draw(t, "cashier")
		r.Bill.Lines[0].Name, r.Bill.Tenders[0].Label = text.Draw(t, "name"), text.Draw(t, "label")
		got := printOut(t, receipt.ESCPOS(r, columns), columns)
		if !slices.Equal(got.commands, want) || !strings.Contains(got.paper, "59.97") {
			t.Fatalf("got %s", got.paper)
		}
	})
}

// TestTheDrawerOpensOnceForCash: not for a copy, and not where no cash changes hands.
func TestTheDrawerOpensOnceForCash(t *testing.T) {
	sale := func(tenders ...cashier.Tender) *cashier.Bill {
		return sold(t, "EUR", cashier.Terms{TaxMode: store.TaxInclusive}, 0, 0, tenders, piece(3, "x", 1000, 0))
	}
	cash, card := cashier.Tender{Kind: cashier.Cash, Amount: 3000}, cashier.Tender{Kind: cashier.Card, Amount: 3000}
	half, rest := cashier.Tender{Kind: cashier.Cash, Amount: 1000}, cashier.Tender{Kind: cashier.Card, Amount: 2000}
	for name, c := range map[string]struct {
		bill *cashier.Bill
		copy bool
		want bool
	}{
		"cash": {sale(cash), false, true}, "cash and card": {sale(rest, half), false, true}, "no tenders named": {sale(), false, true}, "card": {sale(card), false, false},
		"copy": {sale(cash), true, false}, "refund": {turned(sale(cash), cashier.KindRefund), false, false}, "void": {turned(sale(cash), cashier.KindVoid), false, false},
	} {
		r := receiptOf(c.bill)
		r.Copy = c.copy
		kicks := 0
		for _, command := range printOut(t, receipt.ESCPOS(r, receipt.Wide), receipt.Wide).commands {
			if strings.HasPrefix(command, "\x1bp") {
				kicks++
			}
		}
		if want := map[bool]int{true: 1}[c.want]; kicks != want {
			t.Errorf("%s: it opens %d times", name, kicks)
		}
	}
}

func TestBarcodeOfAReceiptNumber(t *testing.T) {
	for number, want := range map[int64]string{1: "2700000000014", 42: "2700000000427", 9_999_999_999: "2799999999997", 0: "", -1: "", 10_000_000_000: ""} {
		if got := receipt.Barcode(number); got != want {
			t.Errorf("%d: %q, want %q", number, got, want)
		}
	}
	for n := range int64(1000) { // the digits weigh 1, 3, 1, ... and sum to a multiple of ten
		code, sum := receipt.Barcode(n+1), 0
		for i, c := range code {
			sum += int(c-'0') * []int{1, 3}[i%2]
		}
		if sum%10 != 0 || len(code) != 13 || strings.Trim(code, "0123456789") != "" {
			t.Fatalf("%d: %s", n+1, code)
		}
	}
	r := receiptOf(sold(t, "EUR", cashier.Terms{TaxMode: store.TaxInclusive}, 0, 0, nil, piece(1, "x", 1000, 0)))
	r.Bill.Number = 1 << 53
	if commands := printOut(t, receipt.ESCPOS(r, receipt.Narrow), receipt.Narrow).commands; slices.ContainsFunc(commands, func(c string) bool { return c[1] == 'k' }) {
		t.Error("a number without a barcode has one")
	}
}

// TestCharactersThatPrintersLack holds what stands in their place, a column each.
func TestCharactersThatPrintersLack(t *testing.T) {
	for text, want := range map[string]string{
		"5 €": "5 €", "Crème": "Crème", "e\u0301": "é", "Škoda": "Skoda", "Łódź": "Lódz", "“œ” – ‘ﬁn’…": `"oe" - 'fin'...`, "№ 1™": "No 1TM", "½ ²": "½ ²", "緑茶": "??", "﷽": "?",
		"🎉\ufe0f!": "?!", "a\u00adb\u200dc": "abc", "Ａ１": "A1", "n\u0303 x\u0303": "ñ x", "\u0303": "", "a \u02dc b": "a b",
	} {
		r := receiptOf(sold(t, money.Currency("EUR"), cashier.Terms{TaxMode: store.TaxInclusive}, 0, 0, nil, piece(1, text+"|", 1000, 0)))
		if got := printOut(t, receipt.ESCPOS(r, receipt.Wide), receipt.Wide).paper; !strings.Contains(got, "\n"+want+"|") {
			t.Errorf("%q, want %q: %s", text, want, got)
		}
	}
}

func BenchmarkESCPOS(b *testing.B) {
	r := cases(b)["vip"]
	for b.Loop() {
		receipt.ESCPOS(r, receipt.Wide)
	}
}
