// Package register holds the registers (tills) of a store and their cash drawers: balances by business day, receipt numbers, and later the
// closings that end a day. The cash itself is a ledger account, so that it sums with everything else.
package register

import (
	"fmt"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/money"
	"kassa/core/store"
)

// MaxName is the most characters of a register's name.
const MaxName = 60

// Register is the present state of a till. Immutable: a change is a copy.
type Register struct {
	id            id.ID
	name          string
	active        bool
	version       int64      // of name and active
	lastReceipt   int64      // number of the newest bill; bills are numbered from 1 without gaps
	lastMovement  int64      // sequence number of the newest cash movement
	closedThrough clock.Date // no record is dated on or before this day
	grandTotal    money.Amount
	newestDay     clock.Date // of what was booked; nothing that happens now is dated before it
}

// New returns a register; Invalid fault name_invalid.
func New(i id.ID, name string) (*Register, error) {
	if err := store.CheckName(name, MaxName); err != nil {
		return nil, err
	}
	return &Register{id: i, name: name, active: true, version: 1}, nil
}

// Ref names a register's value.
func Ref(i id.ID) journal.Ref { return journal.NewRef("register", string(i)) }

// Ref implements writer.Value.
func (r *Register) Ref() journal.Ref { return Ref(r.id) }

// ID returns the register's id.
func (r *Register) ID() id.ID { return r.id }

// Name returns the register's name.
func (r *Register) Name() string { return r.name }

// Active reports whether the register takes sales.
func (r *Register) Active() bool { return r.active }

// Version counts the edits, for optimistic locking.
func (r *Register) Version() int64 { return r.version }

// ClosedThrough returns the last closed business day, or zero.
func (r *Register) ClosedThrough() clock.Date { return r.closedThrough }

// LastReceipt returns the number of the newest bill, or zero.
func (r *Register) LastReceipt() int64 { return r.lastReceipt }

// Chain returns the hash chain of the register's records.
func (r *Register) Chain() journal.Chain { return journal.Chain(r.id) }

// Drawer returns the ledger account of the register's cash.
func (r *Register) Drawer() ledger.ID { return ledger.DrawerOf(r.id) }

// ReceiptKey is the key that holds a register's receipt number once.
func ReceiptKey(register id.ID, number int64) journal.Key {
	return journal.Key(fmt.Sprintf("no:%s:%010d", register, number))
}

// OpenOn returns nil when a live record may be dated on the day: Conflict fault period_closed with closed_through otherwise.
func (r *Register) OpenOn(d clock.Date) error {
	if d <= r.closedThrough {
		return fault.New(fault.Conflict, "period_closed", "register %s is closed through %s", r.name, r.closedThrough).
			With("closed_through", r.closedThrough.String())
	}
	return nil
}

// FirstOpenDay returns the first business day on or after d that is not closed.
func (r *Register) FirstOpenDay(d clock.Date) clock.Date {
	if d <= r.closedThrough {
		return r.closedThrough.AddDays(1)
	}
	return d
}

// Today returns the business day of what happens now, where the calendar says d. A calendar that goes back, with the store's time zone, must not
// take cash out of the drawer before it came in.
func (r *Register) Today(d clock.Date) clock.Date { return max(d, r.newestDay) }

// On returns the register after something was booked on the day.
func (r *Register) On(d clock.Date) *Register {
	c := *r
	c.newestDay = r.Today(d)
	return &c
}

// Booked returns the register after one more bill of the total, negative for refunds and voids; the fault amount_out_of_range.
func (r *Register) Booked(total money.Amount) (*Register, error) {
	c := *r
	c.lastReceipt++
	var err error
	c.grandTotal, err = r.grandTotal.Add(total)
	return &c, err
}

// Edited returns the register with another name and state.
func (r *Register) Edited(name string, active bool) (*Register, error) {
	if err := store.CheckName(name, MaxName); err != nil {
		return nil, err
	}
	c := *r
	c.name, c.active, c.version = name, active, r.version+1
	return &c, nil
}

// Walk implements writer.Stored.
func (r *Register) Walk(c *journal.Codec) {
	journal.Text(c, "id", &r.id)
	journal.Text(c, "name", &r.name)
	journal.Flag(c, "active", &r.active)
	journal.Int(c, "version", &r.version)
	journal.Int(c, "last_receipt", &r.lastReceipt)
	journal.Int(c, "last_movement", &r.lastMovement)
	journal.Int(c, "closed_through", &r.closedThrough)
	journal.Int(c, "grand_total", &r.grandTotal)
	journal.Int(c, "newest_day", &r.newestDay)
	if c.Reading() && store.CheckName(r.name, MaxName) != nil {
		c.Fail(fmt.Errorf("register %s has no valid name", r.id))
	}
}

// Day is what one business day brought to a drawer. Immutable.
type Day struct {
	register id.ID
	day      clock.Date
	cash     money.Amount // sum of the cash movements
	bills    int64
}

// DayRef names the value of a register's day.
func DayRef(register id.ID, d clock.Date) journal.Ref {
	return journal.Ref(fmt.Sprintf("register-day:%s:%08d", register, int(d)))
}

// Ref implements writer.Value.
func (d *Day) Ref() journal.Ref { return DayRef(d.register, d.day) }

// after returns the day with one more cash movement of the amount and so many bills.
func (d *Day) after(cash money.Amount, bills int64) (*Day, error) {
	c := *d
	var err error
	c.cash, err = d.cash.Add(cash)
	c.bills += bills
	return &c, err
}

// Cash returns the sum of the day's cash movements.
func (d *Day) Cash() money.Amount { return d.cash }

// Walk implements writer.Stored.
func (d *Day) Walk(c *journal.Codec) {
	journal.Text(c, "register", &d.register)
	journal.Int(c, "day", &d.day)
	journal.Int(c, "cash", &d.cash)
	journal.Int(c, "bills", &d.bills)
}
