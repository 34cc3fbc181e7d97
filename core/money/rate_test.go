package money_test

import (
	"testing"

	"kassa/core/money"
)

func TestRates(t *testing.T) {
	for _, c := range []struct {
		name   string
		rate   money.Rate
		amount money.Amount
		of     money.Amount
		floor  money.Amount
		within money.Amount
	}{
		{"15 % of 59.97", 1500, 5997, 900, 899, 782},
		{"19 % of 59.97", 1900, 5997, 1139, 1139, 958},
		{"7 % of 2.58", 700, 258, 18, 18, 17},
		{"a half goes up", 5000, 1, 1, 0, 0},
		{"just below a half", 4999, 1, 0, 0, 0},
		{"0 %", 0, 5997, 0, 0, 0},
		{"1000 %", money.MaxRate, 11, 110, 110, 10},
		{"negative mirrors, but the floor is a floor", 1500, -5997, -900, -900, -782},
	} {
		t.Run(c.name, func(t *testing.T) {
			of, err1 := c.rate.Of(c.amount)
			floor, err2 := c.rate.FloorOf(c.amount)
			within, err3 := c.rate.Within(c.amount)
			if err1 != nil || err2 != nil || err3 != nil || of != c.of || floor != c.floor || within != c.within {
				t.Fatalf("got %d %d %d (%v %v %v), want %d %d %d", of, floor, within, err1, err2, err3, c.of, c.floor, c.within)
			}
		})
	}
}

func TestRatesBeyondTheBoundsAreRefused(t *testing.T) {
	for bp, code := range map[int64]string{-1: "rate_invalid", 0: "", 100_000: "", 100_001: "rate_invalid"} {
		_, err := money.NewRate(bp)
		wantFault(t, err, code)
		r := money.Rate(bp)
		for _, do := range []func(money.Amount) (money.Amount, error){r.Of, r.FloorOf, r.Within} {
			_, err := do(100)
			wantFault(t, err, code)
		}
	}
	for _, do := range []func(money.Amount) (money.Amount, error){money.Rate(10_001).Of, money.Rate(10_001).FloorOf} {
		_, err := do(money.Max)
		wantFault(t, err, "amount_out_of_range")
	}
	_, err := money.Rate(0).FloorOf(money.Max + 1)
	wantFault(t, err, "amount_out_of_range")
}
