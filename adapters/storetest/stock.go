package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/measure"
	"kassa/core/page"
	"kassa/core/store"
	"kassa/core/writer"
)

var stockRules = []rule{
	{"stock movements", stockMovements},
	{"refused movements say what they found", refusedMovementsSayWhatTheyFound},
	{"a movement happens once", movementHappensOnce},
	{"only an opening stock needs a key", onlyAnOpeningStockNeedsAKey},
	{"every product comes with its stock", everyProductWithItsStock},
	{"the history shows every movement with the stock around it", historyShowsEveryMovementWithTheStockAroundIt},
}

func (s *stockroom) move(key string, i id.ID, k inventory.MovementKind, q measure.Quantity, expected *measure.Quantity) error {
	_, err := s.Move(context.Background(), s.id, inventory.Move{Key: idempotency.Key(key), Product: i, Kind: k, Quantity: q, Expected: expected, Reason: key})
	return err
}

func everyProductWithItsStock(t *testing.T, d *database) {
	s := d.stockroom(t)
	want := map[string]measure.Quantity{}
	for i, name := range []string{"bread", "milk", "gone", "tea"} {
		p := s.add(t, inventory.Details{Name: name, Price: 100}, int64(i))
		if want[name] = measure.Quantity(i) * measure.One; name == "gone" {
			delete(want, name)
			if err := s.Delete(t.Context(), s.id, inventory.Delete{ID: p, Version: 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := map[string]measure.Quantity{}
	if err := s.Each(t.Context(), s.id, func(l inventory.Listed) error { got[l.Product.Name()] = l.OnHand; return nil }); err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	calls := 0
	if err := s.Each(t.Context(), s.id, func(inventory.Listed) error { calls++; return errEmpty }); !errors.Is(err, errEmpty) || calls != 1 {
		t.Errorf("after its first error: %d calls, %v", calls, err)
	}
}

func stockMovements(t *testing.T, d *database) {
	for _, tt := range []struct {
		name     string
		kind     inventory.MovementKind
		unit     measure.Unit
		quantity measure.Quantity
		expected int64 // -1: none
		policy   store.StockPolicy
		want     measure.Quantity // from 5
		code     string
	}{
		{"receive adds", inventory.Receive, "", 3000, -1, "", 8000, ""},
		{"receive nothing", inventory.Receive, "", 0, -1, "", 5000, "validation_failed"},
		{"receive less than nothing", inventory.Receive, "", -1000, -1, "", 5000, "validation_failed"},
		{"half a piece", inventory.Receive, "", 500, -1, "", 5000, "validation_failed"},
		{"half a kilogram", inventory.Receive, measure.Kilogram, 500, -1, "", 5500, ""},
		{"more than fits", inventory.Receive, measure.Kilogram, measure.Max, -1, "", 5000, "validation_failed"},
		{"waste takes", inventory.Waste, "", 5000, -1, "", 0, ""},
		{"waste below zero", inventory.Waste, "", 6000, -1, "", 5000, "insufficient_stock"},
		{"waste below zero where that is allowed", inventory.Waste, "", 6000, -1, store.StockAllow, -1000, ""},
		{"waste below zero with a warning", inventory.Waste, "", 6000, -1, store.StockWarn, -1000, ""},
		{"waste with a sign", inventory.Waste, "", -1000, -1, "", 5000, "validation_failed"},
		{"adjust up", inventory.Adjust, "", 1000, -1, "", 6000, ""},
		{"adjust down", inventory.Adjust, "", -1000, -1, "", 4000, ""},
		{"adjust below zero", inventory.Adjust, "", -6000, -1, "", 5000, "insufficient_stock"},
		{"adjust by nothing", inventory.Adjust, "", 0, -1, "", 5000, "validation_failed"},
		{"count", inventory.Count, "", 2000, -1, "", 2000, ""},
		{"count nothing", inventory.Count, "", 0, -1, "", 0, ""},
		{"count what is there", inventory.Count, "", 5000, 5, "", 5000, ""},
		{"count less than nothing", inventory.Count, "", -1000, -1, "", 5000, "validation_failed"},
		{"count after a sale that nobody saw", inventory.Count, "", 4000, 6, "", 5000, "stock_changed"},
		{"expected, but no count", inventory.Receive, "", 1000, 5, "", 5000, "validation_failed"},
		{"a kind of bills", inventory.Sale, "", 1000, -1, "", 5000, "validation_failed"},
		{"no kind", "", "", 1000, -1, "", 5000, "validation_failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := d.stockroom(t)
			i := s.add(t, inventory.Details{Name: "Tea", Unit: tt.unit, StockPolicy: tt.policy}, 5)
			var expected *measure.Quantity
			if tt.expected >= 0 {
				q := measure.Quantity(tt.expected) * measure.One
				expected = &q
			}
			if err := s.move("k", i, tt.kind, tt.quantity, expected); codeOf(err) != tt.code {
				t.Errorf("got %v, want %q", err, tt.code)
			}
			if got := s.get(t, i).OnHand; got != tt.want {
				t.Errorf("stock %s, want %s", got, tt.want)
			}
			s.verify(t)
		})
	}
}

func refusedMovementsSayWhatTheyFound(t *testing.T, d *database) {
	s := d.stockroom(t)
	i := s.add(t, inventory.Details{Name: "Tea"}, 5)
	f, _ := fault.As(s.move("a", i, inventory.Waste, 6*measure.One, nil))
	if f == nil || f.Details["product_id"] != string(i) || f.Details["requested"] != int64(6) || f.Details["available"] != int64(5) {
		t.Errorf("insufficient_stock says %v", f)
	}
	six := 6 * measure.One
	f, _ = fault.As(s.move("b", i, inventory.Count, measure.One, &six))
	if f == nil || f.Details["expected"] != int64(6) || f.Details["actual"] != int64(5) {
		t.Errorf("stock_changed says %v", f)
	}
	wantCode(t, s.move("c", "nothing", inventory.Receive, measure.One, nil), "product_unknown")
}

func movementHappensOnce(t *testing.T, d *database) {
	s := d.stockroom(t)
	i := s.add(t, inventory.Details{Name: "Tea"}, 5)
	m := inventory.Move{Key: "k", Product: i, Kind: inventory.Receive, Quantity: measure.One}
	first := must[writer.Result](t)(s.Move(t.Context(), s.id, m))
	again := must[writer.Result](t)(s.Move(t.Context(), s.id, m))
	if first.Replayed || !again.Replayed || first.Record.ID != again.Record.ID || s.get(t, i).OnHand != 6*measure.One {
		t.Errorf("the movement happened twice: %s on hand", s.get(t, i).OnHand)
	}
	m.Quantity *= 2
	_, err := s.Move(t.Context(), s.id, m)
	wantCode(t, err, "idempotency_key_reused")
	m.Kind = "nonsense"
	_, err = s.Move(t.Context(), s.id, m)
	wantCode(t, err, "idempotency_key_reused") // what is known comes before what is not valid
	m.Key = ""
	_, err = s.Move(t.Context(), s.id, m)
	wantCode(t, err, "idempotency_key_missing")
}

func onlyAnOpeningStockNeedsAKey(t *testing.T, d *database) {
	s := d.stockroom(t)
	five := 5 * measure.One
	c := inventory.Create{Details: inventory.Details{Name: "Tea"}, Stock: &five}
	_, err := s.Create(t.Context(), s.id, c)
	wantCode(t, err, "idempotency_key_missing")
	c.Key = "k"
	first := must[writer.Result](t)(s.Create(t.Context(), s.id, c))
	if again := must[writer.Result](t)(s.Create(t.Context(), s.id, c)); !again.Replayed || again.Record.ID != first.Record.ID {
		t.Error("the product was made twice")
	}
	c.Details.Price = 1
	_, err = s.Create(t.Context(), s.id, c)
	wantCode(t, err, "idempotency_key_reused")
	c.Details.Price = -1
	_, err = s.Create(t.Context(), s.id, c)
	wantCode(t, err, "idempotency_key_reused")
	c.Stock = nil
	_, err = s.Create(t.Context(), s.id, c)
	wantCode(t, err, "validation_failed")
	minus := -measure.One
	_, err = s.Create(t.Context(), s.id, inventory.Create{Key: "l", Details: inventory.Details{Name: "X"}, Stock: &minus})
	wantCode(t, err, "validation_failed")
	s.verify(t)
}

func historyShowsEveryMovementWithTheStockAroundIt(t *testing.T, d *database) {
	s := d.stockroom(t)
	i := s.add(t, inventory.Details{Name: "Tea"}, 5)
	other := s.add(t, inventory.Details{Name: "Other"}, 5)
	if err := s.book("in", i, inventory.Receive, 2); err != nil {
		t.Fatal(err)
	}
	for _, p := range []id.ID{i, other, i} {
		must[writer.Result](t)(s.w.Do(t.Context(), s.id, sale{p}))
	}
	if err := s.book("counted", i, inventory.Count, 4); err != nil {
		t.Fatal(err)
	}
	must[writer.Result](t)(s.w.Do(t.Context(), s.id, sale{i}))
	want := []string{"sale 1: 4 to 3", "count 4: 5 to 4", "sale 1: 6 to 5", "sale 1: 7 to 6", "receive 2: 5 to 7", "opening 5: 0 to 5"}
	for limit := 1; limit <= len(want)+1; limit++ {
		var got []string
		for p := (page.Request{Limit: limit}); ; {
			list := must[page.List[inventory.Moved]](t)(s.History(t.Context(), s.id, i, p))
			for _, m := range list.Items {
				got = append(got, fmt.Sprintf("%s %s: %s to %s", m.Kind, m.Quantity, m.Before, m.After()))
			}
			if p.After = list.Next; p.After == "" {
				break
			}
			if len(list.Items) != limit {
				t.Fatalf("%d items on a page of %d", len(list.Items), limit)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d a page: %q, want %q", limit, got, want)
		}
	}
	first := must[page.List[inventory.Moved]](t)(s.History(t.Context(), s.id, i, page.Request{Limit: 2}))
	must[writer.Result](t)(s.w.Do(t.Context(), s.id, sale{i})) // what happens between two pages does not shift the second
	next := must[page.List[inventory.Moved]](t)(s.History(t.Context(), s.id, i, page.Request{Limit: 1, After: first.Next}))
	if len(next.Items) != 1 || next.Items[0].Kind != inventory.Sale || next.Items[0].After() != 5*measure.One {
		t.Errorf("the second page goes on with %+v", next.Items)
	}
	_, err := s.History(t.Context(), s.id, "nothing", page.Request{Limit: 1})
	wantCode(t, err, "product_unknown")
	_, err = s.History(t.Context(), s.id, i, page.Request{Limit: 1, After: page.Cursor("0", "1")})
	wantCode(t, err, "cursor_invalid")
	s.verify(t)
}
