package resttest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// till is what happens at the till beside sales: carts, registers, settings, receipts, lists of bills, refunds, top-ups, and how the
// routes of sales read a request.
func till(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, open Open)
	}{
		{"carts", carts},
		{"registers", registers},
		{"settings", settings},
		{"receipts", printed},
		{"bills", bills},
		{"refunds", refunds},
		{"top-ups", topUps},
		{"requests", requests},
		{"batch", batch},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}

func carts(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea, cake := s.NewProduct("Tea", 250, 10), s.NewProduct("Cake", 399, 5)
	park := func(name string, lines ...string) Answer {
		t.Helper()
		return s.As(s.Cashier).Post("/carts", fmt.Sprintf(`{"name":%q,"register_id":%q,"lines":[%s]}`, name, s.Register, strings.Join(lines, ",")))
	}
	first := park("Mrs Miller", Line(tea, 2), Line(cake, "0.5")).Want(201)
	id := first.Text("id")
	if first.Header.Get("ETag") != `"1"` || first.Header.Get("Location") != "/api/v1/carts/"+id || first.Int("version") != 1 {
		t.Errorf("parked %s with %v", first.Raw, first.Header)
	}
	if got := first.Items("lines"); fmt.Sprintf("%v %v", got[0]["quantity"], got[1]["quantity"]) != "2 0.500" {
		t.Errorf("lines %v", got)
	}
	t.Run("is gone on with at another terminal", func(t *testing.T) {
		if got := s.As(s.Manager).Get("/carts/" + id).Want(200); string(got.Raw) != string(first.Raw) || got.Header.Get("ETag") != `"1"` {
			t.Errorf("got %s, want %s", got.Raw, first.Raw)
		}
		s.Add(time.Second)
		body := `{"lines":[` + Line(tea, 3) + `]}`
		s.As(s.Manager).Put("/carts/"+id, body).Refused(428, "if_match_missing")
		changed := s.As(s.Manager).With("If-Match", `"1"`).Put("/carts/"+id, body).Want(200)
		if changed.Header.Get("ETag") != `"2"` || changed.Body["name"] != nil || changed.Text("created_by") != first.Text("created_by") || changed.Text("updated_at") == first.Text("updated_at") {
			t.Errorf("changed to %s", changed.Raw)
		}
		s.As(s.Cashier).With("If-Match", `"1"`).Put("/carts/"+id, body).Refused(412, "version_stale")
		s.As(s.Cashier).With("If-Match", `"1"`).Delete("/carts/"+id).Refused(412, "version_stale")
	})
	t.Run("is listed last changed first", func(t *testing.T) {
		s.Add(time.Second)
		second := park("Mr Smith").Want(201).Text("id")
		list := s.As(s.Cashier).Get("/carts?limit=1").Want(200)
		next := s.As(s.Cashier).Get("/carts?limit=1&cursor=" + list.Text("next_cursor")).Want(200)
		if list.Items("items")[0]["id"] != second || next.Items("items")[0]["id"] != id || next.Body["next_cursor"] != nil {
			t.Errorf("got %s and %s", list.Raw, next.Raw)
		}
		s.As(s.Cashier).With("If-Match", `"1"`).Delete("/carts/" + second).Want(204)
		s.As(s.Cashier).Get("/carts/"+second).Refused(404, "cart_unknown")
		s.Pay(Line(cake, 1), fmt.Sprintf(`"cart_id":%q`, second)).Want(201) // the customer has the goods, whoever discarded the cart meanwhile
	})
	t.Run("is paid once", func(t *testing.T) {
		bill := s.Pay(Line(tea, 3), fmt.Sprintf(`"cart_id":%q`, id)).Want(201)
		again := s.Pay(Line(tea, 3), fmt.Sprintf(`"cart_id":%q`, id)).Refused(409, "cart_paid")
		if again.Text("bill_id") != bill.Text("id") || s.Stock(tea) != "7" {
			t.Errorf("the second payment is told %v, stock %s", again.Body, s.Stock(tea))
		}
		s.As(s.Cashier).Get("/carts/"+id).Refused(409, "cart_paid")
		if left := s.As(s.Cashier).Get("/carts").Want(200).Items("items"); len(left) != 0 {
			t.Errorf("the paid cart is still listed: %v", left)
		}
	})
	for name, body := range map[string]string{
		"without lines":         `{"name":"x"}`,
		"with a negative count": `{"lines":[` + Line(tea, -1) + `]}`,
		"without a quantity":    `{"lines":[{"product_id":"a"}]}`,
		"without a product":     `{"lines":[{"quantity":1}]}`,
		"with a long name":      `{"lines":[],"name":"` + strings.Repeat("x", 101) + `"}`,
		"with an odd id":        `{"lines":[],"member_id":"a/b"}`,
		"with another field":    `{"lines":[],"price":1}`,
	} {
		t.Run(name, func(*testing.T) { s.As(s.Cashier).Post("/carts", body).Refused(422, "validation_failed") })
	}
	t.Run("holds nothing that is not there, as a quote does not", func(*testing.T) {
		parked := s.As(s.Cashier).Post("/carts", `{"lines":[]}`).Want(201).Text("id")
		for body, code := range map[string]string{
			`{"lines":[` + Line(tea, 1) + `,` + Line("nothing", 1) + `]}`: "product_unknown",
			`{"lines":[],"register_id":"nobody"}`:                         "register_unknown",
			`{"lines":[],"member_id":"nobody"}`:                           "member_unknown",
		} {
			s.As(s.Cashier).Post("/carts", body).Refused(404, code)
			s.As(s.Cashier).With("If-Match", `"1"`).Put("/carts/"+parked, body).Refused(404, code)
		}
	})
}

