package user

import (
	"context"
	"slices"
	"sync"
	"time"

	"kassa/core/fault"
)

// Turns lets one caller at a time work on a name. Registrations of one e-mail address take turns, so that all but the first are refused
// before they have a secret hashed, which is slow. Which of two processes wins is decided when the operation is applied. The zero value is ready.
type Turns struct {
	mu    sync.Mutex
	taken map[string]*turn
}

type turn struct {
	free  chan struct{} // holds one token while nobody works
	users int           // who works or waits
}

// Take waits for the turn on every name and returns how to end it; Unavailable fault busy when the context ends first. Empty names need no turn.
func (t *Turns) Take(ctx context.Context, names ...string) (release func(), err error) {
	names = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(names))), func(n string) bool { return n == "" })
	for i, n := range names {
		if err := t.take(ctx, n); err != nil {
			t.release(names[:i])
			return nil, err
		}
	}
	return func() { t.release(names) }, nil
}

func (t *Turns) take(ctx context.Context, name string) error {
	t.mu.Lock()
	if t.taken == nil {
		t.taken = map[string]*turn{}
	}
	w := t.taken[name]
	if w == nil {
		w = &turn{free: make(chan struct{}, 1)}
		w.free <- struct{}{}
		t.taken[name] = w
	}
	w.users++
	t.mu.Unlock()
	select {
	case <-w.free:
		return nil
	case <-ctx.Done():
		t.leave(name, w)
		return fault.New(fault.Unavailable, "busy", "others are registering the same; try again in a moment").Retry(time.Second).Wrap(ctx.Err())
	}
}

func (t *Turns) release(names []string) {
	for _, n := range names {
		t.mu.Lock()
		w := t.taken[n]
		t.mu.Unlock()
		w.free <- struct{}{}
		t.leave(n, w)
	}
}

func (t *Turns) leave(name string, w *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if w.users--; w.users == 0 {
		delete(t.taken, name)
	}
}
