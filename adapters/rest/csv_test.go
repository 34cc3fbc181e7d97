package rest

import (
	"encoding/csv"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kassa/adapters/productfile"
)

const heading = "id,name,price,stock,note,tags,until,sub.id,sub.at\r\n"

func TestAListIsCSVOnRequest(t *testing.T) {
	s := newServer(t, Options{}, listed(someItems, "abc"))
	a := ask(t, s, request("GET", base+"/items?limit=2", "", "Accept", "text/csv"))
	const want = heading +
		"1,\"'=HYPERLINK(\"\"x\"\")\",-5,-0.750,,\"[\"\"a\"\",\"\"b\"\"]\",,9,1970-01-01T00:00:00.000Z\r\n" +
		"2,\"a, \"\"b\"\"\nc\",199,2,,\"[]\",2026-11-20,,\r\n"
	if a.text != want || a.Header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" || a.Header.Get("Link") == "" {
		t.Errorf("got\n%s\nwant\n%s\n%v", a.text, want, a.Header)
	}
	if name := a.Header.Get("Content-Disposition"); !regexp.MustCompile(`^attachment; filename="items-\d{4}-\d\d-\d\d\.csv"$`).MatchString(name) {
		t.Errorf("the file is called %s", name)
	}
	s = newServer(t, Options{}, listed(nil, ""))
	if a := ask(t, s, request("GET", base+"/items", "", "Accept", "text/csv")); a.text != heading {
		t.Errorf("got %q", a.text)
	}
	for accept, csv := range map[string]bool{
		"text/csv, application/json;q=0.5": true, "application/json, text/csv": false, "*/*": false, "": false, "image/png": false, "text/*": true,
	} {
		a := ask(t, s, request("GET", base+"/items", "", "Accept", accept))
		if got := a.Header.Get("Content-Type") != "application/json"; got != csv {
			t.Errorf("%q: got %s", accept, a.Header.Get("Content-Type"))
		}
	}
}

func TestCells(t *testing.T) {
	for value, want := range map[string]string{
		`"=1+1"`: `"'=1+1"`, `"+49 30"`: `"'+49 30"`, `"-5"`: `-5`, `"-0.750"`: `-0.750`, `"-cmd"`: `"'-cmd"`, `"@x"`: `"'@x"`, `"\tx"`: "\"'\tx\"",
		`"\rx"`: "\"'\rx\"", `"\nx"`: "\"'\nx\"", `"＝1"`: `"'＝1"`, `"'=1"`: `"''=1"`, `"'t Hoen"`: `'t Hoen`, `"-5\n"`: "\"'-5\n\"", `"-"`: `"'-"`,
		`"a=1"`: `a=1`, `" a"`: `" a"`, `"a\"b"`: `"a""b"`, `"a,b"`: `"a,b"`, `"a\r\nb"`: "\"a\r\nb\"",
		`""`: `""`, `null`: ``, `-5`: `-5`, `true`: `true`, `{"a":"=1"}`: `"{""a"":""=1""}"`, `{"a":"x;=1;"}`: `"{""a"":""x\u003b=1\u003b""}"`,
		`"x;=1;y"`: `"x;'=1;y"`, `"x; \"'@1"`: `"x;' ""'@1"`, `"x\n-1"`: "\"x\n'-1\"", `"x;'=1"`: `"x;''=1"`, `"x;y"`: `"x;y"`, `["=1"]`: `"[""=1""]"`, ``: ``,
	} {
		if got, err := appendCell(nil, []byte(value)); err != nil || string(got) != want {
			t.Errorf("%s: got %q and %v, want %q", value, got, err, want)
		}
	}
}

var (
	figure = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	within = regexp.MustCompile(`[;\t\r\n][ "]*[=+\-@\x{FF1D}]`)
)

// TestCSVGivesEveryTextBack reads rows of any texts with another reader than this package has, and takes the apostrophes of formulas off again.
func TestCSVGivesEveryTextBack(t *testing.T) {
	type row struct {
		A string `json:"a"`
		B string `json:"b"`
	}
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`['=+@\-\t;, "0-9a\r\n\x{FF1D}]{0,8}`))
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOf(rapid.Custom(func(t *rapid.T) row { return row{text.Draw(t, "a"), text.Draw(t, "b")} })).Draw(t, "rows")
		b, err := appendRows(appendHeading[row](nil), rows)
		if err != nil {
			t.Fatal(err)
		}
		read, err := csv.NewReader(strings.NewReader(string(b))).ReadAll()
		if err != nil || !slices.Equal(read[0], []string{"a", "b"}) || len(read) != len(rows)+1 {
			t.Fatalf("%q: %v", b, err)
		}
		for i, r := range rows {
			if got := (row{productfile.Plain(read[i+1][0]), productfile.Plain(read[i+1][1])}); got != (row{unixLines(r.A), unixLines(r.B)}) {
				t.Fatalf("%q came back as %q of %q", r, got, b)
			}
			for _, cell := range read[i+1] {
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") && !figure.MatchString(cell) || within.MatchString(cell) {
					t.Fatalf("%q is a formula", cell)
				}
			}
		}
	})
}

// unixLines ends lines as the reader of encoding/csv does.
func unixLines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
