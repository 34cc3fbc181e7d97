package inventory

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/money"
	"kassa/core/writer"
)

// The bounds of an import.
const (
	MaxImportRows   = 1_000_000
	MaxDryRunRows   = 200_000 // what they would change is kept in memory
	maxImportErrors = 1000
	maxTogether     = 64 // rows in the writer's queue at once
)

// Import is the command to take over products from a file.
type Import struct {
	Rows     Rows
	DryRun   bool               // report the same and write nothing
	Count    bool               // book the difference to a row's stock as a count; otherwise the stock of a product that exists is left alone
	Progress func(ImportResult) // told every now and then; may be nil
}

// ImportResult says what an import did, or would do.
type ImportResult struct {
	Created, Updated, Unchanged, Failed int
	Errors                              []RowError // of the first 1,000 failed rows, by number
	Ignored                             []string   // names of fields of the file that mean nothing here
}

// RowError says why a row was left out.
type RowError struct {
	Row    int // from 1
	Code   string
	Detail string
}

// Import books the rows of a file, each as an operation of its own, in their order where they mean the same product. A bad row is reported
// and the others go in. Products keep the ids that the file gives; a row means an existing product by id, sku or barcode, or by its exact
// name where it has none of these. An error ends the import: what was booked until then stays, and importing the file again changes
// nothing of it. Faults: forbidden, too_many_rows, those of Rows, and what a database refuses.
func (s *Service) Import(ctx context.Context, st id.Store, c Import) (ImportResult, error) {
	im := &importer{s: s, store: st, c: c, most: MaxImportRows}
	if c.DryRun {
		im.dry, im.most = newDryRun(), MaxDryRunRows
	}
	err := s.w.Read(ctx, st, func(v *writer.View) error {
		settings, err := begin(v)
		if err == nil {
			im.currency = settings.Options().Currency
		}
		return err
	})
	if err == nil {
		err = im.run(ctx)
	}
	slices.SortStableFunc(im.result.Errors, func(a, b RowError) int { return a.Row - b.Row }) // rows are read ahead of those that are booked
	im.result.Ignored = c.Rows.Ignored()
	return im.result, err
}

type importer struct {
	s        *Service
	store    id.Store
	c        Import
	currency money.Currency
	most     int // rows
	seen     int
	ended    bool
	held     *importOperation // read, but for the next chunk
	dry      *dryRun          // nil: write
	result   ImportResult
}

// run books chunk after chunk.
func (im *importer) run(ctx context.Context) error {
	for {
		ops, err := im.chunk()
		if err != nil || len(ops) == 0 {
			return err
		}
		if err := im.lookUp(ctx, ops); err != nil {
			return err
		}
		outcomes, err := im.book(ctx, ops)
		if err != nil {
			return err
		}
		for i, out := range outcomes {
			if err := im.report(ops[i].row.number, out); err != nil {
				return err
			}
		}
		if im.c.Progress != nil {
			im.c.Progress(im.result)
		}
	}
}

// chunk reads the rows that go to the writer together: up to 64, and none that is known by a name alone which a row before it gives, since
// the names of products are looked up before the chunk is booked.
func (im *importer) chunk() ([]*importOperation, error) {
	var ops []*importOperation
	names := map[string]bool{}
	for len(ops) < maxTogether {
		o, err := im.next()
		if o == nil || err != nil {
			return ops, err
		}
		if o.row.needsName() && names[o.row.given.Name] {
			im.held = o
			break
		}
		names[o.row.given.Name] = true
		ops = append(ops, o)
	}
	return ops, nil
}

// next returns the next row that can be understood, nil at the end of the file. Others are reported.
func (im *importer) next() (*importOperation, error) {
	if o := im.held; o != nil {
		im.held = nil
		return o, nil
	}
	for !im.ended {
		row, err := im.c.Rows.Next()
		if err == io.EOF { // as it is: a fault of the file may wrap it
			im.ended = true
			break
		}
		if err != nil {
			return nil, err
		}
		if im.seen++; im.seen > im.most {
			return nil, fault.New(fault.TooLarge, "too_many_rows", "an import has at most %d rows", im.most)
		}
		d, err := row.understand(im.currency)
		if err == nil {
			return &importOperation{row: d, count: im.c.Count}, nil
		}
		if err := im.report(row.Number, outcome{err: err}); err != nil {
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // the end of the file is no error
}

// lookUp finds the products that bear the names of rows which have nothing else to be known by.
func (im *importer) lookUp(ctx context.Context, ops []*importOperation) error {
	return im.s.w.Snapshot(ctx, func(ctx context.Context) error {
		for _, o := range ops {
			if !o.row.needsName() {
				continue
			}
			name := o.row.given.Name
			ids, err := im.s.products.ByName(ctx, im.store, name)
			if err != nil {
				return err
			}
			if im.dry != nil {
				ids = append(ids, im.dry.named[name]...)
			}
			slices.Sort(ids)
			o.named = slices.Compact(ids)
		}
		return nil
	})
}

// book has the writer apply the rows in their order, or only thinks them through.
func (im *importer) book(ctx context.Context, ops []*importOperation) ([]outcome, error) {
	if im.dry != nil {
		return im.rehearse(ctx, ops)
	}
	all := make([]writer.Operation, len(ops))
	for i, o := range ops {
		all[i] = o
	}
	results, errs := im.s.w.DoAll(ctx, im.store, all)
	outcomes := make([]outcome, len(ops))
	for i := range ops {
		outcomes[i] = outcomeOf(results[i].Record.Doc, errs[i])
	}
	return outcomes, nil
}

// outcome is what became of a row.
type outcome struct {
	change Change
	err    error
}

func outcomeOf(doc journal.Document, err error) outcome {
	out := outcome{Edited, err}
	if e, ok := doc.(*Edit); ok {
		out.change = e.Change
	}
	return out
}

// report counts what became of a row. What is no fault of the row comes back as an error.
func (im *importer) report(row int, out outcome) error {
	switch {
	case out.err == nil && out.change == Created:
		im.result.Created++
	case out.err == nil:
		im.result.Updated++
	case errors.Is(out.err, errUnchanged):
		im.result.Unchanged++
	case !im.fail(row, out.err):
		return out.err
	}
	return nil
}

// fail reports a row. It returns false for what is no fault of the row.
func (im *importer) fail(row int, err error) bool {
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.Invalid && f.Kind != fault.Conflict && f.Kind != fault.Malformed && f.Kind != fault.TooLarge || f.Code == "store_inactive" {
		return false
	}
	im.result.Failed++
	if len(im.result.Errors) >= maxImportErrors {
		return true
	}
	e := RowError{Row: row, Code: f.Code, Detail: f.Message}
	if len(f.Fields) > 0 {
		e.Code = f.Fields[0].Code
		details := make([]string, len(f.Fields))
		for i, field := range f.Fields {
			details[i] = strings.TrimPrefix(field.Pointer, "/") + ": " + field.Detail
		}
		e.Detail = strings.Join(details, "; ")
	}
	im.result.Errors = append(im.result.Errors, e)
	return true
}
