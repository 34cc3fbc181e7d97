package containers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"kassa/core/audit"
	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/register"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/transaction"
	"kassa/core/user"
	"kassa/core/verify"
	"kassa/core/writer"

	"go.uber.org/fx"
)

// bareStock is each product's stock at first, in thousandths: more than any run sells.
const bareStock = measure.Quantity(1_000_000_000_000)

// Bare is a shop without HTTP, for measuring what the writer and the bare store can do.
type Bare struct {
	BareParts

	Shop      id.Store
	Manager   id.ID
	Products  []id.ID
	Registers []id.ID
	app       *fx.App
}

// BareParts are the pieces of the application that measuring uses.
type BareParts struct {
	fx.In

	Setup     *setup.Service
	Inventory *inventory.Service
	Till      *register.Service
	Cashier   *cashier.Service
	Writer    *writer.Writer
	Provider  transaction.Provider
	Journal   journal.Repository
	Bindings  []writer.Binding
	Stores    store.Repository
	IDs       id.Source
	Clock     clock.Clock
}

// Figure is what was measured.
type Figure struct {
	Sales    int64
	Took     time.Duration
	Refused  int64
	Failures int64

	P50, P95, P99, Most time.Duration // of a sale; of Raw: of a commit
}

// measure takes the latencies from how long each lasted.
func (f *Figure) measure(each []time.Duration) {
	if len(each) == 0 {
		return
	}
	slices.Sort(each)
	at := func(percent int) time.Duration { return each[(len(each)-1)*percent/100] }
	f.P50, f.P95, f.P99, f.Most = at(50), at(95), at(99), at(100)
}

// count notes how a sale ended.
func (f *Figure) count(err error) {
	switch refusal, ok := fault.As(err); {
	case err == nil:
		f.Sales++
	case !ok || refusal.Kind == fault.Internal || refusal.Kind == fault.Unavailable:
		f.Failures++
	default:
		f.Refused++
	}
}

// crowd lets so many callers sell at once, each one sale after the other, and joins what they counted.
func crowd(callers int, d time.Duration, sell func(caller, n int) error) Figure {
	figures, lasted := make([]Figure, callers), make([][]time.Duration, callers)
	var wg sync.WaitGroup
	began := time.Now()
	for caller := range callers {
		wg.Go(func() {
			for n := 0; time.Since(began) < d; n++ {
				start := time.Now()
				figures[caller].count(sell(caller, n))
				lasted[caller] = append(lasted[caller], time.Since(start))
			}
		})
	}
	wg.Wait()
	f := Figure{Took: time.Since(began)}
	for _, x := range figures {
		f.Sales, f.Refused, f.Failures = f.Sales+x.Sales, f.Refused+x.Refused, f.Failures+x.Failures
	}
	f.measure(slices.Concat(lasted...))
	return f
}

// PerSecond returns sales a second.
func (f Figure) PerSecond() float64 { return float64(f.Sales) / f.Took.Seconds() }

// OpenBare makes a shop with so many products and registers in an empty data folder. Close it.
func OpenBare(ctx context.Context, c Config, products, registers int) (*Bare, error) {
	b := &Bare{}
	b.app = fx.New(Core(c), fx.Populate(&b.BareParts))
	if err := b.app.Err(); err != nil {
		return nil, root(err)
	}
	if err := b.app.Start(ctx); err != nil {
		return nil, root(err)
	}
	if err := b.fill(audit.WithActor(ctx, audit.System()), products, registers); err != nil {
		return nil, errors.Join(err, b.Close(ctx))
	}
	return b, nil
}

// Close stops the shop.
func (b *Bare) Close(ctx context.Context) error { return b.app.Stop(ctx) }

func (b *Bare) fill(ctx context.Context, products, registers int) error {
	st, m, err := b.Setup.Run(ctx, setup.Command{Name: "Bench", Currency: "EUR", TimeZone: "UTC",
		Manager: user.Create{Name: "Bench", Email: "bench@kassa.test", Password: "bench-bench"}})
	if err != nil {
		return err
	}
	b.Shop, b.Manager = st.ID, m.ID()
	for i := range registers {
		r, err := b.Till.Create(ctx, st.ID, register.Create{Name: fmt.Sprint("Till ", i+1)})
		if err != nil {
			return err
		}
		b.Registers = append(b.Registers, r.Record.ID)
	}
	return b.stockUp(ctx, products)
}

// stockUp makes the products, many at once because each waits for a commit.
func (b *Bare) stockUp(ctx context.Context, products int) error {
	const atOnce = 64
	b.Products = make([]id.ID, products)
	stock := bareStock
	var wg sync.WaitGroup
	errs := make([]error, atOnce)
	for first := range atOnce {
		wg.Go(func() {
			for i := first; i < products && errs[first] == nil; i += atOnce {
				r, err := b.Inventory.Create(ctx, b.Shop, inventory.Create{Key: idempotency.Key(fmt.Sprint("p", i)), Stock: &stock,
					Details: inventory.Details{Name: fmt.Sprint("Product ", i), Price: money.Amount(100 + i), Unit: measure.Piece}})
				b.Products[i], errs[first] = r.Record.ID, err
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Prove verifies the shop's books.
func (b *Bare) Prove(ctx context.Context) error {
	v := verify.Verifier{Provider: b.Provider, Journal: b.Journal, Projections: writer.Projections(b.Bindings)}
	r, err := v.Run(ctx, b.Shop)
	if err == nil && !r.Clean() {
		err = fault.New(fault.Internal, "verification_failed", "the books are wrong, in %d places: %s", int64(len(r.Findings))+r.More, r.Findings[0])
	}
	return err
}

// sale is a sale of three lines and one tender, as the n-th of a caller.
func (b *Bare) sale(caller, n int) cashier.Sale {
	c := cashier.Sale{Key: idempotency.Key(fmt.Sprintf("%x-%d-%d", (caller*7919+n*104729)&0xffffff, caller, n)),
		Register: b.Registers[(caller*31+n*17)%len(b.Registers)], Tenders: []cashier.Tender{{Kind: cashier.Cash, Amount: 100_000}}}
	for k := range 3 {
		c.Lines = append(c.Lines, cashier.SaleLine{Product: b.Products[(caller*101+n*37+k*331)%len(b.Products)], Quantity: measure.One})
	}
	return c
}

// Sell measures sales through the writer by so many callers at once.
func (b *Bare) Sell(ctx context.Context, callers int, d time.Duration) Figure {
	ctx = audit.WithActor(ctx, audit.Actor{ID: b.Manager, Role: string(user.Manager)})
	run := int(time.Now().UnixNano()%1_000_000) * 1000
	return crowd(callers, d, func(caller, n int) error {
		_, err := b.Cashier.Pay(ctx, b.Shop, b.sale(caller+run, n))
		return err
	})
}
