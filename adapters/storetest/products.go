package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/page"
	"kassa/core/store"
	"kassa/core/writer"
)

var productRules = []rule{
	{"a product keeps what it was given", productKeepsWhatItWasGiven},
	{"an edit of one field leaves the others", editOfOneFieldLeavesTheOthers},
	{"SKUs and barcodes belong to one product", skusAndBarcodesBelongToOneProduct},
	{"two products may swap barcodes in one batch", twoProductsMaySwapBarcodesInOneBatch},
	{"a deleted product frees what it had and is not listed", deletedProductFreesWhatItHadAndIsNotListed},
	{"an edit during sales never writes stock", editDuringSalesNeverWritesStock},
	{"a search is plain text in any letter case", searchIsPlainTextInAnyLetterCase},
	{"a search follows edits", searchFollowsEdits},
	{"the list is by name and id over all pages", listIsByNameAndIDOverAllPages},
	{"stock filters follow sales at once", stockFiltersFollowSalesAtOnce},
	{"what is divisible stays so", whatIsDivisibleStaysSo},
}

func productKeepsWhatItWasGiven(t *testing.T, d *database) {
	s := d.stockroom(t)
	low := 4 * measure.One
	given := inventory.Details{Name: " Apple juice 1 l ", Description: "Cloudy\nfrom here", SKU: "DRI-1", Barcodes: []string{"4006381333931", "4006381333931", "1234"},
		Category: "Drinks", Price: 199, TaxRate: 700, OwnTaxRate: true, Unit: measure.Piece, StockPolicy: store.StockWarn, LowStockAt: &low}
	got := s.get(t, s.add(t, given, 12))
	want := given
	want.Name, want.Barcodes = "Apple juice 1 l", given.Barcodes[1:]
	if fmt.Sprint(texts(got.Product.Details())) != fmt.Sprint(texts(want)) || got.OnHand != 12*measure.One || got.Product.Version() != 1 {
		t.Errorf("got %+v with %s in version %d", got.Product.Details(), got.OnHand, got.Product.Version())
	}
	s.verify(t)
}

func texts(d inventory.Details) string {
	low := "none"
	if d.LowStockAt != nil {
		low = d.LowStockAt.String()
	}
	d.LowStockAt = nil
	return fmt.Sprintf("%+v %s", d, low)
}

// sales.md row 17.
func editOfOneFieldLeavesTheOthers(t *testing.T, d *database) {
	s := d.stockroom(t)
	i := s.add(t, inventory.Details{Name: "Tea", SKU: "T", Barcodes: []string{"4006381333931"}, Price: 300, Category: "Drinks"}, 5)
	before := s.get(t, i)
	if err := s.edit(i, 1, func(d *inventory.Details) { d.Price = 0 }); err != nil {
		t.Fatal(err)
	}
	after := s.get(t, i)
	want := before.Product.Details()
	want.Price = 0
	if texts(after.Product.Details()) != texts(want) || after.OnHand != before.OnHand || after.Product.Version() != 2 {
		t.Errorf("got %+v with %s in version %d", after.Product.Details(), after.OnHand, after.Product.Version())
	}
	for _, p := range []money.Amount{-1, money.MaxPrice + 1} {
		wantCode(t, s.edit(i, 2, func(d *inventory.Details) { d.Price = p }), "validation_failed")
	}
	wantCode(t, s.edit(i, 1, func(d *inventory.Details) { d.Price = 1 }), "version_stale")
	wantCode(t, s.edit("nothing", 1, func(*inventory.Details) {}), "product_unknown")
	if err := s.edit(i, 2, func(d *inventory.Details) { d.Name = "Tea " }); err != nil {
		t.Fatal(err)
	}
	if v := s.get(t, i).Product.Version(); v != 2 {
		t.Errorf("an edit that changes nothing made version %d", v)
	}
	s.verify(t)
}

