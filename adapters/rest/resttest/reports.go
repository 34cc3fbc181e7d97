package resttest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// row is a row of a report.
type row = map[string]any

// ledger are all bills of a shop, from which every figure is summed up again.
type ledger struct {
	bills []row
	byID  map[string]row
	vip   string // the only member who is one
}

func (s *Shop) pages(path, list string) (all []row) {
	s.t.Helper()
	for cursor := ""; ; {
		a := s.As(s.Manager).Get(path + cursor).Want(200)
		all = append(all, a.Items(list)...)
		next, more := a.Body["next_cursor"].(string)
		if cursor = "&cursor=" + next; !more {
			return all
		}
	}
}

func (s *Shop) ledger(vip string) *ledger {
	l := &ledger{bills: s.pages("/bills?limit=200", "items"), byID: map[string]row{}, vip: vip}
	for _, b := range l.bills {
		l.byID[text(b["id"])] = b
	}
	return l
}

func text(v any) string { return fmt.Sprint(v) }

func amount(r row, name string) int64 {
	n, ok := r[name].(json.Number)
	if !ok {
		return 0
	}
	v, _ := n.Int64()
	return v
}

func rowsOf(r row, name string) (all []row) {
	list, _ := r[name].([]any)
	for _, v := range list {
		if m, ok := v.(row); ok {
			all = append(all, m)
		}
	}
	return all
}

// thousandths reads a quantity of a bill or a report.
func thousandths(v any) int64 {
	whole, decimals, weighed := strings.Cut(text(v), ".")
	n, _ := strconv.ParseInt(whole+decimals, 10, 64)
	if !weighed {
		n *= 1000
	}
	return n
}

// sums add up numbers of rows by a name and a field.
type sums map[string]map[string]int64

func (s sums) add(name string, fields map[string]int64) {
	if s[name] == nil {
		s[name] = map[string]int64{}
	}
	for f, n := range fields {
		s[name][f] += n
	}
}

// sales is by what the bill changes the number of sales.
func sales(b row) int64 { return map[any]int64{"sale": 1, "void": -1}[b["kind"]] }

func (l *ledger) within(from, to string) (some []row) {
	for _, b := range l.bills {
		if day := text(b["business_date"]); day >= from && day <= to {
			some = append(some, b)
		}
	}
	return some
}

// hour returns the hour of the bill, of a void that of its sale.
func (l *ledger) hour(b row) string {
	if b["kind"] == "void" {
		b = l.byID[text(b["refund_of"])]
	}
	at, _ := time.Parse(time.RFC3339, text(b["occurred_at"]))
	berlin, _ := time.LoadLocation("Europe/Berlin")
	return text(at.In(berlin).Hour())
}

var billSums = []string{"subtotal", "discount", "points_used", "tax", "rounding", "total"}

// summary sums up what the summary, the members' tiers and the hours say.
func (l *ledger) summary(from, to string) sums {
	s := sums{"": {"sales_count": 0, "refund_count": 0, "pieces": 0}, "members": {}, "others": {}, "tier regular": {}, "tier vip": {}}
	for _, b := range l.within(from, to) {
		n := map[string]int64{"count": sales(b), "total": amount(b, "total")}
		s.add("", map[string]int64{"sales_count": sales(b)})
		if b["kind"] == "refund" {
			s.add("", map[string]int64{"refund_count": 1})
		}
		for _, f := range billSums {
			s.add("", map[string]int64{f: amount(b, f)})
		}
		for _, line := range rowsOf(b, "lines") {
			if line["unit"] == "piece" {
				s.add("", map[string]int64{"pieces": amount(line, "quantity")})
			}
		}
		switch b["member_id"] {
		case nil:
			s.add("others", n)
		case l.vip:
			s.add("members", n)
			s.add("tier vip", n)
		default:
			s.add("members", n)
			s.add("tier regular", n)
		}
		s.add("register "+text(b["register_id"]), n)
		s.add("hour "+l.hour(b), n)
		ways := map[string]int64{}
		for _, t := range rowsOf(b, "tenders") {
			label, _ := t["label"].(string)
			ways["tender "+text(t["kind"])+" "+label] += amount(t, "amount")
		}
		for way, total := range ways {
			if way == "tender cash " {
				total -= amount(b, "change")
			}
			s.add(way, map[string]int64{"count": sales(b), "total": total})
		}
		for _, t := range rowsOf(b, "taxes") {
			base, tax := amount(t, "base"), amount(t, "tax")
			total := base
			if b["tax_mode"] == "exclusive" {
				total += tax
			}
			s.add("rate "+text(t["rate_bp"]), map[string]int64{"base": base, "tax": tax, "net": total - tax, "total": total})
		}
	}
	return s
}

