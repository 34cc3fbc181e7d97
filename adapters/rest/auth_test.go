package rest

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"kassa/core/audit"
	"kassa/core/fault"
)

// guarded has one route for each access, which echoes who calls.
func guarded(r *Router) {
	echo := func(c *Call) error {
		a := audit.From(c.Context())
		return c.OK(map[string]any{
			"store": c.Store(), "user": c.User(), "session": c.Principal().Session, "actor": a.ID, "role": a.Role, "request": a.RequestID,
		})
	}
	for path, who := range map[string]Access{"/public": Public, "/cashier": Cashier, "/manager": Manager, "/operator": Operator} {
		r.Get(path, who, echo)
		r.Post(path, who, echo)
	}
}

func TestWhoMayCall(t *testing.T) {
	s := newServer(t, Options{OperatorKey: "the key"}, guarded)
	const (
		none, unknown = "token_missing", "token_invalid"
		role, key     = "role_forbidden", "operator_key_invalid"
	)
	for _, c := range []struct {
		authorization                      string
		public, cashier, manager, operator string
	}{
		{"", "", none, none, key},
		{"Bearer ", "", none, none, key},
		{"Bearer nonsense", "", unknown, unknown, key},
		{"Basic cashier", "", none, none, key},
		{"cashier", "", none, none, key},
		{"Bearer cashier", "", "", role, key},
		{"bearer manager", "", "", "", key},
		{"Bearer nobody", "", role, role, key},
		{"Bearer the key", "", unknown, unknown, ""},
		{"Bearer the ke", "", unknown, unknown, key},
		{"Bearer the key2", "", unknown, unknown, key},
	} {
		for path, want := range map[string]string{"public": c.public, "cashier": c.cashier, "manager": c.manager, "operator": c.operator} {
			a := ask(t, s, request("POST", base+"/"+path, "", "Authorization", c.authorization))
			switch {
			case want == "" && a.StatusCode != http.StatusOK:
				t.Errorf("%q may not call %s: %s", c.authorization, path, a.text)
			case want == role:
				wantProblem(t, a, 403, want)
			case want != "":
				wantProblem(t, a, 401, want)
				if a.Header.Get("WWW-Authenticate") == "" {
					t.Error("401 without WWW-Authenticate")
				}
			}
		}
	}
}

func TestTheContextCarriesTheActor(t *testing.T) {
	s := newServer(t, Options{OperatorKey: "key"}, guarded)
	a := ask(t, s, request("GET", base+"/cashier", "", "Authorization", "Bearer manager", "X-Request-ID", "till-1_7"))
	const want = `{"actor":"user-m","request":"till-1_7","role":"manager","session":"session-m","store":"store-1","user":"user-m"}`
	if a.text != want {
		t.Errorf("got %s", a.text)
	}
	if a := ask(t, s, request("GET", base+"/operator", "", "Authorization", "Bearer key")); a.body["role"] != "operator" || a.body["actor"] != "" {
		t.Errorf("got %s", a.text)
	}
	if a := ask(t, s, request("GET", base+"/public", "", "Authorization", "Bearer manager")); a.body["role"] != "system" || a.body["user"] != "" {
		t.Errorf("a public route knows its caller: %s", a.text)
	}
}

func TestWithoutAKeyThereAreNoOperatorRoutes(t *testing.T) {
	s := newServer(t, Options{}, guarded)
	for _, authorization := range []string{"", "Bearer ", "Bearer manager"} {
		wantProblem(t, ask(t, s, request("GET", base+"/operator", "", "Authorization", authorization)), 404, "route_unknown")
	}
	if !slices.Contains(s.Routes(), Route{Method: "GET", Path: base + "/operator", Access: Operator}) {
		t.Errorf("the table of routes lacks them: %v", s.Routes())
	}
}

