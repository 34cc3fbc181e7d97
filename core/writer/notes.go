package writer

import (
	"context"
	"time"

	"kassa/core/id"
)

// The bounds of the second lane.
const (
	maxNotes      = 256 // that wait
	notesPerBatch = 8
)

// Note records an operation that changes no books, such as a login, in the second lane of the store: behind what waits in the first, and few at
// a time, so that sales never wait for them. It waits no longer than patience for the commit. What cannot be recorded, because too many wait or
// the commit fails, is lost; the Observer counts it, and nobody is refused for it.
func (w *Writer) Note(ctx context.Context, s id.Store, op Operation, patience time.Duration) {
	t := w.task(context.WithoutCancel(ctx), op)
	t.lost = w.c.Observer.NoteLost
	if err := w.enqueue(s, t); err != nil {
		t.finish(Result{}, err)
	}
	if patience <= 0 {
		return
	}
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-t.done:
	case <-limit.C:
	case <-ctx.Done():
	}
}

// arrival waits for a task, or for a note, which it keeps in hand and returns nil for. It returns false when the time is up, or once both lanes
// are closed and empty.
func (l *lane) arrival(idle <-chan time.Time) (*task, bool) {
	select {
	case t, ok := <-l.queue:
		if ok {
			return t, true
		}
		n, ok := <-l.notes // which are closed, too
		l.keep(n, ok)
		return nil, ok
	case n, ok := <-l.notes:
		l.keep(n, ok)
		if ok {
			return nil, true
		}
		t, ok := <-l.queue
		return t, ok
	case <-idle:
		return nil, false
	}
}

func (l *lane) keep(n *task, ok bool) {
	if ok {
		l.inHand = append(l.inHand, n)
	}
}

// takeNotes returns the notes that go with the next commit, after everything else in it.
func (l *lane) takeNotes() []*task {
	for len(l.inHand) < notesPerBatch {
		select {
		case n, ok := <-l.notes:
			if ok {
				l.inHand = append(l.inHand, n)
				continue
			}
		default:
		}
		break
	}
	notes := l.inHand
	l.inHand = nil
	return notes
}
