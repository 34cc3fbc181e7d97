package rest

import (
	"context"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/gofiber/fiber/v2"

	"kassa/adapters/receipt"
	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/measure"
	"kassa/core/store"
)

// Bills are the routes of what was sold.
type Bills struct {
	service *cashier.Service
	stores  store.Repository
}

// NewBills returns the routes of the service; the stores know the name on a receipt.
func NewBills(s *cashier.Service, stores store.Repository) Bills { return Bills{s, stores} }

// Routes declares bills, their receipts, refunds and voids.
func (b Bills) Routes(r *Router) {
	r.Get("/bills", Cashier, b.list, Paged(), Query("from", "to", "register_id", "member_id", "kind", "receipt_number", "client_sale_id", "flag"))
	r.Get("/bills/{id}", Cashier, b.get)
	r.Get("/bills/{id}/receipt", Cashier, b.receipt, Query("width", "columns"))
	r.Post("/bills/{id}/reprints", Cashier, b.reprint, Query("width", "columns"))
	r.Post("/bills/{id}/refunds", Cashier, b.refund)
	r.Post("/bills/{id}/void", Cashier, b.void)
}

// list lists bills, newest first.
//
//	@Summary	List bills
//	@Tags		bills
//	@Security	cashier
//	@Param		from			query		string	false	"first business date"	Format(date)
//	@Param		to				query		string	false	"last business date"	Format(date)
//	@Param		register_id		query		string	false	"register"
//	@Param		member_id		query		string	false	"member"
//	@Param		kind			query		string	false	"kind"	Enums(sale, refund, void)
//	@Param		receipt_number	query		int		false	"receipt number, on any register"	minimum(1)
//	@Param		client_sale_id	query		string	false	"the client's id of the sale"
//	@Param		flag			query		string	false	"noted for review"	Enums(late, price_differs, oversold, member_unknown, cart_paid)
//	@Param		limit			query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor			query		string	false	"next_cursor of the last page"
//	@Success	200				{object}	Page[billBody]
//	@Router		/bills [get]
func (b Bills) list(c *Call) error {
	f, err := billFilter(c)
	if err != nil {
		return err
	}
	p, err := c.Page()
	if err != nil {
		return err
	}
	l, err := b.service.List(c.Context(), c.Store(), f, p)
	if err != nil {
		return err
	}
	return List(c, l, newBillBody)
}

func billFilter(c *Call) (f cashier.Filter, err error) {
	if f.From, f.To, err = c.QueryDates(); err != nil {
		return f, err
	}
	if f.Register, err = c.QueryID("register_id"); err != nil {
		return f, err
	}
	if f.Member, err = c.QueryID("member_id"); err != nil {
		return f, err
	}
	kind, err := c.QueryOne("kind", string(cashier.KindSale), string(cashier.KindRefund), string(cashier.KindVoid))
	if err != nil {
		return f, err
	}
	f.Kind = cashier.Kind(kind)
	if f.ReceiptNumber, err = c.QueryInt("receipt_number", 0); err != nil {
		return f, err
	}
	if f.ReceiptNumber < 0 || f.ReceiptNumber == 0 && c.Query("receipt_number") != "" {
		return f, queryFault("receipt_number", "must be above 0")
	}
	f.ClientSaleID = c.Query("client_sale_id")
	f.Flag, err = c.QueryOne("flag", cashier.FlagLate, cashier.FlagPriceDiffers, cashier.FlagOversold, cashier.FlagMemberUnknown, cashier.FlagCartPaid)
	return f, err
}

// get returns a bill with its present state.
//
//	@Summary	Read a bill
//	@Tags		bills
//	@Security	cashier
//	@Param		id	path		string	true	"bill"
//	@Success	200	{object}	billBody
//	@Failure	404	{object}	Problem	"`bill_unknown`"
//	@Router		/bills/{id} [get]
func (b Bills) get(c *Call) error {
	i, err := c.ID("id", "bill")
	if err != nil {
		return err
	}
	found, err := b.service.Get(c.Context(), c.Store(), i)
	if err != nil {
		return err
	}
	return c.OK(newBillBody(found))
}

// receipt renders a bill for paper or for a screen.
//
//	@Summary	Receipt of a bill
//	@Description	`application/vnd.escpos` is what a receipt printer takes, byte for byte, on code page 858; other characters lose their accents or show as
//	@Description	question marks. There, a sale for cash opens the drawer. Below stand an EAN-13 of the receipt number, and a QR code of the bill's id. The
//	@Description	EAN-13 is 27, a prefix that GS1 leaves to shops, the number in ten digits, and the check digit; it says nothing about the register, and each
//	@Description	has its own numbers: `GET /bills?receipt_number=` with `register_id` finds the bill.
//	@Tags		bills
//	@Security	cashier
//	@Produce	plain
//	@Produce	html
//	@Produce	application/vnd.escpos
//	@Param		id		path		string	true	"bill"
//	@Param		width	query		int		false	"columns of the text"	minimum(32)	maximum(80)	default(48)
//	@Param		columns	query		int		false	"columns of the receipt printer's font A: 32 on 58 mm paper, 48 on 80 mm"	Enums(32, 48)	default(48)
//	@Success	200		{string}	string	"text/plain, also for */*, text/html, or application/vnd.escpos"
//	@Failure	404		{object}	Problem	"`bill_unknown`"
//	@Failure	406		{object}	Problem	"`not_acceptable`"
//	@Router		/bills/{id}/receipt [get]
func (b Bills) receipt(c *Call) error {
	return b.render(c, http.StatusOK, false, b.service.Slip)
}

