// Package resttest is the HTTP suite: every rule of the behaviours as a scenario against a running Kassa, whatever its database. It speaks HTTP
// only, as Kassa's clients do. The containers' tests hand a server in.
package resttest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Server is a Kassa under test: started with an empty database.
type Server struct {
	URL    string
	Now    func() time.Time
	Add    func(d time.Duration)           // moves its clock on
	Verify func(ctx context.Context) error // proves the books
	Fold   func(ctx context.Context) error // puts into the kept figures of reports what is not there yet and older than some seconds
}

// Open starts an empty Kassa that stops when the test ends.
type Open func(t testing.TB) Server

// Shop is a server that was set up: one store in EUR in Berlin's time zone, a manager, a cashier and a till.
type Shop struct {
	Server
	t        testing.TB
	client   *http.Client
	Manager  string // access tokens
	Cashier  string
	Register string
	keys     atomic.Int64
}

// The users of every test shop.
const (
	managerEmail    = "mara@shop.test"
	managerPassword = "correct horse"
	cashierEmail    = "carl@shop.test"
	cashierPassword = "battery staple"
)

// NewShop sets a shop up.
func NewShop(t testing.TB, open Open) *Shop {
	t.Helper()
	s := &Shop{Server: open(t), t: t, client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 300, MaxConnsPerHost: 300}}}
	t.Cleanup(s.client.CloseIdleConnections)
	s.Post("/setup", `{"store":{"name":"Shop","currency":"EUR","time_zone":"Europe/Berlin"},"manager":{"name":"Mara","email":"`+managerEmail+`","password":"`+managerPassword+`"}}`).Want(201)
	s.Manager = s.Login(managerEmail, managerPassword)
	s.As(s.Manager).Post("/users", `{"name":"Carl","email":"`+cashierEmail+`","password":"`+cashierPassword+`","role":"cashier"}`).Want(201)
	s.Cashier = s.Login(cashierEmail, cashierPassword)
	s.Register = s.NewRegister("Till 1")
	return s
}

// Login returns an access token.
func (s *Shop) Login(email, password string) string {
	s.t.Helper()
	return s.Put("/users/session", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)).Want(200).Text("access_token")
}

// NewRegister adds a till.
func (s *Shop) NewRegister(name string) string {
	s.t.Helper()
	return s.As(s.Manager).Post("/registers", fmt.Sprintf(`{"name":%q}`, name)).Want(201).Text("id")
}

// NewProduct adds a product with the price and stock in pieces; more is further fields, such as `"tax_rate_bp":1900`.
func (s *Shop) NewProduct(name string, price int64, stock int, more ...string) string {
	s.t.Helper()
	fields := append([]string{fmt.Sprintf(`"name":%q,"price":%d,"stock":%d`, name, price, stock)}, more...)
	return s.As(s.Manager).Key("").Post("/products", "{"+strings.Join(fields, ",")+"}").Want(201).Text("id")
}

// NewMember registers a member with the PIN 123456.
func (s *Shop) NewMember(name string) string {
	s.t.Helper()
	return s.As(s.Cashier).Post("/members", fmt.Sprintf(`{"name":%q,"email":"%s@member.test","pin":"123456"}`, name, strings.ToLower(name))).Want(201).Text("id")
}

// MemberToken proves the member at the till.
func (s *Shop) MemberToken(member string) string {
	s.t.Helper()
	return s.As(s.Cashier).Put("/members/session", fmt.Sprintf(`{"member_id":%q,"pin":"123456"}`, member)).Want(200).Text("member_token")
}

// Settings changes settings, given as JSON fields.
func (s *Shop) Settings(fields string) {
	s.t.Helper()
	etag := s.As(s.Manager).Get("/settings").Want(200).Header.Get("ETag")
	s.As(s.Manager).With("If-Match", etag).Patch("/settings", "{"+fields+"}").Want(200)
}

// Stock returns the stock of a product as the API writes it.
func (s *Shop) Stock(product string) string {
	s.t.Helper()
	return fmt.Sprint(s.As(s.Manager).Get("/products/" + product).Want(200).Body["stock"])
}

// Balance returns the cash in a drawer.
func (s *Shop) Balance(register string) int64 {
	s.t.Helper()
	return s.As(s.Cashier).Get("/registers/" + register + "/balance").Want(200).Int("balance")
}

// Points returns a member's points.
func (s *Shop) Points(member string) int64 {
	s.t.Helper()
	return s.As(s.Cashier).Get("/members/" + member + "/points").Want(200).Int("balance")
}

// MustVerify proves the books.
func (s *Shop) MustVerify() {
	s.t.Helper()
	if err := s.Verify(context.Background()); err != nil {
		s.t.Errorf("the books are off: %v", err)
	}
}

// NewKey returns an idempotency key that was not used before.
func (s *Shop) NewKey() string { return fmt.Sprint("key-", s.keys.Add(1)) }

// Pay sends a sale of the till with a new key. lines and more are JSON: `{"product_id":"..","quantity":1}` and `"tenders":[..]`.
func (s *Shop) Pay(lines string, more ...string) Answer {
	s.t.Helper()
	return s.As(s.Cashier).Key("").Post("/cashier/payments", s.Sale(lines, more...))
}

// Sale is the body of a payment.
func (s *Shop) Sale(lines string, more ...string) string {
	fields := append([]string{fmt.Sprintf(`"register_id":%q`, s.Register), `"lines":[` + lines + `]`}, more...)
	return "{" + strings.Join(fields, ",") + "}"
}

