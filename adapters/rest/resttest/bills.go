package resttest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

func printed(t *testing.T, open Open) {
	s := NewShop(t, open)
	s.Settings(`"receipt_header":"12 High Street\nBerlin","receipt_footer":"Thank <you>!"`)
	tea := s.NewProduct("Green Tea", 250, 10, `"tax_rate_bp":1900`)
	bill := s.Pay(Line(tea, 2), `"tenders":[{"kind":"cash","amount":1000}]`).Want(201).Text("id")
	path := "/bills/" + bill + "/receipt"
	for _, accept := range []string{"", "*/*", "text/plain", "text/plain;q=0.9, text/html;q=0.1"} {
		a := s.As(s.Cashier).With("Accept", accept).Get(path).Want(200)
		if a.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%q gets %s", accept, a.Header.Get("Content-Type"))
		}
		for _, want := range []string{"Shop\n", "12 High Street\n", "Receipt 1 ", "Till 1 ", "Carl\n", "2026-11-21 13:00\n", "Green Tea ", "2 x 2.50\n", "TOTAL EUR", " 5.00\n", "Change", "19 %", "Thank <you>!"} {
			if !strings.Contains(string(a.Raw), want) {
				t.Errorf("%q lacks %q:\n%s", accept, want, a.Raw)
			}
		}
		if strings.Contains(string(a.Raw), "COPY") || strings.Contains(string(a.Raw), "\x1b") {
			t.Errorf("%q got\n%s", accept, a.Raw)
		}
	}
	page := s.As(s.Cashier).With("Accept", "text/html").Get(path).Want(200)
	if policy := page.Header.Get("Content-Security-Policy"); page.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(policy, "style-src 'sha256-") ||
		!strings.Contains(string(page.Raw), "Thank &lt;you&gt;!") {
		t.Errorf("the page is %s under %s", page.Raw, policy)
	}
	for line := range strings.SplitSeq(string(s.As(s.Cashier).Get(path+"?width=32").Want(200).Raw), "\n") {
		if len([]rune(line)) > 32 {
			t.Errorf("%q is too long", line)
		}
	}
	s.As(s.Cashier).With("Accept", "image/png").Get(path).Refused(406, "not_acceptable")
	escpos(t, s, bill)
	s.As(s.Cashier).Get(path+"?width=31").Refused(400, "query_invalid")
	s.As(s.Cashier).Get("/bills/"+s.Register+"/receipt").Refused(404, "bill_unknown")
	copied := s.As(s.Cashier).Post("/bills/"+bill+"/reprints", "").Want(201)
	if !strings.Contains(string(copied.Raw), "*** COPY ***") || copied.Header.Get("Location") != "/api/v1"+path {
		t.Errorf("the copy is %s", copied.Raw)
	}
	s.As(s.Cashier).Post("/bills/nothing/reprints", "").Refused(404, "bill_unknown")
	void := s.As(s.Manager).Key("").Post("/bills/"+bill+"/void", `{"reason":"wrong"}`).Want(201).Text("id")
	if text := string(s.As(s.Cashier).Get("/bills/" + void + "/receipt").Want(200).Raw); !strings.Contains(text, "VOID OF RECEIPT 1") || !strings.Contains(text, "-5.00") {
		t.Errorf("the receipt of the void is\n%s", text)
	}
	s.MustVerify()
}

