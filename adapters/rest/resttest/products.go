package resttest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// products: rows 16, 17, 19 and 28 of the sales behaviours, and what else the inventory promises.
func products(t *testing.T, open Open) {
	s := NewShop(t, open)
	t.Run("a product is kept as it was given", func(t *testing.T) { keptProduct(t, s) })
	t.Run("an edit of one field leaves the others", func(t *testing.T) { editProduct(t, s) })
	t.Run("values that are refused store nothing", func(t *testing.T) { refusedProducts(t, s) })
	t.Run("barcodes have a check digit and one owner", func(t *testing.T) { barcodes(t, s) })
	t.Run("versions", func(t *testing.T) { productVersions(t, s) })
	t.Run("a stock is booked once", func(t *testing.T) { openingStock(t, s) })
	t.Run("a deleted product is gone and its sku is free", func(t *testing.T) {
		p := s.NewProduct("Gone", 100, 1, `"sku":"GONE"`)
		s.As(s.Manager).With("If-Match", s.etag("/products/"+p)).Delete("/products/" + p).Want(204)
		s.As(s.Manager).Get("/products/"+p).Refused(404, "product_unknown")
		s.As(s.Manager).Get("/products/"+p+"/stock-movements").Refused(404, "product_unknown")
		s.As(s.Manager).With("If-Match", `"2"`).Patch("/products/"+p, `{"price":1}`).Refused(404, "product_unknown")
		s.NewProduct("Gone again", 100, 1, `"sku":"GONE"`)
	})
	t.Run("cashiers read and managers write", func(t *testing.T) {
		p := s.NewProduct("Read only", 100, 1)
		s.As(s.Cashier).Get("/products/" + p).Want(200)
		s.As(s.Cashier).Get("/products").Want(200)
		s.As(s.Cashier).Get("/products/" + p + "/stock-movements").Want(200)
		s.As(s.Cashier).Key("").Post("/products", `{"name":"X","price":1}`).Refused(403, "role_forbidden")
		s.As(s.Cashier).With("If-Match", `"1"`).Patch("/products/"+p, `{"price":1}`).Refused(403, "role_forbidden")
		s.As(s.Cashier).With("If-Match", `"1"`).Delete("/products/"+p).Refused(403, "role_forbidden")
		s.As(s.Cashier).Key("").Post("/products/"+p+"/stock-movements", `{"kind":"receive","quantity":1}`).Refused(403, "role_forbidden")
		s.As(s.Cashier).Post("/products/import", `[]`).Refused(403, "role_forbidden")
		s.Anonymous().Get("/products").Refused(401, "token_missing")
	})
	s.MustVerify()
}

func keptProduct(t *testing.T, s *Shop) {
	a := s.As(s.Manager).Key("").Post("/products", `{"name":" Gouda ","description":"old","sku":"CHE-1","barcodes":["4006381333931","1234"],"category":"Cheese","price":1999,`+
		`"tax_rate_bp":700,"unit":"kg","stock":"2.5","stock_policy":"warn","low_stock_at":"0.500"}`).Want(201)
	id := a.Text("id")
	want := fmt.Sprintf(`{"id":%q,"name":"Gouda","description":"old","sku":"CHE-1","barcodes":["4006381333931","1234"],"category":"Cheese","price":1999,`+
		`"tax_rate_bp":700,"unit":"kg","stock":"2.500","stock_policy":"warn","low_stock_at":"0.500","image_url":null,"version":1}`, id)
	if string(a.Raw) != want || a.Header.Get("Location") != "/api/v1/products/"+id || a.Header.Get("ETag") != `"1"` {
		t.Errorf("got %s\nwant %s", a.Raw, want)
	}
	if again := s.As(s.Cashier).Get("/products/" + id).Want(200); string(again.Raw) != want {
		t.Errorf("read again: %s", again.Raw)
	}
	small := s.As(s.Manager).Post("/products", `{"name":"Small","price":0}`).Want(201)
	want = fmt.Sprintf(`{"id":%q,"name":"Small","description":null,"sku":null,"barcodes":[],"category":null,"price":0,"tax_rate_bp":null,"unit":"piece","stock":0,`+
		`"stock_policy":null,"low_stock_at":null,"image_url":null,"version":1}`, small.Text("id"))
	if string(small.Raw) != want {
		t.Errorf("got %s\nwant %s", small.Raw, want)
	}
}

