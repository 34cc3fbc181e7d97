package rest

import (
	"testing"
	"time"

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
	Sub    *subItem `json:"sub"`
}

type subItem struct {
	listBase
	At *Time `json:"at"`
}

type listBase struct {
	ID string `json:"id"`
}

// listed serves the items as one page of a list.
func listed(items []listItem, next string) func(r *Router) {
	return func(r *Router) {
		r.Get("/items", Public, func(c *Call) error {
			return List(c, page.List[listItem]{Items: items, Next: next}, func(i listItem) listItem { return i })
		}, Paged(), Query("query"))
	}
}

var someItems = []listItem{
	{listBase: listBase{"1"}, Name: `=HYPERLINK("x")`, Price: -5, Stock: Measured{-750, measure.Kilogram}, Tags: []string{"a", "b"}, Sub: &subItem{listBase{"9"}, new(Time(time.UnixMilli(0)))}},
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
