package inventory

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/measure"
	"kassa/core/text"
)

// maxSortKey is the number of characters of a name that products are sorted by, so that a cursor stays short.
const maxSortKey = 100

// MaxQuery is the most characters of a search.
const MaxQuery = 200

// Fold returns the text as it is searched and sorted by: whatever the letter case, also of letters with several small forms.
func Fold(s string) string {
	return strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, s)
}

// SortKey returns what a product of the name is listed by, before its id: the folded name, or the beginning of it.
func SortKey(name string) string {
	key := Fold(name)
	if utf8.RuneCountInString(key) > maxSortKey {
		key = string([]rune(key)[:maxSortKey])
	}
	return key
}

// SearchText returns the folded text in which a search looks: name, sku and barcodes, each on a line of its own. No search can contain
// a line feed, so none matches across two of them.
func (p *Product) SearchText() string {
	return Fold(strings.Join(append([]string{p.d.Name, p.d.SKU}, p.d.Barcodes...), "\n"))
}

// Place is where a product stands in the list: by Key, the SortKey of its name, and ID. The zero Place is before all of them.
type Place struct {
	Key string
	ID  id.ID
}

// Compare returns -1, 0 or 1 as the place is before the other one, the same, or after it.
func (p Place) Compare(o Place) int {
	return cmp.Or(strings.Compare(p.Key, o.Key), cmp.Compare(p.ID, o.ID))
}

// Entry is a product as lists compare it.
type Entry struct {
	Place
	Text     string // see Product.SearchText; it begins with the place's Key
	Category string // folded
}

// EntryOf returns the product as lists compare it.
func EntryOf(p *Product) Entry {
	return Entry{Place{SortKey(p.d.Name), p.id}, p.SearchText(), Fold(p.d.Category)}
}

// StockFilter lists products by their stock. Its zero value lists all.
type StockFilter string

// The stock filters.
const (
	OutOfStock StockFilter = "out" // nothing on hand, or less
	LowStock   StockFilter = "low" // something on hand, but no more than low_stock_at
)

// Lets reports whether the product is as scarce as the filter asks.
func (f StockFilter) Lets(l Listed) bool {
	switch low, warns := l.Product.LowAt(); f {
	case OutOfStock:
		return l.OnHand <= 0
	case LowStock:
		return l.OnHand > 0 && warns && l.OnHand <= low
	default:
		return true
	}
}

// Filter says which products are listed. Empty fields let everything through.
type Filter struct {
	Query    string // any part of the name, the sku or a barcode, whatever the letter case; nothing in it has a special meaning
	Barcode  string // the whole barcode
	Category string // the whole category, whatever the letter case
	Stock    StockFilter
}

// check returns a Malformed fault with code query_invalid for what no product can have.
func (f Filter) check() error {
	for _, s := range []string{f.Query, f.Category, f.Barcode} {
		if utf8.RuneCountInString(s) > MaxQuery || !utf8.ValidString(s) || !text.IsLine(s) {
			return fault.New(fault.Malformed, "query_invalid", "a search has at most %d printable characters", MaxQuery)
		}
	}
	return nil
}

// wanted returns the filter as repositories compare it: texts folded and without spaces around them, a barcode as one of Codes.
func (f Filter) wanted() Filter {
	f.Query, f.Category = Fold(strings.TrimSpace(f.Query)), Fold(strings.TrimSpace(f.Category))
	f.Barcode = barcodeKey(strings.TrimSpace(f.Barcode))
	return f
}

// lets reports whether query and category let the entry through.
func (f Filter) lets(e Entry) bool {
	return (f.Category == "" || e.Category == f.Category) && strings.Contains(e.Text, f.Query)
}

// Codes returns the barcodes as they are found by: a UPC-A as the EAN-13 that it is part of.
func (p *Product) Codes() []string {
	codes := make([]string, len(p.d.Barcodes))
	for i, b := range p.d.Barcodes {
		codes[i] = barcodeKey(b)
	}
	return codes
}

// LowAt returns at what stock the product is low, and whether it ever is.
func (p *Product) LowAt() (measure.Quantity, bool) {
	if p.d.LowStockAt == nil {
		return 0, false
	}
	return *p.d.LowStockAt, true
}
