package resttest

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// oddNames are what a spreadsheet runs as a formula, and what CSV has to quote.
var oddNames = []string{
	"=HYPERLINK(\"http://evil.test\")", "+49 30 901820", "-5", "-cmd|' /C calc'!A0", "@SUM(1)", "'=1", "'t Hoen", "＝1+1", "a,b;c", `"quoted"`, "漢字 €",
}

// sheets: every list and report as CSV says what its JSON says. The document says which there are, so that none is forgotten.
func sheets(t *testing.T, open Open) {
	s := NewShop(t, open)
	b := &bad{Shop: s, doc: readDocument(t, s)}
	ops := b.operations(t)
	for i, name := range oddNames {
		p := s.NewProduct(name, int64(100+i), 10)
		s.Pay(Line(p, 1)).Want(201)
		s.As(s.Cashier).Post("/carts", fmt.Sprintf(`{"name":%q,"lines":[%s]}`, name, Line(p, 2))).Want(201)
		s.As(s.Cashier).Post("/members", fmt.Sprintf(`{"name":%q,"email":"odd%d@member.test","pin":"123456"}`, name, i)).Want(201)
		s.As(s.Manager).Key("").Post("/products/"+p+"/stock-movements", fmt.Sprintf(`{"kind":"adjust","quantity":-2,"reason":%q}`, name)).Want(201)
	}
	found := 0
	for _, op := range ops {
		if dig(op.spec, "responses", "200", "content", "text/csv") == nil {
			continue
		}
		found++
		t.Run(op.name, func(t *testing.T) { b.sheet(t, op) })
	}
	if found < 8 {
		t.Errorf("the document knows only %d lists", found)
	}
	t.Run("long", func(t *testing.T) { longSheet(t, s) })
	t.Run("negotiation", func(t *testing.T) { negotiation(t, s) })
}

// sheet compares the CSV of a list with its JSON, whole and page by page.
func (b *bad) sheet(t *testing.T, op *operation) {
	ask := func(accept, query string) Answer {
		path := op.path
		if query != "" {
			path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + query
		}
		return b.As(strings.TrimPrefix(op.header["Authorization"], "Bearer ")).With("Accept", accept).Get(path).Want(200)
	}
	paged := slices.ContainsFunc(parametersOf(op.spec), func(p parameter) bool { return p.name == "cursor" })
	var items []map[string]any
	for query, more := map[bool]string{true: "limit=7"}[paged], true; more; {
		page, sheet := ask("application/json", query), ask("text/csv", query)
		sheet.sameRows(t, page.rows())
		if got, want := sheet.Header.Get("Link"), page.Header.Get("Link"); got != want {
			t.Errorf("the next page is %q as CSV and %q as JSON", got, want)
		}
		items = append(items, page.rows()...)
		var next string
		if next, more = page.Body["next_cursor"].(string); more {
			query = "limit=7&cursor=" + next
		}
	}
	whole := ask("text/csv", "")
	whole.sameRows(t, items)
	if whole.Header.Get("Link") != "" || whole.Header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" ||
		!strings.HasPrefix(whole.Header.Get("Content-Disposition"), `attachment; filename="`+strings.Split(op.path, "/")[1]) ||
		!strings.HasSuffix(whole.Header.Get("Content-Disposition"), b.Now().UTC().Format("-2006-01-02")+`.csv"`) {
		t.Errorf("the headers are %v", whole.Header)
	}
}

// rows are what the CSV of the answer has lines for: of a report that is a single row, itself.
func (a Answer) rows() []map[string]any {
	for _, name := range []string{"items", "registers"} {
		if _, there := a.Body[name]; there {
			return a.Items(name)
		}
	}
	return []map[string]any{a.Body}
}

// sameRows fails the test unless the CSV has a row for each item, with all that is in it and nothing else.
func (a Answer) sameRows(t *testing.T, items []map[string]any) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(string(a.Raw))).ReadAll()
	if err != nil || len(rows) != len(items)+1 {
		t.Fatalf("%s: %d rows for %d items, %v", a.what, len(rows)-1, len(items), err)
	}
	for i, item := range items {
		cells := map[string]string{}
		for j, name := range rows[0] {
			cells[name] = rows[i+1][j]
		}
		takeCells(t, a.what, cells, "", item)
		for name, cell := range cells { // of an item without the member, or with null in place of an object
			if cell != "" {
				t.Errorf("%s: row %d has %q in %s, and its JSON does not", a.what, i+1, cell, name)
			}
		}
	}
}

