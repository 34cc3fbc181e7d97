package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"kassa/core/fault"
)

// requestIDHeader is read from the request where it is a short word, and always in the answer.
const requestIDHeader = "X-Request-Id"

// callKey is where serve leaves the Call for Fiber's handlers.
const callKey = "kassa"

func callOf(rctx *fasthttp.RequestCtx) *Call { return rctx.UserValue(callKey).(*Call) } //nolint:errcheck // serve set it

// serve is the one middleware, in front of Fiber: request id, security headers, refusal of encodings, panics, access log, metrics.
// It is one function and not a chain because it runs for every request; see the benchmark beside it.
func (s *Server) serve(rctx *fasthttp.RequestCtx) {
	start := time.Now()
	c := &Call{server: s, rctx: rctx, route: s.unmatched, requestID: s.requestID(rctx)}
	rctx.SetUserValue(callKey, c)
	setHeaders(&rctx.Response.Header, c.requestID)
	method := string(rctx.Method())
	if err := s.guard(c); err != nil {
		s.render(rctx, c.requestID, err)
	}
	c.releaseBody()
	drain(rctx, c.route.limit)
	s.observe(c, method, start)
}

// guard hands the request to Fiber and returns what it must not see, or a panic.
func (s *Server) guard(c *Call) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	h := &c.rctx.Request.Header
	if e := h.Peek(fiber.HeaderContentEncoding); len(e) > 0 && !strings.EqualFold(string(e), "identity") {
		return fault.New(fault.Unsupported, "encoding_unsupported", "the body must come without a Content-Encoding")
	}
	if h.ContentLength() == chunkedLength && hasLength(h.RawHeaders()) {
		c.rctx.SetConnectionClose()
		return fiber.ErrBadRequest // two lengths: what a proxy takes for the end of the body may not be ours (RFC 9112, 6.3)
	}
	if !known(h.Method()) {
		// Fiber answers 400 to a method it never heard of. No route has OPTIONS, so in its place it gets the 405 with Allow, or the 404.
		h.SetMethod(http.MethodOptions)
	}
	s.inner(c.rctx)
	return nil
}

// chunkedLength is what fasthttp says is the length of a chunked body.
const chunkedLength = -1

func hasLength(raw []byte) bool {
	return bytes.Contains(bytes.ToLower(append([]byte("\n"), raw...)), []byte("\ncontent-length:"))
}

func known(method []byte) bool {
	for _, m := range fiber.DefaultMethods {
		if m == string(method) {
			return true
		}
	}
	return false
}

// run is what Fiber calls for a route.
func (s *Server) run(rt *route) fiber.Handler {
	return func(f *fiber.Ctx) error {
		c := callOf(f.Context())
		c.fiber, c.route = f, rt
		ctx, cancel := context.WithTimeout(context.Background(), rt.timeout)
		defer cancel()
		c.ctx = ctx
		err := c.answer()
		c.tell(err)
		return err
	}
}

// answer lets the route's handler answer a caller who may ask for it.
func (c *Call) answer() error {
	if err := c.admit(); err != nil {
		return err
	}
	if err := c.checkQuery(); err != nil {
		return err
	}
	return c.route.handle(c)
}

// checkQuery refuses a parameter that the route does not know, one that comes twice, and text that is not UTF-8.
func (c *Call) checkQuery() error {
	if c.route.query == nil || len(c.rctx.URI().QueryString()) == 0 {
		return nil
	}
	seen := make(map[string]bool, 4)
	for k, v := range c.rctx.QueryArgs().All() {
		name := string(k)
		switch {
		case !c.route.query[name]:
			return unknownParameter(name, c.route.query)
		case seen[name]:
			return queryFault(name, "comes twice")
		case !utf8.Valid(v):
			return queryFault(name, "must be UTF-8")
		}
		seen[name] = true
	}
	return nil
}

// unknownParameter names what the route knows instead.
func unknownParameter(name string, known map[string]bool) error {
	takes := "none"
	if len(known) > 0 {
		takes = strings.Join(slices.Sorted(maps.Keys(known)), ", ")
	}
	return fault.New(fault.Malformed, "query_invalid", "%.64q is not a parameter of this path, which takes %s", name, takes).
		With("parameter", strings.ToValidUTF8(name, "?"))
}

// requestID returns the client's X-Request-Id where it is 1 to 64 of A-Z a-z 0-9 _ -, else a new one.
func (s *Server) requestID(rctx *fasthttp.RequestCtx) string {
	given := rctx.Request.Header.Peek(requestIDHeader)
	if len(given) == 0 || len(given) > 64 {
		return string(s.ids.New())
	}
	for _, b := range given {
		switch {
		case b >= '0' && b <= '9', b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b == '-', b == '_':
		default:
			return string(s.ids.New())
		}
	}
	return string(given)
}

// apiPolicy lets a browser do nothing at all with an answer of the API.
const apiPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

func setHeaders(h *fasthttp.ResponseHeader, requestID string) {
	h.Set(requestIDHeader, requestID)
	h.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	h.Set(fiber.HeaderContentSecurityPolicy, apiPolicy)
	h.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set(fiber.HeaderCacheControl, "no-store")
}

// refuseTransport answers what never became a request. fasthttp closes the connection afterwards.
func (s *Server) refuseTransport(rctx *fasthttp.RequestCtx, err error) {
	requestID := string(s.ids.New())
	setHeaders(&rctx.Response.Header, requestID)
	refused := fiber.ErrBadRequest
	var small *fasthttp.ErrSmallBuffer
	var timeout net.Error
	switch {
	case errors.As(err, &small):
		refused = fiber.ErrRequestHeaderFieldsTooLarge
	case errors.As(err, &timeout) && timeout.Timeout():
		refused = fiber.ErrRequestTimeout
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		refused = fiber.ErrRequestEntityTooLarge
	}
	s.render(rctx, requestID, refused)
}

// observe counts the request and writes its line of the access log, past the logger's search for the caller's file and line.
func (s *Server) observe(c *Call, method string, start time.Time) {
	took := time.Since(start)
	status := c.rctx.Response.StatusCode()
	c.route.metrics.observe(status, took)
	if s.slow > 0 && took >= s.slow {
		s.log.LogAttrs(context.Background(), slog.LevelWarn, "slow request", slog.String("request_id", c.requestID), slog.String("method", method),
			slog.String("route", c.route.Path), slog.Int("status", status), slog.Int64("us", took.Microseconds()))
	}
	handler, ctx := s.log.Handler(), context.Background()
	if !handler.Enabled(ctx, slog.LevelInfo) {
		return
	}
	line := slog.NewRecord(start, slog.LevelInfo, "request", 0)
	line.AddAttrs(
		slog.String("request_id", c.requestID),
		slog.String("method", method),
		slog.String("path", string(c.rctx.Path())),
		slog.Int("status", status),
		slog.Int64("us", took.Microseconds()),
	)
	_ = handler.Handle(ctx, line) // nothing can be done about a log that cannot be written
}