func TestTheCookieNeedsAPageOfThisHost(t *testing.T) {
	s := newServer(t, Options{OperatorKey: "cashier"}, guarded)
	for _, c := range []struct {
		name, method, origin, site string
		status                     int
	}{
		{"same origin", "POST", "http://shop.example:8080", "", 200},
		{"same origin, TLS at a proxy", "POST", "https://shop.example:8080", "same-origin", 200},
		{"only the fetch metadata", "POST", "", "same-origin", 200},
		{"neither", "POST", "", "", 403},
		{"other host", "POST", "http://evil.example", "", 403},
		{"other port", "POST", "http://shop.example:9090", "", 403},
		{"longer host", "POST", "http://shop.example:8080.evil.example", "", 403},
		{"user in the origin", "POST", "http://shop.example:8080@evil.example", "", 403},
		{"opaque origin", "POST", "null", "", 403},
		{"cross-site", "POST", "", "cross-site", 403},
		{"same site, other origin", "POST", "", "same-site", 403},
		{"navigation", "POST", "", "none", 403},
		{"origin fits, metadata does not", "POST", "http://shop.example:8080", "cross-site", 403},
		{"metadata fits, origin does not", "POST", "http://evil.example", "same-origin", 403},
		{"reading changes nothing", "GET", "", "", 200},
		{"HEAD changes nothing", "HEAD", "", "", 200},
	} {
		r := request(c.method, base+"/cashier", "", "Cookie", "kassa_session=cashier", "Origin", c.origin, "Sec-Fetch-Site", c.site)
		r.Host = "shop.example:8080"
		a := ask(t, s, r)
		if a.StatusCode != c.status {
			t.Errorf("%s: got %d %s", c.name, a.StatusCode, a.text)
		}
		if a.StatusCode == http.StatusForbidden {
			wantProblem(t, a, 403, "origin_refused")
		}
	}
	empty := "POST " + base + "/cashier HTTP/1.1\r\nHost: \r\nOrigin: null\r\nCookie: kassa_session=cashier\r\nContent-Length: 0\r\n\r\n"
	if answers := send(t, listen(t, s), empty); len(answers) != 1 || answers[0].StatusCode < 400 {
		t.Errorf("no host and no origin are taken for the same: %+v", answers)
	}
	cookie := []string{"Cookie", "kassa_session=cashier"}
	wantProblem(t, ask(t, s, request("GET", base+"/operator", "", cookie...)), 401, "operator_key_invalid")
	wantProblem(t, ask(t, s, request("GET", base+"/cashier", "", append(cookie, "Authorization", "Bearer nonsense")...)), 401, "token_invalid")
	wantProblem(t, ask(t, s, request("GET", base+"/cashier", "", append(cookie, "Authorization", "Basic x")...)), 401, "token_missing")
	if a := ask(t, s, request("POST", base+"/cashier", "", append(cookie, "Authorization", "Bearer manager")...)); a.body["user"] != "user-m" {
		t.Errorf("the cookie went before the token: %s", a.text)
	}
}

// TestOrderOfRefusals sends everything that is wrong at once and mends it from the front.
func TestOrderOfRefusals(t *testing.T) {
	s := newServer(t, Options{}, func(r *Router) {
		r.Post("/things/{id}", Manager, func(c *Call) error {
			if _, err := c.ID("id", "thing"); err != nil {
				return err
			}
			if _, err := c.IdempotencyKey(); err != nil {
				return err
			}
			var d wireDTO
			return c.Decode(&d)
		})
	})
	r := request("POST", base+"/things/%21?color=red", `{"price": 1.5, "price": 2}`, "Content-Type", "text/plain", "Content-Encoding", "gzip")
	for _, step := range []struct {
		code string
		mend func()
	}{
		{"encoding_unsupported", func() { r.Header.Del("Content-Encoding") }}, // nothing of such a body is looked at
		{"token_missing", func() { r.Header.Set("Authorization", "Bearer nonsense") }},
		{"token_invalid", func() { r.Header.Set("Authorization", "Bearer cashier") }},
		{"role_forbidden", func() { r.Header.Set("Authorization", "Bearer manager") }},
		{"query_invalid", func() { r.URL.RawQuery, r.RequestURI = "", "" }},
		{"thing_unknown", func() { r.URL.Path, r.URL.RawPath = base+"/things/7", "" }},
		{"idempotency_key_missing", func() { r.Header.Set("Idempotency-Key", "k") }},
		{"media_type_unsupported", func() { r.Header.Set("Content-Type", "application/json") }},
		{"json_invalid", nil},
	} {
		send := r.Clone(context.Background())
		send.Body = request("POST", "/", `{"price": 1.5, "price": 2}`).Body
		if a := ask(t, s, send); a.body["code"] != step.code {
			t.Fatalf("got %d %s, want %s", a.StatusCode, a.text, step.code)
		}
		if step.mend != nil {
			step.mend()
		}
	}
}

func TestDeniedIsTold(t *testing.T) {
	var told []string
	s := newServer(t, Options{Denied: func(ctx context.Context, p Principal, r Route, code string) {
		told = append(told, string(p.User)+" "+r.Method+" "+r.Path+" "+code+" "+audit.From(ctx).RequestID)
	}}, guarded)
	ask(t, s, request("GET", base+"/manager", "", "Authorization", "Bearer cashier", "X-Request-ID", "r1"))
	ask(t, s, request("GET", base+"/manager", "", "Authorization", "Bearer manager"))
	ask(t, s, request("GET", base+"/manager", ""))
	if len(told) != 1 || told[0] != "user-c GET /api/v1/manager role_forbidden r1" {
		t.Errorf("got %q", told)
	}
}

// slowTokens cannot answer now.
type slowTokens struct{}

func (slowTokens) Authenticate(context.Context, string) (Principal, error) {
	return Principal{}, fault.New(fault.Unavailable, "busy", "not now")
}

func TestAnAuthenticatorThatCannotAnswerIsNoRefusal(t *testing.T) {
	s := newServer(t, Options{}, guarded)
	s.auth = slowTokens{}
	wantProblem(t, ask(t, s, request("GET", base+"/cashier", "", "Authorization", "Bearer cashier")), 503, "busy")
}
