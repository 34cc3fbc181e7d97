package measure

import "kassa/core/fault"

// Unit is what a product is sold by. Its zero value is no unit.
type Unit string

// The units.
const (
	Piece    Unit = "piece"
	Kilogram Unit = "kg"
	Litre    Unit = "l"
	Metre    Unit = "m"
)

// ParseUnit returns the unit, or an Invalid fault with code unit_invalid.
func ParseUnit(s string) (Unit, error) {
	switch u := Unit(s); u {
	case Piece, Kilogram, Litre, Metre:
		return u, nil
	}
	return "", unitInvalid()
}

// Check returns nil when q is within the bounds and fits the unit: pieces are whole. Else it returns an Invalid fault
// with code quantity_invalid, or unit_invalid for what is no unit.
func (u Unit) Check(q Quantity) error {
	switch u {
	case Piece:
		if !q.IsWhole() {
			return fault.New(fault.Invalid, "quantity_invalid", "pieces are sold whole, not %s of them", q)
		}
	case Kilogram, Litre, Metre:
	default:
		return unitInvalid()
	}
	return q.Check()
}

func unitInvalid() error {
	return fault.New(fault.Invalid, "unit_invalid", "a unit is one of %s, %s, %s, %s", Piece, Kilogram, Litre, Metre)
}

// Fact returns q as a fault tells it to clients: an integer for whole pieces, else the text of Format.
func (u Unit) Fact(q Quantity) any {
	if u == Piece && q.IsWhole() {
		return q.Whole()
	}
	return q.Format(u)
}
