package receipt

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// clean makes one printable line of a text: control characters, which a printer would obey, and those that turn the direction of writing are
// left out, white space is one space, and what is not UTF-8 shows as U+FFFD.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029', r == '\ufeff':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.Join(strings.Fields(s), " ")
}

// lines cleans a text of several lines.
func lines(s string) []string {
	var out []string
	for line := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		out = append(out, clean(line))
	}
	if len(out) == 1 && out[0] == "" {
		return nil
	}
	return out
}

// columns returns how many columns of a printer the rune takes: two for the wide ones of East Asia, none for marks on the one before.
func columns(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case width.LookupRune(r).Kind() == width.EastAsianWide, width.LookupRune(r).Kind() == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

func measured(s string) int {
	n := 0
	for _, r := range s {
		n += columns(r)
	}
	return n
}

// wrap breaks a clean line into lines of at most so many columns, between words where it can. It returns one line at least.
func wrap(s string, most int) []string {
	var out []string
	line, used := "", 0
	for word := range strings.SplitSeq(s, " ") {
		for n := measured(word); used+n+min(used, 1) > most; n = measured(word) {
			if used > 0 {
				out = append(out, line)
				line, used = "", 0
				continue
			}
			head := cut(word, most)
			out = append(out, head)
			word = word[len(head):]
		}
		if used > 0 {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+measured(word)
	}
	return append(out, line)
}

// cut returns as much of the beginning of s as fits, one rune at least.
func cut(s string, most int) string {
	used := 0
	for i, r := range s {
		if used += columns(r); used > most && i > 0 {
			return s[:i]
		}
	}
	return s
}
