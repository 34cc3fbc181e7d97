// Package measure holds units and quantities: whole pieces, or kilograms, litres and metres with three decimals.
package measure

import (
	"strconv"
	"strings"

	"kassa/core/fault"
	"kassa/core/money"
)

// Quantity is a number of units in thousandths: 0.750 kg is 750, two pieces are 2000. Its bounds are -Max and Max.
type Quantity int64

const (
	// One is the quantity 1.
	One Quantity = 1000
	// Max is the largest magnitude of a Quantity: 2^53 - 1 thousandths.
	Max Quantity = 1<<53 - 1
	// places is the number of decimals of a quantity.
	places = 3
	// maxLength bounds what ParseQuantity reads, in bytes.
	maxLength = 24
)

// ParseQuantity reads -?(0|[1-9][0-9]*)(\.[0-9]{1,3})? exactly, or returns an Invalid fault with code quantity_invalid.
func ParseQuantity(s string) (Quantity, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, decimals, point := strings.Cut(digits, ".")
	switch {
	case len(s) > maxLength, !isDigits(whole), len(whole) > 1 && whole[0] == '0', point && !isDigits(decimals), len(decimals) > places:
		return 0, fault.New(fault.Invalid, "quantity_invalid", "a quantity is a decimal number with at most %d decimals such as 0.750", places)
	}
	v, err := strconv.ParseInt(whole+decimals+strings.Repeat("0", places-len(decimals)), 10, 64)
	if err != nil {
		return 0, outOfRange().Wrap(err)
	}
	q := Quantity(v)
	if negative {
		q = -q
	}
	if err := q.Check(); err != nil {
		return 0, err
	}
	return q, nil
}

// Check returns an Invalid fault with code quantity_invalid when q lies beyond the bounds.
func (q Quantity) Check() error {
	if q < -Max || q > Max {
		return outOfRange()
	}
	return nil
}

// Add returns q + r, or an Invalid fault with code quantity_invalid when q, r or the result lies beyond the bounds.
func (q Quantity) Add(r Quantity) (Quantity, error) {
	if q.Check() != nil || r.Check() != nil || (q+r).Check() != nil {
		return 0, outOfRange()
	}
	return q + r, nil
}

// Sub returns q - r, or an Invalid fault with code quantity_invalid when q, r or the result lies beyond the bounds.
func (q Quantity) Sub(r Quantity) (Quantity, error) {
	if q.Check() != nil || r.Check() != nil || (q-r).Check() != nil {
		return 0, outOfRange()
	}
	return q - r, nil
}

// Extend returns price x q, half-up to the minor unit (mirrored for a negative q), or an Invalid fault with code
// amount_out_of_range.
func (q Quantity) Extend(price money.Amount) (money.Amount, error) {
	return money.MulDiv(price, int64(q), int64(One))
}

// IsWhole reports whether q has no decimals.
func (q Quantity) IsWhole() bool { return q%One == 0 }

// Whole returns the whole units in q, decimals cut off.
func (q Quantity) Whole() int64 { return int64(q / One) }

// String returns the shortest decimal: "0.75", "2", "-1.5".
func (q Quantity) String() string {
	s := q.fixed()
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// Format returns q as the API shows it in the unit: an integer for whole pieces, else with all three decimals ("0.750").
func (q Quantity) Format(u Unit) string {
	if u == Piece && q.IsWhole() {
		return strconv.FormatInt(q.Whole(), 10)
	}
	return q.fixed()
}

// fixed returns q with all three decimals.
func (q Quantity) fixed() string {
	digits := strconv.FormatInt(int64(q), 10)
	digits, negative := strings.CutPrefix(digits, "-")
	if short := places + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	point := len(digits) - places
	s := digits[:point] + "." + digits[point:]
	if negative {
		return "-" + s
	}
	return s
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func outOfRange() *fault.Error {
	return fault.New(fault.Invalid, "quantity_invalid", "a quantity lies beyond %s", Max)
}
