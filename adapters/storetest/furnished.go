package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/member"
	"kassa/core/money"
	"kassa/core/page"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

// furnished is a shop with two of everything that a store keeps, so that each repository has something to say.
type furnished struct {
	*people
	cashier                          *user.User
	member                           *member.Member
	product, register, cart, session id.ID
	image                            inventory.Image
}

// furnished makes a shop that has the same ids, addresses and codes as any other, and the mark and n in its texts and amounts.
func (d *database) furnished(t testing.TB, mark string, n int64) *furnished {
	t.Helper()
	f := &furnished{people: d.people(t)}
	s := &stockroom{f.shop, inventory.NewService(f.w, f.Products, f.Stock, f.Images, f.Journal)}
	registers, carts := register.NewService(f.w, f.Registers), newCarts(f.shop)
	for i := range 2 {
		f.cashier = must[*user.User](t)(f.users.Create(as(t, f.boss), f.id, user.Create{
			Name: mark, Email: fmt.Sprintf("user%d@example.com", i), Role: user.Cashier, Password: password,
		}))
		f.member = f.join(t, member.Register{Name: mark, Email: fmt.Sprintf("member%d@example.com", i), Phone: fmt.Sprint("0170 ", i, "00")})
		f.product = s.add(t, inventory.Details{Name: []string{"Tea", mark}[i], SKU: fmt.Sprint("S", i), Barcodes: []string{fmt.Sprint(1000 + i)}, Category: "Drinks", Price: money.Amount(n)}, n)
		f.image = s.depict(t, f.product, fmt.Sprint("product ", i)) // the same bytes in every store
		f.register = must[writer.Result](t)(registers.Create(t.Context(), f.id, register.Create{
			Key: keyOf(fmt.Sprint("till", i)), Name: fmt.Sprint(mark, i), OpeningAmount: money.Amount(n),
		})).Record.ID
		f.cart = must[cashier.Cart](t)(carts.Park(t.Context(), f.id, cashier.Cart{Name: mark})).ID
	}
	must[writer.Result](t)(f.w.Do(t.Context(), f.id, add{key: "tally", jars: []string{"a", mark}, n: n}))
	if err := f.moved(t.Context(), 0, n, nil); err != nil {
		t.Fatal(err)
	}
	f.session = id.ID(strings.Split(f.login(t, "user1@example.com").RefreshToken, ".")[1])
	return f
}

// changes are one change to a value of each repository.
func (f *furnished) changes(t testing.TB) map[string]writer.Change {
	t.Helper()
	u, m := f.cashier.Snapshot(), f.member.Snapshot()
	u.Name, u.Email, m.Name, m.Email, m.Phone = "Changed", "changed@example.com", "Changed", "", ""
	p := must[*inventory.Product](t)(inventory.NewProduct(f.product, inventory.Details{Name: "Changed", Barcodes: []string{"9999"}}))
	return map[string]writer.Change{
		"state":    {After: &jar{name: "changed"}},
		"users":    {Before: f.cashier, After: must[*user.User](t)(user.Restore(u))},
		"members":  {Before: f.member, After: must[*member.Member](t)(member.Restore(m))},
		"products": {Before: f.one(t, f.Products, inventory.ProductRef(f.product)), After: p},
		"images": {
			Before: must[*inventory.ImageUses](t)(inventory.NewImageUses(f.image.Hash(), 1)), After: must[*inventory.ImageUses](t)(inventory.NewImageUses(f.image.Hash(), 7)),
		},
		"stock": {Before: f.one(t, f.Stock, inventory.StockRef(f.product)), After: must[*inventory.Stock](t)(inventory.NewStock(f.product, 77))},
	}
}

func (f *furnished) one(t testing.TB, p writer.Projection, ref journal.Ref) writer.Value {
	t.Helper()
	return must[[]writer.Value](t)(p.Load(t.Context(), f.id, []journal.Ref{ref}))[0]
}

// dump is what a store answered, one thing a line.
type dump []string

// note adds values under a word that says what they are.
func note[T any](d *dump, what string, vs ...T) {
	for _, v := range vs {
		*d = append(*d, what+" "+text(v))
	}
}

// text writes a value without addresses of memory.
func text(v any) string {
	switch v := v.(type) {
	case writer.Stored:
		c := journal.NewEncoder(nil)
		c.Root(v.Walk)
		return string(c.Bytes())
	case journal.Record:
		return string(v.Encoded())
	case ledger.Posting:
		return fmt.Sprint(v.Amount, v.Balance, text(v.Record))
	case inventory.Listed:
		return fmt.Sprint(v.OnHand, text(v.Product))
	case *inventory.ImageUses:
		return v.Evidence()
	}
	return fmt.Sprintf("%+v", v)
}

// about returns the lines that begin with the word, alone or as a kind.
func (d dump) about(what string) dump {
	return slices.DeleteFunc(slices.Clone(d), func(line string) bool {
		return !strings.HasPrefix(line, what+" ") && !strings.HasPrefix(line, what+":")
	})
}

// without returns the lines that the other dump lacks, for messages.
func (d dump) without(other dump) string {
	lines := slices.DeleteFunc(slices.Clone(d), func(line string) bool { return slices.Contains(other, line) })
	return fmt.Sprintf("%d lines, these of its own:\n%s", len(d), strings.Join(lines, "\n"))
}

