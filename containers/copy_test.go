package containers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kassa/adapters/storetest"
	"kassa/adapters/system"
	"kassa/core/audit"
	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/member"
	"kassa/core/page"
	"kassa/core/store"
	"kassa/core/user"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

func quiet(string, string, int64, int64) {}

// copyShop copies and returns what it was told of the only store.
func copyShop(ctx context.Context, from, to string, progress CopyProgress) (n Copied, err error) {
	err = Copy(ctx, CopyOrder{From: from, To: to}, progress, func(_ string, made Copied) { n = made })
	return n, err
}

// dump is the journal of the shop as it is kept.
func (s *testShop) dump(t testing.TB) string {
	t.Helper()
	var out strings.Builder
	rs, err := s.Journal.From(t.Context(), s.id, 0, 10_000)
	must(t, err)
	for _, r := range rs {
		fmt.Fprintf(&out, "%s %s\n", r.Encoded(), r.Hash)
	}
	return out.String()
}

// database opens a shop by what kassa copy calls its database.
func database(t testing.TB, name string) *testShop {
	t.Helper()
	c := Config{Data: t.TempDir(), BcryptCost: 4, JWTKey: strings.Repeat("k", minKey)}
	if isMongoURI(name) {
		c.MongoURI = name
	} else {
		c.Data = name
	}
	s := openShopOn(t, c)
	s.ids.n.Store(5_000_000)
	return s
}

// TestACopyIsTheSameShop copies from SQLite to MongoDB, sells there, and copies back.
func TestACopyIsTheSameShop(t *testing.T) {
	folder, f := furnished(t)
	remote, back := mongoConfig(t).MongoURI, t.TempDir()
	source := database(t, folder)
	must(t, parkCart(t, source))
	want := source.dump(t)
	source.close(t)

	n, err := copyShop(t.Context(), folder, remote, quiet)
	must(t, err)
	if n.Records == 0 || n.Values == 0 || n.Images != 1 || n.Carts != 1 {
		t.Fatalf("copied %+v", n)
	}
	there := database(t, remote)
	if got := there.dump(t); got != want {
		t.Fatal("the copy's journal is another one")
	}
	there.shows(t, f.products[4], f.image)
	there.goesOn(t, f)
	want = there.dump(t)
	there.close(t)

	_, err = copyShop(t.Context(), remote, back, quiet)
	must(t, err)
	home := database(t, back)
	if got := home.dump(t); got != want {
		t.Fatal("the journal that came back is another one")
	}
	home.verify(t)
	home.shows(t, f.products[4], f.image)
}

// shows fails the test unless the product has the image.
func (s *testShop) shows(t testing.TB, product id.ID, want inventory.Image) {
	t.Helper()
	i, err := s.Inventory.Image(t.Context(), s.id, product, func(string) bool { return false })
	must(t, err)
	if i.Hash() != want.Hash() || !bytes.Equal(i.Bytes(), want.Bytes()) || i.Type() != want.Type() {
		t.Errorf("product %s has the image %s %q", product, i.Type(), i.Bytes())
	}
}

func parkCart(t testing.TB, s *testShop) error {
	return s.Provider.Transact(t.Context(), func(ctx context.Context) error {
		return s.Carts.Insert(ctx, s.id, cashier.Cart{ID: "cart", Name: "Mia's", Version: 1, UpdatedAt: clock.Milli(s.clock.Now())})
	})
}

