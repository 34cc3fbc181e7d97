package cashier

import (
	"context"

	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/member"
	"kassa/core/money"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

const kindTopUp = "top_up"

// TopUp is the command to put money into a member's wallet at the till.
type TopUp struct {
	Key      idempotency.Key
	Register id.ID
	Member   id.ID
	Amount   money.Amount // 1 to money.MaxPrice
	Tender   TenderKind   // Cash or Card
}

// ToppedUp is the document of a top-up.
type ToppedUp struct {
	Register id.ID
	Member   id.ID
	Amount   money.Amount
	Tender   TenderKind
}

// Kind implements journal.Document.
func (*ToppedUp) Kind() string { return kindTopUp }

// Walk implements journal.Document.
func (d *ToppedUp) Walk(c *journal.Codec) {
	journal.Text(c, "register", &d.Register)
	journal.Text(c, "member", &d.Member)
	journal.Int(c, "amount", &d.Amount)
	journal.Text(c, "tender", &d.Tender)
}

// cash returns what the top-up put into the drawer.
func (d *ToppedUp) cash() money.Amount {
	if d.Tender == Cash {
		return d.Amount
	}
	return 0
}

// Replay implements writer.Replayer.
func (d *ToppedUp) Replay(r journal.Record, b *writer.Books) error {
	if d.cash() == 0 {
		return nil
	}
	return register.ReplayCash(b, d.Register, r.Day, d.cash())
}

// TopUpOf returns the top-up of a record and the balance of the wallet after it; false when the record is no top-up.
func TopUpOf(r journal.Record) (d *ToppedUp, balance money.Amount, ok bool) {
	if d, ok = r.Doc.(*ToppedUp); !ok {
		return nil, 0, false
	}
	wallet := ledger.WalletOf(d.Member)
	for _, l := range r.Lines {
		if l.Account == string(wallet) {
			return d, wallet.Shown(l.Balance), true
		}
	}
	return nil, 0, false
}

type topUpOperation struct{ c TopUp }

// Intent implements writer.Operation.
func (o *topUpOperation) Intent() writer.Intent {
	h := idempotency.NewHasher(kindTopUp).Text(string(o.c.Register)).Text(string(o.c.Member)).Int(int64(o.c.Amount)).Text(string(o.c.Tender))
	return writer.Intent{Request: h.Sum(), Once: []writer.Once{writer.Idempotent(o.c.Key)}}
}

// Apply implements writer.Operation.
func (o *topUpOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	settings, missing := store.SettingsOf(v)
	r, unregistered := register.Find(v, o.c.Register)
	m, unknown := member.Find(v, o.c.Member)
	if err := user.Check(v, false); err != nil {
		return journal.Draft{}, nil, err
	}
	for _, err := range []error{missing, unregistered, unknown} {
		if err != nil {
			return journal.Draft{}, nil, err
		}
	}
	if !r.Active() {
		return journal.Draft{}, nil, registerInactive(r)
	}
	day := r.Today(settings.Day(v.Now()))
	if err := r.OpenOn(day); err != nil {
		return journal.Draft{}, nil, err
	}
	d := &ToppedUp{Register: r.ID(), Member: m.ID(), Amount: o.c.Amount, Tender: o.c.Tender}
	total, dayErr := register.AddToDay(v, r.ID(), day, d.cash(), 0)
	paid, unit := r.Drawer(), string(settings.Options().Currency)
	if d.Tender != Cash {
		paid = clearing(Tender{Kind: d.Tender})
	}
	var entry ledger.Entry
	entry.Debit(paid, unit, d.Amount).Credit(ledger.WalletOf(m.ID()), unit, d.Amount)
	lines, values, err := entry.Post(v)
	if err == nil {
		err = dayErr
	}
	if err != nil {
		return journal.Draft{}, nil, err
	}
	if d.cash() != 0 {
		values = append(values, total, r.On(day))
	}
	return journal.Draft{
		Day: day, Chain: r.Chain(), Refs: []journal.Ref{r.Ref(), m.Ref()}, Lines: lines, Doc: d,
		Facts: []audit.Fact{{Action: "wallet.top_up", Entity: "member", EntityID: m.ID(), After: settings.Options().Currency.Format(d.Amount)}},
	}, values, nil
}

// TopUp puts money into a member's wallet and returns its record. Faults: register_unknown, member_unknown, register_inactive, period_closed,
// amount_out_of_range, idempotency_key_reused, validation_failed.
func (s *Service) TopUp(ctx context.Context, st id.Store, c TopUp) (writer.Result, error) {
	o := &topUpOperation{c}
	var v fault.Validation
	if c.Amount < 1 || c.Amount > money.MaxPrice {
		v.Refuse("/amount", "amount_invalid", "an amount is 1 to %d minor units", money.MaxPrice)
	}
	if c.Tender != Cash && c.Tender != Card {
		v.Refuse("/tender", "tender_kind_invalid", "a wallet is topped up by %s or %s", Cash, Card)
	}
	if err := v.Err(); err != nil {
		return s.w.Refuse(ctx, st, o.Intent(), err)
	}
	return s.w.Do(ctx, st, o)
}