// Line is a line of a payment.
func Line(product string, quantity any) string {
	if text, ok := quantity.(string); ok {
		quantity = `"` + text + `"`
	}
	return fmt.Sprintf(`{"product_id":%q,"quantity":%v}`, product, quantity)
}

// Request is a request in the making.
type Request struct {
	s      *Shop
	header http.Header
}

// As begins a request with an access token.
func (s *Shop) As(token string) *Request {
	return (&Request{s, http.Header{}}).With("Authorization", "Bearer "+token)
}

// With sets a header.
func (r *Request) With(name, value string) *Request {
	r.header.Set(name, value)
	return r
}

// Key sets the Idempotency-Key; a new one when it is empty.
func (r *Request) Key(k string) *Request {
	if k == "" {
		k = r.s.NewKey()
	}
	return r.With("Idempotency-Key", k)
}

// Get, Post, Put, Patch and Delete send the request to a path below /api/v1.
func (r *Request) Get(path string) Answer         { r.s.t.Helper(); return r.Do("GET", path, "") }
func (r *Request) Post(path, body string) Answer  { r.s.t.Helper(); return r.Do("POST", path, body) }
func (r *Request) Put(path, body string) Answer   { r.s.t.Helper(); return r.Do("PUT", path, body) }
func (r *Request) Patch(path, body string) Answer { r.s.t.Helper(); return r.Do("PATCH", path, body) }
func (r *Request) Delete(path string) Answer      { r.s.t.Helper(); return r.Do("DELETE", path, "") }
func (s *Shop) Post(path, body string) Answer {
	s.t.Helper()
	return (&Request{s, http.Header{}}).Post(path, body)
}
func (s *Shop) Put(path, body string) Answer {
	s.t.Helper()
	return (&Request{s, http.Header{}}).Put(path, body)
}
func (s *Shop) Anonymous() *Request { return &Request{s, http.Header{}} }

// Answer is what came back.
type Answer struct {
	t      testing.TB
	what   string
	Status int
	Header http.Header
	Raw    []byte
	Body   map[string]any // numbers as json.Number
}

// Do sends the request.
func (r *Request) Do(method, path, body string) Answer {
	r.s.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, r.s.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		r.s.t.Fatal(err)
	}
	req.Header = r.header
	if body != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	a := Answer{t: r.s.t, what: method + " " + path + " " + short(body)}
	res, err := r.s.client.Do(req)
	if err != nil {
		r.s.t.Errorf("%s: %v", a.what, err)
		return a
	}
	defer res.Body.Close()
	a.Raw, err = io.ReadAll(res.Body)
	if err != nil {
		r.s.t.Errorf("%s: %v", a.what, err)
	}
	a.Status, a.Header = res.StatusCode, res.Header
	d := json.NewDecoder(bytes.NewReader(a.Raw))
	d.UseNumber()
	_ = d.Decode(&a.Body) // what is no object stays nil
	if res.StatusCode >= 500 && res.StatusCode != http.StatusServiceUnavailable {
		r.s.t.Errorf("%s: %d %s", a.what, a.Status, a.Raw)
	}
	return a
}

// Want ends the test unless the status is the one.
func (a Answer) Want(status int) Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.what, a.Status, status, short(string(a.Raw)))
	}
	return a
}

// Refused fails the test unless the answer is a problem with the status and code.
func (a Answer) Refused(status int, code string) Answer {
	a.t.Helper()
	if a.Status != status || a.Body["code"] != code || a.Header.Get("Content-Type") != "application/problem+json" {
		a.t.Errorf("%s: %d %v, want %d %s: %s", a.what, a.Status, a.Body["code"], status, code, short(string(a.Raw)))
	}
	return a
}

// Text returns a text field.
func (a Answer) Text(name string) string {
	a.t.Helper()
	v, ok := a.Body[name].(string)
	if !ok {
		a.t.Fatalf("%s: no text %s in %s", a.what, name, short(string(a.Raw)))
	}
	return v
}

// Int returns an integer field.
func (a Answer) Int(name string) int64 {
	a.t.Helper()
	return number(a.t, a.Body, name)
}

// Items returns the objects of a list field.
func (a Answer) Items(name string) []map[string]any {
	a.t.Helper()
	list, ok := a.Body[name].([]any)
	if !ok {
		a.t.Fatalf("%s: no list %s in %s", a.what, name, short(string(a.Raw)))
	}
	items := make([]map[string]any, len(list))
	for i := range list {
		items[i], _ = list[i].(map[string]any)
	}
	return items
}

// Fields compares integer fields with what is wanted, by name.
func (a Answer) Fields(want map[string]int64) Answer {
	a.t.Helper()
	for name, n := range want {
		if got := a.Int(name); got != n {
			a.t.Errorf("%s: %s is %d, want %d", a.what, name, got, n)
		}
	}
	return a
}

func number(t testing.TB, m map[string]any, name string) int64 {
	t.Helper()
	v, ok := m[name].(json.Number)
	if !ok {
		t.Fatalf("no number %s in %v", name, m)
	}
	n, err := v.Int64()
	if err != nil {
		t.Fatalf("%s is %s", name, v)
	}
	return n
}

func short(s string) string {
	if len(s) > 600 {
		return s[:600] + "..."
	}
	return s
}

// parallel runs fn n times at once.
func parallel(n int, fn func(i int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	wg.Wait()
}
