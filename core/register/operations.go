package register

import (
	"strings"

	"kassa/core/audit"
	"kassa/core/claim"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/money"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

// Find returns the register, or the NotFound fault register_unknown.
func Find(v *writer.View, i id.ID) (*Register, error) {
	r, ok := writer.Get[*Register](v, Ref(i))
	if !ok {
		return nil, fault.New(fault.NotFound, "register_unknown", "there is no such register").With("register_id", string(i))
	}
	return r, nil
}

// AddToDay returns the day after one more cash movement of the amount and so many bills.
func AddToDay(v *writer.View, register id.ID, d clock.Date, cash money.Amount, bills int64) (*Day, error) {
	day := Day{register: register, day: d}
	if before, ok := writer.Get[*Day](v, DayRef(register, d)); ok {
		day = *before
	}
	return day.after(cash, bills)
}

// nameClaim is the kind of claim on a register's name, whatever its letter case.
const nameClaim = "register-name"

func nameRef(name string) journal.Ref { return journal.NewRef(nameClaim, strings.ToLower(name)) }

// Create is the command to add a register.
type Create struct {
	Key           idempotency.Key // needed with an opening amount
	Name          string
	OpeningAmount money.Amount // cash in the drawer from the start
}

type createOperation struct {
	c Create
}

func (o *createOperation) Intent() writer.Intent {
	if o.c.Key == "" {
		return writer.Intent{}
	}
	return writer.Intent{
		Request: idempotency.NewHasher("register.create").Text(o.c.Name).Int(int64(o.c.OpeningAmount)).Sum(),
		Once:    []writer.Once{writer.Idempotent(o.c.Key)},
	}
}

func (o *createOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	name := strings.TrimSpace(o.c.Name)
	settings, missing := store.SettingsOf(v)
	own, taken := claim.Take(v, nameRef(name), v.ID(), "name_taken")
	for _, err := range []error{user.Check(v, true), missing, taken} {
		if err != nil {
			return journal.Draft{}, nil, err
		}
	}
	r, err := New(v.ID(), name)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	day := settings.Day(v.Now())
	var entry ledger.Entry
	unit := string(settings.Options().Currency)
	entry.Debit(r.Drawer(), unit, o.c.OpeningAmount).Credit(ledger.NewID(ledger.External, ""), unit, o.c.OpeningAmount)
	lines, values, err := entry.Post(v)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	values = append(values, r, own)
	if o.c.OpeningAmount != 0 {
		r.lastMovement, r.newestDay = 1, day
		total, err := AddToDay(v, r.id, day, o.c.OpeningAmount, 0)
		if err != nil {
			return journal.Draft{}, nil, err
		}
		values = append(values, total)
	}
	doc := &Opening{Register: *r, Amount: o.c.OpeningAmount}
	return journal.Draft{
		Day: day, Chain: r.Chain(), Refs: []journal.Ref{r.Ref(), "registers"}, Lines: lines, Doc: doc,
		Facts: []audit.Fact{{Action: "register.create", Entity: "register", EntityID: r.id, After: r.name}},
	}, values, nil
}

// Edit is the command to change a register.
type Edit struct {
	ID      id.ID
	Version int64
	Name    *string
	Active  *bool
}

type editOperation struct{ c Edit }

func (o *editOperation) Intent() writer.Intent { return writer.Intent{} }

func (o *editOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	settings, missing := store.SettingsOf(v)
	r, unknown := Find(v, o.c.ID)
	for _, err := range []error{user.Check(v, true), missing, unknown} {
		if err != nil {
			return journal.Draft{}, nil, err
		}
	}
	name, active := r.name, r.active
	if o.c.Name != nil {
		name = strings.TrimSpace(*o.c.Name)
	}
	if o.c.Active != nil {
		active = *o.c.Active
	}
	own, err := claim.Take(v, nameRef(name), r.id, "name_taken")
	if err != nil {
		return journal.Draft{}, nil, err
	}
	if o.c.Version != r.version {
		return journal.Draft{}, nil, fault.StaleVersion(r.version)
	}
	after, err := r.Edited(name, active)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	values := []writer.Value{after, own}
	if nameRef(name) != nameRef(r.name) {
		values = append(values, claim.Release(nameRef(r.name)))
	}
	return journal.Draft{
		Day: settings.Day(v.Now()), Chain: r.Chain(), Refs: []journal.Ref{r.Ref()}, Doc: &Change{Register: *after},
		Facts: []audit.Fact{{Action: "register.edit", Entity: "register", EntityID: r.id, Before: r.name, After: after.name}},
	}, values, nil
}
