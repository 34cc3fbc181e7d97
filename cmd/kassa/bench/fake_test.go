package bench

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is as much of Kassa as the generator talks to, in memory. Its sabotage makes it break one promise.
type fake struct {
	sabotage string
	life     int64 // of access tokens, seconds

	mu        sync.Mutex
	set       bool
	tokens    map[string]bool
	refreshed int
	stock     map[string]int64
	prices    map[string]int64
	names     map[string]string
	codes     map[string]string // ids of products by barcode
	registers map[string]*fakeRegister
	keys      map[string][]byte
	bills     int
	reports   int
}

type fakeRegister struct {
	number, balance int64
	hash            string
}

func newFake(sabotage string) *fake {
	return &fake{
		sabotage: sabotage, life: 900, tokens: map[string]bool{}, stock: map[string]int64{}, prices: map[string]int64{},
		names: map[string]string{}, codes: map[string]string{},
		registers: map[string]*fakeRegister{}, keys: map[string][]byte{},
	}
}

// TestMain lets this program be its own `kassa serve`.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		if err := serveFake(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "fail" {
		fmt.Fprintln(os.Stderr, "the disk is full")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func serveFake() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	l, err := net.Listen("tcp", os.Getenv("KASSA_ADDR"))
	if err != nil {
		return err
	}
	f := newFake("")
	if strings.Contains(os.Getenv("KASSA_DATA"), "history") {
		f.live()
	}
	s := &http.Server{Handler: f, ReadHeaderTimeout: time.Second}
	go s.Serve(l)
	<-ctx.Done()
	return s.Close()
}

type object = map[string]any

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path, inAPI := strings.CutPrefix(r.URL.Path, "/api/v1")
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch route := r.Method + " " + parts[0]; {
	case !inAPI:
		write(w, http.StatusOK, nil)
	case route == "POST setup":
		f.setUp(w)
	case route == "PUT users":
		f.login(w)
	case path == "/users/session/refresh":
		f.refreshed++
		f.login(w)
	case !f.tokens[token]:
		write(w, http.StatusUnauthorized, object{"code": "token_invalid"})
	case route == "POST users":
		write(w, http.StatusCreated, object{})
	case path == "/products/import":
		f.load(w, r)
	case route == "POST registers":
		id := fmt.Sprintf("register-%d", len(f.registers))
		f.registers[id] = &fakeRegister{hash: strings.Repeat("0", 64)}
		write(w, http.StatusCreated, object{"id": id})
	case route == "GET products" && len(parts) == 1:
		f.find(w, r)
	case path == "/bills":
		f.last(w, r.FormValue("register_id"))
	case route == "GET registers" && len(parts) == 1:
		f.list(w)
	case parts[0] == "reports" && f.sabotage == "adding up" && f.reports < 2:
		f.reports++
		write(w, http.StatusServiceUnavailable, object{"code": "busy"})
	case parts[0] == "reports" && f.sabotage != "no reports":
		f.reports++
		write(w, http.StatusOK, object{"currency": "EUR"})
	case route == "GET products":
		write(w, http.StatusOK, object{"id": parts[1], "stock": f.stock[parts[1]]})
	case route == "GET registers":
		write(w, http.StatusOK, object{"balance": f.registers[parts[1]].balance})
	case path == "/bench/floor" && f.sabotage != "no floor":
		write(w, http.StatusCreated, object{})
	case path == "/cashier/payments":
		f.pay(w, r)
	default:
		write(w, http.StatusNotFound, object{"code": "route_unknown"})
	}
}

func write(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	w.Write(b)
}

func (f *fake) setUp(w http.ResponseWriter) {
	if f.set {
		write(w, http.StatusConflict, object{"code": "already_set_up"})
		return
	}
	f.set = true
	write(w, http.StatusCreated, object{})
}

func (f *fake) login(w http.ResponseWriter) {
	if f.sabotage == "no logins" && len(f.tokens) > cashiers {
		write(w, http.StatusServiceUnavailable, object{"code": "busy"})
		return
	}
	token := fmt.Sprintf("token-%d", len(f.tokens))
	f.tokens[token] = true
	write(w, http.StatusOK, object{"access_token": token, "expires_in": f.life, "refresh_token": "r"})
}

func (f *fake) load(w http.ResponseWriter, r *http.Request) {
	rows, err := csv.NewReader(r.Body).ReadAll()
	if err != nil || f.sabotage == "no products" {
		write(w, http.StatusOK, object{"created": 0, "errors": []object{{"row": 1, "code": "price_invalid", "detail": "no"}}})
		return
	}
	for _, row := range rows[1:] {
		price, _ := strconv.ParseInt(row[2], 10, 64)
		f.prices[row[0]] = 100 * price
		f.stock[row[0]], _ = strconv.ParseInt(row[4], 10, 64)
		f.names[row[0]] = row[1]
		if len(row) > 5 {
			f.codes[row[5]] = row[0]
		}
	}
	write(w, http.StatusOK, object{"created": len(rows) - 1})
}

