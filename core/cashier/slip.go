package cashier

import (
	"context"

	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

// Slip is a bill with what else stands on its receipt.
type Slip struct {
	Bill     Booked
	Settings *store.Settings
	Register *register.Register
	Cashier  string // name; empty for a user who was deleted
	Of       int64  // receipt number of the sale that a refund or void gives back, or 0
}

// Slip returns what the receipt of a bill needs; bill_unknown.
func (s *Service) Slip(ctx context.Context, st id.Store, i id.ID) (Slip, error) {
	var out Slip
	err := s.w.Read(ctx, st, func(v *writer.View) error {
		out = Slip{}
		r, ok := v.Record(journal.RecordKey(i))
		if ok {
			out.Bill, ok = BookedOf(r)
		}
		if !ok {
			return billUnknown(i)
		}
		if u, known := writer.Get[*user.User](v, user.Ref(out.Bill.Cashier)); known {
			out.Cashier = u.Snapshot().Name
		}
		if !out.Bill.Sold() {
			if sale, err := saleOf(v, out.Bill.RefundOf); err == nil {
				out.Of = sale.Number
			}
		}
		settings, missing := store.SettingsOf(v)
		till, err := register.Find(v, out.Bill.Register)
		if err == nil {
			err = missing
		}
		out.Settings, out.Register = settings, till
		return err
	})
	return out, err
}
