// Package clock holds time as Kassa sees it: instants in milliseconds UTC, and business dates in the store's time zone.
// Nothing in the core reads the time by itself; it comes in through Clock.
package clock

import (
	"context"
	"fmt"
	"time"

	"kassa/core/fault"
)

// Clock tells the time.
type Clock interface {
	Now() time.Time
}

// Sleep waits for d, or until the context ends, whose error it then returns.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Milli returns t in UTC without what is below a millisecond, the resolution that every store keeps.
func Milli(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// Date is a day of the calendar without a time zone, written as the number YYYYMMDD so that later days are larger. Zero is no day.
type Date int32

// DateOf returns the day on which t falls in the location.
func DateOf(t time.Time, loc *time.Location) Date {
	y, m, d := t.In(loc).Date()
	return dateOf(y, m, d)
}

func dateOf(y int, m time.Month, d int) Date { return Date(y*10000 + int(m)*100 + d) } //nolint:gosec // years have four digits

// ParseDate reads YYYY-MM-DD between 0001-01-01 and 9999-12-31. A day that the calendar does not have (31 November, 29 February 2022)
// is an Invalid fault with code date_invalid.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return 0, fault.New(fault.Invalid, "date_invalid", "%.32q is not a day of the calendar written as YYYY-MM-DD", s)
	}
	return dateOf(t.Date()), nil
}

// String returns YYYY-MM-DD.
func (d Date) String() string {
	return fmt.Sprintf("%04d-%02d-%02d", d/10000, d/100%100, d%100)
}

// AddDays returns the day n days later; it stays within 0001-01-01 and 9999-12-31.
func (d Date) AddDays(n int) Date {
	t := d.Start(time.UTC).AddDate(0, 0, n)
	switch {
	case t.Year() < 1:
		return dateOf(1, time.January, 1)
	case t.Year() > 9999:
		return dateOf(9999, time.December, 31)
	}
	return dateOf(t.Date())
}

// Start returns the first instant of the day in the location.
func (d Date) Start(loc *time.Location) time.Time {
	return time.Date(int(d/10000), time.Month(d/100%100), int(d%100), 0, 0, 0, 0, loc)
}
