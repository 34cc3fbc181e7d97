package inventory

import (
	"strconv"
	"strings"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/store"
)

// Row is one row of an import file, its fields as texts. A field that is empty or missing says nothing: an import never empties a field.
type Row struct {
	Number      int // from 1
	ID          string
	Name        string
	Description string
	SKU         string
	Barcodes    []string
	Category    string
	Price       string // major units, an exact decimal: 12.50, also 1.25E+1
	TaxRate     string // basis points
	Unit        string
	Stock       string // in the unit
	StockPolicy string
	LowStockAt  string // in the unit
	Err         error  // the row cannot be read
}

// Rows is an import file, read row by row.
type Rows interface {
	// Next returns the next row, or io.EOF after the last. A row that cannot be read comes with its Err, and others may follow; any other
	// error ends the import.
	Next() (Row, error)
	// Ignored lists the fields seen so far that mean nothing here, for the report.
	Ignored() []string
}

// draftRow is a row that was understood, without what the store knows.
type draftRow struct {
	number int
	id     id.ID
	given  Details // only the fields that are given, tidy
	price  bool    // a price is given, maybe 0
	stock  *measure.Quantity
}

// understand reads the texts of a row. Validation fault with the API's pointers.
func (r Row) understand(c money.Currency) (draftRow, error) {
	if r.Err != nil {
		return draftRow{}, r.Err
	}
	var v fault.Validation
	var err error
	d := draftRow{number: r.Number, given: Details{Name: r.Name, Description: r.Description, SKU: r.SKU, Barcodes: r.Barcodes, Category: r.Category}.tidy()}
	d.given.Unit = ""
	if r.ID != "" {
		d.id, err = id.Parse(r.ID)
		v.Refuses("/id", err)
	}
	if r.Price != "" {
		d.price = true
		d.given.Price, err = price(c, r.Price)
		v.Refuses("/price", err)
	}
	if r.TaxRate != "" {
		d.given.OwnTaxRate = true
		d.given.TaxRate, err = rate(r.TaxRate)
		v.Refuses("/tax_rate_bp", err)
	}
	if r.Unit != "" {
		d.given.Unit, err = measure.ParseUnit(r.Unit)
		v.Refuses("/unit", err)
	}
	if r.StockPolicy != "" {
		d.given.StockPolicy, err = store.ParseStockPolicy(r.StockPolicy)
		v.Refuses("/stock_policy", err)
	}
	d.given.LowStockAt, err = quantity(r.LowStockAt)
	v.Refuses("/low_stock_at", err)
	d.stock, err = quantity(r.Stock)
	v.Refuses("/stock", err)
	return d, v.Err()
}

// onto sets the given fields.
func (d draftRow) onto(to *Details) {
	g := d.given
	for _, t := range []struct {
		given string
		to    *string
	}{{g.Name, &to.Name}, {g.Description, &to.Description}, {g.SKU, &to.SKU}, {g.Category, &to.Category}} {
		if t.given != "" {
			*t.to = t.given
		}
	}
	if len(g.Barcodes) > 0 {
		to.Barcodes = g.Barcodes
	}
	if d.price {
		to.Price = g.Price
	}
	if g.OwnTaxRate {
		to.OwnTaxRate, to.TaxRate = true, g.TaxRate
	}
	if g.Unit != "" {
		to.Unit = g.Unit
	}
	if g.StockPolicy != "" {
		to.StockPolicy = g.StockPolicy
	}
	if g.LowStockAt != nil {
		to.LowStockAt = g.LowStockAt
	}
}

// product returns the product that the row describes by itself. A name and a price are required.
func (d draftRow) product(i id.ID) (*Product, error) {
	var v fault.Validation
	if d.given.Name == "" {
		v.Refuse("/name", "required", "a new product needs a name")
	}
	if !d.price {
		v.Refuse("/price", "required", "a new product needs a price")
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	var details Details
	d.onto(&details)
	return NewProduct(i, details)
}

// maxExponent is more than any price or quantity within bounds needs.
const maxExponent = 40

func price(c money.Currency, s string) (money.Amount, error) {
	plain, ok := plainDecimal(s)
	if !ok {
		plain = s // refused below, in the words of prices
	}
	return c.ParseMajor(plain)
}

func rate(s string) (money.Rate, error) {
	q, err := quantity(s)
	if err != nil || !q.IsWhole() {
		return 0, fault.New(fault.Invalid, "rate_invalid", "a rate is a whole number of basis points, 1900 for 19 %%")
	}
	return money.NewRate(q.Whole())
}

// quantity reads a decimal; nil for an empty text. Zeros at the end do not count as decimals.
func quantity(s string) (*measure.Quantity, error) {
	if s == "" {
		return nil, nil //nolint:nilnil // nothing is given, and nothing is wrong
	}
	plain, ok := plainDecimal(s)
	if !ok {
		plain = s
	}
	q, err := measure.ParseQuantity(plain)
	return &q, err
}

// plainDecimal writes a decimal number that may have an exponent, as mongoexport writes large doubles (1.5E+06), without one and without
// zeros at the end of its decimals. It is exact: digits move, nothing is computed. Not ok for what is no such number.
func plainDecimal(s string) (plain string, ok bool) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	digits, negative := strings.CutPrefix(mantissa, "-")
	whole, decimals, point := strings.Cut(digits, ".")
	e := 0
	if exponent != "" {
		var err error
		if e, err = strconv.Atoi(exponent); err != nil || e < -maxExponent || e > maxExponent {
			return "", false
		}
	}
	if len(s) > maxNumber || !isDigits(whole) || point && !isDigits(decimals) || strings.HasSuffix(strings.ToLower(s), "e") || len(whole) > 1 && whole[0] == '0' {
		return "", false
	}
	zeros := strings.Repeat("0", maxExponent)
	all := zeros + whole + decimals + zeros
	at := len(zeros) + len(whole) + e
	whole, decimals = strings.TrimLeft(all[:at], "0"), strings.TrimRight(all[at:], "0")
	if whole == "" {
		whole = "0"
	}
	if decimals != "" {
		decimals = "." + decimals
	}
	if negative && (whole != "0" || decimals != "") {
		whole = "-" + whole
	}
	return whole + decimals, true
}

// maxNumber bounds the text of a number, in bytes.
const maxNumber = 64

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
