package cashier

import (
	"slices"

	"kassa/core/audit"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/member"
	"kassa/core/money"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

// Returns says what came back of a sale so far. Immutable.
type Returns struct {
	bill     id.ID
	done     Returned
	complete bool
	voided   bool
}

// ReturnsRef names the value of a sale.
func ReturnsRef(bill id.ID) journal.Ref { return journal.NewRef("bill", string(bill)) }

// Ref implements writer.Value.
func (r *Returns) Ref() journal.Ref { return ReturnsRef(r.bill) }

// Walk implements writer.Stored.
func (r *Returns) Walk(c *journal.Codec) {
	journal.Text(c, "bill", &r.bill)
	journal.Ints(c, "quantities", &r.done.Quantities)
	journal.Ints(c, "tenders", &r.done.Tenders)
	journal.Flag(c, "complete", &r.complete)
	journal.Flag(c, "voided", &r.voided)
}

// State is what became of a bill.
type State string

// The states of a bill.
const (
	Completed         State = "completed"
	PartiallyRefunded State = "partially_refunded"
	Refunded          State = "refunded"
	Voided            State = "voided"
)

// State returns what became of the sale; r may be nil.
func (r *Returns) State() State {
	switch {
	case r == nil:
		return Completed
	case r.voided:
		return Voided
	case r.complete:
		return Refunded
	}
	return PartiallyRefunded
}

// Refund is the command to give back a sale, or a part of it.
type Refund struct {
	Key       idempotency.Key
	Bill      id.ID
	Lines     []Ask // empty: all that is left
	NoRestock bool
	Tenders   []Tender // positive; empty: the original ones in proportion
	Register  id.ID    // empty: the bill's
	Reason    string
}

type refundOperation struct{ c Refund }

// Intent implements writer.Operation.
func (o *refundOperation) Intent() writer.Intent {
	h := idempotency.NewHasher("refund").Text(string(o.c.Bill)).Int(int64(len(o.c.Lines)))
	for _, l := range o.c.Lines {
		h.Int(int64(l.Line)).Int(int64(l.Quantity))
	}
	h.Text(string(o.c.Register)).Text(o.c.Reason)
	if o.c.NoRestock {
		h.Int(1)
	}
	hashTenders(h, o.c.Tenders)
	return writer.Intent{Request: h.Sum(), Once: []writer.Once{writer.Idempotent(o.c.Key)}, Keys: []journal.Key{journal.RecordKey(o.c.Bill)}}
}

// saleOf returns the bill; bill_unknown.
func saleOf(v *writer.View, i id.ID) (*Bill, error) {
	r, ok := v.Record(journal.RecordKey(i))
	if !ok {
		return nil, billUnknown(i)
	}
	b, ok := r.Doc.(*Bill)
	if !ok {
		return nil, billUnknown(i)
	}
	return b, nil
}

// desk is what giving back sees of the store.
type desk struct {
	sale     *Bill
	returns  *Returns // nil: nothing came back yet
	register *register.Register
	day      clock.Date
	offset   int // of the store's clock, see Bill
}

// mayGiveBack asks for a manager. A cashier is told that an approval would do.
func mayGiveBack(v *writer.View) error {
	err := user.Check(v, true)
	if fault.IsKind(err, fault.Forbidden) {
		return notWithoutManager()
	}
	return err
}

func lookBack(v *writer.View, bill, at id.ID) (desk, error) {
	var d desk
	denied := mayGiveBack(v)
	var err error
	if d.sale, err = saleOf(v, bill); denied != nil {
		return d, denied
	}
	if err != nil {
		return d, err
	}
	if at == "" {
		at = d.sale.Register
	}
	d.returns, _ = writer.Get[*Returns](v, ReturnsRef(bill))
	v.Value(store.SettingsRef)
	v.Value(register.Ref(at))
	for i := range d.sale.Lines {
		v.Value(inventory.StockRef(d.sale.Lines[i].ProductID))
	}
	d.sale.entry().Fetch(v)
	settings, err := store.SettingsOf(v)
	if err != nil {
		return d, err
	}
	if d.register, err = register.Find(v, at); err == nil {
		d.day, d.offset = d.register.Today(settings.Day(v.Now())), offset(v.Now(), settings.Location())
	}
	return d, err
}

// Apply implements writer.Operation.
func (o *refundOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	d, err := lookBack(v, o.c.Bill, o.c.Register)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	if !d.sale.Sold() {
		return journal.Draft{}, nil, notRefundable(d.sale.Type)
	}
	if err := d.register.OpenOn(d.day); err != nil {
		return journal.Draft{}, nil, err
	}
	if d.returns.State() == Voided {
		return journal.Draft{}, nil, alreadyVoided(o.c.Bill)
	}
	var done Returned
	if d.returns != nil {
		done = d.returns.done
	}
	back, done, err := GiveBack(d.sale.Priced, done, o.c.Lines)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	b := &Bill{Type: KindRefund, RefundOf: o.c.Bill, Register: d.register.ID(), Cashier: v.Actor().ID, Member: d.sale.Member, VIP: d.sale.VIP, Day: d.day,
		OccurredAt: v.Now(), UTCOffset: d.offset, Currency: d.sale.Currency, Reason: o.c.Reason, NoRestock: o.c.NoRestock}
	b.Priced = negative(Priced{Lines: back.Lines, Taxes: back.Taxes, Totals: back.Totals, TaxMode: d.sale.TaxMode})
	if b.Tenders, done.Tenders, err = o.tenders(d.sale, back.Total, done.Tenders); err != nil {
		return journal.Draft{}, nil, err
	}
	if err := mayPayInto(v, b); err != nil {
		return journal.Draft{}, nil, err
	}
	b.Back, b.Completes = done, back.Complete
	var values []writer.Value
	if !o.c.NoRestock {
		if values, err = restock(v, b.Lines); err != nil {
			return journal.Draft{}, nil, err
		}
	}
	values = append(values, &Returns{bill: o.c.Bill, done: done, complete: back.Complete})
	return book(v, b, d.register, nil, values, []audit.Fact{{Action: "refund", Entity: "bill", EntityID: o.c.Bill, After: string(v.ID()), Reason: o.c.Reason}})
}

// tenders returns the money given back, negative: as asked, or in proportion to what remains of the sale's tenders.
func (o *refundOperation) tenders(sale *Bill, total money.Amount, done []money.Amount) ([]Tender, []money.Amount, error) {
	given := o.c.Tenders
	if len(given) == 0 {
		spread, after, err := SpreadTenders(total, sale.Tenders, sale.Change, done)
		return negativeTenders(spread), after, err
	}
	cash, other, err := sumTenders(given)
	if err != nil {
		return nil, nil, err
	}
	if sum := cash + other; sum != total {
		return nil, nil, fault.New(fault.Invalid, "tenders_mismatch", "the tenders give back %d and the refund is %d", sum, total).
			With("given", int64(sum)).With("total", int64(total))
	}
	if usesWallet(given) && sale.Member == "" {
		return nil, nil, fault.New(fault.Invalid, "member_missing", "a wallet can be paid into for a member's sale only")
	}
	return negativeTenders(given), spent(sale, given, done), nil
}

// mayPayInto refuses a refund or void that pays into the wallet of a member who is deleted.
func mayPayInto(v *writer.View, b *Bill) error {
	if !usesWallet(b.Tenders) {
		return nil
	}
	if _, err := member.Find(v, b.Member); err != nil {
		return walletClosed(b.Member)
	}
	return nil
}

// spent adds what was given back to the sale's own tenders of the same kind, as far as they reach, so that a later refund in proportion
// goes by what is left of them.
func spent(sale *Bill, given []Tender, done []money.Amount) []money.Amount {
	after, held := make([]money.Amount, len(sale.Tenders)), kept(sale.Tenders, sale.Change)
	copy(after, done)
	for _, g := range given {
		rest := g.Amount
		for i, t := range sale.Tenders {
			if t.Kind == g.Kind && t.Label == g.Label {
				part := min(rest, held[i]-after[i])
				after[i] += part
				rest -= part
			}
		}
	}
	return after
}

func negativeTenders(ts []Tender) []Tender {
	out := slices.Clone(ts)
	for i := range out {
		out[i].Amount = -out[i].Amount
	}
	return out
}

// negative turns every figure round, so that a bill that gives back adds up with the sale to nothing.
func negative(p Priced) Priced {
	p.Lines, p.Taxes = slices.Clone(p.Lines), slices.Clone(p.Taxes)
	for i := range p.Lines {
		l := &p.Lines[i]
		l.Quantity = measure.Quantity(-int64(l.Quantity))
		l.Subtotal, l.Discount, l.PointsUsed, l.Tax, l.Total = -l.Subtotal, -l.Discount, -l.PointsUsed, -l.Tax, -l.Total
	}
	for i := range p.Taxes {
		p.Taxes[i].Base, p.Taxes[i].Tax = -p.Taxes[i].Base, -p.Taxes[i].Tax
	}
	t := p.Totals
	p.Totals = Totals{Subtotal: -t.Subtotal, Discount: -t.Discount, PointsUsed: -t.PointsUsed, PointsEarned: -t.PointsEarned, Tax: -t.Tax, Rounding: -t.Rounding, Total: -t.Total}
	return p
}
