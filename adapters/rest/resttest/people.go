package resttest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// people runs the rules about users, sessions, the first setup and members: rows 8 and 20 to 25 of the behaviours.
func people(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, open Open)
	}{
		{"setup", setUpOnce},
		{"users", staff},
		{"managers", lastManager},
		{"signing in", signIn},
		{"sessions", sessions},
		{"cookie", cookie},
		{"throttle", throttle},
		{"members", members},
		{"members in parallel", membersInParallel},
		{"PIN", pins},
		{"VIP", vip},
		{"points and wallet", statements},
		{"erasure", erasure},
		{"wallets of deleted members", deletedWallets},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}

// newStaff sets up a store with a manager and a cashier, without a till.
func newStaff(t *testing.T, open Open) *Shop {
	t.Helper()
	s := newVisitor(t, open)
	s.Post("/setup", firstSetup).Want(201)
	s.Manager = s.Login(managerEmail, managerPassword)
	s.hire("Carl", cashierEmail, "cashier", cashierPassword)
	s.Cashier = s.Login(cashierEmail, cashierPassword)
	return s
}

// newVisitor is nobody's shop yet.
func newVisitor(t *testing.T, open Open) *Shop {
	s := &Shop{Server: open(t), t: t, client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 300}}}
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

const firstSetup = `{"store":{"name":"Shop","currency":"EUR","time_zone":"Europe/Berlin"},"manager":{"name":"Mara","email":"` + managerEmail +
	`","password":"` + managerPassword + `"}}`

func (s *Shop) hire(name, email, role, password string) Answer {
	s.t.Helper()
	return s.As(s.Manager).Post("/users", fmt.Sprintf(`{"name":%q,"email":%q,"role":%q,"password":%q}`, name, email, role, password)).Want(201)
}

// change edits a user or member as it is now.
func (s *Shop) change(token, path, fields string) Answer {
	s.t.Helper()
	return s.As(token).With("If-Match", s.etagOf(token, path)).Patch(path, fields)
}

func (s *Shop) remove(token, path string) Answer {
	s.t.Helper()
	return s.As(token).With("If-Match", s.etagOf(s.Manager, path)).Delete(path)
}

func (s *Shop) etagOf(token, path string) string {
	s.t.Helper()
	return s.As(token).Get(path).Want(200).Header.Get("ETag")
}

// login sends a login without expecting anything of its answer.
func (s *Shop) login(email, password string) Answer {
	s.t.Helper()
	return s.Put("/users/session", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password))
}

// refusedFields compares the pointers of a refused request.
func (a Answer) refusedFields(pointers ...string) Answer {
	a.t.Helper()
	a.Refused(422, "validation_failed")
	var got []string
	for _, e := range a.Items("errors") {
		got = append(got, fmt.Sprint(e["pointer"]))
	}
	if !slices.Equal(got, pointers) {
		a.t.Errorf("%s: refused are %v, want %v", a.what, got, pointers)
	}
	return a
}

// object returns an object field as an answer of its own.
func (a Answer) object(name string) Answer {
	a.t.Helper()
	o, ok := a.Body[name].(map[string]any)
	if !ok {
		a.t.Fatalf("%s: no object %s in %s", a.what, name, a.Raw)
	}
	a.Body = o
	return a
}

// has compares text and other plain fields.
func (a Answer) has(want map[string]any) Answer {
	a.t.Helper()
	for name, v := range want {
		if got := a.Body[name]; got != v {
			a.t.Errorf("%s: %s is %v, want %v", a.what, name, got, v)
		}
	}
	return a
}

// statuses runs fn n times at once and counts the answers by status and code.
func statuses(n int, fn func(i int) Answer) map[string]int {
	all := make([]string, n)
	parallel(n, func(i int) {
		a := fn(i)
		all[i] = fmt.Sprint(a.Status)
		if code, ok := a.Body["code"].(string); ok {
			all[i] += " " + code
		}
	})
	count := map[string]int{}
	for _, s := range all {
		count[s]++
	}
	return count
}

