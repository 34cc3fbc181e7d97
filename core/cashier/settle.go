package cashier

import (
	"slices"
	"strings"
	"unicode/utf8"

	"kassa/core/fault"
	"kassa/core/money"
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
	if t.Kind == Other && (strings.TrimSpace(t.Label) == "" || !utf8.ValidString(t.Label) || utf8.RuneCountInString(t.Label) > MaxLabel) {
		return fault.New(fault.Invalid, "tender_invalid", "a tender of kind %s needs a label of 1 to %d characters", Other, MaxLabel)
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
//   - overpaid with excess, when the tenders other than cash exceed the total
//   - underpaid with shortfall
//   - rate_invalid, amount_out_of_range
func (p Priced) Settle(tenders []Tender, step money.Amount, points money.Rate) (Priced, Payment, error) {
	cash, other, err := sumTenders(tenders)
	if err != nil {
		return Priced{}, Payment{}, err
	}
	p.Total, p.Rounding = p.Total-p.Rounding, 0 // a cart settled before is settled anew
	if other > p.Total {
		return Priced{}, Payment{}, fault.New(fault.Invalid, "overpaid", "tenders other than cash exceed the total of %d by %d",
			int64(p.Total), int64(other-p.Total)).With("excess", int64(other-p.Total))
	}
	rest := p.Total - other
	exact := len(tenders) == 0
	if exact || cash > 0 {
		rounded := money.RoundTo(rest, step)
		p.Rounding, rest = rounded-rest, rounded
		if p.Total, err = p.Total.Add(p.Rounding); err != nil {
			return Priced{}, Payment{}, err
		}
	}
	if p.PointsEarned, err = points.FloorOf(p.Total); err != nil {
		return Priced{}, Payment{}, err
	}
	switch {
	case exact && rest == 0:
		return p, Payment{}, nil
	case exact:
		return p, Payment{Tenders: []Tender{{Kind: Cash, Amount: rest}}}, nil
	case cash < rest:
		return Priced{}, Payment{}, fault.New(fault.Invalid, "underpaid", "%d of the total of %d are missing",
			int64(rest-cash), int64(p.Total)).With("shortfall", int64(rest-cash))
	}
	return p, Payment{Tenders: slices.Clone(tenders), Change: cash - rest}, nil
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
