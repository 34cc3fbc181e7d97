package resttest

import (
	"fmt"
	"strings"
	"testing"
)

func topUps(t *testing.T, open Open) {
	s := NewShop(t, open)
	member := s.NewMember("Mia")
	body := func(amount any, tender string) string {
		return fmt.Sprintf(`{"register_id":%q,"amount":%v,"tender":%q}`, s.Register, amount, tender)
	}
	path := "/members/" + member + "/wallet"
	first := s.As(s.Cashier).Key("one").Post(path+"/top-ups", body(2000, "cash")).Want(201).Fields(map[string]int64{"balance": 2000})
	again := s.As(s.Cashier).Key("one").Post(path+"/top-ups", body(2000, "cash")).Want(201)
	if string(again.Raw) != string(first.Raw) || again.Header.Get("Idempotency-Replayed") != "true" || first.Header.Get("Location") != "/api/v1"+path {
		t.Errorf("got %s and then %s", first.Raw, again.Raw)
	}
	s.As(s.Cashier).Key("one").Post(path+"/top-ups", body(2001, "cash")).Refused(422, "idempotency_key_reused")
	s.As(s.Cashier).Key("one").Post(path+"/top-ups", body(-1, "cash")).Refused(422, "idempotency_key_reused")
	s.As(s.Manager).Key("").Post(path+"/top-ups", body(500, "card")).Want(201).Fields(map[string]int64{"balance": 2500})
	if s.Balance(s.Register) != 2000 {
		t.Errorf("the drawer holds %d", s.Balance(s.Register))
	}
	wallet := s.As(s.Cashier).Get(path).Want(200).Fields(map[string]int64{"balance": 2500}).Items("items")
	if item, _ := again.Body["item"].(map[string]any); len(wallet) != 2 || fmt.Sprint(wallet[1]) != fmt.Sprint(item) {
		t.Errorf("the history is %v", wallet)
	}
	for _, amount := range []any{0, -5, 10.9, `"10"`, `"0x10"`, "null", "true", "[1]", "1e20", "9007199254740992"} {
		s.As(s.Cashier).Key("").Post(path+"/top-ups", body(amount, "cash")).Refused(422, "validation_failed")
	}
	s.As(s.Cashier).Key("").Post(path+"/top-ups", body(1, "wallet")).Refused(422, "validation_failed")
	s.As(s.Cashier).Key("").Post(path+"/top-ups", `{"amount":1,"tender":"cash"}`).Refused(422, "validation_failed")
	s.As(s.Cashier).Post(path+"/top-ups", body(1, "cash")).Refused(400, "idempotency_key_missing")
	s.As(s.Cashier).Key("").Post("/members/nobody/wallet/top-ups", body(1, "cash")).Refused(404, "member_unknown")
	s.As(s.Cashier).Key("").Post(path+"/top-ups", strings.Replace(body(1, "cash"), s.Register, "nobody", 1)).Refused(404, "register_unknown")
	t.Run("and the wallet pays", func(t *testing.T) {
		tea := s.NewProduct("Tea", 2000, 10)
		sale := s.Sale(Line(tea, 1), memberField(member), `"tenders":[{"kind":"wallet","amount":2000}]`)
		s.As(s.Cashier).Key("").Post("/cashier/payments", sale).Refused(401, "member_token_invalid")
		s.As(s.Cashier).Key("").With("Kassa-Member-Token", s.MemberToken(member)).Post("/cashier/payments", sale).Want(201)
		short := s.As(s.Cashier).Key("").With("Kassa-Member-Token", s.MemberToken(member)).Post("/cashier/payments", sale).Refused(422, "insufficient_funds")
		if short.Int("requested") != 2000 || short.Int("available") != 500 {
			t.Errorf("facts %v", short.Body)
		}
	})
	s.MustVerify()
}

