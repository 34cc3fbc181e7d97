package money_test

import (
	"encoding/binary"
	"math/big"
	"slices"
	"strings"
	"testing"

	"kassa/core/fault"
	"kassa/core/money"
)

var fuzzed = []money.Currency{"EUR", "JPY", "KWD", "CLF"}

// FuzzMajor: what is read is written the same, but for zeros at the end, and what is not read is refused by code.
func FuzzMajor(f *testing.F) {
	for _, s := range []string{"0", "12.34", "12.340", "007", "-1", "1e3", "90071992547409.91", "90071992547409.92", ".5", "5.", "1.2345", "99999999999999999999"} {
		f.Add(uint8(0), s)
		f.Add(uint8(2), s)
	}
	f.Fuzz(func(t *testing.T, n uint8, s string) {
		c := fuzzed[int(n)%len(fuzzed)]
		a, err := c.ParseMajor(s)
		if err != nil {
			if !slices.ContainsFunc([]string{"price_invalid", "price_too_precise", "amount_out_of_range"}, func(code string) bool { return fault.IsCode(err, code) }) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		trim := func(s string) string {
			if !strings.Contains(s, ".") {
				return s
			}
			return strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		if text := c.Format(a); trim(text) != trim(s) || a < 0 || a.Check() != nil {
			t.Fatalf("%q reads as %d and is written %q", s, a, text)
		}
	})
}

// FuzzRounding holds MulDiv, RoundTo and Share against arithmetic without bounds.
func FuzzRounding(f *testing.F) {
	for _, row := range [][3]int64{{0, 0, 1}, {1999, 1900, 11900}, {-5, 1, 2}, {1<<53 - 1, 1<<53 - 1, 1<<53 - 1}, {1 << 53, 1, 1}, {7, -1 << 63, 1<<63 - 1}, {3, 5, 0}} {
		f.Add(row[0], row[1], row[2])
	}
	f.Fuzz(func(t *testing.T, a, num, den int64) {
		got, err := money.MulDiv(money.Amount(a), num, den)
		want := halfUp(a, num, den)
		if within := money.Amount(a).Check() == nil && want != nil && want.IsInt64() && money.Amount(want.Int64()).Check() == nil; within != (err == nil) {
			t.Fatalf("%d x %d / %d: %v", a, num, den, err)
		} else if within && int64(got) != want.Int64() {
			t.Fatalf("%d x %d / %d is %d, not %d", a, num, den, got, want)
		}
		if money.Amount(a).Check() != nil {
			return
		}
		if step := den & (1<<20 - 1); step > 0 { // a store's smallest coin
			r := int64(money.RoundTo(money.Amount(a), money.Amount(step)))
			if off := r - a; r%step != 0 || 2*max(off, -off) > step {
				t.Fatalf("%d rounds to %d in steps of %d", a, r, step)
			}
		}
		if den > 0 {
			share, rest := money.Share(money.Amount(a), num, den), money.Share(money.Amount(a), num-min(num, 1), den)
			if whole := money.Share(money.Amount(a), den, den); int64(whole) != a {
				t.Fatalf("all %d parts of %d are %d", den, a, whole)
			}
			if a >= 0 && (share < rest || int64(share) > a || share < 0) {
				t.Fatalf("%d of %d parts of %d are %d, and %d of one less", num, den, a, share, rest)
			}
		}
	})
}

// halfUp is a x num / den, its half away from zero; nil where there is none.
func halfUp(a, num, den int64) *big.Int {
	if den <= 0 {
		return nil
	}
	product := new(big.Int).Mul(big.NewInt(a), big.NewInt(num))
	twice := new(big.Int).Add(new(big.Int).Lsh(new(big.Int).Abs(product), 1), big.NewInt(den))
	q := twice.Quo(twice, new(big.Int).Lsh(big.NewInt(den), 1))
	if product.Sign() < 0 {
		q.Neg(q)
	}
	return q
}

// FuzzAllocate: shares sum to the total, each is less than one from its exact share, and none has the other sign.
func FuzzAllocate(f *testing.F) {
	weights := func(ws ...int64) (b []byte) {
		for _, w := range ws {
			b = binary.BigEndian.AppendUint64(b, uint64(w)) //nolint:gosec // the bits are what counts
		}
		return b
	}
	f.Add(int64(938), weights(5997, 258))
	f.Add(int64(-2), weights(1, 1, 1))
	f.Add(int64(1), weights(0, 0))
	f.Add(int64(1<<53-1), weights(1<<63-1, 1<<63-1, 1))
	f.Fuzz(func(t *testing.T, total int64, b []byte) {
		var ws []money.Amount
		sum := new(big.Int)
		for ; len(b) >= 8 && len(ws) < 40; b = b[8:] {
			w := int64(binary.BigEndian.Uint64(b)) //nolint:gosec // the bits are what counts
			ws = append(ws, money.Amount(w))
			sum.Add(sum, big.NewInt(w))
		}
		shares, err := money.Allocate(money.Amount(total), ws)
		if err != nil {
			if !fault.IsCode(err, "allocation_invalid") && !fault.IsCode(err, "amount_out_of_range") {
				t.Fatal(err)
			}
			return
		}
		var spread int64
		for i, s := range shares {
			spread += int64(s)
			// |share x sum - total x weight| < sum
			exact := new(big.Int).Mul(big.NewInt(total), big.NewInt(int64(ws[i])))
			off := new(big.Int).Sub(new(big.Int).Mul(big.NewInt(int64(s)), sum), exact)
			if sum.Sign() > 0 && off.CmpAbs(sum) >= 0 || total >= 0 && s < 0 || total <= 0 && s > 0 {
				t.Fatalf("%d of %d over %v goes to weight %d", s, total, ws, ws[i])
			}
		}
		if spread != total {
			t.Fatalf("%d over %v is %v", total, ws, shares)
		}
	})
}
