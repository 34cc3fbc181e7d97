package resttest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func memberField(member string) string { return fmt.Sprintf(`"member_id":%q`, member) }

// payment: rows 1 to 3, 9 and 10 of the sales behaviours.
func payment(t *testing.T, open Open) {
	t.Run("stock falls by what was sold and the drawer rises by the cash kept", func(t *testing.T) {
		s := NewShop(t, open)
		a, b := s.NewProduct("Tea", 250, 10), s.NewProduct("Cake", 399, 5)
		s.Pay(Line(a, 3)+","+Line(b, 1), `"tenders":[{"kind":"cash","amount":2000}]`).Want(201).
			Fields(map[string]int64{"total": 1149, "change": 851, "receipt_number": 1})
		if s.Stock(a) != "7" || s.Stock(b) != "4" || s.Balance(s.Register) != 1149 {
			t.Errorf("stock %s and %s, drawer %d", s.Stock(a), s.Stock(b), s.Balance(s.Register))
		}
		s.MustVerify()
	})
	t.Run("one line beyond the stock refuses the whole sale", func(t *testing.T) {
		s := NewShop(t, open)
		a, b := s.NewProduct("Tea", 250, 10), s.NewProduct("Cake", 399, 5)
		refused := s.Pay(Line(a, 1)+","+Line(b, 6)).Refused(422, "insufficient_stock")
		if refused.Text("product_id") != b || refused.Int("requested") != 6 || refused.Int("available") != 5 {
			t.Errorf("facts %v", refused.Body)
		}
		if s.Stock(a) != "10" || s.Stock(b) != "5" || s.Balance(s.Register) != 0 {
			t.Error("something changed")
		}
	})
	t.Run("policies warn and allow sell beyond the stock", func(t *testing.T) {
		s := NewShop(t, open)
		warn, allow := s.NewProduct("Tea", 250, 1, `"stock_policy":"warn"`), s.NewProduct("Cake", 399, 1, `"stock_policy":"allow"`)
		if flags := fmt.Sprint(s.Pay(Line(warn, 2)).Want(201).Body["flags"]); flags != "[oversold]" {
			t.Errorf("flags %s", flags)
		}
		if flags := fmt.Sprint(s.Pay(Line(allow, 2)).Want(201).Body["flags"]); flags != "[]" {
			t.Errorf("flags %s", flags)
		}
		if s.Stock(warn) != "-1" || s.Stock(allow) != "-1" {
			t.Errorf("stock %s and %s", s.Stock(warn), s.Stock(allow))
		}
	})
	t.Run("the same product on two lines is summed", func(t *testing.T) {
		s := NewShop(t, open)
		a, b := s.NewProduct("Tea", 250, 10), s.NewProduct("Cake", 399, 5)
		s.Pay(Line(a, 4) + "," + Line(a, 4)).Want(201)
		refused := s.Pay(Line(b, 5)+","+Line(b, 5)).Refused(422, "insufficient_stock")
		if s.Stock(a) != "2" || s.Stock(b) != "5" || refused.Int("requested") != 10 {
			t.Errorf("stock %s and %s, %v", s.Stock(a), s.Stock(b), refused.Body)
		}
	})
	t.Run("tenders", func(t *testing.T) { tenders(t, open) })
	t.Run("bills keep name and price as sold", func(t *testing.T) {
		s := NewShop(t, open)
		p := s.NewProduct("Tea", 250, 10)
		bill := s.Pay(Line(p, 1)).Want(201)
		s.edit(p, `{"name":"Coffee","price":999}`).Want(200)
		s.As(s.Manager).With("If-Match", s.etag("/products/"+p)).Delete("/products/" + p).Want(204)
		again := s.As(s.Cashier).Get("/bills/" + bill.Text("id")).Want(200)
		if string(again.Raw) != string(bill.Raw) {
			t.Errorf("the bill changed from\n%s\nto\n%s", bill.Raw, again.Raw)
		}
		for _, method := range []string{"PUT", "PATCH", "DELETE"} {
			s.As(s.Manager).Do(method, "/bills/"+bill.Text("id"), "").Refused(405, "method_not_allowed")
		}
		s.Pay(Line(p, 1)).Refused(404, "product_unknown")
		s.As(s.Manager).Key("").Post("/bills/"+bill.Text("id")+"/refunds", `{"reason":"broken"}`).Want(201)
	})
	t.Run("another price than expected is answered with the quote", func(t *testing.T) {
		s := NewShop(t, open)
		p := s.NewProduct("Tea", 250, 10)
		quote, _ := s.Pay(Line(p, 2), `"expected_total":499`).Refused(409, "price_changed").Body["quote"].(map[string]any)
		if quote == nil || number(t, quote, "total") != 500 {
			t.Errorf("quote %v", quote)
		}
		s.Pay(Line(p, 2), `"expected_total":500`).Want(201)
	})
	t.Run("too little of what was quoted is too little, not another price", func(t *testing.T) {
		s := NewShop(t, open)
		s.Settings(`"tax_mode":"exclusive","default_tax_rate_bp":500,"cash_rounding":5`)
		p := s.NewProduct("Shirt", 1999, 10)
		s.As(s.Cashier).Post("/cashier/quote", s.Sale(Line(p, 3))).Want(200).Fields(map[string]int64{"total": 6295})
		pay := func(tenders string) Answer {
			return s.Pay(Line(p, 3), `"expected_total":6295`, `"tenders":[`+tenders+`]`)
		}
		pay(`{"kind":"cash","amount":6000}`).Refused(422, "underpaid").Fields(map[string]int64{"shortfall": 295})
		pay(`{"kind":"cash","amount":10},{"kind":"card","amount":6298}`).Refused(409, "price_changed")
		quote, _ := pay(`{"kind":"card","amount":6295}`).Refused(409, "price_changed").Body["quote"].(map[string]any)
		if number(t, quote, "total") != 6297 {
			t.Errorf("by card it is %v", quote["total"])
		}
		pay(`{"kind":"cash","amount":6300}`).Want(201).Fields(map[string]int64{"total": 6295, "change": 5})
	})
	t.Run("a quote changes nothing", func(t *testing.T) {
		s := NewShop(t, open)
		p := s.NewProduct("Tea", 250, 1)
		s.As(s.Cashier).Post("/cashier/quote", s.Sale(Line(p, 2))).Want(200).Fields(map[string]int64{"total": 500})
		if s.Stock(p) != "1" {
			t.Error("the stock changed")
		}
	})
	t.Run("another price needs a manager", func(t *testing.T) {
		s := NewShop(t, open)
		p := s.NewProduct("Tea", 250, 10)
		line := fmt.Sprintf(`{"product_id":%q,"quantity":1,"unit_price":100}`, p)
		s.Pay(line).Refused(403, "approval_required")
		s.As(s.Manager).Key("").Post("/cashier/payments", s.Sale(line)).Want(201).Fields(map[string]int64{"total": 100})
	})
}

