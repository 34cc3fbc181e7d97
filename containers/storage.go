package containers

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"kassa/adapters/mongodb"
	"kassa/adapters/sqlite"
	"kassa/adapters/system"
	"kassa/core/cashier"
	"kassa/core/clock"
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
	Images    inventory.Images
	Registers register.Repository
	Carts     cashier.Carts
	Reports   report.Repository
	Bindings  []writer.Binding
	Turns     writer.Turns
	Figures   Figures
}

// schema is every kind of document that the journal may hold.
func schema() journal.Schema {
	all := journal.Schema{}
	for _, s := range []journal.Schema{cashier.Documents(), inventory.Documents(), member.Documents(), register.Documents(), setup.Documents(),
		store.Documents(), trail.Documents(), user.Documents()} {
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

// parts are the repositories of a database that keep values for the writer.
type parts struct {
	state, stock, products, images, users, members writer.Projection
}

// bindings come in the order of contention: what every sale changes first.
func (p parts) bindings() []writer.Binding {
	bs := []writer.Binding{{Kind: "stock", Projection: p.stock}}
	for kind := range states() {
		bs = append(bs, writer.Binding{Kind: kind, Projection: p.state})
	}
	bs = append(bs, writer.Binding{Kind: "product", Projection: p.products}, writer.Binding{Kind: inventory.ImageKind, Projection: p.images})
	for _, kind := range user.Kinds() {
		bs = append(bs, writer.Binding{Kind: kind, Projection: p.users})
	}
	for _, kind := range member.Kinds() {
		bs = append(bs, writer.Binding{Kind: kind, Projection: p.members})
	}
	return bs
}

func sqliteStorage(d *sqlite.Database, ids id.Source) Storage {
	j, state := sqlite.NewJournal(d, schema()), sqlite.NewState(d, states())
	users, members, products, stock, images := sqlite.NewUsers(d), sqlite.NewMembers(d), sqlite.NewProducts(d), sqlite.NewStock(d), sqlite.NewImages(d)
	return Storage{
		Provider: d, Stores: sqlite.NewStores(d, ids), Journal: j, Ledger: sqlite.NewLedger(j), Users: users, Sessions: sqlite.NewSessions(d),
		Members: members, Products: products, Stock: stock, Images: images, Registers: register.NewRepository(state), Carts: sqlite.NewCarts(d),
		Reports:  sqlite.NewReports(d),
		Bindings: parts{state, stock, products, images, users, members}.bindings(), Turns: writer.Alone{},
	}
}

func mongoStorage(d *mongodb.Database, ids id.Source) Storage {
	j, state := mongodb.NewJournal(d, schema()), mongodb.NewState(d, states())
	users, members, products, stock, images := mongodb.NewUsers(d), mongodb.NewMembers(d), mongodb.NewProducts(d), mongodb.NewStock(d), mongodb.NewImages(d)
	return Storage{
		Provider: d, Stores: mongodb.NewStores(d, ids), Journal: j, Ledger: mongodb.NewLedger(j), Users: users, Sessions: mongodb.NewSessions(d),
		Members: members, Products: products, Stock: stock, Images: images, Registers: register.NewRepository(state), Carts: mongodb.NewCarts(d),
		Reports:  mongodb.NewReports(d),
		Bindings: parts{state, stock, products, images, users, members}.bindings(), Turns: mongodb.NewTurns(d),
	}
}

// openStorage opens the database for the life of the application: MongoDB where the configuration names one, else SQLite.
func openStorage(l fx.Lifecycle, c Config, ids id.Source) (Storage, error) {
	if c.MongoURI != "" {
		d, err := mongodb.Open(context.Background(), c.MongoURI, ids.New())
		if err != nil {
			return Storage{}, err
		}
		l.Append(fx.StopHook(d.Close))
		s := mongoStorage(d, ids)
		s.Figures = mongoFigures(d)
		return s, nil
	}
	d, err := sqlite.Open(c.Data)
	if err != nil {
		return Storage{}, err
	}
	l.Append(fx.StopHook(d.Close))
	s := sqliteStorage(d, ids)
	s.Figures = sqliteFigures(d)
	return s, nil
}

// openReader opens a database that is there already beside a running server, for reading only.
func openReader(ctx context.Context, c Config) (Storage, func() error, error) {
	ids := system.NewIDs(system.Clock{})
	if c.MongoURI != "" {
		d, err := mongodb.OpenReader(ctx, c.MongoURI)
		if err != nil {
			return Storage{}, nil, err
		}
		return mongoStorage(d, ids), d.Close, nil
	}
	d, err := sqlite.OpenReader(c.Data)
	if err != nil {
		return Storage{}, nil, configured(err)
	}
	return sqliteStorage(d, ids), d.Close, nil
}

// configured adds to the error of a folder without data where its name comes from.
func configured(err error) error {
	if errors.Is(err, sqlite.ErrNoData) {
		return fmt.Errorf("%w; KASSA_DATA names the folder", err)
	}
	return err
}

// newWriter starts the writer, which lets what waits commit before it stops.
func newWriter(l fx.Lifecycle, p transaction.Provider, j journal.Repository, bs []writer.Binding, t writer.Turns, k clock.Clock, ids id.Source, o writer.Observer) *writer.Writer {
	w := writer.New(writer.Config{Provider: p, Journal: j, Bindings: bs, Turns: t, Clock: k, IDs: ids, Observer: o})
	l.Append(fx.StopHook(func(ctx context.Context) error { return w.Close(ctx) }))
	return w
}
