package bench

import (
	"context"
	"strings"
	"testing"
)

// counted is a server that tells what it is made with.
type counted struct{ stocks, balances []int64 }

func (c counted) stock(_ context.Context, product int) (int64, error) { return c.stocks[product], nil }
func (c counted) balance(_ context.Context, register int) (int64, error) {
	return c.balances[register], nil
}

// chain returns the bills of a register, each with the hash of the one before.
func chain(register int32, from, to int64) []bill {
	var list []bill
	for n := from; n <= to; n++ {
		list = append(list, bill{register: register, number: n, hash: uint64(n)*10 + uint64(register), previous: uint64(n-1)*10 + uint64(register)})
	}
	return list
}

func aShop() *shop {
	return &shop{products: []product{{stock: stockAtFirst}, {stock: stockAtFirst}}, registers: []string{"a", "b"}}
}

func TestBooksFindHolesDoublesAndBrokenChains(t *testing.T) {
	for _, tc := range []struct {
		name, finding string
		spoil         func([]bill) []bill
	}{
		{"right", "", func(b []bill) []bill { return b }},
		{"any order", "", func(b []bill) []bill { b[0], b[3], b[4], b[1] = b[3], b[0], b[1], b[4]; return b }},
		{"hole", "register 1 jumped from receipt number 2 to 4", func(b []bill) []bill { return append(b[:2], b[3:]...) }},
		{"does not begin with 1", "register 1 jumped from receipt number 0 to 2", func(b []bill) []bill { return b[1:] }},
		{"double", "register 2 gave receipt number 3 twice", func(b []bill) []bill { return append(b, b[len(b)-1]) }},
		{"chain", "register 1: receipt 3 does not follow the hash of receipt 2", func(b []bill) []bill { b[2].previous++; return b }},
	} {
		s := aShop()
		bills := tc.spoil(append(chain(0, 1, 4), chain(1, 1, 3)...))
		one, other := newRoll(s), newRoll(s)
		one.bills, other.bills = bills[:3], bills[3:]
		wrong := newBooks(s).enter([]*roll{&one, &other})
		if got := strings.Join(wrong.first, "; "); got != tc.finding || (wrong.count > 0) != (tc.finding != "") {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.finding)
		}
	}
}

func TestBooksGoOnFromPointToPoint(t *testing.T) {
	for _, tc := range []struct {
		name   string
		second []bill
		wrong  int
	}{
		{"next", chain(0, 4, 6), 0},
		{"again", chain(0, 3, 6), 1},
		{"hole", chain(0, 5, 6), 1},
	} {
		s := aShop()
		b, r := newBooks(s), newRoll(s)
		r.bills = chain(0, 1, 3)
		b.enter([]*roll{&r})
		r = newRoll(s)
		r.bills = tc.second
		if wrong := b.enter([]*roll{&r}); wrong.count != tc.wrong {
			t.Errorf("%s: %+v", tc.name, wrong)
		}
	}
}

func TestBooksCompareStockAndCash(t *testing.T) {
	s := aShop()
	b, r := newBooks(s), newRoll(s)
	r.take(&sale{register: 1, lines: []line{{0, 2}, {1, 1}}}, receipt{number: 1, total: 500})
	r.take(&sale{register: 1, lines: []line{{0, 1}}}, receipt{number: 2, total: 100})
	b.enter([]*roll{&r})
	for _, tc := range []struct {
		name   string
		server counted
		wrong  int
	}{
		{"right", counted{[]int64{stockAtFirst - 3, stockAtFirst - 1}, []int64{0, 600}}, 0},
		{"a sale was lost", counted{[]int64{stockAtFirst - 2, stockAtFirst - 1}, []int64{0, 500}}, 2},
		{"a sale was made twice", counted{[]int64{stockAtFirst - 4, stockAtFirst - 1}, []int64{0, 700}}, 2},
		{"cash in the wrong drawer", counted{[]int64{stockAtFirst - 3, stockAtFirst - 1}, []int64{600, 0}}, 2},
	} {
		wrong, err := b.compare(t.Context(), tc.server)
		if err != nil || wrong.count != tc.wrong {
			t.Errorf("%s: %v, %+v", tc.name, err, wrong)
		}
	}
}

func TestAGroupBooksItsKeyOnce(t *testing.T) {
	bill := receipt{id: 1, number: 1, total: 100}
	for _, tc := range []struct {
		name        string
		outcomes    []outcome
		sold, wrong int
	}{
		{"all the same bill", []outcome{{created, bill}, {created, bill}}, 1, 0},
		{"one waits", []outcome{{inFlight, receipt{}}, {created, bill}}, 1, 0},
		{"all wait", []outcome{{inFlight, receipt{}}, {inFlight, receipt{}}}, 0, 1},
		{"two bills", []outcome{{created, bill}, {created, receipt{id: 2, number: 2}}}, 1, 1},
		{"refused", []outcome{{refused, receipt{}}, {refused, receipt{}}}, 0, 0},
		{"no answer", []outcome{{}, {created, bill}}, 1, 0},
	} {
		s := aShop()
		leader := &client{sale: sale{lines: []line{{0, 1}}}}
		g, r := &group{members: []*client{leader}, outcome: tc.outcomes}, newRoll(s)
		g.settle(&r)
		if len(r.bills) != tc.sold || int(r.sold[0]) != tc.sold || r.wrong.count != tc.wrong {
			t.Errorf("%s: %+v", tc.name, r)
		}
	}
}
