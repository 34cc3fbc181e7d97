package cashier

import (
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/measure"
	"kassa/core/writer"
)

// StockMovements implements inventory.StockMover: what the bill's lines of the product did to its stock.
func (b *Bill) StockMovements(product id.ID) []inventory.Movement {
	if b.NoRestock {
		return nil
	}
	var unit measure.Unit
	var sold measure.Quantity
	for i := range b.Lines {
		if l := &b.Lines[i]; l.ProductID == product {
			unit, sold = l.Unit, sold+l.Quantity
		}
	}
	if sold == 0 {
		return nil
	}
	kind, quantity := inventory.Sale, sold
	switch b.Type {
	case KindRefund:
		kind, quantity = inventory.Refund, -sold
	case KindVoid:
		kind, quantity = inventory.Void, -sold
	case KindSale:
	}
	return []inventory.Movement{{Product: product, Kind: kind, Unit: unit, Quantity: quantity, Delta: -sold, Reason: b.Reason}}
}

// move is what a bill takes of a product, all lines together.
type move struct {
	product  id.ID
	quantity measure.Quantity
	line     int // the first one, from 0
}

func quantities(lines []Line) []move {
	moves := make([]move, 0, len(lines))
next:
	for i := range lines {
		for j := range moves {
			if moves[j].product == lines[i].ProductID {
				moves[j].quantity += lines[i].Quantity
				continue next
			}
		}
		moves = append(moves, move{lines[i].ProductID, lines[i].Quantity, i})
	}
	return moves
}

// restock puts back what the negative lines of a bill gave back.
func restock(v *writer.View, lines []Line) ([]writer.Value, error) {
	var values []writer.Value
	for _, m := range quantities(lines) {
		after, err := inventory.StockOf(v, m.product).Move(-m.quantity)
		if err != nil {
			return nil, err
		}
		values = append(values, after)
	}
	return values, nil
}
