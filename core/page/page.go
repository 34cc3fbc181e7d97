// Package page holds what every list has in common: a bounded page size and an opaque cursor.
package page

import (
	"encoding/base64"
	"strings"

	"kassa/core/fault"
)

// The bounds of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 200
	maxCursor    = 1024
)

// Request asks for at most Limit items after the place that After names. An empty After starts at the beginning.
type Request struct {
	Limit int
	After string
}

// List is one page. Next is the cursor of the following page, or empty on the last one.
type List[T any] struct {
	Items []T
	Next  string
}

// Each gives fn every item of a list, which is read page by page, and stops at the first error.
func Each[T any](read func(Request) (List[T], error), fn func(T) error) error {
	for p := (Request{Limit: MaxLimit}); ; {
		l, err := read(p)
		if err != nil {
			return err
		}
		for _, item := range l.Items {
			if err := fn(item); err != nil {
				return err
			}
		}
		if p.After = l.Next; p.After == "" {
			return nil
		}
	}
}

// Placed is an item of a list that says where it stands in it.
type Placed interface {
	// Place returns the parts that the cursor of the list is made of.
	Place() []string
}

// Cut makes a page of the items found, which are one more than the limit when there is a next page.
func Cut[T Placed](found []T, limit int) List[T] {
	if len(found) <= limit {
		return List[T]{Items: found}
	}
	return List[T]{Items: found[:limit], Next: Cursor(found[limit-1].Place()...)}
}

// CheckLimit returns a Malformed fault with code limit_invalid unless limit is 1 to MaxLimit.
func CheckLimit(limit int) error {
	if limit < 1 || limit > MaxLimit {
		return fault.New(fault.Malformed, "limit_invalid", "limit is 1 to %d", MaxLimit)
	}
	return nil
}

// Cursor makes an opaque cursor from the parts that name a place in a list.
func Cursor(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, "\x00")))
}

// Parts returns the n parts that Cursor was given, nil for an empty cursor, or a Malformed fault with code cursor_invalid.
func Parts(cursor string, n int) ([]string, error) {
	if cursor == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(cursor) > maxCursor || strings.ContainsAny(cursor, "\r\n") { // which the decoder leaves out
		return nil, Invalid()
	}
	parts := strings.Split(string(b), "\x00")
	if len(parts) != n {
		return nil, Invalid()
	}
	return parts, nil
}

// Invalid is the fault for a cursor that no list gave out.
func Invalid() error {
	return fault.New(fault.Malformed, "cursor_invalid", "this cursor was not given out by this list")
}
