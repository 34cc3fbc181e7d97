package register

import (
	"fmt"

	"kassa/core/claim"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/money"
	"kassa/core/writer"
)

// ReplayBill puts into the books what a bill changed of its register; an error when its number does not follow the one before it.
func ReplayBill(b *writer.Books, register id.ID, number int64, d clock.Date, cash, total money.Amount) error {
	r, ok := writer.Find[*Register](b, Ref(register))
	if !ok {
		return fmt.Errorf("register %s was never opened", register)
	}
	after, err := r.On(d).Booked(total)
	if err != nil {
		return err
	}
	if number != after.lastReceipt {
		return fmt.Errorf("bill %d of register %s has the number %d", after.lastReceipt, register, number)
	}
	b.Put(after)
	return replayDay(b, register, d, cash, 1)
}

// ReplayCash puts into the books a cash movement of a day that is no bill.
func ReplayCash(b *writer.Books, register id.ID, d clock.Date, cash money.Amount) error {
	r, ok := writer.Find[*Register](b, Ref(register))
	if !ok {
		return fmt.Errorf("register %s was never opened", register)
	}
	b.Put(r.On(d))
	return replayDay(b, register, d, cash, 0)
}

func replayDay(b *writer.Books, register id.ID, d clock.Date, cash money.Amount, bills int64) error {
	day := Day{register: register, day: d}
	if before, ok := writer.Find[*Day](b, DayRef(register, d)); ok {
		day = *before
	}
	after, err := day.after(cash, bills)
	b.Put(after)
	return err
}

// Replay implements writer.Replayer.
func (o *Opening) Replay(r journal.Record, b *writer.Books) error {
	register := o.Register
	b.Put(&register, claim.New(nameRef(register.name), register.id))
	if o.Amount == 0 {
		return nil
	}
	return ReplayCash(b, register.id, r.Day, o.Amount)
}

// Replay implements writer.Replayer.
func (o *Change) Replay(_ journal.Record, b *writer.Books) error {
	after := o.Register
	if before, ok := writer.Find[*Register](b, after.Ref()); ok && nameRef(before.name) != nameRef(after.name) {
		b.Put(claim.Release(nameRef(before.name)))
	}
	b.Put(&after, claim.New(nameRef(after.name), after.id))
	return nil
}
