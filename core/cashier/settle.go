package cashier

import (
	"slices"
	"strings"
	"unicode/utf8"

	"kassa/core/fault"
	"kassa/core/idempotency"
	"kassa/core/money"
	"kassa/core/text"
)

const (
	// MaxTenders is the most tenders of a payment.
	MaxTenders = 20
	// MaxLabel is the most characters of a tender's label.
	MaxLabel = 40
)

// TenderKind is a way to pay. Its zero value is none.
type TenderKind string

// The kinds of tenders.
const (
	Cash   TenderKind = "cash"
	Card   TenderKind = "card"
	Wallet TenderKind = "wallet" // of the member
	Other  TenderKind = "other"  // named by its label
)

// ParseTenderKind returns the kind, or an Invalid fault with code tender_kind_invalid.
func ParseTenderKind(s string) (TenderKind, error) {
	switch k := TenderKind(s); k {
	case Cash, Card, Wallet, Other:
		return k, nil
	}
	return "", fault.New(fault.Invalid, "tender_kind_invalid", "a tender is one of %s, %s, %s, %s", Cash, Card, Wallet, Other)
}

// Tender is one payment of a sale; several of one kind are allowed.
type Tender struct {
	Kind   TenderKind
	Label  string       // 1 to MaxLabel characters for Other, empty for the rest
	Amount money.Amount // 1 or more
}

// hashTenders adds how a payment was made to what a repeated request must have in common with the first.
func hashTenders(h *idempotency.Hasher, ts []Tender) {
	for _, t := range ts {
		h.Text(string(t.Kind)).Text(t.Label).Int(int64(t.Amount))
	}
}

// Check returns an Invalid fault with code tender_kind_invalid or tender_invalid when the tender breaks a bound.
func (t Tender) Check() error {
	if _, err := ParseTenderKind(string(t.Kind)); err != nil {
		return err
	}
	if t.Amount < 1 || t.Amount > money.Max {
		return fault.New(fault.Invalid, "tender_invalid", "a tender is 1 to %d minor units", int64(money.Max))
	}
	if t.Kind != Other && t.Label != "" {
		return fault.New(fault.Invalid, "tender_invalid", "only a tender of kind %s has a label", Other)
	}
	if t.Kind == Other && (strings.TrimSpace(t.Label) == "" || !utf8.ValidString(t.Label) || utf8.RuneCountInString(t.Label) > MaxLabel || !text.IsLine(t.Label)) {
		return fault.New(fault.Invalid, "tender_invalid", "a tender of kind %s needs a label of 1 to %d printable characters", Other, MaxLabel)
	}
	return nil
}

// Payment is how a bill was paid. The sum of the tenders less the change is the bill's total.
type Payment struct {
	Tenders []Tender     // as given; none for a total of 0
	Change  money.Amount // in cash
}

// Cash returns the cash kept: the cash tenders less the change. It is 0 or more.
func (p Payment) Cash() money.Amount {
	kept := -p.Change
	for _, t := range p.Tenders {
		if t.Kind == Cash {
			kept += t.Amount
		}
	}
	return kept
}

// Settle pays a priced cart and returns it with Rounding, Total and PointsEarned as they are then. What the other tenders
// leave is rounded to the nearest step when it is paid in cash (0 for no rounding). No tenders mean exact cash. Points is
// the rate that a member earns of the total, rounded down; 0 for no member. Faults, all Invalid:
//   - tender_kind_invalid, tender_invalid for a tender, with the fact tender (from 1), or for more than MaxTenders
//   - overpaid with excess, when the tenders other than cash exceed the total, and underpaid with shortfall; both come with the
//     cart as it would be settled
//   - rate_invalid, amount_out_of_range
func (p Priced) Settle(tenders []Tender, step money.Amount, points money.Rate) (Priced, Payment, error) {
	cash, other, err := sumTenders(tenders)
	if err != nil {
		return Priced{}, Payment{}, err
	}
	due := p.Total - p.Rounding // a cart settled before is settled anew
	total := due
	if rest := due - other; rest >= 0 && (len(tenders) == 0 || cash > 0) {
		total = other + money.RoundTo(rest, step)
	}
	if p, err = p.at(total, points); err != nil {
		return Priced{}, Payment{}, err
	}
	switch given := cash + other; {
	case other > total:
		return p, Payment{}, fault.New(fault.Invalid, "overpaid", "tenders other than cash exceed the total of %d by %d",
			int64(total), int64(other-total)).With("excess", int64(other-total))
	case len(tenders) > 0 && given < total:
		return p, Payment{}, fault.New(fault.Invalid, "underpaid", "%d of the total of %d are missing",
			int64(total-given), int64(total)).With("shortfall", int64(total-given))
	default:
		return p, p.paidBy(tenders, given), nil
	}
}

// SettleLate pays a cart of which the customer is long gone. What was paid is the total, and what differs from the cart's own figures is
// rounding: what was charged, where cash leaves that open, and otherwise what came in. A nil charged is the total that the cart has. Faults as of
// Settle, without overpaid and underpaid.
func (p Priced) SettleLate(tenders []Tender, charged *money.Amount, points money.Rate) (Priced, Payment, error) {
	cash, other, err := sumTenders(tenders)
	if err != nil {
		return Priced{}, Payment{}, err
	}
	total := p.Total
	if charged != nil {
		total = *charged
	}
	if len(tenders) > 0 {
		total = min(max(total, other), cash+other)
	}
	if p, err = p.at(total, points); err != nil {
		return Priced{}, Payment{}, err
	}
	return p, p.paidBy(tenders, cash+other), nil
}

// at returns the cart with another total, which rounding makes up for, and with the points earned of it.
func (p Priced) at(total money.Amount, points money.Rate) (Priced, error) {
	p.Rounding, p.Total = p.Rounding+total-p.Total, total
	if err := bounded(total); err != nil {
		return p, err
	}
	var err error
	p.PointsEarned, err = points.FloorOf(total)
	return p, err
}

// paidBy returns the payment of the total by tenders that sum to what was given, or exactly in cash where there are none.
func (p *Priced) paidBy(tenders []Tender, given money.Amount) Payment {
	switch {
	case len(tenders) > 0:
		return Payment{Tenders: slices.Clone(tenders), Change: given - p.Total}
	case p.Total == 0:
		return Payment{}
	}
	return Payment{Tenders: []Tender{{Kind: Cash, Amount: p.Total}}}
}

// sumTenders checks the tenders and returns the sums of cash and of all else, which together stay within money.Max.
func sumTenders(tenders []Tender) (cash, other money.Amount, err error) {
	if len(tenders) > MaxTenders {
		return 0, 0, fault.New(fault.Invalid, "tender_invalid", "a payment has at most %d tenders", MaxTenders)
	}
	for i := range tenders {
		t := &tenders[i]
		if err := t.Check(); err != nil {
			if f, ok := fault.As(err); ok {
				return 0, 0, f.With("tender", i+1)
			}
			return 0, 0, err
		}
		if _, err := (cash + other).Add(t.Amount); err != nil {
			return 0, 0, err
		}
		if t.Kind == Cash {
			cash += t.Amount
		} else {
			other += t.Amount
		}
	}
	return cash, other, nil
}