// wantSame fails unless both dumps are the same.
func wantSame(t testing.TB, what string, got, want dump) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %s\nwant %s", what, got.without(want), want.without(got))
	}
}

// dump asks every repository everything; nothing is missing, or the test fails.
func (f *furnished) dump(ctx context.Context, t testing.TB) dump {
	t.Helper()
	var d dump
	f.dumpJournal(ctx, t, &d)
	f.dumpValues(ctx, t, &d)
	f.dumpLists(ctx, t, &d)
	note(&d, "user", must[*user.User](t)(f.Users.Get(ctx, f.id, f.cashier.ID())), must[*user.User](t)(f.Users.ByEmail(ctx, f.id, "USER1@example.com")))
	note(&d, "member", must[*member.Member](t)(f.Members.Get(ctx, f.id, f.member.ID())),
		must[*member.Member](t)(f.Members.ByEmail(ctx, f.id, "MEMBER1@example.com")), must[*member.Member](t)(f.Members.ByPhone(ctx, f.id, "0170-100")))
	note(&d, "cash", must[money.Amount](t)(f.Registers.CashAfter(ctx, f.id, f.register, 0)))
	note(&d, "cart", must[cashier.Cart](t)(f.Carts.Get(ctx, f.id, f.cart)))
	note(&d, "image", must[inventory.Image](t)(f.Images.Get(ctx, f.id, f.image.Hash())))
	note(&d, "store", must[store.Store](t)(f.Stores.Get(ctx, f.id)))
	n, there, err := f.Sessions.Get(ctx, f.id, f.session)
	if !there || err != nil {
		t.Errorf("the session is not there: %v", err)
	}
	note(&d, "session", n)
	mark, figures := f.folded(t)
	note(&d, "figures", fmt.Sprint(mark, figures))
	return d
}

func (f *furnished) dumpLists(ctx context.Context, t testing.TB, d *dump) {
	t.Helper()
	all := page.Request{Limit: page.MaxLimit}
	for _, a := range []ledger.ID{ledger.DrawerOf(f.register), ledger.NewID(ledger.External, "")} {
		note(d, "postings", must[page.List[ledger.Posting]](t)(f.Ledger.Postings(ctx, f.id, a, all)).Items...)
	}
	note(d, "users", must[page.List[*user.User]](t)(f.Users.List(ctx, f.id, all)).Items...)
	for _, q := range []member.Search{{}, {Query: "example"}, {Email: "member1"}, {Phone: "100"}} {
		note(d, "members", must[page.List[*member.Member]](t)(f.Members.List(ctx, f.id, q, all)).Items...)
	}
	note(d, "registers", must[page.List[*register.Register]](t)(f.Registers.List(ctx, f.id, all)).Items...)
	note(d, "carts", must[page.List[cashier.Cart]](t)(f.Carts.List(ctx, f.id, all)).Items...)
	err := f.Products.Scan(ctx, f.id, inventory.Place{}, func(e inventory.Entry) error {
		note(d, "products", e)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	note(d, "coded", must[[]*inventory.Product](t)(f.Products.ByCodes(ctx, f.id, []string{"1001"}))...)
	for _, q := range []inventory.StockFilter{inventory.OutOfStock, inventory.LowStock} {
		ids := must[[]id.ID](t)(f.Stock.Scarce(ctx, f.id, q, nil, 100))
		slices.Sort(ids) // they come in any order
		note(d, "scarce", ids...)
	}
	for _, name := range []string{"Tea", f.cashier.Snapshot().Name} {
		note(d, "named", must[[]id.ID](t)(f.Products.ByName(ctx, f.id, name))...)
	}
}

func (f *furnished) dumpJournal(ctx context.Context, t testing.TB, d *dump) {
	t.Helper()
	note(d, "head", must[journal.Head](t)(f.Journal.Head(ctx, f.id)))
	note(d, "token", must[id.ID](t)(f.Journal.Token(ctx, f.id)))
	for _, r := range must[[]journal.Record](t)(f.Journal.From(ctx, f.id, 0, 100)) {
		note(d, "record", r)
		keys := append([]journal.Key{journal.RecordKey(r.ID)}, r.Keys...)
		found := must[map[journal.Key]journal.Record](t)(f.Journal.Find(ctx, f.id, keys))
		for _, k := range keys {
			note(d, string(k), found[k])
		}
		for _, ref := range r.Refs {
			note(d, string(ref), must[[]journal.Record](t)(f.Journal.List(ctx, f.id, ref, journal.Range{Limit: 100}))...)
		}
	}
	var entries dump
	err := f.Journal.Index(ctx, f.id, func(e journal.Entry) error {
		note(&entries, "entry", e)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	slices.Sort(entries) // they come in any order
	*d = append(*d, entries...)
}

func (f *furnished) dumpValues(ctx context.Context, t testing.TB, d *dump) {
	t.Helper()
	var values dump
	show := func(v writer.Value) error {
		note(&values, string(v.Ref()), v)
		return nil
	}
	err := f.State.Range(ctx, f.id, register.Ref(""), "register;", show)
	for _, p := range f.projections() {
		err = errors.Join(err, p.All(ctx, f.id, show))
	}
	if err != nil {
		t.Error(err)
	}
	slices.Sort(values) // they come in any order
	*d = append(*d, values...)
}