// goesOn signs in, replays an old request and sells in a copied shop.
func (s *testShop) goesOn(t *testing.T, f furniture) {
	t.Helper()
	ctx := audit.WithActor(t.Context(), audit.System())
	_, err := s.Users.Login(ctx, s.id, user.Login{Email: "mara@shop.test", Password: "correct horse"})
	must(t, err)
	_, err = s.Members.Prove(ctx, s.id, member.Prove{Member: f.members[0], PIN: "123456"})
	must(t, err)
	carts, err := s.Carts.List(ctx, s.id, page.Request{Limit: 10})
	must(t, err)
	if len(carts.Items) != 1 || carts.Items[0].Name != "Mia's" {
		t.Errorf("carts %+v", carts.Items)
	}
	sale := cashier.Sale{Key: "first0", Register: f.registers[0], ClientSaleID: "first0", Tenders: []cashier.Tender{{Kind: cashier.Cash, Amount: 2*250 + 3*399}},
		Lines: []cashier.SaleLine{{Product: f.products[0], Quantity: 2 * measure.One}, {Product: f.products[1], Quantity: 3 * measure.One}}}
	old, err := s.Cashier.Pay(by(ctx, f.cashier, user.Cashier), s.id, sale)
	must(t, err)
	if !old.Replayed || old.Record.ID != f.bills[0] {
		t.Errorf("an old request made %s, and was a replay: %v", old.Record.ID, old.Replayed)
	}
	sale.Key, sale.ClientSaleID = "another", "another"
	fresh, err := s.Cashier.Pay(by(ctx, f.cashier, user.Cashier), s.id, sale)
	must(t, err)
	if newest, last := number(fresh.Record), s.lastNumber(t, f); newest != last {
		t.Errorf("receipt %d, and the register's newest is %d", newest, last)
	}
	s.verify(t)
}

func number(r journal.Record) int64 { return r.Doc.(*cashier.Bill).Number }

// lastNumber counts the register's bills, which are numbered without gaps.
func (s *testShop) lastNumber(t testing.TB, f furniture) (n int64) {
	t.Helper()
	rs, err := s.Journal.From(t.Context(), s.id, 0, 10_000)
	must(t, err)
	for _, r := range rs {
		if b, ok := r.Doc.(*cashier.Bill); ok && b.Register == f.registers[0] {
			n++
		}
	}
	return n
}

func TestABrokenOffCopySellsNothingAndIsGoneOnWith(t *testing.T) {
	folder, f := furnished(t)
	for name, to := range map[string]func() string{"SQLite": t.TempDir, "MongoDB": func() string { return mongoConfig(t).MongoURI }} {
		for _, at := range []string{"records", "images", "values", "records proven"} {
			t.Run(name+" "+at, func(t *testing.T) {
				target := to()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				_, err := copyShop(ctx, folder, target, func(_, what string, _, _ int64) {
					if what == at {
						cancel()
					}
				})
				if err == nil {
					t.Fatal("it was not broken off")
				}
				s := database(t, target)
				_, err = s.Cashier.Pay(by(t.Context(), f.cashier, user.Cashier), s.id, cashier.Sale{Key: "early", Register: f.registers[0],
					Lines: []cashier.SaleLine{{Product: f.products[0], Quantity: measure.One}}})
				if !fault.IsCode(err, "store_inactive") {
					t.Errorf("a sale in half a copy: %v", err)
				}
				s.close(t)
				c := named(target)
				c.BcryptCost = minCost
				if _, err := Import(t.Context(), c, ImportFile{Path: "../mongo_setup/product_mock.json", Progress: func(int) {}}); !fault.IsCode(err, "copy_unfinished") {
					t.Errorf("an import into half a copy: %v", err)
				}
				_, err = copyShop(t.Context(), folder, target, quiet)
				must(t, err)
				whole := database(t, target)
				whole.verify(t)
				whole.close(t)
				n, err := copyShop(t.Context(), folder, target, quiet)
				must(t, err)
				if n != (Copied{Whole: true}) {
					t.Errorf("a copy that was there: %+v", n)
				}
			})
		}
	}
}

func TestWhatCannotBeCopiedIsRefused(t *testing.T) {
	folder, _ := furnished(t)
	open := database(t, folder)
	if _, err := copyShop(t.Context(), folder, t.TempDir(), quiet); err == nil || !strings.Contains(err.Error(), "stop the server first") {
		t.Errorf("copied from a folder in use: %v", err)
	}
	open.close(t)
	if _, err := copyShop(t.Context(), t.TempDir(), t.TempDir(), quiet); err == nil || !strings.Contains(err.Error(), "no kassa data") {
		t.Errorf("copied from nothing: %v", err)
	}
	other, f := furnished(t)
	sells := database(t, other)
	must(t, sells.sellWater(f))
	sells.close(t)
	namesake := t.TempDir()
	s := database(t, namesake)
	must(t, s.Stores.Create(t.Context(), store.Store{ID: "other", Name: "SHOP", Currency: "EUR", TimeZone: "UTC", CreatedAt: s.clock.Now()}))
	s.close(t)
	const advice = "; copy into an empty folder or another database"
	for target, why := range map[string]string{
		folder:   "the target has the store Shop already, with other books of 18 records" + advice,
		namesake: "the target has another store of this name" + advice,
	} {
		_, err := copyShop(t.Context(), other, target, quiet)
		if !fault.IsCode(err, "store_exists") || !strings.Contains(err.Error(), why) {
			t.Errorf("wanted %q: %v", why, err)
		}
	}
}

