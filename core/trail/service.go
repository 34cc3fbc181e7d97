package trail

import (
	"context"
	"sort"
	"strconv"
	"time"

	"kassa/core/audit"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/page"
	"kassa/core/writer"
)

// patience is how long a note is waited for, so that whoever looks next sees it.
const patience = 250 * time.Millisecond

// lastDay is beyond every record.
const lastDay clock.Date = 99991231

// Config is what a Service needs.
type Config struct {
	Writer  *writer.Writer
	Journal journal.Repository
	Clock   clock.Clock
	Lost    func() // told of events that are not recorded; may be nil
}

// Service holds the use cases of the audit trail.
type Service struct {
	c      Config
	counts counts
}

// NewService returns the service. Call Sweep every second, and Close before the writer's.
func NewService(c Config) *Service { return &Service{c: c, counts: counts{all: map[counted]*count{}}} }

// Note records facts that change no books, such as a login, by the actor of the context. It waits a moment for the commit and never fails: what
// cannot be recorded is lost, and counted as that.
func (s *Service) Note(ctx context.Context, st id.Store, facts ...audit.Fact) {
	if len(facts) > 0 {
		s.c.Writer.Note(ctx, st, &noteOperation{facts: facts}, patience)
	}
}

// List returns events, newest first. A page may be short, or even empty, and still have a next one, where few of many records match. Faults:
// cursor_invalid, not_set_up.
func (s *Service) List(ctx context.Context, st id.Store, f Filter, p page.Request) (page.List[Event], error) {
	now := s.c.Clock.Now()
	s.note(s.counts.take(func(k counted, n *count) bool { return k.store == st && n.over(now) }), patience)
	at, err := placeOf(p.After)
	if err != nil {
		return page.List[Event]{}, err
	}
	var out page.List[Event]
	err = s.c.Writer.Snapshot(ctx, func(ctx context.Context) error {
		var days calendar
		if err := s.c.Writer.Read(ctx, st, func(v *writer.View) (err error) { days, err = calendarOf(v); return err }); err != nil {
			return err
		}
		l := listing{walk: walk{j: s.c.Journal, store: st, term: f.term(), about: f.EntityID}, f: f, at: at, limit: p.Limit}
		if f.From != 0 {
			l.from = f.From.Start(days.Location())
		}
		var until time.Time
		if f.To != 0 && f.To < lastDay {
			until = f.To.AddDays(1).Start(days.Location())
		}
		if l.below, err = s.start(ctx, st, at, until); err != nil {
			return err
		}
		out, err = l.page(ctx)
		return err
	})
	return out, err
}

// start returns the position below which a page looks: that of the cursor, or of the first record at the time or later.
func (s *Service) start(ctx context.Context, st id.Store, at place, until time.Time) (int64, error) {
	h, err := s.c.Journal.Head(ctx, st)
	switch {
	case err != nil:
		return 0, err
	case at.position > h.Position+1: // nobody gave that out, and the way down from there may be long
		return 0, page.Invalid()
	case at.fact > 0:
		return at.position + 1, nil
	case at.position > 0:
		return at.position, nil
	case until.IsZero():
		return h.Position + 1, nil
	}
	// Record time never falls along positions, so no index is needed to find it.
	n := sort.Search(int(h.Position), func(i int) bool {
		if err != nil {
			return true
		}
		var rs []journal.Record
		rs, err = s.c.Journal.From(ctx, st, int64(i), 1)
		return len(rs) == 1 && !rs[0].At.Before(until)
	})
	return int64(n) + 1, err
}

// place is where a list goes on: with the facts of the record at the position that come before the one named, and with the records below.
type place struct {
	position int64
	fact     int // 0: none of the record at the position
}

func placeOf(cursor string) (place, error) {
	parts, err := page.Parts(cursor, 2)
	if err != nil || parts == nil {
		return place{}, err
	}
	position, err := strconv.ParseInt(parts[0], 10, 64)
	fact, err2 := strconv.Atoi(parts[1])
	if err != nil || err2 != nil || position < 1 || fact < 0 {
		return place{}, page.Invalid()
	}
	return place{position, fact}, nil
}

func (p place) cursor() string {
	return page.Cursor(strconv.FormatInt(p.position, 10), strconv.Itoa(p.fact))
}

// listing is one page in the making.
type listing struct {
	walk
	f     Filter
	at    place
	from  time.Time // zero: from the beginning
	limit int
	out   page.List[Event]
}

// page fills the page.
func (l *listing) page(ctx context.Context) (page.List[Event], error) {
	if l.at.position == 0 {
		l.at.position = l.below
	}
	for r, err := range l.records(ctx, l.limit+1) {
		if err != nil {
			return page.List[Event]{}, err
		}
		if r.At.Before(l.from) || l.add(r) {
			return l.out, nil
		}
	}
	if l.short {
		l.out.Next = place{position: l.below}.cursor()
	}
	return l.out, nil
}

// add adds the events of a record, the last of its facts first, and reports whether that goes beyond the page.
func (l *listing) add(r *journal.Record) (full bool) {
	for i := len(r.Facts) - 1; i >= 0; i-- {
		if r.Position == l.at.position && i >= l.at.fact || !l.f.matches(r, i) {
			continue
		}
		if len(l.out.Items) == l.limit {
			l.out.Next = place{r.Position, i + 1}.cursor()
			return true
		}
		l.out.Items = append(l.out.Items, eventOf(r, i))
	}
	return false
}
