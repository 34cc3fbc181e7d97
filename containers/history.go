package containers

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"kassa/adapters/mongodb"
	"kassa/core/audit"
	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/member"
	"kassa/core/money"
	"kassa/core/page"
	"kassa/core/register"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/transaction"
	"kassa/core/user"
	"kassa/core/writer"

	"go.uber.org/fx"
)

// The year that a history covers, in the time zone of its shop.
const (
	historyZone = "Europe/Berlin"
	historyDays = 365
	leastOfADay = 2 * sellers // bills, so that the sellers of two days at most are at work at once; a short history has fewer days
	opensAt     = 8           // o'clock
	historyGC   = 400         // percent, which saves a tenth of the time
	opensFor    = 12          // hours
)

// History is what a shop sold in the year before the day on which it was made, or in fewer days where it is short, to measure what a full database is like.
type History struct {
	Bills     int64 // of all kinds
	Products  int
	Registers int
	Members   int
	Category  string // of the products, which tells them from others that come later
	Email     string // of the manager
	Password  string
	Progress  func(bills int64) // told ten times a second; may be nil
}

// HistoryIn names the database of a history that is kept: on the MongoDB server of the URI, or without one in a folder within the given one.
func HistoryIn(uri, folder string, bills int64) Config {
	c := Config{BcryptCost: minCost, JWTKey: "of a shop that is there to be measured", Data: fmt.Sprintf("%s/history-%d", folder, bills)}
	if uri != "" {
		c.MongoURI = mongodb.InDatabase(uri, fmt.Sprint("kassa_bench_history_", bills))
	}
	return c
}

// WriteHistory sells until the shop of the database has so many bills, through the writer like every till, on a clock that goes through the year.
// A database that has them already is left alone; one that was broken off is gone on with.
func WriteHistory(ctx context.Context, c Config, h History) error {
	defer debug.SetGCPercent(debug.SetGCPercent(historyGC))
	zone, err := time.LoadLocation(historyZone)
	if err != nil {
		return err
	}
	now := time.Now().In(zone)
	y := &year{History: h, clock: &pastClock{}}
	y.first = time.Date(now.Year(), now.Month(), now.Day()-int(y.days()), 0, 0, 0, 0, zone)
	y.clock.reach(y.first)
	app := fx.New(Core(c), fx.Decorate(func() clock.Clock { return y.clock }, largeBatches), fx.Populate(&y.historyParts))
	return run(ctx, app, func(ctx context.Context) error {
		if err := y.open(ctx); err != nil {
			return fmt.Errorf("make the shop: %w", err)
		}
		return y.sell(ctx)
	})
}

// largeBatches makes the writer commit more at once than tills would wait for: most of a commit costs the same for all sizes.
func largeBatches(l fx.Lifecycle, p transaction.Provider, j journal.Repository, bs []writer.Binding, k clock.Clock, ids id.Source) *writer.Writer {
	w := writer.New(writer.Config{Provider: p, Journal: j, Bindings: bs, Clock: k, IDs: ids, Batch: historyBatch})
	l.Append(fx.StopHook(w.Close))
	return w
}

// historyParts are the pieces of the application that write a history.
type historyParts struct {
	fx.In

	Setup     *setup.Service
	Stores    store.Repository
	Users     user.Repository
	Inventory *inventory.Service
	Till      *register.Service
	People    *member.Service
	Cashier   *cashier.Service
	IDs       id.Source
}

// pastClock tells the time of the sale that is being made. It never goes back.
type pastClock struct{ milli atomic.Int64 }

// Now implements clock.Clock.
func (p *pastClock) Now() time.Time { return clock.Milli(time.UnixMilli(p.milli.Load())) }

// reach moves the clock on to the time.
func (p *pastClock) reach(t time.Time) {
	for to := t.UnixMilli(); ; {
		at := p.milli.Load()
		if at >= to || p.milli.CompareAndSwap(at, to) {
			return
		}
	}
}

// year writes a history.
type year struct {
	History
	historyParts
	clock     *pastClock
	first     time.Time // midnight of the first day
	shop      id.Store
	manager   audit.Actor
	products  []id.ID
	registers []id.ID
	members   []id.ID
	run       id.ID // tells this run's keys from those of one that was broken off
	begun     int64 // bills that were there before
	next      atomic.Int64
	made      atomic.Int64
	recent    [shift]atomic.Pointer[id.ID] // the sales of a shift, to be given back
}

