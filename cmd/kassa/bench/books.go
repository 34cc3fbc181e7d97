package bench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// bill is what is kept of an answered sale until its numbers are checked: 32 bytes, since there may be millions.
type bill struct {
	register       int32
	number         int64
	hash, previous uint64
}

// roll is what one client sold in one point.
type roll struct {
	sold  []int64 // pieces by product
	cash  []int64 // totals by register, minor units
	bills []bill
	wrong findings
}

func newRoll(s *shop) roll {
	return roll{sold: make([]int64, len(s.products)), cash: make([]int64, len(s.registers)), bills: make([]bill, 0, 1024)}
}

// take notes an answered sale.
func (r *roll) take(s *sale, got receipt) {
	for _, l := range s.lines {
		r.sold[l.product] += int64(l.quantity)
	}
	r.cash[s.register] += got.total
	r.bills = append(r.bills, bill{register: int32(s.register), number: got.number, hash: got.hash, previous: got.previous})
}

// findings are what is wrong with the books: all counted, the first few described.
type findings struct {
	count int
	first []string
}

func (f *findings) add(format string, args ...any) {
	f.count++
	if len(f.first) < 5 {
		f.first = append(f.first, fmt.Sprintf(format, args...))
	}
}

func (f *findings) join(o findings) {
	f.count += o.count
	f.first = append(f.first, o.first[:min(len(o.first), 5-len(f.first))]...)
}

// shelf answers what the server's books say now.
type shelf interface {
	stock(ctx context.Context, product int) (int64, error)
	balance(ctx context.Context, register int) (int64, error)
}

// books are the generator's own books of the whole run, from the answers alone.
type books struct {
	shop *shop
	sold []int64
	cash []int64
	last []bill // of each register
}

func newBooks(s *shop) *books {
	b := &books{shop: s, sold: make([]int64, len(s.products)), cash: make([]int64, len(s.registers)), last: make([]bill, len(s.registers))}
	copy(b.cash, s.cash)
	copy(b.last, s.last)
	return b
}

// enter adds what the clients sold in one point and returns what is wrong with the numbers and hashes of their bills.
func (b *books) enter(rolls []*roll) findings {
	var wrong findings
	n := 0
	for _, r := range rolls {
		wrong.join(r.wrong)
		n += len(r.bills)
	}
	bills := make([]bill, 0, n)
	for _, r := range rolls {
		for i, q := range r.sold {
			b.sold[i] += q
		}
		for i, c := range r.cash {
			b.cash[i] += c
		}
		bills = append(bills, r.bills...)
	}
	slices.SortFunc(bills, func(x, y bill) int {
		return cmp.Or(cmp.Compare(x.register, y.register), cmp.Compare(x.number, y.number))
	})
	for _, next := range bills {
		last := &b.last[next.register]
		switch {
		case next.number <= last.number:
			wrong.add("register %d gave receipt number %d twice", next.register+1, next.number)
			continue
		case next.number != last.number+1:
			wrong.add("register %d jumped from receipt number %d to %d", next.register+1, last.number, next.number)
		case last.number > 0 && next.previous != last.hash:
			wrong.add("register %d: receipt %d does not follow the hash of receipt %d", next.register+1, next.number, last.number)
		}
		*last = next
	}
	return wrong
}

// compare returns where the server's books differ from these.
func (b *books) compare(ctx context.Context, s shelf) (findings, error) {
	var wrong findings
	for i, sold := range b.sold {
		have, err := s.stock(ctx, i)
		if err != nil {
			return wrong, err
		}
		first := b.shop.products[i].stock
		if want := first - sold; have != want {
			wrong.add("product %d has stock %d, but %d - %d sold is %d", i+1, have, first, sold, want)
		}
	}
	for i, cash := range b.cash {
		have, err := s.balance(ctx, i)
		if err != nil {
			return wrong, err
		}
		if have != cash {
			wrong.add("register %d holds %d, but its bills total %d", i+1, have, cash)
		}
	}
	return wrong, nil
}
