package inventory

import (
	"strings"
	"testing"

	"kassa/core/fault"

	"pgregory.net/rapid"
)

// sales.md row 19.
func TestBarcodeHasTheRightCheckDigit(t *testing.T) {
	for code, ok := range map[string]bool{
		"4006381333931": true, "4006381333930": false, // EAN-13
		"96385074": true, "96385075": false, // EAN-8
		"036000291452": true, "036000291453": false, // UPC-A
		"0000000000000": true,
		"1234":          true, "123": false, "": false, // a shop's own
		"12345678901234567890123456789012": true, "123456789012345678901234567890123": false,
		"400638133393a": false, "４００６": false, "12 34": false, "-1234": false,
	} {
		if err := CheckBarcode(code); (err == nil) != ok || err != nil && !fault.IsCode(err, "barcode_invalid") {
			t.Errorf("%q: %v", code, err)
		}
	}
}

func TestOneWrongDigitIsNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{8, 12, 13}).Draw(t, "length")
		b := []byte(rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), n-1, n-1, -1).Draw(t, "digits"))
		b = append(b, checkDigit(string(b)))
		if err := CheckBarcode(string(b)); err != nil {
			t.Fatal(err)
		}
		i := rapid.IntRange(0, n-1).Draw(t, "place")
		b[i] = '0' + (b[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "change")))%10
		if CheckBarcode(string(b)) == nil {
			t.Fatalf("%s passes", b)
		}
	})
}

func TestBarcodesAloneGiveTheFaultTheirCode(t *testing.T) {
	for _, tt := range []struct {
		d      Details
		code   string
		fields int
	}{
		{Details{Name: "A", Barcodes: []string{"1234"}}, "", 0},
		{Details{Name: "A", Barcodes: []string{"1234", "4006381333930", "x"}}, "barcode_invalid", 2},
		{Details{Name: "", Barcodes: []string{"4006381333930"}}, "validation_failed", 2},
		{Details{Name: ""}, "validation_failed", 1},
		{Details{Name: "A", Barcodes: make21()}, "barcode_invalid", 1},
	} {
		_, err := NewProduct("p", tt.d)
		f, _ := fault.As(err)
		if tt.code == "" && err != nil || tt.code != "" && (f == nil || f.Code != tt.code || len(f.Fields) != tt.fields) {
			t.Errorf("%+v: %v", tt.d, err)
		}
	}
}

func make21() []string {
	codes := make([]string, MaxBarcodes+1)
	for i := range codes {
		codes[i] = string(rune('0'+i/10)) + string(rune('0'+i%10)) + "77"
	}
	return codes
}

// FuzzBarcode: what is taken is digits only, with a check digit where its length asks for one, and a UPC-A is found as its EAN-13.
func FuzzBarcode(f *testing.F) {
	for _, code := range []string{"4006381333931", "036000291452", "0036000291452", "96385074", "1234", "400638133393a", "", "４００６"} {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code string) {
		err := CheckBarcode(code)
		if err != nil {
			if !fault.IsCode(err, "barcode_invalid") {
				t.Fatalf("%q: %v", code, err)
			}
			return
		}
		if strings.Trim(code, "0123456789") != "" || len(code) < minBarcode || len(code) > maxBarcode {
			t.Fatalf("%q was taken", code)
		}
		if len(code) == 12 && (CheckBarcode("0"+code) != nil || barcodeKey(code) != barcodeKey("0"+code)) {
			t.Fatalf("%s and its EAN-13 are two codes", code)
		}
		if n := len(code); n == 8 || n == 12 || n == 13 {
			sum := 0
			for i := range n {
				sum += int(code[n-1-i]-'0') * (1 + i%2*2)
			}
			if sum%10 != 0 {
				t.Fatalf("%s was taken and sums to %d", code, sum)
			}
		}
	})
}
