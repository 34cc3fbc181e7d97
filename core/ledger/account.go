// Package ledger is the double-entry, append-only ledger under everything that holds value. Accounts hold a balance in one unit; an entry
// has lines that sum to zero per unit and is part of the record of what caused it.
package ledger

import (
	"strconv"
	"strings"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/money"
)

// Kind says what an account is for.
type Kind string

// The kinds of accounts.
const (
	Drawer       Kind = "drawer"        // cash of a register
	Wallet       Kind = "wallet"        // what the shop owes a member
	Points       Kind = "points"        // a member's points
	Envelope     Kind = "envelope"      // a part of the takings
	Revenue      Kind = "revenue"       // sales without tax, before discounts
	Tax          Kind = "tax"           // tax of one rate
	Discount     Kind = "discount"      // discounts given, redeemed points among them
	Rounding     Kind = "rounding"      // cash rounding
	OverShort    Kind = "over_short"    // differences found when cash is counted
	PointsIssued Kind = "points_issued" // the other side of all points
	Clearing     Kind = "clearing"      // card and other payments on their way to the bank
	External     Kind = "external"      // the world outside
	Custom       Kind = "custom"        // opened by a manager
)

// PointsUnit is the unit of points; all other units are currencies.
const PointsUnit = "PTS"

// ID names an account: its kind, a colon, and its owner. System accounts need not be opened: an account that nothing was posted to is empty.
type ID string

// NewID returns the account of the kind and owner.
func NewID(k Kind, owner string) ID { return ID(string(k) + ":" + owner) }

// DrawerOf returns the account of a register's cash.
func DrawerOf(register id.ID) ID { return NewID(Drawer, string(register)) }

// WalletOf returns the account of a member's wallet.
func WalletOf(member id.ID) ID { return NewID(Wallet, string(member)) }

// PointsOf returns the account of a member's points.
func PointsOf(member id.ID) ID { return NewID(Points, string(member)) }

// TaxOf returns the account of a tax rate.
func TaxOf(r money.Rate) ID { return NewID(Tax, strconv.FormatInt(int64(r), 10)) }

// Kind returns the kind.
func (i ID) Kind() Kind {
	k, _, _ := strings.Cut(string(i), ":")
	return Kind(k)
}

// Ref names the account's value.
func (i ID) Ref() journal.Ref { return journal.Ref("account:" + string(i)) }

// sign is 1 for accounts that hold what the shop has, and -1 for those that hold what it owes or has earned. Lines carry raw amounts that
// sum to zero; a balance is shown as sign times the raw sum, so that a wallet with money in it is positive.
func (i ID) sign() int64 {
	switch i.Kind() {
	case Wallet, Points, Revenue, Tax, Rounding:
		return -1
	}
	return 1
}

// floored reports whether the account's balance may not fall below zero. Points may: what was earned with a sale that comes back is taken
// back even when it is spent.
func (i ID) floored() bool {
	switch i.Kind() {
	case Drawer, Wallet, Envelope:
		return true
	}
	return false
}

// Account is the present state of an account. Immutable.
type Account struct {
	id     ID
	unit   string
	posted int64 // raw
}

// Ref implements writer.Value.
func (a *Account) Ref() journal.Ref { return a.id.Ref() }

// Balance returns what the account holds, in its own direction.
func (a *Account) Balance() money.Amount {
	if a == nil {
		return 0
	}
	return money.Amount(a.id.sign() * a.posted)
}

// ID returns the account's id.
func (a *Account) ID() ID { return a.id }

// Unit returns the currency, or PTS.
func (a *Account) Unit() string { return a.unit }

// Raw returns the sum of the account's lines. All accounts of a unit sum to zero.
func (a *Account) Raw() int64 {
	if a == nil {
		return 0
	}
	return a.posted
}

// Walk implements writer.Stored.
func (a *Account) Walk(c *journal.Codec) {
	journal.Text(c, "id", &a.id)
	journal.Text(c, "unit", &a.unit)
	journal.Int(c, "posted", &a.posted)
}

// Shown turns a raw amount of a line into the account's own direction.
func (i ID) Shown(raw int64) money.Amount { return money.Amount(i.sign() * raw) }

func unitMismatch(i ID, has, wants string) error {
	return fault.New(fault.Invalid, "unit_mismatch", "account %s is kept in %s, not in %s", i, has, wants)
}
