// Package inventory holds what a shop sells: products, how many of each there are, and how that came about.
package inventory

import (
	"slices"
	"strings"
	"unicode/utf8"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/store"
	"kassa/core/text"
)

// The bounds of a product's fields, in characters where nothing else is said.
const (
	MaxName        = 200
	MaxDescription = 2000
	MaxSKU         = 64
	MaxCategory    = 100
	MaxBarcodes    = 20 // of one product
)

// Details are what a manager edits of a product. They are a plain value; NewProduct validates them and keeps a copy.
type Details struct {
	Name        string
	Description string
	SKU         string   // the shop's own article number, unique in the store; empty: none
	Barcodes    []string // see CheckBarcode; each belongs to one product of the store
	Category    string
	Price       money.Amount // of one unit, 0 or more
	TaxRate     money.Rate   // only with OwnTaxRate
	OwnTaxRate  bool         // false: the store's default rate applies
	Unit        measure.Unit
	StockPolicy store.StockPolicy // empty: the store's applies
	LowStockAt  *measure.Quantity // nil: stock is never low; not changed once set
}

// Product is something that the shop sells. Its stock is a value of its own: an edit never writes stock, and a sale never writes the
// product. A deleted product stays, so that refunds find it. Immutable.
type Product struct {
	id        id.ID
	d         Details
	imageHash string
	version   int64
	deleted   bool
}

// ProductRef names a product's value.
func ProductRef(i id.ID) journal.Ref { return journal.NewRef("product", string(i)) }

// NewProduct returns a product in its first version, its texts without spaces around them. An Invalid fault names the refused fields by
// the API's pointers: validation_failed, or barcode_invalid where nothing but barcodes is refused.
func NewProduct(i id.ID, d Details) (*Product, error) {
	p := &Product{id: i, d: d.tidy(), version: 1}
	return p, p.d.check()
}

// edited returns the product with other details, in its next version and not deleted.
func (p *Product) edited(d Details) (*Product, error) {
	c := &Product{id: p.id, d: d.tidy(), imageHash: p.imageHash, version: p.version + 1}
	return c, c.d.check()
}

// removed returns the product as deleted, without its image.
func (p *Product) removed() *Product {
	c := *p
	c.deleted, c.imageHash, c.version = true, "", p.version+1
	return &c
}

// depicted returns the product with another image, or without one, in its next version.
func (p *Product) depicted(hash string) *Product {
	c := *p
	c.imageHash, c.version = hash, p.version+1
	return &c
}

// staysDivisible refuses pieces of what was sold by weight, volume or length before: half a kilogram of it may come back, and half a piece is
// no stock. before may be nil.
func (p *Product) staysDivisible(before *Product) error {
	if before == nil || before.d.Unit == measure.Piece || p.d.Unit != measure.Piece {
		return nil
	}
	return refused("/unit", fault.New(fault.Invalid, "unit_fixed",
		"what is sold by %s cannot become a piece, for a part of one may come back; add another product", before.d.Unit))
}

// Ref implements writer.Value.
func (p *Product) Ref() journal.Ref { return ProductRef(p.id) }

// ID returns the product's id.
func (p *Product) ID() id.ID { return p.id }

// Details returns a copy of what a manager edits.
func (p *Product) Details() Details {
	d := p.d
	d.Barcodes = slices.Clone(d.Barcodes)
	return d
}

// Name returns the name.
func (p *Product) Name() string { return p.d.Name }

// Price returns the price of one unit.
func (p *Product) Price() money.Amount { return p.d.Price }

// Unit returns what the product is sold by.
func (p *Product) Unit() measure.Unit { return p.d.Unit }

// TaxRateOr returns the product's own tax rate, or the store's.
func (p *Product) TaxRateOr(stores money.Rate) money.Rate {
	if p.d.OwnTaxRate {
		return p.d.TaxRate
	}
	return stores
}

// PolicyOr returns the product's own stock policy, or the store's.
func (p *Product) PolicyOr(stores store.StockPolicy) store.StockPolicy {
	if p.d.StockPolicy != "" {
		return p.d.StockPolicy
	}
	return stores
}

// ImageHash returns the content hash of the image, or nothing.
func (p *Product) ImageHash() string { return p.imageHash }

// Version counts the edits, for optimistic locking. Stock movements are not edits.
func (p *Product) Version() int64 { return p.version }

// Deleted reports whether the product is gone: not listed and not sold, but found by refunds.
func (p *Product) Deleted() bool { return p.deleted }

