package resttest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

func members(t *testing.T, open Open) {
	s := newStaff(t, open)
	made := s.As(s.Cashier).Post("/members", `{"name":"Anna","email":"Anna@member.test","phone":"+49 170 123-45","pin":"123456"}`).Want(201)
	made.has(map[string]any{"name": "Anna", "email": "Anna@member.test", "phone": "+49 170 123-45", "tier": "regular"}).
		Fields(map[string]int64{"points": 0, "wallet": 0})
	path := "/members/" + made.Text("id")
	if made.Header.Get("Location") != "/api/v1"+path || strings.Contains(string(made.Raw), "pin") {
		t.Errorf("got %v %s", made.Header, made.Raw)
	}
	s.As(s.Cashier).Post("/members", `{"name":"No address","pin":"123456"}`).Want(201).has(map[string]any{"email": nil, "phone": nil})
	s.As(s.Cashier).Post("/members", `{"name":"Null","email":null,"phone":null,"pin":"123456"}`).Want(201)
	if detail := s.As(s.Cashier).Post("/members", `{"name":"B","email":"ANNA@member.test","pin":"123456"}`).Refused(409, "email_taken").Text("detail"); detail != "this email is in use already" {
		t.Error(detail)
	}
	s.As(s.Cashier).Post("/members", `{"name":"B","phone":"+491701 2345","pin":"123456"}`).Refused(409, "phone_taken")
	for _, pin := range []string{"12345", "1234567", "12345a", "١٢٣٤٥٦", " 12345", "-12345", "12.456", "１２３４５６"} {
		s.As(s.Cashier).Post("/members", fmt.Sprintf(`{"name":"B","pin":%q}`, pin)).refusedFields("/pin")
	}
	s.As(s.Cashier).Post("/members", `{"name":"B","pin":123456}`).refusedFields("/pin")
	s.As(s.Cashier).Post("/members", `{"name":"B","email":"nonsense","phone":"call me","pin":"123456"}`).refusedFields("/email", "/phone")
	s.Anonymous().Get("/members").Refused(401, "token_missing")

	s.change(s.Cashier, path, `{"name":"Anna B."}`).Want(200).has(map[string]any{"name": "Anna B.", "email": "Anna@member.test"})
	s.change(s.Cashier, path, `{"phone":null}`).Want(200).has(map[string]any{"name": "Anna B.", "phone": nil})
	s.As(s.Cashier).With("If-Match", `"1"`).Patch(path, `{"name":"C"}`).Refused(412, "version_stale")
	s.As(s.Cashier).Patch(path, `{"name":"C"}`).Refused(428, "if_match_missing")
	s.As(s.Cashier).Get("/members/nobody").Refused(404, "member_unknown")

	for query, want := range map[string]string{
		"query=ANN": "Anna B.", "query=anna%40member": "Anna B.", "query=.*": "", "query=(": "", "query=%24": "", "email=MEMBER.test": "Anna B.",
		"phone=170": "", "query=nn": "Anna B.", "": "Anna B.,No address,Null",
	} {
		var names []string
		for _, m := range s.As(s.Cashier).Get("/members?" + query).Want(200).Items("items") {
			names = append(names, fmt.Sprint(m["name"]))
		}
		if got := strings.Join(names, ","); got != want {
			t.Errorf("%s finds %s, want %s", query, got, want)
		}
	}
	s.As(s.Cashier).Get("/members?limit=0").Refused(400, "limit_invalid")
	s.As(s.Cashier).Get("/members?cursor="+url.QueryEscape("nonsense!")).Refused(400, "cursor_invalid")
	s.MustVerify()
}

func membersInParallel(t *testing.T, open Open) {
	s := newStaff(t, open)
	for round := range 20 {
		got := statuses(20, func(i int) Answer {
			email := fmt.Sprintf("%s%d@member.test", []string{"anna", "Anna"}[i%2], round)
			return s.As(s.Cashier).Post("/members", fmt.Sprintf(`{"name":"Anna","email":%q,"pin":"123456"}`, email))
		})
		if got["201"] != 1 || got["409 email_taken"] != 19 {
			t.Fatalf("round %d: %v", round, got)
		}
	}
	s.MustVerify()
}

