package rest

import (
	"strconv"

	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/measure"
)

// Carts are the routes of parked carts.
type Carts struct{ service *cashier.CartService }

// NewCarts returns the routes of the service.
func NewCarts(s *cashier.CartService) Carts { return Carts{s} }

// Routes declares the routes.
func (s Carts) Routes(r *Router) {
	r.Post("/carts", Cashier, s.park)
	r.Get("/carts", Cashier, s.list, Paged())
	r.Get("/carts/{id}", Cashier, s.get)
	r.Put("/carts/{id}", Cashier, s.change)
	r.Delete("/carts/{id}", Cashier, s.discard)
}

type cartRequest struct {
	Name       *string    `json:"name" maxLength:"100" example:"Mrs Miller"`
	RegisterID *id.ID     `json:"register_id"`
	MemberID   *id.ID     `json:"member_id"`
	Lines      []cartLine `json:"lines" validate:"required" maxItems:"500"`
}

type cartLine struct {
	ProductID id.ID         `json:"product_id" validate:"required" example:"691c3f80d25e7b0a4f8c31a8"` // the example is one of the demo's
	Quantity  Opt[Quantity] `json:"quantity" validate:"required" swaggertype:"integer" example:"3"`
}

// Check refuses what cannot be turned into a cart.
func (r *cartRequest) Check(v *fault.Validation) {
	checkID(v, "/register_id", r.RegisterID)
	checkID(v, "/member_id", r.MemberID)
	if r.Lines == nil {
		v.Refuse("/lines", "required", "is required")
	}
	for i := range r.Lines {
		at := "/lines/" + strconv.Itoa(i)
		requireID(v, at+"/product_id", r.Lines[i].ProductID)
		r.Lines[i].Quantity.Required(v, at+"/quantity")
	}
}

func (r *cartRequest) cart() cashier.Cart {
	c := cashier.Cart{Name: orEmpty(r.Name), Register: orEmpty(r.RegisterID), Member: orEmpty(r.MemberID), Lines: make([]cashier.CartLine, len(r.Lines))}
	for i, l := range r.Lines {
		c.Lines[i] = cashier.CartLine{Product: l.ProductID, Quantity: measure.Quantity(l.Quantity.Value)}
	}
	return c
}

// cartBody is a parked cart.
type cartBody struct {
	ID         id.ID          `json:"id"`
	Name       *string        `json:"name" example:"Mrs Miller"`
	RegisterID *id.ID         `json:"register_id"`
	MemberID   *id.ID         `json:"member_id"`
	Lines      []cartLineBody `json:"lines"`
	Version    Int            `json:"version" example:"1"`
	CreatedBy  id.ID          `json:"created_by"`
	UpdatedAt  Time           `json:"updated_at"`
}

// cartLineBody shows a quantity as it may be sent: a whole one as an integer, whatever the product's unit.
type cartLineBody struct {
	ProductID id.ID    `json:"product_id"`
	Quantity  Measured `json:"quantity" example:"3"`
}

func newCartBody(c cashier.Cart) cartBody {
	b := cartBody{
		ID: c.ID, Name: some(c.Name), RegisterID: some(c.Register), MemberID: some(c.Member), Lines: make([]cartLineBody, len(c.Lines)),
		Version: Int(c.Version), CreatedBy: c.CreatedBy, UpdatedAt: Time(c.UpdatedAt),
	}
	for i, l := range c.Lines {
		b.Lines[i] = cartLineBody{l.Product, Measured{l.Quantity, measure.Piece}}
	}
	return b
}