// TestBooksThatAreOffAreNotCopied: the target is not to blame.
func TestBooksThatAreOffAreNotCopied(t *testing.T) {
	folder, _ := furnished(t)
	remote := mongoConfig(t)
	_, err := copyShop(t.Context(), folder, remote.MongoURI, quiet)
	must(t, err)
	(&scene{t: t}).change(folder, func(s *scene) { s.exec("DELETE FROM records WHERE position = 5") })
	there := behind(t, remote.MongoURI)
	there.delete("records", there.place(5))
	const why = "its books are off: record 5 is missing: 6 follows 4; kassa verify says more"
	for _, source := range []string{folder, remote.MongoURI} {
		_, copied := copyShop(t.Context(), source, t.TempDir(), quiet)
		kept := Backup(t.Context(), named(source), filepath.Join(t.TempDir(), "shop.kassa"), quiet, ignore)
		for what, err := range map[string]error{"copy": copied, "backup": kept} {
			if !fault.IsCode(err, "books_off") || !strings.Contains(err.Error(), why) {
				t.Errorf("%s of %s: %v", what, source, err)
			}
		}
	}
}

// TestASourceThatIsWrittenToIsRefused sells in the source while it is copied: on MongoDB nobody can lock a server out.
func TestASourceThatIsWrittenToIsRefused(t *testing.T) {
	folder, f := furnished(t)
	source, target := mongoConfig(t).MongoURI, t.TempDir()
	_, err := copyShop(t.Context(), folder, source, quiet)
	must(t, err)
	s := database(t, source)
	sold := errors.New("not sold")
	_, err = copyShop(t.Context(), source, target, func(_, what string, _, _ int64) {
		if what == "records proven" && sold != nil {
			_, sold = s.Cashier.Pay(by(context.Background(), f.cashier, user.Cashier), s.id, cashier.Sale{Key: "meanwhile", Register: f.registers[0],
				Lines: []cashier.SaleLine{{Product: f.products[1], Quantity: measure.One}}})
		}
	})
	must(t, sold)
	if !fault.IsCode(err, "source_busy") {
		t.Fatalf("copied what moved: %v", err)
	}
	n, err := copyShop(t.Context(), source, target, quiet)
	must(t, err)
	if n.Records != 1 {
		t.Errorf("the second try copied %d records, and one was new", n.Records)
	}
	copied := database(t, target)
	if copied.dump(t) != s.dump(t) {
		t.Error("the copy is another shop")
	}
}

// sellWater makes the books differ from those of another shop that was furnished.
func (s *testShop) sellWater(f furniture) error {
	_, err := s.Cashier.Pay(by(context.Background(), f.cashier, user.Cashier), s.id, cashier.Sale{Key: "water", Register: f.registers[1],
		Lines: []cashier.SaleLine{{Product: f.products[4], Quantity: measure.One}}})
	return err
}

