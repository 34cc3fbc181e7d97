package journal

import (
	"encoding/hex"
	"errors"
	"strconv"
	"time"
	"unicode/utf8"
)

// Codec walks the fields of a document in their fixed order. The same walk writes the canonical form and reads it back, so the two
// cannot drift apart. The canonical form is JSON without white space: fields in the order of the walk, zero values left out,
// integers in decimal, times in milliseconds since 1970, digests in hexadecimal. These bytes are what a record's hash covers and what
// stores keep. A field may be added to a document at any place of the walk: documents without it keep their bytes and digests.
type Codec struct {
	buf     []byte
	pos     int
	reading bool
	err     error
}

var errNotCanonical = errors.New("not in canonical form")

// NewEncoder returns a Codec that appends to buf.
func NewEncoder(buf []byte) *Codec { return &Codec{buf: buf} }

// NewDecoder returns a Codec that reads b.
func NewDecoder(b []byte) *Codec { return &Codec{buf: b, reading: true} }

// Reading reports whether the walk reads.
func (c *Codec) Reading() bool { return c.reading }

// Err returns the first error of the walk.
func (c *Codec) Err() error { return c.err }

// Bytes returns what was written.
func (c *Codec) Bytes() []byte { return c.buf }

// Fail ends the walk with an error; later fields are passed over.
func (c *Codec) Fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// Root walks one document as an object of its own.
func (c *Codec) Root(walk func(*Codec)) {
	c.mark('{')
	walk(c)
	c.mark('}')
	if c.reading && c.err == nil && c.pos != len(c.buf) {
		c.Fail(errNotCanonical)
	}
}

// Int walks an integer.
func Int[T ~int | ~int32 | ~int64](c *Codec, name string, p *T) {
	if !c.reading {
		if *p != 0 && c.err == nil {
			c.name(name)
			c.buf = strconv.AppendInt(c.buf, int64(*p), 10)
		}
		return
	}
	if c.next(name) {
		n := c.number()
		*p = T(n)
		if int64(*p) != n || n == 0 {
			c.Fail(errNotCanonical)
		}
	}
}

// Text walks a text.
func Text[T ~string](c *Codec, name string, p *T) {
	if !c.reading {
		if *p != "" && c.err == nil {
			c.name(name)
			c.quote(string(*p))
		}
		return
	}
	if c.next(name) {
		*p = T(c.unquote())
	}
}

// Flag walks a truth value.
func Flag(c *Codec, name string, p *bool) {
	n := 0
	if *p {
		n = 1
	}
	Int(c, name, &n)
	if c.reading && n != 0 && n != 1 {
		c.Fail(errNotCanonical)
	}
	*p = n == 1
}

// Time walks an instant in milliseconds. The zero time is left out.
func Time(c *Codec, name string, p *time.Time) {
	var ms int64
	if !c.reading && !p.IsZero() {
		ms = p.UnixMilli()
	}
	Int(c, name, &ms)
	if c.reading && ms != 0 {
		*p = time.UnixMilli(ms).UTC()
	}
}

// Sum walks a 32-byte digest. The zero digest is left out.
func Sum[T ~[32]byte](c *Codec, name string, p *T) {
	if !c.reading {
		if *p != (T{}) && c.err == nil {
			c.name(name)
			c.buf = append(c.buf, '"')
			c.buf = hex.AppendEncode(c.buf, (*p)[:])
			c.buf = append(c.buf, '"')
		}
		return
	}
	if c.next(name) {
		b, err := hex.DecodeString(c.unquote())
		if err != nil || len(b) != len(*p) {
			c.Fail(errNotCanonical)
			return
		}
		copy((*p)[:], b)
	}
}

// Object walks a nested object, which is always present.
func Object[T any](c *Codec, name string, p *T, walk func(*Codec, *T)) {
	if c.reading && !c.next(name) {
		c.Fail(errNotCanonical)
		return
	}
	if !c.reading {
		c.name(name)
	}
	c.mark('{')
	walk(c, p)
	c.mark('}')
}

// Objects walks a list of objects. An empty list is left out.
func Objects[T any](c *Codec, name string, p *[]T, walk func(*Codec, *T)) {
	list(c, name, p, func(c *Codec, v *T) {
		c.mark('{')
		walk(c, v)
		c.mark('}')
	})
}

// Texts walks a list of texts. An empty list is left out.
func Texts[T ~string](c *Codec, name string, p *[]T) {
	list(c, name, p, func(c *Codec, v *T) {
		if c.reading {
			*v = T(c.unquote())
		} else {
			c.quote(string(*v))
		}
	})
}