// sales.md row 19: unique in the store.
func skusAndBarcodesBelongToOneProduct(t *testing.T, d *database) {
	s := d.stockroom(t)
	a := s.add(t, inventory.Details{Name: "A", SKU: "S", Barcodes: []string{"036000291452"}}, 0)
	create := func(d inventory.Details) error {
		_, err := s.Create(t.Context(), s.id, inventory.Create{Details: d})
		return err
	}
	err := create(inventory.Details{Name: "B", SKU: "S"})
	wantCode(t, err, "sku_taken")
	if f, _ := fault.As(err); f.Details["product_id"] != string(a) {
		t.Errorf("it names %v, not the product that has it", f.Details["product_id"])
	}
	wantCode(t, create(inventory.Details{Name: "B", Barcodes: []string{"0036000291452"}}), "barcode_taken") // the same article as EAN-13
	b := s.add(t, inventory.Details{Name: "B", SKU: "T", Barcodes: []string{"1111", "2222"}}, 0)
	wantCode(t, s.edit(b, 1, func(d *inventory.Details) { d.SKU = "S" }), "sku_taken")
	if err := s.edit(a, 1, func(d *inventory.Details) { d.SKU, d.Barcodes = "", nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.edit(b, 1, func(d *inventory.Details) { d.SKU, d.Barcodes = "S", []string{"036000291452", "1111"} }); err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string][]string{"0036000291452": {"B"}, "036000291452": {"B"}, "1111": {"B"}, "2222": nil} {
		if got := s.names(t, inventory.Filter{Barcode: code}); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", code, got, want)
		}
	}
	s.verify(t)
}

func twoProductsMaySwapBarcodesInOneBatch(t *testing.T, d *database) {
	s := d.stockroom(t)
	var rows []inventory.Row
	for n := range 40 {
		rows = append(rows, inventory.Row{ID: fmt.Sprint("p", n), Name: "P", Price: "1", Barcodes: []string{fmt.Sprint(1000 + n)}})
	}
	s.take(t, inventory.Import{}, rows...)
	free := inventory.Row{ID: "p0", Barcodes: []string{"9999"}}
	move := []inventory.Row{free}
	for n := 1; n < 40; n++ {
		move = append(move, inventory.Row{ID: fmt.Sprint("p", n), Barcodes: []string{fmt.Sprint(1000 + n - 1)}})
	}
	if r := s.take(t, inventory.Import{}, move...); r.Updated != 40 || r.Failed != 0 {
		t.Fatalf("%+v", r)
	}
	s.verify(t)
}

func deletedProductFreesWhatItHadAndIsNotListed(t *testing.T, d *database) {
	s := d.stockroom(t)
	given := inventory.Details{Name: "Tea", SKU: "T", Barcodes: []string{"4006381333931"}}
	i := s.add(t, given, 5)
	wantCode(t, s.Delete(t.Context(), s.id, inventory.Delete{ID: i, Version: 7}), "version_stale")
	if err := s.Delete(t.Context(), s.id, inventory.Delete{ID: i, Version: 1}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Get(t.Context(), s.id, i)
	wantCode(t, err, "product_unknown")
	wantCode(t, s.Delete(t.Context(), s.id, inventory.Delete{ID: i, Version: 2}), "product_unknown")
	wantCode(t, s.edit(i, 2, func(*inventory.Details) {}), "product_unknown")
	_, err = s.w.Do(t.Context(), s.id, sale{i})
	wantCode(t, err, "product_unknown")
	for _, f := range []inventory.Filter{{}, {Query: "tea"}, {Query: "te"}, {Barcode: "4006381333931"}} {
		if got := s.names(t, f); got != nil {
			t.Errorf("%+v still lists %q", f, got)
		}
	}
	var kept *inventory.Product
	err = s.w.Read(t.Context(), s.id, func(v *writer.View) error {
		kept, _ = inventory.Find(v, i)
		return nil
	})
	if err != nil || kept == nil || !kept.Deleted() || kept.Name() != "Tea" {
		t.Errorf("a refund would not find it: %v, %v", kept, err)
	}
	s.add(t, given, 0)
	s.verify(t)
}

// sales.md row 5.
func editDuringSalesNeverWritesStock(t *testing.T, d *database) {
	s := d.stockroom(t)
	i := s.add(t, inventory.Details{Name: "Tea", Price: 300}, 60)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := s.w.Do(t.Context(), s.id, sale{i}); err != nil {
				t.Error(err)
			}
		})
	}
	for n := range int64(10) {
		if err := s.edit(i, n+1, func(d *inventory.Details) { d.Price++ }); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if got := s.get(t, i); got.OnHand != 10*measure.One || got.Product.Price() != 310 {
		t.Errorf("stock %s at %d, want 10 at 310", got.OnHand, got.Product.Price())
	}
	s.verify(t)
}

