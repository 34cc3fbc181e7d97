package receipt

import (
	"strings"
	"unicode"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// paper is the characters that receipt printers have on the code page that they are told to use: Western Europe with the euro.
var paper = charmap.CodePage858

// stead says what stands for characters that the code page lacks and that do not fall apart into such that it has.
var stead = map[rune]string{
	'‘': "'", '’': "'", '‚': "'", '‛': "'", '‹': "'", '›': "'", '“': `"`, '”': `"`, '„': `"`, '‟': `"`, '‐': "-", '‑': "-", '‒': "-", '–': "-", '—': "-", '―': "-", '−': "-",
	'•': "*", '⁄': "/", 'Œ': "OE", 'œ': "oe", 'Ł': "L", 'ł': "l", 'Đ': "D", 'đ': "d", 'Ħ': "H", 'ħ': "h", 'Ŧ': "T", 'ŧ': "t", 'Ŋ': "N", 'ŋ': "n", 'ĸ': "k", 'ẞ': "SS",
	'Ə': "E", 'ə': "e", 'ș': "s", 'ț': "t", '₽': "RUB", '₺': "TRY", '₹': "INR", '₩': "KRW", '₴': "UAH", '₿': "BTC",
}

// onPaper spells a clean text in characters that the code page has, one column each: the same ones where it can, then letters without the
// accents that it lacks, then a question mark.
func onPaper(s string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(s) {
		switch {
		case has(r):
			b.WriteRune(r)
		case stead[r] != "":
			b.WriteString(stead[r])
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // no column of its own
		default:
			b.WriteString(plainer(r))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// plainer takes a character apart and leaves out its accents.
func plainer(r rune) string {
	var b strings.Builder
	for _, part := range norm.NFKD.String(string(r)) {
		switch {
		case unicode.Is(unicode.Mn, part):
		case has(part):
			b.WriteRune(part)
		case stead[part] != "":
			b.WriteString(stead[part])
		default:
			return "?"
		}
	}
	if b.Len() == 0 {
		return "?"
	}
	return b.String()
}

// has reports whether the code page shows the character in a column of its own. The soft hyphen is none that prints.
func has(r rune) bool {
	c, ok := paper.EncodeRune(r)
	return ok && c >= ' ' && c != 0x7f && r != '\u00ad'
}

// encoded turns lines that are spelt in the code page, and the commands between them, into bytes.
func encoded(s string) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		c, _ := paper.EncodeRune(r) // commands and line feeds are ASCII
		out = append(out, c)
	}
	return out
}
