package rest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/writer"
)

// Payments are the routes that sell.
type Payments struct{ service *cashier.Service }

// NewPayments returns the routes of the service.
func NewPayments(s *cashier.Service) Payments { return Payments{s} }

// The bounds of the offline batch: a hundred sales of five hundred lines each.
const (
	batchLimit   = 8 << 20
	batchTimeout = 30 * time.Second
)

// Routes declares quote, payments and the offline batch, and how a refusal shows the quote it carries.
func (p Payments) Routes(r *Router) {
	Fact(r, func(b *cashier.Bill) any { return quoteBody{newFigures(b)} })
	r.Post("/cashier/quote", Cashier, p.quote)
	r.Post("/cashier/payments", Cashier, p.pay)
	r.Post("/cashier/payments/batch", Cashier, p.batch, Body(batchLimit), Timeout(batchTimeout))
}

type paymentRequest struct {
	RegisterID    id.ID           `json:"register_id" validate:"required" example:"id-from-GET-registers"`
	ClientSaleID  *string         `json:"client_sale_id" maxLength:"255" example:"till-1-0042"` // unique per store for ever
	OccurredAt    *Time           `json:"occurred_at"`
	Lines         []paymentLine   `json:"lines" validate:"required" minItems:"1" maxItems:"500"`
	CartID        *id.ID          `json:"cart_id"` // a parked cart is paid once; one that was discarded hinders no sale: what is sold are the lines
	MemberID      *id.ID          `json:"member_id"`
	PointsUsed    *Int            `json:"points_used" example:"0"`                                           // needs a member token
	Tenders       []tenderRequest `json:"tenders" maxItems:"20"`                                             // omitted: exact cash
	ExpectedTotal *Int            `json:"expected_total" minimum:"0" maximum:"1000000000000" example:"5097"` // what the customer was told
}

type paymentLine struct {
	ProductID id.ID         `json:"product_id" validate:"required" example:"691c3f80d25e7b0a4f8c31a8"` // the example is one of the demo's
	Quantity  Opt[Quantity] `json:"quantity" validate:"required" swaggertype:"integer" example:"3"`    // a whole number, or a decimal in a string such as "0.750"; whole for pieces; at most 10,000,000
	UnitPrice *Int          `json:"unit_price" minimum:"0" maximum:"1000000000000" example:"1999"`     // only in the batch or by a manager
}

type tenderRequest struct {
	Kind   string   `json:"kind" validate:"required" enums:"cash,card,wallet,other"`
	Label  *string  `json:"label" maxLength:"40" example:"Voucher"` // of the kind other
	Amount Opt[Int] `json:"amount" validate:"required" example:"6000"`
}

// Check refuses what cannot be turned into a sale. What is no sale the service refuses, after it has looked for a known key.
func (p *paymentRequest) Check(v *fault.Validation) {
	requireID(v, "/register_id", p.RegisterID)
	checkID(v, "/cart_id", p.CartID)
	checkID(v, "/member_id", p.MemberID)
	for i := range p.Lines {
		l := &p.Lines[i]
		if at := "/lines/" + strconv.Itoa(i); l.ProductID == "" || !l.Quantity.Set || l.Quantity.Null || !isID(l.ProductID) {
			requireID(v, at+"/product_id", l.ProductID)
			l.Quantity.Required(v, at+"/quantity")
		}
	}
	checkTenders(v, p.Tenders)
}

func checkTenders(v *fault.Validation, ts []tenderRequest) {
	for i := range ts {
		ts[i].Amount.Required(v, "/tenders/"+strconv.Itoa(i)+"/amount")
	}
}

// isID reports whether the text can be an id. What cannot is not looked up.
func isID(i id.ID) bool {
	_, err := id.Parse(string(i))
	return err == nil
}

// checkID refuses an id that cannot be one, such as an empty text; an absent one is fine.
func checkID(v *fault.Validation, pointer string, i *id.ID) {
	if i != nil {
		_, err := id.Parse(string(*i))
		v.Refuses(pointer, err)
	}
}