func searchIsPlainTextInAnyLetterCase(t *testing.T, d *database) {
	s := d.stockroom(t)
	for _, d := range []inventory.Details{
		{Name: "Äpfel (rot)", SKU: "FRU-1", Category: "Obst"},
		{Name: "ÄPFEL GRÜN", SKU: "FRU-2", Category: "obst"},
		{Name: "100% Juice", SKU: "a_b", Barcodes: []string{"4006381333931"}},
		{Name: "Juice .* $5", SKU: "axb"},
		{Name: `The "quoted" one`, SKU: "Q"},
		{Name: "Σίσυφος"},
	} {
		s.add(t, d, 0)
	}
	for _, tt := range []struct {
		query string
		want  string
	}{
		{"äpfel", "Äpfel (rot)|ÄPFEL GRÜN"},
		{"ÄPF", "Äpfel (rot)|ÄPFEL GRÜN"},
		{"äp", "Äpfel (rot)|ÄPFEL GRÜN"},
		{"(", "Äpfel (rot)"},
		{"(rot)", "Äpfel (rot)"},
		{".*", "Juice .* $5"},
		{"juice .*", "Juice .* $5"},
		{"$", "Juice .* $5"},
		{"%", "100% Juice"},
		{"100%", "100% Juice"},
		{"a_b", "100% Juice"},
		{"_", "100% Juice"},
		{`"`, `The "quoted" one`},
		{`"quoted"`, `The "quoted" one`},
		{"ΣΊΣΥΦΟΣ", "Σίσυφος"},
		{"fru-", "Äpfel (rot)|ÄPFEL GRÜN"},
		{"381333", "100% Juice"},
		{" juice ", "100% Juice|Juice .* $5"},
		{"rot fru", ""},
		{"AND", ""},
		{"juice OR", ""},
		{"text:juice", ""},
		{"nothing like it", ""},
	} {
		if got := strings.Join(s.names(t, inventory.Filter{Query: tt.query}), "|"); got != tt.want {
			t.Errorf("%q finds %q, want %q", tt.query, got, tt.want)
		}
	}
	if got := s.names(t, inventory.Filter{Category: "OBST"}); len(got) != 2 {
		t.Errorf("the category lists %q", got)
	}
	if got := s.names(t, inventory.Filter{Category: "OBST", Query: "grün"}); len(got) != 1 {
		t.Errorf("the category lists %q", got)
	}
	for _, q := range []string{strings.Repeat("x", inventory.MaxQuery+1), "a\nb", "a\x00b", "\xff"} {
		_, err := s.List(t.Context(), s.id, inventory.Filter{Query: q}, page.Request{Limit: 1})
		wantCode(t, err, "query_invalid")
	}
}

func searchFollowsEdits(t *testing.T, d *database) {
	s := d.stockroom(t)
	i := s.add(t, inventory.Details{Name: "Coffee", SKU: "C", Barcodes: []string{"1234567"}}, 0)
	for n, step := range []struct {
		change    func(*inventory.Details)
		found     []string
		forgotten []string
	}{
		{func(d *inventory.Details) { d.Name = "Tea" }, []string{"tea", "te", "a", "1234567", "67"}, []string{"coffee", "co", "f"}},
		{func(d *inventory.Details) { d.Barcodes = []string{"7654321"} }, []string{"tea", "7654321", "21"}, []string{"1234567", "67"}},
		{func(d *inventory.Details) { d.SKU = "XYZ" }, []string{"xyz", "xy", "z"}, []string{"c"}},
		{func(d *inventory.Details) { d.Price++ }, []string{"tea", "xyz", "765"}, nil},
	} {
		if err := s.edit(i, int64(n)+1, step.change); err != nil {
			t.Fatal(err)
		}
		for _, q := range step.found {
			if len(s.names(t, inventory.Filter{Query: q})) != 1 {
				t.Errorf("after edit %d %q finds nothing", n+1, q)
			}
		}
		for _, q := range step.forgotten {
			if len(s.names(t, inventory.Filter{Query: q})) != 0 {
				t.Errorf("after edit %d %q still finds it", n+1, q)
			}
		}
	}
}

