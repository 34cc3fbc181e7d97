package register

import (
	"kassa/core/claim"
	"kassa/core/journal"
	"kassa/core/money"
	"kassa/core/writer"
)

// Opening is the document of a new register.
type Opening struct {
	Register Register
	Amount   money.Amount // cash in the drawer from the start
}

// Kind implements journal.Document.
func (*Opening) Kind() string { return "register.opening" }

// Walk implements journal.Document.
func (o *Opening) Walk(c *journal.Codec) {
	journal.Object(c, "register", &o.Register, func(c *journal.Codec, r *Register) { r.Walk(c) })
	journal.Int(c, "amount", &o.Amount)
}

// Change is the document of an edited register.
type Change struct{ Register Register }

// Kind implements journal.Document.
func (*Change) Kind() string { return "register.edit" }

// Walk implements journal.Document.
func (o *Change) Walk(c *journal.Codec) {
	journal.Object(c, "register", &o.Register, func(c *journal.Codec, r *Register) { r.Walk(c) })
}

// Documents returns the kinds of documents of this package.
func Documents() journal.Schema {
	return journal.Schema{
		"register.opening": func() journal.Document { return &Opening{} },
		"register.edit":    func() journal.Document { return &Change{} },
	}
}

// States returns the values of this package that stores keep by their ref.
func States() map[string]func() writer.Stored {
	return map[string]func() writer.Stored{
		nameClaim:      claim.Empty,
		"register":     func() writer.Stored { return &Register{} },
		"register-day": func() writer.Stored { return &Day{} },
	}
}