// park keeps a cart, so that it can be gone on with on any terminal. Nothing is reserved; prices are looked up when it is paid.
//
//	@Summary	Park a cart
//	@Tags		carts
//	@Security	cashier
//	@Param		body	body		cartRequest	true	"the cart"
//	@Success	201		{object}	cartBody
//	@Header		201		{string}	Location	"the cart"
//	@Header		201		{string}	ETag		"its version"
//	@Failure	404		{object}	Problem		"`register_unknown`, `product_unknown`, `member_unknown`"
//	@Failure	409		{object}	Problem		"`too_many_carts`"
//	@Router		/carts [post]
func (s Carts) park(c *Call) error {
	var body cartRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	cart := body.cart()
	cart.CreatedBy = c.User()
	cart, err := s.service.Park(c.Context(), c.Store(), cart)
	if err != nil {
		return err
	}
	c.SetETag(cart.Version)
	return c.Created("/carts/"+string(cart.ID), newCartBody(cart))
}

// list lists the parked carts, last changed first.
//
//	@Summary	List carts
//	@Tags		carts
//	@Security	cashier
//	@Param		limit	query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor	query		string	false	"next_cursor of the last page"
//	@Success	200		{object}	Page[cartBody]
//	@Router		/carts [get]
func (s Carts) list(c *Call) error {
	p, err := c.Page()
	if err != nil {
		return err
	}
	l, err := s.service.List(c.Context(), c.Store(), p)
	if err != nil {
		return err
	}
	return List(c, l, newCartBody)
}

// get returns a parked cart.
//
//	@Summary	Read a cart
//	@Tags		carts
//	@Security	cashier
//	@Param		id	path		string	true	"cart"
//	@Success	200	{object}	cartBody
//	@Header		200	{string}	ETag	"its version"
//	@Failure	404	{object}	Problem	"`cart_unknown`"
//	@Failure	409	{object}	Problem	"`cart_paid`"
//	@Router		/carts/{id} [get]
func (s Carts) get(c *Call) error {
	i, err := c.ID("id", "cart")
	if err != nil {
		return err
	}
	return s.answer(c)(s.service.Get(c.Context(), c.Store(), i))
}

// answer answers 200 with a cart, or passes the error on.
func (s Carts) answer(c *Call) func(cashier.Cart, error) error {
	return func(cart cashier.Cart, err error) error {
		if err != nil {
			return err
		}
		c.SetETag(cart.Version)
		return c.OK(newCartBody(cart))
	}
}

// change replaces what is in a cart.
//
//	@Summary	Replace a cart
//	@Tags		carts
//	@Security	cashier
//	@Param		id			path		string		true	"cart"
//	@Param		If-Match	header		string		true	"the ETag that was seen, or *"
//	@Param		body		body		cartRequest	true	"all of the cart"
//	@Success	200			{object}	cartBody
//	@Header		200			{string}	ETag	"its version"
//	@Failure	404			{object}	Problem	"`cart_unknown`, `register_unknown`, `product_unknown`, `member_unknown`"
//	@Failure	409			{object}	Problem	"`cart_paid`"
//	@Router		/carts/{id} [put]
func (s Carts) change(c *Call) error {
	i, err := c.ID("id", "cart")
	if err != nil {
		return err
	}
	version, err := c.IfMatch(current(c, i, s.service.Get, func(found cashier.Cart) int64 { return found.Version }))
	if err != nil {
		return err
	}
	var body cartRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	cart := body.cart()
	cart.ID, cart.Version = i, version
	return s.answer(c)(s.service.Change(c.Context(), c.Store(), cart))
}

// discard removes a cart.
//
//	@Summary	Discard a cart
//	@Tags		carts
//	@Security	cashier
//	@Param		id			path	string	true	"cart"
//	@Param		If-Match	header	string	true	"the ETag that was seen, or *"
//	@Success	204
//	@Failure	404	{object}	Problem	"`cart_unknown`"
//	@Router		/carts/{id} [delete]
func (s Carts) discard(c *Call) error {
	i, err := c.ID("id", "cart")
	if err != nil {
		return err
	}
	version, err := c.IfMatch(current(c, i, s.service.Get, func(found cashier.Cart) int64 { return found.Version }))
	if err != nil {
		return err
	}
	if err := s.service.Discard(c.Context(), c.Store(), i, version); err != nil {
		return err
	}
	return c.NoContent()
}
