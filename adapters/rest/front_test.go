package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestUnknownPathsAndMethods(t *testing.T) {
	ok := func(c *Call) error { return c.NoContent() }
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/things/{id}", Public, ok)
		r.Patch("/things/{id}", Manager, ok)
		r.Post("/things", Public, ok)
	})
	for _, c := range []struct{ method, path, code, allow string }{
		{"GET", base + "/nothing", "route_unknown", ""},
		{"GET", "/api/v2/things", "route_unknown", ""},
		{"GET", "/", "", ""},
		{"FOO", base + "/nothing", "route_unknown", ""},
		{"OPTIONS", base + "/nothing", "route_unknown", ""},
		{"GET", base + "/things", "method_not_allowed", "POST"},
		{"POST", base + "/things/7", "method_not_allowed", "GET, HEAD, PATCH"},
		{"DELETE", base + "/things/7", "method_not_allowed", "GET, HEAD, PATCH"},
		{"OPTIONS", base + "/things/7", "method_not_allowed", "GET, HEAD, PATCH"},
		{"TRACE", base + "/things/7", "method_not_allowed", "GET, HEAD, PATCH"},
		{"CONNECT", base + "/things/7", "method_not_allowed", "GET, HEAD, PATCH"},
		{"PROPFIND", base + "/things/7", "method_not_allowed", "GET, HEAD, PATCH"},
		{"get", base + "/things/7", "method_not_allowed", "GET, HEAD, PATCH"},
		{"HEAD", base + "/things/7", "", ""},
		{"POST", "/healthz", "method_not_allowed", "GET, HEAD"},
	} {
		a := ask(t, s, request(c.method, c.path, ""))
		switch {
		case c.code == "" && a.StatusCode >= 400:
			t.Errorf("%s %s: got %d %s", c.method, c.path, a.StatusCode, a.text)
		case c.code == "route_unknown":
			wantProblem(t, a, 404, c.code)
		case c.code != "":
			wantProblem(t, a, 405, c.code)
			if got := a.Header.Get("Allow"); !sameWords(got, c.allow) {
				t.Errorf("%s %s: Allow is %q, want %q", c.method, c.path, got, c.allow)
			}
		}
	}
}

func sameWords(a, b string) bool {
	words := func(s string) map[string]bool {
		m := map[string]bool{}
		for _, w := range strings.Split(s, ", ") {
			m[w] = true
		}
		return m
	}
	x, y := words(a), words(b)
	for w := range x {
		if !y[w] {
			return false
		}
	}
	return len(x) == len(y)
}

func TestHEADIsGETWithoutABody(t *testing.T) {
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/thing", Public, func(c *Call) error { c.SetETag(3); return c.OK("four") })
	})
	get, head := ask(t, s, request("GET", base+"/thing", "")), ask(t, s, request("HEAD", base+"/thing", ""))
	if head.StatusCode != http.StatusOK || head.text != "" || head.Header.Get("ETag") != `"3"` || head.Header.Get("Content-Length") != get.Header.Get("Content-Length") {
		t.Errorf("got %d %q %v", head.StatusCode, head.text, head.Header)
	}
}

func TestEveryAnswerHasTheHeaders(t *testing.T) {
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/thing", Public, func(c *Call) error { return c.OK(1) })
		r.Get("/panic", Public, func(*Call) error { panic(1) })
	})
	want := map[string]string{
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": apiPolicy, "Referrer-Policy": "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
	}
	for _, r := range []string{"/thing", "/nothing", "/panic", "/thing?x=1"} {
		a := ask(t, s, request("GET", base+r, ""))
		for name, value := range want {
			if a.Header.Get(name) != value {
				t.Errorf("%s: %s is %q", r, name, a.Header.Get(name))
			}
		}
		if a.Header.Get("Server") != "" || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: got %v", r, a.Header)
		}
	}
}

func TestTheRequestIDIsTheClientsOrNew(t *testing.T) {
	made := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	s := newServer(t, Options{}, nil)
	for given, kept := range map[string]bool{
		"till-1_000017": true, strings.Repeat("x", 64): true, "A": true,
		"": false, strings.Repeat("x", 65): false, "a b": false, "a\"b": false, "ä": false, "a.b": false, "<script>": false,
	} {
		got := ask(t, s, request("GET", "/healthz", "", "X-Request-ID", given)).Header.Get("X-Request-ID")
		if kept && got != given || !kept && !made.MatchString(got) {
			t.Errorf("%q: got %q", given, got)
		}
	}
}

