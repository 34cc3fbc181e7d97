package report

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/transaction"
	"kassa/core/writer"

	"pgregory.net/rapid"
)

// shop is a store in memory: its journal, its pages, and a clock.
type shop struct {
	records []journal.Record
	tokens  int  // of its heads so far
	read    int  // records
	torn    bool // the next reading stops in the middle
	mark    int64
	pages   map[Key][]byte
	now     time.Time
	fails   func() (before, after error) // of a commit: instead of it, and in spite of it
}

func (m *shop) Now() time.Time { return m.now }

func (m *shop) View(ctx context.Context, fn func(ctx context.Context) error) error { return fn(ctx) }

func (m *shop) Transact(ctx context.Context, fn func(ctx context.Context) error) error {
	before, after := m.fails()
	mark, pages := m.mark, maps.Clone(m.pages)
	if err := errors.Join(fn(ctx), before); err != nil {
		m.mark, m.pages = mark, pages
		return err
	}
	return after
}

// books are the shop's journal.
type books struct {
	journal.Repository
	of *shop
}

func (b books) Head(context.Context, id.Store) (journal.Head, error) {
	return journal.Head{Position: int64(len(b.of.records)), Token: b.of.token()}, nil
}

func (b books) From(_ context.Context, _ id.Store, position int64, limit int) ([]journal.Record, error) {
	all := b.of.records
	from := min(position, int64(len(all)))
	found := all[from:min(from+int64(limit), int64(len(all)))]
	if b.of.torn {
		b.of.torn = false
		return found[:len(found)/2], errLost
	}
	b.of.read += len(found)
	return found, nil
}

func (m *shop) Watermark(context.Context, id.Store) (int64, error) { return m.mark, nil }

func (m *shop) Advance(_ context.Context, _ id.Store, from, to int64) error {
	if m.mark != from {
		return ErrStale
	}
	m.mark = to
	return nil
}

func (m *shop) Load(_ context.Context, _ id.Store, keys []Key) (found []Page, err error) {
	for _, k := range keys {
		if body, ok := m.pages[k]; ok {
			found = append(found, Page{k, body})
		}
	}
	return found, nil
}

