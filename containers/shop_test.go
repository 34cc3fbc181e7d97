package containers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kassa/adapters/storetest"
	"kassa/core/audit"
	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/member"
	"kassa/core/money"
	"kassa/core/register"
	"kassa/core/report"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/transaction"
	"kassa/core/user"
	"kassa/core/verify"
	"kassa/core/writer"

	"go.uber.org/fx"
)

// testShop is the application without HTTP, on a clock that stands still and with ids that count.
type testShop struct {
	testParts
	id    id.Store // of the only store, once there is one
	data  string
	clock *storetest.Clock
	ids   *counter
	app   *fx.App
}

// testParts are the pieces of the application that tests use.
type testParts struct {
	fx.In

	Setup     *setup.Service
	Users     *user.Service
	Members   *member.Service
	Inventory *inventory.Service
	Till      *register.Service
	Cashier   *cashier.Service
	Settings  *store.SettingsService
	Writer    *writer.Writer
	Provider  transaction.Provider
	Journal   journal.Repository
	Bindings  []writer.Binding
	Stores    store.Repository
	Carts     cashier.Carts
	Images    inventory.Images
	Reports   report.Repository
	Folder    *report.Folder
}

// openShop opens the data folder, which may be empty. The shop closes with the test, or before.
func openShop(t testing.TB, data string, opts ...fx.Option) *testShop {
	t.Helper()
	return openShopOn(t, Config{Data: data, BcryptCost: 4, JWTKey: strings.Repeat("k", minKey)}, opts...)
}

// openShopOn opens the shop of any database.
func openShopOn(t testing.TB, c Config, opts ...fx.Option) *testShop {
	t.Helper()
	s := &testShop{data: c.Data, clock: storetest.NewClock(), ids: &counter{}}
	s.app = fx.New(Core(c), fx.Decorate(func() clock.Clock { return s.clock }, func() id.Source { return s.ids },
		func() cashier.MemberTokens { return plainTokens{} }), fx.Options(opts...), fx.Populate(&s.testParts))
	if err := errors.Join(s.app.Err(), s.app.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close(t) })
	all, err := s.Stores.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) > 0 {
		s.id = all[0].ID
	}
	return s
}

// close stops the shop; a second time does nothing.
func (s *testShop) close(t testing.TB) {
	t.Helper()
	if s.app == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.app.Stop(ctx); err != nil {
		t.Error(err)
	}
	s.app = nil
}

// verify fails the test unless the books are whole.
func (s *testShop) verify(t testing.TB) {
	t.Helper()
	v := verify.Verifier{Provider: s.Provider, Journal: s.Journal, Projections: writer.Projections(s.Bindings), Images: s.Images, Reports: s.Reports}
	r, err := v.Run(t.Context(), s.id)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Clean() {
		t.Fatalf("the books are off:\n%s", strings.Join(r.Findings, "\n"))
	}
}

// batches makes the writer's batches no larger than n.
func batches(n int) fx.Option {
	return fx.Decorate(func(l fx.Lifecycle, p transaction.Provider, j journal.Repository, bs []writer.Binding, k clock.Clock, ids id.Source, o writer.Observer) *writer.Writer {
		w := writer.New(writer.Config{Provider: p, Journal: j, Bindings: bs, Clock: k, IDs: ids, Observer: o, Batch: n})
		l.Append(fx.StopHook(w.Close))
		return w
	})
}

// counter makes ids that tell their order, and goes on from wherever a test sets it.
type counter struct{ n atomic.Int64 }

// New implements id.Source.
func (c *counter) New() id.ID { return numbered(c.n.Add(1)) }

func numbered(n int64) id.ID { return id.ID(fmt.Sprintf("id-%012d", n)) }

// plainTokens are member tokens that anybody can write: member, token and version, with slashes between them.
type plainTokens struct{}

// Verify implements cashier.MemberTokens.
func (plainTokens) Verify(_ id.Store, token string) (w member.Word, err error) {
	parts := strings.Split(token, "/")
	if len(parts) != 3 {
		return w, member.TokenInvalid()
	}
	w.Member, w.Token = id.ID(parts[0]), id.ID(parts[1])
	w.Version, err = strconv.ParseInt(parts[2], 10, 64)
	return w, err
}

// by returns a context in which the user acts.
func by(ctx context.Context, who id.ID, role user.Role) context.Context {
	return audit.WithActor(ctx, audit.Actor{ID: who, Role: string(role), RequestID: "r"})
}

// furniture names what is in a furnished shop.
type furniture struct {
	manager, cashier, trainee id.ID
	registers, products       []id.ID         // the products: two pieces that block, one that warns, one by weight, one without end
	image                     inventory.Image // of the last product
	members, bills            []id.ID         // the members: a VIP with points and a wallet, one without anything
}

