package resttest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// auditLog runs the rules about the audit trail: rows 22 to 24 of the behaviours of registers.
func auditLog(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, open Open)
	}{
		{"every kind of event", everyEvent},
		{"filters and pages", auditPages},
		{"days", auditDays},
		{"refusals are counted", refusals},
		{"nothing personal", impersonal},
		{"logins beside sales", loginsBesideSales},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}

// events returns all events of a filter such as entity=bill, newest first, read in pages of the limit.
func (s *Shop) events(filter string, limit int) (all []map[string]any) {
	s.t.Helper()
	for cursor := ""; ; {
		a := s.As(s.Manager).Get(fmt.Sprintf("/audit-log?limit=%d&%s%s", limit, filter, cursor)).Want(200)
		items := a.Items("items")
		if len(items) > limit {
			s.t.Fatalf("a page of %d has %d events", limit, len(items))
		}
		all = append(all, items...)
		next, ok := a.Body["next_cursor"].(string)
		if !ok {
			return all
		}
		cursor = "&cursor=" + url.QueryEscape(next)
	}
}

// who is the user of a token.
func (s *Shop) who(token string) string {
	s.t.Helper()
	user, _ := s.As(token).Get("/users/session").Want(200).Body["user"].(map[string]any)
	return fmt.Sprint(user["id"])
}

// acts lists actions with the entity and, where it is wanted, what they are about.
func acts(events []map[string]any) (all []string) {
	for _, e := range events {
		all = append(all, fmt.Sprint(e["action"], " ", e["entity"]))
	}
	return all
}

