// Package fault holds the one error type of Kassa. A fault says what kind of refusal it is, which stable code clients may
// rely on, and the facts that a person needs to act on it: which product, how many were asked for, how many there are.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind tells what sort of refusal an Error is. The REST adapter maps each kind to one HTTP status, in one place.
type Kind uint8

// The kinds. The zero value is none of them, so a forgotten kind is noticed.
const (
	Internal        Kind = iota + 1 // a defect or a broken disk; its text never leaves the process
	Malformed                       // cannot be read at all
	Unauthenticated                 // who is asking is not known
	Forbidden                       // who is asking may not
	NotFound                        // unknown here, or another store's
	Conflict                        // at odds with the present state
	Stale                           // the version that the caller saw is no longer the newest
	VersionMissing                  // the caller did not say which version was seen
	TooLarge                        // beyond a size limit
	Unsupported                     // a media type that is not read here
	Invalid                         // a field or a rule refuses it
	TooMany                         // too many attempts; see Error.RetryAfter
	Unavailable                     // not at the moment; see Error.RetryAfter
)

// Field is one refused input field.
type Field struct {
	Pointer string // JSON Pointer (RFC 6901) into the request body
	Code    string // stable snake_case
	Detail  string // one sentence for a person
}

// Error is a refusal with its facts. Treat it as a value: With and Wrap return changed copies.
type Error struct {
	Kind       Kind
	Code       string         // stable snake_case, part of the API
	Message    string         // one sentence for a person; never holds secrets or internals
	Details    map[string]any // facts: integers, strings, or values that a renderer knows
	Fields     []Field        // the refused fields, for code validation_failed
	RetryAfter time.Duration  // for TooMany and Unavailable: when to try again
	cause      error
}

// New returns an Error of the kind with the code and a formatted message.
func New(k Kind, code, format string, args ...any) *Error {
	return &Error{Kind: k, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error returns code and message, for logs.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.Message + ": " + e.cause.Error()
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns the wrapped cause, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is a fault of the same kind and code, so that errors.Is works with fresh values.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code
}

// With returns a copy that carries one more fact.
func (e *Error) With(name string, value any) *Error {
	c := *e
	c.Details = make(map[string]any, len(e.Details)+1)
	for k, v := range e.Details {
		c.Details[k] = v
	}
	c.Details[name] = value
	return &c
}

// Wrap returns a copy that carries the cause, for logs only.
func (e *Error) Wrap(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Retry returns a copy that says when to try again.
func (e *Error) Retry(after time.Duration) *Error {
	c := *e
	c.RetryAfter = after
	return &c
}

// StaleVersion is the fault for an edit of another version than the newest.
func StaleVersion(newest int64) *Error {
	return New(Stale, "version_stale", "this was changed in the meantime; read it again").With("version", newest)
}

// NotSetUp is the fault for what needs a store before there is one that can be used.
func NotSetUp() *Error {
	return New(Conflict, "not_set_up", "there is no store yet; POST /api/v1/setup makes it")
}

// As returns the first Error in err's chain.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// IsKind reports whether err is, or wraps, a fault of the kind.
func IsKind(err error, k Kind) bool {
	e, ok := As(err)
	return ok && e.Kind == k
}

// IsCode reports whether err is, or wraps, a fault with the code.
func IsCode(err error, code string) bool {
	e, ok := As(err)
	return ok && e.Code == code
}

// Validation collects refused fields. Its zero value is ready to use.
type Validation struct{ fields []Field }

// Refuse notes that the field at the pointer is refused.
func (v *Validation) Refuse(pointer, code, format string, args ...any) {
	v.fields = append(v.fields, Field{Pointer: pointer, Code: code, Detail: fmt.Sprintf(format, args...)})
}

// Refuses notes the field when err is not nil: with err's own code and message where it is a fault.
func (v *Validation) Refuses(pointer string, err error) {
	if err == nil {
		return
	}
	if e, ok := As(err); ok {
		v.fields = append(v.fields, Field{Pointer: pointer, Code: e.Code, Detail: e.Message})
		return
	}
	v.fields = append(v.fields, Field{Pointer: pointer, Code: "invalid", Detail: err.Error()})
}

// Err returns nil when nothing was refused, else an Invalid fault with code validation_failed that names every field.
func (v *Validation) Err() error {
	if len(v.fields) == 0 {
		return nil
	}
	e := New(Invalid, "validation_failed", "%s: %s", v.fields[0].Pointer, v.fields[0].Detail)
	if len(v.fields) > 1 {
		e = New(Invalid, "validation_failed", "%d fields are refused", len(v.fields))
	}
	e.Fields = v.fields
	return e
}
