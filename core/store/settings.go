// Package store holds a shop (a tenant) and its settings: the rates, rules and texts that every sale reads.
package store

import (
	"time"
	"unicode/utf8"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/money"
)

// TaxMode says whether prices contain the tax.
type TaxMode string

// The tax modes.
const (
	TaxInclusive TaxMode = "inclusive" // the price contains the tax
	TaxExclusive TaxMode = "exclusive" // the tax comes on top
)

// ParseTaxMode returns the mode, or an Invalid fault with code tax_mode_invalid.
func ParseTaxMode(s string) (TaxMode, error) {
	switch m := TaxMode(s); m {
	case TaxInclusive, TaxExclusive:
		return m, nil
	}
	return "", fault.New(fault.Invalid, "tax_mode_invalid", "the tax mode is inclusive or exclusive")
}

// StockPolicy says what happens when more is sold than there is.
type StockPolicy string

// The stock policies.
const (
	StockBlock StockPolicy = "block" // the sale is refused
	StockWarn  StockPolicy = "warn"  // the sale goes through and is flagged oversold
	StockAllow StockPolicy = "allow" // the sale goes through
)

// ParseStockPolicy returns the policy, or an Invalid fault with code stock_policy_invalid.
func ParseStockPolicy(s string) (StockPolicy, error) {
	switch p := StockPolicy(s); p {
	case StockBlock, StockWarn, StockAllow:
		return p, nil
	}
	return "", fault.New(fault.Invalid, "stock_policy_invalid", "the stock policy is block, warn or allow")
}

// SettingsRef names the settings of a store.
const SettingsRef journal.Ref = "settings:store"

// The bounds of settings.
const (
	maxReceiptText = 2000 // characters
	maxFutureDays  = 366
	maxRounding    = 10_000 // minor units
)

// Options are the settings that a manager may change. They are a plain value; NewSettings validates them.
type Options struct {
	PointRate           money.Rate   // of the total, earned by a member's sale
	VIPDiscount         money.Rate   // of the subtotal
	TaxMode             TaxMode      //
	DefaultTaxRate      money.Rate   // of products without one
	CashRounding        money.Amount // smallest coin step, 0 for none
	StockPolicy         StockPolicy  // of products without one
	BlindCount          bool
	DifferenceThreshold money.Amount
	FutureDays          int
	ReceiptHeader       string
	ReceiptFooter       string
	TimeZone            string // IANA name
	Currency            money.Currency
}

// Defaults returns the options of a new store.
func Defaults(c money.Currency, timeZone string) Options {
	return Options{PointRate: 1500, VIPDiscount: 1500, TaxMode: TaxInclusive, StockPolicy: StockBlock, TimeZone: timeZone, Currency: c}
}

// Settings are the validated options of a store, with a version for optimistic locking. Immutable.
type Settings struct {
	o        Options
	version  int64
	location *time.Location
}

// NewSettings validates the options. Validation faults name the API's fields.
func NewSettings(o Options, version int64) (*Settings, error) {
	var v fault.Validation
	rate := func(pointer string, r money.Rate, most money.Rate) {
		if r < 0 || r > most {
			v.Refuse(pointer, "rate_invalid", "a rate is 0 to %d basis points", most)
		}
	}
	rate("/point_rate_bp", o.PointRate, 10_000)
	rate("/vip_discount_bp", o.VIPDiscount, 10_000)
	rate("/default_tax_rate_bp", o.DefaultTaxRate, 100_000)
	_, err := ParseTaxMode(string(o.TaxMode))
	v.Refuses("/tax_mode", err)
	_, err = ParseStockPolicy(string(o.StockPolicy))
	v.Refuses("/stock_policy", err)
	_, err = money.ParseCurrency(string(o.Currency))
	v.Refuses("/currency", err)
	if o.CashRounding < 0 || o.CashRounding > maxRounding {
		v.Refuse("/cash_rounding", "amount_invalid", "cash is rounded to 0 to %d minor units", maxRounding)
	}
	if o.DifferenceThreshold < 0 || o.DifferenceThreshold > money.Max {
		v.Refuse("/difference_threshold", "amount_invalid", "the threshold is not negative")
	}
	if o.FutureDays < 0 || o.FutureDays > maxFutureDays {
		v.Refuse("/future_days", "days_invalid", "0 to %d days", maxFutureDays)
	}
	checkText(&v, "/receipt_header", o.ReceiptHeader)
	checkText(&v, "/receipt_footer", o.ReceiptFooter)
	location, err := time.LoadLocation(o.TimeZone)
	if err != nil || o.TimeZone == "" || o.TimeZone == "Local" {
		v.Refuse("/time_zone", "time_zone_invalid", "the time zone is an IANA name such as Europe/Berlin")
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	return &Settings{o: o, version: version, location: location}, nil
}

func checkText(v *fault.Validation, pointer, s string) {
	if utf8.RuneCountInString(s) > maxReceiptText || !utf8.ValidString(s) {
		v.Refuse(pointer, "text_invalid", "at most %d characters", maxReceiptText)
	}
}

// Ref implements writer.Value.
func (s *Settings) Ref() journal.Ref { return SettingsRef }

// Options returns a copy of the options.
func (s *Settings) Options() Options { return s.o }

// Version counts the edits, for optimistic locking.
func (s *Settings) Version() int64 { return s.version }

// Day returns the business date of an instant in the store's time zone.
func (s *Settings) Day(t time.Time) clock.Date { return clock.DateOf(t, s.location) }

// Location returns the store's time zone.
func (s *Settings) Location() *time.Location { return s.location }

// Walk implements writer.Stored.
func (s *Settings) Walk(c *journal.Codec) {
	journal.Int(c, "version", &s.version)
	WalkOptions(c, &s.o)
	if !c.Reading() {
		return
	}
	read, err := NewSettings(s.o, s.version)
	if err != nil {
		c.Fail(err)
		return
	}
	*s = *read
}

// WalkOptions walks the options in their fixed order.
func WalkOptions(c *journal.Codec, o *Options) {
	journal.Int(c, "point_rate_bp", &o.PointRate)
	journal.Int(c, "vip_discount_bp", &o.VIPDiscount)
	journal.Text(c, "tax_mode", &o.TaxMode)
	journal.Int(c, "default_tax_rate_bp", &o.DefaultTaxRate)
	journal.Int(c, "cash_rounding", &o.CashRounding)
	journal.Text(c, "stock_policy", &o.StockPolicy)
	journal.Flag(c, "blind_count", &o.BlindCount)
	journal.Int(c, "difference_threshold", &o.DifferenceThreshold)
	journal.Int(c, "future_days", &o.FutureDays)
	journal.Text(c, "receipt_header", &o.ReceiptHeader)
	journal.Text(c, "receipt_footer", &o.ReceiptFooter)
	journal.Text(c, "time_zone", &o.TimeZone)
	journal.Text(c, "currency", &o.Currency)
}
