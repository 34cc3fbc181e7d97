package rest

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/page"
)

// Call is one request and its answer, as a handler sees them. It is valid until the handler returns and never leaves it; the strings
// that its methods return are copies and may be kept.
type Call struct {
	server    *Server
	rctx      *fasthttp.RequestCtx
	fiber     *fiber.Ctx
	route     *route
	requestID string
	principal Principal
	ctx       context.Context // a Call is the request's own scope
	body      *[]byte         // from the pool, or nil
	next      string          // the cursor of the page after the one that NewPage converted, or empty
	sheet     *[]byte         // where the rows of a page of a download go, or nil

	params map[string]string // those of the path, where there is no Fiber
}

// Context returns the request's context: a deadline (10 s unless the route says otherwise), and the audit.Actor with the request id.
func (c *Call) Context() context.Context { return c.ctx }

// Principal returns who calls. It is empty on a public route.
func (c *Call) Principal() Principal { return c.principal }

// Store returns the caller's store.
func (c *Call) Store() id.Store { return c.principal.Store }

// User returns the caller's id.
func (c *Call) User() id.ID { return c.principal.User }

// RequestID returns the id of this request, which every log line, record and problem carries.
func (c *Call) RequestID() string { return c.requestID }

// Header returns a header of the request.
func (c *Call) Header(name string) string { return string(c.rctx.Request.Header.Peek(name)) }

// SetHeader sets a header of the answer.
func (c *Call) SetHeader(name, value string) { c.rctx.Response.Header.Set(name, value) }

// ID returns the path parameter as an id. What cannot be an id is a NotFound fault with code <entity>_unknown.
func (c *Call) ID(name, entity string) (id.ID, error) {
	v, err := id.Parse(c.param(name))
	if err != nil {
		return "", fault.New(fault.NotFound, entity+"_unknown", "there is no such %s", strings.ReplaceAll(entity, "_", " "))
	}
	return v, nil
}

func (c *Call) param(name string) string {
	if c.fiber == nil {
		return c.params[name]
	}
	return c.fiber.Params(name)
}

// Query returns a query parameter, or "" where it is absent.
func (c *Call) Query(name string) string { return string(c.rctx.QueryArgs().Peek(name)) }

// typed returns a query parameter that is no free text, and whether it is there. There and empty is not the same as absent.
func (c *Call) typed(name string) (string, bool) {
	args := c.rctx.QueryArgs()
	return string(args.Peek(name)), args.Has(name)
}

// QueryID returns a query parameter as an id, or "" where it is absent.
func (c *Call) QueryID(name string) (id.ID, error) {
	s, ok := c.typed(name)
	if !ok {
		return "", nil
	}
	v, err := id.Parse(s)
	if err != nil {
		return "", queryFault(name, "must be an id")
	}
	return v, nil
}

// QueryDate returns a query parameter as a date, or zero where it is absent.
func (c *Call) QueryDate(name string) (clock.Date, error) {
	s, ok := c.typed(name)
	if !ok {
		return 0, nil
	}
	d, err := clock.ParseDate(s)
	if err != nil {
		return 0, queryFault(name, "must be a day of the calendar such as 2026-11-20")
	}
	return d, nil
}

// QueryDates returns the parameters from and to of a list, either zero where it is absent. Days in the wrong order are refused: an empty list would
// say that nothing happened on them.
func (c *Call) QueryDates() (from, to clock.Date, err error) {
	if from, err = c.QueryDate("from"); err != nil {
		return 0, 0, err
	}
	if to, err = c.QueryDate("to"); err != nil {
		return 0, 0, err
	}
	if to != 0 && to < from {
		return 0, 0, queryFault("to", "is earlier than from")
	}
	return from, to, nil
}

// QueryTime returns a query parameter as an instant, or the zero time where it is absent.
func (c *Call) QueryTime(name string) (time.Time, error) {
	s, ok := c.typed(name)
	if !ok {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, queryFault(name, "must be a time such as 2026-11-20T23:51:22.577Z")
	}
	return clock.Milli(t), nil
}

// QueryInt returns a query parameter as an integer within 2^53-1, or absent where it is absent.
func (c *Call) QueryInt(name string, absent int64) (int64, error) {
	s, ok := c.typed(name)
	if !ok {
		return absent, nil
	}
	n, ok := parseInt([]byte(s))
	if !ok || strconv.FormatInt(n, 10) != s {
		return 0, queryFault(name, "must be an integer")
	}
	return n, nil
}

