package user

import (
	"context"
	"errors"
	"sync"
	"time"

	"kassa/core/id"
)

const (
	presentFor   = 900 * time.Millisecond // what another process changes is seen after this, and a look: within 1 s
	presentLimit = 10_000                 // sessions in each of two generations
	lookWithin   = 5 * time.Second        // one look at the database
)

// place names a session among all stores.
type place struct {
	store   id.Store
	session id.ID
}

// present remembers for a second who is signed in, so that a request does not read the database. What this process changes is forgotten at
// once, also by those who are looking it up at that moment.
type present struct {
	mu         sync.RWMutex
	young, old map[place]sighting
	looks      map[place]*look
	epoch      int64 // counts what was forgotten
}

type sighting struct {
	p     Principal
	until time.Time
}

// look is a look at the database that others wait for.
type look struct {
	done chan struct{}
	p    Principal
	err  error
}

var errLookFailed = errors.New("looking a session up did not end")

func newPresent() *present {
	return &present{young: map[place]sighting{}, old: map[place]sighting{}, looks: map[place]*look{}}
}

// get returns who was seen in the session within the last second.
func (c *present) get(at place, now time.Time) (Principal, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.seen(at, now)
}

// seen is get for who holds the lock.
func (c *present) seen(at place, now time.Time) (Principal, bool) {
	s, ok := c.young[at]
	if !ok {
		s, ok = c.old[at]
	}
	return s.p, ok && now.Before(s.until)
}

// find looks the session up, once for all who ask at the same time.
func (c *present) find(ctx context.Context, at place, now time.Time, ask func(ctx context.Context) (Principal, error)) (Principal, error) {
	c.mu.Lock()
	if p, ok := c.seen(at, now); ok { // a look ended since get
		c.mu.Unlock()
		return p, nil
	}
	if l := c.looks[at]; l != nil {
		c.mu.Unlock()
		select {
		case <-l.done:
			return l.p, l.err
		case <-ctx.Done():
			return Principal{}, ctx.Err()
		}
	}
	l := &look{done: make(chan struct{})}
	c.looks[at] = l
	epoch := c.epoch
	c.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookWithin) // others wait for it too
	defer cancel()
	l.err = errLookFailed
	defer func() {
		close(l.done)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.looks[at] == l {
			delete(c.looks, at)
		}
		if l.err == nil && c.epoch == epoch {
			c.put(at, sighting{l.p, now.Add(presentFor)})
		}
	}()
	l.p, l.err = ask(ctx)
	return l.p, l.err
}

func (c *present) put(at place, s sighting) {
	if len(c.young) >= presentLimit {
		c.old, c.young = c.young, make(map[place]sighting, presentLimit)
	}
	c.young[at] = s
}

// forget forgets one session.
func (c *present) forget(at place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, at)
	delete(c.old, at)
	delete(c.looks, at)
	c.epoch++
}

// forgetAll forgets everybody, because a user changed, which is rare.
func (c *present) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.young, c.old = map[place]sighting{}, map[place]sighting{}
	clear(c.looks)
	c.epoch++
}