// check compares the fields that were summed up with those of a row.
func (s sums) check(t *testing.T, what, name string, r row) {
	t.Helper()
	for f, want := range s[name] {
		if got := amount(r, f); got != want || r[f] == nil {
			t.Errorf("%s: %s %s is %v, want %d", what, name, f, r[f], want)
		}
	}
	if s[name] == nil && (amount(r, "count") != 0 || amount(r, "sales_count") != 0 || amount(r, "total") != 0) {
		t.Errorf("%s: %s should not be there: %v", what, name, r)
	}
	delete(s, name)
}

// left fails when something was summed up that no row shows.
func (s sums) left(t *testing.T, what string, prefixes ...string) {
	t.Helper()
	for name, fields := range s {
		for _, p := range prefixes {
			if strings.HasPrefix(name, p) && slices.ContainsFunc(slices.Collect(maps.Values(fields)), func(n int64) bool { return n != 0 }) {
				t.Errorf("%s: %s is missing: %v", what, name, fields)
			}
		}
	}
}

// reported compares every report on the days with the sums over the bills.
func (s *Shop) reported(t *testing.T, l *ledger, from, to string) {
	t.Helper()
	days := "?from=" + from + "&to=" + to
	want, a := l.summary(from, to), s.As(s.Manager).Get("/reports/summary"+days).Want(200)
	if a.Body["from"] != from || a.Body["to"] != to || a.Body["currency"] != "EUR" {
		t.Errorf("%s: the summary is of %v to %v in %v", days, a.Body["from"], a.Body["to"], a.Body["currency"])
	}
	if n := want[""]["sales_count"]; n > 0 && (2*want[""]["total"]+n)/(2*n) != a.Int("average") {
		t.Errorf("%s: the average of %d in %d sales is %d", days, want[""]["total"], n, a.Int("average"))
	}
	want.check(t, days, "", a.Body)
	for _, who := range []string{"members", "others"} {
		of, _ := a.Body[who].(row)
		want.check(t, days, who, of)
	}
	for _, r := range a.Items("by_register") {
		want.check(t, days, "register "+text(r["register_id"]), r)
	}
	for _, r := range a.Items("by_tender") {
		want.check(t, days, "tender "+text(r["kind"])+" "+text(r["label"]), r)
	}
	for _, r := range s.As(s.Manager).Get("/reports/taxes" + days).Want(200).Items("items") {
		want.check(t, days, "rate "+text(r["rate_bp"]), r)
	}
	hours := s.As(s.Manager).Get("/reports/hourly" + days).Want(200).Items("items")
	for i, r := range hours {
		if r["hour"] != json.Number(text(i)) || len(hours) != 24 {
			t.Errorf("%s: hour %d of %d is %v", days, i, len(hours), r)
		}
		r["count"] = r["sales_count"]
		want.check(t, days, "hour "+text(i), r)
	}
	tiers, _ := s.As(s.Manager).Get("/reports/members" + days).Want(200).Body["by_tier"].(row)
	for name, r := range tiers {
		of, _ := r.(row)
		want.check(t, days, "tier "+name, of)
	}
	want.left(t, days, "register", "tender", "rate", "hour", "tier")
	s.ranked(t, "/reports/products"+days, "product_id", l.products(from, to))
	s.ranked(t, "/reports/members"+days, "member_id", l.members(from, to))
}

