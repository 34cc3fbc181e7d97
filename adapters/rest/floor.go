package rest

import (
	"time"

	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/store"
	"kassa/core/writer"
)

// NewFloor returns the route that kassa bench measures HTTP alone with: it reads a payment as a sale does, keeps nothing, and answers with a
// bill as long as a sale's. It is served only with KASSA_BENCH set, and is no part of the API.
func NewFloor() Resource { return floor{} }

type floor struct{}

// Routes declares the route.
func (f floor) Routes(r *Router) { r.Post("/bench/floor", Cashier, f.answer) }

const (
	floorID    id.ID        = "00000000-0000-7000-8000-000000000000"
	floorPrice money.Amount = 1999
)

func (floor) answer(c *Call) error {
	k, err := c.IdempotencyKey()
	if err != nil {
		return err
	}
	var body paymentRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	s := body.sale(k, "")
	items := make([]cashier.Item, len(s.Lines))
	for i, l := range s.Lines {
		items[i] = cashier.Item{ProductID: l.Product, Name: "Product of the bench", Unit: measure.Piece, Quantity: l.Quantity, UnitPrice: floorPrice}
	}
	b := &cashier.Bill{Type: cashier.KindSale, Number: 1, Register: s.Register, Cashier: c.User(), OccurredAt: time.Unix(0, 0), Currency: "EUR"}
	if b.Priced, err = cashier.Price(items, cashier.Terms{TaxMode: store.TaxInclusive}); err != nil {
		return err
	}
	if b.Priced, b.Payment, err = b.Settle(s.Tenders, 0, 0); err != nil {
		return err
	}
	return createdBill(c, writer.Result{Record: journal.Record{ID: floorID, At: b.OccurredAt, Draft: journal.Draft{Doc: b}}})
}