func (m *shop) Range(_ context.Context, _ id.Store, low, high Key, fn func(Page) error) error {
	for _, k := range slices.Sorted(maps.Keys(m.pages)) {
		if k >= low && k < high {
			if err := fn(Page{k, m.pages[k]}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *shop) Save(_ context.Context, _ id.Store, pages []Page) error {
	for _, p := range pages {
		m.pages[p.Key] = p.Body
	}
	return nil
}

// reset begins anew with empty books.
func (m *shop) reset() {
	m.records, m.mark, m.pages = nil, 0, map[Key][]byte{}
	m.tokens++
}

// token is the head's.
func (m *shop) token() id.ID { return id.ID(fmt.Sprint(m.tokens)) }

// newShop returns a store whose commits do not fail.
func newShop() *shop {
	return &shop{pages: map[Key][]byte{}, now: time.UnixMilli(0), fails: func() (error, error) { return nil, nil }}
}

func newTestFolder(m *shop) *Folder { return NewFolder(m, books{of: m}, m, m) }

// foldAll folds until there is nothing more to read, and returns after how many steps.
func foldAll(t *testing.T, f *Folder) (steps int) {
	t.Helper()
	for more := true; more; steps++ {
		var err error
		if more, err = f.Step(t.Context(), "shop"); err != nil {
			t.Fatal(err)
		}
	}
	return steps
}

// sell adds a bill of the day, with a hash that no other record has.
func (m *shop) sell(day clock.Date, product id.ID, price money.Amount) {
	line := cashier.Line{Item: cashier.Item{ProductID: product, Name: string(product), Unit: measure.Piece, Quantity: measure.One}, Subtotal: price, Total: price}
	b := &cashier.Bill{Type: cashier.KindSale, Register: "till", Member: "m" + product, Day: day, OccurredAt: day.Start(time.UTC)}
	b.Lines, b.Totals, b.Tenders = []cashier.Line{line}, cashier.Totals{Subtotal: price, Total: price}, []cashier.Tender{{Kind: cashier.Cash, Amount: price}}
	r := journal.Record{Draft: journal.Draft{Doc: b, Day: day}, Position: int64(len(m.records) + 1)}
	copy(r.Hash[:], fmt.Sprint(m.tokens)) // of all books' records
	m.records = append(m.records, r)
	m.tokens++
}

// sum adds up the bills of the range one by one.
func (m *shop) sum(g Range) (sum money.Amount, products int) {
	sold := map[id.ID]bool{}
	for _, r := range m.records {
		if b, ok := r.Doc.(*cashier.Bill); ok && b.Day >= g.From && b.Day <= g.To {
			sum += b.Total
			sold[b.Lines[0].ProductID] = true
		}
	}
	return sum, len(sold)
}

// proven fails unless the pages are what the records up to the watermark make.
func (m *shop) proven(t testing.TB) {
	t.Helper()
	p := NewProof(m.mark)
	for i := range m.records {
		p.Add(&m.records[i])
	}
	if _, err := p.Compare(t.Context(), "shop", m, func(format string, args ...any) { t.Errorf(format, args...) }); err != nil {
		t.Error(err)
	}
}

var errLost = errors.New("the database is gone")

// TestReportsAreRightWhateverHappens: two processes fold while it is sold; commits are lost, or made without an answer; the store begins anew with
// other books. Every report is the sum over the bills.
func TestReportsAreRightWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &shop{pages: map[Key][]byte{}, now: time.UnixMilli(0)}
		m.fails = func() (error, error) {
			switch rapid.IntRange(0, 5).Draw(rt, "commit") {
			case 0:
				return errLost, nil
			case 1:
				return nil, transaction.ErrUnknown
			case 2:
				m.reset()
			}
			return nil, nil
		}
		folders := []*Folder{newTestFolder(m), newTestFolder(m)}
		date := func(name string) clock.Date {
			return clock.Date(20261101 + 100*rapid.IntRange(0, 1).Draw(rt, name) + rapid.IntRange(0, 29).Draw(rt, name))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"sell": func(*rapid.T) {
				made := writer.Appended{Store: "shop", From: m.token()}
				for range rapid.IntRange(1, 5).Draw(rt, "bills") {
					m.sell(date("day"), id.ID(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "product")), money.Amount(rapid.IntRange(1, 999).Draw(rt, "price")))
					made.Records = append(made.Records, m.records[len(m.records)-1])
				}
				made.To = m.token()
				if seller := rapid.IntRange(0, 3).Draw(rt, "seller"); seller < len(folders) { // else another process, or a commit whose outcome was unknown
					f := folders[seller]
					lock := f.tail("shop").lock
					if rapid.Bool().Draw(rt, "at work") { // somebody is, and it waits
						<-lock
						f.Appended(made)
						lock <- struct{}{}
					} else {
						f.Appended(made)
					}
				}
			},
			"fold": func(*rapid.T) {
				_, err := folders[rapid.IntRange(0, 1).Draw(rt, "folder")].Step(t.Context(), "shop")
				if err != nil && !errors.Is(err, errLost) && !errors.Is(err, transaction.ErrUnknown) {
					rt.Fatal(err)
				}
			},
			"wait": func(*rapid.T) { m.now = m.now.Add(settleAfter) },
			"reset": func(*rapid.T) {
				if rapid.IntRange(0, 4).Draw(rt, "reset") == 0 {
					m.reset()
				}
			},
			"report": func(*rapid.T) {
				from, to := date("from"), date("to")
				g := Range{min(from, to), max(from, to)}
				if rapid.Bool().Draw(rt, "heavy") {
					g = Range{20261101, 99991231}
				}
				q := question{g, rapid.SampledFrom([]Interval{Daily, Monthly}).Draw(rt, "by"), []Part{sums, products}}
				all, err := folders[rapid.IntRange(0, 1).Draw(rt, "folder")].total(t.Context(), "shop", q)
				if want, n := m.sum(g); err != nil || all.sums.Total != want || len(all.products) != n {
					rt.Fatalf("%v: %d of %d products, %v; want %d of %d", g, all.sums.Total, len(all.products), err, want, n)
				}
			},
			"": func(*rapid.T) { m.proven(t) },
		})
	})
}

