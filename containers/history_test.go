package containers

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"
	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/page"
	"kassa/core/store"

	"go.uber.org/fx"
)

func aHistory(bills int64) History {
	return History{Bills: bills, Products: 30, Registers: 4, Members: 5, Category: "History", Email: "bench@kassa.example", Password: "bench-manager"}
}

// billsOf returns all bills of the only store of the database, newest first.
func billsOf(t *testing.T, c Config) (all []cashier.Booked) {
	t.Helper()
	var till *cashier.Service
	var stores store.Repository
	app := fx.New(Core(c), fx.Populate(&till, &stores))
	must(t, run(t.Context(), app, func(ctx context.Context) error {
		s, err := onlyStore(ctx, stores)
		if err != nil {
			return err
		}
		for p := (page.Request{Limit: page.MaxLimit}); ; {
			l, err := till.List(ctx, s.ID, cashier.Filter{}, p)
			if err != nil {
				return err
			}
			all = append(all, l.Items...)
			if p.After = l.Next; p.After == "" {
				return nil
			}
		}
	}))
	return all
}

func wantProven(t *testing.T, c Config) {
	t.Helper()
	var out bytes.Buffer
	if err := Verify(t.Context(), c, &out, func(string, int64, int64) {}); err != nil {
		t.Errorf("%v: %s", err, out.String())
	}
}

// TestAHistoryIsAYearOfBills: bills of the days before today, in whichever pieces they were made, with books that prove themselves.
func TestAHistoryIsAYearOfBills(t *testing.T) {
	for name, place := range map[string]func() Config{
		"SQLite":  func() Config { return HistoryIn("", t.TempDir(), 8000) },
		"MongoDB": func() Config { uri, _ := mongotest.Database(t); return HistoryIn(uri, t.TempDir(), 8000) },
	} {
		t.Run(name, func(t *testing.T) {
			c, told := place(), int64(0)
			h := aHistory(8000)
			h.Progress = func(n int64) { told = n }
			stop, cancel := context.WithCancel(t.Context())
			part := h
			part.Progress = func(n int64) {
				if n > 500 {
					cancel()
				}
			}
			if err := WriteHistory(stop, c, part); !errors.Is(err, context.Canceled) {
				t.Errorf("it was to be broken off: %v", err)
			}
			must(t, WriteHistory(t.Context(), c, h))
			must(t, WriteHistory(t.Context(), c, h)) // it is there already
			bills := billsOf(t, c)
			if len(bills) != 8000 || told != 8000 {
				t.Fatalf("there are %d, and %d were told of", len(bills), told)
			}
			oldest, newest := bills[7999], bills[0]
			today := clock.DateOf(time.Now(), time.UTC)
			if oldest.Day > today.AddDays(-1) || newest.Day != oldest.Day.AddDays(8000/leastOfADay-1) || newest.Day >= today.AddDays(1) {
				t.Errorf("bills from %s to %s", oldest.Day, newest.Day)
			}
			wantProven(t, c)
		})
	}
}

// TestTheDaysOfAHistoryAreEquallyFull: between opening and closing, and never back in time.
func TestTheDaysOfAHistoryAreEquallyFull(t *testing.T) {
	zone, err := time.LoadLocation(historyZone)
	must(t, err)
	y := &year{History: aHistory(historyDays * leastOfADay), first: time.Date(2025, 11, 26, 0, 0, 0, 0, zone)}
	days := map[string]int{}
	last := y.first
	for k := range y.Bills {
		at := y.at(k)
		if !at.After(last) || at.Hour() < opensAt || at.Hour() >= opensAt+opensFor {
			t.Fatalf("bill %d at %s follows %s", k, at, last)
		}
		last = at
		days[at.Format(time.DateOnly)]++
	}
	for day, n := range days {
		if n != leastOfADay {
			t.Errorf("%d bills on %s", n, day)
		}
	}
	if len(days) != historyDays {
		t.Errorf("%d days", len(days))
	}
}

// TestRunsShareNoKeys: the bills of one that was broken off are not taken for those that are missing.
func TestRunsShareNoKeys(t *testing.T) {
	seen := map[idempotency.Key]bool{}
	for _, run := range []id.ID{"a", "b"} {
		y := &year{run: run}
		for k := range int64(1000) {
			seen[y.key(k)] = true
		}
	}
	if len(seen) != 2000 {
		t.Errorf("%d of 2000 keys differ", len(seen))
	}
}

// TestAHistoryHasRefundsAndABusyTill: a part of each shift is given back, but for a few whose sale is not made yet on a busy machine, and the first
// till has a fifth of the bills.
func TestAHistoryHasRefundsAndABusyTill(t *testing.T) {
	c := HistoryIn("", t.TempDir(), shift)
	h := aHistory(shift)
	h.Registers = 10
	must(t, WriteHistory(t.Context(), c, h))
	given, busy := 0, map[id.ID]int{}
	for _, b := range billsOf(t, c) {
		busy[b.Register]++
		if b.Type == cashier.KindRefund {
			given++
		}
	}
	if most := slices.Max(slices.Collect(maps.Values(busy))); given < refunds*9/10 || given > refunds || len(busy) != 10 || most < shift/6 || most > shift/4 {
		t.Errorf("%d refunds; bills by till: %v", given, busy)
	}
}
