package containers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"kassa/core/audit"
	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/writer"
)

// What a history is made of. Refunds come together, since the writer looks up all keys of a batch that has one.
const (
	shift        = 10_000 // bills; the last of each give back sales of the beginning
	refunds      = 100
	busyTill     = 5           // one of so many sales is on the first till, whose drawer so gets a fifth of all ledger lines
	regulars     = 5           // one of so many sales is a member's
	sellers      = 1024        // at once, all that the writer's queue takes
	historyBatch = sellers / 2 // so that one waits while another is committed
	saleTries    = 5
	retryPause   = 200 * time.Millisecond
)

// sell makes the bills that are missing.
func (y *year) sell(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(audit.WithActor(ctx, y.manager))
	defer cancel(nil)
	y.next.Store(y.begun)
	y.made.Store(y.begun)
	var wg sync.WaitGroup
	for range min(sellers, max(0, y.Bills-y.begun)) {
		wg.Go(func() {
			for k := y.next.Add(1) - 1; k < y.Bills && ctx.Err() == nil; k = y.next.Add(1) - 1 {
				if err := y.bill(ctx, k); err != nil {
					cancel(fmt.Errorf("bill %d: %w", k+1, err))
					return
				}
				y.made.Add(1)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	y.tell(done)
	return context.Cause(ctx)
}

// tell reports the progress ten times a second until all is done.
func (y *year) tell(done <-chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-done:
		}
		if y.Progress != nil {
			y.Progress(y.made.Load())
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func (y *year) days() int64 { return min(max(y.Bills/leastOfADay, 1), historyDays) }

// at returns when the k-th bill is made: the days are equally full, and bills come at equal distances while the shop is open.
func (y *year) at(k int64) time.Time {
	k = min(k, y.Bills-1)
	day, rest := k*y.days()/y.Bills, k*y.days()%y.Bills
	f := y.first
	opens := time.Date(f.Year(), f.Month(), f.Day()+int(day), opensAt, 0, 0, 0, f.Location())
	return opens.Add(time.Duration(float64(rest) / float64(y.Bills) * float64(opensFor*time.Hour)))
}

// bill makes the k-th bill, and tries again where the store is busy.
func (y *year) bill(ctx context.Context, k int64) error {
	y.clock.reach(y.at(k))
	place, key := k%shift, y.key(k)
	var back *id.ID
	if n := place - (shift - refunds); n >= 0 {
		back = y.recent[n*(shift-refunds)/refunds*9/10].Swap(nil)
	}
	for try := 1; ; try++ {
		r, err := y.book(ctx, k, key, back)
		if err == nil {
			y.recent[place].Store(&r.Record.ID)
			return nil
		}
		if !fault.IsKind(err, fault.Unavailable) || try == saleTries {
			return err
		}
		if err := clock.Sleep(ctx, retryPause); err != nil {
			return err
		}
	}
}

// key returns the k-th bill's key. It is scattered as those of tills are, and no other run's: one that was broken off may have made later bills and
// not earlier ones.
func (y *year) key(k int64) idempotency.Key {
	return idempotency.Key(fmt.Sprintf("%016x-%s", mixed(uint64(k)), y.run)) //nolint:gosec // counted from 0
}

// book gives back the sale, or sells where there is none.
func (y *year) book(ctx context.Context, k int64, key idempotency.Key, back *id.ID) (writer.Result, error) {
	if back != nil {
		return y.Cashier.Refund(ctx, y.shop, cashier.Refund{Key: key, Bill: *back, Reason: "brought back"})
	}
	return y.Cashier.Pay(ctx, y.shop, y.sale(k, key))
}

// sale is the k-th: three lines, and one tender, which is exact.
func (y *year) sale(k int64, key idempotency.Key) cashier.Sale {
	chance := mixed(uint64(k)) //nolint:gosec // counted from 0
	draw := func(n int) int {
		chance = mixed(chance)
		return int(chance % uint64(n)) //nolint:gosec // n is a length
	}
	s := cashier.Sale{Key: key, Register: y.registers[0]}
	if draw(busyTill) > 0 && len(y.registers) > 1 {
		s.Register = y.registers[1+draw(len(y.registers)-1)]
	}
	if draw(regulars) == 0 && len(y.members) > 0 {
		s.Member = y.members[draw(len(y.members))]
	}
	total := money.Amount(0)
	for first, i := draw(len(y.products)), 0; i < 3; i++ {
		p, n := (first+i*331)%len(y.products), 1+draw(3)
		s.Lines = append(s.Lines, cashier.SaleLine{Product: y.products[p], Quantity: measure.One * measure.Quantity(n)})
		total += historyPrice(p) * money.Amount(n)
	}
	tender := cashier.Tender{Kind: cashier.Cash, Amount: total}
	switch n := draw(20); {
	case n < 7:
		tender.Kind = cashier.Card
	case n == 7:
		tender.Kind, tender.Label = cashier.Other, "voucher"
	}
	s.Tenders = []cashier.Tender{tender}
	return s
}

// mixed is the finalizer of splitmix64: a bijection that scatters.
func mixed(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
