package rest

import (
	"time"

	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/ledger"
	"kassa/core/member"
	"kassa/core/page"
)

// memberTokenHeader carries a member's word that was given with the PIN at the till.
const memberTokenHeader = "Kassa-Member-Token"

// Members serves the customers whom the shop knows.
type Members struct{ service *member.Service }

// NewMembers returns the resource.
func NewMembers(s *member.Service) Members { return Members{s} }

// Routes declares /members.
func (m Members) Routes(r *Router) {
	r.Get("/members", Cashier, m.list, Paged(), Query("query", "email", "phone"))
	r.Post("/members", Cashier, m.register)
	r.Put("/members/session", Cashier, m.prove)
	r.Get("/members/{id}", Cashier, m.get)
	r.Patch("/members/{id}", Cashier, m.edit)
	r.Delete("/members/{id}", Manager, m.delete)
	r.Put("/members/{id}/vip-subscription", Cashier, m.upgrade)
	r.Delete("/members/{id}/vip-subscription", Cashier, m.downgrade)
	r.Get("/members/{id}/points", Cashier, m.points, Paged())
	r.Get("/members/{id}/wallet", Cashier, m.wallet, Paged())
}

// memberBody is a member.
type memberBody struct {
	ID        id.ID   `json:"id" example:"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a12"`
	Name      string  `json:"name" example:"Mia Member"`
	Email     *string `json:"email" example:"mia@example.com"`
	Phone     *string `json:"phone" example:"+49 30 901820"`
	Tier      string  `json:"tier" enums:"regular,vip" example:"regular"`
	Points    Int     `json:"points" example:"899"`
	Wallet    Int     `json:"wallet" example:"5000"` // minor units
	CreatedAt Time    `json:"created_at"`
}

func newMemberBody(m member.Standing) memberBody {
	s := m.Member.Snapshot()
	return memberBody{
		ID: s.ID, Name: s.Name, Email: orNull(s.Email), Phone: orNull(s.Phone), Tier: string(s.Tier), Points: Int(m.Points), Wallet: Int(m.Wallet),
		CreatedAt: Time(s.CreatedAt),
	}
}

