package containers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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
	"kassa/core/writer"

	"go.uber.org/fx"
)

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

	P50, P95, P99, Most time.Duration // of a commit, where commits were measured
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
	stock := measure.Quantity(1_000_000_000_000)
	for i := range products {
		r, err := b.Inventory.Create(ctx, st.ID, inventory.Create{Key: idempotency.Key(fmt.Sprint("p", i)), Stock: &stock,
			Details: inventory.Details{Name: fmt.Sprint("Product ", i), Price: money.Amount(100 + i), Unit: measure.Piece}})
		if err != nil {
			return err
		}
		b.Products = append(b.Products, r.Record.ID)
	}
	return nil
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
	var f Figure
	var sales, refused, failed atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for caller := range callers {
		wg.Go(func() {
			for n := 0; time.Since(began) < d; n++ {
				_, err := b.Cashier.Pay(ctx, b.Shop, b.sale(caller+int(began.UnixNano()%1_000_000)*1000, n))
				switch {
				case err == nil:
					sales.Add(1)
				case fault.IsKind(err, fault.Internal):
					failed.Add(1)
				default:
					refused.Add(1)
				}
			}
		})
	}
	wg.Wait()
	f.Sales, f.Refused, f.Failures, f.Took = sales.Load(), refused.Load(), failed.Load(), time.Since(began)
	return f
}
