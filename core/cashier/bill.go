// Package cashier sells: it prices carts, books sales, refunds and voids as bills, and answers for them. A bill is one record of the
// journal together with its ledger lines, so that money, points and stock stand or fall with it.
package cashier

import (
	"errors"
	"slices"
	"time"

	"kassa/core/audit"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/money"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/writer"
)

// Kind says what a bill is.
type Kind string

// The kinds of bills.
const (
	KindSale   Kind = "sale"
	KindRefund Kind = "refund" // amounts and quantities are negative
	KindVoid   Kind = "void"   // likewise
)

// What is noted on a bill for review.
const (
	FlagLate          = "late"           // sold while the terminal was offline
	FlagPriceDiffers  = "price_differs"  // sold at another price than the server's, or paid otherwise than it would cost today
	FlagOversold      = "oversold"       // sold beyond the stock
	FlagMemberUnknown = "member_unknown" // sold late to a member who is deleted by now, and who is left out
	FlagCartPaid      = "cart_paid"      // sold late from a cart that another sale paid, and that is left out
)

// Bill is the document of a sale, refund or void. It never changes once recorded.
type Bill struct {
	Type         Kind
	RefundOf     id.ID // the sale that a refund or void gives back
	Number       int64 // receipt number: per register, from 1, without gaps
	Register     id.ID
	Cashier      id.ID
	Member       id.ID
	VIP          bool // the member was one when it was sold
	Day          clock.Date
	OccurredAt   time.Time // when the customer paid; the record time unless the terminal was offline
	SoldAt       time.Time // of a void: when the sale was, which it takes back
	UTCOffset    int       // minutes by which the store's clock was ahead of UTC then
	Currency     money.Currency
	ClientSaleID string
	Cart         id.ID
	Reason       string
	Flags        []string
	NoRestock    bool     // of a refund: the goods did not go back into stock
	Back         Returned // of a refund: what came back of the sale in all, this refund included
	Completes    bool     // of a refund: nothing of the sale is left
	Priced
	Payment
}

// Kind implements journal.Document.
func (b *Bill) Kind() string { return string(b.Type) }

// Sold reports whether the bill is a sale.
func (b *Bill) Sold() bool { return b.Type == KindSale }

// Hour returns the hour of the store's day, 0 to 23, in which the bill was made; of a void that of the sale, where it takes it back.
func (b *Bill) Hour() int {
	at := b.OccurredAt
	if !b.SoldAt.IsZero() {
		at = b.SoldAt
	}
	return at.UTC().Add(time.Duration(b.UTCOffset) * time.Minute).Hour()
}

// offset returns the minutes by which clocks of the location are ahead of UTC at t.
func offset(t time.Time, in *time.Location) int {
	_, seconds := t.In(in).Zone()
	return seconds / 60
}

var errUnbalanced = errors.New("the figures of a bill do not add up")

// flag notes what a person should look at, once.
func (b *Bill) flag(f string) {
	if !slices.Contains(b.Flags, f) {
		b.Flags = append(b.Flags, f)
	}
}

// Check returns an error unless subtotal - discount - points + tax (only if exclusive) + rounding = total = tenders - change.
func (b *Bill) Check() error {
	total := b.Subtotal - b.Discount - b.PointsUsed + b.Rounding
	if b.TaxMode == store.TaxExclusive {
		total += b.Tax
	}
	paid := -b.Change
	for _, t := range b.Tenders {
		paid += t.Amount
	}
	if total != b.Total || paid != b.Total || len(b.Lines) == 0 {
		return errUnbalanced
	}
	return nil
}

// Walk implements journal.Document.
func (b *Bill) Walk(c *journal.Codec) {
	journal.Text(c, "type", &b.Type)
	journal.Text(c, "refund_of", &b.RefundOf)
	journal.Int(c, "number", &b.Number)
	journal.Text(c, "register", &b.Register)
	journal.Text(c, "cashier", &b.Cashier)
	journal.Text(c, "member", &b.Member)
	journal.Flag(c, "vip", &b.VIP)
	journal.Int(c, "day", &b.Day)
	journal.Time(c, "occurred_at", &b.OccurredAt)
	journal.Time(c, "sold_at", &b.SoldAt)
	journal.Int(c, "utc_offset", &b.UTCOffset)
	journal.Text(c, "currency", &b.Currency)
	journal.Text(c, "client_sale_id", &b.ClientSaleID)
	journal.Text(c, "cart", &b.Cart)
	journal.Text(c, "reason", &b.Reason)
	journal.Texts(c, "flags", &b.Flags)
	journal.Flag(c, "no_restock", &b.NoRestock)
	journal.Ints(c, "back_quantities", &b.Back.Quantities)
	journal.Ints(c, "back_tenders", &b.Back.Tenders)
	journal.Flag(c, "completes", &b.Completes)
	journal.Text(c, "tax_mode", &b.TaxMode)
	journal.Objects(c, "lines", &b.Lines, walkLine)
	journal.Objects(c, "taxes", &b.Taxes, walkTax)
	walkTotals(c, &b.Totals)
	journal.Objects(c, "tenders", &b.Tenders, walkTender)
	journal.Int(c, "change", &b.Change)
	if c.Reading() && c.Err() == nil {
		if err := b.Check(); err != nil {
			c.Fail(err)
		}
		for i := range b.Lines {
			b.Lines[i].Number = max(b.Lines[i].Number, i+1)
		}
	}
}

