package cashier

import (
	"kassa/core/audit"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/journal"
	"kassa/core/writer"
)

// Void is the command to undo a whole sale on its own business day.
type Void struct {
	Key    idempotency.Key
	Bill   id.ID
	Reason string
}

type voidOperation struct{ c Void }

// Intent implements writer.Operation.
func (o *voidOperation) Intent() writer.Intent {
	return writer.Intent{
		Request: idempotency.NewHasher("void").Text(string(o.c.Bill)).Text(o.c.Reason).Sum(),
		Once:    []writer.Once{writer.Idempotent(o.c.Key)},
		Keys:    []journal.Key{journal.RecordKey(o.c.Bill)},
	}
}

// Apply implements writer.Operation.
func (o *voidOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	d, err := lookBack(v, o.c.Bill, "")
	if err != nil {
		return journal.Draft{}, nil, err
	}
	switch {
	case !d.sale.Sold():
		return journal.Draft{}, nil, notVoidable("this is a " + string(d.sale.Type))
	case d.returns.State() == Voided:
		return journal.Draft{}, nil, alreadyVoided(o.c.Bill)
	case d.returns != nil:
		return journal.Draft{}, nil, notVoidable("a part of it was refunded")
	case d.sale.Day != d.day:
		return journal.Draft{}, nil, notVoidable("it was sold on " + d.sale.Day.String())
	case d.register.OpenOn(d.day) != nil:
		return journal.Draft{}, nil, notVoidable("the day is closed")
	}
	b := *d.sale
	b.Type, b.RefundOf, b.Cashier, b.OccurredAt, b.Reason = KindVoid, o.c.Bill, v.Actor().ID, v.Now(), o.c.Reason
	b.SoldAt = d.sale.OccurredAt
	b.ClientSaleID, b.Cart, b.Flags = "", "", nil
	b.Priced = negative(d.sale.Priced)
	b.Payment = Payment{Tenders: negativeTenders(d.sale.Tenders), Change: -d.sale.Change}
	if err := mayPayInto(v, &b); err != nil {
		return journal.Draft{}, nil, err
	}
	values, err := restock(v, b.Lines)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	values = append(values, &Returns{bill: o.c.Bill, voided: true, complete: true})
	return book(v, &b, d.register, nil, values, []audit.Fact{{Action: "void", Entity: "bill", EntityID: o.c.Bill, After: string(v.ID()), Reason: o.c.Reason}})
}
