package rest

import (
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/measure"
)

// stockMovementBody is one change of a product's stock.
type stockMovementBody struct {
	ID        id.ID    `json:"id" example:"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a13"` // of the bill where one moved it
	ProductID id.ID    `json:"product_id"`
	Kind      string   `json:"kind" enums:"receive,adjust,count,waste,opening,sale,refund,void"`
	Unit      string   `json:"unit" enums:"piece,kg,l,m"`
	Quantity  Measured `json:"quantity" swaggertype:"integer" example:"24"` // as it was given
	Before    Measured `json:"before" swaggertype:"integer" example:"12"`
	After     Measured `json:"after" swaggertype:"integer" example:"36"`
	Reason    *string  `json:"reason" example:"delivery 4711"`
	Actor     *id.ID   `json:"actor"` // the user; null: Kassa itself
	CreatedAt Time     `json:"created_at"`
}

func newStockMovementBody(m inventory.Moved) stockMovementBody {
	b := stockMovementBody{
		ID: m.Record.ID, ProductID: m.Product, Kind: string(m.Kind), Unit: string(m.Unit), Quantity: Measured{m.Quantity, m.Unit},
		Before: Measured{m.Before, m.Unit}, After: Measured{m.After(), m.Unit}, Reason: orNull(m.Reason), CreatedAt: Time(m.Record.At),
	}
	if a := m.Record.Actor.ID; a != "" {
		b.Actor = &a
	}
	return b
}

// movements returns what moved a product's stock, newest first: what managers booked, and every bill.
//
//	@Summary	List stock movements
//	@Tags		products
//	@Security	cashier
//	@Param		id		path		string	true	"product"
//	@Param		limit	query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor	query		string	false	"next_cursor of the last page"
//	@Success	200		{object}	Page[stockMovementBody]
//	@Failure	404		{object}	Problem	"`product_unknown`"
//	@Router		/products/{id}/stock-movements [get]
func (p Products) movements(c *Call) error {
	i, err := c.ID("id", "product")
	if err != nil {
		return err
	}
	page, err := c.Page()
	if err != nil {
		return err
	}
	l, err := p.service.History(c.Context(), c.Store(), i, page)
	if err != nil {
		return err
	}
	return List(c, l, newStockMovementBody)
}

type stockMovementRequest struct {
	Kind     string        `json:"kind" validate:"required" enums:"receive,adjust,count,waste" example:"receive"`
	Quantity Opt[Quantity] `json:"quantity" validate:"required" swaggertype:"integer" example:"24"` // receive, waste: above 0; adjust: signed; count: what was counted
	Expected *Quantity     `json:"expected" swaggertype:"integer" example:"12"`                     // of a count: the stock that was shown when it began
	Reason   *string       `json:"reason" maxLength:"500" example:"delivery 4711"`
}

// Check refuses missing fields.
func (b *stockMovementRequest) Check(v *fault.Validation) {
	Required(v, "/kind", b.Kind)
	b.Quantity.Required(v, "/quantity")
}

// move books a stock movement. A count with expected is refused where something was sold in the meantime.
//
//	@Summary	Book a stock movement
//	@Tags		products
//	@Security	manager
//	@Param		id				path		string					true	"product"
//	@Param		Idempotency-Key	header		string					true	"makes the request safe to repeat"
//	@Param		body			body		stockMovementRequest	true	"the movement"
//	@Success	201				{object}	stockMovementBody
//	@Header		201				{string}	Location				"the product's movements"
//	@Header		201				{string}	Idempotency-Replayed	"true where this is the first answer again"
//	@Failure	404				{object}	Problem	"`product_unknown`"
//	@Failure	409				{object}	Problem	"`stock_changed` with expected and actual"
//	@Failure	422				{object}	Problem	"`insufficient_stock` with product_id, requested and available; `idempotency_key_reused`"
//	@Router		/products/{id}/stock-movements [post]
func (p Products) move(c *Call) error {
	i, err := c.ID("id", "product")
	if err != nil {
		return err
	}
	key, err := c.IdempotencyKey()
	if err != nil {
		return err
	}
	var body stockMovementRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	r, err := p.service.Move(c.Context(), c.Store(), inventory.Move{
		Key: key, Product: i, Kind: inventory.MovementKind(body.Kind), Quantity: measure.Quantity(body.Quantity.Value),
		Expected: (*measure.Quantity)(body.Expected), Reason: orEmpty(body.Reason),
	})
	if err != nil {
		return err
	}
	made, ok := r.Record.Doc.(*inventory.Booking)
	if !ok {
		return notThis(r.Record, "stock movement")
	}
	if r.Replayed {
		c.Replayed()
	}
	return c.Created("/products/"+string(i)+"/stock-movements", newStockMovementBody(inventory.Moved{Movement: made.Movement, Record: r.Record}))
}
