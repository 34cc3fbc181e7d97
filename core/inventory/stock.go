package inventory

import (
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/writer"
)

// Stock is how much of a product there is. It may be below zero where the stock policy lets more be sold than there is. Immutable.
type Stock struct {
	product id.ID
	onHand  measure.Quantity
}

// StockRef names a product's stock, and lists the records that moved it.
func StockRef(product id.ID) journal.Ref { return journal.NewRef("stock", string(product)) }

// NewStock returns the stock that a store kept, or an Invalid fault with code quantity_invalid beyond the bounds.
func NewStock(product id.ID, onHand measure.Quantity) (*Stock, error) {
	return &Stock{product: product, onHand: onHand}, onHand.Check()
}

// StockOf returns the product's stock: nothing on hand where none was ever booked.
func StockOf(v *writer.View, product id.ID) *Stock { return stockOf(v, product) }

// Ref implements writer.Value.
func (s *Stock) Ref() journal.Ref { return StockRef(s.product) }

// Walk implements writer.Stored.
func (s *Stock) Walk(c *journal.Codec) {
	journal.Text(c, "product", &s.product)
	journal.Int(c, "on_hand", &s.onHand)
	if c.Reading() {
		if err := s.onHand.Check(); err != nil {
			c.Fail(err)
		}
	}
}

// Product returns whose stock it is.
func (s *Stock) Product() id.ID { return s.product }

// OnHand returns how much there is, in the product's unit.
func (s *Stock) OnHand() measure.Quantity { return s.onHand }

// Move returns the stock after delta came in, or went out where it is negative; an Invalid fault with code quantity_invalid beyond the
// bounds. Whether the stock may fall below zero is the caller's decision.
func (s *Stock) Move(delta measure.Quantity) (*Stock, error) {
	q, err := s.onHand.Add(delta)
	if err != nil {
		return nil, err
	}
	return &Stock{product: s.product, onHand: q}, nil
}

// Find returns the product, also a deleted one: a refund may still name it, a sale may not.
func Find(v *writer.View, i id.ID) (*Product, bool) { return find(v, i) }

// books are what an operation decides on: a writer's view, or the view of a dry run.
type books interface {
	Value(ref journal.Ref) writer.Value
}

func find(b books, i id.ID) (*Product, bool) {
	p, ok := b.Value(ProductRef(i)).(*Product)
	return p, ok
}

func stockOf(b books, product id.ID) *Stock {
	if s, ok := b.Value(StockRef(product)).(*Stock); ok {
		return s
	}
	return &Stock{product: product}
}
