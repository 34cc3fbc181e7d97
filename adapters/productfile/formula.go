package productfile

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// formula are the characters at whose sight a spreadsheet runs a text as a formula (OWASP, CSV injection); some read the wide ones likewise.
const formula = "=+-@\t\r\n＝＋－＠"

var (
	decimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

	// In many countries a spreadsheet ends a cell at a semicolon, and then does not see the quotes around this one, so that a formula may begin
	// within a text.
	hidden  = regexp.MustCompile("([;\t\r\n])([\"' ]*[=+\\-@＝＋－＠])")
	defused = regexp.MustCompile("([;\t\r\n])'([\"' ]*[=+\\-@＝＋－＠])")
)

// Defuse returns the text with an apostrophe before what a spreadsheet would run as a formula: in front, also of apostrophes, and behind what ends a
// cell in some country. A number does not need it. Plain gives the text back.
func Defuse(text []byte) []byte {
	if bytes.ContainsAny(text, ";\t\r\n") {
		text = hidden.ReplaceAll(text, []byte("$1'$2"))
	}
	if runs(text) && !decimal.Match(text) {
		return append([]byte{'\''}, text...)
	}
	return text
}

// runs reports whether the text begins like a formula, apostrophes apart.
func runs(text []byte) bool {
	first, _ := utf8.DecodeRune(bytes.TrimLeft(text, "'"))
	return strings.ContainsRune(formula, first)
}

// Plain takes away the apostrophes that Defuse has set.
func Plain(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && runs([]byte(cell)) {
		cell = cell[1:]
	}
	return defused.ReplaceAllString(cell, "$1$2")
}
