package rest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// reading has routes that read bodies in every way, and one that does not.
func reading(r *Router) {
	r.Post("/json", Public, func(c *Call) error {
		var d struct {
			Text string `json:"text"`
		}
		if err := c.Decode(&d); err != nil {
			return err
		}
		return c.OK(map[string]int{"length": len(d.Text)})
	})
	r.Post("/optional", Public, func(c *Call) error {
		d := wireSub{Amount: 7}
		if err := c.DecodeOptional(&d); err != nil {
			return err
		}
		return c.OK(d)
	})
	stream := func(c *Call) error {
		n, err := io.Copy(io.Discard, c.Reader())
		if err != nil {
			return err
		}
		return c.OK(map[string]any{"length": n, "type": c.MediaType()})
	}
	r.Post("/stream", Public, stream)
	r.Post("/import", Public, stream, Body(maxBody), Timeout(readTimeout*3))
	r.Post("/unread", Public, func(c *Call) error { return c.NoContent() })
	r.Post("/some", Public, func(c *Call) error {
		if _, err := io.ReadFull(c.Reader(), make([]byte, 10)); err != nil {
			return err
		}
		return c.NoContent()
	})
}

func text(n int) string { return `{"text":"` + strings.Repeat("x", n-11) + `"}` }

func TestOnlyJSONInUTF8IsRead(t *testing.T) {
	s := newServer(t, Options{}, reading)
	for mediaType, ok := range map[string]bool{
		"application/json": true, "Application/JSON": true, "application/json; charset=utf-8": true, `application/json;charset="UTF-8"`: true,
		"": false, "text/plain": false, "text/json": false, "application/json; charset=latin1": false, "application/problem+json": false,
		"application/merge-patch+json": false, "application/x-www-form-urlencoded": false, "multipart/form-data; boundary=x": false,
		"application/json; version=2": false, "application/json, text/plain": false, "application/jsonx": false, ";": false,
	} {
		a := ask(t, s, request("POST", base+"/json", `{"text":""}`, "Content-Type", mediaType))
		if ok && a.StatusCode != http.StatusOK {
			t.Errorf("%q was refused: %s", mediaType, a.text)
		}
		if !ok {
			wantProblem(t, a, 415, "media_type_unsupported")
		}
	}
}

func TestABodyMayBeLeftOutWhereItIsOptional(t *testing.T) {
	s := newServer(t, Options{}, reading)
	if a := ask(t, s, request("POST", base+"/optional", "")); a.text != `{"amount":7}` {
		t.Errorf("got %s", a.text)
	}
	if a := ask(t, s, request("POST", base+"/optional", `{"amount":8}`)); a.text != `{"amount":8}` {
		t.Errorf("got %s", a.text)
	}
	wantProblem(t, ask(t, s, request("POST", base+"/optional", ` `)), 400, "json_invalid")
	wantProblem(t, ask(t, s, request("POST", base+"/json", "", "Content-Type", "application/json")), 400, "json_invalid")
}

func TestACompressedBodyIsNeverInflated(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for range 200 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, Options{}, reading)
	for _, encoding := range []string{"gzip", "GZIP", "deflate", "br", "zstd", "gzip, identity", "identity, gzip", "x"} {
		wantProblem(t, ask(t, s, request("POST", base+"/json", b.String(), "Content-Encoding", encoding)), 415, "encoding_unsupported")
	}
	if a := ask(t, s, request("POST", base+"/json", `{"text":""}`, "Content-Encoding", "Identity")); a.StatusCode != http.StatusOK {
		t.Errorf("identity was refused: %s", a.text)
	}
}

// send writes requests on one connection and returns the answers that come until it is closed, or all of them.
func send(t *testing.T, address string, requests ...string) []answer {
	t.Helper()
	c, r := dial(t, address)
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(c, strings.Join(requests, ""))
		sent <- err
	}()
	var answers []answer
	for range requests {
		if _, err := r.Peek(1); err != nil {
			break
		}
		a := readAnswer(t, r)
		answers = append(answers, a)
		if a.Close {
			break
		}
	}
	<-sent // an error only says that the server closed first
	return answers
}

func post(path, body string) string {
	return fmt.Sprintf("POST %s%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", base, path, len(body), body)
}