func (l *ledger) products(from, to string) sums {
	s := sums{}
	for _, b := range l.within(from, to) {
		for _, line := range rowsOf(b, "lines") {
			n := map[string]int64{"quantity": thousandths(line["quantity"]), "refunded": 0, "discount": amount(line, "discount"), "total": amount(line, "total")}
			if b["kind"] == "refund" {
				n["quantity"], n["refunded"] = 0, -n["quantity"]
			}
			s.add(text(line["product_id"]), n)
		}
	}
	return s
}

func (l *ledger) members(from, to string) sums {
	s := sums{}
	for _, b := range l.within(from, to) {
		if m, ok := b["member_id"].(string); ok {
			s.add(m, map[string]int64{"sales_count": sales(b), "total": amount(b, "total"), "points": amount(b, "points_earned"), "points_used": amount(b, "points_used")})
		}
	}
	return s
}

// ranked reads all pages of a list, two rows each, and compares them with the sums: the largest total first.
func (s *Shop) ranked(t *testing.T, path, key string, want sums) {
	t.Helper()
	rows := s.pages(path+"&limit=2", "items")
	for i, r := range rows {
		for _, f := range []string{"quantity", "refunded"} {
			if q, ok := r[f]; ok {
				r[f] = json.Number(text(thousandths(q)))
			}
		}
		want.check(t, path, text(r[key]), r)
		if i > 0 && cmp.Or(cmp.Compare(amount(rows[i-1], "total"), amount(r, "total")), cmp.Compare(text(r[key]), text(rows[i-1][key]))) <= 0 {
			t.Errorf("%s: %v comes after %v", path, r, rows[i-1])
		}
	}
	want.left(t, path, "")
}

// trade is a shop where all kinds of bills are made at once.
type trade struct {
	*Shop
	tea, rope, rice, bar, mia, vera string
	refundable                      atomic.Pointer[string]
}

func newTrade(t *testing.T, open Open) *trade {
	s := NewShop(t, open)
	d := &trade{
		Shop: s, tea: s.NewProduct("Tea", 250, 10_000, `"tax_rate_bp":700`), rope: s.NewProduct("Rope", 1999, 10_000, `"tax_rate_bp":1900`),
		rice: s.NewProduct("Rice", 333, 10_000, `"unit":"kg"`), bar: s.NewRegister("Bar"), mia: s.NewMember("Mia"), vera: s.NewMember("Vera"),
	}
	s.makeVIP(d.vera)
	s.Pay(Line(d.rope, 50)).Want(201) // cash in the drawer, for refunds
	return d
}

func (d *trade) giveBack(bill, how, body string) {
	d.As(d.Manager).Key("").Post("/bills/"+bill+how, body).Want(201)
}

// deal makes a bill or two of the i-th kind.
func (d *trade) deal(i, round int) {
	switch i {
	case 0:
		d.Pay(Line(d.tea, 2)+","+Line(d.rope, 1), memberField(d.mia)).Want(201)
	case 1:
		bill := d.Pay(Line(d.rope, 1+round), memberField(d.vera), `"tenders":[{"kind":"card","amount":999},{"kind":"cash","amount":100000}]`).Want(201).Text("id")
		d.refundable.Store(&bill)
	case 2:
		d.Pay(Line(d.rice, "0.755")+","+Line(d.rice, "1.5"), `"tenders":[{"kind":"other","label":"Voucher","amount":100},{"kind":"cash","amount":200},{"kind":"cash","amount":5000}]`).Want(201)
	case 3:
		at := d.Now().Add(-time.Duration(round*26) * time.Hour).UTC().Format(time.RFC3339)
		d.booked(d.Sale(Line(d.tea, 3), `"occurred_at":"`+at+`"`, memberField(d.mia)))
	case 4:
		bill := d.Pay(Line(d.tea, 5)+","+Line(d.rice, "2"), memberField(d.vera)).Want(201).Text("id")
		d.giveBack(bill, "/refunds", `{"lines":[{"line":1,"quantity":2},{"line":2,"quantity":"0.333"}],"reason":"x"}`)
	case 5:
		bill := d.Pay(Line(d.rope, 2)+","+Line(d.tea, 1), memberField(d.mia)).Want(201).Text("id")
		d.giveBack(bill, "/void", `{"reason":"x"}`)
	case 6:
		atBar := strings.Replace(d.Sale(Line(d.tea, 1)), d.Register, d.bar, 1)
		d.As(d.Cashier).Key("").Post("/cashier/payments", atBar).Want(201)
	case 7:
		if bill := d.refundable.Swap(nil); bill != nil { // of another day
			d.giveBack(*bill, "/refunds", `{"restock":false,"reason":"x"}`)
		}
	}
}