func walkLine(c *journal.Codec, l *Line) {
	journal.Int(c, "line", &l.Number)
	journal.Text(c, "product", &l.ProductID)
	journal.Text(c, "name", &l.Name)
	journal.Text(c, "unit", &l.Unit)
	journal.Int(c, "quantity", &l.Quantity)
	journal.Int(c, "unit_price", &l.UnitPrice)
	journal.Int(c, "tax_rate_bp", &l.TaxRate)
	journal.Int(c, "subtotal", &l.Subtotal)
	journal.Int(c, "discount", &l.Discount)
	journal.Int(c, "points_used", &l.PointsUsed)
	journal.Int(c, "tax", &l.Tax)
	journal.Int(c, "total", &l.Total)
}

func walkTax(c *journal.Codec, t *TaxTotal) {
	journal.Int(c, "rate_bp", &t.Rate)
	journal.Int(c, "base", &t.Base)
	journal.Int(c, "tax", &t.Tax)
}

func walkTotals(c *journal.Codec, t *Totals) {
	journal.Int(c, "subtotal", &t.Subtotal)
	journal.Int(c, "discount", &t.Discount)
	journal.Int(c, "points_used", &t.PointsUsed)
	journal.Int(c, "points_earned", &t.PointsEarned)
	journal.Int(c, "tax", &t.Tax)
	journal.Int(c, "rounding", &t.Rounding)
	journal.Int(c, "total", &t.Total)
}

func walkTender(c *journal.Codec, t *Tender) {
	journal.Text(c, "kind", &t.Kind)
	journal.Text(c, "label", &t.Label)
	journal.Int(c, "amount", &t.Amount)
}

// entry returns the bill's ledger entry. Refunds and voids have negative figures, so that theirs is the sale's the other way round.
func (b *Bill) entry() *ledger.Entry {
	e, unit := &ledger.Entry{}, string(b.Currency)
	e.Debit(ledger.DrawerOf(b.Register), unit, b.Cash())
	for _, t := range b.Tenders {
		switch t.Kind {
		case Cash:
		case Wallet:
			e.Debit(ledger.WalletOf(b.Member), unit, t.Amount)
		case Card, Other:
			e.Debit(clearing(t), unit, t.Amount)
		}
	}
	e.Debit(ledger.NewID(ledger.Discount, "vip"), unit, b.Discount)
	e.Debit(ledger.NewID(ledger.Discount, "points"), unit, b.PointsUsed)
	revenue := b.Subtotal
	if b.TaxMode == store.TaxInclusive {
		revenue -= b.Tax
	}
	e.Credit(ledger.NewID(ledger.Revenue, ""), unit, revenue)
	for _, t := range b.Taxes {
		e.Credit(ledger.TaxOf(t.Rate), unit, t.Tax)
	}
	e.Credit(ledger.NewID(ledger.Rounding, ""), unit, b.Rounding)
	if b.Member != "" {
		points := b.PointsEarned - b.PointsUsed
		e.Credit(ledger.PointsOf(b.Member), ledger.PointsUnit, points)
		e.Debit(ledger.NewID(ledger.PointsIssued, ""), ledger.PointsUnit, points)
	}
	return e
}

func clearing(t Tender) ledger.ID {
	if t.Label == "" {
		return ledger.NewID(ledger.Clearing, string(t.Kind))
	}
	return ledger.NewID(ledger.Clearing, string(t.Kind)+":"+t.Label)
}

// BillsRef lists every bill, by business day.
const BillsRef journal.Ref = "@bills"

// FlagRef lists the bills with a flag.
func FlagRef(flag string) journal.Ref { return journal.NewRef("flag", flag) }

// KindRef lists the refunds, or the voids.
func KindRef(k Kind) journal.Ref { return journal.NewRef("bills", string(k)) }

// SaleKey holds a client's sale id once.
func SaleKey(clientSaleID string) journal.Key { return journal.NewKey("sale", clientSaleID) }

// refs lists what the bill can be found by.
func (b *Bill) refs() []journal.Ref {
	rs := make([]journal.Ref, 0, len(b.Lines)+4)
	rs = append(rs, BillsRef, register.Ref(b.Register))
	if b.Member != "" {
		rs = append(rs, journal.NewRef("member", string(b.Member)))
	}
	if !b.Sold() {
		rs = append(rs, KindRef(b.Type))
	}
	for _, f := range b.Flags {
		rs = append(rs, FlagRef(f))
	}
	for i := range b.Lines {
		if ref := inventory.StockRef(b.Lines[i].ProductID); !slices.Contains(rs, ref) {
			rs = append(rs, ref)
		}
	}
	return rs
}

// book numbers the bill and returns its draft with all that it changes. values are the changed stocks and what else the caller changed.
func book(v *writer.View, b *Bill, r *register.Register, keys []journal.Key, values []writer.Value, facts []audit.Fact) (journal.Draft, []writer.Value, error) {
	after, err := r.On(b.Day).Booked(b.Total)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	b.Number = after.LastReceipt()
	day, dayErr := register.AddToDay(v, r.ID(), b.Day, b.Cash(), 1)
	lines, accounts, err := b.entry().Post(v)
	if err != nil {
		return journal.Draft{}, nil, drawerEmpty(err, r)
	}
	if dayErr != nil {
		return journal.Draft{}, nil, dayErr
	}
	if err := b.Check(); err != nil {
		return journal.Draft{}, nil, err
	}
	values = append(values, after, day)
	return journal.Draft{
		Day: b.Day, Chain: r.Chain(), Keys: append(keys, register.ReceiptKey(r.ID(), b.Number)), Refs: b.refs(), Lines: lines, Facts: facts, Doc: b,
	}, append(values, accounts...), nil
}