func TestAnOrderThatNoCopyCanMean(t *testing.T) {
	for _, o := range []CopyOrder{{From: "data", To: "data/"}, {From: "mongodb:/host", To: "data"}, {From: "data", To: "MONGODB://host"}, {From: "http://host", To: "data"}} {
		if err := o.Check(); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	must(t, CopyOrder{From: "./mongodb", To: "mongodb://host"}.Check())
}

// brokenOffAt copies until it is told what, and no further.
func brokenOffAt(t *testing.T, what, from, to string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := copyShop(ctx, from, to, func(_, at string, _, _ int64) {
		if at == what {
			cancel()
		}
	})
	if !fault.IsCode(err, "copy_broken_off") {
		t.Fatalf("broken off: %v", err)
	}
}

// TestHalfACopyIsNotVerified: all that is not there yet would be findings, of books that nobody has changed.
func TestHalfACopyIsNotVerified(t *testing.T) {
	folder, _ := furnished(t)
	ignored := func(string, int64, int64) {}
	for _, half := range []string{t.TempDir(), mongoConfig(t).MongoURI} {
		brokenOffAt(t, "values", folder, half)
		var out strings.Builder
		err := Verify(t.Context(), named(half), &out, ignored)
		if want := "Shop: a copy that is not finished, in which nobody can sell\n"; out.String() != want {
			t.Errorf("%q, want %q", &out, want)
		}
		if want := "the copy of Shop is not finished; run the same kassa copy or kassa restore again"; err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
		_, err = copyShop(t.Context(), folder, half, quiet)
		must(t, err)
		must(t, Verify(t.Context(), named(half), &out, ignored))
	}
}

// TestACopyGoesOnAfterTheShopDid lets people, of whom there are more than a step saves, and products give something up that others take, and
// carts go, between two halves of a copy.
func TestACopyGoesOnAfterTheShopDid(t *testing.T) {
	folder, f := furnished(t)
	s := database(t, folder)
	ctx := by(audit.WithActor(t.Context(), audit.System()), f.manager, user.Manager)
	last := s.crowd(ctx, t)
	must(t, parkCart(t, s))
	s.close(t)
	targets := []string{t.TempDir(), mongoConfig(t).MongoURI}
	for _, target := range targets {
		brokenOffAt(t, "records proven", folder, target)
	}

	s = database(t, folder)
	s.swap(ctx, t, f, last)
	other := s.depict(ctx, t, f.products[4], "a lake")
	must(t, s.Provider.Transact(ctx, func(ctx context.Context) error { return s.Carts.Delete(ctx, s.id, "cart", 0) }))
	want := s.dump(t)
	s.close(t)
	for _, target := range targets {
		_, err := copyShop(t.Context(), folder, target, quiet)
		must(t, err)
		copied := database(t, target)
		if copied.dump(t) != want {
			t.Error("the copy is another shop")
		}
		copied.verify(t)
		copied.shows(t, f.products[4], other)
		taken, err := copied.Members.Get(ctx, copied.id, f.members[0])
		must(t, err)
		if got := taken.Member.Snapshot().Email; got != "last@member.test" {
			t.Errorf("the first has the address %s", got)
		}
		carts, err := copied.Carts.List(ctx, copied.id, page.Request{Limit: 10})
		if err != nil || len(carts.Items) > 0 {
			t.Errorf("carts %+v, %v", carts.Items, err)
		}
	}
}

// crowd registers more members than a step of a copy saves, and returns the last.
func (s *testShop) crowd(ctx context.Context, t *testing.T) (last id.ID) {
	t.Helper()
	for i := range 600 {
		c := member.Register{Name: "One of many", PIN: "123456"}
		if i == 599 {
			c.Email = "last@member.test"
		}
		m, err := s.Members.Register(ctx, s.id, c)
		must(t, err)
		last = m.Member.ID()
	}
	return last
}

// swap gives the last member's address to the first, and a barcode of one product to another.
func (s *testShop) swap(ctx context.Context, t *testing.T, f furniture, last id.ID) {
	t.Helper()
	for _, e := range []member.Edit{{ID: last, Version: 1, Email: new("other@member.test")}, {ID: f.members[0], Version: 1, Email: new("last@member.test")}} {
		_, err := s.Members.Edit(ctx, s.id, e)
		must(t, err)
	}
	for i, codes := range [][]string{{}, {"4006381333931"}} {
		_, err := s.Inventory.Update(ctx, s.id, inventory.Update{ID: f.products[i], Version: 1, Change: func(d *inventory.Details) { d.Barcodes = codes }})
		must(t, err)
	}
}

// TestACopyGoesOnFromItsFirstMoment: what is killed right after it made the store leaves one that nobody can sell in.
func TestACopyGoesOnFromItsFirstMoment(t *testing.T) {
	folder, _ := furnished(t)
	for name, target := range map[string]string{"SQLite": t.TempDir(), "MongoDB": mongoConfig(t).MongoURI} {
		t.Run(name, func(t *testing.T) {
			source := database(t, folder)
			shop, err := source.Stores.Get(t.Context(), source.id)
			must(t, err)
			source.close(t)
			half := database(t, target)
			must(t, half.Stores.CreateCopy(t.Context(), shop))
			half.close(t)
			_, err = copyShop(t.Context(), folder, target, quiet)
			must(t, err)
			whole := database(t, target)
			whole.verify(t)
			whole.close(t)
			if _, err := copyShop(t.Context(), target, t.TempDir(), quiet); err != nil {
				t.Errorf("the copy of the copy: %v", err)
			}
		})
	}
}

// TestSeveralStoresAreCopied breaks off in the second of two, and leaves the first alone when it goes on.
func TestSeveralStoresAreCopied(t *testing.T) {
	folder, _ := furnished(t)
	two := database(t, folder)
	must(t, two.Stores.Create(t.Context(), store.Store{ID: "zz", Name: "Zebra", Currency: "EUR", TimeZone: "UTC", CreatedAt: two.clock.Now()}))
	two.close(t)
	target, only := t.TempDir(), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := Copy(ctx, CopyOrder{From: folder, To: target}, quiet, func(string, Copied) { cancel() }); err == nil {
		t.Fatal("it was not broken off")
	}
	got := map[string]Copied{}
	note := func(store string, n Copied) { got[store] = n }
	must(t, Copy(t.Context(), CopyOrder{From: folder, To: target}, quiet, note))
	if want := (map[string]Copied{"Shop": {Whole: true}, "Zebra": {}}); !maps.Equal(got, want) {
		t.Errorf("copied %+v, want %+v", got, want)
	}
	clear(got)
	must(t, Copy(t.Context(), CopyOrder{From: folder, To: only, Store: "zebra"}, quiet, note))
	if want := (map[string]Copied{"Zebra": {}}); !maps.Equal(got, want) {
		t.Errorf("copied %+v, want %+v", got, want)
	}
	if err := Copy(t.Context(), CopyOrder{From: folder, To: only, Store: "Lion"}, quiet, note); err == nil || !strings.Contains(err.Error(), `no store "Lion"`) {
		t.Errorf("copied a store that is not there: %v", err)
	}
}

// TestASourceOnMongoDBIsOnlyRead names a database that is not there: opening it for writing would make it.
func TestASourceOnMongoDBIsOnlyRead(t *testing.T) {
	source := mongoConfig(t).MongoURI
	for range 2 {
		if _, err := copyShop(t.Context(), source, t.TempDir(), quiet); err == nil || !strings.Contains(err.Error(), "there is no store") {
			t.Errorf("copied from nothing: %v", err)
		}
	}
	client, err := mongo.Connect(options.Client().ApplyURI(source))
	must(t, err)
	defer func() { _ = client.Disconnect(context.Background()) }()
	parsed, err := connstring.ParseAndValidate(source)
	must(t, err)
	names, err := client.Database(parsed.Database).ListCollectionNames(t.Context(), bson.D{})
	must(t, err)
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "system.") })
	if len(names) > 0 {
		t.Errorf("the source has %v now", names)
	}
}

func TestCopyWritesInPartsWhatIsTooMuchTogether(t *testing.T) {
	data, _ := crimeScene(t)
	ids := system.NewIDs(system.Clock{})
	from, closeFrom, err := openSource(t.Context(), data, ids)
	must(t, err)
	to, closeTo, err := openTarget(t.Context(), t.TempDir(), ids)
	must(t, err)
	defer func() { must(t, errors.Join(closeFrom(), closeTo())) }()
	shops, err := from.Stores.List(t.Context())
	must(t, err)
	head, err := from.Journal.Head(t.Context(), shops[0].ID)
	must(t, err)
	to.Journal = storetest.Narrow{Repository: to.Journal, Most: 3}
	n, err := copyStore(t.Context(), from, to, shops[0], ids, quiet)
	if err != nil || n.Records != head.Position {
		t.Errorf("copied %d of %d records, %v", n.Records, head.Position, err)
	}
}
