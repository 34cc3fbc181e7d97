package report

import (
	"cmp"
	"slices"

	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/money"
)

// Count is a number of sales, less those that were voided, and the money of all bills. Refunds lower the money on their own day, and count as no sale.
type Count struct {
	Sales int64
	Total money.Amount
}

func (n *Count) add(m Count) {
	n.Sales += m.Sales
	n.Total += m.Total
}

// Tender is what was paid in one way, less change and what was given back. A sale that is paid by two tenders of one way counts once.
type Tender struct {
	Kind  cashier.TenderKind
	Label string
	Count
}

// Register is what a register sold.
type Register struct {
	ID id.ID
	Count
}

// Tax is what was sold at one rate. Base is that of the bills; Total contains the tax.
type Tax struct {
	Rate             money.Rate
	Base, Tax, Total money.Amount
}

// Tier says who bought.
type Tier int

// The tiers.
const (
	Others  Tier = iota // no member
	Regular             // a member
	VIP                 // a member who was a VIP at the sale
	tiers
)

// Sums are the figures of some bills. Voids take back their sales, also in Sales; refunds lower the amounts.
type Sums struct {
	Sales, Refunds                                               int64
	Pieces                                                       measure.Quantity // of what is sold by the piece, less what came back
	Subtotal, Discount, PointsUsed, Earned, Tax, Rounding, Total money.Amount
	Tenders                                                      []Tender   // by kind and label
	Registers                                                    []Register // by id
	Taxes                                                        []Tax      // highest rate first
	Hours                                                        [24]Count  // of the store's day
	Tiers                                                        [tiers]Count
}

// Average returns the total for each sale, half-up; 0 without sales.
func (s *Sums) Average() money.Amount {
	if s.Sales < 1 {
		return 0
	}
	average, err := money.MulDiv(s.Total, 1, s.Sales)
	if err != nil {
		return 0
	}
	return average
}

// place returns the row of a sorted list that compares as equal, made by fresh where there is none.
func place[T any](rows *[]T, compare func(*T) int, fresh T) *T {
	i, found := slices.BinarySearchFunc(*rows, 0, func(row T, _ int) int { return compare(&row) })
	if !found {
		*rows = slices.Insert(*rows, i, fresh)
	}
	return &(*rows)[i]
}

func (s *Sums) tender(k cashier.TenderKind, label string) *Tender {
	return place(&s.Tenders, func(t *Tender) int { return cmp.Or(cmp.Compare(t.Kind, k), cmp.Compare(t.Label, label)) }, Tender{Kind: k, Label: label})
}

func (s *Sums) register(i id.ID) *Register {
	return place(&s.Registers, func(r *Register) int { return cmp.Compare(r.ID, i) }, Register{ID: i})
}

func (s *Sums) tax(rate money.Rate) *Tax {
	return place(&s.Taxes, func(t *Tax) int { return cmp.Compare(rate, t.Rate) }, Tax{Rate: rate})
}

func (s *Sums) add(o *Sums) {
	s.Sales += o.Sales
	s.Refunds += o.Refunds
	s.Pieces += o.Pieces
	s.Subtotal += o.Subtotal
	s.Discount += o.Discount
	s.PointsUsed += o.PointsUsed
	s.Earned += o.Earned
	s.Tax += o.Tax
	s.Rounding += o.Rounding
	s.Total += o.Total
	for _, t := range o.Tenders {
		s.tender(t.Kind, t.Label).add(t.Count)
	}
	for _, r := range o.Registers {
		s.register(r.ID).add(r.Count)
	}
	for _, t := range o.Taxes {
		s.tax(t.Rate).add(t)
	}
	for i := range s.Hours {
		s.Hours[i].add(o.Hours[i])
	}
	for i := range s.Tiers {
		s.Tiers[i].add(o.Tiers[i])
	}
}

func (t *Tax) add(o Tax) {
	t.Base += o.Base
	t.Tax += o.Tax
	t.Total += o.Total
}

