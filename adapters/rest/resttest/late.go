package resttest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// lateSales: row 14.
func lateSales(t *testing.T, open Open) {
	t.Run("are booked once, in any order", func(t *testing.T) { late(t, open) })
	t.Run("are booked with what was paid, whatever they would cost today", func(t *testing.T) { paidLate(t, open) })
	t.Run("whose member was deleted", func(t *testing.T) { lateWithoutMember(t, open) })
	t.Run("of a cart that was paid elsewhere", func(t *testing.T) { lateCart(t, open) })
}

func late(t *testing.T, open Open) {
	s := NewShop(t, open)
	p := s.NewProduct("Tea", 250, 1)
	occurred := s.Now().Add(-26 * time.Hour).UTC().Format(time.RFC3339)
	item := func(n int, price int64) string {
		return fmt.Sprintf(`{"idempotency_key":"late-%d","client_sale_id":"offline-%d","occurred_at":%q,"register_id":%q,"lines":[{"product_id":%q,"quantity":1,"unit_price":%d}]}`,
			n, n, occurred, s.Register, p, price)
	}
	send := func(items ...string) []map[string]any {
		t.Helper()
		return s.As(s.Cashier).Post("/cashier/payments/batch", `{"items":[`+strings.Join(items, ",")+`]}`).Want(200).Items("items")
	}
	first := send(item(1, 250), item(2, 199), item(3, 250))
	var bills []map[string]any
	for i, it := range first {
		bill, _ := it["bill"].(map[string]any)
		if bill == nil {
			t.Fatalf("item %d: %v", i, it)
		}
		bills = append(bills, bill)
	}
	again := send(item(3, 250), item(1, 250), item(2, 199), item(1, 250))
	for i, n := range []int{2, 0, 1, 0} {
		bill, _ := again[i]["bill"].(map[string]any)
		if bill == nil || bill["id"] != bills[n]["id"] {
			t.Errorf("sent again: %v", again[i])
		}
	}
	for i, want := range []string{"[late]", "[late price_differs oversold]", "[late oversold]"} {
		if got := fmt.Sprint(bills[i]["flags"]); got != want {
			t.Errorf("bill %d has flags %s, want %s", i, got, want)
		}
		if got := fmt.Sprint(bills[i]["occurred_at"]); !strings.HasPrefix(got, occurred[:19]) {
			t.Errorf("bill %d occurred at %s, want %s", i, got, occurred)
		}
	}
	if s.Stock(p) != "-2" || s.Balance(s.Register) != 699 {
		t.Errorf("stock %s, drawer %d", s.Stock(p), s.Balance(s.Register))
	}
	if flagged := s.As(s.Cashier).Get("/bills?flag=oversold").Want(200).Items("items"); len(flagged) != 2 {
		t.Errorf("%d bills are flagged oversold", len(flagged))
	}
	t.Run("the same sale through the other door is the same sale", func(t *testing.T) {
		body := s.Sale(Line(p, 1), `"client_sale_id":"offline-1"`)
		a := s.As(s.Manager).Key("late-1").Post("/cashier/payments", body).Want(201)
		if a.Text("id") != bills[0]["id"] || a.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("got %v", a.Body)
		}
		s.As(s.Cashier).Key("another").Post("/cashier/payments", strings.Replace(body, `"quantity":1`, `"quantity":2`, 1)).Refused(409, "client_sale_id_used")
		s.As(s.Cashier).Key("late-1").Post("/cashier/payments", strings.Replace(s.Sale(Line(p, 2)), "offline-1", "", 1)).Refused(422, "idempotency_key_reused")
	})
	s.MustVerify()
}

// offline sends sales made offline and returns what became of each.
func (s *Shop) offline(sales ...string) []map[string]any {
	s.t.Helper()
	for i := range sales {
		sales[i] = strings.Replace(sales[i], "{", `{"idempotency_key":"`+s.NewKey()+`",`, 1)
	}
	return s.As(s.Cashier).Post("/cashier/payments/batch", `{"items":[`+strings.Join(sales, ",")+`]}`).Want(200).Items("items")
}

// booked returns the bill of one sale made offline.
func (s *Shop) booked(sale string) Answer {
	s.t.Helper()
	result := s.offline(sale)[0]
	bill, ok := result["bill"].(map[string]any)
	if !ok {
		s.t.Fatalf("%s is not booked: %v", sale, result)
	}
	return Answer{t: s.t, what: sale, Body: bill}
}