// requireID refuses an id that is missing or cannot be one.
func requireID(v *fault.Validation, pointer string, i id.ID) {
	if Required(v, pointer, string(i)); i != "" {
		checkID(v, pointer, &i)
	}
}

// sale returns the command of the request.
func (p *paymentRequest) sale(k idempotency.Key, memberToken string) cashier.Sale {
	s := cashier.Sale{
		Key: k, Register: p.RegisterID, ClientSaleID: orEmpty(p.ClientSaleID), Cart: orEmpty(p.CartID), Member: orEmpty(p.MemberID),
		PointsUsed: money.Amount(orEmpty(p.PointsUsed)), MemberToken: memberToken, Lines: make([]cashier.SaleLine, len(p.Lines)),
		Tenders: tendersOf(p.Tenders), ExpectedTotal: amountOf(p.ExpectedTotal), OccurredAt: (*time.Time)(p.OccurredAt),
	}
	for i := range p.Lines {
		l := &p.Lines[i]
		s.Lines[i] = cashier.SaleLine{Product: l.ProductID, Quantity: measure.Quantity(l.Quantity.Value), UnitPrice: amountOf(l.UnitPrice)}
	}
	return s
}

func tendersOf(ts []tenderRequest) []cashier.Tender {
	if len(ts) == 0 {
		return nil
	}
	out := make([]cashier.Tender, len(ts))
	for i, t := range ts {
		out[i] = cashier.Tender{Kind: cashier.TenderKind(t.Kind), Label: orEmpty(t.Label), Amount: money.Amount(t.Amount.Value)}
	}
	return out
}

func amountOf(n *Int) *money.Amount {
	if n == nil {
		return nil
	}
	a := money.Amount(*n)
	return &a
}

// quote prices a cart and changes nothing.
//
//	@Summary	Price a cart
//	@Tags		cashier
//	@Security	cashier
//	@Param		body	body		paymentRequest	true	"the sale; no token is needed for points"
//	@Success	200		{object}	quoteBody
//	@Failure	404		{object}	Problem	"`register_unknown`, `product_unknown`, `member_unknown`"
//	@Failure	422		{object}	Problem	"`insufficient_points`, `underpaid`, `overpaid`"
//	@Router		/cashier/quote [post]
func (p Payments) quote(c *Call) error {
	var body paymentRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	b, err := p.service.Quote(c.Context(), c.Store(), body.sale("", ""))
	if err != nil {
		return err
	}
	return c.OK(quoteBody{newFigures(b)})
}

// pay sells. The sale, its ledger entry, points, stock and receipt number are one record: all of it happens or nothing.
//
//	@Summary	Sell
//	@Tags		cashier
//	@Security	cashier
//	@Param		Idempotency-Key		header		string			true	"makes a retry safe"
//	@Param		Kassa-Member-Token	header		string			false	"where points or the wallet are spent"
//	@Param		body				body		paymentRequest	true	"the sale"
//	@Success	201					{object}	billBody
//	@Header		201					{string}	Location				"the bill"
//	@Header		201					{string}	Idempotency-Replayed	"true where this is the first answer again"
//	@Failure	401					{object}	Problem	"`member_token_invalid`"
//	@Failure	403					{object}	Problem	"`member_token_foreign`, `approval_required`"
//	@Failure	404					{object}	Problem	"`register_unknown`, `product_unknown`, `member_unknown`"
//	@Failure	409					{object}	Problem	"`price_changed` with the quote, `period_closed`, `cart_paid`, `client_sale_id_used`, `register_inactive`"
//	@Failure	422					{object}	Problem	"`insufficient_stock`, `insufficient_points`, `insufficient_funds`, `underpaid`, `overpaid`, `idempotency_key_reused`"
//	@Router		/cashier/payments [post]
func (p Payments) pay(c *Call) error {
	k, err := c.IdempotencyKey()
	if err != nil {
		return err
	}
	var body paymentRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	r, err := p.service.Pay(c.Context(), c.Store(), body.sale(k, c.Header(memberTokenHeader)))
	if err != nil {
		return err
	}
	return createdBill(c, r)
}

