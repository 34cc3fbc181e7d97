// Package text knows what a line of text is made of.
package text

import (
	"strings"
	"unicode"
)

// IsLine reports whether the text is one line: without control characters, which a printer or a terminal would obey, and without what ends a line
// or paragraph.
func IsLine(s string) bool { return !strings.ContainsFunc(s, breaks) }

func breaks(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) }
