// Package money holds amounts in minor units, rates in basis points, currencies, and the exact arithmetic of both.
// Products of two figures are computed in 128 bits and rounded once. Nothing wraps: a result beyond Max is a refusal.
package money

import (
	"math/bits"

	"kassa/core/fault"
)

// Amount is a sum of money in minor units of some currency, or of points. Its bounds are -Max and Max.
type Amount int64

// Max is the largest magnitude of an Amount: 2^53 - 1, the largest integer that every JSON reader keeps exactly.
const Max Amount = 1<<53 - 1

// MaxPrice is the most that one price, bill or top-up amounts to: ten billion rupiah, whose minor units are hundredths, or a billion dinars
// of thousandths. Thousands of the largest fit into an account below Max, so that a few of them do not fill a store's books.
const MaxPrice Amount = 1_000_000_000_000

// Check returns an Invalid fault with code amount_out_of_range when a lies beyond -Max or Max.
func (a Amount) Check() error {
	if a < -Max || a > Max {
		return outOfRange()
	}
	return nil
}

// Add returns a + b, or an Invalid fault with code amount_out_of_range when a, b or the result lies beyond the bounds.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Check() != nil || b.Check() != nil {
		return 0, outOfRange()
	}
	return a.plus(b)
}

// Sub returns a - b, or an Invalid fault with code amount_out_of_range when a, b or the result lies beyond the bounds.
func (a Amount) Sub(b Amount) (Amount, error) {
	if a.Check() != nil || b.Check() != nil {
		return 0, outOfRange()
	}
	return a.plus(-b)
}

// plus adds two amounts within the bounds; their int64 sum cannot wrap.
func (a Amount) plus(b Amount) (Amount, error) {
	sum := a + b
	if err := sum.Check(); err != nil {
		return 0, err
	}
	return sum, nil
}

// MulDiv returns a * num / den, half-up for a non-negative result and its mirror image for a negative one, so that a
// refund mirrors its sale. It returns an Invalid fault with code amount_out_of_range when a or the result lies beyond the
// bounds, or when den is not positive.
func MulDiv(a Amount, num, den int64) (Amount, error) {
	if a.Check() != nil || den <= 0 {
		return 0, outOfRange()
	}
	q, rem, ok := divide(magnitude(int64(a)), magnitude(num), uint64(den))
	if !ok {
		return 0, outOfRange()
	}
	if rem >= uint64(den)-rem {
		q++
	}
	return signed(q, (a < 0) != (num < 0))
}

// divide returns quotient and remainder of x * y / d in 128 bits; ok is false when the quotient needs more than 53 bits.
func divide(x, y, d uint64) (q, rem uint64, ok bool) {
	hi, lo := bits.Mul64(x, y)
	if hi >= d {
		return 0, 0, false
	}
	q, rem = bits.Div64(hi, lo, d)
	return q, rem, q <= uint64(Max)
}

// signed returns the magnitude as an amount with its sign.
func signed(q uint64, negative bool) (Amount, error) {
	if q > uint64(Max) {
		return 0, outOfRange()
	}
	if negative {
		return -Amount(q), nil
	}
	return Amount(q), nil
}

// magnitude is exact for the smallest int64 too.
func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

func outOfRange() *fault.Error {
	return fault.New(fault.Invalid, "amount_out_of_range", "an amount lies beyond %d minor units", int64(Max))
}
