package storetest

import (
	"fmt"
	"strings"
	"testing"

	"kassa/core/fault"
	"kassa/core/inventory"
	"kassa/core/measure"
	"kassa/core/page"
	"kassa/core/store"
)

var importRules = []rule{
	{"rows and what they make", imports},
	{"an import brings back a deleted product", importBringsBackADeletedProduct},
	{"an import never empties a field", importNeverEmptiesAField},
	{"an import keeps the order of many rows", importKeepsTheOrderOfManyRows},
	{"an import is bounded", importIsBounded},
}

// outcome writes a result as created/updated/unchanged/failed and the codes of the failed rows by number.
func outcome(r inventory.ImportResult) string {
	s := fmt.Sprintf("%d/%d/%d/%d", r.Created, r.Updated, r.Unchanged, r.Failed)
	for _, e := range r.Errors {
		s += fmt.Sprintf(" %d:%s", e.Row, e.Code)
	}
	return s
}

// shelf lists all products as name, price and stock.
func (s *stockroom) shelf(t testing.TB) string {
	t.Helper()
	list := must[page.List[inventory.Listed]](t)(s.List(t.Context(), s.id, inventory.Filter{}, page.Request{Limit: page.MaxLimit}))
	lines := make([]string, len(list.Items))
	for i, l := range list.Items {
		lines[i] = fmt.Sprintf("%s %d x%s", l.Product.Name(), l.Product.Price(), l.OnHand)
	}
	return strings.Join(lines, ", ")
}