// escpos: what a receipt printer gets. A drawer opens for the first print of a sale for cash, and for nothing else.
func escpos(t *testing.T, s *Shop, bill string) {
	const kick = "\x1bp"
	as := func() *Request { return s.As(s.Cashier).With("Accept", "application/vnd.escpos") }
	path := "/bills/" + bill
	for query, columns := range map[string]int{"": 48, "?columns=48": 48, "?columns=32": 32} {
		a := as().Get(path + "/receipt" + query).Want(200)
		text := string(a.Raw)
		if a.Header.Get("Content-Type") != "application/vnd.escpos" || !strings.HasPrefix(text, "\x1b@") || !strings.Contains(text, kick) ||
			!strings.Contains(text, "\n"+strings.Repeat("-", columns)+"\n") || !strings.Contains(text, "12 High Street\n") || !strings.Contains(text, bill) || !strings.Contains(text, "2700000000014") {
			t.Errorf("%q prints %q", query, text)
		}
	}
	for _, query := range []string{"columns=0", "columns=33", "columns=-32", "columns=x", "columns=", "columns=48.0", "columns=32&columns=32"} {
		as().Get(path+"/receipt?"+query).Refused(400, "query_invalid")
		as().Post(path+"/reprints?"+query, "").Refused(400, "query_invalid")
	}
	if copied := string(as().Post(path+"/reprints?columns=32", "").Want(201).Raw); !strings.Contains(copied, "*** COPY ***") || strings.Contains(copied, kick) {
		t.Errorf("the copy prints %q", copied)
	}
	soap := s.NewProduct("Se\u0301same – 5 €", 100, 10)
	card := s.Pay(Line(soap, 1), `"tenders":[{"kind":"card","amount":100}]`).Want(201).Text("id")
	if text := string(as().Get("/bills/" + card + "/receipt").Want(200).Raw); strings.Contains(text, kick) || !strings.Contains(text, "S\x82same - 5 \xd5") {
		t.Errorf("a sale by card prints %q", text)
	}
	void := s.As(s.Manager).Key("").Post("/bills/"+card+"/void", `{"reason":"wrong"}`).Want(201).Text("id")
	if text := string(as().Get("/bills/" + void + "/receipt").Want(200).Raw); strings.Contains(text, kick) || !strings.Contains(text, "VOID OF RECEIPT 2") {
		t.Errorf("the void prints %q", text)
	}
}

func bills(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea := s.NewProduct("Tea", 250, 100)
	member, bar := s.NewMember("Mia"), s.NewRegister("Bar")
	today := s.Pay(Line(tea, 1), `"client_sale_id":"a b&c"`).Want(201)
	yesterday := today.Text("business_date")
	s.Add(24 * time.Hour)
	s.Manager, s.Cashier = s.Login(managerEmail, managerPassword), s.Login(cashierEmail, cashierPassword)
	ids := map[string]string{"first": today.Text("id")}
	ids["members"] = s.Pay(Line(tea, 1), memberField(member)).Want(201).Text("id")
	atBar := strings.Replace(s.Sale(Line(tea, 3)), s.Register, bar, 1)
	ids["bar"] = s.As(s.Cashier).Key("").Post("/cashier/payments", atBar).Want(201).Text("id")
	ids["refund"] = s.As(s.Manager).Key("").Post("/bills/"+ids["bar"]+"/refunds", `{"lines":[{"line":1,"quantity":1}],"reason":"x"}`).Want(201).Text("id")
	late := s.As(s.Cashier).Post("/cashier/payments/batch", fmt.Sprintf(`{"items":[{"idempotency_key":"l","register_id":%q,"lines":[%s]}]}`, s.Register, Line(tea, 1)))
	made, _ := late.Want(200).Items("items")[0]["bill"].(map[string]any)
	ids["late"], _ = made["id"].(string)
	names := map[string]string{}
	for name, id := range ids {
		names[id] = name
	}
	for query, want := range map[string]string{
		"": "late refund bar members first", "limit=2": "late refund", "register_id=" + bar: "refund bar", "member_id=" + member: "members",
		"kind=sale": "late bar members first", "kind=refund": "refund", "kind=void": "", "receipt_number=1": "bar first", "receipt_number=1&limit=1": "bar", "receipt_number=1&register_id=" + bar: "bar",
		"client_sale_id=" + url.QueryEscape("a b&c"): "first", "client_sale_id=x": "", "flag=late": "late", "flag=oversold": "",
		"to=" + yesterday: "first", "from=" + yesterday + "&to=" + yesterday: "first", "from=2026-11-22": "late refund bar members", "from=9999-12-31": "",
		"kind=sale&register_id=" + bar: "bar", "member_id=nobody": "",
	} {
		var got []string
		for _, b := range s.As(s.Cashier).Get("/bills?" + query).Want(200).Items("items") {
			got = append(got, names[fmt.Sprint(b["id"])])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s lists %q, want %q", query, got, want)
		}
	}
	t.Run("page by page", func(t *testing.T) {
		for _, filter := range []string{"", "&kind=sale", "&register_id=" + s.Register, "&receipt_number=1"} {
			all, paged := s.As(s.Cashier).Get("/bills?limit=200"+filter).Want(200).Items("items"), []map[string]any{}
			for path := "/bills?limit=1" + filter; path != ""; {
				page := s.As(s.Cashier).Get(path).Want(200)
				paged = append(paged, page.Items("items")...)
				path = ""
				if next, ok := page.Body["next_cursor"].(string); ok {
					path = "/bills?limit=1" + filter + "&cursor=" + next
				}
			}
			if fmt.Sprint(all) != fmt.Sprint(paged) {
				t.Errorf("%q: %d at once and %d page by page", filter, len(all), len(paged))
			}
		}
	})
	for _, query := range []string{"kind=gift", "from=2026-02-30", "receipt_number=0", "receipt_number=x", "flag=odd", "limit=0", "limit=201", "cursor=x", "colour=red", "from=2026-01-01&from=2026-01-01", "from=2026-01-02&to=2026-01-01"} {
		if a := s.As(s.Cashier).Get("/bills?" + query); a.Status != 400 {
			t.Errorf("%s: %d %s", query, a.Status, a.Raw)
		}
	}
	if state := s.As(s.Cashier).Get("/bills/" + ids["bar"]).Want(200).Text("state"); state != "partially_refunded" {
		t.Errorf("the bill is %s", state)
	}
	table := s.As(s.Cashier).With("Accept", "text/csv").Get("/bills?member_id=" + member).Want(200)
	if lines := strings.Split(strings.TrimSpace(string(table.Raw)), "\r\n"); len(lines) != 2 || !strings.HasPrefix(lines[0], "id,kind,") || !strings.HasPrefix(lines[1], ids["members"]+",sale,") {
		t.Errorf("the table is %s", table.Raw)
	}
	s.As(s.Cashier).Get("/bills/"+tea).Refused(404, "bill_unknown")
}