func setUpOnce(t *testing.T, open Open) {
	s := newVisitor(t, open)
	if detail := s.login(managerEmail, managerPassword).Refused(409, "not_set_up").Text("detail"); !strings.Contains(detail, "POST /api/v1/setup") {
		t.Error(detail)
	}
	s.Post("/setup", `{"store":{"name":"","currency":"XXX","time_zone":"Mars"},"manager":{"name":"M","email":"m@","password":"short"}}`).
		refusedFields("/store/name")
	s.Post("/setup", `{"store":{"name":"Shop","currency":"XXX","time_zone":"Mars"},"manager":{"name":"M","email":"m@","password":"short"}}`).
		refusedFields("/store/currency", "/store/time_zone", "/manager/email", "/manager/password")
	proxied := func() *Request { return s.Anonymous().With("X-Forwarded-For", "203.0.113.9") }
	proxied().Post("/setup", firstSetup).Refused(403, "setup_token_invalid")
	proxied().With("Kassa-Setup-Token", "guess").Post("/setup", firstSetup).Refused(403, "setup_token_invalid")
	got := statuses(10, func(int) Answer { return s.Post("/setup", firstSetup) })
	if got["201"] != 1 || got["409 already_set_up"] != 9 {
		t.Fatalf("got %v", got)
	}
	s.Post("/setup", firstSetup).Refused(409, "already_set_up")
	s.Post("/setup", strings.ReplaceAll(firstSetup, "Shop", "Another")).Refused(409, "already_set_up")
	g := s.login(managerEmail, managerPassword).Want(200)
	g.object("store").has(map[string]any{"name": "Shop", "currency": "EUR", "time_zone": "Europe/Berlin", "status": "active"})
	g.object("user").has(map[string]any{"name": "Mara", "email": managerEmail, "role": "manager", "active": true})
	s.Post("/users", `{"name":"Eve","email":"eve@shop.test","role":"manager","password":"battery staple"}`).Refused(401, "token_missing")
	s.MustVerify()
}

func staff(t *testing.T, open Open) {
	s := newStaff(t, open)
	made := s.hire("Élodie", "Elodie@Shop.test", "cashier", "battery staple")
	path := "/users/" + made.Text("id")
	if made.Header.Get("Location") != "/api/v1"+path || strings.Contains(string(made.Raw), "assword") {
		t.Errorf("got %v %s", made.Header, made.Raw)
	}
	made.has(map[string]any{"name": "Élodie", "email": "Elodie@Shop.test", "role": "cashier", "active": true})
	got := statuses(20, func(i int) Answer {
		return s.As(s.Manager).Post("/users", fmt.Sprintf(`{"name":"X","email":"%s@shop.test","role":"cashier","password":"battery staple"}`, []string{"twin", "TWIN"}[i%2]))
	})
	if got["201"] != 1 || got["409 email_taken"] != 19 {
		t.Errorf("twins: %v", got)
	}
	s.As(s.Manager).Post("/users", `{}`).refusedFields("/name", "/email", "/role", "/password")
	s.As(s.Manager).Post("/users", `{"name":"X","email":"x@shop.test","role":"owner","password":"1234567"}`).refusedFields("/role", "/password")
	s.As(s.Manager).Post("/users", `{"name":"X","email":"x@shop.test","role":"cashier","password":"`+strings.Repeat("p", 73)+`"}`).refusedFields("/password")

	for _, r := range []func() Answer{
		func() Answer {
			return s.As(s.Cashier).Post("/users", `{"name":"Eve","email":"eve@shop.test","role":"manager","password":"battery staple"}`)
		},
		func() Answer { return s.As(s.Cashier).Get("/users") },
		func() Answer { return s.As(s.Cashier).Get(path) },
		func() Answer { return s.As(s.Cashier).With("If-Match", `"1"`).Patch(path, `{"role":"manager"}`) },
		func() Answer { return s.As(s.Cashier).With("If-Match", `"1"`).Delete(path) },
	} {
		r().Refused(403, "role_forbidden")
	}

	s.As(s.Manager).Patch(path, `{"name":"E"}`).Refused(428, "if_match_missing")
	s.As(s.Manager).With("If-Match", `"9"`).Patch(path, `{"name":"E"}`).Refused(412, "version_stale")
	s.change(s.Manager, path, `{"name":"Elodie B."}`).Want(200).has(map[string]any{"name": "Elodie B.", "email": "Elodie@Shop.test", "role": "cashier"})
	s.change(s.Manager, path, `{"email":"`+strings.ToUpper(managerEmail)+`"}`).Refused(409, "email_taken")
	s.change(s.Manager, path, `{"password":"12345678901"}`).Want(200)
	s.login("elodie@shop.test", "12345678901").Want(200)
	s.As(s.Manager).Get("/users/nobody").Refused(404, "user_unknown")

	var names []string
	for cursor := ""; ; {
		a := s.As(s.Manager).Get("/users?limit=2" + cursor).Want(200)
		for _, u := range a.Items("items") {
			names = append(names, fmt.Sprint(u["name"]))
		}
		if a.Body["next_cursor"] == nil {
			break
		}
		cursor = "&cursor=" + a.Text("next_cursor")
	}
	if got := strings.Join(names, ", "); got != "Carl, Elodie B., Mara, X" {
		t.Errorf("the list is %s", got)
	}
	s.remove(s.Manager, path).Want(204)
	s.As(s.Manager).Get(path).Refused(404, "user_unknown")
	s.hire("Again", "elodie@shop.test", "cashier", "battery staple")
	s.MustVerify()
}