// sales.md row 15.
func imports(t *testing.T, d *database) {
	type row = inventory.Row
	count, keep := inventory.Import{Count: true}, inventory.Import{}
	for _, tt := range []struct {
		name  string
		given []row
		how   inventory.Import
		rows  []row
		tally string
		shelf string
	}{
		{"a new product, price in major units", nil, keep, []row{{ID: "507f1f77", Name: "Phone", Price: "617.8", Stock: "29"}}, "1/0/0/0", "Phone 61780 x29"},
		{"stock 0 is fine", nil, keep, []row{{Name: "A", Price: "0", Stock: "0"}}, "1/0/0/0", "A 0 x0"},
		{"two may share a name", nil, keep, []row{{ID: "1", Name: "A", Price: "1"}, {ID: "2", Name: "A", Price: "2"}}, "2/0/0/0", "A 100 x0, A 200 x0"},
		{"twice changes nothing", []row{{ID: "1", Name: "A", Price: "1", Stock: "3"}}, keep, []row{{ID: "1", Name: "A", Price: "1.00", Stock: "3"}}, "0/0/1/0", "A 100 x3"},
		{"twice by sku", []row{{SKU: "S", Name: "A", Price: "1"}}, keep, []row{{SKU: "S", Name: "A", Price: "1"}}, "0/0/1/0", "A 100 x0"},
		{"twice by barcode", []row{{Barcodes: []string{"036000291452"}, Name: "A", Price: "1"}}, keep,
			[]row{{Barcodes: []string{"036000291452"}, Name: "A", Price: "1"}}, "0/0/1/0", "A 100 x0"},
		{"twice by name", []row{{Name: "A", Price: "1"}}, keep, []row{{Name: " A ", Price: "1"}}, "0/0/1/0", "A 100 x0"},
		{"updated by id", []row{{ID: "1", Name: "A", Price: "1"}}, keep, []row{{ID: "1", Name: "B"}}, "0/1/0/0", "B 100 x0"},
		{"updated by sku", []row{{SKU: "S", Name: "A", Price: "1"}}, keep, []row{{SKU: "S", Price: "2"}}, "0/1/0/0", "A 200 x0"},
		{"updated by barcode", []row{{Barcodes: []string{"1234"}, Name: "A", Price: "1"}}, keep, []row{{Barcodes: []string{"1234"}, Price: "2"}}, "0/1/0/0", "A 200 x0"},
		{"updated by name", []row{{SKU: "S", Name: "A", Price: "1"}}, keep, []row{{Name: "A", Price: "2"}}, "0/1/0/0", "A 200 x0"},
		{"a name in another letter case is another name", []row{{Name: "A", Price: "1"}}, keep, []row{{Name: "a", Price: "2"}}, "1/0/0/0", "A 100 x0, a 200 x0"},
		{"a name of two", []row{{ID: "1", Name: "A", Price: "1"}, {ID: "2", Name: "A", Price: "1"}}, keep, []row{{Name: "A", Price: "2"}},
			"0/0/0/1 1:ambiguous_name", "A 100 x0, A 100 x0"},
		{"a name of two, with a sku", []row{{ID: "1", Name: "A", Price: "1"}, {ID: "2", Name: "A", Price: "1"}}, keep, []row{{SKU: "S", Name: "A", Price: "2"}},
			"1/0/0/0", "A 200 x0, A 100 x0, A 100 x0"}, // by name and id
		{"a sku joins the product of the barcode", []row{{Barcodes: []string{"1234"}, Name: "A", Price: "1"}}, keep,
			[]row{{SKU: "S", Barcodes: []string{"1234"}}}, "0/1/0/0", "A 100 x0"},
		{"another sku is another product", []row{{SKU: "R", Barcodes: []string{"1234"}, Name: "A", Price: "1"}}, keep,
			[]row{{SKU: "S", Barcodes: []string{"1234"}, Name: "B", Price: "1"}}, "0/0/0/1 1:barcode_taken", "A 100 x0"},
		{"another id is another product", []row{{ID: "1", SKU: "S", Name: "A", Price: "1"}}, keep,
			[]row{{ID: "2", SKU: "S", Name: "B", Price: "1"}}, "0/0/0/1 1:sku_taken", "A 100 x0"},
		{"barcodes of two", []row{{ID: "1", Barcodes: []string{"1111"}, Name: "A", Price: "1"}, {ID: "2", Barcodes: []string{"2222"}, Name: "B", Price: "1"}}, keep,
			[]row{{Barcodes: []string{"1111", "2222"}, Price: "2"}}, "0/0/0/1 1:ambiguous_barcode", "A 100 x0, B 100 x0"},
		{"stock is left alone", []row{{ID: "1", Name: "A", Price: "1", Stock: "3"}}, keep, []row{{ID: "1", Stock: "9"}}, "0/0/1/0", "A 100 x3"},
		{"stock is counted", []row{{ID: "1", Name: "A", Price: "1", Stock: "3"}}, count, []row{{ID: "1", Stock: "9"}}, "0/1/0/0", "A 100 x9"},
		{"stock is counted with an edit", []row{{ID: "1", Name: "A", Price: "1", Stock: "3"}}, count, []row{{ID: "1", Price: "2", Stock: "9"}}, "0/1/0/0", "A 200 x9"},
		{"stock as counted", []row{{ID: "1", Name: "A", Price: "1", Stock: "3"}}, count, []row{{ID: "1", Stock: "3"}}, "0/0/1/0", "A 100 x3"},
		{"no stock, no count", []row{{ID: "1", Name: "A", Price: "1", Stock: "3"}}, count, []row{{ID: "1", Price: "1"}}, "0/0/1/0", "A 100 x3"},
		{"bad rows among good ones", nil, keep, []row{
			{Name: "A", Price: "1"}, {Name: "B"}, {Price: "1"}, {Name: "C", Price: "1.005"}, {Name: "D", Price: "-1"}, {Name: "E", Price: "x"}, {Name: "F", Price: "1e400"},
			{Name: "G", Price: "1", Stock: "0.5"}, {Name: "H", Price: "1", Stock: "-1"}, {Name: "I", Price: "1", Unit: "stone"}, {Name: "J", Price: "1", TaxRate: "19.5"},
			{Name: "K", Price: "1", Barcodes: []string{"4006381333932"}}, {ID: "a b", Name: "L", Price: "1"}, {Name: "M", Price: "1", StockPolicy: "maybe"},
			{Name: strings.Repeat("N", 201), Price: "1"}, {Err: fault.New(fault.Malformed, "row_unreadable", "x")}, {Name: "Z", Price: "1"},
		}, "2/0/0/15 2:required 3:required 4:price_too_precise 5:price_invalid 6:price_invalid 7:price_invalid 8:quantity_invalid 9:quantity_invalid " +
			"10:unit_invalid 11:rate_invalid 12:barcode_invalid 13:id_invalid 14:stock_policy_invalid 15:name_invalid 16:row_unreadable", "A 100 x0, Z 100 x0"},
		{"rows that mean the same product, in order", nil, keep, []row{
			{ID: "1", SKU: "S", Name: "A", Price: "1"}, {SKU: "S", Price: "2"}, {ID: "1", Name: "B"}, {SKU: "S", Price: "3"}, {Name: "B", Price: "4"}, {Name: "A", Price: "9"},
		}, "2/4/0/0", "A 900 x0, B 400 x0"},
		{"a sku moves from row to row", []row{{ID: "1", SKU: "S", Name: "A", Price: "1"}}, keep, []row{{ID: "1", SKU: "T"}, {SKU: "S", Name: "B", Price: "2"}, {SKU: "T", Price: "3"}},
			"1/2/0/0", "A 300 x0, B 200 x0"},
		{"one name again and again", nil, keep, []row{{Name: "A", Price: "1"}, {Name: "A", Price: "2"}, {Name: "A", Price: "2"}, {ID: "x", Name: "A", Price: "3"}, {Name: "A", Price: "4"}},
			"2/1/1/1 5:ambiguous_name", "A 200 x0, A 300 x0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := d.stockroom(t)
			if r := s.take(t, inventory.Import{}, tt.given...); r.Created != len(tt.given) {
				t.Fatalf("the given products: %s", outcome(r))
			}
			before := s.shelf(t)
			dry := tt.how
			dry.DryRun = true
			if got := outcome(s.take(t, dry, tt.rows...)); got != tt.tally {
				t.Errorf("the dry run says %s, want %s", got, tt.tally)
			}
			if after := s.shelf(t); after != before {
				t.Errorf("the dry run made of %s %s", before, after)
			}
			if got := outcome(s.take(t, tt.how, tt.rows...)); got != tt.tally {
				t.Errorf("got %s, want %s", got, tt.tally)
			}
			if got := s.shelf(t); got != tt.shelf {
				t.Errorf("the shop has %s, want %s", got, tt.shelf)
			}
			s.verify(t)
		})
	}
}