// Row 17.
func editProduct(t *testing.T, s *Shop) {
	p := s.NewProduct("Rice", 300, 5, `"sku":"RICE","barcodes":["96385074"],"category":"Dry","tax_rate_bp":0,"low_stock_at":2,"stock_policy":"allow"`)
	before := s.As(s.Manager).Get("/products/" + p).Want(200).Body
	after := s.edit(p, `{"price":0}`).Want(200).Body
	before["price"], before["version"] = json.Number("0"), json.Number("2")
	if fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("got %v, want %v", after, before)
	}
	s.edit(p, `{"stock":7}`).Refused(422, "validation_failed")
	s.edit(p, `{"stock":null,"price":5}`).Refused(422, "validation_failed")
	s.edit(p, `{"name":null}`).Refused(422, "validation_failed")
	s.edit(p, `{"colour":"red"}`).Refused(422, "validation_failed")
	cleared := s.edit(p, `{"sku":null,"barcodes":null,"category":null,"tax_rate_bp":null,"low_stock_at":null,"stock_policy":null,"description":null}`).Want(200).Body
	for _, name := range []string{"sku", "category", "tax_rate_bp", "low_stock_at", "stock_policy", "description"} {
		if cleared[name] != nil {
			t.Errorf("%s is %v", name, cleared[name])
		}
	}
	if s.Stock(p) != "5" || fmt.Sprint(cleared["barcodes"]) != "[]" || fmt.Sprint(cleared["price"]) != "0" {
		t.Errorf("stock %s, %v", s.Stock(p), cleared)
	}
	if a := s.edit(p, `{}`).Want(200); a.Int("version") != 3 {
		t.Errorf("an empty edit made version %d", a.Int("version"))
	}
}

// Row 17.
func refusedProducts(t *testing.T, s *Shop) {
	p := s.NewProduct("Salt", 100, 5)
	for value, status := range map[string]int{
		"-1": 422, "5.5": 422, `"5"`: 422, "1e400": 422, "1e2": 422, "100000000000000000000": 422, "9007199254740992": 422, "null": 422, "true": 422, "[1]": 422,
		"NaN": 400, "Infinity": 400, "010": 400, "": 400,
	} {
		code := map[int]string{400: "json_invalid", 422: "validation_failed"}[status]
		s.edit(p, `{"price":`+value+`}`).Refused(status, code)
		s.As(s.Manager).Post("/products", `{"name":"Never","price":`+value+`}`).Refused(status, code)
	}
	for _, body := range []string{`{"price":1}`, `{"name":"","price":1}`, `{"name":"A"}`, `{"name":"A","price":1,"unit":"stone"}`, `{"name":"A","price":1,"tax_rate_bp":-1}`,
		`{"name":"A","price":1,"stock_policy":"maybe"}`, `{"name":"A","price":1,"low_stock_at":-1}`, `{"name":"A","price":1,"low_stock_at":"0.5"}`, `{"name":"A","price":1,"id":"x"}`,
		`{"name":"A","price":1,"stock":"0.5"}`, `{"name":"A","price":1,"stock":-1}`, `{"name":"A","price":1,"stock":1.5}`, `{"name":"A","price":1,"stock":"1.2345"}`,
		`{"name":"` + strings.Repeat("x", 201) + `","price":1}`, `{"name":"A","price":1,"sku":"` + strings.Repeat("x", 65) + `"}`} {
		s.As(s.Manager).Key("").Post("/products", body).Refused(422, "validation_failed")
	}
	if a := s.As(s.Manager).Get("/products/" + p).Want(200); a.Int("price") != 100 || a.Int("version") != 1 {
		t.Errorf("the product became %s", a.Raw)
	}
	if found := s.As(s.Manager).Get("/products?query=never").Want(200).Items("items"); len(found) != 0 {
		t.Errorf("there is %v", found)
	}
}

