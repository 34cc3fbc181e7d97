package resttest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// amounts: row 17 of sales.md and row 4 of ledger.md, wherever the API takes money.
func (b *bad) amounts(t *testing.T) {
	ops := map[string]*operation{}
	for _, op := range b.ops {
		ops[op.name] = op
	}
	for _, at := range []struct {
		op, pointer string
		zero        bool // is fine
	}{
		{"POST /products", "/price", true},
		{"PATCH /products/{id}", "/price", true},
		{"POST /registers", "/opening_amount", true},
		{"POST /members/{id}/wallet/top-ups", "/amount", false},
		{"POST /cashier/payments", "/tenders/0/amount", false},
		{"POST /cashier/payments", "/lines/0/unit_price", true},
		{"POST /cashier/payments", "/points_used", true},
		{"POST /cashier/payments", "/expected_total", true},
		{"POST /cashier/quote", "/tenders/0/amount", false},
		{"POST /bills/{id}/refunds", "/tenders/0/amount", false},
		{"PATCH /settings", "/difference_threshold", true},
	} {
		op := ops[at.op]
		for _, raw := range []string{"NaN", "010", "0x10", "Infinity", "1.", "+5"} {
			b.refused(t, op.changed(t, at.pointer, raw), 400, "json_invalid")
		}
		for _, raw := range []string{"5.5", "10.9", "5.0", "1e2", "1e20", "1e400", `"5"`, `"1000"`, `"10"`, `"0x10"`, "true", "[1]", "{}",
			"100000000000000000000", "18446744073709551616", "9007199254740992"} {
			a := b.refused(t, op.changed(t, at.pointer, raw), 422, "validation_failed")
			if fields := a.Items("errors"); len(fields) != 1 || fields[0]["pointer"] != at.pointer {
				t.Errorf("%s with %s at %s is refused at %v", at.op, raw, at.pointer, fields)
			}
		}
		for raw, fine := range map[string]bool{"-1": false, "-9007199254740991": false, "0": at.zero} {
			if !fine {
				b.refused(t, op.changed(t, at.pointer, raw), 422, "validation_failed")
			}
		}
	}
	for _, quantity := range []string{"0", "-1", "1.5", `"0"`, `"-1"`, `"0.0001"`, `"1,5"`, `"1e3"`, `" 1"`,
		`"+1"`, `"01"`, `".5"`, `"1."`, "9007199254741", `"9007199254740.992"`} {
		b.refused(t, ops["POST /cashier/payments"].changed(t, "/lines/0/quantity", quantity), 422, "validation_failed")
		b.refused(t, ops["POST /bills/{id}/refunds"].changed(t, "/lines/0/quantity", quantity), 422, "validation_failed")
		b.refused(t, ops["PUT /carts/{id}"].changed(t, "/lines/0/quantity", quantity), 422, "validation_failed")
	}
}

// imports: files that hold nothing that can be taken over.
func (b *bad) imports(t *testing.T) {
	row := func(fields string) string { return `[{"name":"Odd",` + fields + `}]` }
	files := map[string][]string{
		"application/json": {
			"", " ", "null", "5", `"x"`, "[", "]", "{", "[1]", "[null]", `["x"]`, "[[]]", "[{}]", `[{"name":"Odd"}]`, "[,]", "{}{}", "\xff\xfe", "\x00", "NaN",
			"<html>",
			strings.Repeat("[", 10_000), "[" + strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000) + "]",
			row(`"price":-1`), row(`"price":1.005`), row(`"price":1e400`), row(`"price":NaN`),
			row(`"price":100000000000000000000`), row(`"price":true`), row(`"price":[1]`), row(`"price":{}`), row(`"price":null`), row(`"price":"x"`),
			row(`"price":"NaN"`),
			row(`"price":1,"price":2`), row(`"price":1,"name":5`), row(`"price":1,"stock":-1`), row(`"price":1,"stock":1.5`), row(`"price":1,"stock":"x"`),
			row(`"price":1,"unit":"box"`),
			row(`"price":1,"tax_rate_bp":-1`), row(`"price":1,"id":"../x"`), row(`"price":1,"_id":{"$oid":"../x"}`), row(`"price":1,"_id":{"$where":"1"}`),
			row(`"price":1,"barcodes":["4006381333932"]`),
			row(`"price":1,"description":"\ud800"`), row("\"price\":1,\"description\":\"\xff\""),
			row(`"price":1,"description":"` + strings.Repeat("x", 70_000) + `"`), row(`"price":1,"description":"` + strings.Repeat("x", 3000) + `"`),
			`[{"name":"` + strings.Repeat("x", 300) + `","price":1}]`, `[{"name":"","price":1}]`, `[{"name":"\u0000","price":1}]`,
		},
		"text/csv": {
			"", "\n\n\n", "name", "name,price", "name,price\n", "x", "name,name\nx,y", "name,price\nOdd", "name,price\nOdd,1,2", "name,price\n\"Odd,1",
			"name,price\nO\"dd,x", "\xff\xfen\x00",
			"name,price\nOdd,-1", "name,price\nOdd,1.005", "name,price\nOdd,NaN", "name,price\nOdd,0x10", "name,price\nOdd,\"1,50\"", "name,price\n,1",
			"name,price\nO\xffdd,1",
			"name,price,stock\nOdd,1,-1", "name,price,barcodes\nOdd,1,4006381333932", "name,price,id\nOdd,1,../x", strings.Repeat("a,", 10_000) + "b\n1",
			"name,price\n" + strings.Repeat("x", 70_000) + ",1", "\x00,\x00\n\x00,1",
		},
	}
	for mediaType, texts := range files {
		for _, text := range texts {
			p := probe{method: "POST", path: "/products/import", body: text, header: map[string]string{"Authorization": "Bearer " + b.Manager, "Content-Type": mediaType}}
			a := b.send(t, p)
			if a.Status != 400 && (a.Status != 200 || a.Int("created") != 0 || a.Int("updated") != 0) {
				t.Errorf("%s: %d %s", a.what, a.Status, short(string(a.Raw)))
			}
		}
	}
}

