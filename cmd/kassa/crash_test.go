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

// prices are those of the products, which have the stock.
var prices = []int64{250, 399, 1999}

const (
	stock   = 1_000_000
	opening = 10_000 // cash in each drawer
)

// books are a shop's data and what its terminals know of it.
type books struct {
	t         *testing.T
	binary    string
	data      string
	token     string
	registers []string
	products  []string
	answered  []*order
}

// newBooks sets a shop up in an empty folder and leaves its server running.
func newBooks(t *testing.T, binary string) (*books, *server) {
	t.Helper()
	b := &books{t: t, binary: binary, data: t.TempDir()}
	s := start(t, binary, b.data)
	want[any](t, s.call("POST", "/setup", "", `{"store":{"name":"Shop","currency":"EUR","time_zone":"Europe/Berlin"},
		"manager":{"name":"Mara","email":"mara@shop.test","password":"correct horse"}}`), http.StatusCreated)
	b.login(s, "mara@shop.test", "correct horse")
	want[any](t, s.call("POST", "/users", "", `{"name":"Carl","email":"carl@shop.test","password":"battery staple","role":"cashier"}`), http.StatusCreated)
	for i := range 2 {
		r := want[bill](t, s.call("POST", "/registers", fmt.Sprint("till", i), fmt.Sprintf(`{"name":"Till %d","opening_amount":%d}`, i+1, opening)), http.StatusCreated)
		b.registers = append(b.registers, r.ID)
	}
	for i, price := range prices {
		p := want[bill](t, s.call("POST", "/products", fmt.Sprint("product", i), fmt.Sprintf(`{"name":"Product %d","price":%d,"stock":%d}`, i, price, stock)), http.StatusCreated)
		b.products = append(b.products, p.ID)
	}
	b.login(s, "carl@shop.test", "battery staple")
	return b, s
}

// login signs the server's client in. The session outlives the server.
func (b *books) login(s *server, email, password string) {
	b.t.Helper()
	got := want[struct {
		Token string `json:"access_token"`
	}](b.t, s.call("PUT", "/users/session", "", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)), http.StatusOK)
	b.token = "Bearer " + got.Token
	s.token = b.token
}

// restart serves the same data again and proves the books beside the server.
func (b *books) restart() *server {
	b.t.Helper()
	s := start(b.t, b.binary, b.data)
	s.token = b.token
	verifyBooks(b.t, b.binary, b.data)
	return s
}

func (b *books) order(key string) *order {
	o := &order{key: key, product: rand.IntN(len(prices)), pieces: 1 + rand.Int64N(3), till: rand.IntN(len(b.registers))}
	total := o.pieces * prices[o.product]
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
func (b *books) sell(s *server, round string, count int, enough func()) (answered, open []*order) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for till := range tills {
		wg.Go(func() {
			for n := 0; ; n++ {
				o := b.order(fmt.Sprintf("%s-%d-%d", round, till, n))
				a := s.call("POST", "/cashier/payments", o.key, o.body)
				ok := a.status == http.StatusCreated && json.Unmarshal(a.body, &o.bill) == nil
				mu.Lock()
				if ok {
					answered = append(answered, o)
				} else {
					open = append(open, o)
				}
				reached := ok && len(answered) == count
				mu.Unlock()
				if reached {
					enough()
				}
				if ok {
					continue
				}
				if a.status != 0 && a.status != http.StatusServiceUnavailable {
					b.t.Errorf("%s: %d %s", o.key, a.status, a.body)
				}
				return
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

// check holds that the shop has what the terminals know of it and nothing else.
func (b *books) check(s *server) {
	b.t.Helper()
	numbers, ids := map[string][]int64{}, map[string]bool{}
	for cursor := ""; ; {
		page := want[listOf[bill]](b.t, s.call("GET", "/bills?limit=200"+cursor, "", ""), http.StatusOK)
		for _, one := range page.Items {
			numbers[one.RegisterID] = append(numbers[one.RegisterID], one.ReceiptNumber)
			ids[one.ID] = true
		}
		if page.Next == nil {
			break
		}
		cursor = "&cursor=" + url.QueryEscape(*page.Next)
	}
	if len(ids) != len(b.answered) {
		b.t.Errorf("%d sales were answered and %d bills are there", len(b.answered), len(ids))
	}
	for register, ns := range numbers {
		slices.Sort(ns)
		for i, n := range ns {
			if n != int64(i)+1 {
				b.t.Fatalf("the receipts of register %s go from %d to %d", register, i, n)
			}
		}
	}
	left, cash := slices.Repeat([]int64{stock}, len(prices)), slices.Repeat([]int64{opening}, len(b.registers))
	for _, o := range b.answered {
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
func crashes(t *testing.T, binary string) {
	b, s := newBooks(t, binary)
	for round := range crashRounds {
		var killed error
		answered, open := b.sell(s, fmt.Sprint("round", round), atLeast+rand.IntN(atLeast), func() {
			<-time.After(time.Duration(rand.Int64N(int64(20 * time.Millisecond)))) // somewhere between two commits, or within one
			killed = s.kill()
		})
		if killed != nil {
			t.Fatal(killed)
		}
		verifyBooks(t, binary, b.data)
		s = b.restart()
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
	verifyBooks(t, binary, b.data)
}

// terminates stops the server in order while tills sell.
func terminates(t *testing.T, binary string) {
	b, s := newBooks(t, binary)
	var stopped error
	answered, open := b.sell(s, "last", atLeast, func() { stopped = s.stop() })
	if stopped != nil {
		t.Fatal(stopped)
	}
	verifyBooks(t, binary, b.data)
	s = b.restart()
	b.settle(s, answered, open)
	b.check(s)
}
