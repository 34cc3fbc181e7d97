package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

const (
	unitRounds = 10
	units      = 50  // of a product
	buyers     = 100 // of one each
	apart      = 3 * time.Second
	leastShare = 0.1 // of the sales of both servers that one of them makes
)

// code is that of a refusal.
type code struct {
	Code string `json:"code"`
}

// lastUnits lets twice as many buyers as there are units come at once, half of them to each server.
func lastUnits(t *testing.T, p *pair) {
	sold := 0
	for round := range unitRounds {
		p.one.token = p.manager
		made := want[product](t, p.one.call("POST", "/products", fmt.Sprint("last", round), fmt.Sprintf(`{"name":"Last %d","price":100,"stock":%d}`, round, units)), http.StatusCreated)
		p.one.token = p.cashier
		answers := p.buy(round, made.ID)
		for _, a := range answers {
			var why code
			switch err := json.Unmarshal(a.body, &why); {
			case a.status == http.StatusCreated:
				sold++
			case err != nil || a.status != http.StatusUnprocessableEntity || why.Code != "insufficient_stock":
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		if want := (round + 1) * units; sold != want {
			t.Fatalf("round %d: %d units of %d were sold", round, sold, want)
		}
		for _, s := range []*server{p.one, p.other} {
			if left := want[map[string]any](t, s.call("GET", "/products/"+made.ID, "", ""), http.StatusOK)["stock"]; left != 0.0 {
				t.Errorf("%v are left", left)
			}
		}
	}
	if n := len(p.bills(p.other)); n != sold {
		t.Errorf("%d units were sold with %d bills", sold, n)
	}
	p.verify()
}

// buy sends every buyer at once.
func (p *pair) buy(round int, product string) []answer {
	answers := make([]answer, buyers)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			s := []*server{p.one, p.other}[i%2]
			body := fmt.Sprintf(`{"register_id":%q,"lines":[{"product_id":%q,"quantity":1}],"tenders":[{"kind":"card","amount":100}]}`,
				p.registers[i/2%len(p.registers)], product)
			<-start
			answers[i] = s.call("POST", "/cashier/payments", fmt.Sprintf("last-%d-%d", round, i), body)
		})
	}
	close(start)
	wg.Wait()
	return answers
}

// sideBySide lets one server sell alone and then both, on one register and product and on many.
func sideBySide(t *testing.T, p *pair) {
	all := *p.books
	hot := all
	hot.registers, hot.products = all.registers[:1], all.products[:1]
	for _, b := range []struct {
		name string
		*books
	}{{"hot", &hot}, {"spread", &all}} {
		alone := b.rate(b.name+" alone", p.one)[0]
		both := b.rate(b.name+" together", p.one, p.other)
		sum := both[0] + both[1]
		t.Logf("%s: %.0f sales a second alone, %.0f together: %.0f and %.0f", b.name, alone, sum, both[0], both[1])
		if min(both[0], both[1]) < leastShare*sum {
			t.Errorf("%s: of %.0f sales a second one server makes %.0f and the other %.0f", b.name, sum, both[0], both[1])
		}
	}
	all.answered = append(all.answered, hot.answered...) // the hot register and product are the first of all
	all.check(p.other)
	all.verify()
}

// rate lets each server sell at once with half of the tills or all, and returns how many sales a second each made.
func (b *books) rate(name string, servers ...*server) []float64 {
	b.t.Helper()
	rates, answered := make([]float64, len(servers)), make([][]*order, len(servers))
	end := time.Now().Add(apart)
	var wg sync.WaitGroup
	for i, s := range servers {
		wg.Go(func() {
			var open []*order
			answered[i], open = b.trade(s, fmt.Sprint(name, i), tills/len(servers), func(time.Time, answer) bool { return time.Now().Before(end) })
			if len(open) > 0 {
				b.t.Errorf("%s: %d sales were refused", name, len(open))
			}
			rates[i] = float64(len(answered[i])) / apart.Seconds()
		})
	}
	wg.Wait()
	for _, orders := range answered {
		b.answered = append(b.answered, orders...)
	}
	return rates
}

// changesCount makes changes at one server and waits until the other acts on them.
func changesCount(t *testing.T, p *pair) {
	p.one.token = p.manager
	made := want[map[string]any](t, p.one.call("POST", "/users", "", `{"name":"Max","email":"max@shop.test","password":"battery staple","role":"manager"}`), http.StatusCreated)
	_ = signIn(p.other, "max@shop.test", "battery staple")
	want[any](t, p.other.call("GET", "/users", "", ""), http.StatusOK)
	want[any](t, p.one.call("PATCH", fmt.Sprint("/users/", made["id"]), "", `{"role":"cashier"}`, "If-Match", `"1"`), http.StatusOK)
	soon(t, "a role", func() bool { return p.other.call("GET", "/users", "", "").status == http.StatusForbidden })

	was := want[product](t, p.other.call("GET", "/products/"+p.products[0], "", ""), http.StatusOK)
	want[any](t, p.other.call("POST", "/cashier/payments", "before", p.sale(was.Price)), http.StatusCreated)
	want[any](t, p.one.call("PATCH", "/products/"+was.ID, "", `{"price":777}`, "If-Match", etag(was)), http.StatusOK)
	soon(t, "a price", func() bool {
		return want[product](t, p.other.call("GET", "/products/"+was.ID, "", ""), http.StatusOK).Price == 777
	})
	if sold := want[bill](t, p.other.call("POST", "/cashier/payments", "after", p.sale(777)), http.StatusCreated); sold.Total != 777 {
		t.Errorf("it is sold for %d", sold.Total)
	}

	p.one.token = p.other.token
	if a := p.one.call("DELETE", "/users/session", "", ""); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	soon(t, "a logout", func() bool { return p.other.call("GET", "/users/session", "", "").status == http.StatusUnauthorized })

	_ = signIn(p.other, "max@shop.test", "battery staple")
	p.one.token = p.manager
	want[any](t, p.other.call("GET", "/users/session", "", ""), http.StatusOK)
	if a := p.one.call("DELETE", fmt.Sprint("/users/", made["id"]), "", "", "If-Match", `"2"`); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	soon(t, "a deletion", func() bool { return p.other.call("GET", "/users/session", "", "").status == http.StatusUnauthorized })
	p.verify()
}

// sale is one of the first product, paid by card.
func (p *pair) sale(price int64) string {
	return fmt.Sprintf(`{"register_id":%q,"lines":[{"product_id":%q,"quantity":1}],"tenders":[{"kind":"card","amount":%d}]}`, p.registers[0], p.products[0], price)
}

// soon fails where a request that is sent a second later does not meet the change.
func soon(t *testing.T, what string, counts func() bool) {
	t.Helper()
	began := time.Now()
	for {
		sent := time.Since(began)
		if counts() {
			t.Logf("%s counts for what is sent %v later", what, sent)
			return
		}
		if sent > time.Second {
			t.Fatalf("%s does not count for what is sent %v later", what, sent)
		}
		time.Sleep(time.Millisecond)
	}
}