func pins(t *testing.T, open Open) {
	s := newStaff(t, open)
	anna := s.As(s.Cashier).Post("/members", `{"name":"Anna","email":"anna@member.test","phone":"0170 123","pin":"123456"}`).Want(201).Text("id")
	path := "/members/" + anna
	for _, who := range []string{`"member_id":"` + anna + `"`, `"email":"ANNA@member.test"`, `"phone":"0170123"`} {
		a := s.As(s.Cashier).Put("/members/session", `{`+who+`,"pin":"123456"}`).Want(200).Fields(map[string]int64{"expires_in": 300})
		a.object("member").has(map[string]any{"id": anna, "name": "Anna"})
	}
	wrong := s.As(s.Cashier).Put("/members/session", `{"email":"anna@member.test","pin":"654321"}`).Refused(401, "login_failed").Text("detail")
	if wrong != "member or PIN is wrong" {
		t.Error(wrong)
	}
	unknown := s.As(s.Cashier).Put("/members/session", `{"email":"nobody@member.test","pin":"123456"}`).Refused(401, "login_failed").Text("detail")
	if wrong != unknown {
		t.Errorf("the answers differ: %s, %s", wrong, unknown)
	}
	s.As(s.Cashier).Put("/members/session", `{"pin":"123456"}`).refusedFields("/member_id")
	s.Anonymous().Put("/members/session", `{"email":"anna@member.test","pin":"123456"}`).Refused(401, "token_missing")

	s.change(s.Cashier, path, `{"pin":"222222"}`).Refused(403, "old_pin_required")
	s.change(s.Cashier, path, `{"pin":"222222","old_pin":"000000"}`).Refused(403, "pin_wrong")
	s.change(s.Cashier, path, `{"pin":"22222","old_pin":"123456"}`).refusedFields("/pin")
	s.change(s.Cashier, path, `{"pin":"222222","old_pin":"123456"}`).Want(200)
	s.As(s.Cashier).Put("/members/session", `{"member_id":"`+anna+`","pin":"222222"}`).Want(200)
	s.change(s.Manager, path, `{"pin":"123456"}`).Want(200)
	before := s.MemberToken(anna)
	s.change(s.Manager, path, `{"pin":"222222"}`).Want(200)
	s.As(s.Cashier).With("Kassa-Member-Token", before).Put(path+"/vip-subscription", "").Refused(401, "member_token_invalid")
	s.Register = s.NewRegister("Till")
	sale := s.Sale(Line(s.NewProduct("Tea", 100, 1), 1), memberField(anna), `"points_used":1`)
	s.As(s.Cashier).Key("").With("Kassa-Member-Token", before).Post("/cashier/payments", sale).Refused(401, "member_token_invalid")
}

func vip(t *testing.T, open Open) {
	s := newStaff(t, open)
	anna, bert := s.NewMember("Anna"), s.NewMember("Bert")
	path := "/members/" + anna + "/vip-subscription"
	token := s.MemberToken(anna)
	with := func(token string) *Request { return s.As(s.Cashier).With("Kassa-Member-Token", token) }
	for range 2 {
		with(token).Put(path, "").Want(200).has(map[string]any{"id": anna, "tier": "vip"})
	}
	for _, bad := range []string{"", "nonsense", s.Cashier, s.Manager} { // a user's token is never a member's
		with(bad).Delete(path).Refused(401, "member_token_invalid")
	}
	with(s.MemberToken(bert)).Delete(path).Refused(403, "member_token_foreign")
	s.As(token).Get("/members").Refused(401, "token_invalid") // nor the reverse
	s.As(s.Cashier).Get("/members/" + anna).Want(200).has(map[string]any{"tier": "vip"})
	for range 2 {
		with(token).Delete(path).Want(204)
	}
	s.As(s.Cashier).Get("/members/" + anna).Want(200).has(map[string]any{"tier": "regular"})
	s.Add(5 * time.Minute)
	with(token).Put(path, "").Refused(401, "member_token_invalid")
	s.MustVerify()
}

