package ledger

import (
	"kassa/core/journal"
	"kassa/core/writer"
)

// currencyRef names the note that something was posted in a currency. The settings of a store, which are of the package store, look for it.
const currencyRef journal.Ref = "currency:store"

// currency is the first currency that was posted in a store. Its accounts are kept in it, so the store keeps it. Immutable.
type currency struct{ unit string }

// Ref implements writer.Value.
func (c *currency) Ref() journal.Ref { return currencyRef }

// Walk implements writer.Stored.
func (c *currency) Walk(k *journal.Codec) { journal.Text(k, "unit", &c.unit) }

// note returns the value to add when the lines are the first in a currency, else nothing.
func note(v *writer.View, lines []journal.Line) []writer.Value {
	if v.Value(currencyRef) != nil {
		return nil
	}
	for i := range lines {
		if lines[i].Unit != PointsUnit {
			return []writer.Value{&currency{unit: lines[i].Unit}}
		}
	}
	return nil
}

// States returns the values of this package that stores keep by their ref.
func States() map[string]func() writer.Stored {
	return map[string]func() writer.Stored{
		"account":          func() writer.Stored { return &Account{} },
		currencyRef.Kind(): func() writer.Stored { return &currency{} },
	}
}
