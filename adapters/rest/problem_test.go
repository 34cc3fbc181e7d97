package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/measure"
	"kassa/core/transaction"
)

// failing is a server whose one route fails with err.
func failing(t *testing.T, o Options, err error) *Server {
	return newServer(t, o, func(r *Router) {
		r.Get("/fail", Public, func(c *Call) error {
			c.SetHeader("Location", "/x")
			c.SetETag(7)
			return errors.Join(c.OK("half an answer"), err)
		})
	})
}

func TestEveryKindOfFaultHasItsStatus(t *testing.T) {
	for _, c := range []struct {
		kind      fault.Kind
		status    int
		retryable bool
		header    string
		value     string
	}{
		{fault.Malformed, 400, false, "", ""},
		{fault.Unauthenticated, 401, false, "WWW-Authenticate", `Bearer realm="kassa"`},
		{fault.Forbidden, 403, false, "", ""},
		{fault.NotFound, 404, false, "", ""},
		{fault.Conflict, 409, false, "", ""},
		{fault.Stale, 412, false, "", ""},
		{fault.TooLarge, 413, false, "", ""},
		{fault.Unsupported, 415, false, "", ""},
		{fault.Invalid, 422, false, "", ""},
		{fault.VersionMissing, 428, false, "", ""},
		{fault.TooMany, 429, true, "Retry-After", "1"},
		{fault.Unavailable, 503, true, "Retry-After", "1"},
	} {
		err := fmt.Errorf("wrapped: %w", fault.New(c.kind, "some_code", "it is refused"))
		a := ask(t, failing(t, Options{}, err), request("GET", base+"/fail", ""))
		wantProblem(t, a, c.status, "some_code")
		if a.body["detail"] != "it is refused" || a.body["retryable"] != c.retryable || a.Header.Get(c.header) != c.value && c.header != "" {
			t.Errorf("%d: got %s %v", c.status, a.text, a.Header)
		}
		for _, name := range []string{"Location", "ETag"} {
			if a.Header.Get(name) != "" {
				t.Errorf("%d: %s of the answer that was not given", c.status, name)
			}
		}
	}
}

func TestRetryAfterIsWholeSecondsAndMakesAFaultRetryable(t *testing.T) {
	for after, want := range map[time.Duration]string{
		time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", 15 * time.Minute: "900",
	} {
		err := fault.New(fault.Conflict, "idempotency_in_flight", "it is still running").Retry(after)
		a := ask(t, failing(t, Options{}, err), request("GET", base+"/fail", ""))
		wantProblem(t, a, 409, "idempotency_in_flight")
		if a.Header.Get("Retry-After") != want || a.body["retryable"] != true {
			t.Errorf("%s: got %q, %s", after, a.Header.Get("Retry-After"), a.text)
		}
	}
}

func TestWhatIsNoFaultNeverLeavesTheProcess(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
		logged bool
	}{
		"any error":        {errors.New("secret: dial tcp 10.0.0.7"), 500, "internal", true},
		"internal fault":   {fault.New(fault.Internal, "secret_code", "secret text"), 500, "internal", true},
		"fault of no kind": {&fault.Error{Code: "secret_code", Message: "secret"}, 500, "internal", true},
		"cause of a fault": {fault.New(fault.Unavailable, "store_unreachable", "not now").Wrap(errors.New("secret")), 503, "store_unreachable", true},
		"a 4xx":            {fault.New(fault.Invalid, "some_code", "no").Wrap(errors.New("secret")), 422, "some_code", false},
		"deadline":         {fmt.Errorf("secret: %w", context.DeadlineExceeded), 503, "deadline_exceeded", true},
		"cancelled":        {fmt.Errorf("secret: %w", context.Canceled), 503, "shutting_down", true},
		"unknown outcome":  {fmt.Errorf("secret: %w", transaction.ErrUnknown), 503, "outcome_unknown", true},
		"Fiber's own":      {fiber.NewError(418, "secret"), 500, "internal", true},
		"Fiber's 404":      {fiber.NewError(404, "secret"), 404, "route_unknown", false},
	} {
		t.Run(name, func(t *testing.T) {
			log := &logBuffer{}
			a := ask(t, failing(t, Options{Log: logTo(log)}, c.err), request("GET", base+"/fail", ""))
			wantProblem(t, a, c.status, c.code)
			if strings.Contains(a.text+fmt.Sprint(a.Header), "secret") {
				t.Errorf("it left: %s", a.text)
			}
			if got := strings.Contains(log.String(), `"level":"ERROR"`) && strings.Contains(log.String(), "secret"); got != c.logged {
				t.Errorf("logged is %t, want %t: %s", got, c.logged, log)
			}
		})
	}
}