func (s *Shop) etag(path string) string {
	s.t.Helper()
	return s.As(s.Manager).Get(path).Want(200).Header.Get("ETag")
}

func (s *Shop) edit(product, fields string) Answer {
	s.t.Helper()
	return s.As(s.Manager).With("If-Match", s.etag("/products/"+product)).Patch("/products/"+product, fields)
}

func tenders(t *testing.T, open Open) {
	for _, c := range []struct {
		name, tenders string
		status        int
		code          string
		change, cash  int64
	}{
		{"exact cash when none is given", ``, 201, "", 0, 1000},
		{"cash above the total returns change", `[{"kind":"cash","amount":5000}]`, 201, "", 4000, 1000},
		{"card exactly", `[{"kind":"card","amount":1000}]`, 201, "", 0, 0},
		{"card above the total", `[{"kind":"card","amount":1001}]`, 422, "overpaid", 0, 0},
		{"split tenders sum", `[{"kind":"card","amount":600},{"kind":"other","label":"Voucher","amount":100},{"kind":"cash","amount":500}]`, 201, "", 200, 300},
		{"too little", `[{"kind":"card","amount":600},{"kind":"cash","amount":399}]`, 422, "underpaid", 0, 0},
		{"nothing", `[{"kind":"cash","amount":0}]`, 422, "validation_failed", 0, 0},
		{"other without a label", `[{"kind":"other","amount":1000}]`, 422, "validation_failed", 0, 0},
		{"an unknown kind", `[{"kind":"gold","amount":1000}]`, 422, "validation_failed", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewShop(t, open)
			p := s.NewProduct("Tea", 1000, 10)
			var more []string
			if c.tenders != "" {
				more = []string{`"tenders":` + c.tenders}
			}
			a := s.Pay(Line(p, 1), more...)
			if c.code != "" {
				a.Refused(c.status, c.code)
			} else {
				a.Want(c.status).Fields(map[string]int64{"change": c.change})
			}
			if got := s.Balance(s.Register); got != c.cash {
				t.Errorf("the drawer holds %d, want %d", got, c.cash)
			}
			if c.code == "underpaid" && a.Int("shortfall") != 1 {
				t.Errorf("facts %v", a.Body)
			}
			s.MustVerify()
		})
	}
}

