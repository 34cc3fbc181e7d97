package bench

import (
	"bytes"
	"context"
	"errors"
	"net"
	"time"
)

// maxAnswer is the most bytes an answer has, its header included.
const maxAnswer = 1 << 20

// answer is one HTTP answer. Its body is valid until the next exchange on the link.
type answer struct {
	status   int
	replayed bool // Idempotency-Replayed: true
	last     bool // the server closes the connection after it
	body     []byte
}

// link is one keep-alive connection. It is net/http without what a load generator does not need: one request at a time, no headers kept,
// no allocation, since it takes its share of the machine from the server that is measured.
type link struct {
	conn net.Conn
	in   []byte
}

// dial opens the connection. The deadline holds for everything on it, for a timer per request would cost as much as writing one.
func dial(ctx context.Context, address string, deadline time.Time) (*link, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &link{conn: conn, in: make([]byte, 16<<10)}, nil
}

func (l *link) close() { _ = l.conn.Close() } // nothing is lost with it: every answer was read

// exchange writes one request and reads its answer. After an error the outcome of the request is not known.
func (l *link) exchange(request []byte) (answer, error) {
	if _, err := l.conn.Write(request); err != nil {
		return answer{}, err
	}
	have := 0
	for {
		if have == len(l.in) {
			if have >= maxAnswer {
				return answer{}, errors.New("the answer is larger than 1 MiB")
			}
			l.in = append(l.in, make([]byte, have)...)
		}
		n, err := l.conn.Read(l.in[have:])
		have += n
		a, size, parsed := parse(l.in[:have])
		switch {
		case parsed != nil:
			return answer{}, parsed
		case size > 0 && size < have:
			return answer{}, errors.New("the server sent more than it was asked for")
		case size > 0:
			return a, nil
		case err != nil:
			return answer{}, err
		}
	}
}

var (
	endOfLine   = []byte("\r\n")
	endOfHeader = []byte("\r\n\r\n")
	errAnswer   = errors.New("the answer is not HTTP/1.1")
)

// parse reads the answer at the beginning of b and returns its size, which is 0 while b does not hold all of it.
func parse(b []byte) (answer, int, error) {
	head := bytes.Index(b, endOfHeader)
	if head < 0 {
		return answer{}, 0, nil
	}
	const line = len("HTTP/1.1 200")
	if head < line || string(b[:9]) != "HTTP/1.1 " {
		return answer{}, 0, errAnswer
	}
	status, ok := decimal(b[9:line])
	if !ok || status < 100 {
		return answer{}, 0, errAnswer
	}
	if status < 200 { // 100 Continue and its like precede the answer
		a, n, err := parse(b[head+len(endOfHeader):])
		if n > 0 {
			n += head + len(endOfHeader)
		}
		return a, n, err
	}
	a := answer{status: int(status)}
	length, chunked := readHeader(b[:head], &a)
	begin := head + len(endOfHeader)
	switch {
	case chunked:
		return parseChunks(a, b, begin)
	case length < 0 && status != 204 && status != 304:
		return answer{}, 0, errors.New("the answer has no Content-Length")
	case length > maxAnswer:
		return answer{}, 0, errors.New("the answer is larger than 1 MiB")
	case length < 0:
		length = 0
	}
	end := begin + int(length)
	if len(b) < end {
		return answer{}, 0, nil
	}
	a.body = b[begin:end]
	return a, end, nil
}

// readHeader notes what matters of the header lines. Its length is -1 without a readable Content-Length.
func readHeader(head []byte, a *answer) (length int64, chunked bool) {
	length = -1
	_, head, _ = bytes.Cut(head, endOfLine)
	for len(head) > 0 {
		var line []byte
		line, head, _ = bytes.Cut(head, endOfLine)
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			continue
		}
		name, value := line[:colon], line[colon+1:]
		switch colon { // most lines are told apart by the length of their names
		case len("connection"):
			a.last = a.last || is(name, "connection") && is(value, "close")
		case len("content-length"):
			if is(name, "content-length") {
				if n, ok := decimal(bytes.TrimSpace(value)); ok {
					length = n
				}
			}
		case len("transfer-encoding"):
			chunked = chunked || is(name, "transfer-encoding") && is(value, "chunked")
		case len("idempotency-replayed"):
			a.replayed = a.replayed || is(name, "idempotency-replayed") && is(value, "true")
		}
	}
	return length, chunked
}

// is reports whether the text is the word, in any case and with any space around it.
func is(text []byte, word string) bool {
	text = bytes.TrimSpace(text)
	return len(text) == len(word) && bytes.EqualFold(text, []byte(word))
}

// parseChunks joins the chunks of a body in its place, once all have arrived.
func parseChunks(a answer, b []byte, begin int) (answer, int, error) {
	end, size, err := eachChunk(b, begin, func([]byte) {})
	if err != nil || end == 0 {
		return answer{}, 0, err
	}
	a.body = make([]byte, 0, size)
	end, _, err = eachChunk(b, begin, func(chunk []byte) { a.body = append(a.body, chunk...) })
	return a, end, err
}

// eachChunk returns where the chunks that begin there end and how many bytes they hold, or 0 while not all of them are in b.
func eachChunk(b []byte, begin int, visit func([]byte)) (end, size int, err error) {
	for at := begin; ; {
		line := bytes.Index(b[at:], endOfLine)
		if line < 0 {
			return 0, 0, nil
		}
		digits, _, _ := bytes.Cut(b[at:at+line], []byte(";"))
		n, ok := hexadecimal(bytes.TrimSpace(digits))
		if !ok || n > maxAnswer {
			return 0, 0, errors.New("the answer has an unreadable chunk")
		}
		at += line + len(endOfLine)
		if n == 0 {
			return afterTrailer(b, at), size, nil
		}
		next := at + int(n) + len(endOfLine)
		if len(b) < next {
			return 0, 0, nil
		}
		visit(b[at : at+int(n)])
		size += int(n)
		at = next
	}
}

// afterTrailer returns where the lines after the last chunk end, or 0 while they have not arrived.
func afterTrailer(b []byte, at int) int {
	for {
		line := bytes.Index(b[at:], endOfLine)
		switch {
		case line < 0:
			return 0
		case line == 0:
			return at + len(endOfLine)
		}
		at += line + len(endOfLine)
	}
}

// decimal reads up to 18 digits.
func decimal(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// hexadecimal reads up to 16 digits.
func hexadecimal(b []byte) (uint64, bool) {
	if len(b) == 0 || len(b) > 16 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | uint64(c-'a'+10)
		case c >= 'A' && c <= 'F':
			n = n<<4 | uint64(c-'A'+10)
		default:
			return 0, false
		}
	}
	return n, true
}
