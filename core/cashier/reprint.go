package cashier

import (
	"context"

	"kassa/core/audit"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

const kindReprint = "reprint"

// Reprinted is the document of a receipt printed again. It changes nothing; it is there to be seen.
type Reprinted struct{ Bill id.ID }

// Kind implements journal.Document.
func (*Reprinted) Kind() string { return kindReprint }

// Walk implements journal.Document.
func (d *Reprinted) Walk(c *journal.Codec) { journal.Text(c, "bill", &d.Bill) }

type reprintOperation struct{ bill id.ID }

// Intent implements writer.Operation.
func (o *reprintOperation) Intent() writer.Intent {
	return writer.Intent{Keys: []journal.Key{journal.RecordKey(o.bill)}}
}

// Apply implements writer.Operation.
func (o *reprintOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	settings, missing := store.SettingsOf(v)
	_, unknown := saleOf(v, o.bill)
	if err := user.Check(v, false); err != nil {
		return journal.Draft{}, nil, err
	}
	for _, err := range []error{missing, unknown} {
		if err != nil {
			return journal.Draft{}, nil, err
		}
	}
	return journal.Draft{
		Day: settings.Day(v.Now()), Refs: []journal.Ref{ReturnsRef(o.bill)}, Doc: &Reprinted{Bill: o.bill},
		Facts: []audit.Fact{{Action: kindReprint, Entity: "bill", EntityID: o.bill}},
	}, nil, nil
}

// Reprint notes that the receipt of a bill is printed again and returns what it needs; bill_unknown.
func (s *Service) Reprint(ctx context.Context, st id.Store, i id.ID) (Slip, error) {
	if _, err := s.w.Do(ctx, st, &reprintOperation{bill: i}); err != nil {
		return Slip{}, err
	}
	return s.Slip(ctx, st, i)
}
