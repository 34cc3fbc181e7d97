package receipt

import (
	"fmt"

	"kassa/core/cashier"
)

// ESCPOSType is the media type of what ESCPOS renders.
const ESCPOSType = "application/vnd.escpos"

// The commands of ESC/POS that a receipt is made of, as Epson's command reference names them.
const (
	initialise  = "\x1b@"                                                                         // ESC @
	codePage    = "\x1bt\x13"                                                                     // ESC t 19: PC858
	bold        = "\x1bE\x01"                                                                     // ESC E 1
	notBold     = "\x1bE\x00"                                                                     // ESC E 0
	doubleHigh  = "\x1d!\x01"                                                                     // GS ! 1: the columns stay as they are
	singleHigh  = "\x1d!\x00"                                                                     // GS ! 0
	centre      = "\x1ba\x01"                                                                     // ESC a 1
	left        = "\x1ba\x00"                                                                     // ESC a 0
	feed        = "\x1bd\x01"                                                                     // ESC d 1
	cutAfter    = "\x1dVB\x03"                                                                    // GS V 66 3: feeds to the knife and three lines on, and cuts
	kick        = "\x1bp\x00\x19\xfa"                                                             // ESC p 0 25 250: opens the drawer on pin 2 with 50 ms
	barcodeForm = "\x1dh\x50\x1dw\x02\x1dH\x02"                                                   // GS h 80, GS w 2, GS H 2: 80 dots high, modules of 2 dots, its digits below
	ean13       = "\x1dk\x43\x0d"                                                                 // GS k 67 13
	symbol      = "\x1d(k"                                                                        // GS ( k pL pH: what follows is about a QR code
	symbolForm  = symbol + "\x04\x001A2\x00" + symbol + "\x03\x001C\x05" + symbol + "\x03\x001E1" // model 2, modules of 5 dots, error correction M
	symbolPrint = symbol + "\x03\x001Q0"
)

// maxBarcode is the largest receipt number that an EAN-13 has room for.
const maxBarcode = 9_999_999_999

// ESCPOS renders the receipt for a printer that understands ESC/POS, in lines of so many columns of its font A: Wide or Narrow. The first print of a
// sale for cash opens the drawer. Below the footer are the receipt's number as EAN-13, see Barcode, and the bill's id as QR code.
func ESCPOS(r *Receipt, columns int) []byte {
	p := &page{width: columns, spell: onPaper, bold: emphasis{bold, notBold}, tall: emphasis{bold + doubleHigh, singleHigh + notBold}}
	p.write(newView(r))
	out := []byte(initialise + codePage)
	if opens(r) {
		out = append(out, kick...)
	}
	out = append(out, encoded(p.b.String())...)
	out = append(out, feed+centre...)
	if code := Barcode(r.Bill.Number); code != "" {
		out = append(append(out, barcodeForm+ean13...), code...)
		out = append(out, feed...)
	}
	out = append(out, symbolForm...)
	size := len(r.Bill.ID) + 3
	out = append(append(out, symbol...), byte(size), byte(size>>8), '1', 'P', '0')
	out = append(append(out, r.Bill.ID...), symbolPrint...)
	return append(out, left+cutAfter...)
}

// opens reports whether printing the receipt opens the drawer.
func opens(r *Receipt) bool {
	if r.Copy || !r.Bill.Sold() {
		return false
	}
	for _, t := range r.Bill.Tenders {
		if t.Kind == cashier.Cash && t.Amount != 0 {
			return true
		}
	}
	return false
}

// Barcode returns the EAN-13 of a receipt number: 27, a prefix that GS1 leaves to shops themselves, the number in ten digits, and the check digit. It is
// empty for a number beyond ten digits. A register is not in it: several bills of a shop may have one number.
func Barcode(number int64) string {
	if number < 1 || number > maxBarcode {
		return ""
	}
	digits := fmt.Sprintf("27%010d", number)
	sum := 0
	for i, c := range digits {
		sum += int(c-'0') * (1 + i%2*2)
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}
