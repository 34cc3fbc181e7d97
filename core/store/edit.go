package store

import (
	"errors"
	"fmt"
	"strings"

	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/money"
	"kassa/core/writer"
)

// EditSettings is the command to change the settings of a store.
type EditSettings struct {
	Version int64          // that was seen
	Change  func(*Options) // pure; what it leaves alone stays
}

type editSettings struct {
	c     EditSettings
	check func(v *writer.View) error // whether the actor may
}

// errUnchanged refuses an edit that changes nothing, so that it leaves no record. The service takes it for success.
var errUnchanged = errors.New("nothing changes")

// inUse is named by the ledger once anything was posted in a currency.
const inUse journal.Ref = "currency:store"

// Intent implements writer.Operation.
func (o *editSettings) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *editSettings) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	before, err := SettingsOf(v)
	posted := v.Value(inUse) != nil
	if denied := o.check(v); denied != nil {
		return journal.Draft{}, nil, denied
	}
	if err != nil {
		return journal.Draft{}, nil, err
	}
	if o.c.Version != before.version {
		return journal.Draft{}, nil, fault.StaleVersion(before.version)
	}
	options := before.o
	o.c.Change(&options)
	if options == before.o {
		return journal.Draft{}, nil, errUnchanged
	}
	after, err := NewSettings(options, before.version+1)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	if posted && options.Currency != before.o.Currency {
		return journal.Draft{}, nil, currencyFixed(before.o.Currency)
	}
	was, is := differences(&before.o, &options)
	return journal.Draft{
		Day: after.Day(v.Now()), Refs: []journal.Ref{SettingsRef}, Doc: &SettingsChange{Version: after.version, Options: options},
		Facts: []audit.Fact{{Action: "settings.change", Entity: "settings", Before: was, After: is}},
	}, []writer.Value{after}, nil
}

func currencyFixed(c money.Currency) error {
	return fault.New(fault.Conflict, "currency_fixed", "the books are kept in %s; a store that has sold keeps its currency", c).With("currency", string(c))
}

// maxShown is the most characters of one setting that an audit fact shows; the document has all of it.
const maxShown = 60

// differences returns what changed as it was and as it is: name=value, one after the other.
func differences(before, after *Options) (was, is string) {
	old, now := before.shown(), after.shown()
	var left, right []string
	for i := range old {
		if old[i].value != now[i].value {
			left, right = append(left, old[i].String()), append(right, now[i].String())
		}
	}
	return strings.Join(left, ", "), strings.Join(right, ", ")
}

// setting is one option as an audit fact shows it.
type setting struct {
	name  string
	value any
}

// String returns name=value.
func (s setting) String() string {
	value := fmt.Sprint(s.value)
	if r := []rune(value); len(r) > maxShown {
		value = string(r[:maxShown]) + "…"
	}
	return s.name + "=" + value
}

func (o *Options) shown() []setting {
	return []setting{
		{"point_rate_bp", o.PointRate}, {"vip_discount_bp", o.VIPDiscount}, {"tax_mode", o.TaxMode}, {"default_tax_rate_bp", o.DefaultTaxRate},
		{"cash_rounding", o.CashRounding}, {"stock_policy", o.StockPolicy}, {"blind_count", o.BlindCount},
		{"difference_threshold", o.DifferenceThreshold}, {"future_days", o.FutureDays}, {"receipt_header", o.ReceiptHeader},
		{"receipt_footer", o.ReceiptFooter}, {"time_zone", o.TimeZone}, {"currency", o.Currency},
	}
}

// SettingsChange is the document of edited settings, in full.
type SettingsChange struct {
	Version int64
	Options Options
}

// Kind implements journal.Document.
func (*SettingsChange) Kind() string { return "settings.edit" }

// Walk implements journal.Document.
func (d *SettingsChange) Walk(c *journal.Codec) {
	journal.Int(c, "version", &d.Version)
	WalkOptions(c, &d.Options)
}

// Replay implements writer.Replayer.
func (d *SettingsChange) Replay(_ journal.Record, b *writer.Books) error {
	s, err := NewSettings(d.Options, d.Version)
	if err == nil {
		b.Put(s)
	}
	return err
}

// Documents returns the kinds of documents of this package.
func Documents() journal.Schema {
	return journal.Schema{"settings.edit": func() journal.Document { return &SettingsChange{} }}
}

// States returns the values of this package that stores keep by their ref.
func States() map[string]func() writer.Stored {
	return map[string]func() writer.Stored{SettingsRef.Kind(): func() writer.Stored { return &Settings{} }}
}