func lastManager(t *testing.T, open Open) {
	s := newStaff(t, open)
	mara := "/users/" + s.As(s.Manager).Get("/users/session").Want(200).object("user").Text("id")
	s.change(s.Manager, mara, `{"role":"cashier"}`).Refused(409, "last_manager")
	s.change(s.Manager, mara, `{"active":false}`).Refused(409, "last_manager")
	s.remove(s.Manager, mara).Refused(409, "last_manager")
	for round := range 5 {
		email := fmt.Sprintf("nora%d@shop.test", round)
		nora := "/users/" + s.hire("Nora", email, "manager", "battery staple").Text("id")
		token := s.Login(email, "battery staple")
		who := []struct{ token, target, etag string }{
			{s.Manager, nora, s.etagOf(token, nora)}, {token, mara, s.etagOf(token, mara)},
		}
		got := statuses(2, func(i int) Answer {
			return s.As(who[i].token).With("If-Match", who[i].etag).Patch(who[i].target, `{"role":"cashier"}`)
		})
		if got["200"] != 1 || got["409 last_manager"]+got["403 forbidden"]+got["403 role_forbidden"] != 1 {
			t.Fatalf("round %d: %v", round, got)
		}
		if s.As(token).Get("/users").Status == 200 { // Nora is left: she makes Mara a manager again and goes
			s.change(token, mara, `{"role":"manager"}`).Want(200)
			s.change(token, nora, `{"role":"cashier"}`).Want(200)
		}
	}
	s.MustVerify()
}

func signIn(t *testing.T, open Open) {
	s := newStaff(t, open)
	long := strings.Repeat("p", 72)
	s.hire("Long", "long@shop.test", "cashier", long)
	sleeping := "/users/" + s.hire("Sleeping", "sleeping@shop.test", "cashier", "battery staple").Text("id")
	s.change(s.Manager, sleeping, `{"active":false}`).Want(200)
	wrong := s.login(managerEmail, "wrong horse").Refused(401, "login_failed").Text("detail")
	if wrong != "e-mail or password is wrong" {
		t.Error(wrong)
	}
	for _, c := range [][2]string{
		{"nobody@shop.test", managerPassword}, {"long@shop.test", long + "p"}, {"sleeping@shop.test", "battery staple"},
		{strings.Repeat("a", 5000), "x"}, {managerEmail, strings.Repeat("x", 5000)},
	} {
		if detail := s.login(c[0], c[1]).Refused(401, "login_failed").Text("detail"); detail != wrong {
			t.Errorf("%.20s: another answer: %s", c[0], detail)
		}
	}
	s.login("LONG@shop.test", long).Want(200)
	s.Put("/users/session", `{}`).refusedFields("/email", "/password")
	s.Put("/users/session", `{"email":"`+managerEmail+`","password":"`+managerPassword+`","store":"elsewhere"}`).Refused(401, "login_failed")
	s.Put("/users/session", `{"email":"`+managerEmail+`","password":"`+managerPassword+`","store":"SHOP"}`).Want(200)
	who := s.As(s.Cashier).Get("/users/session").Want(200)
	who.object("user").has(map[string]any{"email": cashierEmail, "role": "cashier"})
	who.object("store").has(map[string]any{"name": "Shop"})
	for _, token := range []string{"", "x", s.Cashier + "x", strings.TrimSuffix(s.Cashier, s.Cashier[strings.LastIndex(s.Cashier, "."):]) + "."} {
		s.As(token).Get("/users/session").Want(401)
	}
}

