package money_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"kassa/core/fault"
	"kassa/core/money"
)

// wantFault fails the test unless err is an Invalid fault with the code; an empty code wants no error.
func wantFault(t *testing.T, err error, code string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Fatalf("got %v, want no fault", err)
		}
		return
	}
	if !fault.IsCode(err, code) || !fault.IsKind(err, fault.Invalid) {
		t.Fatalf("got %v, want an Invalid fault with code %s", err, code)
	}
}

func TestAmountsBeyondTheBoundsAreRefused(t *testing.T) {
	const m = money.Max
	for _, c := range []struct {
		name string
		do   func() (money.Amount, error)
		want money.Amount
		code string
	}{
		{"max stands", func() (money.Amount, error) { return m.Add(0) }, m, ""},
		{"max and one", func() (money.Amount, error) { return m.Add(1) }, 0, "amount_out_of_range"},
		{"minus max less one", func() (money.Amount, error) { return (-m).Sub(1) }, 0, "amount_out_of_range"},
		{"max less max", func() (money.Amount, error) { return m.Sub(m) }, 0, ""},
		{"an operand beyond max", func() (money.Amount, error) { return (m + 1).Sub(5) }, 0, "amount_out_of_range"},
		{"the smallest integer", func() (money.Amount, error) { return money.Amount(math.MinInt64).Sub(math.MinInt64) }, 0, "amount_out_of_range"},
		{"a product beyond max", func() (money.Amount, error) { return money.MulDiv(m, 3, 2) }, 0, "amount_out_of_range"},
		{"a product beyond 128 bits of quotient", func() (money.Amount, error) { return money.MulDiv(m, math.MaxInt64, 1) }, 0, "amount_out_of_range"},
		{"a divisor of zero", func() (money.Amount, error) { return money.MulDiv(1, 1, 0) }, 0, "amount_out_of_range"},
		{"a product rounded beyond max", func() (money.Amount, error) { return money.MulDiv(m, 2*int64(m)+1, 2*int64(m)) }, 0, "amount_out_of_range"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.do()
			wantFault(t, err, c.code)
			if got != c.want {
				t.Fatalf("got %d, want %d", got, c.want)
			}
		})
	}
}

func amounts() *rapid.Generator[money.Amount] {
	return rapid.OneOf(
		rapid.Custom(func(t *rapid.T) money.Amount { return money.Amount(rapid.Int64Range(-1000, 1000).Draw(t, "small")) }),
		rapid.Custom(func(t *rapid.T) money.Amount {
			return money.Amount(rapid.Int64Range(-int64(money.Max), int64(money.Max)).Draw(t, "any"))
		}),
	)
}

func TestMulDivIsExactAndHalfUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := amounts().Draw(t, "a")
		num := rapid.Int64().Draw(t, "num")
		den := rapid.Int64Range(1, math.MaxInt64).Draw(t, "den")
		product := new(big.Int).Mul(big.NewInt(int64(a)), big.NewInt(num))
		// Half-up of the magnitude: (2p + d) / 2d.
		want := new(big.Int).Abs(product)
		want.Mul(want, big.NewInt(2)).Add(want, big.NewInt(den)).Quo(want, new(big.Int).Mul(big.NewInt(2), big.NewInt(den)))
		if product.Sign() < 0 {
			want.Neg(want)
		}
		got, err := money.MulDiv(a, num, den)
		if want.CmpAbs(big.NewInt(int64(money.Max))) > 0 {
			if !fault.IsCode(err, "amount_out_of_range") {
				t.Fatalf("got %d and %v, want a refusal of %s", got, err, want)
			}
			return
		}
		if err != nil || want.Cmp(big.NewInt(int64(got))) != 0 {
			t.Fatalf("got %d and %v, want %s", got, err, want)
		}
	})
}
