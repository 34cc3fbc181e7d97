package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"kassa/adapters/system"
	"kassa/core/fault"
)

// tokens authenticates the fixed tokens of the tests.
type tokens map[string]Principal

func (t tokens) Authenticate(_ context.Context, token string) (Principal, error) {
	p, ok := t[token]
	if !ok {
		return Principal{}, fault.New(fault.Unauthenticated, "token_invalid", "this access token is not valid")
	}
	return p, nil
}

var people = tokens{
	"cashier": {Store: "store-1", User: "user-c", Role: "cashier", Session: "session-c"},
	"manager": {Store: "store-1", User: "user-m", Role: "manager", Session: "session-m"},
	"nobody":  {Store: "store-1", User: "user-n", Role: "visitor", Session: "session-n"},
}

// routes is a resource made of one function.
type routes func(r *Router)

func (f routes) Routes(r *Router) { f(r) }

// logBuffer is a log that a test reads while the server writes.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newServer(t testing.TB, o Options, f func(r *Router)) *Server {
	t.Helper()
	o.Auth, o.IDs = people, system.NewIDs(system.Clock{})
	if f != nil {
		o.Resources = append(o.Resources, routes(f))
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(w, nil)) }

// request is one request of a test and headers are name, value pairs.
func request(method, path, body string, headers ...string) *http.Request {
	var r *http.Request
	if body == "" {
		r = httptest.NewRequest(method, path, nil)
	} else {
		r = httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

type answer struct {
	*http.Response
	text string
	body map[string]any
}

func ask(t testing.TB, s *Server, r *http.Request) answer {
	t.Helper()
	res, err := s.App().Test(r, 30_000)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{Response: res, text: string(b)}
	if strings.Contains(res.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(b, &a.body); err != nil {
			t.Fatalf("%s: %s", err, b)
		}
	}
	return a
}

// wantProblem holds the answer against status and code, and the problem against its shape.
func wantProblem(t testing.TB, a answer, status int, code string) {
	t.Helper()
	if a.StatusCode != status || a.body["code"] != code {
		t.Fatalf("got %d %s, want %d %s", a.StatusCode, a.text, status, code)
	}
	if ct := a.Header.Get("Content-Type"); ct != problemType {
		t.Errorf("the media type is %s", ct)
	}
	for name, want := range map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": float64(status), "request_id": a.Header.Get("X-Request-ID"),
	} {
		if a.body[name] != want {
			t.Errorf("%s is %v, want %v", name, a.body[name], want)
		}
	}
	for _, name := range []string{"detail", "retryable"} {
		if _, ok := a.body[name]; !ok {
			t.Errorf("%s is missing in %s", name, a.text)
		}
	}
}

func TestSmoke(t *testing.T) {
	s := newServer(t, Options{}, func(r *Router) {
		r.Post("/things/{id}", Cashier, func(c *Call) error {
			var dto struct {
				Price Int      `json:"price"`
				Q     Quantity `json:"q"`
				Name  *string  `json:"name"`
			}
			if err := c.Decode(&dto); err != nil {
				return err
			}
			n, err := c.ID("id", "thing")
			if err != nil {
				return err
			}
			return c.OK(map[string]any{"id": n, "price": dto.Price, "q": dto.Q})
		})
	})
	for _, r := range []*http.Request{
		request("POST", "/api/v1/things/7", `{"price": 5, "q": "0.750"}`, "Authorization", "Bearer cashier"),
		request("POST", "/api/v1/things/7", `{"price": null, "q": "0.750"}`, "Authorization", "Bearer cashier"),
		request("POST", "/api/v1/things/7", `{"price": 5.5, "q": "0.750"}`, "Authorization", "Bearer cashier"),
		request("POST", "/api/v1/things/7", `{"name": null, "name2": "0.750"}`, "Authorization", "Bearer cashier"),
		request("POST", "/api/v1/things/7", `{"name": 7}`, "Authorization", "Bearer cashier"),
		request("POST", "/api/v1/things/7", `{"name": 7, "name":8}`, "Authorization", "Bearer cashier"),
		request("POST", "/api/v1/things/7", `{"price": 5, "q": "0.750"}`),
		request("GET", "/api/v1/things/7", ``),
		request("FOO", "/api/v1/things/7", ``),
		request("FOO", "/api/v1/thing/7", ``),
		request("GET", "/docs", ``),
	} {
		a := ask(t, s, r)
		t.Log(a.StatusCode, a.text, a.Header)
	}
}
