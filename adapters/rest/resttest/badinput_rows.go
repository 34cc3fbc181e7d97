package resttest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
)

// oddTokens are bearer tokens that nobody has.
func (b *bad) oddTokens(open Open) map[string]string {
	parts := strings.Split(b.Manager, ".")
	encode := base64.RawURLEncoding.EncodeToString
	session := b.Put("/users/session", fmt.Sprintf(`{"email":%q,"password":%q}`, cashierEmail, cashierPassword)).Want(200)
	member := b.NewMember("Tom")
	return map[string]string{
		"none": "", "no scheme": b.Manager, "Basic": "Basic bWFyYTpzZWNyZXQ=", "only the scheme": "Bearer", "empty": "Bearer ", "a word": "Bearer x",
		"dots":       "Bearer ...",
		"two tokens": "Bearer " + b.Manager + " " + b.Manager, "another signature": "Bearer " + parts[0] + "." + parts[1] + "." + encode(make([]byte, 32)),
		"no signature": "Bearer " + parts[0] + "." + parts[1] + ".",
		"alg none":     "Bearer " + encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + ".",
		"other claims": "Bearer " + parts[0] + "." + encode([]byte(`{"sub":"x","role":"manager","exp":99999999999}`)) + "." + parts[2],
		"upper case":   "Bearer " + strings.ToUpper(b.Manager),
		"of a member":  "Bearer " + b.MemberToken(member), "a refresh token": "Bearer " + session.Text("refresh_token"), "in another charset": "Bearer \xff\xfe",
		"of another shop": "Bearer " + NewShop(b.t, open).Manager, "SQL": "Bearer ' OR 1=1 --", "6 kB": "Bearer " + strings.Repeat("x", 6<<10),
	}
}

// who: 401 goes before 403, and both before everything else.
func (b *bad) who(t *testing.T, op *operation) {
	nonsense := op.request()
	nonsense.body = strings.Repeat("{", 1+len(op.body)/1000)
	switch op.spec["x-role"] {
	case "public":
		return
	case "manager":
		b.refused(t, op.request().with("Authorization", "Bearer "+b.Cashier), 403, "role_forbidden")
		b.refused(t, nonsense.with("Authorization", "Bearer "+b.Cashier), 403, "role_forbidden")
	}
	for name, token := range b.tokens {
		a := b.refused(t, op.request().with("Authorization", token), 401, "token_missing", "token_invalid")
		if a.Status != 401 {
			t.Error(name)
		}
	}
	b.refused(t, nonsense.with("Authorization", "Bearer x"), 401, "token_invalid")
	for _, cookie := range []string{"x", b.tokens["of a member"][len("Bearer "):], strings.Repeat("x", 6<<10)} {
		b.refused(t, op.request().with("Authorization", "").with("Cookie", "kassa_session="+cookie), 401, "token_invalid")
	}
	if op.method != http.MethodGet {
		byCookie := op.request().with("Authorization", "").with("Cookie", "kassa_session="+b.Manager)
		for _, origin := range []string{"", "null", "https://evil.test", "://", b.URL + ".evil.test"} {
			b.refused(t, byCookie.with("Origin", origin), 403, "origin_refused")
		}
		b.refused(t, byCookie.with("Sec-Fetch-Site", "cross-site").with("Origin", b.URL), 403, "origin_refused")
	}
}

// headers: each of them odd, one at a time.
func (b *bad) headers(t *testing.T, op *operation) {
	b.refused(t, op.request().with("X-Odd", strings.Repeat("x", 10<<10)), 431, "header_too_large")
	for _, encoding := range []string{"gzip", "deflate", "br", "identity, gzip", "x", "GZIP"} {
		b.refused(t, op.request().with("Content-Encoding", encoding), 415, "encoding_unsupported")
	}
	if op.header["Idempotency-Key"] != "" {
		b.refused(t, op.request().with("Idempotency-Key", ""), 400, "idempotency_key_missing")
		for _, key := range []string{strings.Repeat("k", 256), "käse", "🧀", "a\tb", "\xff", "a\u200bb"} {
			b.refused(t, op.request().with("Idempotency-Key", key), 400, "idempotency_key_invalid")
		}
	}
	if op.header["If-Match"] != "" {
		b.refused(t, op.request().with("If-Match", ""), 428, "if_match_missing")
		for _, tag := range []string{"1", "**", `*,"1"`, `"`, `"1`, `1"`, `"1" "2"`, ",", `""1""`, `W"1"`, "'1'", "ä"} {
			b.refused(t, op.request().with("If-Match", tag), 400, "if_match_invalid")
		}
		for _, tag := range []string{`W/"1"`, `"98", "99"`, `""`, `"x"`, `"99"`, `"-1"`, `"0"`, `"1.0"`, `"9007199254740992"`, `"` + strings.Repeat("9", 400) + `"`, `"' OR 1=1 --"`, `"ä"`} {
			b.refused(t, op.request().with("If-Match", tag), 412, "version_stale")
		}
	}
	if op.header["Kassa-Member-Token"] != "" {
		for _, token := range []string{"", "x", b.Manager, strings.Repeat("x", 6<<10), "\xff"} {
			b.refused(t, op.request().with("Kassa-Member-Token", token), 401, "member_token_invalid")
		}
	}
	if op.body == "" || op.depicts() {
		return
	}
	for _, mediaType := range []string{"", "text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/json; charset=latin1",
		"application/json; charset=utf-8; x=y", "*/*", "application/json,text/csv", "application/jsonx", ";", "\xff", "application/problem+json"} {
		if !op.imports() || !strings.HasPrefix(mediaType, "application/json;") {
			b.refused(t, op.request().with("Content-Type", mediaType), 415, "media_type_unsupported")
		}
	}
}

