package cashier

import (
	"cmp"
	"slices"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/store"
)

// MaxLines is the most lines of a cart or bill.
const MaxLines = 500

// MaxTotal is the most that a line or a bill amounts to.
const MaxTotal = money.MaxPrice

// MaxQuantity is the most that a line sells: ten million units. Stock may fall below zero, and a few sales must not take it to its bounds.
const MaxQuantity = 10_000_000 * measure.One

// usualLines is the number of lines up to which pricing needs no memory but its result.
const usualLines = 16

// Item is one line of a cart with what the server knows of its product.
type Item struct {
	ProductID id.ID
	Name      string
	Unit      measure.Unit
	Quantity  measure.Quantity // above 0, whole for pieces
	UnitPrice money.Amount     // for one unit, 0 or more; contains the tax when it is inclusive
	TaxRate   money.Rate
}

// Terms are the conditions that a cart is priced under.
type Terms struct {
	TaxMode       store.TaxMode
	Discount      money.Rate   // of the subtotal, at most 100 %; 0 for who is no VIP
	PointsOffered money.Amount // 0 or more; only what is payable is used
	PointsBalance money.Amount // of the member; below 0 when refunds took back points already spent
}

// Line is a priced item.
type Line struct {
	Number int // from 1
	Item
	Subtotal   money.Amount // unit price x quantity
	Discount   money.Amount
	PointsUsed money.Amount
	Tax        money.Amount
	Total      money.Amount // subtotal - discount - points (+ tax if exclusive)
}

// net is what the line costs before tax on top, and its part of the tax base.
func (l Line) net() money.Amount { return l.Subtotal - l.Discount - l.PointsUsed }

// total is the line's total by the rule of the tax mode.
func (l Line) total(m store.TaxMode) money.Amount {
	if m == store.TaxExclusive {
		return l.net() + l.Tax
	}
	return l.net()
}

// TaxTotal is the tax of one rate.
type TaxTotal struct {
	Rate money.Rate
	Base money.Amount // sum of subtotal - discount - points of the rate's lines; contains the tax if inclusive
	Tax  money.Amount
}

// Totals are the sums of a bill. Always: Subtotal - Discount - PointsUsed + Tax (only if exclusive) + Rounding = Total.
type Totals struct {
	Subtotal     money.Amount
	Discount     money.Amount
	PointsUsed   money.Amount
	PointsEarned money.Amount // of the member, known once settled
	Tax          money.Amount
	Rounding     money.Amount // of cash, known once settled; may be below 0
	Total        money.Amount
}

// Priced is a cart with its figures, every one of them within the bounds of money.Amount.
type Priced struct {
	Lines []Line
	Taxes []TaxTotal // one for each rate among the lines, highest rate first
	Totals
	TaxMode store.TaxMode
}

// Price computes the figures of a cart by the rules of calculation. It changes nothing and keeps nothing of its arguments.
// Items of the same product stay lines of their own. Faults, all Invalid:
//   - line_count_invalid for no items or more than MaxLines
//   - quantity_invalid, unit_invalid, price_invalid, rate_invalid for an item, with the fact line
//   - tax_mode_invalid, rate_invalid, points_invalid for the terms
//   - insufficient_points with requested and available, when the points that are payable exceed the balance
//   - amount_out_of_range for a line or a sum beyond MaxTotal
func Price(items []Item, t Terms) (Priced, error) {
	if len(items) == 0 || len(items) > MaxLines {
		return Priced{}, fault.New(fault.Invalid, "line_count_invalid", "a cart has 1 to %d lines", MaxLines)
	}
	if err := t.check(); err != nil {
		return Priced{}, err
	}
	var buffer [usualLines]money.Amount
	scratch := buffer[:]
	if len(items) > usualLines {
		scratch = make([]money.Amount, len(items))
	}
	scratch = scratch[:len(items)]
	p := Priced{Lines: make([]Line, len(items)), TaxMode: t.TaxMode}
	if err := p.extend(items); err != nil {
		return Priced{}, err
	}
	if err := p.discount(t.Discount, scratch); err != nil {
		return Priced{}, err
	}
	if err := p.redeem(t.PointsOffered, t.PointsBalance, scratch); err != nil {
		return Priced{}, err
	}
	if err := p.tax(scratch); err != nil {
		return Priced{}, err
	}
	p.sum()
	return p, bounded(p.Total)
}

// check refuses terms that no cart can be priced under.
func (t Terms) check() error {
	if _, err := store.ParseTaxMode(string(t.TaxMode)); err != nil {
		return err
	}
	if t.Discount < 0 || t.Discount > 10_000 {
		return fault.New(fault.Invalid, "rate_invalid", "a discount is 0 to 10000 basis points")
	}
	if t.PointsOffered < 0 || t.PointsOffered.Check() != nil || t.PointsBalance.Check() != nil {
		return fault.New(fault.Invalid, "points_invalid", "points are offered from 0 to %d", int64(money.Max))
	}
	return nil
}

