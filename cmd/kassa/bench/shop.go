package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"kassa/core/fault"
)

// stockAtFirst is each product's stock in pieces: more than any run sells, and a thousandth of what a quantity can be.
const stockAtFirst = 1_000_000_000

// cashiers is how many users sell, in turns. More would only make the start longer: each costs two bcrypts.
const cashiers = 4

type product struct {
	id    string
	price int64 // minor units
	stock int64 // at first, in pieces
}

// shop is what the sales are made in: products and registers of this run alone, so that every change of them is known.
type shop struct {
	api       *api
	manager   *session
	sellers   []*session
	run       uint64 // tells the names and keys of this run from others'
	products  []product
	registers []string // ids
	cash      []int64  // in the registers' drawers at first; nil: nothing
	last      []bill   // of each register before this run; nil: none
	callers   []person // who log in without pause
	catalogue int      // products beside those that are sold
	today     time.Time
}

// person is who can log in.
type person struct{ email, password string }

// openShop sets up the store where it is new, logs in and makes what is sold, or takes over what a shop with a history sells.
func openShop(ctx context.Context, c config, address string, run uint64, old bool) (*shop, error) {
	s := &shop{api: newAPI(address), run: run, today: time.Now()}
	if err := s.setUp(ctx, c); err != nil {
		return nil, err
	}
	var err error
	if s.manager, err = s.api.login(ctx, c.email, c.password); err != nil {
		return nil, err
	}
	if err := s.employ(ctx, c); err != nil {
		return nil, err
	}
	if old {
		return s, s.takeOver(ctx)
	}
	if err := s.stockUp(ctx, c.products); err != nil {
		return nil, err
	}
	return s, s.install(ctx, c.registers)
}

func (s *shop) setUp(ctx context.Context, c config) error {
	status, err := s.api.do(ctx, request{method: http.MethodPost, path: "/setup", body: map[string]any{
		"store":   map[string]string{"name": "Bench", "currency": "EUR", "time_zone": "Europe/Berlin"},
		"manager": map[string]string{"name": "Bench", "email": c.email, "password": c.password},
	}}, nil)
	if status == http.StatusConflict {
		return nil // already set up: the login tells whether it is by us
	}
	return err
}

func (s *shop) name(what string, n int) string {
	return fmt.Sprintf("Bench %08x %s %d", uint32(s.run), what, n)
}

// employ makes the users who sell, and those who only log in where a scenario has such.
func (s *shop) employ(ctx context.Context, c config) error {
	for i := range cashiers {
		p, err := s.hire(ctx, i)
		if err != nil {
			return err
		}
		seller, err := s.api.login(ctx, p.email, p.password)
		if err != nil {
			return err
		}
		s.sellers = append(s.sellers, seller)
	}
	if !slices.ContainsFunc(c.scenarios, func(o scenario) bool { return o.whose == &logins }) {
		return nil
	}
	for i := range logins.members {
		p, err := s.hire(ctx, cashiers+i)
		if err != nil {
			return err
		}
		s.callers = append(s.callers, p)
	}
	return nil
}

// hire makes the n-th user, a cashier.
func (s *shop) hire(ctx context.Context, n int) (person, error) {
	p := person{fmt.Sprintf("bench-%016x-%d@kassa.example", s.run, n), fmt.Sprintf("bench-%016x", scatter(s.run+uint64(n)))} //nolint:gosec // counted from 0
	_, err := s.api.do(ctx, request{method: http.MethodPost, path: "/users", token: *s.manager.token.Load(), body: map[string]string{
		"name": s.name("cashier", n+1), "email": p.email, "password": p.password, "role": "cashier",
	}}, nil)
	return p, err
}

// newKey returns an idempotency key outside those of the clients.
func (s *shop) newKey(n int) string {
	k := newKeys(s.run, 0xffff, n)
	return string(k.draw())
}

// stockUp imports the products in one request.
func (s *shop) stockUp(ctx context.Context, n int) error {
	var csv bytes.Buffer
	csv.WriteString("id,name,price,tax_rate_bp,stock\n")
	for i := range n {
		var text [36]byte
		p := product{id: string(uuid(&text, scatter(s.run^uint64(i+1)), s.run)), price: 100 * int64(20+i%40), stock: stockAtFirst}
		s.products = append(s.products, p)
		rate := [...]int{1900, 700}[i%2]
		fmt.Fprintf(&csv, "%s,%s,%d,%d,%d\n", p.id, s.name("product", i+1), p.price/100, rate, p.stock)
	}
	return s.bringIn(ctx, csv.Bytes(), n)
}

// bringIn imports a file of n products. They may be there already.
func (s *shop) bringIn(ctx context.Context, csv []byte, n int) error {
	var result struct {
		Created, Updated, Unchanged int
		Errors                      []struct {
			Row          int
			Code, Detail string
		}
	}
	_, err := s.api.do(ctx, request{
		method: http.MethodPost, path: "/products/import", token: *s.manager.token.Load(), key: s.newKey(0), mediaType: "text/csv", body: csv,
	}, &result)
	if there := result.Created + result.Updated + result.Unchanged; err == nil && there != n {
		err = fault.New(fault.Unavailable, "import_failed", "of %d products %d were imported: %v", n, there, result.Errors[:min(3, len(result.Errors))])
	}
	return err
}

func (s *shop) install(ctx context.Context, n int) error {
	for i := range n {
		var register struct{ ID string }
		_, err := s.api.do(ctx, request{
			method: http.MethodPost, path: "/registers", token: *s.manager.token.Load(), key: s.newKey(i + 1),
			body: map[string]string{"name": s.name("register", i+1)},
		}, &register)
		if err != nil {
			return err
		}
		s.registers = append(s.registers, register.ID)
	}
	return nil
}

// stock asks for a product's present stock.
func (s *shop) stock(ctx context.Context, product int) (int64, error) {
	return s.ask(ctx, "/products/"+url.PathEscape(s.products[product].id), "stock")
}

// balance asks for the cash in a register's drawer.
func (s *shop) balance(ctx context.Context, register int) (int64, error) {
	return s.ask(ctx, "/registers/"+url.PathEscape(s.registers[register])+"/balance", "balance")
}

// ask returns the integer that a document holds under the name.
func (s *shop) ask(ctx context.Context, path, name string) (int64, error) {
	var document map[string]json.RawMessage
	if _, err := s.api.do(ctx, request{method: http.MethodGet, path: path, token: *s.manager.token.Load()}, &document); err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(document[name]), 10, 64)
	if err != nil {
		return 0, fault.New(fault.Unavailable, "answer_unreadable", "GET %s: %s is %q, not an integer", path, name, document[name])
	}
	return n, nil
}