// transport: bytes that are no proper request.
func (b *bad) transport(t *testing.T) {
	host, post := strings.TrimPrefix(b.URL, "http://"), "POST /api/v1/products HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+b.Manager+"\r\nContent-Type: application/json\r\n"
	list := "GET /api/v1/products%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b.Manager + "\r\n%s\r\n"
	for _, c := range []struct{ name, request string }{
		{"a word", "hello\r\n\r\n"}, {"no version", "GET /api/v1/products\r\n\r\n"}, {"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"},
		{"header without colon", "GET /api/v1/bills HTTP/1.1\r\nHost: x\r\nodd\r\n\r\n"}, {"NUL in a header", fmt.Sprintf(list, "", "If-Match: a\x00b\r\n")},
		{"percent without digits", fmt.Sprintf(list, "/%zz", "")}, {"percent at the end", fmt.Sprintf(list, "/%", "")},
		{"raw bytes in the path", fmt.Sprintf(list, "/\xff\xfe", "")},
		{"backslash", fmt.Sprintf(list, `/..\..\x`, "")}, {"dots", fmt.Sprintf(list, "/../../../../etc/passwd", "")},
		{"10 kB path", fmt.Sprintf(list, "/"+strings.Repeat("x", 10<<10), "")},
		{"10 kB query", fmt.Sprintf(list, "?query="+strings.Repeat("x", 10<<10), "")},
		{"3,000 headers", fmt.Sprintf(list, "", strings.Repeat("A: b\r\n", 3000))}, {"space in a header's name", fmt.Sprintf(list, "", "Odd : x\r\n")},
		{"two lengths", post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"},
		{"length and chunks", post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"negative length", post + "Content-Length: -1\r\n\r\n{}"}, {"length of a word", post + "Content-Length: two\r\n\r\n{}"},
		{"huge length", post + "Content-Length: 99999999999999999999\r\n\r\n{}"},
		{"40 MiB announced", post + "Content-Length: 41943040\r\n\r\n{}"}, {"cut off", post + "Content-Length: 50\r\n\r\n{\"name\""},
		{"odd chunk", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"},
		{"chunk cut off", post + "Transfer-Encoding: chunked\r\n\r\n50\r\n{}"},
		{"unknown coding", post + "Transfer-Encoding: gzip, chunked\r\nContent-Length: 2\r\n\r\n{}"}, {"no length", post + "\r\n"},
		{"control character in the key", post + "Idempotency-Key: a\x01b\r\nContent-Length: 30\r\n\r\n" + `{"name":"x","price":1,"stock":1}`[:30]},
	} {
		status, text := exchange(t, host, c.request)
		if status < 400 || status > 499 || !strings.Contains(text, `"request_id"`) {
			t.Errorf("%s: %d %s", c.name, status, short(text))
		}
	}
}

// exchange writes the bytes, ends writing, and returns the first answer.
func exchange(t *testing.T, host, request string) (int, string) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	_, _ = conn.Write([]byte(request))   // the server may have hung up already, with an answer
	_ = conn.(*net.TCPConn).CloseWrite() //nolint:errcheck // the address is one of TCP
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

// badSetup tries bad input where there is no shop yet; then there is still none.
func badSetup(t *testing.T, open Open) {
	s := &Shop{Server: open(t), t: t, client: &http.Client{Timeout: time.Minute}}
	t.Cleanup(s.client.CloseIdleConnections)
	b := &bad{Shop: s, doc: readDocument(t, s)}
	op := &operation{
		name: "POST /setup", method: "POST", path: "/setup", spec: b.doc.operations()["POST /setup"], header: map[string]string{"Content-Type": "application/json"},
		body: `{"store":{"name":"Shop","currency":"EUR","time_zone":"Europe/Berlin"},"manager":{"name":"Mara","email":"mara@shop.test","password":"correct horse"}}`,
	}
	for _, try := range []func(*testing.T, *operation){b.headers, b.paths, b.parameters, b.bodies, b.fields} {
		try(t, op)
		s.Put("/users/session", `{"email":"mara@shop.test","password":"correct horse"}`).Refused(409, "not_set_up")
	}
	b.refused(t, op.request().with("X-Forwarded-For", "127.0.0.1"), 403, "setup_token_invalid")
	b.refused(t, op.request().with("Via", "x").with("Kassa-Setup-Token", strings.Repeat("x", 5000)), 403, "setup_token_invalid")
	b.send(t, op.request()).Want(201)
	b.refused(t, op.request(), 409, "already_set_up")
	b.refused(t, op.changed(t, "/store", "null"), 409, "already_set_up")
}

// texts are allowed in some fields and refused in others; nowhere may they break anything.
var texts = []string{
	`a\u0000b`, `\u001b[31m`, `\u202eabc`, `\ufeff`, `\u2028`, "😀😀", "e\u0301", "ﷺ", "İ", "ß", "$where", "'; DROP TABLE products;--", "{{7*7}}",
	"${7*7}", "%s%n", "../../etc/passwd",
	"<script>alert(1)</script>", "=1+1", "@SUM(A1)", "\\\\", `\"`, "null", "-0", "CON", strings.Repeat("ä", 60), strings.Repeat("😀", 100), "a@b.c",
	"ä@ö.ü", "x@" + strings.Repeat("y", 60) + ".test",
}

// oddTexts puts them into every field that is a text, and then reads everything there is.
func (b *bad) oddTexts(t *testing.T) {
	for _, op := range b.ops {
		schema := b.doc.schemaOf(op.spec)
		if schema == nil || op.imports() || strings.HasPrefix(op.path, "/users/session") {
			continue
		}
		for _, f := range b.doc.fields(schema, "") {
			if b.doc.resolve(f.schema)["type"] != "string" || f.schema["enum"] != nil {
				continue
			}
			for _, text := range texts {
				p := op.changed(t, f.pointer, `"`+text+`"`)
				if op.header["If-Match"] != "" {
					p = p.with("If-Match", b.As(b.Manager).Get(op.path).Header.Get("ETag"))
				}
				b.send(t, p)
			}
		}
	}
	b.sums(t)
	lists := append([]string{"/products?query=%27", "/members?query=%24where", "/bills?client_sale_id=%00"}, b.lists...)
	for _, bill := range b.As(b.Manager).Get("/bills?limit=200").Want(200).Items("items") {
		lists = append(lists, fmt.Sprintf("/bills/%s/receipt", bill["id"]))
	}
	for _, path := range lists {
		for _, accept := range []string{"", "text/csv", "text/html", "*/*;q=0.1", "x", ",;="} {
			if a := b.As(b.Manager).With("Accept", accept).Get(path); a.Status != 200 && a.Status != 404 && a.Status != 406 {
				t.Errorf("%s: %d %s", a.what, a.Status, short(string(a.Raw)))
			}
		}
	}
}

// sums that go beyond their bounds are refused and not wrapped: of a drawer, and of a bill.
func (b *bad) sums(t *testing.T) {
	const dearest, full = "1000000000000", "9007000000000000" // 10^12, and less than that from 2^53-1
	dear := b.As(b.Manager).Key("").Post("/products", `{"name":"Dear","stock_policy":"allow","price":`+dearest+`}`).Want(201).Text("id")
	quote := func(lines string) Answer { return b.As(b.Cashier).Post("/cashier/quote", b.Sale(lines)) }
	quote(Line(dear, 1)).Want(200)
	quote(Line(dear, 2)).Refused(422, "amount_out_of_range")
	quote(Line(dear, 10_000_000)).Refused(422, "amount_out_of_range")
	quote(Line(dear, 10_000_001)).Refused(422, "validation_failed")
	quote(Line(dear, 1)+","+Line(dear, 1)).Refused(422, "amount_out_of_range")
	till := b.As(b.Manager).Key("").Post("/registers", `{"name":"Full","opening_amount":`+full+`}`).Want(201).Text("id")
	topUp := fmt.Sprintf(`{"register_id":%q,"amount":%s,"tender":"cash"}`, till, dearest)
	b.As(b.Cashier).Key("").Post("/members/"+b.NewMember("Rich")+"/wallet/top-ups", topUp).Refused(422, "amount_out_of_range")
	b.As(b.Cashier).Key("").Post("/cashier/payments", strings.Replace(b.Sale(Line(dear, 1)), b.Register, till, 1)).Refused(422, "amount_out_of_range")
	if got := fmt.Sprint(b.Balance(till)); got != full {
		t.Errorf("the drawer holds %s", got)
	}
}