// QueryBool returns a query parameter that is true or false, or false where it is absent.
func (c *Call) QueryBool(name string) (bool, error) {
	v, err := c.QueryOne(name, "true", "false")
	return v == "true", err
}

// QueryOne returns a query parameter that is one of the words, or "" where it is absent.
func (c *Call) QueryOne(name string, words ...string) (string, error) {
	s, ok := c.typed(name)
	if !ok {
		return "", nil
	}
	for _, w := range words {
		if s == w {
			return s, nil
		}
	}
	return "", queryFault(name, "must be one of "+strings.Join(words, ", "))
}

func queryFault(name, detail string) error {
	return fault.New(fault.Malformed, "query_invalid", "%s: %s", name, detail).With("parameter", name)
}

// Page returns limit and cursor of a route that is Paged; without either, the first of the largest pages where all is asked for as CSV. A limit outside 1 to 200 is a Malformed fault with code limit_invalid, and a cursor of
// another list one with code cursor_invalid.
func (c *Call) Page() (page.Request, error) {
	absent := int64(page.DefaultLimit)
	if c.whole() {
		absent = page.MaxLimit
	}
	limit, err := c.QueryInt("limit", absent)
	if err != nil {
		limit = 0
	}
	p := page.Request{Limit: int(limit)}
	if err := page.CheckLimit(p.Limit); err != nil {
		return p, err
	}
	if sealed, ok := c.typed("cursor"); ok {
		p.After, err = c.unseal(sealed)
	}
	return p, err
}

// IdempotencyKey returns the header Idempotency-Key, or a Malformed fault: idempotency_key_missing, idempotency_key_invalid.
func (c *Call) IdempotencyKey() (idempotency.Key, error) {
	return idempotency.ParseKey(c.Header("Idempotency-Key"))
}

// OK answers 200 with the DTO as JSON.
func (c *Call) OK(body any) error { return c.JSON(http.StatusOK, body) }

// Created answers 201 with the DTO as JSON and Location, a path under /api/v1 such as /products/01997b1e.
func (c *Call) Created(location string, body any) error {
	c.SetHeader(fiber.HeaderLocation, base+location)
	return c.JSON(http.StatusCreated, body)
}

// NoContent answers 204.
func (c *Call) NoContent() error {
	c.rctx.SetStatusCode(http.StatusNoContent)
	return nil
}

// Replayed says that the answer is the first one again, not a new one.
func (c *Call) Replayed() { c.SetHeader("Idempotency-Replayed", "true") }

// JSON answers with the status and the DTO as JSON: members in the order of the struct, map keys sorted, HTML not escaped.
func (c *Call) JSON(status int, body any) error {
	if err := json.MarshalWrite(c.rctx, body, answerOptions); err != nil {
		return err
	}
	c.rctx.SetStatusCode(status)
	c.rctx.SetContentType(fiber.MIMEApplicationJSON)
	return nil
}

// Bytes answers with the status and a body of the media type. The body must not change afterwards.
func (c *Call) Bytes(status int, mediaType string, body []byte) error {
	c.rctx.SetStatusCode(status)
	c.rctx.SetContentType(mediaType)
	c.rctx.Response.SetBodyRaw(body)
	return nil
}

// Problem returns err as the problem that it would be as an answer, for answers that carry several, such as a batch.
func (c *Call) Problem(err error) Problem {
	c.tell(err)
	return c.server.report(c.rctx, c.requestID, err)
}

// SetSession sets the cookie of the web apps to the access token for as long as it lives. Without a token it removes the cookie.
func (c *Call) SetSession(token string, lives time.Duration) {
	var k fasthttp.Cookie
	k.SetKey(sessionCookie)
	k.SetValue(token)
	k.SetPath("/")
	k.SetHTTPOnly(true)
	k.SetSameSite(fasthttp.CookieSameSiteStrictMode)
	k.SetSecure(c.rctx.IsTLS() || c.Header("X-Forwarded-Proto") == "https") // a proxy ends TLS
	k.SetMaxAge(int(lives / time.Second))
	if token == "" {
		k.SetExpire(fasthttp.CookieExpireDelete)
	}
	c.rctx.Response.Header.SetCookie(&k)
}
