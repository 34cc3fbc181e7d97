package inventory

import (
	"errors"
	"slices"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// importOperation books one row of an import: it creates the product that the row means, edits it, or counts its stock.
type importOperation struct {
	row   draftRow
	named []id.ID // products with the row's name, where the row has nothing else to be known by
	count bool    // the stock of a product that exists is what the row says
}

// Intent implements writer.Operation.
func (o *importOperation) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *importOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	settings, denied := begin(v)
	r, err := o.decide(v, v.ID())
	if denied != nil {
		return journal.Draft{}, nil, denied
	}
	if err != nil {
		return journal.Draft{}, nil, err
	}
	return r.draft(settings, v), r.values, nil
}

// decide returns what the row does; a new product without an id of its own gets the fresh one. errUnchanged when it does nothing.
func (o *importOperation) decide(b books, fresh id.ID) (result, error) {
	o.ask(b)
	target, err := o.target(b)
	if err != nil {
		return result{}, err
	}
	if target == "" {
		target = fresh
	}
	p, _ := find(b, target)
	stockOf(b, target)
	if p == nil || p.deleted {
		return o.create(b, p, target)
	}
	r, err := changed(b, p, o.row.onto)
	if err != nil && !errors.Is(err, errUnchanged) {
		return result{}, err
	}
	if o.count && o.row.stock != nil {
		return o.counted(b, p, r)
	}
	return imported(r), err
}

// ask asks the books for all that the row may need, whatever the rows before it in the batch do: so all of it is read in two rounds.
func (o *importOperation) ask(b books) {
	may := append(slices.Clone(o.named), o.row.id)
	for _, ref := range (&Product{d: o.row.given}).claims() {
		may = append(may, ownerOf(b, ref))
	}
	for _, i := range may {
		if i != "" {
			find(b, i)
			stockOf(b, i)
		}
	}
}

func (o *importOperation) create(b books, deleted *Product, i id.ID) (result, error) {
	p, err := o.row.product(i)
	if err != nil {
		return result{}, err
	}
	if deleted != nil {
		p.version = deleted.version + 1 // an ETag never comes back with another content
	}
	r, err := opened(b, deleted, p, o.row.stock)
	return imported(r), err
}

// counted adds the difference between the books and the row to an edit, or makes a record of its own of it where r is empty.
func (o *importOperation) counted(b books, p *Product, r result) (result, error) {
	edit, edited := r.doc.(*Edit)
	if edited {
		p = &edit.Product
	}
	m, after, err := book(p, stockOf(b, p.id), Count, *o.row.stock, "import")
	switch {
	case err != nil:
		return result{}, refused("/stock", err)
	case m.Delta == 0 && edited:
	case m.Delta == 0:
		return result{}, errUnchanged
	case edited:
		edit.Movements, r.values = []Movement{m}, append(r.values, after)
	default:
		r = result{doc: &Booking{Movement: m}, values: []writer.Value{after}}
	}
	return imported(r), nil
}

func imported(r result) result {
	switch doc := r.doc.(type) {
	case *Edit:
		doc.Imported = true
	case *Booking:
		doc.Imported = true
	}
	return r
}

// target returns the product that the row means, or nothing when it is a new one: by id, by sku, by barcode, or by name where the row has
// none of these. A product found by its barcode alone must not have another sku. Conflict faults ambiguous_barcode, ambiguous_name.
func (o *importOperation) target(b books) (id.ID, error) {
	row := o.row
	if row.id != "" {
		return row.id, nil
	}
	var bySKU id.ID
	if row.given.SKU != "" {
		bySKU = ownerOf(b, skuRef(row.given.SKU))
	}
	var byCode []id.ID
	for _, code := range row.given.Barcodes {
		if i := ownerOf(b, barcodeRef(code)); i != "" && !slices.Contains(byCode, i) {
			byCode = append(byCode, i)
		}
	}
	switch {
	case bySKU != "":
		return bySKU, nil
	case len(byCode) > 1:
		return "", fault.New(fault.Conflict, "ambiguous_barcode", "its barcodes belong to %d products", len(byCode))
	case len(byCode) == 1:
		if p, _ := find(b, byCode[0]); p != nil && p.d.SKU != "" && row.given.SKU != "" {
			return "", nil // another article with a barcode that is taken
		}
		return byCode[0], nil
	case row.given.SKU == "" && len(row.given.Barcodes) == 0:
		return o.byName(b)
	}
	return "", nil
}

// byName trusts the list of products with the name only as far as the books still agree.
func (o *importOperation) byName(b books) (id.ID, error) {
	var bear []id.ID
	for _, i := range o.named {
		if p, ok := find(b, i); ok && !p.deleted && p.d.Name == o.row.given.Name {
			bear = append(bear, i)
		}
	}
	if len(bear) > 1 {
		return "", fault.New(fault.Conflict, "ambiguous_name", "several products are called %q; say which by id, sku or barcode", o.row.given.Name)
	}
	if len(bear) == 1 {
		return bear[0], nil
	}
	return "", nil
}

// needsName reports whether the row is known by its name alone.
func (d draftRow) needsName() bool {
	return d.id == "" && d.given.SKU == "" && len(d.given.Barcodes) == 0 && d.given.Name != ""
}