// imports tells the one route that takes a file.
func (o *operation) imports() bool { return o.name == "POST /products/import" }

// depicts tells the one route that finds out what its body is from the body.
func (o *operation) depicts() bool { return o.name == "PUT /products/{id}/image" }

// oddIDs cannot be ids, or are ids of nothing, as they stand in a path.
var oddIDs = []string{
	"nobody", "0", "-1", "null", "undefined", strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("a", 3000), "a%20b", "a%2Fb",
	"%2e%2e%2f%2e%2e%2fetc%2fpasswd",
	"..%5c..%5cwindows", "%00", "a%00b", "%0a", "%ff", "%ed%a0%80", "%F0%9F%A7%80", "%7Bid%7D", "$where", "%24where", "%5B$gt%5D", "'%20OR%201=1--",
	"%22", "%3Cscript%3E", "*", ".", "%252e%252e", ";x=y", "a,b", "~root",
}

// paths: ids that are none, methods that a path does not know, and paths next to the right one.
func (b *bad) paths(t *testing.T, op *operation) {
	_, form, _ := strings.Cut(op.name, " ")
	if i := strings.Index(form, "{id}"); i >= 0 {
		rest := form[i+len("{id}"):]
		for _, id := range oddIDs {
			p := op.request()
			p.path = form[:i] + id + rest
			if a := b.send(t, p); a.Status != 404 && (rest != "/vip-subscription" || a.Status != 403) { // the token is another member's
				t.Errorf("%s: %d %s", a.what, a.Status, a.Raw)
			}
		}
	}
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "PROPFIND"} {
		p := op.request()
		p.method = method
		if _, documented := b.doc.operations()[method+" "+form]; !documented && !b.shadowed(method, form) {
			b.refused(t, p, 405, "method_not_allowed")
		}
	}
	for _, odd := range []string{op.path + "/", op.path + "/x/y/z", "/" + op.path, strings.ToUpper(op.path), op.path + "%20", op.path + "%00"} {
		p := op.request()
		if p.path = odd; strings.HasPrefix(op.path, "root:") {
			p.path = "root:/x" + strings.TrimPrefix(odd, "root:")
		}
		if a := b.send(t, p); a.Status != 404 && a.Status != 405 && a.Status != 403 { // 403: it is an id of a manager's route
			t.Errorf("%s: %d %s", a.what, a.Status, short(string(a.Raw)))
		}
	}
}

// shadowed reports whether a path is also one with an id for the method: /users/session is /users/{id}.
func (b *bad) shadowed(method, form string) bool {
	_, found := b.doc.operations()[method+" "+path.Dir(form)+"/{id}"]
	return found
}

// textRows are bodies as a whole. The status of those that are JSON is that of a field.
var textRows = []struct {
	name, text string
	status     int
}{
	{"blank", " \r\n\t", 400}, {"open", "{", 400}, {"closed", "}", 400}, {"half a name", `{"na`, 400}, {"no value", `{"name"}`, 400},
	{"no colon", `{"name" 1}`, 400},
	{"trailing comma", `{"name":"x",}`, 400}, {"single quotes", `{'name':'x'}`, 400}, {"comment", `{/*x*/}`, 400}, {"byte order mark", "\xef\xbb\xbf{}", 400},
	{"two values", `{}{}`, 400}, {"trailing text", `{} x`, 400}, {"NUL", "{}\x00", 400}, {"NaN", "NaN", 400}, {"XML", "<a/>", 400},
	{"form", "name=x&price=1", 400},
	{"UTF-16", "\xff\xfe{\x00}\x00", 400}, {"10,000 lists", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), 400},
	{"10,000 open lists", strings.Repeat("[", 10_000), 400}, {"10,000 objects", strings.Repeat(`{"name":`, 10_000) + "1" + strings.Repeat("}", 10_000), 400},
	{"list", "[]", 422}, {"null", "null", 422}, {"true", "true", 422}, {"number", "5", 422}, {"text", `"x"`, 422}, {"float", "1e400", 422},
}