func sessions(t *testing.T, open Open) {
	s := newStaff(t, open)
	first := s.login(cashierEmail, cashierPassword).Want(200)
	if first.Int("expires_in") != 900 {
		t.Errorf("it expires in %v", first.Body["expires_in"])
	}
	refresh := func(token string) Answer {
		return s.Post("/users/session/refresh", fmt.Sprintf(`{"refresh_token":%q}`, token))
	}
	second := refresh(first.Text("refresh_token")).Want(200)
	second.object("user").has(map[string]any{"email": cashierEmail})
	s.As(second.Text("access_token")).Get("/users/session").Want(200)
	refresh(first.Text("refresh_token")).Refused(401, "token_invalid")
	refresh(second.Text("refresh_token")).Refused(401, "token_invalid") // reuse ended the family
	s.As(second.Text("access_token")).Get("/users/session").Refused(401, "token_invalid")
	s.As(s.Cashier).Get("/users/session").Want(200) // another sign-in goes on
	refresh("").refusedFields("/refresh_token")
	refresh(s.Cashier).Refused(401, "token_invalid")

	out := s.login(cashierEmail, cashierPassword).Want(200)
	s.As(out.Text("access_token")).Delete("/users/session").Want(204)
	s.As(out.Text("access_token")).Get("/users/session").Refused(401, "token_invalid")
	refresh(out.Text("refresh_token")).Refused(401, "token_invalid")

	carl := "/users/" + s.As(s.Cashier).Get("/users/session").Want(200).object("user").Text("id")
	s.change(s.Manager, carl, `{"role":"manager"}`).Want(200)
	s.As(s.Cashier).Get("/users").Want(200) // the same token, at once
	s.change(s.Manager, carl, `{"role":"cashier"}`).Want(200)
	s.As(s.Cashier).Get("/users").Refused(403, "role_forbidden")
	s.remove(s.Manager, carl).Want(204)
	s.As(s.Cashier).Get("/users/session").Refused(401, "token_invalid")
	s.Add(15 * time.Minute)
	s.As(s.Manager).Get("/users/session").Refused(401, "token_invalid")
}

func cookie(t *testing.T, open Open) {
	s := newStaff(t, open)
	set := s.login(managerEmail, managerPassword).Want(200).Header.Get("Set-Cookie")
	for _, part := range []string{"kassa_session=", "HttpOnly", "SameSite=Strict", "path=/"} {
		if !strings.Contains(set, part) {
			t.Errorf("the cookie lacks %s: %s", part, set)
		}
	}
	if strings.Contains(strings.ToLower(set), "; secure") {
		t.Errorf("the cookie is secure over http: %s", set)
	}
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, managerEmail, managerPassword)
	if behind := s.Anonymous().With("X-Forwarded-Proto", "https").Put("/users/session", body).Want(200).Header.Get("Set-Cookie"); !strings.Contains(strings.ToLower(behind), "; secure") {
		t.Errorf("the cookie is not secure over https: %s", behind)
	}
	value, _, _ := strings.Cut(set, ";")
	s.Anonymous().With("Cookie", value).Get("/users/session").Want(200)
	s.Anonymous().With("Cookie", value).Delete("/users/session").Refused(403, "origin_refused")
	gone := s.Anonymous().With("Cookie", value).With("Sec-Fetch-Site", "same-origin").Delete("/users/session").Want(204)
	if h := gone.Header.Get("Set-Cookie"); !strings.HasPrefix(h, "kassa_session=;") {
		t.Errorf("the cookie stays: %s", h)
	}
	s.Anonymous().With("Cookie", value).Get("/users/session").Refused(401, "token_invalid")
}

func throttle(t *testing.T, open Open) {
	s := newStaff(t, open)
	for range 5 {
		s.login(managerEmail, "wrong horse").Refused(401, "login_failed")
	}
	late := s.login(managerEmail, managerPassword).Refused(429, "too_many_attempts")
	if late.Header.Get("Retry-After") != "1" {
		t.Errorf("retry after %s", late.Header.Get("Retry-After"))
	}
	s.login(cashierEmail, cashierPassword).Want(200) // another account from the same address
	s.Add(time.Second)
	s.login(managerEmail, managerPassword).Want(200)
	member := s.NewMember("Mia")
	for range 5 {
		s.As(s.Cashier).Put("/members/session", fmt.Sprintf(`{"member_id":%q,"pin":"000000"}`, member)).Refused(401, "login_failed")
	}
	s.As(s.Cashier).Put("/members/session", `{"email":"mia@member.test","pin":"123456"}`).Refused(429, "too_many_attempts")
	s.Add(time.Second)
	s.MemberToken(member)
	t.Run("behind a proxy on this machine goes by the client's address", func(t *testing.T) {
		try := func(password string, from ...string) Answer {
			r := s.Anonymous()
			r.header["X-Forwarded-For"] = from
			return r.Put("/users/session", fmt.Sprintf(`{"email":%q,"password":%q}`, cashierEmail, password))
		}
		for i := range 5 {
			try("wrong", fmt.Sprintf("198.51.100.%d, 203.0.113.1", i)).Refused(401, "login_failed")
		}
		for _, from := range [][]string{{"203.0.113.1"}, {"203.0.113.2, 203.0.113.1"}, {"203.0.113.2", "203.0.113.1, 127.0.0.1"}, {"203.0.113.1:4711"}} {
			try(cashierPassword, from...).Refused(429, "too_many_attempts")
		}
		try(cashierPassword, "203.0.113.1, 203.0.113.2").Want(200)
	})
}