// orNull returns nil for an empty text.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// orEmpty returns the value, or the zero value where the field is absent.
func orEmpty[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// list returns the members who are found, by name and id. Each parameter is looked for in any place and letter case, as plain text; a phone
// number by its digits.
//
//	@Summary	List and search members
//	@Tags		members
//	@Security	cashier
//	@Param		query	query		string	false	"part of name, e-mail or phone"
//	@Param		email	query		string	false	"part of the e-mail"
//	@Param		phone	query		string	false	"part of the phone number"
//	@Param		limit	query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor	query		string	false	"next_cursor of the last page"
//	@Success	200		{object}	Page[memberBody]
//	@Router		/members [get]
func (m Members) list(c *Call) error {
	p, err := c.Page()
	if err != nil {
		return err
	}
	q := member.Search{Query: c.Query("query"), Email: c.Query("email"), Phone: c.Query("phone")}
	l, err := m.service.List(c.Context(), c.Store(), q, p)
	if err != nil {
		return err
	}
	return List(c, l, newMemberBody)
}

type memberRequest struct {
	Name  string  `json:"name" validate:"required" minLength:"1" maxLength:"100" example:"Mia Member"`
	Email *string `json:"email" format:"email" maxLength:"254" filled:"true" example:"mia@example.com"`
	Phone *string `json:"phone" maxLength:"40" example:"+49 30 901820"`
	PIN   string  `json:"pin" validate:"required" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$" example:"123456"`
}

// Check refuses missing fields.
func (b *memberRequest) Check(v *fault.Validation) {
	Required(v, "/name", b.Name)
	Required(v, "/pin", b.PIN)
}

// register adds a member. E-mail and phone belong to one member each, whatever the letter case or the way the number is written; the PIN is
// exactly six digits.
//
//	@Summary	Register a member
//	@Tags		members
//	@Security	cashier
//	@Param		body	body		memberRequest	true	"the member"
//	@Success	201		{object}	memberBody
//	@Header		201		{string}	Location	"the member"
//	@Header		201		{string}	ETag		"its version"
//	@Failure	409		{object}	Problem	"`email_taken`, `phone_taken`"
//	@Router		/members [post]
func (m Members) register(c *Call) error {
	var body memberRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	made, err := m.service.Register(c.Context(), c.Store(), member.Register{
		Name: body.Name, Email: orEmpty(body.Email), Phone: orEmpty(body.Phone), PIN: body.PIN,
	})
	if err != nil {
		return err
	}
	c.SetETag(made.Member.Version())
	return c.Created("/members/"+string(made.Member.ID()), newMemberBody(made))
}

// get returns a member.
//
//	@Summary	Get a member
//	@Tags		members
//	@Security	cashier
//	@Param		id	path		string	true	"member"
//	@Success	200	{object}	memberBody
//	@Header		200	{string}	ETag	"its version"
//	@Failure	404	{object}	Problem	"`member_unknown`"
//	@Router		/members/{id} [get]
func (m Members) get(c *Call) error {
	i, err := c.ID("id", "member")
	if err != nil {
		return err
	}
	return m.answer(c)(m.service.Get(c.Context(), c.Store(), i))
}

// answer answers 200 with a member, or passes the error on.
func (m Members) answer(c *Call) func(member.Standing, error) error {
	return func(s member.Standing, err error) error {
		if err != nil {
			return err
		}
		c.SetETag(s.Member.Version())
		return c.OK(newMemberBody(s))
	}
}

type memberPatch struct {
	Name   *string     `json:"name" minLength:"1" maxLength:"100" filled:"true" example:"Mia Member-Meyer"`
	Email  Opt[string] `json:"email" swaggertype:"string" format:"email" maxLength:"254" example:"mia@example.com"`
	Phone  Opt[string] `json:"phone" swaggertype:"string" maxLength:"40" example:"+49 30 901820"`
	PIN    *string     `json:"pin" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$" example:"654321"`
	OldPIN *string     `json:"old_pin" example:"123456"` // needed for a new PIN unless a manager asks
}

// cleared returns the value of a field that is there, nothing for null, and nil where it is absent.
func cleared(o Opt[string]) *string {
	if !o.Set {
		return nil
	}
	return &o.Value
}

// edit changes what the request names; null removes e-mail or phone. A new PIN needs the old one or a manager.
//
//	@Summary	Edit a member
//	@Tags		members
//	@Security	cashier
//	@Param		id			path		string		true	"member"
//	@Param		If-Match	header		string		true	"the ETag that was seen, or *"
//	@Param		body		body		memberPatch	true	"what to change"
//	@Success	200			{object}	memberBody
//	@Header		200			{string}	ETag	"its version"
//	@Failure	403			{object}	Problem	"`old_pin_required`, `pin_wrong`"
//	@Failure	404			{object}	Problem	"`member_unknown`"
//	@Failure	409			{object}	Problem	"`email_taken`, `phone_taken`"
//	@Failure	429			{object}	Problem	"`too_many_attempts`"
//	@Router		/members/{id} [patch]
func (m Members) edit(c *Call) error {
	i, err := c.ID("id", "member")
	if err != nil {
		return err
	}
	version, err := c.IfMatch(current(c, i, m.service.Get, memberVersion))
	if err != nil {
		return err
	}
	var body memberPatch
	if err := c.Decode(&body); err != nil {
		return err
	}
	return m.answer(c)(m.service.Edit(c.Context(), c.Store(), member.Edit{
		ID: i, Version: version, Name: body.Name, Email: cleared(body.Email), Phone: cleared(body.Phone), PIN: body.PIN, OldPIN: body.OldPIN,
		Address: c.IP(),
	}))
}

func memberVersion(s member.Standing) int64 { return s.Member.Version() }

// delete erases what is personal of a member. Bills, points and wallet stay under the id.
//
//	@Summary	Delete a member
//	@Tags		members
//	@Security	manager
//	@Param		id			path	string	true	"member"
//	@Param		If-Match	header	string	true	"the ETag that was seen, or *"
//	@Success	204
//	@Failure	404	{object}	Problem	"`member_unknown`"
//	@Failure	409	{object}	Problem	"`wallet_not_empty` with the balance"
//	@Router		/members/{id} [delete]
func (m Members) delete(c *Call) error {
	i, err := c.ID("id", "member")
	if err != nil {
		return err
	}
	version, err := c.IfMatch(current(c, i, m.service.Get, memberVersion))
	if err != nil {
		return err
	}
	if err := m.service.Delete(c.Context(), c.Store(), member.Delete{ID: i, Version: version}); err != nil {
		return err
	}
	return c.NoContent()
}

type memberSessionRequest struct {
	MemberID *id.ID  `json:"member_id" example:"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a12"`
	Email    *string `json:"email" filled:"true" example:"mia@example.com"`
	Phone    *string `json:"phone" example:"+49 30 901820"`
	PIN      string  `json:"pin" validate:"required" example:"123456"`
}

// Check refuses what cannot be an id.
func (b *memberSessionRequest) Check(v *fault.Validation) { checkID(v, "/member_id", b.MemberID) }

// memberSessionBody is a member's word.
type memberSessionBody struct {
	MemberToken string     `json:"member_token" example:"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl"`
	ExpiresIn   Int        `json:"expires_in" example:"300"` // seconds
	Member      memberBody `json:"member"`
}

// prove checks a member's PIN at the till. The token stands for this member only, for five minutes, until a sale spends it. Name the member by
// one of member_id, email and phone.
//
//	@Summary	Prove a member's PIN
//	@Tags		members
//	@Security	cashier
//	@Param		body	body		memberSessionRequest	true	"who, and the PIN"
//	@Success	200		{object}	memberSessionBody
//	@Failure	401		{object}	Problem	"`login_failed`"
//	@Failure	429		{object}	Problem	"`too_many_attempts`"
//	@Router		/members/session [put]
func (m Members) prove(c *Call) error {
	var body memberSessionRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	s, err := m.service.Prove(c.Context(), c.Store(), member.Prove{
		Member: orEmpty(body.MemberID), Email: orEmpty(body.Email), Phone: orEmpty(body.Phone), PIN: body.PIN, Address: c.IP(),
	})
	if err != nil {
		return err
	}
	return c.OK(memberSessionBody{s.Token, Int(s.ExpiresIn / time.Second), newMemberBody(s.Member)})
}

// upgrade makes the member a VIP. It may be repeated, and points stay.
//
//	@Summary	Make a member a VIP
//	@Tags		members
//	@Security	cashier
//	@Param		id					path		string	true	"member"
//	@Param		Kassa-Member-Token	header		string	true	"of this member"
//	@Success	200					{object}	memberBody
//	@Header		200					{string}	ETag	"its version"
//	@Failure	401					{object}	Problem	"`member_token_invalid`"
//	@Failure	403					{object}	Problem	"`member_token_foreign`"
//	@Router		/members/{id}/vip-subscription [put]
func (m Members) upgrade(c *Call) error {
	i, err := c.ID("id", "member")
	if err != nil {
		return err
	}
	return m.answer(c)(m.service.SetTier(c.Context(), c.Store(), i, member.VIP, c.Header(memberTokenHeader)))
}

// downgrade makes the member a regular one. It may be repeated, and points stay.
//
//	@Summary	End a member's VIP subscription
//	@Tags		members
//	@Security	cashier
//	@Param		id					path	string	true	"member"
//	@Param		Kassa-Member-Token	header	string	true	"of this member"
//	@Success	204
//	@Failure	401	{object}	Problem	"`member_token_invalid`"
//	@Failure	403	{object}	Problem	"`member_token_foreign`"
//	@Router		/members/{id}/vip-subscription [delete]
func (m Members) downgrade(c *Call) error {
	i, err := c.ID("id", "member")
	if err != nil {
		return err
	}
	if _, err := m.service.SetTier(c.Context(), c.Store(), i, member.Regular, c.Header(memberTokenHeader)); err != nil {
		return err
	}
	return c.NoContent()
}

// statementBody is what a member has, and a page of what changed it.
type statementBody struct {
	Balance    Int           `json:"balance" example:"899"`
	Items      []postingBody `json:"items"`
	NextCursor *string       `json:"next_cursor"`
}

// postingBody is one change of a member's points or wallet.
type postingBody struct {
	ID           id.ID  `json:"id" example:"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a13"`
	Kind         string `json:"kind" example:"sale"`
	Amount       Int    `json:"amount" example:"899"` // signed
	BalanceAfter Int    `json:"balance_after" example:"899"`
	BillID       id.ID  `json:"bill_id,omitempty" example:"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a13"`
	CreatedAt    Time   `json:"created_at"`
}

func newPostingBody(p ledger.Posting) postingBody {
	b := postingBody{
		ID: p.Record.ID, Kind: p.Record.Doc.Kind(), Amount: Int(p.Amount), BalanceAfter: Int(p.Balance), CreatedAt: Time(p.Record.At),
	}
	if _, ok := p.Record.Doc.(*cashier.Bill); ok {
		b.BillID = p.Record.ID
	}
	return b
}

// points returns the member's points and what changed them, newest first. They may be below zero, when points were spent that a refund took back.
//
//	@Summary	Points of a member
//	@Tags		members
//	@Security	cashier
//	@Param		id		path		string	true	"member"
//	@Param		limit	query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor	query		string	false	"next_cursor of the last page"
//	@Success	200		{object}	statementBody
//	@Failure	404		{object}	Problem	"`member_unknown`"
//	@Router		/members/{id}/points [get]
func (m Members) points(c *Call) error {
	return m.statement(c, func(i id.ID, p page.Request) (member.Statement, error) {
		return m.service.Points(c.Context(), c.Store(), i, p)
	})
}

// wallet returns what is in the member's wallet and what changed it, newest first.
//
//	@Summary	Wallet of a member
//	@Tags		members
//	@Security	cashier
//	@Param		id		path		string	true	"member"
//	@Param		limit	query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor	query		string	false	"next_cursor of the last page"
//	@Success	200		{object}	statementBody
//	@Failure	404		{object}	Problem	"`member_unknown`"
//	@Router		/members/{id}/wallet [get]
func (m Members) wallet(c *Call) error {
	return m.statement(c, func(i id.ID, p page.Request) (member.Statement, error) {
		return m.service.Wallet(c.Context(), c.Store(), i, p)
	})
}

func (m Members) statement(c *Call, read func(id.ID, page.Request) (member.Statement, error)) error {
	i, err := c.ID("id", "member")
	if err != nil {
		return err
	}
	p, err := c.Page()
	if err != nil {
		return err
	}
	s, err := read(i, p)
	if err != nil {
		return err
	}
	l := NewPage(c, s.History, newPostingBody)
	return Table(c, statementBody{Int(s.Balance), l.Items, l.NextCursor}, l.Items)
}