// requests: how payments read what they are sent, and repeat their answers.
func requests(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea := s.NewProduct("Tea", 250, 1000)
	pay := func(body string) Answer { return s.As(s.Cashier).Key("").Post("/cashier/payments", body) }
	line := Line(tea, 1)
	sale := func(lines string, more ...string) string { return s.Sale(lines, more...) }
	with := func(name, value string) string { return sale(line, `"`+name+`":`+value) }
	for body, pointer := range map[string]string{
		`{}`:                                 "/register_id",
		`{"lines":[` + line + `]}`:           "/register_id",
		sale(""):                             "/lines",
		sale(Line(tea, 0)):                   "/lines/0/quantity",
		sale(line + "," + Line(tea, -1)):     "/lines/1/quantity",
		sale(Line(tea, "0.0001")):            "/lines/0/quantity",
		sale(Line(tea, 1.5)):                 "/lines/0/quantity",
		sale(Line(tea, "1e3")):               "/lines/0/quantity",
		sale(`{"product_id":"` + tea + `"}`): "/lines/0/quantity",
		sale(`{"product_id":"` + tea + `","quantity":null}`):                 "/lines/0/quantity",
		sale(`{"quantity":1}`):                                               "/lines/0/product_id",
		sale(Line("a b", 1)):                                                 "/lines/0/product_id",
		sale(Line(tea, 1) + `,{"quantity":1,"product_id":5}`):                "/lines/1/product_id",
		with("points_used", "-1"):                                            "/points_used",
		with("points_used", "5"):                                             "/member_id",
		with("expected_total", `"5"`):                                        "/expected_total",
		with("expected_total", "1e400"):                                      "/expected_total",
		with("occurred_at", `"1970-01-01T00:00:00Z"`):                        "/occurred_at",
		with("occurred_at", `"0001-01-01T00:00:00Z"`):                        "/occurred_at",
		with("occurred_at", `"yesterday"`):                                   "/occurred_at",
		with("member_id", `"../x"`):                                          "/member_id",
		with("client_sale_id", `"`+strings.Repeat("x", 256)+`"`):             "/client_sale_id",
		with("client_sale_id", `"a\u0000b"`):                                 "/client_sale_id",
		with("tenders", `[{"kind":"other","label":"\u001b@","amount":250}]`): "/tenders/0",
		with("tenders", `[{"kind":"cash"}]`):                                 "/tenders/0/amount",
		with("tenders", `[{"kind":"cash","amount":"5"}]`):                    "/tenders/0/amount",
		with("colour", "1"):                                                  "/colour",
		sale(`{"product_id":"` + tea + `","quantity":1,"unit_price":-1}`):    "/lines/0/unit_price",
	} {
		if got := pay(body).Refused(422, "validation_failed").Items("errors"); len(got) == 0 || got[0]["pointer"] != pointer {
			t.Errorf("%s is refused at %v, want %s", body, got, pointer)
		}
	}
	pay(strings.Replace(sale(line), `"lines"`, `"lines":[],"lines"`, 1)).Refused(400, "json_invalid")
	pay(strings.Replace(sale(line), s.Register, "nobody", 1)).Refused(404, "register_unknown")
	pay(sale(Line("nothing", 1))).Refused(404, "product_unknown")
	pay(with("member_id", `"nobody"`)).Refused(404, "member_unknown")
	s.As(s.Cashier).Post("/cashier/payments", sale(line)).Refused(400, "idempotency_key_missing")
	s.As(s.Cashier).Key("käse").Post("/cashier/payments", sale(line)).Refused(400, "idempotency_key_invalid")
	s.Anonymous().Key("").Post("/cashier/payments", sale(line)).Want(401)
	pay(sale(Line(tea, 0), memberField("somebody"), `"points_used":5`)).Refused(401, "member_token_invalid") // before what is invalid
	if s.Stock(tea) != "1000" {
		t.Errorf("refused requests changed the stock to %s", s.Stock(tea))
	}
	t.Run("a known key goes before what is wrong", func(t *testing.T) {
		first := s.As(s.Cashier).Key("known").Post("/cashier/payments", sale(line)).Want(201)
		if at := first.Header.Get("Location"); at != "/api/v1/bills/"+first.Text("id") {
			t.Errorf("it is at %s", at)
		}
		again := s.As(s.Manager).Key("known").Post("/cashier/payments", sale(line, `"occurred_at":"2026-01-01T00:00:00Z"`, `"expected_total":1`)).Want(201)
		if string(again.Raw) != string(first.Raw) || again.Header.Get("Idempotency-Replayed") != "true" || again.Header.Get("Location") != first.Header.Get("Location") {
			t.Errorf("got %s and then %s", first.Raw, again.Raw)
		}
		early := s.As(s.Cashier).Key("known").Post("/cashier/payments", with("occurred_at", `"1970-01-01T00:00:00Z"`)).Want(201)
		if string(early.Raw) != string(first.Raw) {
			t.Errorf("from a terminal that lost its time it is %s", early.Raw)
		}
		s.As(s.Cashier).Key("known").Post("/cashier/payments", sale(Line(tea, -1))).Refused(422, "idempotency_key_reused")
		s.As(s.Manager).Key("known").Post("/bills/"+first.Text("id")+"/void", `{"reason":"x"}`).Refused(422, "idempotency_key_reused")
		s.As(s.Manager).Key("").Post("/bills/"+first.Text("id")+"/void", `{"reason":"x"}`).Want(201)
		if after := s.As(s.Cashier).Key("known").Post("/cashier/payments", sale(line)).Want(201); string(after.Raw) != string(first.Raw) {
			t.Errorf("after its void the answer is %s", after.Raw)
		}
	})
	t.Run("a quote is read alike and needs no key and no token", func(t *testing.T) {
		member := s.NewMember("Quentin")
		s.givePoints(member, 100)
		quote := s.As(s.Cashier).Post("/cashier/quote", sale(Line(tea, 2), memberField(member), `"points_used":30`)).Want(200)
		quote.Fields(map[string]int64{"subtotal": 500, "points_used": 30, "total": 470})
		for _, name := range []string{"id", "receipt_number", "hash"} {
			if _, ok := quote.Body[name]; ok {
				t.Errorf("the quote has %s", name)
			}
		}
		s.As(s.Cashier).Post("/cashier/quote", sale(Line(tea, -1))).Refused(422, "validation_failed")
		s.As(s.Cashier).Post("/cashier/quote", sale(Line("nothing", 1))).Refused(404, "product_unknown")
	})
	s.MustVerify()
}

