package system

import (
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"kassa/core/id"
)

type fixed struct{ at time.Time }

func (f *fixed) Now() time.Time { return f.at }

var uuid7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestIdentifiersAreUUIDv7AndCarryTheTime(t *testing.T) {
	at := time.Date(2026, 11, 20, 23, 51, 22, 577e6, time.UTC)
	s := NewIDs(&fixed{at})
	for range 1000 {
		n := s.New()
		if !uuid7.MatchString(string(n)) {
			t.Fatalf("%s is not a UUIDv7", n)
		}
		if _, err := id.Parse(string(n)); err != nil {
			t.Fatal(err)
		}
		milli, err := strconv.ParseInt(string(n[:8]+n[9:13]), 16, 64)
		if err != nil || milli != at.UnixMilli() {
			t.Fatalf("%s carries %d, want %d", n, milli, at.UnixMilli())
		}
	}
}

func TestIdentifiersStrictlyIncrease(t *testing.T) {
	c := &fixed{time.UnixMilli(1_800_000_000_000)}
	s := NewIDs(c)
	last := s.New()
	for i := range 20_000 {
		switch i % 1000 {
		case 300:
			c.at = c.at.Add(time.Millisecond)
		case 600:
			c.at = c.at.Add(-time.Hour) // a clock that is set back
		case 900:
			c.at = c.at.Add(time.Hour)
		}
		n := s.New()
		if n <= last {
			t.Fatalf("%s follows %s", n, last)
		}
		last = n
	}
}

func TestTheCounterOverflowsIntoTheNextMillisecond(t *testing.T) {
	c := &fixed{time.UnixMilli(1_800_000_000_000)}
	s := NewIDs(c)
	last := s.New()
	s.high, s.low = highBits, lowBits
	for range 3 {
		n := s.New()
		if n <= last {
			t.Fatalf("%s follows %s", n, last)
		}
		last = n
	}
	if s.milli != uint64(c.at.UnixMilli())+1 {
		t.Fatalf("the time in the identifier is %d, want the next millisecond", s.milli)
	}
}

func TestManyGoroutinesNeverShareAnIdentifier(t *testing.T) {
	const workers, each = 16, 5000
	s := NewIDs(Clock{})
	made := make([][]id.ID, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range each {
				made[w] = append(made[w], s.New())
			}
		})
	}
	wg.Wait()
	seen := make(map[id.ID]bool, workers*each)
	for _, ids := range made {
		if !slices.IsSorted(ids) {
			t.Error("one goroutine saw its identifiers out of order")
		}
		for _, n := range ids {
			if seen[n] {
				t.Fatalf("%s was given out twice", n)
			}
			seen[n] = true
		}
	}
}

func TestTheClockTellsMillisecondsInUTC(t *testing.T) {
	now := Clock{}.Now()
	if now.Location() != time.UTC || now.Nanosecond()%int(time.Millisecond) != 0 {
		t.Fatalf("%v is not in milliseconds UTC", now)
	}
}

func BenchmarkIDs(b *testing.B) {
	s := NewIDs(Clock{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.New()
		}
	})
}
