package resttest

import (
	"encoding/json"
	"math/big"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// document is the OpenAPI document that the server serves.
type document struct{ root map[string]any }

func readDocument(t *testing.T, s *Shop) document {
	t.Helper()
	a := (&bad{Shop: s}).try(t, probe{method: "GET", path: "root:/openapi.json"}).Want(200)
	return document{a.Body}
}

// operations returns the operations by method and path.
func (d document) operations() map[string]map[string]any {
	all := map[string]map[string]any{}
	paths, _ := d.root["paths"].(map[string]any)
	for path, item := range paths {
		methods, _ := item.(map[string]any)
		for method, op := range methods {
			all[strings.ToUpper(method)+" "+strings.TrimPrefix(path, "/api/v1")], _ = op.(map[string]any)
		}
	}
	return all
}

// resolve follows a reference.
func (d document) resolve(schema map[string]any) map[string]any {
	ref, ok := schema["$ref"].(string)
	if !ok {
		return schema
	}
	var at any = d.root
	for _, token := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		m, _ := at.(map[string]any)
		at = m[token]
	}
	found, _ := at.(map[string]any)
	return found
}

// schemaOf returns the schema of an operation's JSON body, or nil.
func (d document) schemaOf(spec map[string]any) map[string]any {
	schema, _ := dig(spec, "requestBody", "content", "application/json", "schema").(map[string]any)
	if schema == nil {
		return nil
	}
	return d.resolve(schema)
}

func dig(v any, names ...string) any {
	for _, n := range names {
		m, _ := v.(map[string]any)
		v = m[n]
	}
	return v
}

// parameter is one of the query or the header.
type parameter struct {
	name, in string
	schema   map[string]any
}

func parametersOf(spec map[string]any) []parameter {
	var ps []parameter
	list, _ := spec["parameters"].([]any)
	for _, v := range list {
		p, _ := v.(map[string]any)
		name, _ := p["name"].(string)
		in, _ := p["in"].(string)
		schema, _ := p["schema"].(map[string]any)
		ps = append(ps, parameter{name, in, schema})
	}
	return ps
}

// field is a place in a body: the JSON Pointer to it and its schema.
type field struct {
	pointer  string
	schema   map[string]any
	required bool
}

// fields returns the places of a schema, the first item for each list.
func (d document) fields(schema map[string]any, at string) []field {
	var all []field
	schema = d.resolve(schema)
	required, _ := schema["required"].([]any)
	properties, _ := schema["properties"].(map[string]any)
	for name, v := range properties {
		property, _ := v.(map[string]any)
		f := field{at + "/" + name, property, slices.Contains(required, any(name))}
		all = append(all, f)
		all = append(all, d.fields(property, f.pointer)...)
	}
	if items, ok := schema["items"].(map[string]any); ok {
		all = append(all, field{at + "/0", items, false})
		all = append(all, d.fields(items, at+"/0")...)
	}
	slices.SortFunc(all, func(a, b field) int { return strings.Compare(a.pointer, b.pointer) })
	return all
}

// fits reports whether the value, with its numbers as json.Number, is what the schema asks for.
func (d document) fits(schema map[string]any, v any) bool {
	schema = d.resolve(schema)
	if v == nil {
		return schema["nullable"] == true
	}
	if one, ok := schema["oneOf"].([]any); ok {
		return slices.ContainsFunc(one, func(s any) bool { m, _ := s.(map[string]any); return d.fits(m, v) })
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		return false
	}
	switch schema["type"] {
	case "integer":
		return fitsInteger(schema, v)
	case "string":
		text, ok := v.(string)
		return ok && fitsText(schema, text)
	case "boolean":
		_, ok := v.(bool)
		return ok
	case "array":
		return d.fitsList(schema, v)
	case "object":
		return d.fitsObject(schema, v)
	}
	return false
}

func fitsInteger(schema map[string]any, v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	i, ok := new(big.Int).SetString(string(n), 10)
	return ok && !beyond(schema["minimum"], func(b *big.Int) bool { return i.Cmp(b) < 0 }) && !beyond(schema["maximum"], func(b *big.Int) bool { return i.Cmp(b) > 0 })
}

func beyond(bound any, crossed func(*big.Int) bool) bool {
	n, ok := bound.(json.Number)
	if !ok {
		return false
	}
	f, _, err := big.ParseFloat(string(n), 10, 200, big.ToZero)
	if err != nil {
		return true
	}
	i, _ := f.Int(nil)
	return crossed(i)
}

func fitsText(schema map[string]any, text string) bool {
	n := utf8.RuneCountInString(text)
	pattern, _ := schema["pattern"].(string)
	var err error
	switch schema["format"] {
	case "date":
		_, err = time.Parse(time.DateOnly, text)
	case "date-time":
		_, err = time.Parse(time.RFC3339, text)
	case "email":
		_, err = mail.ParseAddress(text)
	}
	return err == nil && n >= size(schema["minLength"], 0) && n <= size(schema["maxLength"], 1<<30) && regexp.MustCompile(pattern).MatchString(text)
}

func size(bound any, absent int) int {
	n, ok := bound.(json.Number)
	if !ok {
		return absent
	}
	i, err := strconv.Atoi(string(n))
	if err != nil {
		return absent
	}
	return i
}

func (d document) fitsList(schema map[string]any, v any) bool {
	list, ok := v.([]any)
	if !ok || len(list) < size(schema["minItems"], 0) || len(list) > size(schema["maxItems"], 1<<30) {
		return false
	}
	items, _ := schema["items"].(map[string]any)
	return !slices.ContainsFunc(list, func(item any) bool { return !d.fits(items, item) })
}

func (d document) fitsObject(schema map[string]any, v any) bool {
	object, ok := v.(map[string]any)
	if !ok {
		return false
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, there := object[name.(string)]; !there { //nolint:errcheck // a list of names
			return false
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, value := range object {
		property, known := properties[name].(map[string]any)
		if !known || !d.fits(property, value) {
			return false
		}
	}
	return true
}

// fitsQuery reports whether a text of a URL is what the parameter asks for.
func (d document) fitsQuery(p parameter, escaped string) bool {
	text, err := url.QueryUnescape(escaped)
	if err != nil {
		return false
	}
	switch p.schema["type"] {
	case "integer":
		return d.fits(p.schema, json.Number(text))
	case "boolean":
		return text == "true" || text == "false"
	}
	return d.fits(p.schema, text)
}
