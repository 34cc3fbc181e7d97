package rest

import (
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"kassa/core/page"
)

// Page is the envelope of every list.
type Page[D any] struct {
	Items      []D     `json:"items" validate:"required"`
	NextCursor *string `json:"next_cursor" validate:"required" extensions:"x-nullable"`
}

// NewPage converts one page of models to its envelope. Table then knows whether there is another one.
func NewPage[T, D any](c *Call, l page.List[T], convert func(T) D) Page[D] {
	p := Page[D]{Items: make([]D, len(l.Items))}
	for i, v := range l.Items {
		p.Items[i] = convert(v)
	}
	if l.Next != "" {
		c.next = c.seal(l.Next)
		p.NextCursor = new(c.next)
	}
	return p
}

// List answers 200 with one page: the envelope as JSON, or its items as CSV as Table does.
func List[T, D any](c *Call, l page.List[T], convert func(T) D) error {
	p := NewPage(c, l, convert)
	return Table(c, p, p.Items)
}

// Table answers 200 with the body as JSON, or with the rows as CSV where the client asks for text/csv. It is for reports, whose body
// holds more than its rows. A further page is named by the header Link; CSV without limit and cursor has none: it holds the rows of all pages.
func Table[D any](c *Call, body any, rows []D) error {
	if c.sheet != nil { // a page of a download
		var err error
		*c.sheet, err = appendRows(*c.sheet, rows)
		return err
	}
	c.rctx.Response.Header.Add(fiber.HeaderVary, fiber.HeaderAccept)
	if !c.likesCSV() {
		c.linkNext()
		return c.OK(body)
	}
	b, err := appendRows(appendHeading[D](nil), rows)
	if err != nil {
		return err
	}
	return c.csv(b)
}

// linkNext names the following page in the header Link.
func (c *Call) linkNext() {
	if c.next == "" {
		return
	}
	args := fasthttp.AcquireArgs()
	defer fasthttp.ReleaseArgs(args)
	c.rctx.QueryArgs().CopyTo(args)
	args.Set("cursor", c.next)
	c.SetHeader(fiber.HeaderLink, "<"+string(c.rctx.Path())+"?"+args.String()+`>; rel="next"`)
}
