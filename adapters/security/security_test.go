package security

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
)

// testClock stands still until it is moved.
type testClock struct{ nanoseconds atomic.Int64 }

func newTestClock() *testClock {
	c := new(testClock)
	c.nanoseconds.Store(time.Date(2026, time.November, 20, 23, 51, 22, 577e6, time.UTC).UnixNano())
	return c
}

func (c *testClock) Now() time.Time          { return time.Unix(0, c.nanoseconds.Load()).UTC() }
func (c *testClock) advance(d time.Duration) { c.nanoseconds.Add(int64(d)) }

// testIDs counts.
type testIDs struct{ n atomic.Int64 }

func (s *testIDs) New() id.ID { return id.ID(fmt.Sprintf("id-%d", s.n.Add(1))) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantFault fails unless err is a fault of the kind with the code.
func wantFault(t testing.TB, err error, kind fault.Kind, code string) {
	t.Helper()
	if !fault.IsKind(err, kind) || !fault.IsCode(err, code) {
		t.Errorf("got %v, want a fault of kind %d with code %s", err, kind, code)
	}
}
