package ledger

import (
	"fmt"

	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/money"
	"kassa/core/writer"
)

// Entry collects the lines of one record. Several amounts on one account become one line.
type Entry struct {
	lines []line
}

type line struct {
	account ID
	unit    string
	amount  money.Amount
}

// Debit adds amount to an account that holds what the shop has, or takes it from one that holds what the shop owes or earned. Amounts of a
// unit must sum to zero over an entry. Zero amounts are left out.
func (e *Entry) Debit(a ID, unit string, amount money.Amount) *Entry {
	if amount == 0 {
		return e
	}
	for i := range e.lines {
		if e.lines[i].account == a && e.lines[i].unit == unit {
			e.lines[i].amount += amount
			return e
		}
	}
	e.lines = append(e.lines, line{a, unit, amount})
	return e
}

// Credit is Debit with the opposite sign.
func (e *Entry) Credit(a ID, unit string, amount money.Amount) *Entry {
	return e.Debit(a, unit, -amount)
}

// Fetch asks the view for every account of the entry, so that all of them are read together.
func (e *Entry) Fetch(v *writer.View) {
	for _, l := range e.lines {
		v.Value(l.account.Ref())
	}
	v.Value(currencyRef)
}

// Post tests the entry on the view and returns its lines and the changed accounts. Invalid faults: insufficient_funds with account,
// requested and available when a floor would be passed, unit_mismatch, amount_out_of_range. Lines that do not sum to zero are a defect.
func (e *Entry) Post(v *writer.View) ([]journal.Line, []writer.Value, error) {
	e.Fetch(v)
	lines := make([]journal.Line, 0, len(e.lines))
	values := make([]writer.Value, 0, len(e.lines)+8) // callers add theirs
	if err := e.balanced(); err != nil {
		return nil, nil, err
	}
	for _, l := range e.lines {
		if l.amount == 0 {
			continue
		}
		before, ok := writer.Get[*Account](v, l.account.Ref())
		if !ok {
			before = &Account{id: l.account, unit: l.unit}
		}
		if before.unit != l.unit {
			return nil, nil, unitMismatch(l.account, before.unit, l.unit)
		}
		raw, err := money.Amount(before.posted).Add(l.amount)
		if err != nil {
			return nil, nil, err
		}
		after := &Account{id: l.account, unit: l.unit, posted: int64(raw)}
		if change := l.account.Shown(int64(l.amount)); change < 0 && l.account.floored() && after.Balance() < 0 {
			return nil, nil, fault.New(fault.Invalid, "insufficient_funds", "%s holds %d and %d were asked for", l.account, before.Balance(), -change).
				With("account", string(l.account)).With("requested", int64(-change)).With("available", int64(before.Balance()))
		}
		values = append(values, after)
		lines = append(lines, journal.Line{Account: string(l.account), Unit: l.unit, Amount: int64(l.amount), Balance: after.posted})
	}
	return lines, append(values, note(v, lines)...), nil
}

func (e *Entry) balanced() error {
	for _, l := range e.lines {
		var sum money.Amount
		for _, o := range e.lines {
			if o.unit == l.unit {
				sum += o.amount
			}
		}
		if sum != 0 {
			return fmt.Errorf("the %s lines of an entry sum to %d: %v", l.unit, sum, e.lines)
		}
	}
	return nil
}
