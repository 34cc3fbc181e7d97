package inventory

import (
	"strings"
	"testing"

	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/store"

	"pgregory.net/rapid"
)

func TestProductRefusesWhatIsOutOfBounds(t *testing.T) {
	minus, half := -measure.One, measure.Quantity(500)
	for pointer, d := range map[string]Details{
		"/name":          {Name: strings.Repeat("ü", MaxName+1)},
		"/name ":         {Name: " \t"},
		"/name  ":        {Name: "a\x00b"},
		"/description":   {Name: "A", Description: strings.Repeat("x", MaxDescription+1)},
		"/sku":           {Name: "A", SKU: strings.Repeat("x", MaxSKU+1)},
		"/sku ":          {Name: "A", SKU: "a\nb"},
		"/category":      {Name: "A", Category: strings.Repeat("x", MaxCategory+1)},
		"/category ":     {Name: "A", Category: "\xff"},
		"/price":         {Name: "A", Price: -1},
		"/price ":        {Name: "A", Price: money.Max + 1},
		"/tax_rate_bp":   {Name: "A", OwnTaxRate: true, TaxRate: money.MaxRate + 1},
		"/unit":          {Name: "A", Unit: "stone"},
		"/stock_policy":  {Name: "A", StockPolicy: "maybe"},
		"/low_stock_at":  {Name: "A", LowStockAt: &minus},
		"/low_stock_at ": {Name: "A", LowStockAt: &half},
	} {
		_, err := NewProduct("p", d)
		f, _ := fault.As(err)
		if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Pointer != strings.TrimSpace(pointer) {
			t.Errorf("%s: %v", pointer, err)
		}
	}
	for _, d := range []Details{
		{Name: strings.Repeat("ü", MaxName), Description: strings.Repeat("x", MaxDescription), SKU: strings.Repeat("x", MaxSKU), Category: strings.Repeat("x", MaxCategory)},
		{Name: "A", Price: money.MaxPrice, OwnTaxRate: true, TaxRate: money.MaxRate, LowStockAt: &half, Unit: measure.Kilogram, Description: "two\nlines"},
	} {
		if _, err := NewProduct("p", d); err != nil {
			t.Error(err)
		}
	}
}

func drawProduct(t *rapid.T) *Product {
	text := rapid.StringMatching(`[A-Za-zü"\\ ]{0,10}`)
	d := Details{
		Name: "N" + text.Draw(t, "name"), Description: text.Draw(t, "description"), SKU: text.Draw(t, "sku"), Category: text.Draw(t, "category"),
		Barcodes: rapid.SliceOfN(rapid.StringMatching(`[0-9]{4,7}`), 0, 3).Draw(t, "barcodes"),
		Price:    money.Amount(rapid.Int64Range(0, int64(money.MaxPrice)).Draw(t, "price")), OwnTaxRate: rapid.Bool().Draw(t, "own"),
		TaxRate: money.Rate(rapid.Int64Range(0, int64(money.MaxRate)).Draw(t, "rate")), Unit: measure.Kilogram,
		StockPolicy: rapid.SampledFrom([]store.StockPolicy{"", store.StockBlock, store.StockAllow}).Draw(t, "policy"),
	}
	if rapid.Bool().Draw(t, "warns") {
		q := measure.Quantity(rapid.Int64Range(0, 5000).Draw(t, "low"))
		d.LowStockAt = &q
	}
	p, err := NewProduct("p", d)
	if err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "deleted") {
		p = p.removed()
	}
	return p
}

func TestProductReadsBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProduct(t)
		c := journal.NewEncoder(nil)
		c.Root(p.Walk)
		var got Product
		d := journal.NewDecoder(c.Bytes())
		d.Root(got.Walk)
		if c.Err() != nil || d.Err() != nil {
			t.Fatal(c.Err(), d.Err())
		}
		if !got.d.same(p.d) || got.id != p.id || got.version != p.version || got.deleted != p.deleted {
			t.Fatalf("%+v reads back as %+v", p, got)
		}
	})
}

func TestReadingRefusesWhatNoProductIs(t *testing.T) {
	for _, b := range []string{
		`{"id":"p","version":1,"name":"A","price":-1,"unit":"piece"}`, `{"id":"p","name":"A","unit":"piece"}`, `{"id":"p","version":1,"unit":"piece"}`,
		`{"id":"p p","version":1,"name":"A","unit":"piece"}`, `{"id":"p","version":1,"name":"A","barcodes":["1"],"unit":"piece"}`,
	} {
		var p Product
		c := journal.NewDecoder([]byte(b))
		if c.Root(p.Walk); c.Err() == nil {
			t.Errorf("%s is read", b)
		}
	}
}

// The canonical forms below are what hashes of released versions cover: a field may be added, nothing else may change.
func TestGoldenDocuments(t *testing.T) {
	low := measure.Quantity(0)
	p, err := NewProduct("p", Details{Name: "A", Description: "d", SKU: "S", Barcodes: []string{"1234"}, Category: "C", Price: 1, TaxRate: 700, OwnTaxRate: true,
		Unit: measure.Kilogram, StockPolicy: store.StockWarn, LowStockAt: &low})
	if err != nil {
		t.Fatal(err)
	}
	m := Movement{Product: "p", Kind: Count, Unit: measure.Kilogram, Quantity: 1500, Delta: 500, Before: 1000, Reason: "r"}
	for _, tt := range []struct {
		doc  journal.Document
		want string
	}{
		{&Edit{Change: Created, Imported: true, Product: *p, Movements: []Movement{m}}, `{"change":"create","imported":1,"product":{"id":"p","version":1,"name":"A",` +
			`"description":"d","sku":"S","barcodes":["1234"],"category":"C","price":1,"own_tax_rate":1,"tax_rate_bp":700,"unit":"kg","stock_policy":"warn","warns":1},` +
			`"movements":[{"product":"p","kind":"count","unit":"kg","quantity":1500,"delta":500,"before":1000,"reason":"r"}]}`},
		{&Booking{Movement: m, Imported: true},
			`{"movement":{"product":"p","kind":"count","unit":"kg","quantity":1500,"delta":500,"before":1000,"reason":"r"},"imported":1}`},
	} {
		c := journal.NewEncoder(nil)
		if c.Root(tt.doc.Walk); c.Err() != nil || string(c.Bytes()) != tt.want {
			t.Errorf("%s is\n%s, want\n%s (%v)", tt.doc.Kind(), c.Bytes(), tt.want, c.Err())
		}
		read := Documents()[tt.doc.Kind()]()
		d := journal.NewDecoder([]byte(tt.want))
		if d.Root(read.Walk); d.Err() != nil {
			t.Errorf("%s: %v", tt.doc.Kind(), d.Err())
		}
	}
}

func TestAuditEventNamesWhatChanged(t *testing.T) {
	before, _ := NewProduct("p", Details{Name: "Tea", Price: 100, Description: strings.Repeat("x", 100)})
	after, _ := before.edited(Details{Name: "Tea", Price: 120, Description: "short"})
	f := (&Edit{Change: Edited, Product: *after}).fact(before)
	want := "description: " + strings.Repeat("x", maxShown) + "…; price: 100"
	if f.Action != "product.edit" || f.EntityID != "p" || f.Before != want || f.After != "description: short; price: 120" {
		t.Errorf("%+v", f)
	}
}