// Walk implements writer.Stored.
func (p *Product) Walk(c *journal.Codec) {
	journal.Text(c, "id", &p.id)
	journal.Int(c, "version", &p.version)
	journal.Flag(c, "deleted", &p.deleted)
	journal.Text(c, "image", &p.imageHash)
	p.d.walk(c)
	if !c.Reading() || c.Err() != nil {
		return
	}
	if _, err := id.Parse(string(p.id)); err != nil {
		c.Fail(err)
	}
	if p.imageHash != "" && !isImageHash(p.imageHash) {
		c.Fail(fault.New(fault.Internal, "product_corrupt", "an image is named by its hash"))
	}
	if p.version < 1 {
		c.Fail(fault.New(fault.Internal, "product_corrupt", "a product has a version"))
	}
	if err := p.d.check(); err != nil {
		c.Fail(err)
	}
}

func (d *Details) walk(c *journal.Codec) {
	journal.Text(c, "name", &d.Name)
	journal.Text(c, "description", &d.Description)
	journal.Text(c, "sku", &d.SKU)
	journal.Texts(c, "barcodes", &d.Barcodes)
	journal.Text(c, "category", &d.Category)
	journal.Int(c, "price", &d.Price)
	journal.Flag(c, "own_tax_rate", &d.OwnTaxRate)
	journal.Int(c, "tax_rate_bp", &d.TaxRate)
	journal.Text(c, "unit", &d.Unit)
	journal.Text(c, "stock_policy", &d.StockPolicy)
	warns, at := d.LowStockAt != nil, measure.Quantity(0)
	if warns {
		at = *d.LowStockAt
	}
	journal.Flag(c, "warns", &warns) // tells a limit of 0 from none
	journal.Int(c, "low_stock_at", &at)
	if c.Reading() && warns {
		d.LowStockAt = &at
	}
}

// tidy returns the details as they are kept: no spaces around texts, no empty or repeated barcodes, a unit.
func (d Details) tidy() Details {
	for _, s := range []*string{&d.Name, &d.Description, &d.SKU, &d.Category} {
		*s = strings.TrimSpace(*s)
	}
	var codes []string
	for _, b := range d.Barcodes {
		if b = strings.TrimSpace(b); b != "" && !slices.ContainsFunc(codes, func(c string) bool { return barcodeKey(c) == barcodeKey(b) }) {
			codes = append(codes, b)
		}
	}
	d.Barcodes = codes
	if d.Unit == "" {
		d.Unit = measure.Piece
	}
	if !d.OwnTaxRate {
		d.TaxRate = 0
	}
	return d
}

// same reports whether two tidy details are equal.
func (d Details) same(o Details) bool {
	low := d.LowStockAt == o.LowStockAt || d.LowStockAt != nil && o.LowStockAt != nil && *d.LowStockAt == *o.LowStockAt
	return low && slices.Equal(d.Barcodes, o.Barcodes) && d.Name == o.Name && d.Description == o.Description && d.SKU == o.SKU &&
		d.Category == o.Category && d.Price == o.Price && d.TaxRate == o.TaxRate && d.OwnTaxRate == o.OwnTaxRate && d.Unit == o.Unit &&
		d.StockPolicy == o.StockPolicy
}

func (d *Details) check() error {
	var v fault.Validation
	checkText(&v, "/name", "name_invalid", d.Name, 1, MaxName, false)
	checkText(&v, "/description", "description_invalid", d.Description, 0, MaxDescription, true)
	checkText(&v, "/sku", "sku_invalid", d.SKU, 0, MaxSKU, false)
	checkText(&v, "/category", "category_invalid", d.Category, 0, MaxCategory, false)
	if d.Price < 0 || d.Price > money.MaxPrice {
		v.Refuse("/price", "price_invalid", "a price is 0 to %d minor units", money.MaxPrice)
	}
	v.Refuses("/tax_rate_bp", d.TaxRate.Check())
	_, err := measure.ParseUnit(string(d.Unit))
	v.Refuses("/unit", err)
	if d.StockPolicy != "" {
		_, err := store.ParseStockPolicy(string(d.StockPolicy))
		v.Refuses("/stock_policy", err)
	}
	if q := d.LowStockAt; q != nil && err == nil {
		v.Refuses("/low_stock_at", checkLevel(d.Unit, *q))
	}
	return d.checkBarcodes(&v)
}

// checkLevel refuses what cannot be a level of stock: below zero, or not whole for pieces.
func checkLevel(u measure.Unit, q measure.Quantity) error {
	if q < 0 {
		return fault.New(fault.Invalid, "quantity_invalid", "a quantity of 0 or more")
	}
	return u.Check(q)
}

// breaks takes out what may be in a text of several lines.
var breaks = strings.NewReplacer("\n", "", "\r", "", "\t", "")

func checkText(v *fault.Validation, pointer, code, s string, least, most int, lines bool) {
	line := s
	if lines {
		line = breaks.Replace(s)
	}
	if n := utf8.RuneCountInString(s); n < least || n > most || !utf8.ValidString(s) || s != strings.TrimSpace(s) || !text.IsLine(line) {
		v.Refuse(pointer, code, "%d to %d printable characters", least, most)
	}
}
