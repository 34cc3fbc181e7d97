package containers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"kassa/core/audit"
	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/member"
	"kassa/core/page"
	"kassa/core/user"
)

func quiet(string, string, int64, int64) {}

// copyShop copies and returns what it was told of the only store.
func copyShop(ctx context.Context, from, to string, progress CopyProgress) (n Copied, err error) {
	err = Copy(ctx, from, to, progress, func(_ string, made Copied) { n = made })
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
	if n.Records == 0 || n.Values == 0 || n.Carts != 1 {
		t.Fatalf("copied %+v", n)
	}
	there := database(t, remote)
	if got := there.dump(t); got != want {
		t.Fatal("the copy's journal is another one")
	}
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
		for _, at := range []string{"records", "values", "records proven"} {
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
	if _, err := copyShop(t.Context(), folder, folder+"/", quiet); err == nil {
		t.Error("copied onto itself")
	}
	if _, err := copyShop(t.Context(), t.TempDir(), t.TempDir(), quiet); err == nil || !strings.Contains(err.Error(), "no kassa data") {
		t.Errorf("copied from nothing: %v", err)
	}
	other, f := furnished(t)
	sells := database(t, other)
	must(t, sells.sellWater(f))
	sells.close(t)
	if _, err := copyShop(t.Context(), other, folder, quiet); !fault.IsCode(err, "store_exists") {
		t.Errorf("copied a shop beside one of its name: %v", err)
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