// refunds: row 12.
func refunds(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea, rope := s.NewProduct("Tea", 250, 10), s.NewProduct("Rope", 1000, 10)
	cash := `"tenders":[{"kind":"cash","amount":5000}]`
	refund := func(bill, body string) Answer { return s.As(s.Manager).Key("").Post("/bills/"+bill+"/refunds", body) }
	t.Run("by line and quantity, with and without the goods", func(t *testing.T) {
		bill := s.Pay(Line(tea, 3)+","+Line(rope, 1), cash).Want(201).Text("id")
		back := refund(bill, `{"lines":[{"line":1,"quantity":2}],"restock":false,"reason":"damaged"}`).Want(201)
		back.Fields(map[string]int64{"total": -500, "subtotal": -500, "receipt_number": 2})
		if back.Text("kind") != "refund" || back.Text("refund_of") != bill || back.Text("reason") != "damaged" || fmt.Sprint(back.Items("lines")[0]["quantity"]) != "-2" {
			t.Errorf("the refund is %s", back.Raw)
		}
		if s.Stock(tea) != "7" || s.Balance(s.Register) != 1250 {
			t.Errorf("stock %s, drawer %d", s.Stock(tea), s.Balance(s.Register))
		}
		refund(bill, `{"lines":[{"line":1,"quantity":2}],"reason":"more"}`).Refused(422, "refund_exceeds_sold")
		refund(bill, `{"reason":"the rest"}`).Want(201).Fields(map[string]int64{"total": -1250})
		if s.Stock(tea) != "8" || s.Stock(rope) != "10" || s.Balance(s.Register) != 0 {
			t.Errorf("stock %s and %s, drawer %d", s.Stock(tea), s.Stock(rope), s.Balance(s.Register))
		}
		refund(back.Text("id"), `{"reason":"x"}`).Refused(409, "not_refundable")
	})
	t.Run("from the drawer that pays, and no more than it holds", func(t *testing.T) {
		bill := s.Pay(Line(tea, 2), cash).Want(201).Text("id")
		empty := s.NewRegister("Empty")
		refused := refund(bill, fmt.Sprintf(`{"register_id":%q,"reason":"x"}`, empty)).Refused(422, "insufficient_cash")
		if refused.Int("requested") != 500 || refused.Int("available") != 0 {
			t.Errorf("facts %v", refused.Body)
		}
		refund(bill, fmt.Sprintf(`{"register_id":%q,"tenders":[{"kind":"card","amount":500}],"reason":"x"}`, empty)).Want(201)
		refund(bill, `{"register_id":"nobody","reason":"x"}`).Refused(404, "register_unknown")
	})
	t.Run("in other tenders than it was paid with, and then the rest", func(t *testing.T) {
		s.Pay(Line(rope, 3), `"tenders":[{"kind":"cash","amount":3000}]`).Want(201)
		bill := s.Pay(Line(rope, 5), `"tenders":[{"kind":"card","amount":2000},{"kind":"cash","amount":4000}]`).Want(201).Fields(map[string]int64{"change": 1000}).Text("id")
		refund(bill, `{"lines":[{"line":1,"quantity":4}],"tenders":[{"kind":"cash","amount":4000}],"reason":"x"}`).Want(201)
		rest := refund(bill, `{"reason":"the rest"}`).Want(201)
		if got := rest.Items("tenders"); len(got) != 1 || got[0]["kind"] != "card" || fmt.Sprint(got[0]["amount"]) != "-1000" {
			t.Errorf("the rest comes back as %v", got)
		}
	})
	t.Run("a repeated request is answered with the first refund", func(t *testing.T) {
		bill := s.Pay(Line(tea, 2), cash).Want(201).Text("id")
		ask := func(body string) Answer { return s.As(s.Manager).Key("again").Post("/bills/"+bill+"/refunds", body) }
		body := `{"lines":[{"line":1,"quantity":1}],"reason":"x"}`
		first, second := ask(body).Want(201), ask(body).Want(201)
		if string(first.Raw) != string(second.Raw) || second.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("got\n%s and\n%s", first.Raw, second.Raw)
		}
		ask(`{"lines":[{"line":1,"quantity":2}],"reason":"x"}`).Refused(422, "idempotency_key_reused")
	})
	bill := s.Pay(Line(tea, 1), cash).Want(201).Text("id")
	for body, code := range map[string]string{
		`{"lines":[],"reason":"x"}`: "validation_failed", `{"lines":[{"line":1}],"reason":"x"}`: "validation_failed",
		`{"lines":[{"line":1,"quantity":-1}],"reason":"x"}`: "validation_failed", `{}`: "validation_failed",
		`{"lines":[{"line":2,"quantity":1}],"reason":"x"}`:        "line_unknown",
		`{"tenders":[{"kind":"card","amount":1}],"reason":"x"}`:   "tenders_mismatch",
		`{"lines":[{"line":1,"quantity":"0.5"}],"reason":"x"}`:    "quantity_invalid",
		`{"tenders":[{"kind":"gold","amount":250}],"reason":"x"}`: "validation_failed",
		`{"tenders":[{"kind":"cash"}],"reason":"x"}`:              "validation_failed",
		`{"reason":" "}`: "validation_failed", `{"reason":"a\u2028b"}`: "validation_failed",
		`{"reason":"` + strings.Repeat("x", 201) + `"}`:                     "validation_failed",
		`{"lines":[{"line":1,"quantity":1,"price":1}],"reason":"unknown"}`:  "validation_failed",
		`{"tenders":[{"kind":"wallet","amount":250}],"reason":"no member"}`: "member_missing",
	} {
		refund(bill, body).Refused(422, code)
	}
	s.As(s.Manager).Post("/bills/"+bill+"/refunds", `{"reason":"x"}`).Refused(400, "idempotency_key_missing")
	s.As(s.Cashier).Key("").Post("/bills/"+bill+"/refunds", `{"reason":"x"}`).Refused(403, "approval_required")
	refund("nothing", `{"reason":"x"}`).Refused(404, "bill_unknown")
	s.MustVerify()
}
