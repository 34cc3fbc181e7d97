package inventory

import (
	"context"
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

// dryView is a view of the books with the changes of a dry run.
type dryView struct {
	v       *writer.View
	changes map[journal.Ref]writer.Value
}

// Value implements books.
func (d dryView) Value(ref journal.Ref) writer.Value {
	if v, ok := d.changes[ref]; ok {
		return v
	}
	return d.v.Value(ref)
}

// rehearse decides on rows that do not touch each other and remembers what they would change.
func (im *importer) rehearse(ctx context.Context, ops []*importOperation, outcomes []outcome) error {
	changes := make([][]writer.Value, len(ops))
	err := im.s.w.Read(ctx, im.store, func(v *writer.View) error {
		_, denied := begin(v)
		for i, o := range ops {
			r, err := o.decide(im.on(v), id.ID("row-"+strconv.Itoa(o.row.number)))
			outcomes[i], changes[i] = outcomeOf(r.doc, err), r.values
		}
		return denied
	})
	if err != nil {
		return err
	}
	for i, vs := range changes {
		if outcomes[i].err != nil {
			continue
		}
		for _, v := range vs {
			im.dry.values[v.Ref()] = v
			if p, ok := v.(*Product); ok {
				im.dry.named[p.d.Name] = append(im.dry.named[p.d.Name], p.id)
			}
		}
	}
	return nil
}
