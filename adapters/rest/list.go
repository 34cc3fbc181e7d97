package rest

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"kassa/core/page"
)

// Page is the envelope of every list.
type Page[D any] struct {
	Items      []D     `json:"items" validate:"required"`
	NextCursor *string `json:"next_cursor" validate:"required" extensions:"x-nullable"`
}

// NewPage converts one page of models to its envelope.
func NewPage[T, D any](c *Call, l page.List[T], convert func(T) D) Page[D] {
	p := Page[D]{Items: make([]D, len(l.Items))}
	for i, v := range l.Items {
		p.Items[i] = convert(v)
	}
	if l.Next != "" {
		p.NextCursor = new(c.seal(l.Next))
	}
	return p
}

// List answers 200 with one page: the envelope as JSON, or its items as CSV where the client asks for text/csv. A further page is then
// named by the header Link.
func List[T, D any](c *Call, l page.List[T], convert func(T) D) error {
	p := NewPage(c, l, convert)
	if p.NextCursor != nil {
		c.SetHeader(fiber.HeaderLink, "<"+c.nextPage(*p.NextCursor)+`>; rel="next"`)
	}
	return Table(c, p, p.Items)
}

// nextPage returns the path and query of this request with another cursor.
func (c *Call) nextPage(cursor string) string {
	args := fasthttp.AcquireArgs()
	defer fasthttp.ReleaseArgs(args)
	c.rctx.QueryArgs().CopyTo(args)
	args.Set("cursor", cursor)
	return string(c.rctx.Path()) + "?" + args.String()
}

// Table answers 200 with the body as JSON, or with the rows as CSV where the client asks for text/csv. It is for reports, whose body
// holds more than its rows.
func Table[D any](c *Call, body any, rows []D) error {
	c.rctx.Response.Header.Add(fiber.HeaderVary, fiber.HeaderAccept)
	if c.Accepts(fiber.MIMEApplicationJSON, "text/csv") != "text/csv" {
		return c.OK(body)
	}
	b, err := csvOf(rows)
	if err != nil {
		return err
	}
	return c.Bytes(http.StatusOK, "text/csv; charset=utf-8; header=present", b)
}

// csvOf writes one line for each row: a column for each member of the DTO, in its order. A null is empty, and a list or an object is
// its JSON.
func csvOf[D any](rows []D) ([]byte, error) {
	columns := membersOf(reflect.TypeFor[D]())
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true // RFC 4180
	if err := w.Write(columns); err != nil {
		return nil, err
	}
	cells := make([]string, len(columns))
	for _, row := range rows {
		text, err := json.Marshal(row, answerOptions)
		if err != nil {
			return nil, err
		}
		var members map[string]jsontext.Value
		if err := json.Unmarshal(text, &members); err != nil {
			return nil, err
		}
		for i, name := range columns {
			if cells[i], err = cell(members[name]); err != nil {
				return nil, err
			}
		}
		if err := w.Write(cells); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// membersOf returns the JSON names of a struct's fields, embedded ones included.
func membersOf(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		tag, tagged := f.Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")
		if f.IsExported() && tagged && name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

var decimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// cell returns what a spreadsheet shows for the value. A text that it would run as a formula gets an apostrophe in front (OWASP, CSV
// injection); a number does not need it.
func cell(v jsontext.Value) (string, error) {
	switch v.Kind() {
	case 0, 'n':
		return "", nil
	case '"':
		var text string
		if err := json.Unmarshal(v, &text); err != nil {
			return "", err
		}
		if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) && !decimal.MatchString(text) {
			return "'" + text, nil
		}
		return text, nil
	default:
		return string(v), nil
	}
}