// bodies: the body as a whole.
func (b *bad) bodies(t *testing.T, op *operation) {
	if b.doc.schemaOf(op.spec) == nil || op.imports() {
		return
	}
	for _, row := range textRows {
		p := op.request()
		p.body = row.text
		a := b.refused(t, p, row.status)
		if code := map[int]string{400: "json_invalid", 422: "validation_failed"}[row.status]; a.Body["code"] != code {
			t.Errorf("%s with %s: %v", op.name, row.name, a.Body["code"])
		}
		b.refused(t, p.with("Transfer-Encoding", "chunked"), row.status)
	}
	p := op.request()
	p.body = ""
	b.refused(t, p, 400, "json_invalid")
	p.body = op.body + op.body
	b.refused(t, p, 400, "json_invalid")
	first, _, _ := strings.Cut(op.body, ":")
	p.body = strings.Replace(op.body, "{", first+":null,", 1)
	b.refused(t, p, 400, "json_invalid") // its first field twice
	if !op.isBatch() {
		p.body = strings.Replace(op.body, "{", `{"colour":"`+strings.Repeat("x", 256<<10)+`",`, 1)
		b.refused(t, p, 413, "body_too_large")
		b.refused(t, p.with("Transfer-Encoding", "chunked"), 413, "body_too_large")
	}
}

// oddQueries are values of parameters, as they stand in a URL.
var oddQueries = []string{
	"", "x", "-1", "0", "201", "1.5", "1e3", "0x10", "9223372036854775808", "99999999999999999999", "2026-11-31", "2022-02-29", "2026-1-1", "20261120",
	"2026-11-20T00:00:00Z", "yes", "TRUE", "a%20b",
	"..%2f", "%24where", "'%20OR%201=1--", "%28", ".*", "%00", "%0a", strings.Repeat("9", 400), strings.Repeat("x", 1500), "bm90IGEgY3Vyc29y", "AAAA",
	"%F0%9F%A7%80", "%5B%5D", "%7B%22%24gt%22:1%7D",
}

// parameters: of the query.
func (b *bad) parameters(t *testing.T, op *operation) {
	ask := func(query string) probe {
		p := op.request()
		p.path += "?" + query
		return p
	}
	if !strings.HasPrefix(op.path, "root:") {
		for _, query := range []string{"colour=red", "colour", "%00=1", "%ff=1", "$where=1", "limit%5B%5D=1", "a=1&a=2"} {
			b.refused(t, ask(query), 400, "query_invalid")
		}
	}
	for _, param := range parametersOf(op.spec) {
		if param.in != "query" {
			continue
		}
		b.refused(t, ask(param.name+"=1&"+param.name+"=1"), 400, "query_invalid")
		b.refused(t, ask(param.name+"=%ff"), 400)
		for _, text := range oddQueries {
			a := b.send(t, ask(param.name+"="+text))
			if fits := b.doc.fitsQuery(param, text); a.Status != 400 && !fits || a.Status != 200 && a.Status != 201 && a.Status != 400 {
				t.Errorf("%s: %d %s", a.what, a.Status, short(string(a.Raw)))
			}
		}
	}
	if slices.ContainsFunc(parametersOf(op.spec), func(p parameter) bool { return p.name == "cursor" }) {
		list := "/products?limit=1"
		if strings.HasPrefix(op.path, "/products") {
			list = "/users?limit=1"
		}
		foreign := b.As(b.Manager).Get(list).Want(200).Text("next_cursor")
		for _, cursor := range []string{"", "!!!", "%00", "x", "AAAA", strings.Repeat("A", 1100), foreign, foreign[:len(foreign)-1], foreign + "A"} {
			b.refused(t, ask("cursor="+cursor), 400, "cursor_invalid")
		}
		for _, limit := range []string{"0", "201", "abc", "-1", "", "05", "%2B5"} {
			b.refused(t, ask("limit="+limit), 400, "limit_invalid")
		}
	}
}