// batch: each item stands for itself.
func batch(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea := s.NewProduct("Tea", 250, 10)
	item := func(key string, more ...string) string {
		return strings.Replace(s.Sale(Line(tea, 1), more...), "{", `{"idempotency_key":"`+key+`",`, 1)
	}
	send := func(items ...string) Answer {
		return s.As(s.Cashier).Post("/cashier/payments/batch", `{"items":[`+strings.Join(items, ",")+`]}`)
	}
	results := send(item("a"), `5`, item(""), item("b", `"colour":"red"`), item("c", `"tenders":[{"kind":"wallet","amount":250}]`, `"member_id":"m"`),
		item("d", `"expected_total":1`), strings.Replace(item("e"), tea, "nothing", 1), item("a"), item("a", `"points_used":0`), item("a "), item(" a")).Want(200).Items("items")
	for i, want := range []struct {
		status int
		code   string
	}{
		{201, ""}, {422, "validation_failed"}, {400, "idempotency_key_missing"}, {422, "validation_failed"}, {422, "validation_failed"}, {201, ""},
		{404, "product_unknown"}, {201, ""}, {201, ""}, {400, "idempotency_key_invalid"}, {400, "idempotency_key_invalid"},
	} {
		r := results[i]
		problem, _ := r["problem"].(map[string]any)
		_, booked := r["bill"]
		if fmt.Sprint(r["status"]) != fmt.Sprint(want.status) || booked != (want.code == "") || want.code != "" && (problem["code"] != want.code || fmt.Sprint(problem["status"]) != fmt.Sprint(want.status)) {
			t.Errorf("item %d: %v, want %v", i, r, want)
		}
	}
	if s.Stock(tea) != "8" {
		t.Errorf("the stock is %s", s.Stock(tea))
	}
	lost := send(item("f", `"occurred_at":"1970-01-01T00:00:00Z"`)).Want(200).Items("items")[0]
	if bill, _ := lost["bill"].(map[string]any); bill["business_date"] != "2026-11-21" || fmt.Sprint(bill["flags"]) != "[late]" {
		t.Errorf("the sale of a terminal without time: %v", lost)
	}
	send().Refused(422, "validation_failed")
	send(strings.Split(strings.Repeat(item("x")+"\n", 101), "\n")[:101]...).Refused(422, "validation_failed")
	s.As(s.Cashier).Post("/cashier/payments/batch", `{}`).Refused(422, "validation_failed")
	s.MustVerify()
}
