package text

import "testing"

func TestIsLine(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "Käse 200 g": true, "\u00a0": true, "👩\u200d🍳": true, "می\u200cخواهم": true,
		"\x00": false, "a\nb": false, "\x1b@": false, "\a": false, "\u0085": false, "a\u2028b": false, "\u2029": false,
	} {
		if IsLine(s) != want {
			t.Errorf("%q is a line: %t", s, !want)
		}
	}
}
