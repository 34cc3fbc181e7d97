package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"kassa/core/fault"
	"kassa/core/transaction"
)

const problemType = "application/problem+json"

// Problem is a refusal as clients see it (RFC 9457). Facts about it, such as the available stock, stand beside the members below.
type Problem struct {
	Type      string         `json:"type" example:"about:blank"`
	Title     string         `json:"title" example:"Unprocessable Entity"`
	Status    int            `json:"status" example:"422"`
	Detail    string         `json:"detail" example:"/price: must be an integer"`
	Code      string         `json:"code" example:"validation_failed"`
	RequestID string         `json:"request_id" example:"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a11"`
	Retryable bool           `json:"retryable" example:"false"`
	Errors    []FieldProblem `json:"errors,omitempty"`

	facts      map[string]any
	retryAfter int // seconds, or 0
}

// FieldProblem is one refused field of the request's body.
type FieldProblem struct {
	Pointer string `json:"pointer" example:"/price"`
	Code    string `json:"code" example:"type_invalid"`
	Detail  string `json:"detail" example:"must be an integer"`
}

// Rendered marks a fact's value as a DTO of this package that is encoded as it is: fault.With("quote", rest.Rendered{Value: body}).
type Rendered struct{ Value any }

var reserved = map[string]bool{
	"type": true, "title": true, "status": true, "detail": true, "code": true, "request_id": true, "retryable": true, "errors": true,
}

var statuses = map[fault.Kind]int{
	fault.Malformed:       http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Stale:           http.StatusPreconditionFailed,
	fault.VersionMissing:  http.StatusPreconditionRequired,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unsupported:     http.StatusUnsupportedMediaType,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.TooMany:         http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// transport holds what Fiber and fasthttp refuse by themselves.
var transport = map[int]struct{ code, detail string }{
	http.StatusBadRequest:                  {"request_unreadable", "this is not a readable HTTP request"},
	http.StatusNotFound:                    {"route_unknown", "there is nothing at this path"},
	http.StatusMethodNotAllowed:            {"method_not_allowed", "this path does not know the method; see the header Allow"},
	http.StatusRequestTimeout:              {"request_timeout", "the request did not arrive in time"},
	http.StatusRequestEntityTooLarge:       {"body_too_large", "the body is larger than this path takes"},
	http.StatusRequestHeaderFieldsTooLarge: {"header_too_large", "the header is larger than 8 KiB"},
}

// problem turns any error into what a client may see of it. An error that is neither a fault nor Fiber's is a 500 whose text stays here.
func (s *Server) problem(err error, requestID string) Problem {
	var refused *fiber.Error
	f, isFault := fault.As(err)
	switch {
	case isFault:
		return s.faultProblem(f, requestID)
	case errors.As(err, &refused):
		if t, ok := transport[refused.Code]; ok {
			p := bare(refused.Code, t.code, t.detail, requestID)
			p.Retryable = refused.Code == http.StatusRequestTimeout
			return p
		}
	case errors.Is(err, context.DeadlineExceeded):
		return s.faultProblem(fault.New(fault.Unavailable, "deadline_exceeded", "this took too long and was given up"), requestID)
	case errors.Is(err, context.Canceled):
		return s.faultProblem(fault.New(fault.Unavailable, "shutting_down", "the server is shutting down"), requestID)
	case errors.Is(err, transaction.ErrUnknown):
		return s.faultProblem(fault.New(fault.Unavailable, "outcome_unknown",
			"whether this was done is not known yet; repeat it with the same Idempotency-Key"), requestID)
	}
	return internal(requestID)
}

func (s *Server) faultProblem(f *fault.Error, requestID string) Problem {
	status, ok := statuses[f.Kind]
	if !ok {
		return internal(requestID)
	}
	p := bare(status, f.Code, f.Message, requestID)
	p.Errors = make([]FieldProblem, len(f.Fields))
	for i, e := range f.Fields {
		p.Errors[i] = FieldProblem(e)
	}
	p.facts = s.facts(f.Details)
	if f.RetryAfter > 0 || f.Kind == fault.TooMany || f.Kind == fault.Unavailable {
		p.Retryable = true
		p.retryAfter = max(1, int((f.RetryAfter+time.Second-1)/time.Second))
	}
	return p
}

func internal(requestID string) Problem {
	return bare(http.StatusInternalServerError, "internal", "an error inside the server; its log knows more under this request id", requestID)
}

func bare(status int, code, detail, requestID string) Problem {
	return Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Code: code, RequestID: requestID}
}

