package storetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/measure"
	"kassa/core/page"
)

var cartRules = []rule{
	{"carts are kept as parked", cartsAreKeptAsParked},
	{"carts of another version are refused", cartsOfAnotherVersionAreRefused},
	{"a cart is removed whatever its version, and without an outer transaction", cartIsRemovedWhateverItsVersionAndWithoutAnOuterTransaction},
	{"carts are listed, last changed first", cartsAreListedLastChangedFirst},
	{"carts are bounded", cartsAreBounded},
}

func newCarts(s *shop) *cashier.CartService {
	return cashier.NewCartService(s.Carts, s.Provider, s.w, s.clock, s.ids, s.trail)
}

func cartsAreKeptAsParked(t *testing.T, d *database) {
	s := d.shop(t)
	carts := newCarts(s)
	parked := cashier.Cart{ID: s.ids.New(), Name: `Mrs "Müller"`, Register: "till", Member: "m-1", CreatedBy: "u-1", Version: 1, UpdatedAt: s.clock.Now(),
		Lines: []cashier.CartLine{{Product: "a", Quantity: 2 * measure.One}, {Product: "b", Quantity: 750}, {Product: "a", Quantity: measure.One}}}
	if err := s.Provider.Transact(t.Context(), func(ctx context.Context) error { return s.Carts.Insert(ctx, s.id, parked) }); err != nil {
		t.Fatal(err)
	}
	if got := must[cashier.Cart](t)(carts.Get(t.Context(), s.id, parked.ID)); !reflect.DeepEqual(got, parked) {
		t.Fatalf("got %+v, want %+v", got, parked)
	}
	s.clock.Add(time.Minute)
	change := cashier.Cart{ID: parked.ID, Version: 1, Name: " Mr Smith ", CreatedBy: "somebody else"}
	changed := must[cashier.Cart](t)(carts.Change(t.Context(), s.id, change))
	if changed.Version != 2 || changed.Name != "Mr Smith" || changed.CreatedBy != "u-1" || !changed.UpdatedAt.Equal(s.clock.Now()) {
		t.Fatalf("changed to %+v", changed)
	}
	if got := must[cashier.Cart](t)(carts.Get(t.Context(), s.id, parked.ID)); !reflect.DeepEqual(got, changed) {
		t.Fatalf("got %+v, want %+v", got, changed)
	}
}

func cartsOfAnotherVersionAreRefused(t *testing.T, d *database) {
	s := d.shop(t)
	carts := newCarts(s)
	c := must[cashier.Cart](t)(carts.Park(t.Context(), s.id, cashier.Cart{}))
	_, err := carts.Change(t.Context(), s.id, cashier.Cart{ID: c.ID, Version: 2})
	wantCode(t, err, "version_stale")
	wantCode(t, carts.Discard(t.Context(), s.id, c.ID, 2), "version_stale")
	if err := carts.Discard(t.Context(), s.id, c.ID, 1); err != nil {
		t.Fatal(err)
	}
	wantCode(t, carts.Discard(t.Context(), s.id, c.ID, 1), "cart_unknown")
	_, err = carts.Change(t.Context(), s.id, cashier.Cart{ID: c.ID, Version: 1})
	wantCode(t, err, "cart_unknown")
	_, err = carts.Get(t.Context(), s.id, c.ID)
	wantCode(t, err, "cart_unknown")
}

func cartIsRemovedWhateverItsVersionAndWithoutAnOuterTransaction(t *testing.T, d *database) {
	s := d.shop(t)
	c := must[cashier.Cart](t)(newCarts(s).Park(t.Context(), s.id, cashier.Cart{}))
	if err := s.Carts.Delete(t.Context(), s.id, c.ID, 0); err != nil {
		t.Fatal(err)
	}
	_, err := newCarts(s).Get(t.Context(), s.id, c.ID)
	wantCode(t, err, "cart_unknown")
}

func cartsAreListedLastChangedFirst(t *testing.T, d *database) {
	s := d.shop(t)
	carts := newCarts(s)
	var want []id.ID
	for i := range 7 {
		s.clock.Add(time.Duration(i%2) * time.Second) // pairs within one millisecond
		want = append(want, must[cashier.Cart](t)(carts.Park(t.Context(), s.id, cashier.Cart{Name: fmt.Sprint(i)})).ID)
	}
	s.clock.Add(time.Second)
	must[cashier.Cart](t)(carts.Change(t.Context(), s.id, cashier.Cart{ID: want[2], Version: 1}))
	want = append(slices.Delete(slices.Clone(want), 2, 3), want[2])
	slices.Reverse(want)
	for _, limit := range []int{1, 3, 7, 200} {
		var got []id.ID
		for p := (page.Request{Limit: limit}); ; {
			l := must[page.List[cashier.Cart]](t)(carts.List(t.Context(), s.id, p))
			for _, c := range l.Items {
				got = append(got, c.ID)
			}
			if p.After = l.Next; p.After == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("by %d: got %v, want %v", limit, got, want)
		}
	}
	for _, cursor := range []string{"?", page.Cursor("1"), page.Cursor("x", "y")} {
		_, err := carts.List(t.Context(), s.id, page.Request{Limit: 1, After: cursor})
		wantCode(t, err, "cursor_invalid")
	}
}

func cartsAreBounded(t *testing.T, d *database) {
	s := d.shop(t)
	carts := newCarts(s)
	for range cashier.MaxCarts - 5 {
		must[cashier.Cart](t)(carts.Park(t.Context(), s.id, cashier.Cart{}))
	}
	codes := outcomes(20, func(int) error {
		_, err := carts.Park(t.Context(), s.id, cashier.Cart{})
		return err
	})
	if codes[""] != 5 || codes["too_many_carts"] != 15 {
		t.Errorf("got %v", codes)
	}
}