// figures: rows 26 and 27.
func figures(t *testing.T, open Open) {
	d := newTrade(t, open)
	for round := range 12 {
		parallel(12, func(i int) {
			d.deal(i%8, round)
			if i >= 8 {
				d.As(d.Manager).Get("/reports/products?from=2026-01-01&to=9999-12-31").Want(200)
			}
		})
		l := d.ledger(d.vera)
		today := d.Now().Format(time.DateOnly)
		for _, days := range [][2]string{{today, today}, {"2026-11-22", "2026-12-31"}, {"2026-11-15", "2027-01-03"}, {"0001-01-01", "9999-12-31"}, {"2026-12-01", "2026-12-31"}} {
			d.reported(t, l, days[0], days[1])
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
		if round%3 == 1 {
			d.Settings(fmt.Sprintf(`"tax_mode":%q,"cash_rounding":%d`, []string{"exclusive", "inclusive"}[round%2], 5*(round%2)))
		}
		d.Add(77 * time.Hour)
		if round%2 == 0 {
			if err := d.Fold(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		d.Manager, d.Cashier = d.Login(managerEmail, managerPassword), d.Login(cashierEmail, cashierPassword)
	}
	d.byPeriod(t)
	d.MustVerify()
}

// byPeriod compares revenue and months, zeros included, with the sums over the bills.
func (d *trade) byPeriod(t *testing.T) {
	l := d.ledger(d.vera)
	check := func(what string, r row, from, to string) {
		t.Helper()
		want := l.summary(from, to)
		for _, f := range []string{"sales_count", "total", "tax", "pieces"} {
			if v, ok := r[f]; ok && amount(r, f) != want[""][f] {
				t.Errorf("%s: %s is %v, want %d", what, f, v, want[""][f])
			}
		}
	}
	daily := d.As(d.Manager).Get("/reports/revenue?from=2026-11-20&to=2027-02-10").Want(200).Items("items")
	if len(daily) != 83 || daily[0]["period"] != "2026-11-20" || daily[82]["period"] != "2027-02-10" {
		t.Errorf("%d days, from %v to %v", len(daily), daily[0], daily[len(daily)-1])
	}
	for _, r := range daily {
		check("daily", r, text(r["period"]), text(r["period"]))
	}
	monthly := d.As(d.Manager).Get("/reports/revenue?interval=month&from=2026-11-25&to=2027-01-05").Want(200).Items("items")
	if len(monthly) != 3 {
		t.Fatalf("months %v", monthly)
	}
	for i, days := range [][2]string{{"2026-11-25", "2026-11-30"}, {"2026-12-01", "2026-12-31"}, {"2027-01-01", "2027-01-05"}} {
		if monthly[i]["period"] != days[0][:7] {
			t.Errorf("month %d is %v", i, monthly[i])
		}
		check("by month", monthly[i], days[0], days[1])
	}
	for _, year := range []string{"2026", "2027", "0001", "9999"} {
		items := d.As(d.Manager).Get("/reports/monthly?year=" + strings.TrimLeft(year, "0")).Want(200).Items("items")
		for i, r := range items {
			month := fmt.Sprintf("%s-%02d-", year, i+1)
			if check("the year", r, month+"01", month+"31"); r["month"] != json.Number(text(i+1)) || len(items) != 12 {
				t.Errorf("month %d of %d is %v", i+1, len(items), r)
			}
		}
	}
}
