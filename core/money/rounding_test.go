package money_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"kassa/core/money"
)

func TestRoundToTheNearestStepHalfUp(t *testing.T) {
	for _, c := range []struct{ a, step, want money.Amount }{
		{6297, 5, 6295}, {6298, 5, 6300}, {6297, 100, 6300}, {6250, 100, 6300}, {6249, 100, 6200}, {6295, 5, 6295},
		{6297, 0, 6297}, {6297, -5, 6297}, {0, 5, 0}, {2, 5, 0}, {-6297, 5, -6295}, {-6250, 100, -6300},
	} {
		if got := money.RoundTo(c.a, c.step); got != c.want {
			t.Errorf("RoundTo(%d, %d) = %d, want %d", c.a, c.step, got, c.want)
		}
	}
}

func TestShareIsTheFloorAndEndsAtTheFigure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		figure := amounts().Draw(t, "figure")
		n := rapid.Int64Range(1, int64(money.Max)).Draw(t, "n")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		// Div rounds to the floor for a positive divisor.
		want := new(big.Int).Mul(big.NewInt(int64(figure)), big.NewInt(k))
		want.Div(want, big.NewInt(n))
		if got := money.Share(figure, k, n); want.Cmp(big.NewInt(int64(got))) != 0 {
			t.Fatalf("got %d, want %s", got, want)
		}
	})
	for _, c := range []struct {
		k, n int64
		want money.Amount
	}{{-1, 3, 0}, {0, 3, 0}, {1, 3, 33}, {3, 3, 100}, {4, 3, 100}} {
		if got := money.Share(100, c.k, c.n); got != c.want {
			t.Errorf("Share(100, %d, %d) = %d, want %d", c.k, c.n, got, c.want)
		}
	}
}