func TestQueryParametersAreKnownAndComeOnce(t *testing.T) {
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/things", Public, func(c *Call) error { return c.OK(c.Query("name")) }, Query("name"), Paged())
		r.Root().Get("/terminal", Public, func(c *Call) error { return c.OK(c.Query("name")) })
	})
	for query, status := range map[string]int{
		"": 200, "name=x": 200, "name=%C3%A4": 200, "name=": 200, "limit=5&cursor=x&name=x": 200,
		"nam=x": 400, "name=x&name=x": 400, "name=x&Name=x": 400, "name=%FF": 400, "%FF=1": 400, "name=x&": 200, "_=1": 400, "name[]=x": 400,
	} {
		a := ask(t, s, request("GET", base+"/things?"+query, ""))
		if a.StatusCode != status {
			t.Errorf("%s: got %d %s", query, a.StatusCode, a.text)
		}
		if status == 400 {
			wantProblem(t, a, 400, "query_invalid")
			if a.body["parameter"] == nil {
				t.Errorf("%s: the problem does not name the parameter", query)
			}
			if detail, _ := a.body["detail"].(string); strings.HasPrefix(query, "nam=") && !strings.HasSuffix(detail, "takes cursor, limit, name") {
				t.Errorf("%s: the problem does not say what there is: %s", query, detail)
			}
		}
	}
	if a := ask(t, s, request("GET", "/terminal?utm=x&utm=y", "")); a.StatusCode != http.StatusOK {
		t.Errorf("a page refused a query: %s", a.text)
	}
}

func TestTheDeadlineIsA503(t *testing.T) {
	wait := func(c *Call) error {
		<-c.Context().Done()
		return c.Context().Err()
	}
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/slow", Public, wait, Timeout(time.Millisecond))
		r.Get("/left", Public, func(c *Call) error {
			at, _ := c.Context().Deadline()
			left := time.Until(at)
			return c.OK(map[string]bool{"ten": left > 9*time.Second && left <= 10*time.Second})
		})
	})
	a := ask(t, s, request("GET", base+"/slow", ""))
	wantProblem(t, a, 503, "deadline_exceeded")
	if a.Header.Get("Retry-After") == "" || a.body["retryable"] != true {
		t.Errorf("got %s %v", a.text, a.Header)
	}
	if a := ask(t, s, request("GET", base+"/left", "")); a.body["ten"] != true {
		t.Errorf("the usual deadline is not 10 s")
	}
}

func TestTheLimitsOfAConnection(t *testing.T) {
	server := newServer(t, Options{}, nil).App().Server()
	if server.ReadTimeout != 10*time.Second || server.WriteTimeout != 15*time.Second || server.IdleTimeout != 60*time.Second ||
		server.Concurrency != maxConnections || !server.StreamRequestBody || !server.DisablePreParseMultipartForm {
		t.Errorf("got %+v", server)
	}
}

func TestWhatIsNoRequestIsAProblemToo(t *testing.T) {
	s := newServer(t, Options{}, nil)
	address := listen(t, s)
	for _, c := range []struct {
		name, text string
		status     int
		code       string
	}{
		{"header too large", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 9000) + "\r\n\r\n", 431, "header_too_large"},
		{"path too long", "GET /" + strings.Repeat("x", 9000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 431, "header_too_large"},
		{"no request line", "nonsense\r\n\r\n", 400, "request_unreadable"},
		{"two lengths", "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "request_unreadable"},
		{"length and chunks", "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "request_unreadable"},
		{"length first", "POST /healthz HTTP/1.1\r\nCONTENT-length: 5\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "request_unreadable"},
		{"space before colon", "GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n", 400, "request_unreadable"},
		{"negative length", "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", 400, "request_unreadable"},
		{"no host", "GET /healthz HTTP/1.1\r\n\r\n", 400, "request_unreadable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answers := send(t, address, c.text)
			if len(answers) != 1 {
				t.Fatalf("got %d answers", len(answers))
			}
			wantProblem(t, answers[0], c.status, c.code)
			if !answers[0].Close || answers[0].Header.Get("Content-Security-Policy") == "" {
				t.Errorf("got %v", answers[0].Header)
			}
		})
	}
}

func TestTheAccessLogHasOneLineForEachRequest(t *testing.T) {
	log := &logBuffer{}
	s := newServer(t, Options{Log: logTo(log)}, func(r *Router) {
		r.Get("/things/{id}", Cashier, func(c *Call) error { return c.OK(1) }, Query("email"))
	})
	ask(t, s, request("GET", base+"/things/7?email=a@b.c", "", "Authorization", "Bearer cashier", "X-Request-ID", "r1"))
	ask(t, s, request("FOO", base+"/nothing", "", "X-Request-ID", "r2"))
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("got %d lines: %s", len(lines), log)
	}
	for i, want := range []map[string]any{
		{"msg": "request", "level": "INFO", "request_id": "r1", "method": "GET", "path": base + "/things/7", "status": 200.0},
		{"msg": "request", "level": "INFO", "request_id": "r2", "method": "FOO", "path": base + "/nothing", "status": 404.0},
	} {
		var got map[string]any
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
			t.Fatal(err)
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("line %d: %s is %v, want %v", i, name, got[name], value)
			}
		}
	}
	if strings.Contains(log.String(), "a@b.c") || strings.Contains(log.String(), "Bearer") {
		t.Errorf("personal data or a token is in the log: %s", log)
	}
}

