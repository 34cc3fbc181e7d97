package money

import (
	"cmp"
	"math/bits"
	"slices"

	"kassa/core/fault"
)

// remainder is what the rounded-down share of one weight lost, as a fraction of the sum of the weights.
type remainder struct {
	lost  uint64
	index int
}

// usual is the number of weights up to which AllocateInto needs no memory of its own.
const usual = 16

// Allocate spreads total over the weights by largest remainder: shares are proportional, differ from the exact share by
// less than 1, and sum to total exactly. Of equal remainders the earlier index gets the unit; a weight of 0 gets nothing;
// a negative total is spread as the mirror image of a positive one. Faults, both Invalid: amount_out_of_range for a total
// beyond the bounds, allocation_invalid for a negative weight or for nothing to spread a total other than 0 over.
func Allocate(total Amount, weights []Amount) ([]Amount, error) {
	shares := make([]Amount, len(weights))
	if err := AllocateInto(shares, total, weights); err != nil {
		return nil, err
	}
	return shares, nil
}

// AllocateInto is Allocate into shares, which has the length of weights and may be the same slice. It leaves shares as
// they are when it returns a fault.
func AllocateInto(shares []Amount, total Amount, weights []Amount) error {
	if err := total.Check(); err != nil {
		return err
	}
	if len(shares) != len(weights) {
		return allocationInvalid()
	}
	sum, err := weigh(weights)
	if err != nil {
		return err
	}
	if sum == 0 {
		if total != 0 {
			return allocationInvalid()
		}
		clear(shares)
		return nil
	}
	spread(shares, total, weights, sum)
	return nil
}

// spread computes the shares; sum is the sum of the weights and not 0.
func spread(shares []Amount, total Amount, weights []Amount, sum uint64) {
	var buffer [usual]remainder
	remainders := buffer[:0]
	if len(weights) > usual {
		remainders = make([]remainder, 0, len(weights))
	}
	unit := Amount(1)
	if total < 0 {
		unit = -1
	}
	left := total
	for i, w := range weights {
		// A weight is at most the sum, so the quotient is at most the total and always fits.
		q, rem, _ := divide(magnitude(int64(total)), uint64(w), sum)
		shares[i] = unit * Amount(q)
		left -= shares[i]
		if rem > 0 {
			remainders = append(remainders, remainder{lost: rem, index: i})
		}
	}
	if left == 0 {
		return
	}
	// What is left is the sum of the remainders over sum, which is less than their number: no share gets two units.
	slices.SortFunc(remainders, func(x, y remainder) int {
		if c := cmp.Compare(y.lost, x.lost); c != 0 {
			return c
		}
		return cmp.Compare(x.index, y.index)
	})
	for i := 0; left != 0; i++ {
		shares[remainders[i].index] += unit
		left -= unit
	}
}

// weigh returns the sum of the weights.
func weigh(weights []Amount) (uint64, error) {
	var sum, carry uint64
	for _, w := range weights {
		if w < 0 {
			return 0, allocationInvalid()
		}
		if sum, carry = bits.Add64(sum, uint64(w), 0); carry != 0 {
			return 0, outOfRange()
		}
	}
	return sum, nil
}

func allocationInvalid() *fault.Error {
	return fault.New(fault.Invalid, "allocation_invalid", "an amount is spread over weights of 0 or more, not all of them 0")
}
