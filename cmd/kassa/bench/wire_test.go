package bench

import (
	"net"
	"strings"
	"testing"
	"time"
)

func TestAnAnswerIsReadWhole(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want answer
		body string
	}{
		"length":     {"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", answer{status: 201}, "{}"},
		"any case":   {"HTTP/1.1 200 OK\r\ncontent-LENGTH:3 \r\n\r\nabc", answer{status: 200}, "abc"},
		"empty":      {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", answer{status: 503}, ""},
		"no content": {"HTTP/1.1 204 No Content\r\n\r\n", answer{status: 204}, ""},
		"no reason":  {"HTTP/1.1 409\r\nContent-Length: 1\r\n\r\nx", answer{status: 409}, "x"},
		"replayed":   {"HTTP/1.1 201 C\r\nIdempotency-Replayed: true\r\nContent-Length: 1\r\n\r\nx", answer{status: 201, replayed: true}, "x"},
		"close":      {"HTTP/1.1 400 B\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", answer{status: 400, last: true}, "x"},
		"continue":   {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", answer{status: 200}, "x"},
		"chunked":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", answer{status: 200}, "abc0123456789"},
		"trailer":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n", answer{status: 200}, "a"},
	} {
		for cut := range len(tc.text) {
			if _, n, err := parse([]byte(tc.text[:cut])); n != 0 || err != nil {
				t.Errorf("%s: %d of %d bytes are an answer of %d, %v", name, cut, len(tc.text), n, err)
			}
		}
		a, n, err := parse([]byte(tc.text + "more"))
		if err != nil || n != len(tc.text) || a.status != tc.want.status || a.replayed != tc.want.replayed || a.last != tc.want.last || string(a.body) != tc.body {
			t.Errorf("%s: %+v %q, %d of %d bytes, %v", name, a, a.body, n, len(tc.text), err)
		}
	}
}

func TestWhatIsNoAnswerIsRefused(t *testing.T) {
	for _, text := range []string{
		"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
	} {
		if _, n, err := parse([]byte(text)); err == nil {
			t.Errorf("%q is read as %d bytes", text, n)
		}
	}
}

// peer answers each request on the connection with the text, in pieces of the size.
func peer(t *testing.T, text string, size int) *link {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	go func() {
		request := make([]byte, 1024)
		for {
			if _, err := far.Read(request); err != nil {
				return
			}
			for rest := text; rest != ""; rest = rest[min(size, len(rest)):] {
				if _, err := far.Write([]byte(rest[:min(size, len(rest))])); err != nil {
					return
				}
			}
		}
	}()
	near.SetDeadline(time.Now().Add(time.Minute))
	return &link{conn: near, in: make([]byte, 64)}
}

func TestALinkReadsAnswersInPieces(t *testing.T) {
	body := strings.Repeat("0123456789", 100) // larger than the link's first memory
	l := peer(t, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"+body, 17)
	for range 3 {
		if a, err := l.exchange([]byte("GET")); err != nil || string(a.body) != body {
			t.Fatalf("%v: %q", err, a.body)
		}
	}
}

func TestALinkRefusesMoreThanOneAnswer(t *testing.T) {
	l := peer(t, strings.Repeat("HTTP/1.1 204 No Content\r\n\r\n", 2), 1000)
	if a, err := l.exchange([]byte("GET")); err == nil {
		t.Errorf("%+v", a)
	}
}

// bigAnswer is about what Kassa answers to a sale of three lines.
var bigAnswer = "HTTP/1.1 201 Created\r\nServer: kassa\r\nDate: Fri, 20 Nov 2026 23:51:22 GMT\r\nContent-Type: application/json\r\nContent-Length: 900\r\n" +
	"X-Request-Id: 01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a11\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n" +
	"Location: /api/v1/bills/01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a11\r\n\r\n" + strings.Repeat("x", 900)

func BenchmarkParse(b *testing.B) {
	text := []byte(bigAnswer)
	b.ReportAllocs()
	for b.Loop() {
		if _, n, err := parse(text); n == 0 || err != nil {
			b.Fatal(n, err)
		}
	}
}
