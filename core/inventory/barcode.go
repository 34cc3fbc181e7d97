package inventory

import (
	"strconv"

	"kassa/core/fault"
)

// The bounds of a barcode, in digits.
const (
	minBarcode = 4
	maxBarcode = 32
)

// CheckBarcode returns an Invalid fault with code barcode_invalid unless code has 4 to 32 digits and, where its length says that it is an
// EAN-8, UPC-A or EAN-13 (8, 12 or 13 digits), ends with the check digit of the GS1 General Specifications, 7.9.
func CheckBarcode(code string) error {
	if len(code) < minBarcode || len(code) > maxBarcode {
		return fault.New(fault.Invalid, "barcode_invalid", "a barcode has %d to %d digits", minBarcode, maxBarcode)
	}
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return fault.New(fault.Invalid, "barcode_invalid", "a barcode has %d to %d digits", minBarcode, maxBarcode)
		}
	}
	switch last := len(code) - 1; len(code) {
	case 8, 12, 13:
		if want := checkDigit(code[:last]); want != code[last] {
			return fault.New(fault.Invalid, "barcode_invalid", "the check digit of %s would be %c", code, want)
		}
	}
	return nil
}

// checkDigit weighs the digits 3, 1, 3... from the right; with the check digit they sum to a multiple of ten.
func checkDigit(digits string) byte {
	sum := 0
	for i := range len(digits) {
		n := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			n *= 3
		}
		sum += n
	}
	return byte('0' + (10-sum%10)%10)
}

// barcodeKey is what a barcode is unique and found by. A UPC-A is the EAN-13 with a zero in front, and scanners send either.
func barcodeKey(code string) string {
	if len(code) == 12 {
		return "0" + code
	}
	return code
}

// checkBarcodes ends the validation: where barcodes alone are refused, the whole fault has their code.
func (d *Details) checkBarcodes(v *fault.Validation) error {
	others := v.Err()
	var first error
	if len(d.Barcodes) > MaxBarcodes {
		first = fault.New(fault.Invalid, "barcode_invalid", "a product has at most %d barcodes", MaxBarcodes)
		v.Refuses("/barcodes", first)
	}
	for i, b := range d.Barcodes {
		if err := CheckBarcode(b); err != nil {
			v.Refuses("/barcodes/"+strconv.Itoa(i), err)
			if first == nil {
				first = err
			}
		}
	}
	if others != nil || first == nil {
		return v.Err()
	}
	all, _ := fault.As(v.Err())
	only, _ := fault.As(first)
	refusal := fault.New(only.Kind, only.Code, "%s", only.Message)
	refusal.Fields = all.Fields
	return refusal
}
