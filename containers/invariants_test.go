package containers

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"

	"go.uber.org/fx"
)

// answered are the records that callers were answered with, each once.
type answered struct {
	mu      sync.Mutex
	records map[id.ID]journal.Record
	bills   []id.ID
}

func (a *answered) add(r writer.Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.records[r.Record.ID]; known || r.Record.ID == "" {
		return
	}
	a.records[r.Record.ID] = r.Record
	if _, ok := r.Record.Doc.(*cashier.Bill); ok {
		a.bills = append(a.bills, r.Record.ID)
	}
}

// recent returns bills that may be given back.
func (a *answered) recent() []id.ID {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.bills[max(0, len(a.bills)-50):])
}

// TestInvariantsUnderParallelLoad: whatever many callers do at once, what the callers were told is what the books say.
func TestInvariantsUnderParallelLoad(t *testing.T) {
	const callers, duration = 16, 3 * time.Second
	data, f := furnished(t)
	s := copied(t, data)
	s.ids.n.Store(firstID(0))
	before := s.take(t)
	a := &answered{records: map[id.ID]journal.Record{}, bills: f.bills}
	var wg sync.WaitGroup
	for began, caller := time.Now(), 0; caller < callers; caller++ {
		wg.Go(func() {
			m := busy(s, f, a, caller)
			for last := m.step(); time.Since(began) < duration; {
				if !m.one(10, "again") {
					last = m.step()
				}
				r, err := last.do(t.Context(), s)
				if f, ok := fault.As(err); err != nil && (!ok || f.Kind == fault.Internal || f.Kind == fault.Unavailable) {
					t.Errorf("%s: %v", last.what, err)
				}
				a.add(r)
			}
		})
	}
	wg.Wait()
	if len(a.records) < 100 {
		t.Fatalf("only %d records were made", len(a.records))
	}
	t.Logf("%d records, %d bills", len(a.records), len(a.bills))
	s.verify(t)
	after := s.take(t)
	after.balance(t)
	before.follow(t, a.records)
	if got, want := fmt.Sprint(after.stock, after.cash), fmt.Sprint(before.stock, before.cash); got != want {
		t.Errorf("stock and drawers are\n%s\nand the answers make them\n%s", got, want)
	}
	s.checkBills(t, a)
}

// busy returns the mix of one of many callers: it sees the versions that are there, and leaves the products in place, since there are few.
func busy(s *testShop, f furniture, a *answered, caller int) *mix {
	n := 0
	m := &mix{f: f, bills: a.recent}
	m.roll = func(what string, n int) int {
		if what == "change" {
			return 1 + rand.IntN(n-1)
		}
		return rand.IntN(n)
	}
	m.key = func() idempotency.Key {
		n++
		if m.one(30, "key of another") {
			return idempotency.Key(fmt.Sprintf("key%d-%d", m.roll("whose", 16), 1+m.roll("which", n)))
		}
		return idempotency.Key(fmt.Sprintf("key%d-%d", caller, n))
	}
	m.version = func(ctx context.Context, _ *testShop, ref journal.Ref) (version int64) {
		_ = s.Writer.Read(ctx, s.id, func(v *writer.View) error {
			if has, ok := v.Value(ref).(interface{ Version() int64 }); ok {
				version = has.Version()
			}
			return nil
		})
		return version
	}
	return m
}

// inventoryTaken is what the shop has: stock by product, raw balances by unit and account, cash by register.
type inventoryTaken struct {
	stock    map[id.ID]measure.Quantity
	accounts map[string]map[ledger.ID]int64
	cash     map[id.ID]money.Amount
}

func (s *testShop) take(t *testing.T) inventoryTaken {
	t.Helper()
	n := inventoryTaken{map[id.ID]measure.Quantity{}, map[string]map[ledger.ID]int64{}, map[id.ID]money.Amount{}}
	for _, p := range writer.Projections(s.Bindings) {
		must(t, p.All(t.Context(), s.id, func(v writer.Value) error {
			switch v := v.(type) {
			case *inventory.Stock:
				n.stock[v.Product()] = v.OnHand()
			case *register.Register:
				n.cash[v.ID()] += 0
			case *ledger.Account:
				if n.accounts[v.Unit()] == nil {
					n.accounts[v.Unit()] = map[ledger.ID]int64{}
				}
				n.accounts[v.Unit()][v.ID()] = v.Raw()
				if v.ID().Kind() == ledger.Drawer {
					n.cash[id.ID(v.ID().Ref().Value()[len("drawer:"):])] += v.Balance()
				}
			}
			return nil
		}))
	}
	return n
}

// balance holds that no unit was made or lost, and that no drawer or wallet is overdrawn.
func (n *inventoryTaken) balance(t *testing.T) {
	t.Helper()
	for unit, accounts := range n.accounts {
		var sum int64
		for a, raw := range accounts {
			sum += raw
			if shown := a.Shown(raw); shown < 0 && (a.Kind() == ledger.Drawer || a.Kind() == ledger.Wallet) {
				t.Errorf("%s holds %d", a, shown)
			}
		}
		if sum != 0 {
			t.Errorf("the accounts in %s sum to %d", unit, sum)
		}
	}
}