// reprint renders a receipt that says COPY, and notes that it was printed again. It opens no drawer.
//
//	@Summary	Print a receipt again
//	@Description	The same as the receipt, but a printer opens no drawer.
//	@Tags		bills
//	@Security	cashier
//	@Produce	plain
//	@Produce	html
//	@Produce	application/vnd.escpos
//	@Param		id		path		string	true	"bill"
//	@Param		width	query		int		false	"columns of the text"	minimum(32)	maximum(80)	default(48)
//	@Param		columns	query		int		false	"columns of the receipt printer's font A: 32 on 58 mm paper, 48 on 80 mm"	Enums(32, 48)	default(48)
//	@Success	201		{string}	string	"text/plain, also for */*, text/html, or application/vnd.escpos"
//	@Header		201		{string}	Location	"the receipt"
//	@Failure	404		{object}	Problem	"`bill_unknown`"
//	@Failure	406		{object}	Problem	"`not_acceptable`"
//	@Router		/bills/{id}/reprints [post]
func (b Bills) reprint(c *Call) error {
	return b.render(c, http.StatusCreated, true, b.service.Reprint)
}

// maxWidth is the most columns of a text receipt: A4 paper has room for them.
const maxWidth = 80

func (b Bills) render(c *Call, status int, again bool, slip func(context.Context, id.Store, id.ID) (cashier.Slip, error)) error {
	i, err := c.ID("id", "bill")
	if err != nil {
		return err
	}
	f, err := formOf(c)
	if err != nil {
		return err
	}
	if f.media == "" {
		return notAcceptable(c)
	}
	s, err := slip(c.Context(), c.Store(), i)
	if err != nil {
		return err
	}
	st, err := b.stores.Get(c.Context(), c.Store())
	if err != nil {
		return err
	}
	o := s.Settings.Options()
	paper := &receipt.Receipt{
		Bill: s.Bill, Store: st.Name, Header: o.ReceiptHeader, Footer: o.ReceiptFooter, Register: s.Register.Name(), Cashier: s.Cashier,
		Of: s.Of, Location: s.Settings.Location(), Copy: again,
	}
	if again {
		c.SetHeader(fiber.HeaderLocation, base+"/bills/"+string(i)+"/receipt")
	}
	return f.print(c, status, paper)
}

// form is how a receipt is rendered.
type form struct {
	media          string // "" where the client takes none
	width, columns int64
}

func formOf(c *Call) (f form, err error) {
	f.width, err = c.QueryInt("width", receipt.Wide)
	if err != nil || f.width < receipt.Narrow || f.width > maxWidth {
		return f, queryFault("width", "must be "+strconv.Itoa(receipt.Narrow)+" to "+strconv.Itoa(maxWidth))
	}
	f.columns, err = c.QueryInt("columns", receipt.Wide)
	if err != nil || f.columns != receipt.Narrow && f.columns != receipt.Wide {
		return f, queryFault("columns", "must be "+strconv.Itoa(receipt.Narrow)+" or "+strconv.Itoa(receipt.Wide))
	}
	c.SetHeader(fiber.HeaderVary, fiber.HeaderAccept)
	f.media = c.Accepts(fiber.MIMETextPlain, fiber.MIMETextHTML, receipt.ESCPOSType)
	return f, nil
}

func (f form) print(c *Call, status int, paper *receipt.Receipt) error {
	switch f.media {
	case fiber.MIMETextPlain:
		return c.Bytes(status, fiber.MIMETextPlainCharsetUTF8, []byte(receipt.Text(paper, int(f.width))))
	case receipt.ESCPOSType:
		return c.Bytes(status, receipt.ESCPOSType, receipt.ESCPOS(paper, int(f.columns)))
	}
	page, err := receipt.HTML(paper)
	if err != nil {
		return err
	}
	c.SetHeader(fiber.HeaderContentSecurityPolicy, "default-src 'none'; style-src '"+receipt.StyleHash()+
		"'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'")
	return c.Bytes(status, fiber.MIMETextHTMLCharsetUTF8, page)
}

