package resttest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// badInput: whatever is sent, the answer is a problem that says what is wrong, no answer is a 500, and nothing is stored. Most rows are made
// from the OpenAPI document: every operation, every field, every parameter. An operation that badRequests does not know fails the suite.
func badInput(t *testing.T, open Open) {
	s := NewShop(t, open)
	b := &bad{Shop: s, doc: readDocument(t, s)}
	b.ops = b.operations(t)
	b.tokens = b.oddTokens(open)
	b.unchanged(t, "nothing")
	for _, c := range []struct {
		name string
		run  func(t *testing.T, op *operation)
	}{
		{"who asks", b.who},
		{"headers", b.headers},
		{"paths", b.paths},
		{"parameters", b.parameters},
		{"bodies", b.bodies},
		{"fields", b.fields},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, op := range b.ops {
				c.run(t, op)
				b.unchanged(t, op.name+" after bad "+c.name)
			}
		})
	}
	for _, c := range []struct {
		name string
		run  func(t *testing.T)
	}{
		{"amounts", b.amounts},
		{"imports", b.imports},
		{"transport", b.transport},
		{"setup", func(t *testing.T) { badSetup(t, open) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.run(t)
			b.unchanged(t, c.name)
		})
	}
	t.Run("what was refused for one wrong thing is accepted without it", func(t *testing.T) {
		for _, op := range b.ops {
			if a := b.send(t, op.request()); a.Status < 200 || a.Status > 299 {
				t.Errorf("%s: %d %s", op.name, a.Status, short(string(a.Raw)))
			}
		}
	})
	t.Run("odd texts", b.oddTexts)
	t.Run("tokens that have expired", func(t *testing.T) {
		s.Add(16 * time.Minute)
		for _, op := range b.ops {
			if op.spec["x-role"] != "public" {
				b.refused(t, op.request(), 401, "token_invalid")
			}
		}
	})
	s.MustVerify()
}

// bad holds a shop, what its document says, and what its lists said before anything bad was sent.
type bad struct {
	*Shop
	doc    document
	ops    []*operation
	lists  []string          // all that tell what is stored
	tokens map[string]string // that nobody has, by what is wrong with them
	before map[string]string
}

// operation is one of the document with a request that it accepts.
type operation struct {
	name   string // POST /bills/{id}/void
	spec   map[string]any
	method string
	path   string // with ids
	body   string
	header map[string]string
}

// probe is a request to try.
type probe struct {
	method string
	path   string // below /api/v1 unless it begins with "root:"
	body   string
	header map[string]string // an empty value leaves a header out that would be there
}

// request returns the accepted request, to be changed.
func (o *operation) request() probe {
	p := probe{method: o.method, path: o.path, body: o.body, header: map[string]string{}}
	for k, v := range o.header {
		p.header[k] = v
	}
	return p
}

func (p probe) with(name, value string) probe {
	p.header = cloned(p.header)
	p.header[name] = value
	return p
}

func cloned(h map[string]string) map[string]string {
	c := make(map[string]string, len(h)+1)
	for k, v := range h {
		c[k] = v
	}
	return c
}

// send sends the request with a new idempotency key where it has one, and holds the answer to what every answer promises.
func (b *bad) send(t *testing.T, p probe) Answer {
	t.Helper()
	a := b.try(t, p)
	for attempt := 0; a.Status == http.StatusServiceUnavailable && attempt < 3; attempt++ { // a busy machine is no bad input
		t.Logf("%s: %s", a.what, short(string(a.Raw)))
		a = b.try(t, p)
	}
	if a.Status >= 400 && p.method != http.MethodHead {
		wellFormed(t, a)
	}
	return a
}