// check refuses an item that cannot be sold.
func (i *Item) check() error {
	if err := i.Unit.Check(i.Quantity); err != nil {
		return err
	}
	if i.Quantity <= 0 {
		return fault.New(fault.Invalid, "quantity_invalid", "a quantity is above 0")
	}
	if i.UnitPrice < 0 || i.UnitPrice > money.MaxPrice {
		return fault.New(fault.Invalid, "price_invalid", "a price is 0 to %d minor units", int64(money.MaxPrice))
	}
	return i.TaxRate.Check()
}

// extend makes the lines with their subtotals.
func (p *Priced) extend(items []Item) error {
	for i := range items {
		item, line := &items[i], &p.Lines[i]
		if err := item.check(); err != nil {
			return atLine(err, i+1)
		}
		subtotal, err := item.Quantity.Extend(item.UnitPrice)
		if err == nil {
			err = bounded(subtotal)
		}
		if err != nil {
			return atLine(err, i+1)
		}
		line.Number, line.Item, line.Subtotal = i+1, *item, subtotal
		p.Subtotal += subtotal // of MaxLines lines within MaxTotal, far below money.Max
	}
	return bounded(p.Subtotal)
}

func bounded(a money.Amount) error {
	if a < 0 || a > MaxTotal {
		return fault.New(fault.Invalid, "amount_out_of_range", "a line and a bill amount to %d minor units at most", int64(MaxTotal))
	}
	return nil
}

// discount takes the rate of the subtotal and spreads it over the lines by their subtotals.
func (p *Priced) discount(r money.Rate, scratch []money.Amount) error {
	var err error
	if p.Discount, err = r.Of(p.Subtotal); err != nil || p.Discount == 0 {
		return err
	}
	for i := range p.Lines {
		scratch[i] = p.Lines[i].Subtotal
	}
	if err = money.AllocateInto(scratch, p.Discount, scratch); err != nil {
		return err
	}
	for i := range p.Lines {
		p.Lines[i].Discount = scratch[i]
	}
	return nil
}

// redeem uses the points that are payable and spreads them over the lines by what each costs after the discount: by the
// subtotals a line could get more points than it costs.
func (p *Priced) redeem(offered, balance money.Amount, scratch []money.Amount) error {
	used := min(offered, p.Subtotal-p.Discount)
	if used == 0 {
		return nil
	}
	if used > balance {
		return fault.New(fault.Invalid, "insufficient_points", "%d points are needed and %d are there", int64(used), int64(max(balance, 0))).
			With("requested", int64(used)).With("available", int64(max(balance, 0)))
	}
	p.PointsUsed = used
	for i := range p.Lines {
		scratch[i] = p.Lines[i].net()
	}
	if err := money.AllocateInto(scratch, used, scratch); err != nil {
		return err
	}
	for i := range p.Lines {
		p.Lines[i].PointsUsed = scratch[i]
	}
	return nil
}

// tax computes the tax once per rate and spreads it over the rate's lines by their part of the base.
func (p *Priced) tax(scratch []money.Amount) error {
	p.Taxes = taxBases(p.Lines)
	for i := range p.Taxes {
		t := &p.Taxes[i]
		of := t.Rate.Within
		if p.TaxMode == store.TaxExclusive {
			of = t.Rate.Of
		}
		var err error
		if t.Tax, err = of(t.Base); err != nil {
			return err
		}
		if p.Tax, err = p.Tax.Add(t.Tax); err != nil {
			return err
		}
		if err = p.spreadTax(*t, scratch[:0]); err != nil {
			return err
		}
	}
	return nil
}

// spreadTax gives the lines of the rate their part of its tax; weights is empty and has room for all lines.
func (p *Priced) spreadTax(t TaxTotal, weights []money.Amount) error {
	if t.Tax == 0 {
		return nil
	}
	for i := range p.Lines {
		if p.Lines[i].TaxRate == t.Rate {
			weights = append(weights, p.Lines[i].net())
		}
	}
	if err := money.AllocateInto(weights, t.Tax, weights); err != nil {
		return err
	}
	next := 0
	for i := range p.Lines {
		if p.Lines[i].TaxRate == t.Rate {
			p.Lines[i].Tax = weights[next]
			next++
		}
	}
	return nil
}

// sum computes the totals of the lines and of the cart.
func (p *Priced) sum() {
	for i := range p.Lines {
		line := &p.Lines[i]
		line.Total = line.total(p.TaxMode)
		p.Total += line.Total
	}
}

// taxBases returns one TaxTotal for each rate among the lines, highest rate first, with its base and the sum of the taxes
// that the lines have so far. Carts have few rates, so a scan is faster than a map.
func taxBases(lines []Line) []TaxTotal {
	taxes := make([]TaxTotal, 0, min(len(lines), 4))
	for i := range lines {
		line := &lines[i]
		at := slices.IndexFunc(taxes, func(t TaxTotal) bool { return t.Rate == line.TaxRate })
		if at < 0 {
			at = len(taxes)
			taxes = append(taxes, TaxTotal{Rate: line.TaxRate})
		}
		taxes[at].Base += line.net()
		taxes[at].Tax += line.Tax
	}
	slices.SortFunc(taxes, func(a, b TaxTotal) int { return cmp.Compare(b.Rate, a.Rate) })
	return taxes
}

// atLine adds the line's number to a fault.
func atLine(err error, number int) error {
	if f, ok := fault.As(err); ok {
		return f.With("line", number)
	}
	return err
}