// follow changes stock and cash by what the records say.
func (n *inventoryTaken) follow(t *testing.T, records map[id.ID]journal.Record) {
	t.Helper()
	for _, r := range records {
		switch d := r.Doc.(type) {
		case *cashier.Bill:
			n.cash[d.Register] -= d.Change
			for _, tender := range d.Tenders {
				if tender.Kind == cashier.Cash {
					n.cash[d.Register] += tender.Amount
				}
			}
			for _, l := range d.Lines {
				if !d.NoRestock {
					n.stock[l.ProductID] -= l.Quantity
				}
			}
		case *cashier.ToppedUp:
			if d.Tender == cashier.Cash {
				n.cash[d.Register] += d.Amount
			}
		case *register.Opening:
			n.cash[r.ID] += d.Amount
		case *inventory.Booking:
			n.stock[d.Movement.Product] += d.Movement.Delta
		case *inventory.Edit:
			n.stock[r.ID] += d.Stock()
		case *register.Change:
		default:
			t.Errorf("a record has a %T", d)
		}
	}
}

// checkBills holds that the journal has the bills that were answered and no others, each adds up, each register's are numbered without gaps,
// and no more of a line came back than was sold.
func (s *testShop) checkBills(t *testing.T, a *answered) {
	t.Helper()
	head, err := s.Journal.Head(t.Context(), s.id)
	must(t, err)
	records, err := s.Journal.From(t.Context(), s.id, 0, int(head.Position))
	must(t, err)
	numbers, found, first := map[id.ID]int64{}, 0, firstPosition(a)
	left := map[id.ID][]measure.Quantity{}
	for _, r := range records {
		b, ok := r.Doc.(*cashier.Bill)
		if !ok {
			continue
		}
		if numbers[b.Register]++; b.Number != numbers[b.Register] {
			t.Errorf("bill %s has number %d and follows %d", r.ID, b.Number, numbers[b.Register]-1)
		}
		if r.Position >= first {
			found++
			if told, ok := a.records[r.ID]; !ok || told.Hash != r.Hash {
				t.Errorf("bill %s is not what was answered", r.ID)
			}
		}
		checkSum(t, r.ID, b)
		giveBack(t, left, r.ID, b)
	}
	answers := 0
	for _, r := range a.records {
		if _, ok := r.Doc.(*cashier.Bill); ok {
			answers++
		}
	}
	if found != answers {
		t.Errorf("%d bills were answered and %d are there", answers, found)
	}
}

// firstPosition returns the position of the first record that was answered.
func firstPosition(a *answered) int64 {
	first := int64(1 << 62)
	for r := range maps.Values(a.records) {
		first = min(first, r.Position)
	}
	return first
}

func checkSum(t *testing.T, i id.ID, b *cashier.Bill) {
	t.Helper()
	want, paid, lines, rates := b.Subtotal-b.Discount-b.PointsUsed+b.Rounding, -b.Change, b.Rounding, money.Amount(0)
	if b.TaxMode == store.TaxExclusive {
		want += b.Tax
	}
	for _, tender := range b.Tenders {
		paid += tender.Amount
	}
	for _, l := range b.Lines {
		lines += l.Total
	}
	for _, tax := range b.Taxes {
		rates += tax.Tax
	}
	if b.Total != want || b.Total != paid || b.Total != lines || b.Tax != rates {
		t.Errorf("bill %s has a total of %d and a tax of %d; its figures make %d, its tenders %d, its lines %d, its rates %d", i, b.Total, b.Tax, want, paid, lines, rates)
	}
}

// giveBack follows what is left of each sale.
func giveBack(t *testing.T, left map[id.ID][]measure.Quantity, i id.ID, b *cashier.Bill) {
	t.Helper()
	if b.Sold() {
		for _, l := range b.Lines {
			left[i] = append(left[i], l.Quantity)
		}
		return
	}
	for _, l := range b.Lines {
		if left[b.RefundOf][l.Number-1] += l.Quantity; left[b.RefundOf][l.Number-1] < 0 {
			t.Errorf("bill %s gives back more than was sold of line %d of %s", i, l.Number, b.RefundOf)
		}
	}
}

// sizes is an observer that notes how many records each commit had.
type sizes struct {
	writer.Observer
	mu   sync.Mutex
	each []int
}

// Committed implements writer.Observer.
func (o *sizes) Committed(c writer.Commit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.each = append(o.each, c.Records)
}

// TestManyCallersShareCommits: with 64 callers the median commit has more than 8 records.
func TestManyCallersShareCommits(t *testing.T) {
	const callers, each = 64, 30
	data, f := furnished(t)
	var o sizes
	s := copied(t, data, fx.Decorate(func(of writer.Observer) writer.Observer { o.Observer = of; return &o }))
	s.ids.n.Store(firstID(0))
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for n := range each {
				_, err := s.Cashier.Pay(by(t.Context(), f.cashier, user.Cashier), s.id, cashier.Sale{Key: idempotency.Key(fmt.Sprint(caller, " ", n)),
					Register: f.registers[0], Lines: []cashier.SaleLine{{Product: f.products[4], Quantity: measure.One}}})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	slices.Sort(o.each)
	if median := o.each[len(o.each)/2]; median <= 8 {
		t.Errorf("the median of %d commits has %d records: %v", len(o.each), median, o.each)
	}
	s.verify(t)
}
