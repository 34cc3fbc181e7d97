package rest

import (
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/money"
	"kassa/core/register"
)

// Registers are the routes of tills and their drawers.
type Registers struct{ service *register.Service }

// NewRegisters returns the routes of the service.
func NewRegisters(s *register.Service) Registers { return Registers{s} }

// Routes declares the routes.
func (s Registers) Routes(r *Router) {
	r.Post("/registers", Manager, s.create)
	r.Get("/registers", Cashier, s.list, Paged())
	r.Get("/registers/{id}", Cashier, s.get)
	r.Patch("/registers/{id}", Manager, s.edit)
	r.Get("/registers/{id}/balance", Cashier, s.balance, Query("business_date"))
}

type registerRequest struct {
	Name          string `json:"name" validate:"required" minLength:"1" maxLength:"60" example:"Till 2"`
	OpeningAmount *Int   `json:"opening_amount" minimum:"0" example:"15000"` // cash in the drawer from the start; needs an Idempotency-Key
}

// registerBody is a till.
type registerBody struct {
	ID            id.ID  `json:"id" example:"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a14"`
	Name          string `json:"name" example:"Till 1"`
	Balance       Int    `json:"balance" example:"15000"`
	ClosedThrough *Date  `json:"closed_through"`
	Active        bool   `json:"active" example:"true"`
	Version       Int    `json:"version" example:"1"`
}

func newRegisterBody(s register.Standing) registerBody {
	r := s.Register
	b := registerBody{ID: r.ID(), Name: r.Name(), Balance: Int(s.Balance), Active: r.Active(), Version: Int(r.Version())}
	if d := r.ClosedThrough(); d != 0 {
		closed := Date(d)
		b.ClosedThrough = &closed
	}
	return b
}

// create adds a till.
//
//	@Summary	Add a register
//	@Tags		registers
//	@Security	manager
//	@Param		Idempotency-Key	header		string			false	"needed with an opening amount"
//	@Param		body			body		registerRequest	true	"the register"
//	@Success	201				{object}	registerBody
//	@Header		201				{string}	Location				"the register"
//	@Header		201				{string}	ETag					"its version"
//	@Header		201				{string}	Idempotency-Replayed	"true where this is the first answer again"
//	@Failure	409				{object}	Problem	"`name_taken`"
//	@Failure	422				{object}	Problem	"`name_invalid`, `idempotency_key_reused`"
//	@Router		/registers [post]
func (s Registers) create(c *Call) error {
	var body registerRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	cmd := register.Create{Name: body.Name, OpeningAmount: money.Amount(orEmpty(body.OpeningAmount))}
	if cmd.OpeningAmount != 0 {
		var err error
		if cmd.Key, err = c.IdempotencyKey(); err != nil {
			return err
		}
	}
	r, err := s.service.Create(c.Context(), c.Store(), cmd)
	if err != nil {
		return err
	}
	made, ok := r.Record.Doc.(*register.Opening)
	if !ok {
		return notThis(r.Record, "register")
	}
	if r.Replayed {
		c.Replayed()
	}
	c.SetETag(made.Register.Version())
	return c.Created("/registers/"+string(made.Register.ID()), newRegisterBody(register.Standing{Register: &made.Register, Balance: made.Amount}))
}

// list lists the registers by name.
//
//	@Summary	List registers
//	@Tags		registers
//	@Security	cashier
//	@Param		limit	query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor	query		string	false	"next_cursor of the last page"
//	@Success	200		{object}	Page[registerBody]
//	@Router		/registers [get]
func (s Registers) list(c *Call) error {
	p, err := c.Page()
	if err != nil {
		return err
	}
	l, err := s.service.List(c.Context(), c.Store(), p)
	if err != nil {
		return err
	}
	return List(c, l, newRegisterBody)
}

// get returns a register with the cash in its drawer.
//
//	@Summary	Read a register
//	@Tags		registers
//	@Security	cashier
//	@Param		id	path		string	true	"register"
//	@Success	200	{object}	registerBody
//	@Header		200	{string}	ETag	"its version"
//	@Failure	404	{object}	Problem	"`register_unknown`"
//	@Router		/registers/{id} [get]
func (s Registers) get(c *Call) error {
	i, err := c.ID("id", "register")
	if err != nil {
		return err
	}
	return s.answer(c, i)
}

// answer answers 200 with the register as it is now.
func (s Registers) answer(c *Call, i id.ID) error {
	found, err := s.service.Get(c.Context(), c.Store(), i)
	if err != nil {
		return err
	}
	c.SetETag(found.Register.Version())
	return c.OK(newRegisterBody(found))
}

type registerPatch struct {
	Name   Opt[string] `json:"name" swaggertype:"string" extensions:"!x-nullable" minLength:"1" maxLength:"60" filled:"true" example:"Till at the door"`
	Active Opt[bool]   `json:"active" swaggertype:"boolean" extensions:"!x-nullable" example:"false"` // false: it takes no sales
}

// Check refuses null.
func (p *registerPatch) Check(v *fault.Validation) {
	p.Name.Or(v, "/name", "")
	p.Active.Or(v, "/active", false)
}

// edit changes the name of a register, or takes it in and out of use.
//
//	@Summary	Edit a register
//	@Tags		registers
//	@Security	manager
//	@Param		id			path		string			true	"register"
//	@Param		If-Match	header		string			true	"the ETag that was seen, or *"
//	@Param		body		body		registerPatch	true	"what to change"
//	@Success	200			{object}	registerBody
//	@Header		200			{string}	ETag	"its version"
//	@Failure	404			{object}	Problem	"`register_unknown`"
//	@Failure	409			{object}	Problem	"`name_taken`"
//	@Router		/registers/{id} [patch]
func (s Registers) edit(c *Call) error {
	i, err := c.ID("id", "register")
	if err != nil {
		return err
	}
	version, err := c.IfMatch(current(c, i, s.service.Get, func(found register.Standing) int64 { return found.Register.Version() }))
	if err != nil {
		return err
	}
	var body registerPatch
	if err := c.Decode(&body); err != nil {
		return err
	}
	if _, err := s.service.Edit(c.Context(), c.Store(), register.Edit{ID: i, Version: version, Name: given(body.Name), Active: given(body.Active)}); err != nil {
		return err
	}
	return s.answer(c, i)
}

// given returns the value of a field that is there, or nil.
func given[T any](o Opt[T]) *T {
	if !o.Set {
		return nil
	}
	return &o.Value
}

// balanceBody is the cash in a drawer.
type balanceBody struct {
	Balance      Int  `json:"balance" example:"15000"`
	BusinessDate Date `json:"business_date"`
}

// balance returns the cash in a drawer, now or at the end of a business day.
//
//	@Summary	Cash in a drawer
//	@Tags		registers
//	@Security	cashier
//	@Param		id				path		string	true	"register"
//	@Param		business_date	query		string	false	"at the end of this day; now where it is left out"	Format(date)
//	@Success	200				{object}	balanceBody
//	@Failure	404				{object}	Problem	"`register_unknown`"
//	@Router		/registers/{id}/balance [get]
func (s Registers) balance(c *Call) error {
	i, err := c.ID("id", "register")
	if err != nil {
		return err
	}
	day, err := c.QueryDate("business_date")
	if err != nil {
		return err
	}
	var cash money.Amount
	var of clock.Date
	if cash, of, err = s.service.Balance(c.Context(), c.Store(), i, day); err != nil {
		return err
	}
	return c.OK(balanceBody{Int(cash), Date(of)})
}
