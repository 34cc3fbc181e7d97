package user

import (
	"context"
	"hash/fnv"
	"slices"
	"time"

	"kassa/core/fault"
)

// turnCount is how many work at once. Together they wait less for the hasher, on one processor too, than it lets anybody wait.
const turnCount = 4

// Turns lets few at a time have a secret hashed, which is slow, and never two for the same name: those who register one e-mail address at
// once are refused one after the other, all but the first, before anything is hashed for them; and many who register wait here as long as
// their requests allow. Which of two processes wins is decided when the operation is applied.
type Turns struct{ free [turnCount]chan struct{} }

// NewTurns returns turns that nobody has.
func NewTurns() *Turns {
	t := &Turns{}
	for i := range t.free {
		t.free[i] = make(chan struct{}, 1)
		t.free[i] <- struct{}{}
	}
	return t
}

// Take waits for the turn on every name that is not empty and returns how to end it; Unavailable fault busy when the context ends first.
func (t *Turns) Take(ctx context.Context, names ...string) (release func(), err error) {
	var places []int
	for _, n := range names {
		if n == "" {
			continue
		}
		h := fnv.New32a()
		_, _ = h.Write([]byte(n)) // never fails
		places = append(places, int(h.Sum32()%turnCount))
	}
	slices.Sort(places) // all in the same order, so that nobody waits for each other
	places = slices.Compact(places)
	for i, at := range places {
		select {
		case <-t.free[at]:
		case <-ctx.Done():
			t.release(places[:i])
			return nil, fault.New(fault.Unavailable, "busy", "too many register at once; try again in a moment").Retry(time.Second).Wrap(ctx.Err())
		}
	}
	return func() { t.release(places) }, nil
}

func (t *Turns) release(places []int) {
	for _, at := range places {
		t.free[at] <- struct{}{}
	}
}
