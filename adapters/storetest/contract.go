// Package storetest is the contract that every store passes: journal, head and transactions, the writer on top of them, every repository under
// its use cases, and what keeps one store's books from another's. A store's own test hands itself in and is twenty lines long.
package storetest

import (
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/member"
	"kassa/core/register"
	"kassa/core/report"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/trail"
	"kassa/core/transaction"
	"kassa/core/user"
	"kassa/core/writer"
)

// Backend is a database under test behind the ports of the core.
type Backend struct {
	Provider  transaction.Provider
	Stores    store.Repository
	Journal   journal.Repository
	State     State
	Ledger    ledger.Repository
	Users     user.Repository
	Sessions  user.Sessions
	Members   member.Repository
	Products  inventory.Repository
	Stock     inventory.StockRepository
	Images    inventory.Images
	Registers register.Repository
	Carts     cashier.Carts
	Reports   report.Repository
}

// State keeps the values that are only ever asked for by their refs.
type State interface {
	writer.Projection
	writer.Ranger
}

// Open makes an empty database that is closed when the test ends. Its journal knows the documents and its State the values, by their kinds:
// those of the core and the toys of this package.
type Open func(t testing.TB, documents journal.Schema, values map[string]func() writer.Stored) Backend

// Run runs the contract.
func Run(t *testing.T, open Open) {
	for _, s := range []suite{
		{"transaction", transactionRules}, {"journal", journalRules}, {"writer", writerRules}, {"projections", projectionRules}, {"stores", storeRules},
		{"settings", settingsRules}, {"registers", registerRules}, {"ledger", ledgerRules}, {"carts", cartRules}, {"products", productRules}, {"catalogue", catalogueRules}, {"search", searchRules},
		{"images", imageRules}, {"import", importRules}, {"stock", stockRules}, {"users", userRules}, {"sessions", sessionRules}, {"members", memberRules}, {"reports", reportRules},
		{"audit trail", trailRules}, {"notes", noteRules}, {"callbacks may run twice", twiceRules},
	} {
		s.run(t, open)
	}
	t.Run("setup", func(t *testing.T) {
		for _, r := range setupRules {
			t.Run(r.name, func(t *testing.T) { r.test(t, open.database(t)) })
		}
	})
}

// suite is rules about one subject. They share a database, because one with its indexes is slow to make, and each takes stores of its own
// in it: so whoever reads another store's rows breaks a rule.
type suite struct {
	name  string
	rules []rule
}

// rule is what every store holds.
type rule struct {
	name string
	test func(t *testing.T, d *database)
}

func (s suite) run(t *testing.T, open Open) {
	t.Run(s.name, func(t *testing.T) {
		d := open.database(t)
		for _, r := range s.rules {
			t.Run(r.name, func(t *testing.T) { r.test(t, d) })
		}
	})
}

// database is a Backend that gives each test a store of its own.
type database struct {
	Backend
	stores *atomic.Int64
}

func (o Open) database(t testing.TB) *database {
	t.Helper()
	return &database{o(t, documents(), values()), &atomic.Int64{}}
}

func (d *database) next() id.Store { return id.Store(fmt.Sprint("shop-", d.stores.Add(1))) }

// documents are all that the journal may hold.
func documents() journal.Schema {
	all := journal.Schema{
		"tally": func() journal.Document { return &tally{} },
		"sold":  func() journal.Document { return &sold{} },
		"grant": func() journal.Document { return &grant{} },
	}
	for _, s := range []journal.Schema{cashier.Documents(), inventory.Documents(), member.Documents(), register.Documents(), setup.Documents(),
		store.Documents(), trail.Documents(), user.Documents()} {
		maps.Copy(all, s)
	}
	return all
}

// values are all that State may hold.
func values() map[string]func() writer.Stored {
	all := map[string]func() writer.Stored{"jar": func() writer.Stored { return &jar{} }}
	for _, s := range []map[string]func() writer.Stored{cashier.States(), inventory.States(), ledger.States(), member.States(), register.States(),
		store.States(), user.States()} {
		maps.Copy(all, s)
	}
	return all
}

// bindings say which repository keeps the values of each kind, as the ports have it.
func (b Backend) bindings() []writer.Binding {
	all := []writer.Binding{
		{Kind: "stock", Projection: b.Stock}, {Kind: "product", Projection: b.Products}, {Kind: inventory.ImageKind, Projection: b.Images},
		{Kind: "user", Projection: b.Users}, {Kind: user.EmailClaim, Projection: b.Users},
		{Kind: "member", Projection: b.Members}, {Kind: member.EmailClaim, Projection: b.Members}, {Kind: member.PhoneClaim, Projection: b.Members},
	}
	for kind := range values() {
		all = append(all, writer.Binding{Kind: kind, Projection: b.State})
	}
	return all
}

// Clock is a clock that tests set.
type Clock struct{ ms atomic.Int64 }

// NewClock returns a clock that stands at noon of 21 November 2026 UTC.
func NewClock() *Clock {
	c := &Clock{}
	c.Set(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	return c
}

// Now implements clock.Clock.
func (c *Clock) Now() time.Time { return time.UnixMilli(c.ms.Load()).UTC() }

// Set sets the time.
func (c *Clock) Set(t time.Time) { c.ms.Store(t.UnixMilli()) }

// Add moves the clock on.
func (c *Clock) Add(d time.Duration) { c.ms.Add(d.Milliseconds()) }

var _ clock.Clock = (*Clock)(nil)

// counter makes ids that tell their order. They are the same in every store, so that rows of two stores would meet where they can.
type counter struct{ n atomic.Int64 }

func (c *counter) New() id.ID { return id.ID(fmt.Sprintf("0-%08d", c.n.Add(1))) }

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if !fault.IsCode(err, code) {
		t.Fatalf("got %v, want %s", err, code)
	}
}

// wantFields fails unless exactly these fields are refused.
func wantFields(t testing.TB, err error, pointers ...string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Code != "validation_failed" {
		t.Fatalf("got %v, want validation_failed", err)
	}
	var got []string
	for _, field := range f.Fields {
		got = append(got, field.Pointer)
	}
	if strings.Join(got, " ") != strings.Join(pointers, " ") {
		t.Errorf("refused are %v, want %v", got, pointers)
	}
}

// codeOf returns the code of a fault, the text of another error, and nothing for success.
func codeOf(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
