// Package receipt renders bills for paper and for screens: as text in the columns of a printer, as a page of HTML, and in the commands
// of receipt printers.
package receipt

import (
	"strconv"
	"strings"
	"time"

	"kassa/core/cashier"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/store"
)

// Receipt is a bill with what else stands on its receipt. All texts may come from users: they are cleaned before they are rendered.
type Receipt struct {
	Bill     cashier.Booked
	Store    string // name
	Header   string // may have several lines
	Footer   string // likewise
	Register string // name
	Cashier  string // name, or empty
	Of       int64  // receipt number of the sale that a refund or void gives back, 0 when it is not known
	Location *time.Location
	Copy     bool // not the first print
}

// row is a label with a figure.
type row struct{ Label, Figure string }

// item is one line of the bill.
type item struct{ Name, Detail, Figure string }

// tax is one line of the table of taxes.
type tax struct{ Rate, Net, Tax, Gross string }

// view is a receipt in texts that are clean but not yet escaped or laid out.
type view struct {
	Title   string
	Store   string
	Header  []string
	Marks   []string // COPY, REFUND, VOID
	About   []row
	Items   []item
	Sums    []row
	Total   row
	Tenders []row
	Taxes   []tax
	Points  []row
	Footer  []string
}

const timeLayout = "2006-01-02 15:04"

func newView(r *Receipt) *view {
	b := r.Bill
	v := &view{Title: "Receipt " + strconv.FormatInt(b.Number, 10), Store: clean(r.Store), Header: lines(r.Header), Footer: lines(r.Footer)}
	v.about(r)
	for i := range b.Lines {
		v.Items = append(v.Items, itemOf(&b.Lines[i], b.Currency))
	}
	v.sums(b)
	v.tenders(b)
	v.taxes(b)
	if b.Member != "" {
		v.Points = append(v.Points, row{"Points earned", strconv.FormatInt(int64(b.PointsEarned), 10)})
		if b.PointsUsed != 0 {
			v.Points = append(v.Points, row{"Points used", strconv.FormatInt(int64(b.PointsUsed), 10)})
		}
	}
	return v
}

func (v *view) about(r *Receipt) {
	b := r.Bill
	if r.Copy {
		v.Marks = append(v.Marks, "COPY")
	}
	if !b.Sold() {
		mark := strings.ToUpper(string(b.Type))
		if r.Of != 0 {
			mark += " OF RECEIPT " + strconv.FormatInt(r.Of, 10)
		}
		v.Marks = append(v.Marks, mark)
	}
	at := b.OccurredAt
	if r.Location != nil {
		at = at.In(r.Location)
	}
	v.About = []row{{v.Title, at.Format(timeLayout)}, {clean(r.Register), clean(r.Cashier)}}
}

func itemOf(l *cashier.Line, c money.Currency) item {
	it := item{Name: clean(l.Name), Figure: c.Format(l.Subtotal)}
	price := c.Format(l.UnitPrice)
	switch {
	case l.Unit != measure.Piece:
		it.Detail = l.Quantity.Format(l.Unit) + " " + string(l.Unit) + " x " + price
	case l.Quantity != measure.One:
		it.Detail = l.Quantity.Format(l.Unit) + " x " + price
	}
	return it
}

func (v *view) sums(b cashier.Booked) {
	add := func(label string, amount money.Amount) {
		if amount != 0 {
			v.Sums = append(v.Sums, row{label, b.Currency.Format(amount)})
		}
	}
	add("Discount", -b.Discount)
	add("Points", -b.PointsUsed)
	if b.TaxMode == store.TaxExclusive {
		add("Tax", b.Tax)
	}
	add("Rounding", b.Rounding)
	if len(v.Sums) > 0 {
		v.Sums = append([]row{{"Subtotal", b.Currency.Format(b.Subtotal)}}, v.Sums...)
	}
	v.Total = row{"TOTAL " + string(b.Currency), b.Currency.Format(b.Total)}
}

func (v *view) tenders(b cashier.Booked) {
	for _, t := range b.Tenders {
		label := map[cashier.TenderKind]string{cashier.Cash: "Cash", cashier.Card: "Card", cashier.Wallet: "Wallet"}[t.Kind]
		if label == "" {
			label = clean(t.Label)
		}
		v.Tenders = append(v.Tenders, row{label, b.Currency.Format(t.Amount)})
	}
	if b.Change != 0 {
		v.Tenders = append(v.Tenders, row{"Change", b.Currency.Format(b.Change)})
	}
}

// taxes fills the table of taxes; a bill without any has none. Net and gross follow from the base by the tax mode.
func (v *view) taxes(b cashier.Booked) {
	if len(b.Taxes) == 1 && b.Taxes[0].Rate == 0 {
		return
	}
	for _, t := range b.Taxes {
		net, gross := t.Base-t.Tax, t.Base
		if b.TaxMode == store.TaxExclusive {
			net, gross = t.Base, t.Base+t.Tax
		}
		v.Taxes = append(v.Taxes, tax{percent(t.Rate), b.Currency.Format(net), b.Currency.Format(t.Tax), b.Currency.Format(gross)})
	}
}

// percent shows a rate: 19 %, 7.5 %.
func percent(r money.Rate) string {
	s := strconv.FormatInt(int64(r/100), 10)
	if rest := int64(r % 100); rest != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(100+rest, 10)[1:], "0")
	}
	return s + " %"
}