// races: rows 4 to 7, 11 and 20 refunds at once, each in many rounds.
func races(t *testing.T, open Open) {
	const rounds = 10
	s := NewShop(t, open)
	t.Run("100 sales of 50 pieces: exactly 50 succeed", func(t *testing.T) {
		for range rounds {
			p := s.NewProduct("Tea", 100, 50)
			before := s.Balance(s.Register)
			var sold atomic.Int64
			parallel(100, func(int) {
				if a := s.Pay(Line(p, 1)); a.Status == 201 {
					sold.Add(1)
				} else {
					a.Refused(422, "insufficient_stock")
				}
			})
			if got := s.Balance(s.Register) - before; sold.Load() != 50 || s.Stock(p) != "0" || got != 5000 {
				t.Fatalf("%d sold, stock %s, drawer %d more", sold.Load(), s.Stock(p), got)
			}
		}
	})
	t.Run("a price change during sales keeps both", func(t *testing.T) {
		for round := range rounds {
			p := s.NewProduct("Tea", 100, 100)
			price := 200 + round
			parallel(51, func(i int) {
				if i == 25 {
					s.edit(p, fmt.Sprintf(`{"price":%d}`, price)).Want(200)
					return
				}
				s.Pay(Line(p, 1)).Want(201)
			})
			if got := s.As(s.Manager).Get("/products/" + p).Want(200).Int("price"); got != int64(price) || s.Stock(p) != "50" {
				t.Fatalf("price %d, stock %s", got, s.Stock(p))
			}
		}
	})
	t.Run("one key sent 50 times at once is one bill", func(t *testing.T) {
		for range rounds {
			p, key := s.NewProduct("Tea", 100, 100), s.NewKey()
			body := s.Sale(Line(p, 1))
			bodies := make([]string, 50)
			var first atomic.Int64
			parallel(50, func(i int) {
				a := s.As(s.Cashier).Key(key).Post("/cashier/payments", body)
				if a.Status == 409 {
					a.Refused(409, "idempotency_in_flight")
					return
				}
				bodies[i] = string(a.Want(201).Raw)
				if a.Header.Get("Idempotency-Replayed") == "" {
					first.Add(1)
				}
			})
			same(t, bodies)
			if s.Stock(p) != "99" || first.Load() != 1 {
				t.Fatalf("stock %s, %d answers were no replays", s.Stock(p), first.Load())
			}
		}
	})
	t.Run("20 redemptions of a whole balance: exactly one", func(t *testing.T) {
		for round := range rounds {
			redeemOnce(t, s, round)
		}
	})
	t.Run("receipt numbers are gapless, also after refused sales", func(t *testing.T) { numbers(t, s) })
	t.Run("20 refunds of three pieces: three succeed", func(t *testing.T) {
		for range rounds {
			p := s.NewProduct("Tea", 100, 3)
			bill := s.Pay(Line(p, 3)).Want(201).Text("id")
			var back atomic.Int64
			parallel(20, func(int) {
				if a := s.As(s.Manager).Key("").Post("/bills/"+bill+"/refunds", `{"lines":[{"line":1,"quantity":1}],"reason":"broken"}`); a.Status == 201 {
					back.Add(1)
				} else {
					a.Refused(422, "refund_exceeds_sold")
				}
			})
			if back.Load() != 3 || s.Stock(p) != "3" {
				t.Fatalf("%d refunds, stock %s", back.Load(), s.Stock(p))
			}
		}
	})
	s.MustVerify()
}

