package inventory

import (
	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

// begin asks for what every operation needs: the settings, and a manager who acts.
func begin(v *writer.View) (*store.Settings, error) {
	settings, err := store.SettingsOf(v)
	if denied := user.Check(v, true); denied != nil {
		return nil, denied
	}
	return settings, err
}

// result is what an operation decided: the document, what it was before, and the changed values.
type result struct {
	doc    journal.Document
	before *Product // of an edit
	values []writer.Value
}

// draft returns the record of a result.
func (r result) draft(s *store.Settings, v *writer.View) journal.Draft {
	d := journal.Draft{Day: s.Day(v.Now()), Doc: r.doc}
	switch doc := r.doc.(type) {
	case *Edit:
		d.Refs = append(d.Refs, ProductRef(doc.Product.id), EditsRef)
		d.Facts = append(d.Facts, doc.fact(r.before))
		for i := range doc.Movements {
			d.Refs = append(d.Refs, StockRef(doc.Product.id))
			d.Facts = append(d.Facts, doc.Movements[i].fact())
		}
	case *Booking:
		d.Refs, d.Facts = []journal.Ref{StockRef(doc.Movement.Product)}, []audit.Fact{doc.Movement.fact()}
	}
	return d
}

// Create is the command to add a product.
type Create struct {
	Key     idempotency.Key   // needed with a stock, ignored without
	Details Details           //
	Stock   *measure.Quantity // on hand from the start; nil: nothing, and no movement
}

type createOperation struct{ c Create }

// Intent implements writer.Operation.
func (o *createOperation) Intent() writer.Intent {
	if o.c.Stock == nil {
		return writer.Intent{}
	}
	h := idempotency.NewHasher("product.create").Int(int64(*o.c.Stock)).Int(int64(o.c.Details.Price))
	for _, f := range o.c.Details.tidy().texts() {
		h.Text(f.text)
	}
	return writer.Intent{Request: h.Sum(), Once: []writer.Once{writer.Idempotent(o.c.Key)}}
}

// Apply implements writer.Operation.
func (o *createOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	settings, err := begin(v)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	p, err := NewProduct(v.ID(), o.c.Details)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	r, err := opened(v, nil, p, o.c.Stock)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	return r.draft(settings, v), r.values, nil
}

// opened adds a product that takes the place of a deleted one, or of none. Its stock is its opening stock, whatever was left of the
// deleted one's.
func opened(b books, deleted, p *Product, stock *measure.Quantity) (result, error) {
	s := stockOf(b, p.id)
	claims, err := moveClaims(b, deleted, p)
	if err != nil {
		return result{}, err
	}
	if err := p.staysDivisible(deleted); err != nil {
		return result{}, err
	}
	doc := &Edit{Change: Created, Product: *p}
	if stock != nil || s.onHand != 0 {
		var q measure.Quantity
		if stock != nil {
			q = *stock
		}
		var m Movement
		if m, s, err = book(p, s, Opening, q, ""); err != nil {
			return result{}, refused("/stock", err)
		}
		doc.Movements = []Movement{m}
	}
	return result{doc: doc, values: append(claims, p, s)}, nil
}

// Update is the command to change a product.
type Update struct {
	ID      id.ID
	Version int64          // that was seen
	Change  func(*Details) // pure: sets the fields that change, and may run several times
}

type updateOperation struct{ c Update }

// Intent implements writer.Operation.
func (o *updateOperation) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *updateOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	settings, p, err := seen(v, o.c.ID, o.c.Version)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	r, err := changed(v, p, o.c.Change)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	return r.draft(settings, v), r.values, nil
}

// changed edits a product; errUnchanged when that changes nothing.
func changed(b books, p *Product, change func(*Details)) (result, error) {
	d := p.Details()
	change(&d)
	after, err := p.edited(d)
	if err != nil {
		return result{}, err
	}
	if after.d.same(p.d) {
		return result{}, errUnchanged
	}
	if err := after.staysDivisible(p); err != nil {
		return result{}, err
	}
	claims, err := moveClaims(b, p, after)
	if err != nil {
		return result{}, err
	}
	return result{doc: &Edit{Change: Edited, Product: *after}, before: p, values: append(claims, after)}, nil
}

// seen asks for the product that was seen in the version, and for what every change of one needs.
func seen(v *writer.View, i id.ID, version int64) (*store.Settings, *Product, error) {
	settings, p, err := existing(v, i)
	if err == nil && p.version != version {
		err = fault.StaleVersion(p.version)
	}
	return settings, p, err
}

// existing asks for a product that is not deleted, and for what every change of one needs.
func existing(v *writer.View, i id.ID) (*store.Settings, *Product, error) {
	p, ok := Find(v, i)
	settings, err := begin(v)
	switch {
	case err != nil:
		return nil, nil, err
	case !ok || p.deleted:
		return nil, nil, Unknown(i)
	}
	return settings, p, nil
}

// Delete is the command to remove a product.
type Delete struct {
	ID      id.ID
	Version int64 // that was seen
}

type deleteOperation struct{ c Delete }

// Intent implements writer.Operation.
func (o *deleteOperation) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *deleteOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	settings, p, err := seen(v, o.c.ID, o.c.Version)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	after := p.removed()
	claims, err := moveClaims(v, p, after)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	uses, err := moveImage(v, p.imageHash, "")
	if err != nil {
		return journal.Draft{}, nil, err
	}
	r := result{doc: &Edit{Change: Deleted, Product: *after}, before: p, values: append(append(claims, uses...), after)}
	return r.draft(settings, v), r.values, nil
}

// Move is the command to book a stock movement.
type Move struct {
	Key      idempotency.Key
	Product  id.ID
	Kind     MovementKind      // receive, adjust, count or waste
	Quantity measure.Quantity  // receive and waste: above 0; adjust: signed; count: what was counted
	Expected *measure.Quantity // of a count: the stock that the books showed when it began; nil: not compared
	Reason   string
}

type moveOperation struct{ c Move }

// Intent implements writer.Operation.
func (o *moveOperation) Intent() writer.Intent {
	h := idempotency.NewHasher("stock.movement").Text(string(o.c.Product)).Text(string(o.c.Kind)).Int(int64(o.c.Quantity)).Text(o.c.Reason)
	if o.c.Expected != nil {
		h.Int(int64(*o.c.Expected))
	}
	return writer.Intent{Request: h.Sum(), Once: []writer.Once{writer.Idempotent(o.c.Key)}}
}

// Apply implements writer.Operation.
func (o *moveOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	p, ok := Find(v, o.c.Product)
	stock := StockOf(v, o.c.Product)
	settings, err := begin(v)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	if !ok || p.deleted {
		return journal.Draft{}, nil, Unknown(o.c.Product)
	}
	if e := o.c.Expected; e != nil && *e != stock.onHand {
		return journal.Draft{}, nil, stockChanged(p.Unit(), *e, stock.onHand)
	}
	m, after, err := book(p, stock, o.c.Kind, o.c.Quantity, o.c.Reason)
	if err != nil {
		return journal.Draft{}, nil, refused("/quantity", err)
	}
	if m.Delta < 0 && after.onHand < 0 && p.PolicyOr(settings.Options().StockPolicy) == store.StockBlock {
		return journal.Draft{}, nil, InsufficientStock(p, -m.Delta, m.Before)
	}
	r := result{doc: &Booking{Movement: m}, values: []writer.Value{after}}
	return r.draft(settings, v), r.values, nil
}