// Row 19.
func barcodes(t *testing.T, s *Shop) {
	first := s.NewProduct("Coded", 100, 1, `"barcodes":["5901234123457","036000291452"]`)
	refused := s.As(s.Manager).Post("/products", `{"name":"Other","price":1,"barcodes":["1234","5901234123458"]}`).Refused(422, "barcode_invalid")
	if errs := refused.Items("errors"); len(errs) != 1 || errs[0]["pointer"] != "/barcodes/1" {
		t.Errorf("it names %v", errs)
	}
	taken := s.As(s.Manager).Post("/products", `{"name":"Other","price":1,"barcodes":["5901234123457"]}`).Refused(409, "barcode_taken")
	if taken.Text("product_id") != first {
		t.Errorf("facts %v", taken.Body)
	}
	s.As(s.Manager).Post("/products", `{"name":"Other","price":1,"barcodes":["0036000291452"]}`).Refused(409, "barcode_taken")
	other := s.NewProduct("Other", 100, 1)
	s.edit(other, `{"barcodes":["5901234123457"]}`).Refused(409, "barcode_taken")
	s.edit(other, `{"barcodes":["x"]}`).Refused(422, "barcode_invalid")
	for _, code := range []string{"5901234123457", "036000291452", "0036000291452"} {
		found := s.As(s.Cashier).Get("/products?barcode=" + code).Want(200).Items("items")
		if len(found) != 1 || found[0]["id"] != first {
			t.Errorf("%s finds %v", code, found)
		}
	}
	if found := s.As(s.Cashier).Get("/products?barcode=590123412345").Want(200).Items("items"); len(found) != 0 {
		t.Errorf("a part of a barcode finds %v", found)
	}
	const rounds = 20
	var made [rounds]int
	parallel(rounds, func(i int) {
		made[i] = s.As(s.Manager).Post("/products", fmt.Sprintf(`{"name":"Racer %d","price":1,"sku":"RACE"}`, i)).Status
	})
	if got := fmt.Sprint(made); strings.Count(got, "201") != 1 || strings.Count(got, "409") != rounds-1 {
		t.Errorf("one sku for many at once: %s", got)
	}
}

func productVersions(t *testing.T, s *Shop) {
	p := s.NewProduct("Versioned", 100, 5)
	s.As(s.Manager).Patch("/products/"+p, `{"price":1}`).Refused(428, "if_match_missing")
	s.As(s.Manager).Delete("/products/"+p).Refused(428, "if_match_missing")
	s.As(s.Manager).With("If-Match", `"2"`).Patch("/products/"+p, `{"price":1}`).Refused(412, "version_stale")
	s.As(s.Manager).With("If-Match", `"2"`).Delete("/products/"+p).Refused(412, "version_stale")
	for _, tags := range []string{"", "*", `"1"`, `W/"1"`, `"1", "2"`} {
		s.As(s.Manager).With("If-Match", tags).Patch("/products/nothing", `{"price":1}`).Refused(404, "product_unknown")
		s.As(s.Manager).With("If-Match", tags).Delete("/products/nothing").Refused(404, "product_unknown")
	}
	s.As(s.Manager).With("If-Match", "*").Patch("/products/"+p, `{"price":3}`).Want(200)
	s.As(s.Manager).With("If-Match", `"7", "2"`).Patch("/products/"+p, `{"price":4}`).Want(200)
	s.As(s.Manager).With("If-Match", `"7", "2"`).Patch("/products/"+p, `{"price":5}`).Refused(412, "version_stale")
	seen := s.etag("/products/" + p)
	s.Pay(Line(p, 1)).Want(201)
	s.As(s.Manager).Key("").Post("/products/"+p+"/stock-movements", `{"kind":"receive","quantity":1}`).Want(201)
	s.As(s.Manager).With("If-Match", seen).Patch("/products/"+p, `{"price":1}`).Want(200)
	if s.Stock(p) != "5" {
		t.Errorf("the edit made the stock %s", s.Stock(p))
	}
}

func openingStock(t *testing.T, s *Shop) {
	body := `{"name":"Opened","price":100,"stock":5}`
	s.As(s.Manager).Post("/products", body).Refused(400, "idempotency_key_missing")
	key := s.NewKey()
	first := s.As(s.Manager).Key(key).Post("/products", body).Want(201)
	again := s.As(s.Manager).Key(key).Post("/products", body).Want(201)
	if string(first.Raw) != string(again.Raw) || again.Header.Get("Idempotency-Replayed") != "true" || first.Header.Get("Idempotency-Replayed") != "" {
		t.Errorf("got\n%s and\n%s", first.Raw, again.Raw)
	}
	s.As(s.Manager).Key(key).Post("/products", `{"name":"Opened","price":101,"stock":5}`).Refused(422, "idempotency_key_reused")
	s.As(s.Manager).Key(key).Post("/products/"+first.Text("id")+"/stock-movements", `{"kind":"receive","quantity":5}`).Refused(422, "idempotency_key_reused")
	if found := s.As(s.Manager).Get("/products?query=opened").Want(200).Items("items"); len(found) != 1 {
		t.Errorf("there are %d", len(found))
	}
}