// batchRequest is what a terminal sold while it was offline, as the document shows it; unreadBatch is how it is read.
type batchRequest struct {
	Items []batchItem `json:"items" validate:"required" minItems:"1" maxItems:"100"`
}

var _ batchRequest

type batchItem struct {
	paymentRequest
	IdempotencyKey string `json:"idempotency_key" validate:"required" maxLength:"255" example:"till-1-0042"`
}

// unreadBatch is a batchRequest whose items are read one by one, so that what is wrong with one refuses that one only.
type unreadBatch struct {
	Items []jsontext.Value `json:"items"`
}

// Check bounds the batch.
func (b *unreadBatch) Check(v *fault.Validation) {
	if len(b.Items) < 1 || len(b.Items) > cashier.MaxBatch {
		v.Refuse("/items", "item_count_invalid", "a batch has 1 to %d sales", cashier.MaxBatch)
	}
}

// batchBody is the outcome of each sale, in the order of the request.
type batchBody struct {
	Items []batchResult `json:"items"`
}

type batchResult struct {
	Status   int       `json:"status" example:"201"`
	Replayed bool      `json:"replayed,omitzero"` // booked before; this is the first answer again
	Bill     *billBody `json:"bill,omitempty"`
	Problem  *Problem  `json:"problem,omitempty"`
}

// batch books sales that were made offline, each by itself, in any order and however often they are sent. They have happened, so they are booked
// with what was paid and refused only where they are malformed: not for what changed since, be it a price, a member's tier, a tax or the rounding
// (then `rounding` has the difference and the flag is `price_differs`), not for missing stock (`oversold`), a closed day, a deleted member, who is
// then left out (`member_unknown`), or a cart that another sale paid (`cart_paid`). Where cash leaves open what was paid, `expected_total` says what
// the terminal charged.
//
//	@Summary	Book offline sales
//	@Tags		cashier
//	@Security	cashier
//	@Param		body	body		batchRequest	true	"the sales"
//	@Success	200		{object}	batchBody
//	@Router		/cashier/payments/batch [post]
func (p Payments) batch(c *Call) error {
	var body unreadBatch
	if err := c.Decode(&body); err != nil {
		return err
	}
	results := make([]batchResult, len(body.Items))
	var sales []cashier.Sale
	var places []int
	for i, item := range body.Items {
		s, err := lateSale(item)
		if err != nil {
			results[i] = refusedSale(c, err)
			continue
		}
		sales, places = append(sales, s), append(places, i)
	}
	booked, errs := p.service.PayLate(c.Context(), c.Store(), sales)
	for i, at := range places {
		if errs[i] != nil {
			results[at] = refusedSale(c, errs[i])
			continue
		}
		results[at] = bookedSale(c, booked[i])
	}
	return c.OK(batchBody{results})
}

// lateSale reads one sale of a batch.
func lateSale(item jsontext.Value) (cashier.Sale, error) {
	var dto batchItem
	if err := decode(item, &dto); err != nil {
		return cashier.Sale{}, err
	}
	k, err := idempotency.ParseKey(dto.IdempotencyKey)
	if err != nil {
		return cashier.Sale{}, err
	}
	return dto.sale(k, ""), nil
}

func refusedSale(c *Call, err error) batchResult {
	p := c.Problem(err)
	return batchResult{Status: p.Status, Problem: &p}
}

func bookedSale(c *Call, r writer.Result) batchResult {
	b, ok := cashier.BookedOf(r.Record)
	if !ok {
		return refusedSale(c, notThis(r.Record, "bill"))
	}
	d := newBillBody(b)
	return batchResult{Status: http.StatusCreated, Replayed: r.Replayed, Bill: &d}
}
