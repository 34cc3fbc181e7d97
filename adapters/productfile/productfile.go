// Package productfile reads the files that products are imported from, row by row: CSV, JSON, and what mongoexport writes. It finds the
// fields and hands them on as texts; what they mean is the inventory's business. A file may be of any size: only one row of it is in memory.
package productfile

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"

	"kassa/core/fault"
	"kassa/core/inventory"
)

// The bounds of a file.
const (
	MaxRow     = 1 << 20 // bytes
	maxIgnored = 50      // names of fields that mean nothing, kept for the report
	maxField   = 64      // characters of such a name
)

// Format is how a file is written. Its zero value is no format.
type Format string

// The formats.
const (
	CSV  Format = "csv"  // a header that names the columns; separated by comma, semicolon or tab
	JSON Format = "json" // an array of objects, or one object after the other
)

// ParseFormat returns the format, or an Invalid fault with code format_invalid.
func ParseFormat(s string) (Format, error) {
	switch f := Format(strings.ToLower(s)); f {
	case CSV, JSON:
		return f, nil
	}
	return "", fault.New(fault.Invalid, "format_invalid", "a product file is %s or %s", CSV, JSON)
}

// Read reads the beginning of a file. Malformed fault file_invalid for what is not of the format, or not in UTF-8.
func Read(f Format, from io.Reader) (inventory.Rows, error) {
	r := bufio.NewReaderSize(from, 64<<10)
	start, err := r.Peek(3)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if bytes.HasPrefix(start, []byte{0xff, 0xfe}) || bytes.HasPrefix(start, []byte{0xfe, 0xff}) {
		return nil, invalid("the file is in UTF-16; save it as UTF-8")
	}
	if string(start) == "\ufeff" { // the mark that spreadsheets put in front
		_, _ = r.Discard(3) // they were peeked at
	}
	switch f {
	case CSV:
		return newCSV(r)
	case JSON:
		return newJSON(r)
	}
	return nil, fault.New(fault.Invalid, "format_invalid", "a product file is %s or %s", CSV, JSON)
}

func invalid(format string, args ...any) *fault.Error {
	return fault.New(fault.Malformed, "file_invalid", format, args...)
}

func tooLarge(because string) error {
	return fault.New(fault.TooLarge, "row_too_large", "a row has at most %d bytes%s", MaxRow, because)
}

// fieldFault refuses one field of a row.
func fieldFault(name, detail string) error {
	var v fault.Validation
	v.Refuse("/"+name, "type_invalid", "%s", detail)
	return v.Err()
}

// names finds the fields, also under what others call them, and notes the others.
type names struct{ ignored []string }

// known are the fields of a row by the names that they have in files.
var known = map[string]string{
	"_id": "id", "id": "id", "name": "name", "description": "description", "sku": "sku", "barcodes": "barcodes", "barcode": "barcodes",
	"category": "category", "price": "price", "tax_rate_bp": "tax_rate_bp", "unit": "unit", "stock": "stock", "stock_policy": "stock_policy",
	"low_stock_at": "low_stock_at",
}

// of returns the field that a name means, or nothing.
func (n *names) of(name string) string {
	if field, ok := known[name]; ok {
		return field
	}
	if rs := []rune(name); len(rs) > maxField {
		name = string(rs[:maxField])
	}
	if name != "" && len(n.ignored) < maxIgnored && !slices.Contains(n.ignored, name) {
		n.ignored = append(n.ignored, name)
	}
	return ""
}

// Ignored implements inventory.Rows.
func (n *names) Ignored() []string { return slices.Sorted(slices.Values(n.ignored)) }

// minorUnits refuses what the API's own list of products looks like: its prices are in minor units, and would become a hundred times as much.
func minorUnits(has func(name string) bool) error {
	if has("price") && has("version") && has("image_url") {
		return invalid("this is the API's list of products, whose prices are in minor units; an import has them in major units: take the column version away once they are")
	}
	return nil
}

// textOf returns where a field's text goes, nil for barcodes.
func textOf(row *inventory.Row, field string) *string {
	switch field {
	case "id":
		return &row.ID
	case "name":
		return &row.Name
	case "description":
		return &row.Description
	case "sku":
		return &row.SKU
	case "category":
		return &row.Category
	case "price":
		return &row.Price
	case "tax_rate_bp":
		return &row.TaxRate
	case "unit":
		return &row.Unit
	case "stock":
		return &row.Stock
	case "stock_policy":
		return &row.StockPolicy
	case "low_stock_at":
		return &row.LowStockAt
	}
	return nil
}

// numeric reports whether a field is a number.
func numeric(field string) bool {
	switch field {
	case "price", "tax_rate_bp", "stock", "low_stock_at":
		return true
	}
	return false
}

// codes splits several barcodes in one text, which may be a list in JSON: mongoexport and the API's own CSV have them so.
func codes(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(`| ,"[]`, r) })
}

// objectID returns the digits of what mongoexport writes into CSV as ObjectId(507f1f77bcf86cd799439011).
func objectID(s string) string {
	if inner, ok := strings.CutPrefix(s, "ObjectId("); ok {
		if inner, ok = strings.CutSuffix(inner, ")"); ok {
			return strings.Trim(inner, `"'`)
		}
	}
	return s
}