func TestALongBacklogIsReadInSteps(t *testing.T) {
	m := newShop()
	m.sell(20261101, "a", 1)
	for i := range int64(maxBehind + chunk) {
		m.records = append(m.records, journal.Record{Draft: m.records[0].Draft, Position: i + 2, Hash: m.records[0].Hash})
	}
	f := newTestFolder(m)
	err := f.each(t.Context(), "shop", question{Range{1, 99991231}, Monthly, []Part{sums}}, func(Period, *sheet) error { return nil })
	if !fault.IsCode(err, "reports_behind") {
		t.Errorf("asked too early: %v", err)
	}
	steps := foldAll(t, f)
	if m.mark < maxBehind || steps > 2*(maxBehind/chunk) {
		t.Errorf("at record %d after %d steps", m.mark, steps)
	}
	m.proven(t)
}

// TestWhatThisProcessCommitsIsNotRead: the folder adds up what it is told of, and reads the rest only.
func TestWhatThisProcessCommitsIsNotRead(t *testing.T) {
	m := newShop()
	f := newTestFolder(m)
	sell := func() writer.Appended {
		from := m.token()
		m.sell(20261101, "a", 1)
		return writer.Appended{Store: "shop", From: from, To: m.token(), Records: m.records[len(m.records)-1:]}
	}
	total := func() money.Amount {
		all, err := f.total(t.Context(), "shop", question{Range{20261101, 20261101}, Daily, []Part{sums}})
		if err != nil {
			t.Fatal(err)
		}
		return all.sums.Total
	}
	sell()
	total()
	for _, told := range []bool{true, true, false, true, false, false, true} {
		m.read = 0
		made := sell()
		want := 2 // the new one, after the last known one, which may have been replaced
		if told {
			f.Appended(made)
			want = 0
		}
		if got := total(); got != money.Amount(len(m.records)) || m.read != want {
			t.Errorf("sold %d, counted %d; read %d records, want %d", len(m.records), got, m.read, want)
		}
	}
}

// TestWhatWasReadByHalvesIsNotAddedAgain: a report stops while it reads a commit that the folder is told of after that.
func TestWhatWasReadByHalvesIsNotAddedAgain(t *testing.T) {
	m := newShop()
	f := newTestFolder(m)
	q := question{Range{20261101, 20261101}, Daily, []Part{sums}}
	if _, err := f.total(t.Context(), "shop", q); err != nil {
		t.Fatal(err)
	}
	from := m.token()
	m.sell(20261101, "a", 1)
	m.sell(20261101, "a", 1)
	m.torn = true
	if _, err := f.total(t.Context(), "shop", q); !errors.Is(err, errLost) {
		t.Fatal(err)
	}
	f.Appended(writer.Appended{Store: "shop", From: from, To: m.token(), Records: m.records})
	if all, err := f.total(t.Context(), "shop", q); err != nil || all.sums.Total != 2 {
		t.Errorf("sold 2, counted %d, %v", all.sums.Total, err)
	}
}

