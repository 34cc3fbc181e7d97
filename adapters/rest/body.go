package rest

import (
	"errors"
	"io"
	"mime"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"kassa/core/fault"
)

// keptBody is the largest body buffer that goes back to the pool.
const keptBody = 64 << 10

var bodies = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// Decode reads the body into the DTO; see the package comment for what is refused.
func (c *Call) Decode(dto any) error {
	if !isJSON(c.rctx.Request.Header.ContentType()) {
		return fault.New(fault.Unsupported, "media_type_unsupported", "the body must be application/json")
	}
	body, err := c.readBody()
	if err != nil {
		return err
	}
	return decode(body, dto)
}

// DecodeOptional is Decode for a route whose body may be left out. Without one the DTO stays as it is.
func (c *Call) DecodeOptional(dto any) error {
	if n := c.rctx.Request.Header.ContentLength(); n == 0 || n == -2 {
		return nil
	}
	return c.Decode(dto)
}

// MediaType returns the media type of the body in lower case, without its parameters.
func (c *Call) MediaType() string {
	t, _, err := mime.ParseMediaType(string(c.rctx.Request.Header.ContentType()))
	if err != nil {
		return ""
	}
	return t
}

// Reader returns the body as a stream within the limit of the route; beyond it, reading ends with a TooLarge fault. It is valid until
// the handler returns.
func (c *Call) Reader() io.Reader {
	c.extendRead()
	stream := c.rctx.RequestBodyStream()
	if stream == nil {
		return strings.NewReader("")
	}
	return &limited{from: stream, limit: c.route.limit, left: c.route.limit, missing: c.rctx.Request.Header.ContentLength()}
}

// extendRead gives a slow body as long as the route has.
func (c *Call) extendRead() {
	if c.route.timeout > readTimeout {
		_ = c.rctx.Conn().SetReadDeadline(time.Now().Add(c.route.timeout)) // a dead connection shows when it is read
	}
}

// readBody returns the whole body, which is valid until the handler returns.
func (c *Call) readBody() ([]byte, error) {
	n := c.rctx.Request.Header.ContentLength()
	buffer := bodies.Get().(*[]byte) //nolint:errcheck // the pool holds nothing else
	c.body = buffer
	from := c.Reader()
	b := (*buffer)[:0]
	if n > cap(b) && n <= c.route.limit {
		b = make([]byte, 0, n)
	}
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		k, err := from.Read(b[len(b):cap(b)])
		b = b[:len(b)+k]
		*buffer = b
		switch {
		case err == io.EOF: // as it is; a fault may wrap it
			return b, nil
		case err != nil:
			return nil, err
		}
	}
}

func (c *Call) releaseBody() {
	if c.body != nil && cap(*c.body) <= keptBody {
		bodies.Put(c.body)
	}
	c.body = nil
}

// limited reads no more than its limit, and turns what goes wrong on the wire into faults.
type limited struct {
	from    io.Reader
	limit   int
	left    int // bytes up to the limit
	missing int // bytes up to the Content-Length, or negative without one
}

func (l *limited) Read(p []byte) (int, error) {
	if l.missing > l.left { // known before it is read
		return 0, l.tooLarge()
	}
	if len(p) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.from.Read(p)
	if n > l.left {
		return 0, l.tooLarge()
	}
	l.left -= n
	if l.missing >= 0 {
		l.missing -= n
	}
	var timeout net.Error
	switch {
	case err == nil, errors.Is(err, io.EOF) && l.missing <= 0:
		return n, err
	case errors.As(err, &timeout) && timeout.Timeout():
		return n, fiber.ErrRequestTimeout
	}
	return n, fault.New(fault.Malformed, "body_truncated", "the body could not be read to its end").Wrap(err)
}

func (l *limited) tooLarge() error {
	return fault.New(fault.TooLarge, "body_too_large", "the body is larger than %d bytes", l.limit).With("limit", l.limit)
}

// isJSON reports whether the media type is application/json, in UTF-8 where it names a charset.
func isJSON(contentType []byte) bool {
	if string(contentType) == fiber.MIMEApplicationJSON {
		return true
	}
	t, params, err := mime.ParseMediaType(string(contentType))
	if err != nil || t != fiber.MIMEApplicationJSON {
		return false
	}
	charset, named := params["charset"]
	return !named && len(params) == 0 || named && len(params) == 1 && strings.EqualFold(charset, "utf-8")
}

// prefetched is how much of a body of known length fasthttp reads together with the header.
const prefetched = 8 << 10

// drained is how much of a body that is too large is still read: so many times what the route takes. A connection that is closed while its client
// sends takes the answer with it, and who sends a photo as the camera made it is to read that it is too large.
const drained = 4

// drain takes what a handler left of the body off the connection, where the next request would be read from it otherwise: fasthttp
// does not when it streams bodies. More than is worth reading closes the connection.
func drain(rctx *fasthttp.RequestCtx, limit int) {
	most := int64(min(max(drained*limit, defaultBody), maxBody))
	stream := rctx.RequestBodyStream()
	if n := rctx.Request.Header.ContentLength(); stream == nil || n >= 0 && n <= prefetched {
		return
	}
	n, err := io.CopyN(io.Discard, stream, most)
	if err == nil && n == most || err != nil && !errors.Is(err, io.EOF) {
		rctx.SetConnectionClose()
	}
}