func TestMetricsCountByRoute(t *testing.T) {
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/things/{id}", Public, func(c *Call) error {
			if c.fiber.Params("id") == "0" {
				return errors.New("broken")
			}
			return c.OK(1)
		})
	})
	for _, path := range []string{"/things/1", "/things/2", "/things/0", "/nothing/1", "/nothing/2"} {
		ask(t, s, request("GET", base+path, ""))
	}
	ask(t, s, request("FOO"+"BAR", base+"/things/1", ""))
	w := httptest.NewRecorder()
	s.MetricsHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`kassa_http_requests_total{method="GET",route="/api/v1/things/{id}",status="2xx"} 2`,
		`kassa_http_requests_total{method="GET",route="/api/v1/things/{id}",status="5xx"} 1`,
		`kassa_http_requests_total{method="other",route="other",status="4xx"} 3`,
		`kassa_http_request_seconds_count{method="GET",route="/api/v1/things/{id}"} 3`,
		`go_goroutines`,
	} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("%s is missing", line)
		}
	}
	if strings.Contains(w.Body.String(), "nothing") || strings.Contains(w.Body.String(), "FOO") {
		t.Error("a client made a label")
	}
}

func TestMetricsAreNoHealth(t *testing.T) {
	s := newServer(t, Options{}, func(*Router) {})
	for path, want := range map[string]int{"/metrics": http.StatusOK, "/": http.StatusNotFound, "/readyz": http.StatusNotFound, "/healthz": http.StatusNotFound} {
		w := httptest.NewRecorder()
		s.MetricsHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s is answered %d, want %d", path, w.Code, want)
		}
	}
}

func TestHealth(t *testing.T) {
	down := false
	s := newServer(t, Options{Ready: func(ctx context.Context) error {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("no deadline")
		}
		if down {
			return errors.New("secret")
		}
		return nil
	}}, nil)
	if a := ask(t, s, request("GET", "/readyz", "")); a.StatusCode != http.StatusOK || a.body["status"] != "ready" {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
	down = true
	a := ask(t, s, request("GET", "/readyz", ""))
	wantProblem(t, a, 503, "store_unreachable")
	if strings.Contains(a.text, "secret") {
		t.Errorf("it left: %s", a.text)
	}
	if a := ask(t, s, request("GET", "/healthz", "")); a.StatusCode != http.StatusOK || a.body["status"] != "live" {
		t.Errorf("not live: %s", a.text)
	}
}

// TestAKeptPathParameterStaysTheSame holds Fiber's Immutable setting: without it a kept parameter turns into another request's.
func TestAKeptPathParameterStaysTheSame(t *testing.T) {
	var ids, queries, headers []string
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/things/{id}", Public, func(c *Call) error {
			n, err := c.ID("id", "thing")
			ids, queries, headers = append(ids, string(n)), append(queries, c.Query("q")), append(headers, c.Header("X-Kept"))
			return errors.Join(err, c.NoContent())
		}, Query("q"))
	})
	c, reader := dial(t, listen(t, s))
	words := []string{"aaaa", "bbbb", "cccc", "dddd"}
	for _, w := range words {
		if _, err := c.Write([]byte("GET " + base + "/things/" + w + "?q=" + w + " HTTP/1.1\r\nHost: localhost\r\nX-Kept: " + w + "\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if a := readAnswer(t, reader); a.StatusCode != http.StatusNoContent {
			t.Fatal(a.StatusCode)
		}
	}
	for i, w := range words {
		if ids[i] != w || queries[i] != w || headers[i] != w {
			t.Errorf("kept %s, %s, %s, was %s", ids[i], queries[i], headers[i], w)
		}
	}
}

func TestAnIDThatCannotBeIsUnknown(t *testing.T) {
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/movements/{mid}", Public, func(c *Call) error {
			_, err := c.ID("mid", "stock_movement")
			return err
		})
	})
	for _, n := range []string{"%20", "a%2Fb", "a.b", strings.Repeat("x", 65), "%00", "..%2f"} {
		a := ask(t, s, request("GET", base+"/movements/"+n, ""))
		wantProblem(t, a, 404, "stock_movement_unknown")
	}
}