// takeCells compares the members of an object with their cells and takes those away.
func takeCells(t *testing.T, what string, cells map[string]string, prefix string, object map[string]any) {
	t.Helper()
	for name, v := range object {
		cell, there := cells[prefix+name]
		if inner, nested := v.(map[string]any); nested && !there {
			takeCells(t, what, cells, prefix+name+".", inner)
			continue
		}
		delete(cells, prefix+name)
		if !there && v != nil || !sameCell(cell, v) {
			t.Errorf("%s: %s%s is %q as CSV and %v as JSON", what, prefix, name, cell, v)
		}
	}
}

func sameCell(cell string, v any) bool {
	switch v := v.(type) {
	case nil:
		return cell == ""
	case string:
		if begins := strings.TrimLeft(v, "'"); begins != "" && strings.ContainsAny(string([]rune(begins)[:1]), "=+-@＝") && v != "-5" {
			v = "'" + v
		}
		return cell == v
	case map[string]any, []any:
		var got any
		d := json.NewDecoder(strings.NewReader(cell))
		d.UseNumber()
		return d.Decode(&got) == nil && reflect.DeepEqual(got, v)
	}
	return cell == fmt.Sprint(v)
}

// longSheet streams a list of more than a thousand, also for several users at once, and one page of it.
func longSheet(t *testing.T, s *Shop) {
	var file strings.Builder
	file.WriteString("name,price\n")
	for i := range 1100 {
		fmt.Fprintf(&file, "\"Long, %d\",1.00\n", i)
	}
	s.As(s.Manager).With("Content-Type", "text/csv").Post("/products/import", file.String()).Want(200)
	read := func(token, path string) [][]string {
		a := s.As(token).With("Accept", "text/csv").Get(path).Want(200)
		rows, err := csv.NewReader(strings.NewReader(string(a.Raw))).ReadAll()
		if err != nil {
			t.Error(err)
		}
		return rows
	}
	tokens := []string{s.Manager, s.Cashier}
	parallel(len(tokens), func(i int) {
		for range 3 {
			seen := map[string]bool{}
			for _, row := range read(tokens[i], "/products?query=long") {
				seen[row[1]] = true
			}
			if len(seen) != 1101 || !seen["Long, 0"] || !seen["Long, 1099"] {
				t.Errorf("the list has %d names", len(seen)-1)
			}
		}
	})
	if rows := read(s.Cashier, "/products?query=long&limit=200"); len(rows) != 201 {
		t.Errorf("a page has %d rows", len(rows)-1)
	}
}

// negotiation: JSON where CSV is not liked more, and problems whatever is asked for.
func negotiation(t *testing.T, s *Shop) {
	for accept, want := range map[string]string{
		"": "application/json", "*/*": "application/json", "text/html": "application/json", "text/csv;q=0.1, */*;q=0.2": "application/json",
		"application/json;q=0.1, text/csv;q=0.2": "text/csv; charset=utf-8; header=present", "text/*": "text/csv; charset=utf-8; header=present",
	} {
		if got := s.As(s.Cashier).With("Accept", accept).Get("/products").Want(200).Header.Get("Content-Type"); got != want {
			t.Errorf("%q gives %s, want %s", accept, got, want)
		}
	}
	s.Anonymous().With("Accept", "text/csv").Get("/products").Refused(401, "token_missing")
	as := func(token string) *Request { return s.As(token).With("Accept", "text/csv") }
	as(s.Cashier).Get("/users").Refused(403, "role_forbidden")
	as(s.Cashier).Get("/products?limit=201").Refused(400, "limit_invalid")
	as(s.Cashier).Get("/products?cursor=x").Refused(400, "cursor_invalid")
	as(s.Cashier).Get("/bills?kind=odd").Refused(400, "query_invalid")
	as(s.Cashier).Get("/members/nobody/points").Refused(404, "member_unknown")
}
