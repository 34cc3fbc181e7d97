package report

import (
	"fmt"
	"testing"

	"kassa/core/clock"

	"pgregory.net/rapid"
)

func TestSpansAreEveryDayOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		about := rapid.SampledFrom([]clock.Date{10101, 20260101, 20240201, 99981001}).Draw(t, "about")
		date := func(name string) clock.Date { return about.AddDays(rapid.IntRange(0, 500).Draw(t, name)) }
		from, to := date("from"), date("to")
		r := Range{min(from, to), max(from, to)}
		for _, i := range []Interval{Daily, Monthly} {
			spans := r.spans(i)
			for d := r.From.AddDays(-40); d <= r.To.AddDays(40); d = d.AddDays(1) {
				n := 0
				for _, s := range spans {
					if s.holds(day(d)) || s.holds(day(d).month()) {
						n++
					}
				}
				if within := d >= r.From && d <= r.To; n > 1 || (n == 1) != within {
					t.Fatalf("%v is %d times in %v of %v", d, n, spans, r)
				}
				if d == lastDate {
					break
				}
			}
			if len(spans) > 3 {
				t.Fatalf("%v takes %v", r, spans)
			}
		}
	})
}

func TestWholeMonthsAreReadAsMonths(t *testing.T) {
	for r, want := range map[Range]string{
		{20260101, 20261231}: "[{2026-01 2026-12}]", {20260201, 20260228}: "[{2026-02 2026-02}]", {20260202, 20260228}: "[{2026-02-02 2026-02-28}]",
		{20260131, 20260301}: "[{2026-01-31 2026-01-31} {2026-03-01 2026-03-01} {2026-02 2026-02}]", {10101, 99991231}: "[{0001-01 9999-12}]",
		{99991215, 99991231}: "[{9999-12-15 9999-12-31}]",
	} {
		if got := fmt.Sprint(r.spans(Monthly)); got != want {
			t.Errorf("%v: %s, want %s", r, got, want)
		}
	}
	if n := len(Range{20240101, 20241231}.spans(Daily)); n != 1 {
		t.Errorf("%d spans of days", n)
	}
}