func registers(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea := s.NewProduct("Tea", 250, 100)
	t.Run("with cash in the drawer from the start", func(t *testing.T) {
		body := `{"name":"Bar","opening_amount":15000}`
		s.As(s.Manager).Post("/registers", body).Refused(400, "idempotency_key_missing")
		made := s.As(s.Manager).Key("bar").Post("/registers", body).Want(201)
		again := s.As(s.Manager).Key("bar").Post("/registers", body).Want(201)
		if string(again.Raw) != string(made.Raw) || again.Header.Get("Idempotency-Replayed") != "true" || made.Header.Get("Idempotency-Replayed") != "" {
			t.Errorf("got %s and then %s", made.Raw, again.Raw)
		}
		id := made.Text("id")
		if made.Int("balance") != 15000 || made.Body["closed_through"] != nil || made.Body["active"] != true || made.Header.Get("Location") != "/api/v1/registers/"+id {
			t.Errorf("made %s", made.Raw)
		}
		s.As(s.Manager).Key("bar").Post("/registers", `{"name":"Bar","opening_amount":1}`).Refused(422, "idempotency_key_reused")
		if got := s.As(s.Cashier).Get("/registers/" + id).Want(200); string(got.Raw) != string(made.Raw) {
			t.Errorf("got %s, want %s", got.Raw, made.Raw)
		}
	})
	t.Run("what is refused", func(*testing.T) {
		s.As(s.Cashier).Post("/registers", `{"name":"Mine"}`).Refused(403, "role_forbidden")
		s.As(s.Manager).Post("/registers", `{"name":" tILL 1"}`).Refused(409, "name_taken")
		s.As(s.Manager).Post("/registers", `{"name":""}`).Want(422)
		s.As(s.Manager).Key("").Post("/registers", `{"name":"Minus","opening_amount":-1}`).Refused(422, "validation_failed")
		s.As(s.Manager).Key("").Post("/registers", `{"name":"Half","opening_amount":0.5}`).Refused(422, "validation_failed")
		s.As(s.Cashier).Get("/registers/nobody").Refused(404, "register_unknown")
		s.As(s.Cashier).Get("/registers/nobody/balance").Refused(404, "register_unknown")
	})
	t.Run("takes no sales once it is out of use", func(t *testing.T) {
		id := s.NewRegister("Old")
		path := "/registers/" + id
		s.As(s.Manager).Patch(path, `{"active":false}`).Refused(428, "if_match_missing")
		s.As(s.Cashier).With("If-Match", `"1"`).Patch(path, `{"active":false}`).Refused(403, "role_forbidden")
		s.As(s.Manager).With("If-Match", `"1"`).Patch(path, `{"active":null}`).Refused(422, "validation_failed")
		edited := s.As(s.Manager).With("If-Match", `"1"`).Patch(path, `{"active":false,"name":"Older"}`).Want(200)
		if edited.Text("name") != "Older" || edited.Body["active"] != false || edited.Header.Get("ETag") != `"2"` {
			t.Errorf("edited to %s", edited.Raw)
		}
		s.As(s.Manager).With("If-Match", `"1"`).Patch(path, `{"active":true}`).Refused(412, "version_stale")
		s.As(s.Manager).With("If-Match", `"2"`).Patch(path, `{"name":"bar"}`).Refused(409, "name_taken")
		sale := strings.Replace(s.Sale(Line(tea, 1)), s.Register, id, 1)
		s.As(s.Cashier).Key("").Post("/cashier/payments", sale).Refused(409, "register_inactive")
		s.As(s.Manager).Post("/registers", `{"name":"Old"}`).Want(201)
	})
	t.Run("are listed by name", func(t *testing.T) {
		var names []string
		for path := "/registers?limit=2"; path != ""; {
			page := s.As(s.Cashier).Get(path).Want(200)
			for _, r := range page.Items("items") {
				names = append(names, fmt.Sprint(r["name"]))
			}
			path = ""
			if next, ok := page.Body["next_cursor"].(string); ok {
				path = "/registers?limit=2&cursor=" + next
			}
		}
		if got := strings.Join(names, ","); got != "Bar,Old,Older,Till 1" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("balance now and at the end of a day", func(t *testing.T) {
		s.Pay(Line(tea, 2)).Want(201)
		today := s.As(s.Cashier).Get("/registers/" + s.Register + "/balance").Want(200).Text("business_date")
		s.Add(24 * time.Hour)
		s.Cashier = s.Login(cashierEmail, cashierPassword)
		s.Pay(Line(tea, 4)).Want(201)
		s.Pay(Line(tea, 4), `"tenders":[{"kind":"card","amount":1000}]`).Want(201)
		at := func(day string) int64 {
			t.Helper()
			return s.As(s.Cashier).Get("/registers/" + s.Register + "/balance?business_date=" + day).Want(200).Int("balance")
		}
		if now := s.Balance(s.Register); now != 1500 || at(today) != 500 || at("2020-01-01") != 0 || at("9999-12-31") != 1500 {
			t.Errorf("now %d, then %d, before %d, ever %d", now, at(today), at("2020-01-01"), at("9999-12-31"))
		}
		s.As(s.Cashier).Get("/registers/"+s.Register+"/balance?business_date=2026-11-31").Refused(400, "query_invalid")
	})
	t.Run("a calendar that goes back takes nothing out before it came in", func(t *testing.T) { zones(t, open) })
	s.MustVerify()
}

// zones: 25 hours lie between the first zone and the second.
func zones(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea, mia, other := s.NewProduct("Tea", 1000, 100), s.NewMember("Mia"), s.NewRegister("Till 2")
	s.Settings(`"time_zone":"Pacific/Kiritimati"`)
	const day, before = "2026-11-22", "2026-11-21"
	dated := func(a Answer) string { return a.Want(201).Text("business_date") }
	sell := func() Answer { return s.Pay(Line(tea, 1)) }
	topUp := func() {
		s.As(s.Cashier).Key("").Post("/members/"+mia+"/wallet/top-ups", fmt.Sprintf(`{"register_id":%q,"amount":1000,"tender":"cash"}`, other)).Want(201)
	}
	first, second := sell(), sell()
	topUp()
	s.Settings(`"time_zone":"Pacific/Pago_Pago"`)
	if now := s.As(s.Cashier).Get("/registers/" + s.Register + "/balance").Want(200); now.Int("balance") != 2000 || now.Text("business_date") != day {
		t.Errorf("now it is %s", now.Raw)
	}
	back := func(bill Answer, register string) Answer {
		return s.As(s.Manager).Key("").Post("/bills/"+bill.Text("id")+"/refunds", fmt.Sprintf(`{"reason":"x","register_id":%q}`, register))
	}
	if got := []string{dated(first), dated(back(first, s.Register)), dated(back(second, other)), dated(sell())}; fmt.Sprint(got) != fmt.Sprint([]string{day, day, day, day}) {
		t.Errorf("the business dates are %s", got)
	}
	topUp()
	for _, r := range []string{s.Register, other} {
		if at := s.As(s.Cashier).Get("/registers/" + r + "/balance?business_date=" + before).Want(200); at.Int("balance") != 0 {
			t.Errorf("the day before ends with %d", at.Int("balance"))
		}
	}
	s.MustVerify()
}

func settings(t *testing.T, open Open) {
	s := NewShop(t, open)
	defaults := s.As(s.Cashier).Get("/settings").Want(200)
	defaults.Fields(map[string]int64{"point_rate_bp": 1500, "vip_discount_bp": 1500, "default_tax_rate_bp": 0, "cash_rounding": 0, "future_days": 0})
	for name, want := range map[string]any{"tax_mode": "inclusive", "stock_policy": "block", "blind_count": false, "time_zone": "Europe/Berlin", "currency": "EUR", "receipt_header": ""} {
		if defaults.Body[name] != want {
			t.Errorf("%s is %v at first", name, defaults.Body[name])
		}
	}
	etag := defaults.Header.Get("ETag")
	patch := func(body string) Answer { return s.As(s.Manager).With("If-Match", etag).Patch("/settings", body) }
	s.As(s.Cashier).With("If-Match", etag).Patch("/settings", `{"point_rate_bp":1}`).Refused(403, "role_forbidden")
	s.As(s.Manager).Patch("/settings", `{"point_rate_bp":1}`).Refused(428, "if_match_missing")
	for body, pointer := range map[string]string{
		`{"point_rate_bp":10001}`: "/point_rate_bp", `{"tax_mode":"none"}`: "/tax_mode", `{"time_zone":"Mars/Olympus"}`: "/time_zone",
		`{"currency":"XXX"}`: "/currency", `{"future_days":-1}`: "/future_days", `{"stock_policy":null}`: "/stock_policy", `{"blind_count":"yes"}`: "/blind_count",
		`{"cash_rounding":0.05}`: "/cash_rounding", `{"colour":"red"}`: "/colour", `{"receipt_footer":"` + strings.Repeat("x", 2001) + `"}`: "/receipt_footer",
	} {
		refused := patch(body).Refused(422, "validation_failed")
		if got := refused.Items("errors"); len(got) != 1 || got[0]["pointer"] != pointer {
			t.Errorf("%s is refused at %v", body, got)
		}
	}
	edited := patch(`{"point_rate_bp":1000,"receipt_footer":"Bye","cash_rounding":5}`).Want(200)
	edited.Fields(map[string]int64{"point_rate_bp": 1000, "cash_rounding": 5, "vip_discount_bp": 1500})
	patch(`{"point_rate_bp":2000}`).Refused(412, "version_stale")
	etag = edited.Header.Get("ETag")
	if same := patch(`{"point_rate_bp":1000}`).Want(200); same.Header.Get("ETag") != etag {
		t.Error("an edit that changes nothing makes another version")
	}
	if cleared := patch(`{"receipt_footer":null,"currency":"CHF"}`).Want(200); cleared.Body["receipt_footer"] != "" || cleared.Text("currency") != "CHF" {
		t.Errorf("got %s", cleared.Raw)
	}
	s.Pay(Line(s.NewProduct("Tea", 250, 1), 1)).Want(201)
	etag = s.As(s.Cashier).Get("/settings").Want(200).Header.Get("ETag")
	patch(`{"currency":"EUR"}`).Refused(409, "currency_fixed")
	s.MustVerify()
}