// open makes the shop, or finds it as it was left: each part is made once, by its key or its name.
func (y *year) open(ctx context.Context) error {
	ctx = audit.WithActor(ctx, audit.System())
	stores, err := y.Stores.List(ctx)
	if err != nil {
		return err
	}
	if len(stores) == 0 {
		_, _, err = y.Setup.Run(ctx, setup.Command{Name: "Bench", Currency: "EUR", TimeZone: historyZone,
			Manager: user.Create{Name: "Bench", Email: y.Email, Password: y.Password}})
		if err != nil {
			return err
		}
	}
	st, err := onlyStore(ctx, y.Stores)
	if err != nil {
		return err
	}
	y.shop, y.run = st.ID, y.IDs.New()
	began := st.CreatedAt.In(y.first.Location())
	y.first = time.Date(began.Year(), began.Month(), began.Day(), 0, 0, 0, 0, y.first.Location())
	m, err := y.Users.ByEmail(ctx, st.ID, y.Email)
	if err != nil {
		return err
	}
	if m == nil {
		return errors.New("the database holds another shop")
	}
	y.manager = audit.Actor{ID: m.ID(), Role: string(user.Manager)}
	if err := y.installTills(ctx); err != nil || y.begun >= y.Bills {
		return err
	}
	return errors.Join(y.stockUp(ctx), y.enrol(ctx))
}

// installTills makes the registers and counts their bills.
func (y *year) installTills(ctx context.Context) error {
	for i := range y.Registers {
		r, err := y.Till.Create(ctx, y.shop, register.Create{Key: idempotency.Key(fmt.Sprint("history-till-", i)), Name: fmt.Sprint("Till ", i+1)})
		if err != nil {
			return err
		}
		found, err := y.Till.Get(ctx, y.shop, r.Record.ID)
		if err != nil {
			return err
		}
		y.registers = append(y.registers, r.Record.ID)
		y.begun += found.Register.LastReceipt()
	}
	return nil
}

// stockUp makes the products, many at once because each waits for a commit.
func (y *year) stockUp(ctx context.Context) error {
	y.products = make([]id.ID, y.Products)
	return atOnce(y.Products, func(i int) error {
		stock := bareStock
		r, err := y.Inventory.Create(ctx, y.shop, inventory.Create{Key: idempotency.Key(fmt.Sprint("history-product-", i)), Stock: &stock,
			Details: inventory.Details{Name: fmt.Sprintf("History product %d", i+1), Category: y.Category, Price: historyPrice(i),
				TaxRate: [...]money.Rate{1900, 700}[i%2], OwnTaxRate: true, Unit: measure.Piece}})
		y.products[i] = r.Record.ID
		return err
	})
}

func historyPrice(product int) money.Amount { return money.Amount(199 + 10*(product%400)) }

// enrol registers the members who are missing.
func (y *year) enrol(ctx context.Context) error {
	for after := ""; ; {
		l, err := y.People.List(ctx, y.shop, member.Search{}, page.Request{Limit: page.MaxLimit, After: after})
		if err != nil {
			return err
		}
		for _, m := range l.Items {
			y.members = append(y.members, m.Member.ID())
		}
		if after = l.Next; after == "" {
			break
		}
	}
	there := len(y.members)
	y.members = append(y.members, make([]id.ID, max(0, y.Members-there))...)
	return atOnce(len(y.members)-there, func(i int) error {
		m, err := y.People.Register(ctx, y.shop, member.Register{Name: fmt.Sprintf("History member %d", there+i+1), PIN: "123456"})
		if err == nil {
			y.members[there+i] = m.Member.ID()
		}
		return err
	})
}

// atOnce calls fn for 0 to n-1 from many goroutines, because each waits for a commit, until one fails.
func atOnce(n int, fn func(i int) error) error {
	const many = 64
	errs := make([]error, many)
	var wg sync.WaitGroup
	for first := range many {
		wg.Go(func() {
			for i := first; i < n && errs[first] == nil; i += many {
				errs[first] = fn(i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
