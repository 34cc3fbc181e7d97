package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	crashRounds = 10
	tills       = 64  // that sell at once
	atLeast     = 200 // sales answered in a round before the server is killed
)

// bill is what a terminal reads of an answer.
type bill struct {
	ID            string `json:"id"`
	ReceiptNumber int64  `json:"receipt_number"`
	RegisterID    string `json:"register_id"`
	Total         int64  `json:"total"`
	Hash          string `json:"hash"`
}

// listOf is a page of a list.
type listOf[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next_cursor"`
}

// order is a sale as a terminal keeps it until it is answered.
type order struct {
	key     string // and client_sale_id
	body    string
	product int
	pieces  int64
	till    int
	cash    int64 // that it puts into the drawer
	bill    bill  // once it was answered
}

// prices are those of the products, one after the other and again; each has the stock.
var prices = []int64{250, 399, 1999}

const (
	stock   = 1_000_000
	opening = 10_000 // cash in each drawer
)

// size is how large a shop is.
type size struct{ registers, products int }

// small makes every till meet every other.
var small = size{registers: 2, products: 3}

// books are a shop's data and what its terminals know of it.
type books struct {
	t         *testing.T
	binary    string
	env       []string // names the database
	manager   string   // their tokens
	cashier   string
	registers []string
	products  []string
	answered  []*order
}

// newBooks sets a shop up in an empty database and leaves its server running, for the cashier.
func newBooks(t *testing.T, binary string, env []string, n size) (*books, *server) {
	t.Helper()
	b := &books{t: t, binary: binary, env: env}
	s := start(t, binary, env)
	want[any](t, s.call("POST", "/setup", "", `{"store":{"name":"Shop","currency":"EUR","time_zone":"Europe/Berlin"},
		"manager":{"name":"Mara","email":"mara@shop.test","password":"correct horse"}}`), http.StatusCreated)
	b.manager = signIn(s, "mara@shop.test", "correct horse")
	want[any](t, s.call("POST", "/users", "", `{"name":"Carl","email":"carl@shop.test","password":"battery staple","role":"cashier"}`), http.StatusCreated)
	for i := range n.registers {
		r := want[bill](t, s.call("POST", "/registers", fmt.Sprint("till", i), fmt.Sprintf(`{"name":"Till %d","opening_amount":%d}`, i+1, opening)), http.StatusCreated)
		b.registers = append(b.registers, r.ID)
	}
	for i := range n.products {
		p := want[bill](t, s.call("POST", "/products", fmt.Sprint("product", i),
			fmt.Sprintf(`{"name":"Product %d","price":%d,"stock":%d}`, i, prices[i%len(prices)], stock)), http.StatusCreated)
		b.products = append(b.products, p.ID)
	}
	b.cashier = signIn(s, "carl@shop.test", "battery staple")
	return b, s
}

// signIn signs the server's client in and returns its token. The session outlives the server.
func signIn(s *server, email, password string) string {
	s.t.Helper()
	got := want[struct {
		Token string `json:"access_token"`
	}](s.t, s.call("PUT", "/users/session", "", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)), http.StatusOK)
	s.token = "Bearer " + got.Token
	return s.token
}

// serve starts another server of the shop, for the cashier.
func (b *books) serve() *server {
	b.t.Helper()
	s := start(b.t, b.binary, b.env)
	s.token = b.cashier
	return s
}

// verify proves the books beside the servers that run.
func (b *books) verify() {
	b.t.Helper()
	verifyBooks(b.t, b.binary, append(slices.Clone(b.env), "KASSA_JWT_KEY=")) // it signs nothing
}

func (b *books) order(key string) *order {
	o := &order{key: key, product: rand.IntN(len(b.products)), pieces: 1 + rand.Int64N(3), till: rand.IntN(len(b.registers))}
	total := o.pieces * prices[o.product%len(prices)]
	tender := fmt.Sprintf(`{"kind":"card","amount":%d}`, total)
	if rand.IntN(3) > 0 {
		o.cash, tender = total, fmt.Sprintf(`{"kind":"cash","amount":%d}`, total+rand.Int64N(1000))
	}
	o.body = fmt.Sprintf(`{"register_id":%q,"client_sale_id":%q,"lines":[{"product_id":%q,"quantity":%d}],"tenders":[%s]}`,
		b.registers[o.till], key, b.products[o.product], o.pieces, tender)
	return o
}

// sell lets every till sell until it gets no answer, and returns the orders that were answered and those that were not. enough is called
// once so many were answered.
func (b *books) sell(s *server, round string, count int64, enough func()) (answered, open []*order) {
	var done atomic.Int64
	return b.trade(s, round, tills, func(_ time.Time, a answer) bool {
		sold := a.status == http.StatusCreated
		if sold && done.Add(1) == count {
			enough()
		}
		return sold
	})
}

// trade lets n tills sell until next, which is told every answer and when its sale was sent, says no. It returns the orders that were answered
// and those that were not: none of these was refused for good.
func (b *books) trade(s *server, name string, n int, next func(sent time.Time, a answer) bool) (answered, open []*order) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for till := range n {
		wg.Go(func() {
			for k, more := 0, true; more; k++ {
				o, sent := b.order(fmt.Sprintf("%s-%d-%d", name, till, k)), time.Now()
				a := s.call("POST", "/cashier/payments", o.key, o.body)
				ok := a.status == http.StatusCreated && json.Unmarshal(a.body, &o.bill) == nil
				mu.Lock()
				if ok {
					answered = append(answered, o)
				} else {
					open = append(open, o)
				}
				mu.Unlock()
				if !ok && a.status != 0 && (a.status != http.StatusServiceUnavailable || a.retryAfter == "") {
					b.t.Errorf("%s: %d, Retry-After %q, %s", o.key, a.status, a.retryAfter, a.body)
				}
				more = next(sent, a)
			}
		})
	}
	wg.Wait()
	return answered, open
}

