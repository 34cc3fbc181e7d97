package register

import (
	"context"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/ledger"
	"kassa/core/money"
	"kassa/core/page"
	"kassa/core/store"
	"kassa/core/writer"
)

// Standing is a register with the cash in its drawer.
type Standing struct {
	Register *Register
	Balance  money.Amount
}

// Service holds the use cases of registers.
type Service struct {
	w *writer.Writer
	r Repository
}

// NewService returns the service.
func NewService(w *writer.Writer, r Repository) *Service { return &Service{w: w, r: r} }

// Create adds a register and returns its record. Faults: name_invalid, name_taken, amount_invalid, idempotency_key_reused.
func (s *Service) Create(ctx context.Context, st id.Store, c Create) (writer.Result, error) {
	if c.OpeningAmount < 0 || c.OpeningAmount > money.Max {
		var v fault.Validation
		v.Refuse("/opening_amount", "amount_invalid", "an opening amount is 0 to %d", money.Max)
		return s.w.Refuse(ctx, st, (&createOperation{c}).Intent(), v.Err())
	}
	return s.w.Do(ctx, st, &createOperation{c})
}

// Edit changes a register. Faults: register_unknown, name_invalid, name_taken, version_stale.
func (s *Service) Edit(ctx context.Context, st id.Store, c Edit) (writer.Result, error) {
	return s.w.Do(ctx, st, &editOperation{c})
}

// Get returns a register and its balance; register_unknown.
func (s *Service) Get(ctx context.Context, st id.Store, i id.ID) (Standing, error) {
	var out Standing
	err := s.w.Read(ctx, st, func(v *writer.View) error {
		var err error
		out, err = standing(v, i)
		return err
	})
	return out, err
}

func standing(v *writer.View, i id.ID) (Standing, error) {
	a, _ := writer.Get[*ledger.Account](v, ledger.DrawerOf(i).Ref())
	r, err := Find(v, i)
	return Standing{Register: r, Balance: a.Balance()}, err
}

// List returns registers with their balances, by name.
func (s *Service) List(ctx context.Context, st id.Store, p page.Request) (page.List[Standing], error) {
	found, err := s.r.List(ctx, st, p)
	if err != nil {
		return page.List[Standing]{}, err
	}
	out := page.List[Standing]{Next: found.Next}
	err = s.w.Read(ctx, st, func(v *writer.View) error {
		out.Items = make([]Standing, len(found.Items))
		for i, r := range found.Items {
			out.Items[i], _ = standing(v, r.id)
		}
		return nil
	})
	return out, err
}

// Each gives fn every register by name, without what its drawer holds.
func (s *Service) Each(ctx context.Context, st id.Store, fn func(*Register)) error {
	read := func(p page.Request) (page.List[*Register], error) { return s.r.List(ctx, st, p) }
	return page.Each(read, func(r *Register) error { fn(r); return nil })
}

// Balance returns the cash in the drawer, now or at the end of a business day, and that day; without a day it is all that the drawer holds.
// register_unknown.
func (s *Service) Balance(ctx context.Context, st id.Store, i id.ID, day clock.Date) (money.Amount, clock.Date, error) {
	var now Standing
	var after money.Amount
	whole := day == 0
	err := s.w.Snapshot(ctx, func(ctx context.Context) error {
		err := s.w.Read(ctx, st, func(v *writer.View) error {
			settings, err := store.SettingsOf(v)
			if err != nil {
				return err
			}
			if now, err = standing(v, i); err == nil && day == 0 {
				day = now.Register.Today(settings.Day(v.Now()))
			}
			return err
		})
		if err == nil && !whole {
			after, err = s.r.CashAfter(ctx, st, i, day)
		}
		return err
	})
	return now.Balance - after, day, err
}
