package rest

import (
	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/money"
)

// TopUps is the route that puts money into a wallet at the till.
type TopUps struct{ service *cashier.Service }

// NewTopUps returns the route of the service.
func NewTopUps(s *cashier.Service) TopUps { return TopUps{s} }

// Routes declares the route.
func (t TopUps) Routes(r *Router) {
	r.Post("/members/{id}/wallet/top-ups", Cashier, t.topUp)
}

type topUpRequest struct {
	RegisterID id.ID    `json:"register_id" validate:"required" example:"id-from-GET-registers"`
	Amount     Opt[Int] `json:"amount" validate:"required" minimum:"1" maximum:"1000000000000" example:"2000"`
	Tender     string   `json:"tender" validate:"required" enums:"cash,card" example:"cash"`
}

// Check refuses what cannot be turned into a top-up.
func (t *topUpRequest) Check(v *fault.Validation) {
	requireID(v, "/register_id", t.RegisterID)
	t.Amount.Required(v, "/amount")
}

// topUpBody is what is in the wallet after a top-up, and the top-up.
type topUpBody struct {
	Balance Int         `json:"balance" example:"2000"`
	Item    postingBody `json:"item"`
}

// topUp puts money into a member's wallet.
//
//	@Summary	Top up a wallet
//	@Tags		members
//	@Security	cashier
//	@Param		id				path		string			true	"member"
//	@Param		Idempotency-Key	header		string			true	"makes a retry safe"
//	@Param		body			body		topUpRequest	true	"how much, and how it is paid"
//	@Success	201				{object}	topUpBody
//	@Header		201				{string}	Location				"the wallet"
//	@Header		201				{string}	Idempotency-Replayed	"true where this is the first answer again"
//	@Failure	404				{object}	Problem	"`member_unknown`, `register_unknown`"
//	@Failure	409				{object}	Problem	"`period_closed`, `register_inactive`"
//	@Failure	422				{object}	Problem	"`idempotency_key_reused`, `amount_out_of_range`"
//	@Router		/members/{id}/wallet/top-ups [post]
func (t TopUps) topUp(c *Call) error {
	i, err := c.ID("id", "member")
	if err != nil {
		return err
	}
	k, err := c.IdempotencyKey()
	if err != nil {
		return err
	}
	var body topUpRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	r, err := t.service.TopUp(c.Context(), c.Store(), cashier.TopUp{
		Key: k, Register: body.RegisterID, Member: i, Amount: money.Amount(body.Amount.Value), Tender: cashier.TenderKind(body.Tender),
	})
	if err != nil {
		return err
	}
	made, balance, ok := cashier.TopUpOf(r.Record)
	if !ok {
		return notThis(r.Record, "top-up")
	}
	if r.Replayed {
		c.Replayed()
	}
	return c.Created("/members/"+string(made.Member)+"/wallet", topUpBody{Int(balance), postingBody{
		ID: r.Record.ID, Kind: made.Kind(), Amount: Int(made.Amount), BalanceAfter: Int(balance), CreatedAt: Time(r.Record.At),
	}})
}
