package rest

import (
	"testing"

	"kassa/core/clock"
	"kassa/core/measure"
	"kassa/core/page"
)

type listItem struct {
	listBase
	Name   string   `json:"name"`
	Price  Int      `json:"price"`
	Stock  Measured `json:"stock"`
	Note   *string  `json:"note"`
	Tags   []string `json:"tags"`
	Until  *Date    `json:"until,omitempty"`
	Hidden string   `json:"-"`
	Sub    listBase `json:"sub"`
}

type listBase struct {
	ID string `json:"id"`
}

func listed(items []listItem, next string) func(r *Router) {
	return func(r *Router) {
		r.Get("/items", Public, func(c *Call) error {
			return List(c, page.List[listItem]{Items: items, Next: next}, func(i listItem) listItem { return i })
		}, Paged(), Query("query"))
	}
}

var someItems = []listItem{
	{listBase: listBase{"1"}, Name: `=HYPERLINK("x")`, Price: -5, Stock: Measured{-750, measure.Kilogram}, Tags: []string{"a", "b"}},
	{listBase: listBase{"2"}, Name: "a, \"b\"\nc", Price: 199, Stock: Measured{2000, measure.Piece}, Until: new(Date(clock.Date(20261120)))},
}

func TestAListIsAnEnvelope(t *testing.T) {
	s := newServer(t, Options{}, listed(nil, ""))
	if a := ask(t, s, request("GET", base+"/items", "")); a.text != `{"items":[],"next_cursor":null}` || a.Header.Get("Link") != "" {
		t.Errorf("got %s %v", a.text, a.Header)
	}
	s = newServer(t, Options{}, listed(someItems, "abc"))
	a := ask(t, s, request("GET", base+"/items?query=%C3%A4+b&cursor=old&limit=2", ""))
	if a.body["next_cursor"] != "abc.fbe04ab6" || len(a.body["items"].([]any)) != 2 || a.Header.Get("Vary") != "Accept" {
		t.Errorf("got %s", a.text)
	}
	if got := a.Header.Get("Link"); got != `</api/v1/items?query=%C3%A4+b&cursor=abc.fbe04ab6&limit=2>; rel="next"` {
		t.Errorf("Link is %s", got)
	}
}

func TestAListIsCSVOnRequest(t *testing.T) {
	s := newServer(t, Options{}, listed(someItems, "abc"))
	a := ask(t, s, request("GET", base+"/items", "", "Accept", "text/csv"))
	const want = "id,name,price,stock,note,tags,until,sub\r\n" +
		"1,\"'=HYPERLINK(\"\"x\"\")\",-5,-0.750,,\"[\"\"a\"\",\"\"b\"\"]\",,\"{\"\"id\"\":\"\"\"\"}\"\r\n" +
		"2,\"a, \"\"b\"\"\r\nc\",199,2,,[],2026-11-20,\"{\"\"id\"\":\"\"\"\"}\"\r\n"
	if a.text != want || a.Header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" || a.Header.Get("Link") == "" {
		t.Errorf("got\n%s\nwant\n%s\n%v", a.text, want, a.Header)
	}
	s = newServer(t, Options{}, listed(nil, ""))
	if a := ask(t, s, request("GET", base+"/items", "", "Accept", "text/csv")); a.text != "id,name,price,stock,note,tags,until,sub\r\n" {
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

func TestFormulasAreQuoted(t *testing.T) {
	for value, want := range map[string]string{
		`"=1+1"`: "'=1+1", `"+49 30"`: "'+49 30", `"-5"`: "-5", `"-0.750"`: "-0.750", `"-cmd"`: "'-cmd", `"@x"`: "'@x", `"\tx"`: "'\tx",
		`"\rx"`: "'\rx", `"\nx"`: "'\nx", `"a=1"`: "a=1", `""`: "", `null`: "", `-5`: "-5", `true`: "true", `{"a":"=1"}`: `{"a":"=1"}`, ``: "",
	} {
		if got, err := cell([]byte(value)); err != nil || got != want {
			t.Errorf("%s: got %q and %v, want %q", value, got, err, want)
		}
	}
}
