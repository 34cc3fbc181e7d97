package productfile

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"kassa/core/fault"
	"kassa/core/inventory"
)

// jsonRows reads an array of objects, or objects one after the other, as mongoexport writes them with and without --jsonArray.
type jsonRows struct {
	names
	from   *bufio.Reader
	array  bool
	comma  bool // a comma goes before the next row
	ended  bool
	number int
}

// newJSON looks whether an array or an object begins.
func newJSON(from *bufio.Reader) (*jsonRows, error) {
	r := &jsonRows{from: from}
	switch c, err := r.skip(); {
	case err == io.EOF: // as it is, here and below: a fault of the reader may wrap it
		return nil, invalid("the file is empty")
	case err != nil:
		return nil, err
	case c == '[':
		_, _ = from.Discard(1) // it was peeked at
		r.array = true
	case c != '{':
		return nil, invalid("the file begins neither with an array nor with an object")
	}
	return r, nil
}

// skip passes over white space and returns the character after it, which it leaves.
func (r *jsonRows) skip() (byte, error) {
	for {
		b, err := r.from.Peek(1)
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b[0])) {
			return b[0], nil
		}
		_, _ = r.from.Discard(1)
	}
}

// Next implements inventory.Rows.
func (r *jsonRows) Next() (inventory.Row, error) {
	if r.ended {
		return inventory.Row{}, io.EOF
	}
	c, err := r.start()
	if err != nil && !errors.Is(err, errDamaged) {
		r.ended = err == io.EOF
		return inventory.Row{}, err
	}
	r.number++
	if err != nil {
		return inventory.Row{Number: r.number, Err: damaged()}, r.recover()
	}
	r.comma = r.array
	raw, err := r.value(c)
	if err != nil && !fault.IsCode(err, "row_too_large") {
		return inventory.Row{}, err
	}
	var row inventory.Row
	if err == nil {
		row, err = r.row(raw)
	}
	row.Number, row.Err = r.number, err
	return row, nil
}

// errDamaged says that no row begins where one should.
var errDamaged = errors.New("damaged")

func damaged() error {
	return fault.New(fault.Malformed, "json_invalid", "the file is damaged here; it was read on from the next line that begins with a row")
}

// start finds the first character of the next row. io.EOF at the end of the file, errDamaged where no row begins.
func (r *jsonRows) start() (byte, error) {
	c, err := r.skip()
	switch {
	case !r.array && err == nil && c != '{', r.array && err == io.EOF, r.comma && err == nil && c != ',' && c != ']':
		return 0, errDamaged
	case !r.array || err != nil:
		return c, err
	case c == ']':
		_, _ = r.from.Discard(1)
		if _, err = r.skip(); err == nil {
			return 0, errDamaged // something follows the array
		}
		return 0, err
	case c == ',':
		_, _ = r.from.Discard(1)
		c, err = r.skip()
		if err == io.EOF || err == nil && (!r.comma || c == ',' || c == ']') {
			return 0, errDamaged
		}
	}
	return c, err
}

// recover goes to the next line that begins with a row, or ends.
func (r *jsonRows) recover() error {
	for {
		_, err := r.from.ReadSlice('\n')
		switch {
		case err == io.EOF:
			r.ended = true
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return err
		case r.rowBegins():
			b, _ := r.from.Peek(1)
			r.comma = b[0] == ','
			return nil
		}
	}
}