func (b *bad) try(t *testing.T, p probe) Answer {
	t.Helper()
	url := b.URL + "/api/v1" + p.path
	if rooted, ok := strings.CutPrefix(p.path, "root:"); ok {
		url = b.URL + rooted
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, p.method, url, strings.NewReader(p.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range p.header {
		if name == "Idempotency-Key" && value == "new" {
			value = b.NewKey()
		}
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if p.header["Transfer-Encoding"] != "" {
		req.ContentLength = -1
		req.Header.Del("Transfer-Encoding")
	}
	a := Answer{t: t, what: p.method + " " + short(p.path) + " " + short(p.body)}
	res, err := b.client.Do(req)
	if err != nil {
		t.Errorf("%s: %v", a.what, err)
		return a
	}
	defer func() { _ = res.Body.Close() }()
	if a.Raw, err = io.ReadAll(res.Body); err != nil {
		t.Errorf("%s: %v", a.what, err)
	}
	a.Status, a.Header = res.StatusCode, res.Header
	d := json.NewDecoder(bytes.NewReader(a.Raw))
	d.UseNumber()
	_ = d.Decode(&a.Body) // what is no object stays nil
	return a
}

var (
	codeForm = regexp.MustCompile(`^[a-z]+(_[a-z0-9]+)*$`)
	internal = regexp.MustCompile(`(?i)panic|goroutine|\.go:|sqlite|mongo|fasthttp|fiber|jsontext|strconv|invalid memory|/tmp/|runtime error`)
)

// wellFormed holds a refusal to RFC 9457 and api.md.
func wellFormed(t *testing.T, a Answer) {
	t.Helper()
	fail := func(what string) {
		t.Helper()
		t.Errorf("%s: %s: %d %s", a.what, what, a.Status, short(string(a.Raw)))
	}
	code, _ := a.Body["code"].(string)
	detail, _ := a.Body["detail"].(string)
	title, _ := a.Body["title"].(string)
	id, _ := a.Body["request_id"].(string)
	_, retryable := a.Body["retryable"].(bool)
	switch {
	case a.Status >= 500 && a.Status != http.StatusServiceUnavailable:
		fail("an error inside the server")
	case a.Header.Get("Content-Type") != "application/problem+json":
		fail("no problem but " + a.Header.Get("Content-Type"))
	case !codeForm.MatchString(code), detail == "", title == "", a.Body["type"] == nil, !retryable, fmt.Sprint(a.Body["status"]) != strconv.Itoa(a.Status):
		fail("the problem lacks a member")
	case id == "" || id != a.Header.Get("X-Request-Id"):
		fail("the request id is not that of the header")
	case internal.MatchString(detail):
		fail("the detail tells internals")
	case a.Status == http.StatusUnauthorized && a.Header.Get("Www-Authenticate") == "":
		fail("401 without WWW-Authenticate")
	case (a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable) && a.Header.Get("Retry-After") == "":
		fail("no Retry-After")
	case a.Status == http.StatusMethodNotAllowed && a.Header.Get("Allow") == "":
		fail("405 without Allow")
	case code == "validation_failed" && (a.Status != http.StatusUnprocessableEntity || len(a.Items("errors")) == 0):
		fail("validation_failed without its fields")
	}
}

// refused fails the test unless the request is refused with the status, and the code where one is given.
func (b *bad) refused(t *testing.T, p probe, status int, codes ...string) Answer {
	t.Helper()
	a := b.send(t, p)
	code, _ := a.Body["code"].(string)
	if a.Status != status || len(codes) > 0 && !slices.Contains(codes, code) {
		t.Errorf("%s %v: %d %s, want %d %s: %s", a.what, shownHeaders(p), a.Status, code, status, strings.Join(codes, " or "), short(string(a.Raw)))
	}
	return a
}

func shownHeaders(p probe) string {
	var shown []string
	for k, v := range p.header {
		if k != "Authorization" && k != "Content-Type" {
			shown = append(shown, k+": "+short(v))
		}
	}
	slices.Sort(shown)
	return strings.Join(shown, ", ")
}

// unchanged compares what every list says with what it said before, and keeps it for the next time.
func (b *bad) unchanged(t *testing.T, after string) {
	t.Helper()
	now := map[string]string{}
	for _, path := range b.lists {
		a := b.As(b.Manager).Get(path)
		now[path] = fmt.Sprint(a.Status, a.Header.Get("ETag"), string(a.Raw))
	}
	for path, text := range b.before {
		if now[path] != text {
			t.Errorf("%s: %s tells\n%s\nand told\n%s", after, path, short(now[path]), short(text))
		}
	}
	b.before = now
}
