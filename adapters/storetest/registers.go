package storetest

import (
	"slices"
	"testing"
	"time"

	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/money"
	"kassa/core/page"
	"kassa/core/register"
	"kassa/core/writer"
)

var registerRules = []rule{
	{"registers are listed by name, whatever the letter case", registersAreListedByNameWhateverTheLetterCase},
	{"the balance of a drawer is asked by business day", balanceOfADrawerByBusinessDay},
	{"the cash after a day is of the register alone", cashAfterOfTheRegisterAlone},
}

func registersAreListedByNameWhateverTheLetterCase(t *testing.T, d *database) {
	s := d.shop(t)
	registers := register.NewService(s.w, s.Registers)
	want := []string{"Bar", "café 1", "Till 10", "till 2", "Ärger"}
	for i, name := range []string{"till 2", "Bar", "Ärger", "Till 10", "café 1"} {
		c := register.Create{Name: name}
		if i == 0 {
			c.Key, c.OpeningAmount = "open", 500
		}
		must[writer.Result](t)(registers.Create(t.Context(), s.id, c))
	}
	for _, limit := range []int{1, 2, 5, 200} {
		var got []string
		p := page.Request{Limit: limit}
		for {
			l := must[page.List[register.Standing]](t)(registers.List(t.Context(), s.id, p))
			if len(l.Items) > limit {
				t.Fatalf("%d items on a page of %d", len(l.Items), limit)
			}
			for _, r := range l.Items {
				got = append(got, r.Register.Name())
				if cash := money.Amount(500); (r.Register.Name() == "till 2") != (r.Balance == cash) {
					t.Errorf("%s holds %d", r.Register.Name(), r.Balance)
				}
			}
			if p.After = l.Next; p.After == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("by %d: got %q, want %q", limit, got, want)
		}
	}
	_, err := registers.List(t.Context(), s.id, page.Request{Limit: 5, After: page.Cursor("one")})
	wantCode(t, err, "cursor_invalid")
}

func balanceOfADrawerByBusinessDay(t *testing.T, d *database) {
	s := d.shop(t)
	registers := register.NewService(s.w, s.Registers)
	first := must[writer.Result](t)(registers.Create(t.Context(), s.id, register.Create{Name: "One", Key: "one", OpeningAmount: 1000})).Record.ID
	other := must[writer.Result](t)(registers.Create(t.Context(), s.id, register.Create{Name: "Two"})).Record.ID
	noon := s.clock.Now()
	for i, amount := range []money.Amount{300, -700, 55} { // on the next day, the day after that, and ten days later
		s.clock.Set(noon.AddDate(0, 0, []int{1, 2, 10}[i]))
		must[writer.Result](t)(s.w.Do(t.Context(), s.id, post{first, amount}))
		must[writer.Result](t)(s.w.Do(t.Context(), s.id, post{other, 1_000_000}))
	}
	today := clock.DateOf(noon, time.UTC)
	for _, c := range []struct {
		day  clock.Date
		want money.Amount
	}{
		{today.AddDays(-1), 0}, {today, 1000}, {today.AddDays(1), 1300}, {today.AddDays(2), 600}, {today.AddDays(9), 600},
		{today.AddDays(10), 655}, {99991231, 655}, {0, 655},
	} {
		got, day, err := registers.Balance(t.Context(), s.id, first, c.day)
		if err != nil || got != c.want || c.day != 0 && day != c.day || c.day == 0 && day != today.AddDays(10) {
			t.Errorf("%s: got %d on %s, %v; want %d", c.day, got, day, err, c.want)
		}
	}
	_, _, err := registers.Balance(t.Context(), s.id, "nobody", 0)
	wantCode(t, err, "register_unknown")
}

func cashAfterOfTheRegisterAlone(t *testing.T, d *database) {
	s := d.shop(t)
	today := clock.DateOf(s.clock.Now(), time.UTC)
	for i, r := range []id.ID{"till", "till-2", "til", "tilm", "TILL"} { // in the order of refs before, between and after each other's days
		must[writer.Result](t)(s.w.Do(t.Context(), s.id, post{r, money.Amount(i + 1)}))
	}
	for day, want := range map[clock.Date]money.Amount{0: 1, today.AddDays(-1): 1, today: 0, today.AddDays(1): 0} {
		if got := must[money.Amount](t)(s.Registers.CashAfter(t.Context(), s.id, "till", day)); got != want {
			t.Errorf("after %s: %d, want %d", day, got, want)
		}
	}
	if got := must[money.Amount](t)(s.Registers.CashAfter(t.Context(), s.id, "nobody", 0)); got != 0 {
		t.Errorf("nobody has %d", got)
	}
}