// furnished returns a data folder with a small shop in it, and its furniture. Tests work on copies.
func furnished(t testing.TB) (string, furniture) {
	t.Helper()
	s := openShop(t, t.TempDir())
	var f furniture
	ctx := audit.WithActor(t.Context(), audit.System())
	st, m, err := s.Setup.Run(ctx, setup.Command{Name: "Shop", Currency: "EUR", TimeZone: "Europe/Berlin",
		Manager: user.Create{Name: "Mara", Email: "mara@shop.test", Password: "correct horse"}})
	must(t, err)
	s.id, f.manager = st.ID, m.ID()
	for _, c := range []struct {
		name string
		to   *id.ID
	}{{"Carl", &f.cashier}, {"Tina", &f.trainee}} {
		u, err := s.Users.Create(ctx, s.id, user.Create{Name: c.name, Email: c.name + "@shop.test", Role: user.Cashier, Password: "battery staple"})
		must(t, err)
		*c.to = u.ID()
	}
	for i, cash := range []money.Amount{20_000, 0} {
		f.registers = append(f.registers, made(t)(s.Till.Create(ctx, s.id, register.Create{Key: idempotency.Key(fmt.Sprint("till", i)), Name: fmt.Sprint("Till ", i+1), OpeningAmount: cash})))
	}
	s.furnishProducts(ctx, t, &f)
	s.furnishMembers(ctx, t, &f)
	for i, kind := range []cashier.TenderKind{cashier.Cash, cashier.Card} {
		f.bills = append(f.bills, made(t)(s.Cashier.Pay(by(ctx, f.cashier, user.Cashier), s.id, cashier.Sale{Key: idempotency.Key(fmt.Sprint("first", i)), Register: f.registers[i],
			Lines:   []cashier.SaleLine{{Product: f.products[0], Quantity: 2 * measure.One}, {Product: f.products[1], Quantity: 3 * measure.One}},
			Tenders: []cashier.Tender{{Kind: kind, Amount: 2*250 + 3*399}}, ClientSaleID: fmt.Sprint("first", i)})))
	}
	s.close(t)
	return s.data, f
}

func (s *testShop) furnishProducts(ctx context.Context, t testing.TB, f *furniture) {
	t.Helper()
	for i, p := range []struct {
		inventory.Details
		stock measure.Quantity
	}{
		{inventory.Details{Name: "Tea", Price: 250, SKU: "tea", Barcodes: []string{"4006381333931"}}, 18 * measure.One},
		{inventory.Details{Name: "Cake", Price: 399, TaxRate: 1900, OwnTaxRate: true, SKU: "cake"}, 12 * measure.One},
		{inventory.Details{Name: "Jam", Price: 1999, StockPolicy: store.StockWarn}, 2 * measure.One},
		{inventory.Details{Name: "Cheese", Price: 1333, TaxRate: 700, OwnTaxRate: true, Unit: measure.Kilogram}, 5 * measure.One},
		{inventory.Details{Name: "Water", Price: 99, StockPolicy: store.StockAllow}, 0},
	} {
		f.products = append(f.products, made(t)(s.Inventory.Create(ctx, s.id, inventory.Create{Key: idempotency.Key(fmt.Sprint("product", i)), Details: p.Details, Stock: &p.stock})))
	}
	f.image = s.depict(ctx, t, f.products[4], "the sea")
}

// depict gives the product an image of the text; what stands in it, nothing here looks at.
func (s *testShop) depict(ctx context.Context, t testing.TB, product id.ID, text string) inventory.Image {
	t.Helper()
	i, err := inventory.NewImage(inventory.PNG, []byte("picture of "+text))
	must(t, err)
	_, err = s.Inventory.SetImage(ctx, s.id, inventory.SetImage{ID: product, Image: i})
	must(t, err)
	return i
}

func (s *testShop) furnishMembers(ctx context.Context, t testing.TB, f *furniture) {
	t.Helper()
	for _, name := range []string{"Mia", "Max"} {
		m, err := s.Members.Register(ctx, s.id, member.Register{Name: name, Email: name + "@member.test", PIN: "123456"})
		must(t, err)
		f.members = append(f.members, m.Member.ID())
	}
	session, err := s.Members.Prove(ctx, s.id, member.Prove{Member: f.members[0], PIN: "123456"})
	must(t, err)
	_, err = s.Members.SetTier(ctx, s.id, f.members[0], member.VIP, session.Token)
	must(t, err)
	made(t)(s.Cashier.TopUp(ctx, s.id, cashier.TopUp{Key: "wallet", Register: f.registers[0], Member: f.members[0], Amount: 5000, Tender: cashier.Cash}))
	made(t)(s.Cashier.Pay(ctx, s.id, cashier.Sale{Key: "points", Register: f.registers[0], Member: f.members[0],
		Lines: []cashier.SaleLine{{Product: f.products[4], Quantity: 50 * measure.One}}}))
}

// copied returns a copy of a data folder, open.
func copied(t testing.TB, data string, opts ...fx.Option) *testShop {
	t.Helper()
	return openShop(t, copyOf(t, data), opts...)
}

func copyOf(t testing.TB, data string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	must(t, os.CopyFS(to, os.DirFS(data)))
	return to
}

// made returns the id of what an operation made.
func made(t testing.TB) func(writer.Result, error) id.ID {
	return func(r writer.Result, err error) id.ID {
		t.Helper()
		must(t, err)
		return r.Record.ID
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		if f, ok := fault.As(err); ok {
			t.Fatalf("%s: %v %v", f.Code, err, f.Fields)
		}
		t.Fatal(err)
	}
}