type quote struct{ total int }

func TestFactsStandBesideTheMembers(t *testing.T) {
	err := fault.New(fault.Invalid, "insufficient_stock", "not enough").
		With("product_id", id.ID("p-1")).With("requested", 5).With("available", measure.Quantity(750)).
		With("day", clock.Date(20261120)).With("at", time.UnixMilli(1_800_000_000_000)).
		With("quote", quote{42}).With("dto", Rendered{Value: wireSub{Amount: 7}}).With("ids", []id.ID{"a", "b"}).
		With("none", nil).With("secret", struct{ Password string }{"secret"}).With("secrets", []any{struct{}{}}).
		With("status", 200).With("code", "other").With("text", "<\xff>\"\n")
	log := &logBuffer{}
	s := newServer(t, Options{Log: logTo(log)}, func(r *Router) {
		Fact(r, func(q quote) any { return map[string]int{"total": q.total} })
		r.Get("/fail", Public, func(*Call) error { return err })
	})
	a := ask(t, s, request("GET", base+"/fail", ""))
	wantProblem(t, a, 422, "insufficient_stock")
	const want = `"retryable":false,"at":"2027-01-15T08:00:00.000Z","available":"0.75","day":"2026-11-20","dto":{"amount":7},` +
		`"ids":["a","b"],"none":null,"product_id":"p-1","quote":{"total":42},"requested":5,"text":"<` + "\ufffd" + `>\"\n"}`
	if !strings.HasSuffix(a.text, want) {
		t.Errorf("got  %s\nwant %s at its end", a.text, want)
	}
	if strings.Contains(a.text, "ecret") {
		t.Errorf("a struct without a rendering was shown: %s", a.text)
	}
	if !strings.Contains(log.String(), `"fact":"secret"`) {
		t.Errorf("the missing rendering is not in the log: %s", log)
	}
}

func TestRefusedFieldsAreListed(t *testing.T) {
	var v fault.Validation
	v.Refuse("/name", "required", "is required")
	v.Refuse("/lines/0/quantity", "quantity_invalid", "must be positive")
	a := ask(t, failing(t, Options{}, v.Err()), request("GET", base+"/fail", ""))
	wantProblem(t, a, 422, "validation_failed")
	const want = `"errors":[{"pointer":"/name","code":"required","detail":"is required"},` +
		`{"pointer":"/lines/0/quantity","code":"quantity_invalid","detail":"must be positive"}]`
	if !strings.Contains(a.text, want) {
		t.Errorf("got %s", a.text)
	}
}

func TestAFactThatCannotBeEncodedIsA500(t *testing.T) {
	err := fault.New(fault.Invalid, "some_code", "no").With("dto", Rendered{Value: func() {}})
	a := ask(t, failing(t, Options{}, err), request("GET", base+"/fail", ""))
	wantProblem(t, a, 500, "internal")
}

func TestAnAnswerThatCannotBeEncodedIsA500(t *testing.T) {
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/fail", Public, func(c *Call) error { return c.OK([]any{"half", func() {}}) })
	})
	wantProblem(t, ask(t, s, request("GET", base+"/fail", "")), 500, "internal")
}

func TestAPanicIsA500(t *testing.T) {
	log := &logBuffer{}
	s := newServer(t, Options{Log: logTo(log)}, func(r *Router) {
		r.Get("/fail", Public, func(*Call) error { panic("secret") })
		r.Get("/nil", Public, func(*Call) error { var c *Call; return c.OK(1) })
	})
	for _, path := range []string{"/fail", "/nil"} {
		a := ask(t, s, request("GET", base+path, ""))
		wantProblem(t, a, 500, "internal")
		if strings.Contains(a.text, "secret") || strings.Contains(a.text, "goroutine") {
			t.Errorf("it left: %s", a.text)
		}
	}
	if !strings.Contains(log.String(), "panic: secret") || !strings.Contains(log.String(), "problem_test.go") {
		t.Errorf("the log does not say where: %s", log)
	}
}

func TestABatchCarriesProblems(t *testing.T) {
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/batch", Public, func(c *Call) error {
			return c.OK([]Problem{
				c.Problem(fault.New(fault.NotFound, "product_unknown", "no such product").With("product_id", "p-1")),
				c.Problem(errors.New("secret")),
			})
		})
	})
	a := ask(t, s, request("GET", base+"/batch", ""))
	if a.StatusCode != http.StatusOK || !strings.Contains(a.text, `"code":"product_unknown"`) || !strings.Contains(a.text, `"product_id":"p-1"`) ||
		!strings.Contains(a.text, `"code":"internal"`) || strings.Contains(a.text, "secret") {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
}