// value reads the text of a row that begins with c. A row that is broken off by the next one, which stands on a line of its own, ends there.
func (r *jsonRows) value(c byte) ([]byte, error) {
	var raw []byte
	depth, quoted, escaped, size := 0, false, false, 0
	for {
		b, err := r.from.ReadByte()
		switch {
		case err == io.EOF:
			return done(raw, size) // what is missing is noticed when the text is read
		case err != nil:
			return nil, err
		}
		if size++; size <= MaxRow {
			raw = append(raw, b)
		}
		wasEscaped := escaped
		escaped = quoted && b == '\\' && !escaped
		switch {
		case b == '\n' && r.rowBegins():
			return done(raw, size)
		case escaped, wasEscaped:
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{', b == '[':
			depth++
		case b == '}', b == ']':
			depth--
		}
		if depth <= 0 && !quoted && r.over(c) {
			return done(raw, size)
		}
	}
}

func done(raw []byte, size int) ([]byte, error) {
	if size > MaxRow {
		return nil, tooLarge("")
	}
	return raw, nil
}

// rowBegins reports whether a row begins at the beginning of this line.
func (r *jsonRows) rowBegins() bool {
	b, _ := r.from.Peek(2)
	return len(b) > 0 && b[0] == '{' || len(b) > 1 && b[0] == ',' && b[1] == '{'
}

// over reports whether a value outside all brackets that began with c ends here: an object or array with its bracket, anything else before
// the next separator.
func (r *jsonRows) over(c byte) bool {
	if c == '{' || c == '[' {
		return true
	}
	b, err := r.from.Peek(1)
	return err != nil || strings.ContainsRune(",] \t\r\n", rune(b[0]))
}

// row finds the fields of an object.
func (r *jsonRows) row(raw []byte) (inventory.Row, error) {
	row := inventory.Row{Number: r.number}
	if raw[0] != '{' {
		return row, fault.New(fault.Malformed, "row_invalid", "a row is an object")
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(raw, &members); err != nil {
		detail := "the row is not valid JSON"
		if errors.Is(err, jsontext.ErrDuplicateName) {
			detail = "the row names a field twice"
		}
		return row, fault.New(fault.Malformed, "json_invalid", "%s", detail)
	}
	if err := minorUnits(func(name string) bool { return members[name] != nil }); err != nil {
		return row, err
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		field, v := r.of(name), members[name]
		if field == "id" && name == "id" && members["_id"] != nil {
			continue // of a MongoDB document, the one that identifies it
		}
		var err error
		switch to := textOf(&row, field); {
		case field == "barcodes":
			row.Barcodes, err = barcodes(v)
		case to != nil:
			*to, err = text(field, v)
		}
		if err != nil {
			return row, err
		}
	}
	return row, nil
}

func barcodes(v jsontext.Value) ([]string, error) {
	if v.Kind() != '[' {
		s, err := number("barcodes", v)
		return codes(s), err
	}
	var list []jsontext.Value
	if err := json.Unmarshal(v, &list); err != nil {
		return nil, fieldFault("barcodes", "must be a list of texts")
	}
	all := make([]string, len(list))
	for i, item := range list {
		var err error
		if all[i], err = number("barcodes", item); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// text returns what a member says; null says nothing.
func text(field string, v jsontext.Value) (string, error) {
	switch {
	case field == "id" || numeric(field):
		return number(field, v)
	case v.Kind() == 'n':
		return "", nil
	case v.Kind() != '"':
		return "", fieldFault(field, "must be a text")
	}
	return unquote(v)
}

func unquote(v jsontext.Value) (string, error) {
	b, err := jsontext.AppendUnquote(nil, v)
	return string(b), err
}

// extended are the types of MongoDB's Extended JSON (v2) that identify or count; their value is a text.
var extended = []string{"$oid", "$uuid", "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal"}

// number returns a number or an id as it is written, never by way of a float. It may be a JSON number, a text, or Extended JSON.
func number(field string, v jsontext.Value) (string, error) {
	switch v.Kind() {
	case 'n':
		return "", nil
	case '0':
		return string(v), nil
	case '"':
		s, err := unquote(v)
		return strings.TrimSpace(s), err
	case '{':
		var typed map[string]string
		if err := json.Unmarshal(v, &typed); err == nil && len(typed) == 1 {
			for name, s := range typed {
				if slices.Contains(extended, name) {
					return s, nil
				}
			}
		}
	default:
	}
	return "", fieldFault(field, "must be a number or a text")
}
