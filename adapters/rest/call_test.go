package rest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"kassa/core/fault"
)

// codeOf returns the code of the problem that err is, or "" for none.
func codeOf(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Code
	}
	return ""
}

// called runs f as the handler of a GET and fails the test when it was not reached.
func called(t *testing.T, path string, f func(c *Call), headers ...string) answer {
	t.Helper()
	reached := false
	s := newServer(t, Options{}, func(r *Router) {
		r.Root().Get("/call", Public, func(c *Call) error {
			reached = true
			f(c)
			return nil
		})
	})
	a := ask(t, s, request("GET", path, "", headers...))
	if !reached {
		t.Fatalf("%s was not reached: %s", path, a.text)
	}
	return a
}

func TestQueryHelpers(t *testing.T) {
	for _, c := range []struct {
		query string
		read  func(c *Call) (any, error)
		want  any
		bad   bool
	}{
		{"", func(c *Call) (any, error) { return c.QueryInt("x", 7) }, int64(7), false},
		{"x=-9007199254740991", func(c *Call) (any, error) { return c.QueryInt("x", 7) }, int64(-maxInt), false},
		{"x=9007199254740992", func(c *Call) (any, error) { return c.QueryInt("x", 7) }, nil, true},
		{"x=1.5", func(c *Call) (any, error) { return c.QueryInt("x", 7) }, nil, true},
		{"", func(c *Call) (any, error) { return c.QueryBool("x") }, false, false},
		{"x=", func(c *Call) (any, error) { return c.QueryBool("x") }, nil, true},
		{"x=", func(c *Call) (any, error) { return c.QueryInt("x", 7) }, nil, true},
		{"x=", func(c *Call) (any, error) { return c.QueryDate("x") }, nil, true},
		{"x=", func(c *Call) (any, error) { return c.QueryTime("x") }, nil, true},
		{"x", func(c *Call) (any, error) { return c.QueryID("x") }, nil, true},
		{"x=true", func(c *Call) (any, error) { return c.QueryBool("x") }, true, false},
		{"x=1", func(c *Call) (any, error) { return c.QueryBool("x") }, nil, true},
		{"x=low", func(c *Call) (any, error) { return c.QueryOne("x", "out", "low") }, "low", false},
		{"x=high", func(c *Call) (any, error) { return c.QueryOne("x", "out", "low") }, nil, true},
		{"x=a-1", func(c *Call) (any, error) { v, err := c.QueryID("x"); return string(v), err }, "a-1", false},
		{"x=a.1", func(c *Call) (any, error) { return c.QueryID("x") }, nil, true},
		{"x=2026-11-20", func(c *Call) (any, error) { v, err := c.QueryDate("x"); return v.String(), err }, "2026-11-20", false},
		{"x=2026-02-30", func(c *Call) (any, error) { return c.QueryDate("x") }, nil, true},
		{"x=9999-12-31", func(c *Call) (any, error) { v, err := c.QueryDate("x"); return v.String(), err }, "9999-12-31", false},
		{"", func(c *Call) (any, error) { v, err := c.QueryDate("x"); return int32(v), err }, int32(0), false},
		{"x=2026-11-20T23:51:22.5779Z", func(c *Call) (any, error) { v, err := c.QueryTime("x"); return v.UnixMilli() % 1000, err }, int64(577), false},
		{"x=yesterday", func(c *Call) (any, error) { return c.QueryTime("x") }, nil, true},
		{"", func(c *Call) (any, error) { v, err := c.QueryTime("x"); return v.IsZero(), err }, true, false},
	} {
		called(t, "/call?"+c.query, func(call *Call) {
			got, err := c.read(call)
			if c.bad {
				if f, ok := fault.As(err); !ok || f.Kind != fault.Malformed || f.Code != "query_invalid" || f.Details["parameter"] != "x" {
					t.Errorf("%s: got %v and %v", c.query, got, err)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("%s: got %v and %v, want %v", c.query, got, err, c.want)
			}
		})
	}
}

func TestDaysInTheWrongOrderAreRefused(t *testing.T) {
	for query, bad := range map[string]bool{
		"": false, "from=2026-11-20": false, "to=2026-11-20": false, "from=2026-11-20&to=2026-11-20": false, "from=2026-11-20&to=2026-11-19": true,
	} {
		called(t, "/call?"+query, func(c *Call) {
			_, _, err := c.QueryDates()
			if f, ok := fault.As(err); ok != bad || bad && (f.Code != "query_invalid" || f.Details["parameter"] != "to") {
				t.Errorf("%s: got %v", query, err)
			}
		})
	}
}

func TestPageRequests(t *testing.T) {
	for query, want := range map[string]struct {
		limit int
		code  string
	}{
		"": {50, ""}, "limit=1": {1, ""}, "limit=200&cursor=abc.8147db56": {200, ""},
		"limit=0": {0, "limit_invalid"}, "limit=": {0, "limit_invalid"}, "limit=201": {0, "limit_invalid"}, "limit=-1": {0, "limit_invalid"}, "limit=x": {0, "limit_invalid"},
		"limit=%2B5": {0, "limit_invalid"}, "limit=05": {0, "limit_invalid"}, "cursor=abc": {0, "cursor_invalid"}, "cursor=": {0, "cursor_invalid"},
		"limit=1.0": {0, "limit_invalid"}, "limit=99999999999999999999": {0, "limit_invalid"},
	} {
		called(t, "/call?"+query, func(c *Call) {
			p, err := c.Page()
			if codeOf(err) != want.code || err == nil && p.Limit != want.limit || err == nil && strings.Contains(query, "cursor") && p.After != "abc" {
				t.Errorf("%s: got %+v and %v", query, p, err)
			}
		})
	}
}

func TestIfMatchNamesTheVersion(t *testing.T) {
	for header, want := range map[string]struct {
		version int64
		code    string
		kind    fault.Kind
	}{
		`"12"`: {12, "", 0}, ` "7" `: {7, "", 0}, `"0"`: {0, "version_stale", fault.Stale}, `"07"`: {0, "version_stale", fault.Stale},
		`*`: {9, "", 0}, `"1", "9"`: {9, "", 0}, `W/"1","9" , "x,y"`: {9, "", 0}, `"1", "2"`: {0, "version_stale", fault.Stale}, `W/"9"`: {0, "version_stale", fault.Stale},
		``:       {0, "if_match_missing", fault.VersionMissing},
		`W/"12"`: {0, "version_stale", fault.Stale}, `"abc"`: {0, "version_stale", fault.Stale}, `""`: {0, "version_stale", fault.Stale},
		`12`: {0, "if_match_invalid", fault.Malformed}, `"1" "9"`: {0, "if_match_invalid", fault.Malformed}, `"`: {0, "if_match_invalid", fault.Malformed},
		`"12`: {0, "if_match_invalid", fault.Malformed}, `*, "9"`: {0, "if_match_invalid", fault.Malformed}, `,`: {0, "if_match_invalid", fault.Malformed}, `W/`: {0, "if_match_invalid", fault.Malformed},
	} {
		called(t, "/call", func(c *Call) {
			v, err := c.IfMatch(func() (int64, error) { return 9, nil })
			if v != want.version || codeOf(err) != want.code || err != nil && !fault.IsKind(err, want.kind) {
				t.Errorf("%s: got %d and %v, want %+v", header, v, err, want)
			}
		}, "If-Match", header)
	}
}

func TestIdempotencyKeys(t *testing.T) {
	for key, code := range map[string]string{
		"k": "", strings.Repeat("k", 255): "", "with space": "", strings.Repeat("k", 256): "idempotency_key_invalid",
		"": "idempotency_key_missing", "ä": "idempotency_key_invalid",
	} {
		called(t, "/call", func(c *Call) {
			got, err := c.IdempotencyKey()
			if codeOf(err) != code || err == nil && string(got) != key {
				t.Errorf("%q: got %q and %v", key, got, err)
			}
		}, "Idempotency-Key", key)
	}
}

func TestAnswers(t *testing.T) {
	a := called(t, "/call", func(c *Call) {
		c.Replayed()
		c.SetETag(9)
		if err := c.Created("/bills/b-1", map[string]string{"id": "b-1"}); err != nil {
			t.Error(err)
		}
	})
	if a.StatusCode != http.StatusCreated || a.Header.Get("Location") != "/api/v1/bills/b-1" || a.Header.Get("ETag") != `"9"` ||
		a.Header.Get("Idempotency-Replayed") != "true" || a.Header.Get("Content-Type") != "application/json" || a.text != `{"id":"b-1"}` {
		t.Errorf("got %d %s %v", a.StatusCode, a.text, a.Header)
	}
	a = called(t, "/call", func(c *Call) { _ = c.NoContent() })
	if a.StatusCode != http.StatusNoContent || a.text != "" || a.Header.Get("Content-Type") != "" {
		t.Errorf("got %d %q %v", a.StatusCode, a.text, a.Header)
	}
	a = called(t, "/call", func(c *Call) { _ = c.Bytes(200, "image/png", []byte("png")) })
	if a.text != "png" || a.Header.Get("Content-Type") != "image/png" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %q %v", a.text, a.Header)
	}
}