// Product is what was sold of a product. Quantity is without what was voided; Refunded is what came back; the amounts are less that.
type Product struct {
	ID              id.ID
	Name            string // as last sold
	Unit            measure.Unit
	At              int64 // which bill the name is of: a later one's is larger, and any sale's larger than a refund's
	Quantity        measure.Quantity
	Refunded        measure.Quantity
	Discount, Total money.Amount
}

func (p *Product) add(o *Product) {
	p.Quantity += o.Quantity
	p.Refunded += o.Refunded
	p.Discount += o.Discount
	p.Total += o.Total
	if p.At == 0 || o.At > p.At {
		p.Name, p.Unit, p.At = o.Name, o.Unit, o.At
	}
}

func (p *Product) rank() rank { return rank{int64(p.Total), p.ID} }

func (p *Product) empty() bool {
	return p.Quantity == 0 && p.Refunded == 0 && p.Discount == 0 && p.Total == 0
}

// Member is what a member bought, and the points earned by it less those taken back.
type Member struct {
	ID id.ID
	Count
	Earned, Used money.Amount
}

func (m *Member) add(o *Member) {
	m.Count.add(o.Count)
	m.Earned += o.Earned
	m.Used += o.Used
}

func (m *Member) rank() rank { return rank{int64(m.Total), m.ID} }

func (m *Member) empty() bool { return m.Count == Count{} && m.Earned == 0 && m.Used == 0 }

func walkCount(c *journal.Codec, n *Count) {
	journal.Int(c, "n", &n.Sales)
	journal.Int(c, "t", &n.Total)
}

func (s *Sums) walk(c *journal.Codec) {
	journal.Int(c, "sales", &s.Sales)
	journal.Int(c, "refunds", &s.Refunds)
	journal.Int(c, "pieces", &s.Pieces)
	journal.Int(c, "subtotal", &s.Subtotal)
	journal.Int(c, "discount", &s.Discount)
	journal.Int(c, "points_used", &s.PointsUsed)
	journal.Int(c, "earned", &s.Earned)
	journal.Int(c, "tax", &s.Tax)
	journal.Int(c, "rounding", &s.Rounding)
	journal.Int(c, "total", &s.Total)
	journal.Objects(c, "tenders", &s.Tenders, func(c *journal.Codec, t *Tender) {
		journal.Text(c, "kind", &t.Kind)
		journal.Text(c, "label", &t.Label)
		walkCount(c, &t.Count)
	})
	journal.Objects(c, "registers", &s.Registers, func(c *journal.Codec, r *Register) {
		journal.Text(c, "id", &r.ID)
		walkCount(c, &r.Count)
	})
	journal.Objects(c, "taxes", &s.Taxes, func(c *journal.Codec, t *Tax) {
		journal.Int(c, "rate_bp", &t.Rate)
		journal.Int(c, "base", &t.Base)
		journal.Int(c, "tax", &t.Tax)
		journal.Int(c, "total", &t.Total)
	})
	walkCounts(c, "hours", s.Hours[:])
	walkCounts(c, "tiers", s.Tiers[:])
}

// walkCounts walks a list of a fixed length, or leaves it out where all of it is zero.
func walkCounts(c *journal.Codec, name string, all []Count) {
	var list []Count
	if !c.Reading() && slices.ContainsFunc(all, func(n Count) bool { return n != Count{} }) {
		list = all
	}
	journal.Objects(c, name, &list, walkCount)
	copy(all, list)
}

func walkProduct(c *journal.Codec, p *Product) {
	journal.Text(c, "id", &p.ID)
	journal.Text(c, "name", &p.Name)
	journal.Text(c, "unit", &p.Unit)
	journal.Int(c, "at", &p.At)
	journal.Int(c, "q", &p.Quantity)
	journal.Int(c, "r", &p.Refunded)
	journal.Int(c, "d", &p.Discount)
	journal.Int(c, "t", &p.Total)
}

func walkMember(c *journal.Codec, m *Member) {
	journal.Text(c, "id", &m.ID)
	walkCount(c, &m.Count)
	journal.Int(c, "earned", &m.Earned)
	journal.Int(c, "used", &m.Used)
}