func listIsByNameAndIDOverAllPages(t *testing.T, d *database) {
	s := d.stockroom(t)
	long := strings.Repeat("ü", inventory.MaxName)
	var want []string
	for n := range 9 {
		name := []string{"b", "A", long}[n%3]
		s.add(t, inventory.Details{Name: name}, 0)
		want = append(want, name)
	}
	slices.SortStableFunc(want, func(a, b string) int { return strings.Compare(inventory.Fold(a), inventory.Fold(b)) })
	for _, f := range []inventory.Filter{{}, {Stock: inventory.OutOfStock}} {
		if got := s.names(t, f); !slices.Equal(got, want) {
			t.Errorf("%+v lists %q", f, got)
		}
	}
	_, err := s.List(t.Context(), s.id, inventory.Filter{}, page.Request{Limit: 1, After: "bm9uc2Vuc2U"})
	wantCode(t, err, "cursor_invalid")
}

// sales.md row 28.
func stockFiltersFollowSalesAtOnce(t *testing.T, d *database) {
	s := d.stockroom(t)
	low := 2 * measure.One
	i := s.add(t, inventory.Details{Name: "Tea", LowStockAt: &low}, 3)
	s.add(t, inventory.Details{Name: "Plenty"}, 1)
	for _, tt := range []struct {
		step     func() error
		out, low string
	}{
		{func() error { return nil }, "", ""},
		{func() error { _, err := s.w.Do(t.Context(), s.id, sale{i}); return err }, "", "Tea"},
		{func() error { _, err := s.w.Do(t.Context(), s.id, sale{i}); return err }, "", "Tea"},
		{func() error { _, err := s.w.Do(t.Context(), s.id, sale{i}); return err }, "Tea", ""},
		{func() error { return s.book("k", i, inventory.Receive, 1) }, "", "Tea"},
		{func() error { return s.book("l", i, inventory.Receive, 9) }, "", ""},
	} {
		if err := tt.step(); err != nil {
			t.Fatal(err)
		}
		out, low := s.names(t, inventory.Filter{Stock: inventory.OutOfStock}), s.names(t, inventory.Filter{Stock: inventory.LowStock})
		if strings.Join(out, "|") != tt.out || strings.Join(low, "|") != tt.low {
			t.Errorf("with %s: out %q, low %q; want %q, %q", s.get(t, i).OnHand, out, low, tt.out, tt.low)
		}
	}
}

func whatIsDivisibleStaysSo(t *testing.T, d *database) {
	s := d.stockroom(t)
	cheese := s.add(t, inventory.Details{Name: "Cheese", Unit: measure.Kilogram}, 1)
	wantCode(t, s.edit(cheese, 1, func(d *inventory.Details) { d.Unit = measure.Piece }), "validation_failed")
	for version, unit := range []measure.Unit{measure.Litre, measure.Metre} {
		if err := s.edit(cheese, int64(version)+1, func(d *inventory.Details) { d.Unit = unit }); err != nil {
			t.Fatal(err)
		}
	}
	cake := s.add(t, inventory.Details{Name: "Cake"}, 1)
	if err := s.edit(cake, 1, func(d *inventory.Details) { d.Unit = measure.Kilogram }); err != nil {
		t.Fatal(err)
	}
}

// book moves stock by pieces.
func (s *stockroom) book(key string, i id.ID, k inventory.MovementKind, pieces int64) error {
	return s.move(key, i, k, measure.Quantity(pieces)*measure.One, nil)
}