// paidLate: what is no longer as it was when the customer paid changes neither what was paid nor what comes back.
func paidLate(t *testing.T, open Open) {
	const cash, card, change = `"tenders":[{"kind":"cash","amount":%d}]`, `"tenders":[{"kind":"card","amount":%d}]`, `"tenders":[{"kind":"cash","amount":10000}]`
	s := NewShop(t, open)
	s.Settings(`"cash_rounding":5`)
	tea, vip := s.NewProduct("Tea", 333, 1000), s.NewMember("Vera")
	upgrade := func(method string) {
		s.As(s.Cashier).With("Kassa-Member-Token", s.MemberToken(vip)).Do(method, "/members/"+vip+"/vip-subscription", "")
	}
	for _, c := range []struct {
		name                              string
		more                              []string
		total, rounding, change, received int64
		flags                             string
	}{
		{"with the price of today", nil, 1000, 1, 0, 1000, "[late]"},
		{"exactly as charged", []string{`"expected_total":1000`, change}, 1000, 1, 9000, 1000, "[late]"},
		{"less by card", []string{fmt.Sprintf(card, 849)}, 849, -150, 0, 0, "[late price_differs]"},
		{"more by card", []string{fmt.Sprintf(card, 1189)}, 1189, 190, 0, 0, "[late price_differs]"},
		{"less in cash", []string{fmt.Sprintf(cash, 850)}, 850, -149, 0, 850, "[late price_differs]"},
		{"more in cash, without saying what was charged", []string{change}, 1000, 1, 9000, 1000, "[late]"},
		{"more in cash, of which some went back", []string{`"expected_total":1189`, change}, 1189, 190, 8811, 1189, "[late price_differs]"},
		{"unrounded", []string{`"expected_total":999`}, 999, 0, 0, 999, "[late price_differs]"},
		{"nothing", []string{`"expected_total":0`}, 0, -999, 0, 0, "[late price_differs]"},
		{"charged more than came in", []string{`"expected_total":2000`, fmt.Sprintf(cash, 850)}, 850, -149, 0, 850, "[late price_differs]"},
		{"charged less than the card paid", []string{`"expected_total":100`, fmt.Sprintf(card, 849)}, 849, -150, 0, 0, "[late price_differs]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := s.Balance(s.Register)
			bill := s.booked(s.Sale(Line(tea, 3), c.more...))
			bill.Fields(map[string]int64{"subtotal": 999, "total": c.total, "rounding": c.rounding, "change": c.change})
			if flags := fmt.Sprint(bill.Body["flags"]); flags != c.flags || s.Balance(s.Register)-before != c.received {
				t.Errorf("flags %s, %d in cash", flags, s.Balance(s.Register)-before)
			}
			var back int64
			for range 3 {
				refund := s.As(s.Manager).Key("").Post("/bills/"+bill.Text("id")+"/refunds", `{"lines":[{"line":1,"quantity":1}],"reason":"x"}`).Want(201)
				if back -= refund.Int("total"); refund.Int("total") > 0 {
					t.Errorf("a refund of %d", refund.Int("total"))
				}
			}
			if back != c.total || s.Balance(s.Register) != before {
				t.Errorf("%d came back, drawer %d", back, s.Balance(s.Register))
			}
		})
	}
	t.Run("tier, taxes, rates and rounding", func(t *testing.T) {
		upgrade("PUT")
		sale := s.Sale(Line(tea, 3), memberField(vip), fmt.Sprintf(card, 849))
		s.As(s.Cashier).Post("/cashier/quote", sale).Want(200).Fields(map[string]int64{"total": 849})
		upgrade("DELETE")
		s.Settings(`"tax_mode":"exclusive","default_tax_rate_bp":1900,"point_rate_bp":1000,"cash_rounding":100`)
		s.booked(sale).Fields(map[string]int64{"subtotal": 999, "discount": 0, "tax": 190, "rounding": -340, "total": 849, "points_earned": 84})
	})
	t.Run("what is malformed stays refused", func(t *testing.T) {
		for _, sale := range []string{
			s.Sale(Line(tea, "0.5")), s.Sale(Line(tea, 1), `"expected_total":-1`), s.Sale(Line(tea, 1), `"expected_total":1000000000001`),
			s.Sale(Line(tea, 1), fmt.Sprintf(card, 1_000_000_000_001)), s.Sale(fmt.Sprintf(`{"product_id":%q,"quantity":1,"unit_price":1000000000001}`, tea)),
			s.Sale(fmt.Sprintf(`{"product_id":%q,"quantity":2,"unit_price":1000000000000}`, tea)),
		} {
			if result := s.offline(sale)[0]; fmt.Sprint(result["status"]) != "422" {
				t.Errorf("%s: %v", sale, result)
			}
		}
	})
	s.MustVerify()
}

func lateWithoutMember(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea, gone := s.NewProduct("Tea", 333, 10), s.NewMember("Gone")
	s.As(s.Manager).With("If-Match", s.etag("/members/"+gone)).Delete("/members/" + gone).Want(204)
	bill := s.booked(s.Sale(Line(tea, 1), memberField(gone)))
	if flags := fmt.Sprint(bill.Body["flags"]); flags != "[late member_unknown]" || bill.Body["member_id"] != nil || bill.Int("points_earned") != 0 {
		t.Errorf("booked as %v", bill.Body)
	}
	if flagged := s.As(s.Cashier).Get("/bills?flag=member_unknown").Want(200).Items("items"); len(flagged) != 1 {
		t.Errorf("%d bills are flagged", len(flagged))
	}
	s.Pay(Line(tea, 1), memberField(gone)).Refused(404, "member_unknown")
	s.MustVerify()
}

func lateCart(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea := s.NewProduct("Tea", 333, 10)
	cart := s.As(s.Cashier).Post("/carts", `{"lines":[`+Line(tea, 1)+`]}`).Want(201).Text("id")
	of := fmt.Sprintf(`"cart_id":%q`, cart)
	paid := s.Pay(Line(tea, 1), of).Want(201).Text("id")
	bill := s.booked(s.Sale(Line(tea, 1), of))
	if flags := fmt.Sprint(bill.Body["flags"]); flags != "[late cart_paid]" {
		t.Errorf("flags %s", flags)
	}
	if refused := s.Pay(Line(tea, 1), of).Refused(409, "cart_paid"); refused.Text("bill_id") != paid {
		t.Errorf("the cart is that of %v", refused.Body)
	}
	s.MustVerify()
}