// settle holds that what was answered is there, once, and that what was not becomes one bill each when it is sent again.
func (b *books) settle(s *server, answered, open []*order) {
	b.t.Helper()
	b.each(answered, func(o *order) {
		if got, err := read[bill](s.call("GET", "/bills/"+o.bill.ID, "", ""), http.StatusOK); err != nil || got != o.bill {
			b.t.Errorf("%s was answered with %+v and is %+v: %v", o.key, o.bill, got, err)
		}
	})
	var there atomic.Int64
	b.each(open, func(o *order) {
		a := s.call("POST", "/cashier/payments", o.key, o.body)
		var err error
		if o.bill, err = read[bill](a, http.StatusCreated); err != nil {
			b.t.Errorf("%s sent again: %v", o.key, err)
		}
		if a.replayed {
			there.Add(1)
		}
	})
	b.t.Logf("%d sales were answered; of %d that were not, %d were there", len(answered), len(open), there.Load())
	all := slices.Concat(answered, open)
	b.each(all, func(o *order) {
		again, err := read[bill](s.call("POST", "/cashier/payments", o.key, o.body), http.StatusCreated)
		found, err2 := read[listOf[bill]](s.call("GET", "/bills?client_sale_id="+url.QueryEscape(o.key), "", ""), http.StatusOK)
		if err != nil || err2 != nil || again != o.bill || len(found.Items) != 1 || found.Items[0] != o.bill {
			b.t.Errorf("%s is bill %+v; sent again it is %+v (%v); found are %+v (%v)", o.key, o.bill, again, err, found.Items, err2)
		}
	})
	b.answered = append(b.answered, all...)
}

// each runs fn on every order, many at once.
func (b *books) each(orders []*order, fn func(*order)) {
	b.t.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(len(orders)); i = next.Add(1) {
				fn(orders[i-1])
			}
		})
	}
	wg.Wait()
}

// bills lists all of the shop.
func (b *books) bills(s *server) (all []bill) {
	b.t.Helper()
	for cursor := ""; ; {
		page := want[listOf[bill]](b.t, s.call("GET", "/bills?limit=200"+cursor, "", ""), http.StatusOK)
		all = append(all, page.Items...)
		if page.Next == nil {
			return all
		}
		cursor = "&cursor=" + url.QueryEscape(*page.Next)
	}
}

// check holds that the shop has what the terminals know of it and nothing else.
func (b *books) check(s *server) {
	b.t.Helper()
	numbers, there := map[string][]int64{}, map[string]bill{}
	for _, one := range b.bills(s) {
		numbers[one.RegisterID] = append(numbers[one.RegisterID], one.ReceiptNumber)
		there[one.ID] = one
	}
	if len(there) != len(b.answered) {
		b.t.Errorf("%d sales were answered and %d bills are there", len(b.answered), len(there))
	}
	for register, ns := range numbers {
		slices.Sort(ns)
		for i, n := range ns {
			if n != int64(i)+1 {
				b.t.Fatalf("the receipts of register %s go from %d to %d", register, i, n)
			}
		}
	}
	left, cash := slices.Repeat([]int64{stock}, len(b.products)), slices.Repeat([]int64{opening}, len(b.registers))
	for _, o := range b.answered {
		if there[o.bill.ID] != o.bill {
			b.t.Errorf("%s was answered with %+v and is %+v", o.key, o.bill, there[o.bill.ID])
		}
		left[o.product] -= o.pieces
		cash[o.till] += o.cash
	}
	for i, p := range b.products {
		if got := want[map[string]any](b.t, s.call("GET", "/products/"+p, "", ""), http.StatusOK)["stock"]; got != float64(left[i]) {
			b.t.Errorf("product %d has a stock of %v, want %d", i, got, left[i])
		}
	}
	for i, r := range b.registers {
		if got := want[map[string]any](b.t, s.call("GET", "/registers/"+r+"/balance", "", ""), http.StatusOK)["balance"]; got != float64(cash[i]) {
			b.t.Errorf("drawer %d holds %v, want %d", i, got, cash[i])
		}
	}
}

// crashes kills the server again and again while tills sell.
func crashes(t *testing.T, binary string, env []string) {
	b, s := newBooks(t, binary, env, small)
	for round := range crashRounds {
		var killed error
		answered, open := b.sell(s, fmt.Sprint("round", round), atLeast+rand.Int64N(atLeast), func() {
			<-time.After(time.Duration(rand.Int64N(int64(20 * time.Millisecond)))) // somewhere between two commits, or within one
			killed = s.kill()
		})
		if killed != nil {
			t.Fatal(killed)
		}
		b.verify()
		s = b.serve()
		b.verify()
		b.settle(s, answered, open)
		b.check(s)
	}
	b.each(b.answered, func(o *order) { // no bill of any round has changed
		if got, err := read[bill](s.call("GET", "/bills/"+o.bill.ID, "", ""), http.StatusOK); err != nil || got != o.bill {
			t.Errorf("%s was %+v and is %+v: %v", o.key, o.bill, got, err)
		}
	})
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	b.verify()
}

// terminates stops the server in order while tills sell.
func terminates(t *testing.T, binary string, env []string) {
	b, s := newBooks(t, binary, env, small)
	var stopped error
	answered, open := b.sell(s, "last", atLeast, func() { stopped = s.stop() })
	if stopped != nil {
		t.Fatal(stopped)
	}
	b.verify()
	s = b.serve()
	b.verify()
	b.settle(s, answered, open)
	b.check(s)
}
