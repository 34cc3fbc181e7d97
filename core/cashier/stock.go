package cashier

import (
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/measure"
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