// live makes the shop one that has sold before.
func (f *fake) live() {
	for i := range 30 {
		id := fmt.Sprintf("old-%d", i)
		f.prices[id], f.stock[id] = 500, int64(1000*i)
	}
	for i := range 3 {
		f.registers[fmt.Sprintf("register-%d", i)] = &fakeRegister{number: int64(7 * i), balance: int64(100 * i), hash: fmt.Sprintf("%064x", i)}
	}
}

func (f *fake) list(w http.ResponseWriter) {
	items := []object{}
	for _, id := range slices.Sorted(maps.Keys(f.registers)) {
		items = append(items, object{"id": id, "balance": f.registers[id].balance})
	}
	write(w, http.StatusOK, object{"items": items, "next_cursor": nil})
}

// last answers with the newest bill of the register.
func (f *fake) last(w http.ResponseWriter, register string) {
	items := []object{}
	if r := f.registers[register]; r.number > 0 {
		items = append(items, object{"receipt_number": r.number, "hash": r.hash})
	}
	write(w, http.StatusOK, object{"items": items, "next_cursor": nil})
}

// find answers a barcode with the product that has it, a search with whatever there is, and a category with what was sold before, in two pages.
func (f *fake) find(w http.ResponseWriter, r *http.Request) {
	code, query := r.FormValue("barcode"), r.FormValue("query")
	items := []object{}
	if r.FormValue("category") != "" {
		second := r.FormValue("cursor") == "2"
		for i := range 15 {
			if second {
				i += 15
			}
			id := fmt.Sprintf("old-%d", i)
			items = append(items, object{"id": id, "price": f.prices[id], "stock": f.stock[id]})
		}
		page := object{"items": items, "next_cursor": "2"}
		if second {
			page["next_cursor"] = nil
		}
		write(w, http.StatusOK, page)
		return
	}
	for id, name := range f.names {
		if f.sabotage != "nothing found" && (f.codes[code] == id || query != "" && strings.Contains(strings.ToLower(name), strings.ToLower(query))) {
			items = append(items, object{"id": id})
			break
		}
	}
	write(w, http.StatusOK, object{"items": items, "next_cursor": nil})
}

func (f *fake) pay(w http.ResponseWriter, r *http.Request) {
	var sale struct {
		Register string `json:"register_id"`
		Lines    []struct {
			Product  string `json:"product_id"`
			Quantity int64
		}
		Tenders []struct {
			Kind   string
			Amount int64
		}
	}
	key := r.Header.Get("Idempotency-Key")
	if bill, known := f.keys[key]; known && f.sabotage != "two bills" {
		w.Header().Set("Idempotency-Replayed", "true")
		w.WriteHeader(http.StatusCreated)
		w.Write(bill)
		return
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(&sale)
	register := f.registers[sale.Register]
	if err != nil || register == nil || len(sale.Tenders) != 1 || key == "" {
		write(w, http.StatusUnprocessableEntity, object{"code": "validation_failed"})
		return
	}
	f.bills++
	if f.refuse(w) {
		return
	}
	total := int64(0)
	for _, l := range sale.Lines {
		total += f.prices[l.Product] * l.Quantity
		f.stock[l.Product] -= l.Quantity
	}
	register.number++
	register.balance += total
	previous := register.hash
	register.hash = fmt.Sprintf("%016x%048x", scatter(uint64(f.bills)), f.bills)
	if f.bills == 50 {
		f.spoil(sale.Lines[0].Product, register, &previous)
	}
	b, err := json.Marshal(object{
		"id": fmt.Sprintf("bill-%d", f.bills), "receipt_number": register.number, "register_id": sale.Register, "total": total,
		"lines": sale.Lines, "hash": register.hash, "previous_hash": previous,
	})
	if err != nil {
		panic(err)
	}
	f.keys[key] = b
	if f.bills == 50 && f.sabotage == "drop" {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusCreated)
	w.Write(b)
}

// refuse answers some sales with what is no bill.
func (f *fake) refuse(w http.ResponseWriter) bool {
	switch {
	case f.sabotage == "500" && f.bills%10 == 0:
		write(w, http.StatusInternalServerError, object{"code": "internal"})
	case f.sabotage == "refuse" && f.bills%10 == 0:
		write(w, http.StatusUnprocessableEntity, object{"code": "insufficient_stock"})
	default:
		return false
	}
	return true
}

// spoil breaks one promise, at the fiftieth bill.
func (f *fake) spoil(product string, register *fakeRegister, previous *string) {
	switch f.sabotage {
	case "lost sale":
		f.stock[product]++
	case "lost cash":
		register.balance--
	case "hole":
		register.number++
	case "double":
		register.number--
	case "chain":
		*previous = strings.Repeat("f", 64)
	}
}
