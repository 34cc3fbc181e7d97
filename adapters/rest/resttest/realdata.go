package resttest

import (
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// supermarket holds 1,000 real receipts of three branches, from the public repository NicJC/Supermarket_sales (MIT licence).
//
//go:embed testdata/supermarket_sales.csv
var supermarket string

type receipt struct {
	invoice, branch, product, payment string
	member                            bool
	price, quantity                   int64
	at                                time.Time
}

func receipts(t *testing.T) []receipt {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(supermarket)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Asia/Yangon")
	if err != nil {
		t.Fatal(err)
	}
	var rs []receipt
	for _, row := range rows[1:] {
		at, err := time.ParseInLocation("1/2/2006 15:04:05", row[10]+" "+row[11], zone)
		if err != nil {
			t.Fatal(err)
		}
		whole, cents, _ := strings.Cut(row[6], ".")
		price, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		quantity, err := strconv.ParseInt(row[7], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		rs = append(rs, receipt{invoice: row[0], branch: row[1], product: row[5] + " at " + row[6], payment: row[12], member: row[3] == "Member",
			price: price, quantity: quantity, at: at})
	}
	return rs
}

// realData replays the receipts as three registers that were offline, and finds the sums that must come out in the bills.
func realData(t *testing.T, open Open) {
	s := NewShop(t, open)
	s.Settings(`"time_zone":"Asia/Yangon","tax_mode":"exclusive"`)
	rs := receipts(t)
	registers := map[string]string{"A": s.Register, "B": s.NewRegister("Branch B"), "C": s.NewRegister("Branch C")}
	member := s.NewMember("Everybody")
	products := map[string]string{}
	for _, r := range rs {
		if products[r.product] == "" {
			products[r.product] = s.NewProduct(r.product, r.price, 100, `"tax_rate_bp":500`)
		}
	}
	if len(products) != 993 {
		t.Fatalf("%d products, want 993", len(products))
	}
	for chunk := range slices.Chunk(rs, 100) {
		items := make([]string, len(chunk))
		for i, r := range chunk {
			items[i] = r.item(registers[r.branch], products[r.product], member)
		}
		for i, it := range s.As(s.Cashier).Post("/cashier/payments/batch", `{"items":[`+strings.Join(items, ",")+`]}`).Want(200).Items("items") {
			if it["bill"] == nil {
				t.Fatalf("%s: %v", chunk[i].invoice, it)
			}
		}
	}
	got := s.sums(registers)
	want := map[string]int64{
		"before tax": 30758738, "tax": 1538005, "total": 32296743, "pieces": 5510, "bills": 1000,
		"A": 10620057, "B": 10619800, "C": 11056886, "cash": 11220676, "card": 10076729, "Ewallet": 10999338,
		"members": 16422381, "member bills": 501, "others": 15874362, "other bills": 499, "points": 2463120,
	}
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%s: %d, want %d", name, got[name], n)
		}
	}
	if points := s.Points(member); points != want["points"] {
		t.Errorf("the member has %d points", points)
	}
	s.MustVerify()
}

func (r receipt) item(register, product, member string) string {
	tender := map[string]string{"Cash": `"kind":"cash"`, "Credit card": `"kind":"card"`, "Ewallet": `"kind":"other","label":"Ewallet"`}[r.payment]
	net := r.price * r.quantity
	total := net + (net*500*2+10000)/20000 // half-up
	who := ""
	if r.member {
		who = memberField(member) + ","
	}
	return fmt.Sprintf(`{"idempotency_key":%q,"client_sale_id":%q,"occurred_at":%q,"register_id":%q,%s"lines":[{"product_id":%q,"quantity":%d,"unit_price":%d}],"tenders":[{%s,"amount":%d}]}`,
		"csv-"+r.invoice, r.invoice, r.at.UTC().Format(time.RFC3339), register, who, product, r.quantity, r.price, tender, total)
}

// sums adds up every bill of the shop, page by page.
func (s *Shop) sums(registers map[string]string) map[string]int64 {
	s.t.Helper()
	branch := map[any]string{}
	for name, i := range registers {
		branch[i] = name
	}
	sum := map[string]int64{}
	for path := "/bills?limit=200"; path != ""; {
		page := s.As(s.Manager).Get(path).Want(200)
		for _, b := range page.Items("items") {
			n := func(name string) int64 { return number(s.t, b, name) }
			sum["bills"]++
			sum["before tax"] += n("subtotal")
			sum["tax"] += n("tax")
			sum["total"] += n("total")
			sum["points"] += n("points_earned")
			sum[branch[b["register_id"]]] += n("total")
			if b["member_id"] != nil && b["member_id"] != "" {
				sum["members"] += n("total")
				sum["member bills"]++
			} else {
				sum["others"] += n("total")
				sum["other bills"]++
			}
			s.addParts(sum, b)
		}
		path = ""
		if next, ok := page.Body["next_cursor"].(string); ok {
			path = "/bills?limit=200&cursor=" + next
		}
	}
	return sum
}

func (s *Shop) addParts(sum map[string]int64, b map[string]any) {
	lines, _ := b["lines"].([]any)
	for _, l := range lines {
		line, _ := l.(map[string]any)
		q, err := line["quantity"].(json.Number).Int64()
		if err != nil {
			s.t.Fatal(err)
		}
		sum["pieces"] += q
	}
	tenders, _ := b["tenders"].([]any)
	for _, x := range tenders {
		tender, _ := x.(map[string]any)
		name, _ := tender["label"].(string)
		if name == "" {
			name, _ = tender["kind"].(string)
		}
		sum[name] += number(s.t, tender, "amount")
	}
}
