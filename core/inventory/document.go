package inventory

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"kassa/core/audit"
	"kassa/core/claim"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/writer"
)

// Change says what was done to a product.
type Change string

// The changes.
const (
	Created Change = "create"
	Edited  Change = "edit"
	Deleted Change = "delete"
)

// Edit is the document of a product that was created, edited or deleted, by hand or by an import. It holds the whole product.
type Edit struct {
	Change    Change
	Imported  bool
	Product   Product    // afterwards
	Movements []Movement // of its stock, in the same step: the opening stock, or an import's count; at most one
}

// Kind implements journal.Document.
func (*Edit) Kind() string { return "product.edit" }

// Walk implements journal.Document.
func (e *Edit) Walk(c *journal.Codec) {
	journal.Text(c, "change", &e.Change)
	journal.Flag(c, "imported", &e.Imported)
	journal.Object(c, "product", &e.Product, func(c *journal.Codec, p *Product) { p.Walk(c) })
	journal.Objects(c, "movements", &e.Movements, func(c *journal.Codec, m *Movement) { m.walk(c) })
}

// StockMovements implements StockMover.
func (e *Edit) StockMovements(product id.ID) []Movement {
	if product != e.Product.id {
		return nil
	}
	return e.Movements
}

// Stock returns the stock that a new product began with.
func (e *Edit) Stock() measure.Quantity {
	if len(e.Movements) == 0 {
		return 0
	}
	return e.Movements[0].After()
}

// Booking is the document of a stock movement that stands by itself.
type Booking struct {
	Movement Movement
	Imported bool
}

// Kind implements journal.Document.
func (*Booking) Kind() string { return "stock.movement" }

// Walk implements journal.Document.
func (b *Booking) Walk(c *journal.Codec) {
	journal.Object(c, "movement", &b.Movement, func(c *journal.Codec, m *Movement) { m.walk(c) })
	journal.Flag(c, "imported", &b.Imported)
}

// StockMovements implements StockMover.
func (b *Booking) StockMovements(product id.ID) []Movement {
	if product != b.Movement.Product {
		return nil
	}
	return []Movement{b.Movement}
}

// Documents returns the kinds of documents of this package.
func Documents() journal.Schema {
	return journal.Schema{
		(*Edit)(nil).Kind():    func() journal.Document { return &Edit{} },
		(*Booking)(nil).Kind(): func() journal.Document { return &Booking{} },
	}
}

// States returns the values of this package that stores keep by their ref: who owns a sku or a barcode. Products and stock have
// repositories of their own.
func States() map[string]func() writer.Stored {
	return map[string]func() writer.Stored{skuClaim: claim.Empty, barcodeClaim: claim.Empty}
}

// fact is the audit event of the change; before is nil for a new product.
func (e *Edit) fact(before *Product) audit.Fact {
	action := "product." + string(e.Change)
	if e.Imported {
		action = "product.import"
	}
	f := audit.Fact{Action: action, Entity: "product", EntityID: e.Product.id}
	switch {
	case before == nil:
		f.After = e.Product.d.Name
	case e.Change == Deleted:
		f.Before = e.Product.d.Name
	default:
		f.Before, f.After = differences(before.fields(), e.Product.fields())
	}
	return f
}

func (m *Movement) fact() audit.Fact {
	return audit.Fact{
		Action: "stock." + string(m.Kind), Entity: "product", EntityID: m.Product,
		Before: m.Before.Format(m.Unit), After: m.After().Format(m.Unit), Reason: m.Reason,
	}
}

// differences returns the fields that differ with their values, as short texts.
func differences(before, after []field) (b, a string) {
	var bs, as []string
	for i, f := range after {
		if f.text != before[i].text {
			bs, as = append(bs, before[i].String()), append(as, f.String())
		}
	}
	return strings.Join(bs, "; "), strings.Join(as, "; ")
}

// maxShown is the most characters of a value that an audit event shows.
const maxShown = 60

type field struct{ name, text string }

// String returns name and value, cut to a length that is read at a glance.
func (f field) String() string {
	text := f.text
	if utf8.RuneCountInString(text) > maxShown {
		text = string([]rune(text)[:maxShown]) + "…"
	}
	return f.name + ": " + text
}

// fields are what a manager edits, as short texts.
func (p *Product) fields() []field {
	image := "none"
	if p.imageHash != "" {
		image = p.imageHash[:16]
	}
	return append(p.d.texts(), field{"image", image})
}

func (d Details) texts() []field {
	rate, low := "default", "none"
	if d.OwnTaxRate {
		rate = strconv.FormatInt(int64(d.TaxRate), 10)
	}
	if d.LowStockAt != nil {
		low = d.LowStockAt.String()
	}
	return []field{
		{"name", d.Name}, {"description", d.Description}, {"sku", d.SKU}, {"barcodes", strings.Join(d.Barcodes, " ")}, {"category", d.Category},
		{"price", strconv.FormatInt(int64(d.Price), 10)}, {"tax_rate_bp", rate}, {"unit", string(d.Unit)}, {"stock_policy", string(d.StockPolicy)},
		{"low_stock_at", low},
	}
}
