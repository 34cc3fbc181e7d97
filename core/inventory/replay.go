package inventory

import (
	"fmt"

	"kassa/core/journal"
	"kassa/core/writer"
)

// replayed are the books of a replay, as operations see them.
type replayed struct{ *writer.Books }

// Value implements books.
func (r replayed) Value(ref journal.Ref) writer.Value { return r.Get(ref) }

// Replay implements writer.Replayer.
func (e *Edit) Replay(_ journal.Record, b *writer.Books) error {
	after := e.Product
	before, _ := find(replayed{b}, after.id)
	claims, err := moveClaims(replayed{b}, before, &after)
	if err != nil {
		return err
	}
	b.Put(append(claims, &after)...)
	if e.Change == Created {
		b.Put(stockOf(replayed{b}, after.id))
	}
	for _, m := range e.Movements {
		if err := m.replay(b); err != nil {
			return err
		}
	}
	return nil
}

// Replay implements writer.Replayer.
func (b *Booking) Replay(_ journal.Record, on *writer.Books) error { return b.Movement.replay(on) }

func (m Movement) replay(b *writer.Books) error {
	s := stockOf(replayed{b}, m.Product)
	if s.onHand != m.Before {
		return fmt.Errorf("it found %s of product %s on hand, and the records before it left %s", m.Before, m.Product, s.onHand)
	}
	after, err := s.Move(m.Delta)
	if err != nil {
		return err
	}
	b.Put(after)
	return nil
}
