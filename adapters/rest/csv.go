package rest

import (
	"bytes"
	"encoding"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"kassa/adapters/productfile"
)

// csvType is the media type of every list and report as CSV (RFC 4180): UTF-8 without a byte order mark, the first line names the columns.
const csvType = "text/csv; charset=utf-8; header=present"

// shape says in which column a member of a row's JSON stands.
type shape struct {
	column int
	under  map[string]*shape // of an object that is spread over columns: its members
}

// shapeOf returns the columns of a DTO in the order of its members. A nested object becomes columns that are named a.b; lists, and objects whose
// members are not known before, stay in one cell as their JSON.
func shapeOf(t reflect.Type) (*shape, []string) {
	var columns []string
	var spread func(t reflect.Type, prefix string) *shape
	spread = func(t reflect.Type, prefix string) *shape {
		s := &shape{under: map[string]*shape{}}
		for _, f := range reflect.VisibleFields(t) {
			tag, tagged := f.Tag.Lookup("json")
			name, _, _ := strings.Cut(tag, ",")
			if !f.IsExported() || !tagged || name == "" || name == "-" {
				continue
			}
			if inner, nested := objectOf(f.Type); nested {
				s.under[name] = spread(inner, prefix+name+".")
				continue
			}
			s.under[name] = &shape{column: len(columns)}
			columns = append(columns, prefix+name)
		}
		return s
	}
	return spread(t, ""), columns
}

// objectOf returns the struct whose members the JSON of the type has, if it has.
func objectOf(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil, false
	}
	switch reflect.New(t).Interface().(type) {
	case json.MarshalerTo, json.Marshaler, encoding.TextMarshaler, encoding.TextAppender:
		return nil, false
	}
	return t, true
}

// appendHeading appends the line that names the columns.
func appendHeading[D any](b []byte) []byte {
	_, columns := shapeOf(reflect.TypeFor[D]())
	for i, name := range columns {
		b = append(comma(b, i), name...)
	}
	return append(b, "\r\n"...)
}

// appendRows appends one line for each row.
func appendRows[D any](b []byte, rows []D) ([]byte, error) {
	s, columns := shapeOf(reflect.TypeFor[D]())
	cells := make([]jsontext.Value, len(columns))
	for _, row := range rows {
		text, err := json.Marshal(row, answerOptions)
		if err != nil {
			return nil, err
		}
		clear(cells)
		if err := s.fill(cells, jsontext.NewDecoder(bytes.NewBuffer(text))); err != nil {
			return nil, err
		}
		for i, v := range cells {
			if b, err = appendCell(comma(b, i), v); err != nil {
				return nil, err
			}
		}
		b = append(b, "\r\n"...)
	}
	return b, nil
}

// fill reads one object and puts its values into their cells.
func (s *shape) fill(cells []jsontext.Value, d *jsontext.Decoder) error {
	if d.PeekKind() != '{' { // null: its columns stay empty
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		at := s.under[name.String()]
		switch {
		case at == nil:
			err = d.SkipValue()
		case at.under != nil:
			err = at.fill(cells, d)
		default:
			var v jsontext.Value
			v, err = d.ReadValue()
			cells[at.column] = v.Clone()
		}
		if err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// appendCell appends a value as a spreadsheet shows it. A null is nothing, an empty text is "". What would be run as a formula there gets an
// apostrophe, see productfile.Defuse; in JSON, a semicolon is escaped.
func appendCell(b []byte, v jsontext.Value) ([]byte, error) {
	switch v.Kind() {
	case 0, 'n':
		return b, nil
	case '"':
		text, err := jsontext.AppendUnquote(nil, v)
		if err != nil {
			return nil, err
		}
		cell := productfile.Defuse(text)
		switch {
		case len(cell) == 0:
			return append(b, `""`...), nil
		case len(cell) > len(text) || bytes.ContainsAny(cell, ",;\"\r\n") || cell[0] == ' ' || cell[len(cell)-1] == ' ':
			return appendQuoted(append(b, '"'), cell), nil
		}
		return append(b, cell...), nil
	case '[', '{':
		return appendQuoted(append(b, '"'), bytes.ReplaceAll(v, []byte(";"), []byte(`\u003b`))), nil
	}
	return append(b, v...), nil
}

// appendQuoted appends the rest of a quoted cell.
func appendQuoted(b, text []byte) []byte {
	return append(append(b, bytes.ReplaceAll(text, []byte(`"`), []byte(`""`))...), '"')
}