func TestAcceptPicksAnOffer(t *testing.T) {
	offers := []string{"text/plain", "text/html", "application/vnd.escpos"}
	for accept, want := range map[string]string{
		"": "text/plain", "*/*": "text/plain", "text/html": "text/html", "text/*;q=0.5, application/vnd.escpos": "application/vnd.escpos",
		"image/png": "", "text/html;q=0.1, text/plain;q=0.2": "text/plain",
	} {
		called(t, "/call", func(c *Call) {
			if got := c.Accepts(offers...); got != want {
				t.Errorf("%q: got %q, want %q", accept, got, want)
			}
		}, "Accept", accept)
	}
}

func TestTheSessionCookieIsOutOfReachOfScripts(t *testing.T) {
	for proto, secure := range map[string]bool{"": false, "http": false, "https": true} {
		a := called(t, "/call", func(c *Call) { c.SetSession("token", 15*time.Minute) }, "X-Forwarded-Proto", proto)
		k := a.Cookies()[0]
		if k.Name != "kassa_session" || k.Value != "token" || !k.HttpOnly || k.Path != "/" || k.MaxAge != 900 || k.Secure != secure ||
			!strings.Contains(a.Header.Get("Set-Cookie"), "SameSite=Strict") {
			t.Errorf("got %s", a.Header.Get("Set-Cookie"))
		}
	}
	a := called(t, "/call", func(c *Call) { c.SetSession("", 0) })
	if k := a.Cookies()[0]; k.Value != "" || k.Expires.IsZero() || !k.Expires.Before(time.Now()) {
		t.Errorf("got %s", a.Header.Get("Set-Cookie"))
	}
}
