package cashier

import (
	"context"
	"time"

	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/member"
	"kassa/core/money"
	"kassa/core/register"
	"kassa/core/text"
	"kassa/core/user"
	"kassa/core/writer"
)

// MaxBatch is the most sales of one offline batch.
const MaxBatch = 100

const (
	maxReason       = 200 // characters
	maxClientSaleID = 255
)

// earliest is when the first sale may have been made. Before it a terminal's clock has lost its time.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// MemberTokens proves members at the till.
type MemberTokens interface {
	// Verify returns what the token says; Unauthenticated fault member_token_invalid.
	Verify(s id.Store, token string) (member.Word, error)
}

// Service holds the use cases of the till.
type Service struct {
	w         *writer.Writer
	j         journal.Repository
	registers register.Repository
	tokens    MemberTokens
	carts     *CartService
}

// NewService returns the service.
func NewService(w *writer.Writer, j journal.Repository, r register.Repository, t MemberTokens, c *CartService) *Service {
	return &Service{w: w, j: j, registers: r, tokens: t, carts: c}
}

// Booked is a bill as it stands in the journal.
type Booked struct {
	*Bill
	ID        id.ID
	CreatedAt time.Time
	Hash      journal.Hash
	Previous  journal.Hash
	State     State
}

// BookedOf returns the bill of a record as it was when it was made; false when the record is no bill.
func BookedOf(r journal.Record) (Booked, bool) {
	b, ok := r.Doc.(*Bill)
	if !ok {
		return Booked{}, false
	}
	return Booked{Bill: b, ID: r.ID, CreatedAt: r.At, Hash: r.Hash, Previous: r.Previous, State: Completed}, true
}

// Pay books a sale. Faults: register_unknown, product_unknown, member_unknown, register_inactive, insufficient_stock, insufficient_points,
// insufficient_funds, underpaid, overpaid, price_changed with the quote, period_closed, cart_paid, client_sale_id_used,
// idempotency_key_reused, member_token_invalid, member_token_foreign, approval_required, validation_failed.
func (s *Service) Pay(ctx context.Context, st id.Store, c Sale) (writer.Result, error) {
	o := s.operation(st, c)
	if err := c.check(); err != nil {
		if o.proofErr != nil && c.Member != "" && c.PointsUsed >= 0 {
			err = o.proofErr // that the member is there goes before what is wrong with the rest
		}
		return s.w.Refuse(ctx, st, o.Intent(), err)
	}
	r, err := s.w.Do(ctx, st, o)
	s.forget(ctx, st, c.Cart, err)
	return r, err
}

func (s *Service) operation(st id.Store, c Sale) *saleOperation {
	o := &saleOperation{c: c}
	if c.PointsUsed != 0 || usesWallet(c.Tenders) {
		if c.MemberToken == "" {
			o.proofErr = tokenInvalid()
		} else {
			o.proof, o.proofErr = s.tokens.Verify(st, c.MemberToken)
		}
	}
	return o
}

// check refuses what no store could book.
func (c *Sale) check() error {
	var v fault.Validation
	if len(c.Lines) == 0 || len(c.Lines) > MaxLines {
		v.Refuse("/lines", "line_count_invalid", "a sale has 1 to %d lines", MaxLines)
	}
	for i, l := range c.Lines {
		if l.Quantity <= 0 || l.Quantity > MaxQuantity {
			v.Refuse(pointer("/lines", i, "quantity"), "quantity_invalid", "a quantity is above 0 and at most %s", MaxQuantity)
		}
		if l.UnitPrice != nil && (*l.UnitPrice < 0 || *l.UnitPrice > money.MaxPrice) {
			v.Refuse(pointer("/lines", i, "unit_price"), "price_invalid", "a price is 0 to %d minor units", money.MaxPrice)
		}
	}
	if c.PointsUsed < 0 || c.PointsUsed > money.Max {
		v.Refuse("/points_used", "points_invalid", "points are 0 to %d", money.Max)
	}
	if c.PointsUsed > 0 && c.Member == "" {
		v.Refuse("/member_id", "required", "points belong to a member")
	}
	if len(c.Tenders) > MaxTenders {
		v.Refuse("/tenders", "tender_invalid", "a payment has at most %d tenders", MaxTenders)
	}
	for i, t := range c.Tenders {
		v.Refuses(pointer("/tenders", i, ""), t.Check())
		if t.Kind == Wallet && c.Member == "" {
			v.Refuse("/member_id", "required", "a wallet belongs to a member")
		}
		if t.Kind == Wallet && c.Late {
			v.Refuse(pointer("/tenders", i, "kind"), "tender_invalid", "a sale made offline is paid by cash, card or other tenders")
		}
	}
	if e := c.ExpectedTotal; e != nil && (*e < 0 || *e > MaxTotal) {
		v.Refuse("/expected_total", "amount_invalid", "a total is 0 to %d minor units", MaxTotal)
	}
	if c.OccurredAt != nil && c.OccurredAt.Before(earliest) {
		v.Refuse("/occurred_at", "time_invalid", "must be %s or later", earliest.Format(time.DateOnly))
	}
	if len(c.ClientSaleID) > maxClientSaleID || !text.IsLine(c.ClientSaleID) {
		v.Refuse("/client_sale_id", "text_invalid", "at most %d bytes of printable characters", maxClientSaleID)
	}
	return v.Err()
}

