package cashier

import (
	"kassa/core/journal"
	"kassa/core/writer"
)

// Documents returns the kinds of documents of this package.
func Documents() journal.Schema {
	bill := func() journal.Document { return &Bill{} }
	return journal.Schema{
		string(KindSale): bill, string(KindRefund): bill, string(KindVoid): bill,
		kindTopUp:   func() journal.Document { return &ToppedUp{} },
		kindReprint: func() journal.Document { return &Reprinted{} },
	}
}

// States returns the values of this package that stores keep by their ref.
func States() map[string]func() writer.Stored {
	return map[string]func() writer.Stored{"bill": func() writer.Stored { return &Returns{} }}
}
