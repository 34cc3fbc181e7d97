package money

// RoundTo returns the multiple of step nearest to a, half-up (mirrored for a negative a). A step of 0 or less leaves a as
// it is. The result lies at most step/2 from a, so it may lie beyond Max: the caller checks.
func RoundTo(a, step Amount) Amount {
	if step <= 0 {
		return a
	}
	if a < 0 {
		return -RoundTo(-a, step)
	}
	rem := a % step
	if rem >= step-rem {
		return a + (step - rem)
	}
	return a - rem
}

// Share returns floor(figure x k / n): what of a figure belongs to k of n equal parts. It is 0 for k <= 0 and the whole
// figure for k >= n, so the shares of a growing k never pass the figure and end at it exactly. The figure is within the
// bounds of Amount.
func Share(figure Amount, k, n int64) Amount {
	if k <= 0 {
		return 0
	}
	if k >= n {
		return figure
	}
	// With k < n the quotient is at most the figure, so divide always fits.
	q, rem, _ := divide(magnitude(int64(figure)), uint64(k), uint64(n))
	if figure >= 0 {
		return Amount(q)
	}
	if rem > 0 {
		q++
	}
	return -Amount(q)
}