// Quote prices a cart and changes nothing. The bill that comes back has no number.
func (s *Service) Quote(ctx context.Context, st id.Store, c Sale) (*Bill, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.ExpectedTotal = nil
	o := &saleOperation{c: c}
	var quote *Bill
	err := s.w.Read(ctx, st, func(v *writer.View) error {
		sc, err := o.survey(v)
		if err != nil {
			return err
		}
		quote, err = o.assemble(v, sc)
		return err
	})
	return quote, err
}

// PayLate books sales that were made offline, each standing or falling alone, in their order. The results are in the order of the commands.
func (s *Service) PayLate(ctx context.Context, st id.Store, cs []Sale) ([]writer.Result, []error) {
	results, errs := make([]writer.Result, len(cs)), make([]error, len(cs))
	var ops []writer.Operation
	var places []int
	for i, c := range cs {
		c.Late = true
		if c.OccurredAt != nil && c.OccurredAt.Before(earliest) {
			c.OccurredAt = nil // a sale is not lost with its terminal's clock: it is booked as of now
		}
		o := s.operation(st, c)
		if err := c.check(); err != nil {
			results[i], errs[i] = s.w.Refuse(ctx, st, o.Intent(), err)
			continue
		}
		ops, places = append(ops, o), append(places, i)
	}
	done, refused := s.w.DoAll(ctx, st, ops)
	for k, i := range places {
		results[i], errs[i] = done[k], refused[k]
		s.forget(ctx, st, cs[i].Cart, errs[i])
	}
	return results, errs
}

// forget drops the parked cart of a sale that was booked. The sale stands, and its key keeps the cart from being paid again, so a cart that
// is left behind is only untidy.
func (s *Service) forget(ctx context.Context, st id.Store, cart id.ID, err error) {
	if cart != "" && err == nil {
		_ = s.carts.drop(ctx, st, cart)
	}
}

// Refund gives back a sale or a part of it. Faults: bill_unknown, not_refundable, already_voided, refund_exceeds_sold, line_unknown,
// tenders_mismatch, wallet_closed, insufficient_cash, insufficient_funds, period_closed, register_unknown, approval_required, idempotency_key_reused,
// validation_failed.
func (s *Service) Refund(ctx context.Context, st id.Store, c Refund) (writer.Result, error) {
	o := &refundOperation{c: c}
	var v fault.Validation
	checkReason(&v, c.Reason)
	for i, l := range c.Lines {
		if l.Quantity <= 0 {
			v.Refuse(pointer("/lines", i, "quantity"), "quantity_invalid", "a quantity is above 0")
		}
	}
	for i, t := range c.Tenders {
		v.Refuses(pointer("/tenders", i, ""), t.Check())
	}
	return s.giveBack(ctx, st, o, v.Err())
}

// Void undoes a whole sale of today. Faults: bill_unknown, already_voided, not_voidable, wallet_closed, insufficient_cash, approval_required,
// idempotency_key_reused, validation_failed.
func (s *Service) Void(ctx context.Context, st id.Store, c Void) (writer.Result, error) {
	o := &voidOperation{c: c}
	var v fault.Validation
	checkReason(&v, c.Reason)
	return s.giveBack(ctx, st, o, v.Err())
}

// giveBack runs the operation unless the command is invalid. That a manager is needed goes before that.
func (s *Service) giveBack(ctx context.Context, st id.Store, o writer.Operation, invalid error) (writer.Result, error) {
	if invalid == nil {
		return s.w.Do(ctx, st, o)
	}
	if audit.From(ctx).Role == string(user.Cashier) {
		invalid = notWithoutManager()
	}
	return s.w.Refuse(ctx, st, o.Intent(), invalid)
}

// Get returns a bill with its present state; bill_unknown.
func (s *Service) Get(ctx context.Context, st id.Store, i id.ID) (Booked, error) {
	var out Booked
	err := s.w.Read(ctx, st, func(v *writer.View) error {
		returns, _ := writer.Get[*Returns](v, ReturnsRef(i))
		r, ok := v.Record(journal.RecordKey(i))
		if !ok {
			return billUnknown(i)
		}
		if out, ok = BookedOf(r); !ok {
			return billUnknown(i)
		}
		out.State = returns.State()
		return nil
	})
	return out, err
}