func chunked(path, body string, size int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "POST %s%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", base, path)
	for len(body) > 0 {
		n := min(size, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	b.WriteString("0\r\n\r\n")
	return b.String()
}

func TestBodyLimits(t *testing.T) {
	s := newServer(t, Options{}, reading)
	address := listen(t, s)
	for _, c := range []struct {
		path   string
		length int
		status int
	}{
		{"/json", 100, 200},
		{"/json", prefetched, 200},
		{"/json", prefetched + 1, 200},
		{"/json", defaultBody, 200},
		{"/json", defaultBody + 1, 413},
		{"/json", 4 << 20, 413},
		{"/stream", defaultBody, 200},
		{"/stream", defaultBody + 1, 413},
		{"/import", 8 << 20, 200},
		{"/import", maxBody, 200},
		{"/import", maxBody + 1, 413},
	} {
		for name, r := range map[string]string{
			"length": post(c.path, text(c.length)), "chunks": chunked(c.path, text(c.length), 50_000),
		} {
			answers := send(t, address, r)
			if len(answers) != 1 || answers[0].StatusCode != c.status {
				t.Errorf("%s of %d by %s: got %+v, want %d", c.path, c.length, name, answers, c.status)
				continue
			}
			if c.status == 413 {
				wantProblem(t, answers[0], 413, "body_too_large")
				if answers[0].body["limit"] == nil {
					t.Errorf("%s of %d by %s: got %s", c.path, c.length, name, answers[0].text)
				}
			}
		}
	}
}

// TestWhatIsLeftOfABodyIsNeverTheNextRequest sends a body that is itself a request. If it is not read to its end, it must not be answered.
func TestWhatIsLeftOfABodyIsNeverTheNextRequest(t *testing.T) {
	s := newServer(t, Options{}, reading)
	address := listen(t, s)
	hidden := "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	next := post("/json", `{"text":"abc"}`)
	for _, path := range []string{"/unread", "/some", "/nowhere", "/json"} {
		for _, length := range []int{100, prefetched, prefetched + 500, 100_000, 1 << 20} {
			body := strings.Repeat(hidden, length/len(hidden)+1)
			for name, r := range map[string]string{"length": post(path, body), "chunks": chunked(path, body, len(hidden))} {
				answers := send(t, address, r, next)
				if len(answers) == 0 {
					t.Errorf("%s, %d by %s: no answer", path, length, name)
				}
				for i, a := range answers {
					if strings.Contains(a.text, "live") || i == 1 && a.text != `{"length":3}` {
						t.Errorf("%s, %d by %s: answer %d is %s", path, length, name, i, a.text)
					}
				}
				if length < defaultBody/2 && len(answers) != 2 {
					t.Errorf("%s, %d by %s: the connection was not kept", path, length, name)
				}
			}
		}
	}
}

func TestABodyThatEndsEarlyIsRefused(t *testing.T) {
	s := newServer(t, Options{}, reading)
	address := listen(t, s)
	for name, r := range map[string]string{
		"length": "Content-Length: 20000\r\n\r\n" + text(9000),
		"chunk":  "Transfer-Encoding: chunked\r\n\r\n100\r\nabc",
		"size":   "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc",
	} {
		c, reader := dial(t, address)
		if _, err := io.WriteString(c, "POST "+base+"/json HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+r); err != nil {
			t.Fatal(err)
		}
		if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		a := readAnswer(t, reader)
		wantProblem(t, a, 400, "body_truncated")
		if name != "length" && !a.Close {
			t.Errorf("%s: the connection is kept", name)
		}
	}
}

func TestMultipartIsNotParsedBehindOurBack(t *testing.T) {
	s := newServer(t, Options{}, reading)
	body := "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n" + strings.Repeat("y", 20_000) + "\r\n--x--\r\n"
	a := ask(t, s, request("POST", base+"/stream", body, "Content-Type", "multipart/form-data; boundary=x"))
	if a.StatusCode != http.StatusOK || a.body["length"] != float64(len(body)) || a.body["type"] != "multipart/form-data" {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
}

func TestExpectContinueIsAnswered(t *testing.T) {
	s := newServer(t, Options{}, reading)
	c, r := dial(t, listen(t, s))
	body := text(20_000)
	_, err := fmt.Fprintf(c, "POST %s/json HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", base, len(body))
	if err != nil {
		t.Fatal(err)
	}
	if a := readAnswer(t, r); a.StatusCode != http.StatusContinue {
		t.Fatalf("got %d", a.StatusCode)
	}
	if _, err := io.WriteString(c, body); err != nil {
		t.Fatal(err)
	}
	if a := readAnswer(t, r); a.StatusCode != http.StatusOK || a.body["length"] != float64(20_000-11) {
		t.Fatalf("got %d %s", a.StatusCode, a.text)
	}
}

func TestThePoolKeepsNoBodyOfAnother(t *testing.T) {
	s := newServer(t, Options{}, reading)
	kept := make(chan string, 100)
	s2 := newServer(t, Options{}, func(r *Router) {
		r.Post("/keep", Public, func(c *Call) error {
			var d struct {
				Text string `json:"text"`
			}
			if err := c.Decode(&d); err != nil {
				return err
			}
			kept <- d.Text
			return c.NoContent()
		})
	})
	for i := range 100 {
		ask(t, s2, request("POST", base+"/keep", fmt.Sprintf(`{"text":"text %02d"}`, i)))
		ask(t, s, request("POST", base+"/json", text(64)))
	}
	for i := range 100 {
		if got, want := <-kept, fmt.Sprintf("text %02d", i); got != want {
			t.Fatalf("a kept text became %q, was %q", got, want)
		}
	}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// endless never ends, and counts what was taken from it.
type endless struct{ taken int }

func (e *endless) Read(p []byte) (int, error) { e.taken += len(p); return len(p), nil }

func TestNothingIsReadOfABodyThatSaysItIsTooLarge(t *testing.T) {
	for missing, most := range map[int]int{11: 0, -1: 11} {
		from := &endless{}
		_, err := io.ReadAll(&limited{from: from, limit: 10, left: 10, missing: missing})
		if codeOf(err) != "body_too_large" || from.taken > most {
			t.Errorf("%d bytes were read, %v", from.taken, err)
		}
	}
}

func TestABodyThatDoesNotComeIsA408(t *testing.T) {
	s := newServer(t, Options{}, nil)
	for err, status := range map[error]int{timeoutError{}: 408, errors.New("reset"): 400} {
		_, got := (&limited{from: brokenReader{err}, left: 10, missing: -1}).Read(make([]byte, 10))
		if p := s.problem(got, "r"); p.Status != status || p.Retryable != (status == 408) {
			t.Errorf("%v: got %+v", err, p)
		}
	}
}
