package rest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kassa/adapters/system"
	"kassa/core/fault"
)

// TestMain fails when a test leaves a goroutine behind, but for those in which fasthttp keeps the time of its
// Date header and, for at most ten seconds after the end of a server, looks for idle workers.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

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
	o.Auth, o.IDs, o.Clock = people, system.NewIDs(system.Clock{}), system.Clock{}
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
	return a.parse(t)
}

// parse reads the body where it is an object.
func (a answer) parse(t testing.TB) answer {
	t.Helper()
	if strings.HasPrefix(a.text, "{") {
		if err := json.Unmarshal([]byte(a.text), &a.body); err != nil {
			t.Fatalf("%s: %s", err, a.text)
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

func TestATableOfRoutesThatCannotWorkIsRefused(t *testing.T) {
	ok := func(*Call) error { return nil }
	for name, f := range map[string]func(r *Router){
		"no access":              func(r *Router) { r.Get("/a", 0, ok) },
		"unknown access":         func(r *Router) { r.Get("/a", Operator+1, ok) },
		"no handler":             func(r *Router) { r.Get("/a", Public, nil) },
		"declared twice":         func(r *Router) { r.Get("/a", Public, ok); r.Get("/a", Cashier, ok) },
		"twice, other parameter": func(r *Router) { r.Get("/a/{id}", Public, ok); r.Get("/a/{name}", Public, ok) },
		"body too large":         func(r *Router) { r.Post("/a", Public, ok, Body(maxBody+1)) },
		"no time":                func(r *Router) { r.Post("/a", Public, ok, Timeout(0)) },
	} {
		if _, err := New(Options{Auth: people, IDs: system.NewIDs(system.Clock{}), Clock: system.Clock{}, Resources: []Resource{routes(f)}}); err == nil {
			t.Errorf("%s: the table was taken", name)
		}
	}
	if _, err := New(Options{}); err == nil {
		t.Error("a server without an authenticator was made")
	}
}

func TestALiteralPathGoesBeforeAParameter(t *testing.T) {
	say := func(what string) Handler {
		return func(c *Call) error { return c.OK(map[string]string{"route": what + c.fiber.Params("id")}) }
	}
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/users/{id}", Public, say("user "))
		r.Get("/users/{id}/points", Public, say("points "))
		r.Get("/users/session", Public, say("session"))
		r.Post("/users/import", Public, say("import"))
	})
	for path, want := range map[string]string{
		"/users/session": "session", "/users/import": "user import", "/users/7": "user 7", "/users/session/points": "points session",
	} {
		if a := ask(t, s, request("GET", base+path, "")); a.body["route"] != want {
			t.Errorf("%s reached %v, want %s", path, a.body["route"], want)
		}
	}
	for _, path := range []string{"/users/", "/USERS/7", "/users/7/", "/users/7/8", "/users//points", "/users"} {
		wantProblem(t, ask(t, s, request("GET", base+path, "")), 404, "route_unknown")
	}
}

func TestTheTableOfRoutesIsComplete(t *testing.T) {
	ok := func(*Call) error { return nil }
	s := newServer(t, Options{}, func(r *Router) {
		r.Put("/b/{id}", Manager, ok)
		r.Delete("/b/{id}", Operator, ok)
		r.Root().Get("/terminal", Public, ok)
	})
	var table []string
	for _, r := range s.Routes() {
		table = append(table, r.Method+" "+r.Path+" "+r.Access.String())
	}
	want := "GET / public,DELETE /api/v1/b/{id} operator,PUT /api/v1/b/{id} manager,GET /docs public,GET /docs/initializer.js public," +
		"GET /docs/swagger-ui-bundle.js public,GET /docs/swagger-ui-standalone-preset.js public,GET /docs/swagger-ui.css public," +
		"GET /healthz public,GET /openapi.json public,GET /readyz public,GET /terminal public"
	if got := strings.Join(table, ","); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

// listen serves s on the loopback and shuts it down when the test ends.
func listen(t testing.TB, s *Server) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

// dial opens a connection that gives up after ten seconds.
func dial(t testing.TB, address string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

func readAnswer(t testing.TB, r *bufio.Reader) answer {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{Response: res, text: string(b)}.parse(t)
}

func TestShutdownLetsARunningRequestFinish(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/slow", Public, func(c *Call) error {
			close(entered)
			<-leave
			return c.OK(map[string]bool{"finished": true})
		})
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	c, r := dial(t, ln.Addr().String())
	if _, err := io.WriteString(c, "GET /api/v1/slow HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(context.Background()) }()
	if err := <-served; err != nil { // the listener is closed
		t.Fatal(err)
	}
	if a := ask(t, s, request("GET", "/readyz", "")); a.body["code"] != "shutting_down" {
		t.Errorf("ready while shutting down: %s", a.text)
	}
	close(leave)
	if a := readAnswer(t, r); a.StatusCode != http.StatusOK || !a.Close {
		t.Errorf("got %d %v", a.StatusCode, a.Header)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
