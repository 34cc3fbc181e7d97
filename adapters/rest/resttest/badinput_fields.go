package resttest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// isBatch tells the one route whose items are refused one by one.
func (o *operation) isBatch() bool { return o.name == "POST /cashier/payments/batch" }

// unreadable are values that are no JSON: 400, in whatever field.
var unreadable = map[string]string{
	"NaN": "NaN", "infinity": "-Infinity", "octal": "010", "hexadecimal": "0x10", "plus": "+1", "no integer part": ".5", "no decimals": "1.",
	"upper case": "True", "undefined": "undefined", "single quotes": "'x'", "lone surrogate": `"\ud800"`, "surrogates in the wrong order": `"\udc00\ud800"`,
	"control character": "\"a\x01b\"", "newline": "\"a\nb\"", "invalid UTF-8": "\"a\xffb\"", "UTF-8 of a surrogate": "\"\xed\xa0\x80\"",
	"overlong UTF-8": "\"\xc0\xaf\"",
	"escape":         `"\x"`, "open string": `"x`, "nothing": "", "comma": "1,", "comment": "1/**/", "duplicate keys": `{"a":1,"a":2}`,
	"10,000 lists":   strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
	"10,000 objects": strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000),
}

// values are tried in every field whose schema does not allow them.
var values = map[string]string{
	"null": "null", "true": "true", "false": "false", "zero": "0", "minus zero": "-0", "one": "1", "minus one": "-1", "fraction": "1.5", "float": "5.0",
	"exponent": "1e3",
	"1e400":    "1e400", "1e-400": "1e-400", "2^53": "9007199254740992", "-2^53": "-9007199254740992", "2^63": "9223372036854775808",
	"2^64":  "18446744073709551616",
	"10^20": "100000000000000000000", "2^64 + 1": "18446744073709551617", "400 digits": strings.Repeat("9", 400), "empty text": `""`,
	"number in a text": `"5"`, "hexadecimal in a text": `"0x10"`,
	"NaN in a text": `"NaN"`, "text": `"x"`, "blank": `" "`, "31 November": `"2026-11-31"`, "29 February": `"2022-02-29T00:00:00Z"`,
	"no zone": `"2026-11-20T10:00:00"`,
	"path":    `"../../etc/passwd"`, "query": `"{\"$where\":\"1\"}"`, "SQL": `"' OR 1=1 --"`, "list": "[]", "list of null": "[null]",
	"list of numbers": "[1]", "list of texts": `["x"]`,
	"list of lists": "[[]]", "list of objects": "[{}]", "object": "{}", "operator": `{"$gt":""}`, "501 nulls": "[" + strings.Repeat("null,", 500) + "null]",
	"70,000 characters": `"` + strings.Repeat("x", 70_000) + `"`, "NUL": `"\u0000"`,
}

// fields puts every wrong value into every field, one at a time.
func (b *bad) fields(t *testing.T, op *operation) {
	schema := b.doc.schemaOf(op.spec)
	if schema == nil || op.name == "POST /products/import" {
		return
	}
	for _, f := range b.doc.fields(schema, "") {
		for _, raw := range unreadable {
			if raw == "" && strings.HasSuffix(f.pointer, "/0") {
				continue // an empty list is readable
			}
			b.refused(t, op.changed(t, f.pointer, raw), 400, "json_invalid")
		}
		for name, raw := range values {
			d := json.NewDecoder(strings.NewReader(raw))
			d.UseNumber()
			var v any
			if err := d.Decode(&v); err != nil {
				t.Fatal(name, err)
			}
			if !b.doc.fits(f.schema, v) && !f.blank(v) {
				b.refusesField(t, op, op.changed(t, f.pointer, raw), f.pointer, name)
			}
		}
		if f.required {
			b.refusesField(t, op, op.changed(t, f.pointer, gone), f.pointer, "missing")
		}
		if b.doc.resolve(f.schema)["type"] == "object" {
			b.refusesField(t, op, op.changed(t, f.pointer+"/colour", `"red"`), f.pointer+"/colour", "unknown")
		}
	}
	b.refusesField(t, op, op.changed(t, "/colour", "1"), "/colour", "unknown")
	b.refusesField(t, op, op.changed(t, "/__proto__", "{}"), "/__proto__", "unknown")
}

// blank reports whether the value is a text without content where none is needed: it is no e-mail address, and says that there is none.
func (f field) blank(v any) bool {
	text, ok := v.(string)
	return ok && !f.required && f.schema["format"] == "email" && strings.TrimSpace(text) == ""
}

// gone takes a field away.
const gone = "\x00"

// changed returns the accepted request with another value at the pointer, given as the text that stands there.
func (o *operation) changed(t *testing.T, pointer, raw string) probe {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(o.body))
	d.UseNumber()
	var body any
	if err := d.Decode(&body); err != nil {
		t.Fatalf("%s: %v", o.name, err)
	}
	tokens := strings.Split(pointer, "/")[1:]
	at := body
	for _, token := range tokens[:len(tokens)-1] {
		if at = child(at, token); at == nil {
			t.Fatalf("%s: the accepted request has nothing above %s", o.name, pointer)
		}
	}
	const place = "here stands the value"
	switch last := tokens[len(tokens)-1]; holder := at.(type) {
	case map[string]any:
		holder[last] = place
		if raw == gone {
			delete(holder, last)
		}
	case []any:
		holder[0] = place
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	p := o.request()
	p.body = strings.Replace(string(text), `"`+place+`"`, raw, 1)
	return p
}

func child(v any, token string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[token]
	case []any:
		return v[0]
	}
	return nil
}

// refusesField expects 422 that names the field, or what is above or below it where the fault lies there.
func (b *bad) refusesField(t *testing.T, op *operation, p probe, pointer, name string) {
	t.Helper()
	a := b.send(t, p)
	body, status := a.Body, a.Status
	if op.isBatch() && status == 200 {
		item := a.Items("items")[0]
		body, _ = item["problem"].(map[string]any)
		status, pointer = int(number(t, item, "status")), strings.TrimPrefix(strings.TrimPrefix(pointer, "/items"), "/0")
		if code, _ := body["code"].(string); status == 400 && strings.HasPrefix(code, "idempotency_key_") {
			return // the key is a field here
		}
	}
	if status != 422 {
		t.Errorf("%s with %s at %s: %d %s", op.name, name, pointer, status, short(string(a.Raw)))
		return
	}
	fields, _ := body["errors"].([]any)
	for _, f := range fields {
		m, _ := f.(map[string]any)
		at := fmt.Sprint(m["pointer"])
		if strings.HasPrefix(pointer, at) || strings.HasPrefix(at, pointer) {
			return
		}
	}
	if body["code"] == "validation_failed" {
		t.Errorf("%s with %s at %s is refused elsewhere: %s", op.name, name, pointer, short(string(a.Raw)))
	}
}