func same(t *testing.T, bodies []string) {
	t.Helper()
	want := ""
	for _, b := range bodies {
		if want == "" {
			want = b
		}
		if b != "" && b != want {
			t.Fatalf("one key got\n%s\nand\n%s", want, b)
		}
	}
}

func redeemOnce(t *testing.T, s *Shop, round int) {
	member := s.NewMember(fmt.Sprint("Mia", round))
	s.givePoints(member, 500)
	p := s.NewProduct("Tea", 500, 100)
	tokens := make([]string, 20)
	for i := range tokens {
		tokens[i] = s.MemberToken(member)
	}
	s.Settings(`"point_rate_bp":0`)
	var redeemed atomic.Int64
	parallel(20, func(i int) {
		a := s.As(s.Cashier).Key("").With("Kassa-Member-Token", tokens[i]).Post("/cashier/payments", s.Sale(Line(p, 1), memberField(member), `"points_used":500`))
		if a.Status == 201 {
			redeemed.Add(1)
		} else {
			a.Refused(422, "insufficient_points")
		}
	})
	s.Settings(`"point_rate_bp":1500`)
	if redeemed.Load() != 1 || s.Points(member) != 0 || s.Stock(p) != "99" {
		t.Fatalf("%d redemptions, %d points, stock %s", redeemed.Load(), s.Points(member), s.Stock(p))
	}
}

func numbers(t *testing.T, s *Shop) {
	till := s.NewRegister("Till of numbers")
	p, none := s.NewProduct("Tea", 100, 1000), s.NewProduct("Nothing", 100, 0)
	const sales = 200
	seen := make([]int64, sales)
	parallel(sales, func(i int) {
		what := p
		if i%4 == 0 {
			what = none
		}
		body := strings.Replace(s.Sale(Line(what, 1)), s.Register, till, 1)
		if a := s.As(s.Cashier).Key("").Post("/cashier/payments", body); a.Status == 201 {
			seen[i] = a.Int("receipt_number")
		}
	})
	got := map[int64]bool{}
	for _, n := range seen {
		if n != 0 && got[n] {
			t.Fatalf("number %d twice", n)
		}
		got[n] = true
	}
	for n := int64(1); n <= sales*3/4; n++ {
		if !got[n] {
			t.Fatalf("number %d is missing", n)
		}
	}
}

// voids: row 13.
func voids(t *testing.T, open Open) {
	s := NewShop(t, open)
	p := s.NewProduct("Tea", 250, 10)
	sell := func() string { return s.Pay(Line(p, 2)).Want(201).Text("id") }
	void := func(bill string) Answer {
		return s.As(s.Manager).Key("").Post("/bills/"+bill+"/void", `{"reason":"wrong customer"}`)
	}
	bill := sell()
	s.As(s.Cashier).Key("").Post("/bills/"+bill+"/void", `{"reason":"x"}`).Refused(403, "approval_required")
	s.As(s.Manager).Key("").Post("/bills/"+bill+"/void", `{"reason":""}`).Refused(422, "validation_failed")
	made := void(bill).Want(201).Fields(map[string]int64{"total": -500})
	if made.Text("kind") != "void" || made.Text("refund_of") != bill || s.Stock(p) != "10" || s.Balance(s.Register) != 0 {
		t.Errorf("void %v, stock %s, drawer %d", made.Body, s.Stock(p), s.Balance(s.Register))
	}
	if state := s.As(s.Cashier).Get("/bills/" + bill).Want(200).Text("state"); state != "voided" {
		t.Errorf("the bill is %s", state)
	}
	void(bill).Refused(409, "already_voided")
	void(made.Text("id")).Refused(409, "not_voidable")
	s.As(s.Manager).Key("").Post("/bills/"+bill+"/refunds", `{"reason":"x"}`).Refused(409, "already_voided")
	refunded := sell()
	s.As(s.Manager).Key("").Post("/bills/"+refunded+"/refunds", `{"lines":[{"line":1,"quantity":1}],"reason":"x"}`).Want(201)
	void(refunded).Refused(409, "not_voidable")
	old := sell()
	s.Add(24 * time.Hour)
	s.Manager = s.Login(managerEmail, managerPassword)
	void(old).Refused(409, "not_voidable")
	s.MustVerify()
}
