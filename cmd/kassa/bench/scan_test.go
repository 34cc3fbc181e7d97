package bench

import (
	"strings"
	"testing"
)

const aBill = `{"id":"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a11","kind":"sale","refund_of":null,"occurred_at":"2026-11-20T23:51:22.577Z","flags":[],
"receipt_number":17,"register_id":"r-1","cashier_id":"c","member_id":null,"business_date":"2026-11-20","currency":"EUR","lines":[
{"line":1,"product_id":"p","name":"a \"b\" } \\","id":"inner","quantity":1,"total":1},{"line":2,"product_id":"q","name":"]","total":2}],
"taxes":[{"rate_bp":1900,"base":1,"tax":0}],"subtotal":300,"total":300,"tenders":[{"kind":"cash","amount":600}],"change":300,
"state":"completed","hash":"00000000000000ff0000000000000000000000000000000000000000000000aa",
"previous_hash":"fedcba98765432100000000000000000000000000000000000000000000000bb"}`

func TestABillIsReadFromItsOutermostObject(t *testing.T) {
	r, err := readReceipt([]byte(aBill))
	if err != nil || r.number != 17 || r.total != 300 || string(r.register) != "r-1" || r.hash != 0xff || r.previous != 0xfedcba9876543210 {
		t.Errorf("%v: %+v", err, r)
	}
	other, err := readReceipt([]byte(strings.Replace(aBill, "4a11", "4a12", 1)))
	if err != nil || other.id == r.id {
		t.Errorf("%v: two bills have the digest %x", err, r.id)
	}
}

func TestWhatIsNoBillIsRefused(t *testing.T) {
	for _, change := range [][2]string{
		{`"receipt_number":17`, `"receipt_number":"17"`}, {`"total":300`, `"total":3.5`}, {`"hash":"00000000000000ff`, `"hash":"x0000000000000ff`},
		{`"register_id":"r-1",`, ``}, {`"id":"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a11"`, `"id":""`}, {aBill, ``}, {aBill, `[]`}, {aBill, `{}`},
	} {
		if r, err := readReceipt([]byte(strings.Replace(aBill, change[0], change[1], 1))); err == nil {
			t.Errorf("%v: %+v", change, r)
		}
	}
}

func TestTruncatedTextIsNoObject(t *testing.T) {
	for cut := range len(aBill) {
		if err := eachMember([]byte(aBill[:cut]), func(_, _ []byte) {}); err == nil {
			t.Errorf("%d of %d bytes are read", cut, len(aBill))
		}
	}
}

func TestTheCodeOfAProblemIsFound(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"about:blank","code":"insufficient_stock","errors":[{"code":"x"}]}`: "insufficient_stock",
		`{ }`: "", `<html>`: "", `{"code":"` + strings.Repeat("x", 100) + `"}`: "",
	} {
		if got := problemCode([]byte(body)); got != want {
			t.Errorf("%.40s: %q, want %q", body, got, want)
		}
	}
}

func BenchmarkReadReceipt(b *testing.B) {
	text := []byte(aBill)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readReceipt(text); err != nil {
			b.Fatal(err)
		}
	}
}
