package containers

import (
	"context"
	"maps"

	"kassa/adapters/sqlite"
	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/member"
	"kassa/core/register"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/transaction"
	"kassa/core/user"
	"kassa/core/writer"

	"go.uber.org/fx"
)

// Storage is everything that a database offers behind the core's ports.
type Storage struct {
	fx.Out

	Provider  transaction.Provider
	Stores    store.Repository
	Journal   journal.Repository
	Ledger    ledger.Repository
	Users     user.Repository
	Sessions  user.Sessions
	Members   member.Repository
	Products  inventory.Repository
	Stock     inventory.StockRepository
	Registers register.Repository
	Carts     cashier.Carts
	Bindings  []writer.Binding
}

// schema is every kind of document that the journal may hold.
func schema() journal.Schema {
	all := journal.Schema{}
	for _, s := range []journal.Schema{cashier.Documents(), inventory.Documents(), member.Documents(), register.Documents(), setup.Documents(),
		store.Documents(), user.Documents()} {
		maps.Copy(all, s)
	}
	return all
}

// states is every kind of value that is only ever asked for by its ref.
func states() map[string]func() writer.Stored {
	all := map[string]func() writer.Stored{}
	for _, s := range []map[string]func() writer.Stored{cashier.States(), inventory.States(), ledger.States(), member.States(), register.States(),
		store.States(), user.States()} {
		maps.Copy(all, s)
	}
	return all
}

// sqliteStorage offers a SQLite database. Bindings come in the order of contention: what every sale changes first.
func sqliteStorage(d *sqlite.Database, ids id.Source) Storage {
	j := sqlite.NewJournal(d, schema())
	state := sqlite.NewState(d, states())
	users, members, products, stock := sqlite.NewUsers(d), sqlite.NewMembers(d), sqlite.NewProducts(d), sqlite.NewStock(d)
	bindings := []writer.Binding{{Kind: "stock", Projection: stock}}
	for kind := range states() {
		bindings = append(bindings, writer.Binding{Kind: kind, Projection: state})
	}
	bindings = append(bindings, writer.Binding{Kind: "product", Projection: products})
	for _, kind := range sqlite.UserKinds() {
		bindings = append(bindings, writer.Binding{Kind: kind, Projection: users})
	}
	for _, kind := range sqlite.MemberKinds() {
		bindings = append(bindings, writer.Binding{Kind: kind, Projection: members})
	}
	return Storage{
		Provider: d, Stores: sqlite.NewStores(d, ids), Journal: j, Ledger: sqlite.NewLedger(j), Users: users, Sessions: sqlite.NewSessions(d),
		Members: members, Products: products, Stock: stock, Registers: sqlite.NewRegisters(state), Carts: sqlite.NewCarts(d), Bindings: bindings,
	}
}

// openSQLite opens the database for the life of the application.
func openSQLite(l fx.Lifecycle, c Config) (*sqlite.Database, error) {
	d, err := sqlite.Open(c.Data)
	if err != nil {
		return nil, err
	}
	l.Append(fx.StopHook(d.Close))
	return d, nil
}

// newWriter starts the writer, which lets what waits commit before it stops.
func newWriter(l fx.Lifecycle, p transaction.Provider, j journal.Repository, bs []writer.Binding, k clock.Clock, ids id.Source, o writer.Observer) *writer.Writer {
	w := writer.New(writer.Config{Provider: p, Journal: j, Bindings: bs, Clock: k, IDs: ids, Observer: o})
	l.Append(fx.StopHook(func(ctx context.Context) error { return w.Close(ctx) }))
	return w
}