// notAcceptable answers 406: no fault of the core has to do with media types.
func notAcceptable(c *Call) error {
	b, err := json.Marshal(bare(http.StatusNotAcceptable, "not_acceptable", "a receipt is text/plain, text/html or "+receipt.ESCPOSType, c.RequestID()), answerOptions)
	if err != nil {
		return err
	}
	return c.Bytes(http.StatusNotAcceptable, problemType, b)
}

type refundRequest struct {
	Lines      *[]refundLine   `json:"lines"`                  // omitted: all that is left
	Restock    *bool           `json:"restock" example:"true"` // omitted: the goods go back into stock
	Tenders    []tenderRequest `json:"tenders" maxItems:"20"`  // omitted: the original ones in proportion
	RegisterID *id.ID          `json:"register_id"`            // omitted: the bill's
	Reason     string          `json:"reason" validate:"required" minLength:"1" maxLength:"200" example:"damaged"`
}

type refundLine struct {
	Line     Int           `json:"line" validate:"required" example:"1"`
	Quantity Opt[Quantity] `json:"quantity" validate:"required" swaggertype:"integer" example:"1"`
}

// Check refuses what cannot be turned into a refund. An empty list is no way to ask for everything.
func (r *refundRequest) Check(v *fault.Validation) {
	checkID(v, "/register_id", r.RegisterID)
	if r.Lines != nil && len(*r.Lines) == 0 {
		v.Refuse("/lines", "line_count_invalid", "name a line, or leave this out for all that is left")
	}
	for i, l := range orEmpty(r.Lines) {
		l.Quantity.Required(v, "/lines/"+strconv.Itoa(i)+"/quantity")
	}
	checkTenders(v, r.Tenders)
}

// refund gives back a sale, or a part of it by line and quantity.
//
//	@Summary	Refund a bill
//	@Tags		bills
//	@Security	cashier
//	@Param		id				path		string			true	"bill"
//	@Param		Idempotency-Key	header		string			true	"makes a retry safe"
//	@Param		body			body		refundRequest	true	"what comes back"
//	@Success	201				{object}	billBody
//	@Header		201				{string}	Location				"the bill of the refund"
//	@Header		201				{string}	Idempotency-Replayed	"true where this is the first answer again"
//	@Failure	403				{object}	Problem	"`approval_required`"
//	@Failure	404				{object}	Problem	"`bill_unknown`, `register_unknown`"
//	@Failure	409				{object}	Problem	"`already_voided`, `not_refundable`, `period_closed`, `wallet_closed`"
//	@Failure	422				{object}	Problem	"`refund_exceeds_sold`, `line_unknown`, `tenders_mismatch`, `insufficient_cash`, `idempotency_key_reused`"
//	@Router		/bills/{id}/refunds [post]
func (b Bills) refund(c *Call) error {
	i, err := c.ID("id", "bill")
	if err != nil {
		return err
	}
	k, err := c.IdempotencyKey()
	if err != nil {
		return err
	}
	var body refundRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	cmd := cashier.Refund{
		Key: k, Bill: i, NoRestock: body.Restock != nil && !*body.Restock, Tenders: tendersOf(body.Tenders), Register: orEmpty(body.RegisterID), Reason: body.Reason,
	}
	for _, l := range orEmpty(body.Lines) {
		cmd.Lines = append(cmd.Lines, cashier.Ask{Line: int(l.Line), Quantity: measure.Quantity(l.Quantity.Value)})
	}
	r, err := b.service.Refund(c.Context(), c.Store(), cmd)
	if err != nil {
		return err
	}
	return createdBill(c, r)
}

type voidRequest struct {
	Reason string `json:"reason" validate:"required" minLength:"1" maxLength:"200" example:"wrong customer"`
}

// void undoes a whole sale of today, before its day is closed.
//
//	@Summary	Void a bill
//	@Tags		bills
//	@Security	cashier
//	@Param		id				path		string		true	"bill"
//	@Param		Idempotency-Key	header		string		true	"makes a retry safe"
//	@Param		body			body		voidRequest	true	"why"
//	@Success	201				{object}	billBody
//	@Header		201				{string}	Location				"the bill of the void"
//	@Header		201				{string}	Idempotency-Replayed	"true where this is the first answer again"
//	@Failure	403				{object}	Problem	"`approval_required`"
//	@Failure	404				{object}	Problem	"`bill_unknown`"
//	@Failure	409				{object}	Problem	"`not_voidable`, `already_voided`, `wallet_closed`"
//	@Failure	422				{object}	Problem	"`insufficient_cash`, `idempotency_key_reused`"
//	@Router		/bills/{id}/void [post]
func (b Bills) void(c *Call) error {
	i, err := c.ID("id", "bill")
	if err != nil {
		return err
	}
	k, err := c.IdempotencyKey()
	if err != nil {
		return err
	}
	var body voidRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	r, err := b.service.Void(c.Context(), c.Store(), cashier.Void{Key: k, Bill: i, Reason: body.Reason})
	if err != nil {
		return err
	}
	return createdBill(c, r)
}
