package report

import (
	"strings"

	"kassa/core/clock"
	"kassa/core/fault"
)

// Period names a business day (2026-11-21) or a month (2026-11).
type Period string

// Interval says how long the periods of a report are.
type Interval string

// The intervals.
const (
	Daily   Interval = "day"
	Monthly Interval = "month"
)

// The most periods that a report of periods has.
const (
	maxDays   = 366
	maxMonths = 120
)

const lengthOfMonth = len("2026-11")

// day returns the period of the day.
func day(d clock.Date) Period { return Period(d.String()) }

// month returns the month that holds the period.
func (p Period) month() Period { return p[:lengthOfMonth] }

// in returns the period of the interval that holds p.
func (i Interval) in(p Period) Period {
	if i == Monthly {
		return p.month()
	}
	return p
}

// Range are the business days of a report, both included.
type Range struct{ From, To clock.Date }

// NewRange returns the range; Invalid fault range_invalid when it ends before it begins.
func NewRange(from, to clock.Date) (Range, error) {
	if from > to {
		return Range{}, fault.New(fault.Invalid, "range_invalid", "from is %s and to is %s, which is earlier", from, to).
			With("from", from.String()).With("to", to.String())
	}
	return Range{from, to}, nil
}

// Year returns the range of a year from 1 to 9999; Invalid fault year_invalid.
func Year(y int64) (Range, error) {
	if y < 1 || y > 9999 {
		return Range{}, fault.New(fault.Invalid, "year_invalid", "a year is 1 to 9999")
	}
	first := clock.Date(y*10000 + 101)
	return Range{first, first + 1130}, nil
}

// periods lists every period of the interval that the range touches; Invalid fault range_too_long beyond the bounds above.
func (r Range) periods(i Interval) ([]Period, error) {
	most := maxDays
	if i == Monthly {
		most = maxMonths
	}
	var all []Period
	for d := r.From; ; d = i.next(d) {
		if len(all) == most {
			return nil, fault.New(fault.Invalid, "range_too_long", "a report by %s has at most %d of them", string(i), most).With("most", most)
		}
		p := i.in(day(d))
		if all = append(all, p); p == i.in(day(r.To)) {
			return all, nil
		}
	}
}

// next returns a day of the period that follows that of d.
func (i Interval) next(d clock.Date) clock.Date {
	if i == Monthly {
		return (d/100*100 + 1).AddDays(31)
	}
	return d.AddDays(1)
}

// span are neighbouring periods of one length, both included.
type span struct{ first, last Period }

// spans covers the range with its days or, for months, with as few periods as possible: its whole months, and the days before and after them.
func (r Range) spans(i Interval) []span {
	from, to := day(r.From), day(r.To)
	if i == Daily {
		return []span{{from, to}}
	}
	first, last := from.month(), to.month()
	whole := r.From%100 == 1
	if !whole {
		first = day(Monthly.next(r.From)).month()
	}
	ends := day(r.To.AddDays(1)).month() != last || r.To == lastDate
	if first > last || first == last && !ends || !whole && first == from.month() {
		return []span{{from, to}}
	}
	var all []span
	if !whole {
		all = append(all, span{from, from.month() + "-31"})
	}
	if !ends {
		all = append(all, span{last + "-01", to})
		last = day((r.To/100*100 + 1).AddDays(-1)).month()
	}
	if first <= last {
		all = append(all, span{first, last})
	}
	return all
}

const lastDate clock.Date = 99991231

// holds reports whether the period is one of the span.
func (s span) holds(p Period) bool { return p >= s.first && p <= s.last && len(p) == len(s.last) }

// Part is what a page holds of its period.
type Part string

// The parts. Rows of products and members are spread over shards, so that one page stays small.
const (
	sums     Part = "sums"
	products Part = "products"
	members  Part = "members"
)

// Key names a page: part, length of the period, period and shard. Pages of neighbouring periods are neighbours in the order of their keys.
type Key string

func (p Part) prefix(of Period) string {
	if len(of) == lengthOfMonth {
		return string(p) + "/month/" + string(of) + "/"
	}
	return string(p) + "/day/" + string(of) + "/"
}

// key returns the key of a shard's page.
func (p Part) key(of Period, shard uint32) Key {
	const digits = "0123456789abcdef"
	return Key(p.prefix(of) + digits[shard:shard+1])
}

// keys returns the first key of the span's pages, and the first one that is after them.
func (p Part) keys(s span) (low, high Key) {
	last := p.prefix(s.last)
	return Key(p.prefix(s.first)), Key(last[:len(last)-1] + "0") // a 0 sorts after a slash
}

// period returns the period of the page.
func (k Key) period() Period {
	parts := strings.Split(string(k), "/")
	if len(parts) != 4 {
		return ""
	}
	return Period(parts[2])
}
