package page_test

import (
	"slices"
	"strings"
	"testing"

	"kassa/core/fault"
	"kassa/core/page"
)

// FuzzParts: a cursor is read as it was made, there is one spelling of each, and whatever else is refused.
func FuzzParts(f *testing.F) {
	f.Add(page.Cursor("Jam", "01997b1e"), 2)
	f.Add(page.Cursor(""), 1)
	f.Add("", 2)
	f.Add("AA==", 1)
	f.Add("AB", 1) // AA with a bit that nothing reads
	f.Add(strings.Repeat("A", 1025), 1)
	f.Add("\r", 1)
	f.Add("A\nA", 1)
	f.Fuzz(func(t *testing.T, cursor string, n int) {
		parts, err := page.Parts(cursor, n)
		switch {
		case err != nil && (!fault.IsCode(err, "cursor_invalid") || !fault.IsKind(err, fault.Malformed) || parts != nil):
			t.Fatalf("%q: %q, %v", cursor, parts, err)
		case err != nil:
		case cursor == "" && parts != nil:
			t.Fatalf("no cursor has the parts %q", parts)
		case cursor != "" && (len(parts) != n || page.Cursor(parts...) != cursor):
			t.Fatalf("%q has the parts %q, whose cursor is %q", cursor, parts, page.Cursor(parts...))
		}
		made := []string{strings.ReplaceAll(cursor, "\x00", ""), "x"}
		again, err := page.Parts(page.Cursor(made...), len(made))
		if len(cursor) < 700 && (err != nil || !slices.Equal(again, made)) {
			t.Fatalf("the cursor of %q has the parts %q, %v", made, again, err)
		}
	})
}
