package inventory

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPlainDecimal(t *testing.T) {
	for s, want := range map[string]string{
		"1": "1", "0": "0", "1.50": "1.5", "617.8": "617.8", "1.5E+06": "1500000", "1.5e6": "1500000", "15e-1": "1.5", "1e-3": "0.001", "0.0": "0", "0e9": "0",
		"-1": "-1", "-0": "0", "-0.0": "0", "-1.5E1": "-15", "100.0": "100", "9007199254740991": "9007199254740991", "1E+40": "1" + strings.Repeat("0", 40),
	} {
		if got, ok := plainDecimal(s); !ok || got != want {
			t.Errorf("%q is %q, %t; want %q", s, got, ok, want)
		}
	}
	for _, s := range []string{
		"", "-", ".", "1.", ".5", "01", "+1", "1e", "1e+", "e5", "1e41", "1e-41", "1e400", "1,5", "1 000", "0x10", "NaN", "Infinity", "1.5.5", "1e5e5", "1e1.5", "１", "--1",
		strings.Repeat("1", 65),
	} {
		if got, ok := plainDecimal(s); ok {
			t.Errorf("%q is read as %q", s, got)
		}
	}
}

// The plain form is the same number, to the last digit.
func TestPlainDecimalIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := fmt.Sprintf("%d.%se%d", rapid.Int64().Draw(t, "whole"), rapid.StringMatching(`[0-9]{1,15}`).Draw(t, "decimals"), rapid.IntRange(-40, 40).Draw(t, "exponent"))
		plain, ok := plainDecimal(s)
		if !ok {
			t.Fatalf("%s is not read", s)
		}
		want, _ := new(big.Rat).SetString(s)
		got, ok := new(big.Rat).SetString(plain)
		if !ok || got.Cmp(want) != 0 || strings.ContainsAny(plain, "eE") {
			t.Fatalf("%s is %s", s, plain)
		}
	})
}

func TestRowSaysNothingWhereItIsEmpty(t *testing.T) {
	d, err := Row{Number: 1}.understand("EUR")
	if err != nil {
		t.Fatal(err)
	}
	full := Details{Name: "A", Description: "d", SKU: "S", Barcodes: []string{"1234"}, Category: "C", Price: 5, TaxRate: 700, OwnTaxRate: true, Unit: "kg", StockPolicy: "warn"}
	got := full
	if d.onto(&got); !got.same(full) {
		t.Errorf("an empty row makes %+v of %+v", got, full)
	}
}
