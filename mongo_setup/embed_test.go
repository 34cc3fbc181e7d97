package mongosetup_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	mongosetup "kassa/mongo_setup"
)

// product has the fields that every product of the file has, and no others. Numbers stay as they are written.
type product struct {
	ID struct {
		OID string `json:"$oid"`
	} `json:"_id"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Category    string      `json:"category"`
	SKU         string      `json:"sku"`
	Barcodes    []string    `json:"barcodes"`
	Price       json.Number `json:"price"`
	TaxRateBP   json.Number `json:"tax_rate_bp"`
	Unit        string      `json:"unit"`
	Stock       json.Number `json:"stock"`
	LowStockAt  json.Number `json:"low_stock_at"`
}

func products(t *testing.T) []product {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(mongosetup.Products))
	d.DisallowUnknownFields()
	var ps []product
	if err := d.Decode(&ps); err != nil {
		t.Fatalf("product_mock.json: %v", err)
	}
	if d.More() {
		t.Fatal("product_mock.json goes on after its array")
	}
	return ps
}

// mongoexport ends each document with a line feed and writes the comma before the next one; a document has no spaces between its
// parts, begins with its _id, and has numbers as such (relaxed Extended JSON v2).
func TestFileIsWrittenAsMongoexportWritesIt(t *testing.T) {
	lines := strings.Split(string(mongosetup.Products), "\n")
	if n := len(lines); n != 102 || lines[100] != "]" || lines[101] != "" {
		t.Fatalf("%d lines, want one per product, a closing ] and a line feed", n)
	}
	for i, line := range lines[:100] {
		start := `,{"_id":{"$oid":"`
		if i == 0 {
			start = `[{"_id":{"$oid":"`
		}
		if !strings.HasPrefix(line, start) {
			t.Errorf("line %d begins %.20q, want %q", i+1, line, start)
		}
		if n := strings.Count(line, `"$`); n != 1 {
			t.Errorf("line %d has %d extended values, want only its $oid", i+1, n)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(line[1:])); err != nil || compact.String() != line[1:] {
			t.Errorf("line %d is not one compact document (%v)", i+1, err)
		}
	}
}

func TestHundredProductsEachIdentified(t *testing.T) {
	ps := products(t)
	if len(ps) != 100 {
		t.Fatalf("%d products, want 100", len(ps))
	}
	oid, sku := regexp.MustCompile(`^[0-9a-f]{24}$`), regexp.MustCompile(`^[A-Z]{3}-[0-9]{3}$`)
	seen := map[string]string{}
	once := func(kind, key, name string) {
		if other, ok := seen[kind+key]; ok {
			t.Errorf("%s %s belongs to %q and to %q", kind, key, other, name)
		}
		seen[kind+key] = name
	}
	for _, p := range ps {
		if !oid.MatchString(p.ID.OID) || !sku.MatchString(p.SKU) {
			t.Errorf("%q: id %q, sku %q", p.Name, p.ID.OID, p.SKU)
		}
		if p.Name == "" || p.Description == "" || p.Category == "" || len(p.Barcodes) == 0 {
			t.Errorf("%s lacks a name, description, category or barcode", p.SKU)
		}
		once("id", p.ID.OID, p.Name)
		once("sku", p.SKU, p.Name)
		for _, b := range p.Barcodes {
			once("barcode", b, p.Name)
		}
	}
}

func TestBarcodesAreEAN13OfOurOwn(t *testing.T) {
	own := regexp.MustCompile(`^2[0-9]{12}$`)
	for _, p := range products(t) {
		for _, b := range p.Barcodes {
			if !own.MatchString(b) {
				t.Errorf("%s: %q is not an EAN-13 that begins with 20 to 29", p.SKU, b)
				continue
			}
			sum := 0
			for i, c := range b {
				sum += int(c-'0') * (1 + 2*(i%2))
			}
			if sum%10 != 0 {
				t.Errorf("%s: %s has a wrong check digit", p.SKU, b)
			}
		}
	}
}

// A price has two decimals of which the last is not zero, because mongoexport would write 2.50 as 2.5.
func TestNumbersAreExact(t *testing.T) {
	price, count := regexp.MustCompile(`^(0|[1-9][0-9]*)\.[0-9][1-9]$`), regexp.MustCompile(`^(0|[1-9][0-9]*)$`)
	weight := regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]{0,2}[1-9])?$`)
	for _, p := range products(t) {
		if !price.MatchString(p.Price.String()) {
			t.Errorf("%s: price %s", p.SKU, p.Price)
		}
		amount := weight
		if p.Unit == "piece" {
			amount = count
		}
		if !amount.MatchString(p.Stock.String()) || !amount.MatchString(p.LowStockAt.String()) {
			t.Errorf("%s: stock %s, low at %s, in %s", p.SKU, p.Stock, p.LowStockAt, p.Unit)
		}
	}
}

func TestRatesAndUnitsAreKnownAndUsed(t *testing.T) {
	rates, units := map[string]int{"1900": 0, "700": 0, "0": 0}, map[string]int{"piece": 0, "kg": 0, "l": 0}
	for _, p := range products(t) {
		if _, ok := rates[p.TaxRateBP.String()]; !ok {
			t.Errorf("%s: tax rate %s", p.SKU, p.TaxRateBP)
		}
		if _, ok := units[p.Unit]; !ok {
			t.Errorf("%s: unit %q", p.SKU, p.Unit)
		}
		rates[p.TaxRateBP.String()]++
		units[p.Unit]++
	}
	for _, used := range []map[string]int{rates, units} {
		for k, n := range used {
			if n == 0 {
				t.Errorf("no product has %s", k)
			}
		}
	}
}

func TestTwoAreOutOfStockAndTwoShareAName(t *testing.T) {
	var out []string
	names := map[string][]string{}
	for _, p := range products(t) {
		if p.Stock == "0" {
			out = append(out, p.SKU)
		}
		names[p.Name] = append(names[p.Name], p.SKU)
	}
	if !slices.Equal(out, []string{"FRU-006", "PER-005"}) {
		t.Errorf("out of stock: %v, want the strawberries and the plasters", out)
	}
	shared := map[string][]string{}
	for name, skus := range names {
		if len(skus) > 1 {
			shared[name] = skus
		}
	}
	if len(shared) != 1 || !slices.Equal(shared["Apple juice 1 l"], []string{"DRI-003", "DRI-004"}) {
		t.Errorf("shared names: %v, want two products called Apple juice 1 l", shared)
	}
}