func statements(t *testing.T, open Open) {
	s := NewShop(t, open)
	mia := s.NewMember("Mia")
	p := s.NewProduct("Tea", 1000, 10)
	bill := s.Pay(Line(p, 1), fmt.Sprintf(`"member_id":%q`, mia)).Want(201).Text("id")
	second := s.Pay(Line(p, 2), fmt.Sprintf(`"member_id":%q`, mia)).Want(201).Text("id")
	a := s.As(s.Cashier).Get("/members/" + mia + "/points?limit=1").Want(200).Fields(map[string]int64{"balance": 450})
	item := a.Items("items")[0]
	if item["kind"] != "sale" || item["bill_id"] != second || number(t, item, "amount") != 300 || number(t, item, "balance_after") != 450 {
		t.Errorf("the newest is %v", item)
	}
	rest := s.As(s.Cashier).Get("/members/" + mia + "/points?limit=1&cursor=" + a.Text("next_cursor")).Want(200)
	if item := rest.Items("items")[0]; item["bill_id"] != bill || number(t, item, "balance_after") != 150 || rest.Body["next_cursor"] != nil {
		t.Errorf("the rest is %s", rest.Raw)
	}
	wallet := s.As(s.Cashier).Get("/members/" + mia + "/wallet").Want(200).Fields(map[string]int64{"balance": 0})
	if len(wallet.Items("items")) != 0 {
		t.Errorf("got %s", wallet.Raw)
	}
	s.As(s.Cashier).Get("/members/nobody/points").Refused(404, "member_unknown")
}

func erasure(t *testing.T, open Open) {
	s := newStaff(t, open)
	anna := s.NewMember("Anna")
	path, token := "/members/"+anna, s.MemberToken(anna)
	s.As(s.Cashier).With("If-Match", `"1"`).Delete(path).Refused(403, "role_forbidden")
	s.As(s.Manager).Delete(path).Refused(428, "if_match_missing")
	s.remove(s.Manager, path).Want(204)
	for _, p := range []string{path, path + "/points", path + "/wallet"} {
		s.As(s.Manager).Get(p).Refused(404, "member_unknown")
	}
	s.As(s.Cashier).With("Kassa-Member-Token", token).Put(path+"/vip-subscription", "").Refused(401, "member_token_invalid")
	s.As(s.Cashier).Put("/members/session", `{"email":"anna@member.test","pin":"123456"}`).Refused(401, "login_failed")
	if items := s.As(s.Manager).Get("/members?query=anna").Want(200).Items("items"); len(items) != 0 {
		t.Errorf("found %v", items)
	}
	s.NewMember("Anna") // the address is free again
	s.MustVerify()
}

// deletedWallets: nobody's money is lost with a member.
func deletedWallets(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea, mia := s.NewProduct("Tea", 1000, 10), s.NewMember("Mia")
	path := "/members/" + mia
	s.As(s.Cashier).Key("").Post(path+"/wallet/top-ups", fmt.Sprintf(`{"register_id":%q,"amount":2000,"tender":"cash"}`, s.Register)).Want(201)
	sale := s.Sale(Line(tea, 1), memberField(mia), `"tenders":[{"kind":"wallet","amount":1000}]`)
	pay := func() string {
		return s.As(s.Cashier).Key("").With("Kassa-Member-Token", s.MemberToken(mia)).Post("/cashier/payments", sale).Want(201).Text("id")
	}
	bill := pay()
	s.remove(s.Manager, path).Refused(409, "wallet_not_empty").Fields(map[string]int64{"balance": 1000})
	pay()
	s.remove(s.Manager, path).Want(204)
	refund := func(body string) Answer { return s.As(s.Manager).Key("").Post("/bills/"+bill+"/refunds", body) }
	refund(`{"reason":"x"}`).Refused(409, "wallet_closed")
	refund(`{"reason":"x","tenders":[{"kind":"wallet","amount":1000}]}`).Refused(409, "wallet_closed")
	s.As(s.Manager).Key("").Post("/bills/"+bill+"/void", `{"reason":"x"}`).Refused(409, "wallet_closed")
	refund(`{"reason":"x","tenders":[{"kind":"cash","amount":1000}]}`).Want(201)
	s.MustVerify()
}