func importBringsBackADeletedProduct(t *testing.T, d *database) {
	s := d.stockroom(t)
	row := inventory.Row{ID: "1", SKU: "S", Name: "A", Price: "1", Stock: "3"}
	s.take(t, inventory.Import{}, row)
	if err := s.Delete(t.Context(), s.id, inventory.Delete{ID: "1", Version: 1}); err != nil {
		t.Fatal(err)
	}
	row.Stock = "7"
	if got := outcome(s.take(t, inventory.Import{}, row)); got != "1/0/0/0" {
		t.Fatal(got)
	}
	if got := s.get(t, "1"); got.OnHand != 7*measure.One || got.Product.Version() != 3 {
		t.Errorf("it has %s in version %d, want 7 in a version that never was", got.OnHand, got.Product.Version())
	}
	s.verify(t)
}

func importNeverEmptiesAField(t *testing.T, d *database) {
	s := d.stockroom(t)
	low := measure.One
	i := s.add(t, inventory.Details{Name: "A", Description: "d", SKU: "S", Barcodes: []string{"1234"}, Category: "C", Price: 1, TaxRate: 700, OwnTaxRate: true,
		Unit: measure.Kilogram, StockPolicy: store.StockAllow, LowStockAt: &low}, 1)
	before := texts(s.get(t, i).Product.Details())
	if got := outcome(s.take(t, inventory.Import{}, inventory.Row{SKU: "S"})); got != "0/0/1/0" || texts(s.get(t, i).Product.Details()) != before {
		t.Errorf("%s made of %s %s", got, before, texts(s.get(t, i).Product.Details()))
	}
}

// A shop may renumber its products by a file: each row takes what the one before it gave up.
func importKeepsTheOrderOfManyRows(t *testing.T, d *database) {
	s := d.stockroom(t)
	const n = 300
	rows, shifted := make([]inventory.Row, n), make([]inventory.Row, n)
	for i := range rows {
		rows[i] = inventory.Row{ID: fmt.Sprintf("p%03d", i), SKU: fmt.Sprint("S", i), Name: fmt.Sprint("N", i), Price: "1"}
		shifted[i] = inventory.Row{ID: fmt.Sprintf("p%03d", n-1-i), SKU: fmt.Sprint("S", n-i)}
	}
	if got := outcome(s.take(t, inventory.Import{}, rows...)); got != "300/0/0/0" {
		t.Fatal(got)
	}
	for _, dry := range []bool{true, false} {
		if got := outcome(s.take(t, inventory.Import{DryRun: dry}, shifted...)); got != "0/300/0/0" {
			t.Fatal(got)
		}
	}
	s.verify(t)
}

func importIsBounded(t *testing.T, d *database) {
	s := d.stockroom(t)
	bad := make([]inventory.Row, 1500)
	if r := s.take(t, inventory.Import{DryRun: true}, bad...); r.Failed != 1500 || len(r.Errors) != 1000 {
		t.Errorf("%d failed and %d errors", r.Failed, len(r.Errors))
	}
	f := make(file, inventory.MaxDryRunRows+1)
	_, err := s.Import(t.Context(), s.id, inventory.Import{Rows: &f, DryRun: true})
	wantCode(t, err, "too_many_rows")
}