// facts keeps what may be shown: plain values, values that print themselves, and what a resource registered a converter for.
func (s *Server) facts(details map[string]any) map[string]any {
	if len(details) == 0 {
		return nil
	}
	shown := make(map[string]any, len(details))
	for name, v := range details {
		if reserved[name] {
			continue
		}
		if f, ok := s.fact(v); ok {
			shown[name] = f
			continue
		}
		s.log.Warn("a fact of a fault has no rendering", slog.String("fact", name), slog.String("type", fmt.Sprintf("%T", v)))
	}
	return shown
}

func (s *Server) fact(v any) (any, bool) {
	if convert := s.converters[reflect.TypeOf(v)]; convert != nil {
		return convert(v), true
	}
	switch v := v.(type) {
	case nil:
		return nil, true
	case Rendered:
		return v.Value, true
	case time.Time:
		return Time(v), true
	case fmt.Stringer:
		return v.String(), true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return v, true
	case reflect.Slice:
		list := make([]any, r.Len())
		for i := range list {
			f, ok := s.fact(r.Index(i).Interface())
			if !ok {
				return nil, false
			}
			list[i] = f
		}
		return list, true
	default:
		return nil, false
	}
}

// MarshalJSONTo writes the members in a fixed order and then the facts by name.
func (p Problem) MarshalJSONTo(e *jsontext.Encoder) error {
	type members Problem // without this method
	b, err := json.Marshal(members(p), answerOptions, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return err
	}
	if len(p.facts) > 0 {
		b = b[:len(b)-1]
		for _, name := range slices.Sorted(maps.Keys(p.facts)) {
			value, err := json.Marshal(p.facts[name], answerOptions, jsontext.AllowInvalidUTF8(true))
			if err != nil {
				return err
			}
			b = strconv.AppendQuote(append(b, ','), name)
			b = append(append(b, ':'), value...)
		}
		b = append(b, '}')
	}
	return e.WriteValue(b)
}

// report returns the problem that err is. It is the only place where errors are logged.
func (s *Server) report(rctx *fasthttp.RequestCtx, requestID string, err error) Problem {
	p := s.problem(err, requestID)
	if p.Status >= http.StatusInternalServerError {
		s.log.LogAttrs(context.Background(), slog.LevelError, "request failed", slog.String("request_id", requestID),
			slog.String("method", string(rctx.Method())), slog.String("path", string(rctx.Path())),
			slog.Int("status", p.Status), slog.String("error", err.Error()))
	}
	return p
}

// render answers with the problem that err is.
func (s *Server) render(rctx *fasthttp.RequestCtx, requestID string, err error) {
	p := s.report(rctx, requestID, err)
	s.refused.count(p)
	body, err := json.Marshal(p, answerOptions)
	if err != nil {
		s.log.Error("a problem cannot be encoded", slog.String("request_id", requestID), slog.String("error", err.Error()))
		p = internal(requestID)
		body, _ = json.Marshal(p, answerOptions) // plain texts only
	}
	r := &rctx.Response
	r.ResetBody()
	r.SetStatusCode(p.Status)
	r.Header.SetContentType(problemType)
	for _, name := range []string{fiber.HeaderETag, fiber.HeaderLocation, fiber.HeaderSetCookie, fiber.HeaderLink, fiber.HeaderContentDisposition} {
		r.Header.Del(name)
	}
	if p.Status == http.StatusUnauthorized {
		r.Header.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="kassa"`)
	}
	if p.retryAfter > 0 {
		r.Header.Set(fiber.HeaderRetryAfter, strconv.Itoa(p.retryAfter))
	}
	r.SetBodyRaw(body)
}
