package bench

import (
	"bytes"
	"errors"
)

var errJSON = errors.New("the answer is not a JSON object")

// eachMember calls visit with the name and the raw value of each member of the outermost object. It trusts the server to write valid JSON
// and skips what is nested without looking into it: reading a bill this way takes a microsecond, decoding it ten.
func eachMember(b []byte, visit func(name, value []byte)) error {
	i := space(b, 0)
	if i >= len(b) || b[i] != '{' {
		return errJSON
	}
	i = space(b, i+1)
	if i < len(b) && b[i] == '}' {
		return nil
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return errJSON
		}
		nameEnd := text(b, i)
		colon := space(b, nameEnd)
		if nameEnd < 0 || colon >= len(b) || b[colon] != ':' {
			return errJSON
		}
		begin := space(b, colon+1)
		end := skip(b, begin)
		if end < 0 {
			return errJSON
		}
		visit(b[i+1:nameEnd-1], b[begin:end])
		i = space(b, end)
		switch {
		case i < len(b) && b[i] == ',':
			i = space(b, i+1)
		case i < len(b) && b[i] == '}':
			return nil
		default:
			return errJSON
		}
	}
}

// space returns the first position from i on that is no white space. A negative i is the end.
func space(b []byte, i int) int {
	if i < 0 {
		return len(b)
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// text returns the position after the string that begins at i, or -1.
func text(b []byte, i int) int {
	for i++; ; {
		n := bytes.IndexByte(b[min(i, len(b)):], '"')
		if n < 0 {
			return -1
		}
		end := i + n
		escapes := 0
		for end-1-escapes >= i && b[end-1-escapes] == '\\' {
			escapes++
		}
		i = end + 1
		if escapes%2 == 0 {
			return i
		}
	}
}

// skip returns the position after the value that begins at i, or -1.
func skip(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		return text(b, i)
	case '{', '[':
		return nested(b, i)
	}
	begin := i
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] > ' ' {
		i++
	}
	if i == begin {
		return -1
	}
	return i
}

// nested returns the position after the object or array that begins at i, or -1.
func nested(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			end := text(b, i)
			if end < 0 {
				return -1
			}
			i = end
			continue
		}
		i++
	}
	return -1
}

// receipt is what a bill in an answer tells.
type receipt struct {
	id             uint64 // a digest: enough to tell two bills apart
	number         int64
	total          int64
	hash, previous uint64 // their first 16 digits
	register       []byte // valid as long as the answer's body
}

var errBill = errors.New("the answer is not a bill with id, receipt_number, register_id, total, hash and previous_hash")

// readReceipt reads the bill in the body of an answer.
func readReceipt(body []byte) (receipt, error) {
	var r receipt
	found := 0
	err := eachMember(body, func(name, value []byte) {
		ok := false
		switch string(name) {
		case "id":
			r.id, ok = digest(value), len(value) > 2
		case "receipt_number":
			r.number, ok = decimal(value)
		case "total":
			r.total, ok = decimal(value)
		case "register_id":
			r.register, ok = bytes.Trim(value, `"`), true
		case "hash":
			r.hash, ok = first16(value)
		case "previous_hash":
			r.previous, ok = first16(value)
		}
		if ok {
			found++
		}
	})
	if err == nil && found != 6 {
		err = errBill
	}
	return r, err
}

func first16(value []byte) (uint64, bool) {
	if len(value) < 18 {
		return 0, false
	}
	return hexadecimal(value[1:17])
}

// digest is FNV-1a.
func digest(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// problemCode returns the code of a problem, or "" when the body is none.
func problemCode(body []byte) string {
	code := ""
	err := eachMember(body, func(name, value []byte) {
		if string(name) == "code" {
			code = string(bytes.Trim(value, `"`))
		}
	})
	if err != nil || len(code) > 64 {
		return ""
	}
	return code
}
