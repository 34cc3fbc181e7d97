package inventory

import (
	"context"
	"maps"
	"strconv"

	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// dryRun keeps in memory what an import would have changed so far, so that later rows are judged as they would be.
type dryRun struct {
	values map[journal.Ref]writer.Value
	named  map[string][]id.ID // products that would have been created under the name, or renamed to it
}

func newDryRun() *dryRun {
	return &dryRun{values: map[journal.Ref]writer.Value{}, named: map[string][]id.ID{}}
}

// dryView is a view of the books with the changes of a dry run: those of the chunk at hand, and those before.
type dryView struct {
	v           *writer.View
	now, before map[journal.Ref]writer.Value
}

// Value implements books.
func (d dryView) Value(ref journal.Ref) writer.Value {
	if v, ok := d.now[ref]; ok {
		return v
	}
	if v, ok := d.before[ref]; ok {
		return v
	}
	return d.v.Value(ref)
}

// rehearse decides on rows, one after the other, and remembers what they would change.
func (im *importer) rehearse(ctx context.Context, ops []*importOperation) ([]outcome, error) {
	outcomes := make([]outcome, len(ops))
	var now map[journal.Ref]writer.Value
	err := im.s.w.Read(ctx, im.store, func(v *writer.View) error {
		now = map[journal.Ref]writer.Value{} // it may run several times
		_, denied := begin(v)
		for i, o := range ops {
			r, err := o.decide(dryView{v, now, im.dry.values}, id.ID("row-"+strconv.Itoa(o.row.number)))
			outcomes[i] = outcomeOf(r.doc, err)
			if err != nil {
				continue
			}
			for _, value := range r.values {
				now[value.Ref()] = value
			}
		}
		return denied
	})
	if err != nil {
		return nil, err
	}
	maps.Copy(im.dry.values, now)
	for _, v := range now {
		if p, ok := v.(*Product); ok {
			im.dry.named[p.d.Name] = append(im.dry.named[p.d.Name], p.id)
		}
	}
	return outcomes, nil
}
