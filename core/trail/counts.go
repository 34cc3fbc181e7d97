package trail

import (
	"context"
	"sync"
	"time"

	"kassa/core/audit"
	"kassa/core/clock"
	"kassa/core/id"
)

// maxCounts bounds what is counted at once, so that all of it has room among the writer's notes. Beyond it events are lost, and counted as that.
const maxCounts = 256

// counted is what makes one event of many.
type counted struct {
	store id.Store
	actor id.ID
	fact  audit.Fact
}

// count is how often something happened in one minute, and who did it first.
type count struct {
	n     int64
	since time.Time
	actor audit.Actor
}

// counts are what happened in minutes that are not over yet.
type counts struct {
	mu  sync.Mutex
	all map[counted]*count
}

// add counts once more. It reports false when there is no room; what is of an older minute then has to be taken first.
func (c *counts) add(k counted, a audit.Actor, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.all[k]; n != nil {
		n.n++
		return true
	}
	if len(c.all) >= maxCounts {
		return false
	}
	c.all[k] = &count{1, now, a}
	return true
}

// take removes and returns what is chosen.
func (c *counts) take(chosen func(k counted, n *count) bool) map[counted]*count {
	c.mu.Lock()
	defer c.mu.Unlock()
	var taken map[counted]*count
	for k, n := range c.all {
		if chosen(k, n) {
			if taken == nil {
				taken = map[counted]*count{}
			}
			taken[k] = n
			delete(c.all, k)
		}
	}
	return taken
}

// over reports whether the minute of the count has passed.
func (n *count) over(now time.Time) bool { return minute(n.since) != minute(now) }

func minute(t time.Time) int64 { return t.Unix() / 60 }

// Count notes that something happened that may happen very often, such as a refusal: one event for each minute, actor and fact, with how often.
// It does not wait; the event comes when the minute is over.
func (s *Service) Count(ctx context.Context, st id.Store, f audit.Fact) {
	now, actor := s.c.Clock.Now(), audit.From(ctx)
	k := counted{st, actor.ID, f}
	s.note(s.counts.take(func(other counted, n *count) bool { return other == k && n.over(now) }), 0)
	if !s.counts.add(k, actor, now) && s.c.Lost != nil {
		s.c.Lost()
	}
}

// Sweep notes what was counted in minutes that are over. It is called every second or so.
func (s *Service) Sweep() {
	now := s.c.Clock.Now()
	s.note(s.counts.take(func(_ counted, n *count) bool { return n.over(now) }), 0)
}

// Close notes all that was counted, before the writer stops.
func (s *Service) Close() {
	s.note(s.counts.take(func(counted, *count) bool { return true }), 0)
}

// note records counts. It waits for the last of them, since those of a store are recorded in their order.
func (s *Service) note(all map[counted]*count, patience time.Duration) {
	left := len(all)
	for k, n := range all {
		if left--; left > 0 {
			s.record(k, n, 0)
		} else {
			s.record(k, n, patience)
		}
	}
}

func (s *Service) record(k counted, n *count, patience time.Duration) {
	ctx := audit.WithActor(context.Background(), n.actor)
	s.c.Writer.Note(ctx, k.store, &noteOperation{note: Note{Count: n.n, Since: clock.Milli(n.since)}, facts: []audit.Fact{k.fact}}, patience)
}