// Ints walks a list of integers, zeros included. An empty list is left out.
func Ints[T ~int | ~int32 | ~int64](c *Codec, name string, p *[]T) {
	list(c, name, p, func(c *Codec, v *T) {
		if c.reading {
			*v = T(c.number())
		} else {
			c.buf = strconv.AppendInt(c.buf, int64(*v), 10)
		}
	})
}

func list[T any](c *Codec, name string, p *[]T, each func(*Codec, *T)) {
	if !c.reading {
		if len(*p) == 0 || c.err != nil {
			return
		}
		c.name(name)
		c.mark('[')
		for i := range *p {
			if i > 0 {
				c.buf = append(c.buf, ',')
			}
			each(c, &(*p)[i])
		}
		c.mark(']')
		return
	}
	if !c.next(name) {
		return
	}
	c.mark('[')
	for c.err == nil {
		var v T
		each(c, &v)
		*p = append(*p, v)
		if c.pos >= len(c.buf) || c.buf[c.pos] != ',' {
			break
		}
		c.pos++
	}
	c.mark(']')
}

func (c *Codec) name(n string) {
	if last := c.buf[len(c.buf)-1]; last != '{' {
		c.buf = append(c.buf, ',')
	}
	c.buf = append(c.buf, '"')
	c.buf = append(c.buf, n...)
	c.buf = append(c.buf, '"', ':')
}

// next reports whether the field at hand has the name, and if so steps over the name.
func (c *Codec) next(n string) bool {
	if c.err != nil {
		return false
	}
	at := c.pos
	if at == 0 {
		c.Fail(errNotCanonical)
		return false
	}
	if c.buf[at-1] != '{' {
		if at >= len(c.buf) || c.buf[at] != ',' {
			return false
		}
		at++
	}
	end := at + len(n) + 3
	if end > len(c.buf) || c.buf[at] != '"' || string(c.buf[at+1:at+1+len(n)]) != n || c.buf[end-2] != '"' || c.buf[end-1] != ':' {
		return false
	}
	c.pos = end
	return true
}

func (c *Codec) mark(b byte) {
	if c.err != nil {
		return
	}
	if !c.reading {
		c.buf = append(c.buf, b)
		return
	}
	if c.pos >= len(c.buf) || c.buf[c.pos] != b {
		c.Fail(errNotCanonical)
		return
	}
	c.pos++
}

func (c *Codec) number() int64 {
	start := c.pos
	for c.pos < len(c.buf) && (c.buf[c.pos] == '-' || c.buf[c.pos] >= '0' && c.buf[c.pos] <= '9') {
		c.pos++
	}
	text := string(c.buf[start:c.pos])
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != text {
		c.Fail(errNotCanonical)
		return 0
	}
	return n
}

const hexDigits = "0123456789abcdef"

func (c *Codec) quote(s string) {
	if !utf8.ValidString(s) {
		c.Fail(errors.New("a text is not valid UTF-8"))
		return
	}
	c.buf = append(c.buf, '"')
	for i := range len(s) {
		switch b := s[i]; {
		case b == '"' || b == '\\':
			c.buf = append(c.buf, '\\', b)
		case b < 0x20:
			c.buf = append(c.buf, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		default:
			c.buf = append(c.buf, b)
		}
	}
	c.buf = append(c.buf, '"')
}

func (c *Codec) unquote() string {
	if c.err != nil || c.pos >= len(c.buf) || c.buf[c.pos] != '"' {
		c.Fail(errNotCanonical)
		return ""
	}
	start := c.pos + 1
	for i := start; i < len(c.buf); i++ {
		switch c.buf[i] {
		case '"':
			c.pos = i + 1
			return string(c.buf[start:i])
		case '\\':
			return c.unescape(start)
		}
	}
	c.Fail(errNotCanonical)
	return ""
}

func (c *Codec) unescape(start int) string {
	var out []byte
	for i := start; i < len(c.buf); i++ {
		switch b := c.buf[i]; {
		case b == '"':
			c.pos = i + 1
			return string(out)
		case b == '\\' && i+1 < len(c.buf) && (c.buf[i+1] == '"' || c.buf[i+1] == '\\'):
			i++
			out = append(out, c.buf[i])
		case b == '\\' && i+5 < len(c.buf):
			n, err := strconv.ParseUint(string(c.buf[i+2:i+6]), 16, 8)
			if err != nil || c.buf[i+1] != 'u' || n >= 0x20 {
				c.Fail(errNotCanonical)
				return ""
			}
			out = append(out, byte(n))
			i += 5
		default:
			out = append(out, b)
		}
	}
	c.Fail(errNotCanonical)
	return ""
}
