package storetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/member"
	"kassa/core/store"
	"kassa/core/user"
)

var storeRules = []rule{
	{"a store begins with empty books", emptyBooks},
	{"nobody can sell in a store that begins as a copy", emptyCopy},
	{"stores are listed by name, and a name is given once", storeNames},
	{"two stores never see each other's rows", twoStores},
	{"what is done to one store's rows is not done to another's", oneStoreChanges},
}

func emptyBooks(t *testing.T, d *database) {
	f := d.fixture(t)
	h := f.head(t.Context())
	if h.Position != 0 || !h.At.Equal(f.clock.Now()) || h.Status != journal.Active || len(h.Last) != 0 || h.Token == "" {
		t.Errorf("it begins with %+v", h)
	}
	if token := must[id.ID](t)(f.Journal.Token(t.Context(), f.store)); token != h.Token {
		t.Errorf("the token is %s and %s", token, h.Token)
	}
	if rs, err := f.Journal.From(t.Context(), f.store, 0, 10); err != nil || len(rs) != 0 {
		t.Errorf("%d records, %v", len(rs), err)
	}
}

func emptyCopy(t *testing.T, d *database) {
	f := d.fixture(t)
	s := store.Store{ID: d.next(), Name: "Copy", Currency: "EUR", TimeZone: "UTC", CreatedAt: f.clock.Now()}
	if err := d.Stores.CreateCopy(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if h := must[journal.Head](t)(d.Journal.Head(t.Context(), s.ID)); h.Status != journal.Copying || h.Position != 0 {
		t.Errorf("it begins with %+v", h)
	}
	wantCode(t, d.Stores.CreateCopy(t.Context(), s), "store_exists")
}

func storeNames(t *testing.T, d *database) {
	f := d.fixture(t)
	made := map[id.Store]store.Store{}
	for _, name := range []string{"names b", "Names A", "names Ç"} {
		s := store.Store{ID: d.next(), Name: name, Currency: "JPY", TimeZone: "Asia/Tokyo", CreatedAt: f.clock.Now()}
		if err := d.Stores.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		made[s.ID] = s
		s.ID, s.Name = d.next(), strings.ToUpper(name)
		wantCode(t, d.Stores.Create(t.Context(), s), "store_exists")
		_, err := d.Stores.Get(t.Context(), s.ID)
		wantCode(t, err, "store_unknown")
		_, err = d.Journal.Head(t.Context(), s.ID)
		wantCode(t, err, "store_unknown")
	}
	codes := outcomes(8, func(int) error {
		return d.Stores.Create(t.Context(), store.Store{ID: d.next(), Name: "Raced for", Currency: "EUR", TimeZone: "UTC", CreatedAt: f.clock.Now()})
	})
	if codes[""] != 1 || codes["store_exists"] != 7 {
		t.Errorf("made at once: %v", codes)
	}
	var names []string
	for _, s := range must[[]store.Store](t)(d.Stores.List(t.Context())) {
		if want, ok := made[s.ID]; ok {
			names = append(names, s.Name)
			if got := must[store.Store](t)(d.Stores.Get(t.Context(), s.ID)); s != want || got != want {
				t.Errorf("%+v and %+v, want %+v", s, got, want)
			}
		}
	}
	if want := []string{"Names A", "names b", "names Ç"}; !slices.Equal(names, want) {
		t.Errorf("they are listed as %q", names)
	}
}

// twoStores gives two stores the same ids, keys, addresses and codes, and asks each for all that it has.
func twoStores(t *testing.T, d *database) {
	one := d.furnished(t, "Anna", 7)
	alone := one.dump(t.Context(), t)
	two := d.furnished(t, "Bert", 9)
	wantSame(t, "beside another store", one.dump(t.Context(), t), alone)
	other := two.dump(t.Context(), t)
	isAnnas := func(line string) bool { return strings.Contains(line, "Anna") }
	if slices.ContainsFunc(other, isAnnas) || len(other) != len(alone) {
		t.Errorf("one store has %s\nthe other %s", alone.without(other), other.without(alone))
	}
	one.verify(t)
	two.verify(t)
}

func oneStoreChanges(t *testing.T, d *database) {
	one, two := d.furnished(t, "Anna", 7), d.furnished(t, "Bert", 9)
	before := one.dump(t.Context(), t)
	stock := inventory.NewService(two.w, two.Products, two.Stock, two.Images, two.Journal)
	for name, change := range map[string]func(ctx context.Context) error{
		"user": func(ctx context.Context) error {
			return two.users.Delete(ctx, two.id, user.Delete{ID: two.cashier.ID(), Version: 1})
		},
		"member": func(ctx context.Context) error {
			return two.members.Delete(ctx, two.id, member.Delete{ID: two.member.ID(), Version: 1})
		},
		"product": func(ctx context.Context) error {
			return stock.Delete(ctx, two.id, inventory.Delete{ID: two.product, Version: 2})
		},
		"cart": func(ctx context.Context) error { return two.Carts.Delete(ctx, two.id, two.cart, 0) },
	} {
		if err := change(as(t, two.boss)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A sign-in drops what is expired, and the user's oldest.
	late := two.clock.Now().Add(2 * user.RefreshLifetime)
	changes := two.writes(t)
	changes["crowd out"] = func(ctx context.Context) error {
		return two.Sessions.Add(ctx, two.id, user.Session{ID: "late", User: one.cashier.ID(), CreatedAt: late, ExpiresAt: late.Add(time.Hour)}, late, 1)
	}
	for _, name := range []string{"state", "stock", "sign out", "crowd out", "advance", "append"} {
		if err := two.Provider.Transact(t.Context(), func(ctx context.Context) error { return changes[name](ctx) }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantSame(t, "after changes in another store", one.dump(t.Context(), t), before)
	one.verify(t)
}