// search: row 16.
func search(t *testing.T, open Open) {
	s := NewShop(t, open)
	names := map[string]string{}
	for _, p := range []struct{ name, more string }{
		{"Äpfel (rot)", `"sku":"FRU-1","category":"Obst"`}, {"Birnen .* $5", `"sku":"fru-2","category":"OBST"`}, {"Milk 100%", `"sku":"a_b","barcodes":["4006381333931"]`},
		{`A "quoted" \ name`, `"sku":"axb"`},
	} {
		names[s.As(s.Manager).Post("/products", fmt.Sprintf(`{"name":%q,"price":1,%s}`, p.name, p.more)).Want(201).Text("id")] = p.name
	}
	for query, want := range map[string]string{
		"query=äPFEL": "Äpfel (rot)", "query=(": "Äpfel (rot)", "query=.*": "Birnen .* $5", "query=$": "Birnen .* $5", "query=%": "Milk 100%", "query=_": "Milk 100%", "query=1333": "Milk 100%",
		"query=RU-": "Birnen .* $5|Äpfel (rot)", `query="`: `A "quoted" \ name`, `query=\`: `A "quoted" \ name`, "query=' OR 1=1": "", "category=obst": "Birnen .* $5|Äpfel (rot)",
		"category=ob": "", "query=rot&category=obst": "Äpfel (rot)", "query=milk&category=obst": "", "stock=low": "",
	} {
		values := url.Values{}
		for part := range strings.SplitSeq(query, "&") {
			name, value, _ := strings.Cut(part, "=")
			values.Set(name, value)
		}
		var got []string
		for _, p := range s.As(s.Cashier).Get("/products?" + values.Encode()).Want(200).Items("items") {
			got = append(got, fmt.Sprint(p["name"]))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s finds %q, want %q", query, strings.Join(got, "|"), want)
		}
	}
	for _, bad := range []string{"stock=none", "limit=0", "limit=201", "cursor=x", "colour=red", "query=a&query=b", "query=%0A", "query=" + strings.Repeat("x", 201)} {
		if a := s.As(s.Cashier).Get("/products?" + bad); a.Status != 400 {
			t.Errorf("%s: %d %s", bad, a.Status, a.Raw)
		}
	}
	seen := map[any]bool{}
	for path := "/products?limit=1"; path != ""; {
		page := s.As(s.Cashier).Get(path).Want(200)
		seen[page.Items("items")[0]["id"]] = true
		path = ""
		if next, ok := page.Body["next_cursor"].(string); ok {
			path = "/products?limit=1&cursor=" + next
		}
	}
	if len(seen) != len(names) {
		t.Errorf("the pages show %d products of %d", len(seen), len(names))
	}
	table := s.As(s.Manager).With("Accept", "text/csv").Get("/products").Want(200)
	if lines := strings.Split(strings.TrimSpace(string(table.Raw)), "\r\n"); len(lines) != 5 || !strings.HasPrefix(lines[0], "id,name,description,sku,barcodes,category,price,") {
		t.Errorf("as CSV: %s", table.Raw)
	}
}

// stock: row 28, and what moves a product's stock.
func stock(t *testing.T, open Open) {
	s := NewShop(t, open)
	p := s.NewProduct("Tea", 250, 2, `"low_stock_at":1`)
	listed := func(filter string) int {
		return len(s.As(s.Cashier).Get("/products?stock=" + filter).Want(200).Items("items"))
	}
	move := func(body string) Answer {
		return s.As(s.Manager).Key("").Post("/products/"+p+"/stock-movements", body)
	}
	t.Run("what is sold in parts never becomes pieces", func(t *testing.T) {
		gouda := s.NewProduct("Gouda", 1999, 1, `"unit":"kg","sku":"gouda"`)
		bill := s.Pay(Line(gouda, "0.5")).Want(201).Text("id")
		refused := s.edit(gouda, `{"unit":"piece"}`).Refused(422, "validation_failed")
		if fields := refused.Items("errors"); fields[0]["code"] != "unit_fixed" || fields[0]["pointer"] != "/unit" {
			t.Errorf("refused at %v", fields)
		}
		load := func(unit string) Answer {
			row := fmt.Sprintf("id,name,price,unit\n%s,Gouda,1.99,%s\n", gouda, unit)
			return s.As(s.Manager).With("Content-Type", "text/csv").Post("/products/import", row).Want(200)
		}
		load("piece").Fields(map[string]int64{"failed": 1})
		s.As(s.Manager).With("If-Match", s.etag("/products/"+gouda)).Delete("/products/" + gouda).Want(204)
		load("piece").Fields(map[string]int64{"failed": 1})
		load("l").Fields(map[string]int64{"created": 1})
		s.As(s.Manager).Key("").Post("/bills/"+bill+"/refunds", `{"reason":"x"}`).Want(201)
		if got := s.Stock(gouda); got != "0.500" {
			t.Errorf("the stock is %s", got)
		}
	})
	s.Pay(Line(p, 1)).Want(201)
	if listed("low") != 1 || listed("out") != 0 {
		t.Error("one piece is left, and it is not low")
	}
	s.Pay(Line(p, 1)).Want(201)
	if listed("low") != 0 || listed("out") != 1 {
		t.Error("the last piece is sold, and it is not out of stock")
	}
	a := move(`{"kind":"receive","quantity":24,"reason":"delivery 4711"}`).Want(201).Fields(map[string]int64{"quantity": 24, "before": 0, "after": 24})
	if a.Text("kind") != "receive" || a.Text("reason") != "delivery 4711" || a.Text("created_at") == "" || a.Text("actor") == "" || a.Text("id") == "" {
		t.Errorf("got %s", a.Raw)
	}
	if listed("out") != 0 {
		t.Error("it is back, and still out of stock")
	}
	move(`{"kind":"adjust","quantity":-4}`).Want(201).Fields(map[string]int64{"quantity": -4, "before": 24, "after": 20})
	move(`{"kind":"waste","quantity":1,"reason":"broken"}`).Want(201).Fields(map[string]int64{"before": 20, "after": 19})
	changed := move(`{"kind":"count","quantity":18,"expected":20}`).Refused(409, "stock_changed")
	changed.Fields(map[string]int64{"expected": 20, "actual": 19})
	move(`{"kind":"count","quantity":18,"expected":19}`).Want(201).Fields(map[string]int64{"quantity": 18, "before": 19, "after": 18})
	move(`{"kind":"waste","quantity":19}`).Refused(422, "insufficient_stock").Fields(map[string]int64{"requested": 19, "available": 18})
	for _, body := range []string{`{"kind":"receive","quantity":0}`, `{"kind":"receive","quantity":-1}`, `{"kind":"receive","quantity":"0.5"}`, `{"kind":"receive","quantity":1.5}`,
		`{"kind":"receive","quantity":1e400}`, `{"kind":"receive","quantity":"1e3"}`, `{"kind":"receive","quantity":9007199254740991}`, `{"kind":"waste","quantity":-1}`,
		`{"kind":"adjust","quantity":0}`, `{"kind":"count","quantity":-1}`, `{"kind":"sale","quantity":1}`, `{"quantity":1}`, `{"kind":"receive"}`,
		`{"kind":"receive","quantity":1,"expected":18}`, `{"kind":"receive","quantity":1,"reason":"` + strings.Repeat("x", 501) + `"}`} {
		move(body).Refused(422, "validation_failed")
	}
	s.As(s.Manager).Post("/products/"+p+"/stock-movements", `{"kind":"receive","quantity":1}`).Refused(400, "idempotency_key_missing")
	s.As(s.Manager).Key("").Post("/products/nothing/stock-movements", `{"kind":"receive","quantity":1}`).Refused(404, "product_unknown")
	history(t, s, p)
	weighed := s.NewProduct("Gouda", 1999, 1, `"unit":"kg"`)
	a = s.As(s.Manager).Key("").Post("/products/"+weighed+"/stock-movements", `{"kind":"receive","quantity":"0.75"}`).Want(201)
	if a.Text("quantity") != "0.750" || a.Text("before") != "1.000" || a.Text("after") != "1.750" {
		t.Errorf("weighed: %s", a.Raw)
	}
	s.MustVerify()
}

// history reads the movements that stock booked, one at a time and all at once.
func history(t *testing.T, s *Shop, p string) {
	want := "[count 19 18] [waste 20 19] [adjust 24 20] [receive 0 24] [sale 1 0] [sale 2 1] [opening 0 2]"
	for _, limit := range []int{1, 2, 7, 50} {
		var got []string
		for path := fmt.Sprintf("/products/%s/stock-movements?limit=%d", p, limit); path != ""; {
			page := s.As(s.Cashier).Get(path).Want(200)
			for _, m := range page.Items("items") {
				got = append(got, fmt.Sprint([]any{m["kind"], m["before"], m["after"]}))
			}
			path = ""
			if next, ok := page.Body["next_cursor"].(string); ok {
				path = fmt.Sprintf("/products/%s/stock-movements?limit=%d&cursor=%s", p, limit, next)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d a page: %s, want %s", limit, strings.Join(got, " "), want)
		}
	}
}

// imports: row 15.
func imports(t *testing.T, open Open) {
	s := NewShop(t, open)
	load := func(query, mediaType, body string) Answer {
		return s.As(s.Manager).With("Content-Type", mediaType).Post("/products/import"+query, body)
	}
	tally := func(a Answer, created, updated, unchanged, failed int64) Answer {
		t.Helper()
		return a.Want(200).Fields(map[string]int64{"created": created, "updated": updated, "unchanged": unchanged, "failed": failed})
	}
	t.Run("the hundred products", func(t *testing.T) {
		file := projectFile(t, "mongo_setup", "product_mock.json")
		tally(load("?dry_run=true", "application/json", file), 100, 0, 0, 0)
		if found := s.As(s.Manager).Get("/products").Want(200).Items("items"); len(found) != 0 {
			t.Errorf("a dry run wrote %d products", len(found))
		}
		tally(load("", "application/json", file), 100, 0, 0, 0)
		tally(load("", "application/json", file), 0, 0, 100, 0)
		tally(load("?dry_run=true&stock=count", "application/json", file), 0, 0, 100, 0)
		s.As(s.Manager).Get("/products/691c3f80d25e7b0a4f8c31a8").Want(200).Fields(map[string]int64{"price": 39, "stock": 140, "tax_rate_bp": 700, "low_stock_at": 40})
		if found := s.As(s.Manager).Get("/products?stock=out").Want(200).Items("items"); len(found) != 2 {
			t.Errorf("%d products are out of stock, want 2", len(found))
		}
	})
	t.Run("bad rows are named and the others go in", func(t *testing.T) {
		a := tally(load("", "application/json", `[{"name":"New","price":0.5},{"name":"Apple juice 1 l","price":1},{"price":1},{"name":"Dear","price":1.005},{"name":"NaN","price":NaN},`+
			`{"_id":{"$oid":"507f1f77bcf86cd799439011"},"name":"Phone","description":"","price":617.8,"stock":29}]`), 2, 0, 0, 4)
		var got []string
		for _, e := range a.Items("errors") {
			got = append(got, fmt.Sprint(e["row"], " ", e["code"]))
		}
		if want := "2 ambiguous_name|3 required|4 price_too_precise|5 json_invalid"; strings.Join(got, "|") != want {
			t.Errorf("got %q, want %q", strings.Join(got, "|"), want)
		}
		s.As(s.Manager).Get("/products/507f1f77bcf86cd799439011").Want(200).Fields(map[string]int64{"price": 61780, "stock": 29})
	})
	t.Run("CSV and counted stock", func(t *testing.T) {
		file := "sku,name,price,stock,colour\r\nCSV-1,\"Tea, green\",2.50,7,red\r\nBAK-001,,,100,brown\r\n"
		a := tally(load("", "text/csv; charset=utf-8", file), 1, 0, 1, 0)
		if fmt.Sprint(a.Body["ignored"]) != "[colour]" {
			t.Errorf("ignored %v", a.Body["ignored"])
		}
		tally(load("?stock=count", "text/csv", file), 0, 1, 1, 0)
		last := s.As(s.Manager).Get("/products/691c3f80d25e7b0a4f8c31a8/stock-movements?limit=1").Want(200).Items("items")[0]
		if fmt.Sprint(last["kind"], last["before"], last["after"]) != "count140100" {
			t.Errorf("the count was booked as %v", last)
		}
	})
	t.Run("files that are none", func(t *testing.T) {
		load("", "text/plain", "x").Refused(415, "media_type_unsupported")
		load("", "application/json", `"x"`).Refused(400, "file_invalid")
		load("", "text/csv", "colour\nred\n").Refused(400, "file_invalid")
		load("?dry_run=maybe", "application/json", "[]").Refused(400, "query_invalid")
		load("?stock=all", "application/json", "[]").Refused(400, "query_invalid")
		tally(load("", "application/json", "[]"), 0, 0, 0, 0)
	})
	s.MustVerify()
}

// projectFile reads a file of the project, whatever folder the tests run in.
func projectFile(t *testing.T, path ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, none := os.Stat(filepath.Join(dir, "go.mod")); none == nil {
			break
		}
		if up := filepath.Dir(dir); up != dir {
			dir = up
			continue
		}
		t.Fatal("the tests do not run within the project")
	}
	b, err := os.ReadFile(filepath.Join(append([]string{dir}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
