package inventory

import (
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/measure"
)

// MovementKind says why stock moved.
type MovementKind string

// The kinds of movements. Managers book the first four; the others come with what they are part of.
const (
	Receive MovementKind = "receive" // goods came in
	Adjust  MovementKind = "adjust"  // a correction, up or down
	Count   MovementKind = "count"   // the stock is what was counted
	Waste   MovementKind = "waste"   // goods went bad or were lost
	Opening MovementKind = "opening" // the stock of a new product
	Sale    MovementKind = "sale"
	Refund  MovementKind = "refund"
	Void    MovementKind = "void"
)

// ParseMovementKind returns a kind that a manager books, or an Invalid fault with code kind_invalid.
func ParseMovementKind(s string) (MovementKind, error) {
	switch k := MovementKind(s); k {
	case Receive, Adjust, Count, Waste:
		return k, nil
	}
	return "", fault.New(fault.Invalid, "kind_invalid", "a stock movement is one of %s, %s, %s, %s", Receive, Adjust, Count, Waste)
}

// Movement is one change of a product's stock.
type Movement struct {
	Product  id.ID
	Kind     MovementKind
	Unit     measure.Unit     // of the product, then
	Quantity measure.Quantity // as it was given: what came in, went out, or was counted
	Delta    measure.Quantity // what it did to the stock
	Before   measure.Quantity // the stock before; of a bill's movement, known in a History only
	Reason   string
}

// After returns the stock after the movement.
func (m Movement) After() measure.Quantity { return m.Before + m.Delta }

// ofBill reports whether a bill moved the stock.
func (m Movement) ofBill() bool { return m.Kind == Sale || m.Kind == Refund || m.Kind == Void }

// StockMover is a document that moves stock. A bill leaves Before out: a history computes it.
type StockMover interface {
	// StockMovements returns what the document did to the product's stock: one movement, the sum of all lines, or none.
	StockMovements(product id.ID) []Movement
}

func (m *Movement) walk(c *journal.Codec) {
	journal.Text(c, "product", &m.Product)
	journal.Text(c, "kind", &m.Kind)
	journal.Text(c, "unit", &m.Unit)
	journal.Int(c, "quantity", &m.Quantity)
	journal.Int(c, "delta", &m.Delta)
	journal.Int(c, "before", &m.Before)
	journal.Text(c, "reason", &m.Reason)
}

// change returns what the movement does to a stock, and refuses a quantity that the kind does not have.
func (k MovementKind) change(u measure.Unit, before, q measure.Quantity) (measure.Quantity, error) {
	if err := u.Check(q); err != nil {
		return 0, err
	}
	switch k {
	case Receive, Waste:
		if q <= 0 {
			return 0, fault.New(fault.Invalid, "quantity_invalid", "the quantity of %s is above 0", k)
		}
		if k == Waste {
			q = -q
		}
		return q, nil
	case Adjust:
		if q == 0 {
			return 0, fault.New(fault.Invalid, "quantity_invalid", "an adjustment is above or below 0")
		}
		return q, nil
	case Count, Opening:
		if q < 0 {
			return 0, fault.New(fault.Invalid, "quantity_invalid", "a quantity of 0 or more")
		}
		return q.Sub(before)
	case Sale, Refund, Void:
	}
	return 0, fault.New(fault.Invalid, "kind_invalid", "a bill moves stock itself")
}

// book returns the movement of the product's stock and the stock after it. Invalid fault validation_failed for a quantity that the
// kind or the unit does not have.
func book(p *Product, s *Stock, k MovementKind, q measure.Quantity, reason string) (Movement, *Stock, error) {
	delta, err := k.change(p.Unit(), s.onHand, q)
	if err != nil {
		return Movement{}, nil, err
	}
	after, err := s.Move(delta)
	return Movement{Product: p.id, Kind: k, Unit: p.Unit(), Quantity: q, Delta: delta, Before: s.onHand, Reason: reason}, after, err
}
