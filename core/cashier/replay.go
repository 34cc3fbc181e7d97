package cashier

import (
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/register"
	"kassa/core/writer"
)

// Replay implements writer.Replayer.
func (b *Bill) Replay(_ journal.Record, books *writer.Books) error {
	if !b.NoRestock {
		for _, m := range quantities(b.Lines) {
			stock, ok := writer.Find[*inventory.Stock](books, inventory.StockRef(m.product))
			if !ok {
				var err error
				if stock, err = inventory.NewStock(m.product, 0); err != nil {
					return err
				}
			}
			after, err := stock.Move(-m.quantity)
			if err != nil {
				return err
			}
			books.Put(after)
		}
	}
	if err := register.ReplayBill(books, b.Register, b.Number, b.Day, b.Cash(), b.Total); err != nil {
		return err
	}
	switch b.Type {
	case KindVoid:
		books.Put(&Returns{bill: b.RefundOf, voided: true, complete: true})
	case KindRefund:
		books.Put(&Returns{bill: b.RefundOf, done: b.Back, complete: b.Completes})
	case KindSale:
	}
	return nil
}
