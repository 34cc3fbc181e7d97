package money

import "kassa/core/fault"

// Rate is a share in basis points: 1500 is 15 %. Its bounds are 0 and MaxRate; its zero value is 0 %.
type Rate int64

// MaxRate is the largest Rate: 1000 %.
const MaxRate Rate = 100_000

// whole is 100 % in basis points.
const whole = 10_000

// NewRate returns the rate of bp basis points, or an Invalid fault with code rate_invalid beyond 0 and MaxRate.
func NewRate(bp int64) (Rate, error) {
	if r := Rate(bp); r.Check() == nil {
		return r, nil
	}
	return 0, rateInvalid()
}

// Check returns an Invalid fault with code rate_invalid when r lies beyond its bounds.
func (r Rate) Check() error {
	if r < 0 || r > MaxRate {
		return rateInvalid()
	}
	return nil
}

// Of returns r of a, half-up. Faults: rate_invalid, amount_out_of_range, both Invalid.
func (r Rate) Of(a Amount) (Amount, error) {
	if err := r.Check(); err != nil {
		return 0, err
	}
	return MulDiv(a, int64(r), whole)
}

// FloorOf returns r of a, rounded down (earned points: a fraction of a point is not given). Faults: rate_invalid,
// amount_out_of_range, both Invalid.
func (r Rate) FloorOf(a Amount) (Amount, error) {
	if err := r.Check(); err != nil {
		return 0, err
	}
	if err := a.Check(); err != nil {
		return 0, err
	}
	q, rem, ok := divide(magnitude(int64(a)), uint64(r), whole)
	if !ok {
		return 0, outOfRange()
	}
	if a < 0 && rem > 0 {
		q++
	}
	return signed(q, a < 0)
}

// Within returns the tax at rate r that a gross amount contains: a x r / (1 + r), half-up. Faults: rate_invalid,
// amount_out_of_range, both Invalid.
func (r Rate) Within(a Amount) (Amount, error) {
	if err := r.Check(); err != nil {
		return 0, err
	}
	return MulDiv(a, int64(r), whole+int64(r))
}

func rateInvalid() *fault.Error {
	return fault.New(fault.Invalid, "rate_invalid", "a rate is 0 to %d basis points", int64(MaxRate))
}