// TestOneOfTwoProcessesKeepsThePages: the other one reads nothing, until the first is silent or behind, and its reports are right all the time.
func TestOneOfTwoProcessesKeepsThePages(t *testing.T) {
	m := newShop()
	first, second := newTestFolder(m), newTestFolder(m)
	sell := func(n int) {
		for range n {
			m.sell(20261101, "a", 1)
		}
		m.now = m.now.Add(settleAfter)
	}
	step := func(f *Folder) (read int) {
		m.read = 0
		foldAll(t, f)
		return m.read
	}
	step(second)
	for range 10 {
		sell(large)
		if read := step(first); read < large || m.mark != int64(len(m.records)) {
			t.Errorf("the first read %d records and put %d of %d into the pages", read, m.mark, len(m.records))
		}
		sell(3)
		if read := step(second); read > 0 {
			t.Errorf("the second read %d records", read)
		}
		all, err := second.total(t.Context(), "shop", question{Range{20261101, 20261101}, Daily, []Part{sums}})
		if err != nil || all.sums.Total != money.Amount(len(m.records)) {
			t.Errorf("sold %d, the second counted %d, %v", len(m.records), all.sums.Total, err)
		}
	}
	sell(largeBehind + 1)
	if step(second); m.mark != int64(len(m.records)) {
		t.Errorf("the first is behind, and %d of %d records are in the pages", m.mark, len(m.records))
	}
	sell(1)
	if read := step(first); read > 0 {
		t.Errorf("the first was behind, and reads %d records", read)
	}
	m.now = m.now.Add(leaveFor)
	step(first)
	m.now = m.now.Add(settleAfter)
	if step(first); m.mark != int64(len(m.records)) {
		t.Errorf("the second is silent, and %d of %d records are in the pages", m.mark, len(m.records))
	}
	m.proven(t)
}

// TestKeptSumsAreOfTheseBooks: the store begins anew, and another process puts as many records of other books into the pages.
func TestKeptSumsAreOfTheseBooks(t *testing.T) {
	m := newShop()
	first, second := newTestFolder(m), newTestFolder(m)
	q := question{Range{20261101, 20261101}, Daily, []Part{sums, products}}
	fill := func(f *Folder, price money.Amount) {
		for range 3 {
			m.sell(20261101, "a", price)
		}
		for range 2 {
			if _, err := f.Step(t.Context(), "shop"); err != nil {
				t.Fatal(err)
			}
			m.now = m.now.Add(leaveFor)
		}
		if m.mark != 3 {
			t.Fatalf("%d of 3 records are in the pages", m.mark)
		}
	}
	for n, f := range []*Folder{first, second} {
		fill(f, money.Amount(n+1))
		all, err := first.total(t.Context(), "shop", q)
		if want := money.Amount(3 * (n + 1)); err != nil || all.sums.Total != want {
			t.Errorf("sold %d, counted %d, %v", want, all.sums.Total, err)
		}
		m.reset()
	}
}

// TestWhoComesSecondLeavesThePages: both have read the same, and the one whose commit is too late reads nothing more.
func TestWhoComesSecondLeavesThePages(t *testing.T) {
	m := newShop()
	first, second := newTestFolder(m), newTestFolder(m)
	for range large {
		m.sell(20261101, "a", 1)
	}
	commits := 0
	m.fails = func() (error, error) {
		if commits++; commits == 1 { // it is the second's
			foldAll(t, first)
		}
		return nil, nil
	}
	foldAll(t, second)
	m.sell(20261101, "a", 1)
	m.read = 0
	if foldAll(t, second); commits != 2 || m.mark != large || m.read > 0 {
		t.Errorf("%d commits to record %d; the second read %d records", commits, m.mark, m.read)
	}
}

// TestWhoKeptThePagesKnowsTheirBooks: a report of many rows then reads no record to know which books the kept sums are of.
func TestWhoKeptThePagesKnowsTheirBooks(t *testing.T) {
	m := newShop()
	f := newTestFolder(m)
	m.sell(20261101, "a", 1)
	for range 2 {
		if _, err := f.Step(t.Context(), "shop"); err != nil {
			t.Fatal(err)
		}
		m.now = m.now.Add(settleAfter)
	}
	m.read = 0
	all, err := f.total(t.Context(), "shop", question{Range{20261101, 20261101}, Daily, []Part{products}})
	if err != nil || m.mark != 1 || len(all.products) != 1 || m.read > 0 {
		t.Errorf("the pages go to record %d and have %d products, %v; read %d records", m.mark, len(all.products), err, m.read)
	}
}
