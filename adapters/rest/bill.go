package rest

import (
	"fmt"

	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/journal"
)

// figures are what a bill and a quote have in common. Those of refunds and voids are negative.
type figures struct {
	Kind         string       `json:"kind" enums:"sale,refund,void" example:"sale"`
	OccurredAt   Time         `json:"occurred_at"`
	Flags        []string     `json:"flags" enums:"late,price_differs,oversold,member_unknown,cart_paid"`
	ClientSaleID *string      `json:"client_sale_id" example:"till-1-0042"`
	RegisterID   id.ID        `json:"register_id"`
	CashierID    id.ID        `json:"cashier_id"`
	MemberID     *id.ID       `json:"member_id"`
	BusinessDate Date         `json:"business_date"`
	Currency     string       `json:"currency" example:"EUR"`
	TaxMode      string       `json:"tax_mode" enums:"inclusive,exclusive"`
	Lines        []billLine   `json:"lines"`
	Taxes        []billTax    `json:"taxes"`
	Subtotal     Int          `json:"subtotal" example:"5997"`
	Discount     Int          `json:"discount" example:"900"`
	PointsUsed   Int          `json:"points_used" example:"0"`
	PointsEarned Int          `json:"points_earned" example:"764"`
	Tax          Int          `json:"tax" example:"814"`
	Rounding     Int          `json:"rounding" example:"0"`
	Total        Int          `json:"total" example:"5097"`
	Tenders      []billTender `json:"tenders"`
	Change       Int          `json:"change" example:"903"`
}

// billBody is a sale, a refund or a void. Answers of their own are written by appendBill.
type billBody struct {
	ID id.ID `json:"id" example:"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a11"`
	figures
	RefundOf      *id.ID  `json:"refund_of"`
	ReceiptNumber Int     `json:"receipt_number" example:"42"`
	CreatedAt     Time    `json:"created_at"`
	Reason        *string `json:"reason"`
	State         string  `json:"state" enums:"completed,partially_refunded,refunded,voided"`
	Hash          string  `json:"hash"`
	PreviousHash  string  `json:"previous_hash"`
}

// quoteBody is what a sale would be: a bill without id, number and hash.
type quoteBody struct{ figures }

type billLine struct {
	Line       int      `json:"line" example:"1"`
	ProductID  id.ID    `json:"product_id"`
	Name       string   `json:"name" example:"T-shirt"`
	Unit       string   `json:"unit" enums:"piece,kg,l,m"`
	Quantity   Measured `json:"quantity" example:"3"`
	UnitPrice  Int      `json:"unit_price" example:"1999"`
	TaxRateBP  Int      `json:"tax_rate_bp" example:"1900"`
	Subtotal   Int      `json:"subtotal" example:"5997"`
	Discount   Int      `json:"discount" example:"900"`
	PointsUsed Int      `json:"points_used" example:"0"`
	Tax        Int      `json:"tax" example:"814"`
	Total      Int      `json:"total" example:"5097"`
}

type billTax struct {
	RateBP Int `json:"rate_bp" example:"1900"`
	Base   Int `json:"base" example:"5097"`
	Tax    Int `json:"tax" example:"814"`
}

type billTender struct {
	Kind   string `json:"kind" enums:"cash,card,wallet,other"`
	Label  string `json:"label,omitempty" example:"Voucher"`
	Amount Int    `json:"amount" example:"6000"`
}

func newFigures(b *cashier.Bill) figures {
	f := figures{
		Kind: string(b.Type), OccurredAt: Time(b.OccurredAt), Flags: b.Flags, ClientSaleID: some(b.ClientSaleID), RegisterID: b.Register,
		CashierID: b.Cashier, MemberID: some(b.Member), BusinessDate: Date(b.Day), Currency: string(b.Currency), TaxMode: string(b.TaxMode),
		Lines: make([]billLine, len(b.Lines)), Taxes: make([]billTax, len(b.Taxes)), Tenders: make([]billTender, len(b.Tenders)),
		Subtotal: Int(b.Subtotal), Discount: Int(b.Discount), PointsUsed: Int(b.PointsUsed), PointsEarned: Int(b.PointsEarned), Tax: Int(b.Tax),
		Rounding: Int(b.Rounding), Total: Int(b.Total), Change: Int(b.Change),
	}
	for i := range b.Lines {
		l := &b.Lines[i]
		f.Lines[i] = billLine{
			l.Number, l.ProductID, l.Name, string(l.Unit), Measured{l.Quantity, l.Unit}, Int(l.UnitPrice), Int(l.TaxRate),
			Int(l.Subtotal), Int(l.Discount), Int(l.PointsUsed), Int(l.Tax), Int(l.Total),
		}
	}
	for i, t := range b.Taxes {
		f.Taxes[i] = billTax{Int(t.Rate), Int(t.Base), Int(t.Tax)}
	}
	for i, t := range b.Tenders {
		f.Tenders[i] = billTender{string(t.Kind), t.Label, Int(t.Amount)}
	}
	return f
}

func newBillBody(b cashier.Booked) billBody {
	return billBody{
		ID: b.ID, figures: newFigures(b.Bill), RefundOf: some(b.RefundOf), ReceiptNumber: Int(b.Number), CreatedAt: Time(b.CreatedAt),
		Reason: some(b.Reason), State: string(b.State), Hash: b.Hash.String(), PreviousHash: b.Previous.String(),
	}
}

// some returns nil for what is empty.
func some[T ~string](s T) *T {
	if s == "" {
		return nil
	}
	return &s
}

// notThis is the defect of a record that holds another document than its operation made.
func notThis(r journal.Record, what string) error {
	return fmt.Errorf("record %s holds a %T and not a %s", r.ID, r.Doc, what)
}
