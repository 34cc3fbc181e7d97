package member

import (
	"errors"

	"kassa/core/audit"
	"kassa/core/claim"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

// errUnchanged refuses what changes nothing, so that it leaves no record. The service takes it for success.
var errUnchanged = errors.New("nothing changes")

// begin asks for what every operation needs, and returns the business date.
func begin(v *writer.View, needManager bool) (clock.Date, error) {
	settings, err := store.SettingsOf(v)
	if err := user.Check(v, needManager); err != nil {
		return 0, err
	}
	if err != nil {
		return 0, err
	}
	return settings.Day(v.Now()), nil
}

// HistoryRef lists what was done to a member, bills apart.
func HistoryRef(i id.ID) journal.Ref { return journal.NewRef("member-history", string(i)) }

// draft returns the record of a change.
func draft(today clock.Date, kind string, before, after *Member, changed []string) journal.Draft {
	doc := &Change{kind: kind, Member: after.s.ID, Tier: after.s.Tier, Changed: changed}
	return journal.Draft{Day: today, Refs: []journal.Ref{HistoryRef(after.s.ID)}, Facts: []audit.Fact{doc.fact(before)}, Doc: doc}
}

// claims returns the claims that change when a member, who may be new, becomes another; Conflict faults email_taken, phone_taken.
func claims(v *writer.View, before, after Snapshot) ([]writer.Value, error) {
	email, emailErr := move(v, before.Email, after.Email, EmailRef, after.ID, "email_taken")
	phone, phoneErr := move(v, before.Phone, after.Phone, PhoneRef, after.ID, "phone_taken")
	if emailErr != nil {
		return nil, emailErr
	}
	return append(email, phone...), phoneErr
}

func move(v *writer.View, before, after string, ref func(string) journal.Ref, who id.ID, code string) (cs []writer.Value, err error) {
	from, to := ref(before), ref(after)
	if from == to {
		return nil, nil
	}
	if before != "" {
		cs = append(cs, claim.Release(from))
	}
	if after != "" {
		taken, err := claim.Take(v, to, who, code)
		if err != nil {
			return nil, err
		}
		cs = append(cs, taken)
	}
	return cs, nil
}

// registerOperation adds a member. Its snapshot has checked fields and the PIN as a hash, but no id yet.
type registerOperation struct{ s Snapshot }

// Intent implements writer.Operation.
func (o *registerOperation) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *registerOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	s := o.s
	s.ID, s.Tier, s.CreatedAt, s.Version = v.ID(), Regular, v.Now(), 1
	today, err := begin(v, false)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	values, err := claims(v, Snapshot{}, s)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	m := &Member{s}
	return draft(today, registered, nil, m, nil), append(values, m), m.check()
}

// editOperation changes a member. pinHash is the new PIN's, or empty; oldHash is what the old PIN was compared with, or empty where a manager
// changes the PIN.
type editOperation struct {
	c                Edit
	pinHash, oldHash string
}

// Intent implements writer.Operation.
func (o *editOperation) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *editOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	today, err := begin(v, o.pinHash != "" && o.oldHash == "")
	if err != nil {
		return journal.Draft{}, nil, err
	}
	before, err := Find(v, o.c.ID)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	if before.s.Version != o.c.Version || o.oldHash != "" && before.s.PINHash != o.oldHash {
		return journal.Draft{}, nil, fault.StaleVersion(before.s.Version)
	}
	after, changed := o.on(before)
	if len(changed) == 0 {
		return journal.Draft{}, nil, errUnchanged
	}
	values, err := claims(v, before.s, after.s)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	return draft(today, edited, before, after, changed), append(values, after), after.check()
}

// on returns the member after the edit, and the names of the fields that changed.
func (o *editOperation) on(before *Member) (after *Member, changed []string) {
	s := before.s
	for _, f := range []struct {
		name     string
		from, to *string
	}{{"name", &s.Name, o.c.Name}, {"email", &s.Email, o.c.Email}, {"phone", &s.Phone, o.c.Phone}} {
		if f.to != nil && *f.to != *f.from {
			*f.from, changed = *f.to, append(changed, f.name)
		}
	}
	if o.pinHash != "" {
		s.PINHash, changed = o.pinHash, append(changed, "pin")
	}
	s.Version++
	return &Member{s}, changed
}

type deleteOperation struct{ c Delete }

// Intent implements writer.Operation.
func (o *deleteOperation) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *deleteOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	today, err := begin(v, true)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	wallet, _ := writer.Get[*ledger.Account](v, ledger.WalletOf(o.c.ID).Ref())
	before, err := Find(v, o.c.ID)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	if before.s.Version != o.c.Version {
		return journal.Draft{}, nil, fault.StaleVersion(before.s.Version)
	}
	if holds := wallet.Balance(); holds != 0 {
		return journal.Draft{}, nil, walletNotEmpty(o.c.ID, holds)
	}
	s := before.s
	after := &Member{Snapshot{ID: s.ID, Tier: s.Tier, Deleted: true, CreatedAt: s.CreatedAt, Version: s.Version + 1}}
	values, err := claims(v, s, after.s)
	return draft(today, deleted, before, after, nil), append(values, after), err
}

// tierOperation moves a member to a tier. The member's token must not be spent.
type tierOperation struct {
	word Word
	tier Tier
}

// TokenKey is held by the record that spent a member token.
func TokenKey(token id.ID) journal.Key { return journal.NewKey("token", string(token)) }

// Intent implements writer.Operation.
func (o *tierOperation) Intent() writer.Intent {
	return writer.Intent{Keys: []journal.Key{TokenKey(o.word.Token)}}
}

// Apply implements writer.Operation.
func (o *tierOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	_, spent := v.Record(TokenKey(o.word.Token))
	today, err := begin(v, false)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	before, _ := Find(v, o.word.Member)
	switch {
	case spent || !o.word.Holds(before):
		return journal.Draft{}, nil, TokenInvalid()
	case before.s.Tier == o.tier:
		return journal.Draft{}, nil, errUnchanged
	}
	s := before.s
	s.Tier = o.tier
	after := &Member{s}
	return draft(today, moved, before, after, nil), []writer.Value{after}, nil
}