func everyEvent(t *testing.T, open Open) {
	s := NewShop(t, open)
	manager, cashier := s.who(s.Manager), s.who(s.Cashier)
	product := s.NewProduct("Tea", 250, 100)
	before := len(s.events("", 200))
	for _, c := range []struct {
		name, want string // action and entity
		actor      string
		do         func() (about string)
	}{
		{"a sale", "sale bill", cashier, func() string { return s.Pay(Line(product, 1)).Want(201).Text("id") }},
		{"a product edit", "product.edit product", manager, func() string {
			s.change(s.Manager, "/products/"+product, `{"price":260}`).Want(200)
			return product
		}},
		{"a login", "login user", cashier, func() string { s.Login(cashierEmail, cashierPassword); return cashier }},
		{"a logout", "logout user", cashier, func() string {
			s.As(s.Login(cashierEmail, cashierPassword)).Delete("/users/session").Want(204)
			return cashier
		}},
		{"changed settings", "settings.change settings", manager, func() string { s.Settings(`"vip_discount_bp":1000`); return "" }},
		{"a reprint", "reprint bill", cashier, func() string {
			bill := s.Pay(Line(product, 1)).Want(201).Text("id")
			s.As(s.Cashier).Post("/bills/"+bill+"/reprints", "").Want(201)
			return bill
		}},
		{"a void", "void bill", manager, func() string {
			bill := s.Pay(Line(product, 1)).Want(201).Text("id")
			s.As(s.Manager).Key("").Post("/bills/"+bill+"/void", `{"reason":"wrong item"}`).Want(201)
			return bill
		}},
		{"a removed cart line", "cart.remove_line cart", cashier, func() string {
			cart := s.As(s.Cashier).Post("/carts", `{"lines":[`+Line(product, 3)+`]}`).Want(201).Text("id")
			s.As(s.Cashier).With("If-Match", "*").Put("/carts/"+cart, `{"lines":[`+Line(product, 2)+`]}`).Want(200)
			return cart
		}},
		{"a discarded cart", "cart.discard cart", manager, func() string {
			cart := s.As(s.Cashier).Post("/carts", `{"lines":[`+Line(product, 3)+`]}`).Want(201).Text("id")
			s.As(s.Manager).With("If-Match", "*").Delete("/carts/" + cart).Want(204)
			return cart
		}},
	} {
		about := c.do()
		all := s.events("", 200)
		fresh := all[:len(all)-before]
		before = len(all)
		var found []map[string]any
		for _, e := range fresh {
			if fmt.Sprint(e["action"], " ", e["entity"]) == c.want {
				found = append(found, e)
			}
		}
		if len(found) != 1 {
			t.Errorf("%s: the new events are %v, want one %s", c.name, acts(fresh), c.want)
			continue
		}
		e := found[0]
		id, _ := e["entity_id"].(string)
		if e["actor"] != c.actor || id != about || e["request_id"] == nil || fmt.Sprint(e["count"]) != "1" {
			t.Errorf("%s: got %v, want it by %s about %s", c.name, e, c.actor, about)
		}
	}
	t.Run("a paid cart is not a discarded one", func(t *testing.T) {
		cart := s.As(s.Cashier).Post("/carts", `{"lines":[`+Line(product, 1)+`]}`).Want(201).Text("id")
		s.Pay(Line(product, 1), `"cart_id":"`+cart+`"`).Want(201)
		if got := s.events("entity=cart&entity_id="+cart, 50); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("what was refused leaves nothing", func(t *testing.T) {
		before := len(s.events("", 200))
		s.Pay(Line(product, 1000)).Refused(422, "insufficient_stock")
		if after := s.events("", 200); len(after) != before {
			t.Errorf("got %v", acts(after[:len(after)-before]))
		}
	})
	t.Run("no route changes an event", func(t *testing.T) {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			if a := s.As(s.Manager).Do(method, "/audit-log", ""); a.Status != 405 {
				t.Errorf("%s: %d", method, a.Status)
			}
		}
	})
	s.MustVerify()
}

func auditPages(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea := s.NewProduct("Tea", 250, 10_000)
	other := s.NewProduct("Coffee", 350, 10_000)
	for n := range 12 {
		s.Pay(Line(tea, 1)).Want(201)
		if n%3 == 0 {
			s.change(s.Manager, "/products/"+tea, fmt.Sprintf(`{"price":%d}`, 300+n)).Want(200)
			s.As(s.Manager).Key("").Post("/cashier/payments", s.Sale(Line(other, 1))).Want(201)
		}
	}
	bill := s.Pay(Line(tea, 2)).Want(201).Text("id")
	s.As(s.Manager).Key("").Post("/bills/"+bill+"/refunds", `{"reason":"broken","lines":[{"line":1,"quantity":1}]}`).Want(201)
	all := s.events("", 200)
	for i := 1; i < len(all); i++ {
		if fmt.Sprint(all[i]["at"]) > fmt.Sprint(all[i-1]["at"]) || fmt.Sprint(all[i]["id"]) > fmt.Sprint(all[i-1]["id"]) {
			t.Errorf("%v comes after %v", all[i], all[i-1])
		}
	}
	manager, cashier := s.who(s.Manager), s.who(s.Cashier)
	for _, filter := range []string{
		"", "entity=bill", "entity=product", "entity=nothing", "action=sale", "action=product.edit", "action=refund", "actor=" + manager, "actor=" + cashier,
		"actor=nobody", "entity=product&actor=" + manager, "entity=bill&actor=" + manager, "action=sale&actor=" + manager, "entity_id=" + bill,
		"entity_id=" + tea, "entity=product&entity_id=" + tea, "entity=bill&entity_id=" + tea, "action=refund&entity_id=" + bill,
	} {
		query, err := url.ParseQuery(filter)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, e := range all {
			fits := true
			for name := range query {
				fits = fits && fmt.Sprint(e[name]) == query.Get(name)
			}
			if fits {
				want = append(want, fmt.Sprint(e["id"]))
			}
		}
		if strings.HasPrefix(filter, "entity_id="+bill) && len(want) != 2 || filter == "action=refund" && len(want) != 1 {
			t.Errorf("%q fits %d events", filter, len(want))
		}
		for _, limit := range []int{1, 3, 200} {
			var got []string
			for _, e := range s.events(filter, limit) {
				got = append(got, fmt.Sprint(e["id"]))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q in pages of %d: got %q, want %q", filter, limit, got, want)
			}
		}
	}
	s.As(s.Cashier).Get("/audit-log").Refused(403, "role_forbidden")
	s.Anonymous().Get("/audit-log").Want(401)
	for query, code := range map[string]string{
		"from=2026-02-30": "query_invalid", "from=2026-01-02&to=2026-01-01": "query_invalid", "entity=": "query_invalid", "entity_id=a%20b": "query_invalid", "user=x": "query_invalid",
		"action=" + strings.Repeat("x", 65): "query_invalid", "cursor=x": "cursor_invalid", "limit=201": "limit_invalid",
	} {
		s.As(s.Manager).Get("/audit-log?"+query).Refused(400, code)
	}
}

// auditDays: an event belongs to the day of its time in the store's time zone, to the millisecond.
func auditDays(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea := s.NewProduct("Tea", 250, 10_000)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	newYear := time.Date(s.Now().In(berlin).Year()+1, 1, 1, 0, 0, 0, 0, berlin)
	var bills []string
	for _, at := range []time.Time{newYear.Add(-24 * time.Hour), newYear.Add(-time.Millisecond), newYear, newYear.Add(24*time.Hour - time.Millisecond), newYear.Add(24 * time.Hour)} {
		s.Add(at.Sub(s.Now()))
		s.Manager, s.Cashier = s.Login(managerEmail, managerPassword), s.Login(cashierEmail, cashierPassword)
		bills = append(bills, s.Pay(Line(tea, 1)).Want(201).Text("id"))
	}
	for i, day := range []struct {
		back  int // days before New Year
		bills []string
	}{{2, nil}, {1, bills[:2]}, {0, bills[2:4]}, {-1, bills[4:]}, {-2, nil}} {
		date := newYear.AddDate(0, 0, -day.back).Format(time.DateOnly)
		for _, filter := range []string{"action=sale", "entity=bill", "actor=" + s.who(s.Cashier) + "&action=sale"} {
			var got []string
			for _, e := range s.events(fmt.Sprintf("from=%s&to=%s&%s", date, date, filter), 1) {
				got = append([]string{fmt.Sprint(e["entity_id"])}, got...)
			}
			if !slices.Equal(got, day.bills) {
				t.Errorf("%d: on %s with %s: got %q, want %q", i, date, filter, got, day.bills)
			}
		}
	}
	if got := s.events("from=0001-01-01&to=9999-12-31&action=sale", 200); len(got) != 5 {
		t.Errorf("of all times: %d", len(got))
	}
}

// refusals for lack of rights make one event for each user, route and minute, with a count; failed logins likewise.
func refusals(t *testing.T, open Open) {
	s := NewShop(t, open)
	cashier := s.who(s.Cashier)
	into := s.Now().Truncate(time.Minute).Add(time.Minute + time.Second)
	s.Add(into.Sub(s.Now()))
	parallel(100, func(int) { s.As(s.Cashier).Post("/users", `{}`).Refused(403, "role_forbidden") })
	s.As(s.Cashier).Get("/users").Refused(403, "role_forbidden")
	s.login(cashierEmail, "not the password").Want(401)
	s.login("stranger@secret.test", "not the password").Want(401)
	s.login("stranger@secret.test", "not the password").Want(401)
	if got := s.events("action=refused", 50); len(got) != 0 {
		t.Errorf("within the minute: %v", got)
	}
	s.Add(time.Minute)
	s.As(s.Cashier).Post("/users", `{}`).Refused(403, "role_forbidden") // of the next minute
	want := map[string]string{"POST /api/v1/users": "100", "GET /api/v1/users": "1"}
	got := s.events("action=refused", 50)
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for _, e := range got {
		if e["actor"] != cashier || fmt.Sprint(e["count"]) != want[fmt.Sprint(e["after"])] || e["reason"] != "role_forbidden" || e["since"] == nil || e["entity"] != "route" {
			t.Errorf("got %v", e)
		}
	}
	s.Add(time.Minute)
	if got := s.events("action=refused", 50); len(got) != 3 || fmt.Sprint(got[0]["count"]) != "1" {
		t.Errorf("a minute later: %v", got)
	}
	failed := s.events("action=login_failed", 50)
	if len(failed) != 2 {
		t.Fatalf("got %v", failed)
	}
	for _, e := range failed {
		if known := e["actor"] == cashier && e["entity_id"] == cashier && fmt.Sprint(e["count"]) == "1"; known == (e["actor"] == nil) ||
			e["actor"] == nil && (fmt.Sprint(e["count"]) != "2" || e["role"] != "anonymous") {
			t.Errorf("got %v", e)
		}
	}
	if raw := s.As(s.Manager).Get("/audit-log").Want(200).Raw; strings.Contains(string(raw), "stranger") {
		t.Errorf("what was typed is kept: %s", raw)
	}
	s.MustVerify()
}

// impersonal: the audit trail names people by id and says of personal fields only that they changed.
func impersonal(t *testing.T, open Open) {
	s := NewShop(t, open)
	secrets := []string{"Wilhelmina", "wilma@before.test", "wilma@after.test", "+4930123456", "654321"}
	member := s.As(s.Cashier).Post("/members", `{"name":"Wilhelmina","email":"wilma@before.test","pin":"654321"}`).Want(201).Text("id")
	s.change(s.Manager, "/members/"+member, `{"email":"wilma@after.test","phone":"+4930123456"}`).Want(200)
	user := s.hire("Wilhelmina", "wilma@before.test", "cashier", "password of wilma").Text("id")
	s.change(s.Manager, "/users/"+user, `{"email":"wilma@after.test"}`).Want(200)
	raw := string(s.As(s.Manager).Get("/audit-log").Want(200).Raw)
	for _, secret := range secrets {
		if strings.Contains(raw, secret) {
			t.Errorf("%s stands in the audit trail: %s", secret, raw)
		}
	}
	for id, entity := range map[string]string{member: "member", user: "user"} {
		got := s.events("action="+entity+".edit&entity_id="+id, 50)
		if len(got) != 1 || !strings.Contains(fmt.Sprint(got[0]["after"]), "email") {
			t.Errorf("%s: got %v", entity, got)
		}
	}
}

// loginsBesideSales: every login is recorded once while tills sell.
func loginsBesideSales(t *testing.T, open Open) {
	const callers, each = 8, 12
	s := NewShop(t, open)
	tea := s.NewProduct("Tea", 250, 10_000)
	before := len(s.events("action=login", 200))
	parallel(callers, func(i int) {
		for range each {
			if i%4 == 0 {
				s.Login(managerEmail, managerPassword)
			} else {
				s.Pay(Line(tea, 1)).Want(201)
			}
		}
	})
	if got := len(s.events("action=login", 200)) - before; got != callers/4*each {
		t.Errorf("%d logins were recorded, want %d", got, callers/4*each)
	}
	if got := len(s.events("action=sale", 200)); got != (callers-callers/4)*each {
		t.Errorf("%d sales were listed", got)
	}
	s.MustVerify()
}
