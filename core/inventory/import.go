package inventory

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

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
	maxBusy         = 50 // times that a busy writer is asked again
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
	dry      *dryRun // nil: write
	result   ImportResult
}

// run reads up to 64 rows ahead and books as many of them together as mean different things.
func (im *importer) run(ctx context.Context) error {
	var waiting []*importOperation
	for {
		var err error
		if waiting, err = im.fill(waiting); err != nil || len(waiting) == 0 {
			return err
		}
		n, err := im.apart(ctx, waiting)
		if err != nil {
			return err
		}
		if err := im.book(ctx, waiting[:n]); err != nil {
			return err
		}
		waiting = slices.Delete(waiting, 0, n)
		if im.c.Progress != nil {
			im.c.Progress(im.result)
		}
	}
}

// fill reads rows until 64 wait to be booked or the file ends. Those that cannot be understood are reported.
func (im *importer) fill(waiting []*importOperation) ([]*importOperation, error) {
	for !im.ended && len(waiting) < maxTogether {
		row, err := im.c.Rows.Next()
		if errors.Is(err, io.EOF) {
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
			waiting = append(waiting, &importOperation{row: d, count: im.c.Count})
		} else if !im.fail(row.Number, err) {
			return nil, err
		}
	}
	return waiting, nil
}

// apart returns how many of the first rows mean different products, after it has looked up the products that bear their names.
func (im *importer) apart(ctx context.Context, ops []*importOperation) (n int, err error) {
	err = im.s.w.Snapshot(ctx, func(ctx context.Context) error {
		for _, o := range ops {
			if o.row.needsName() {
				if o.named, err = im.named(ctx, o.row.given.Name); err != nil {
					return err
				}
			}
		}
		return im.s.w.Read(ctx, im.store, func(v *writer.View) error {
			n = distinct(ops, im.on(v))
			return nil
		})
	})
	return n, err
}

// distinct asks the books for every row's identities and returns the number of rows before the first that shares one.
func distinct(ops []*importOperation, b books) int {
	seen, n := map[journal.Ref]bool{}, -1
	for i, o := range ops {
		keys := o.keys(b)
		if n < 0 && slices.ContainsFunc(keys, func(k journal.Ref) bool { return seen[k] }) {
			n = i
		}
		for _, k := range keys {
			seen[k] = true
		}
	}
	if n < 0 {
		return len(ops)
	}
	return n
}

func (im *importer) named(ctx context.Context, name string) ([]id.ID, error) {
	ids, err := im.s.products.ByName(ctx, im.store, name)
	if err == nil && im.dry != nil {
		ids = append(ids, im.dry.named[name]...)
	}
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// on returns what an import decides on: the view, under what a dry run would have changed.
func (im *importer) on(v *writer.View) books {
	if im.dry == nil {
		return v
	}
	return dryView{v, im.dry.values}
}

// book applies rows that do not touch each other.
func (im *importer) book(ctx context.Context, ops []*importOperation) error {
	outcomes := make([]outcome, len(ops))
	if im.dry != nil {
		if err := im.rehearse(ctx, ops, outcomes); err != nil {
			return err
		}
	} else {
		var wg sync.WaitGroup
		for i, o := range ops {
			wg.Go(func() { outcomes[i] = im.submit(ctx, o) })
		}
		wg.Wait()
	}
	for i, out := range outcomes {
		switch {
		case out.err == nil && out.change == Created:
			im.result.Created++
		case out.err == nil:
			im.result.Updated++
		case errors.Is(out.err, errUnchanged):
			im.result.Unchanged++
		case !im.fail(ops[i].row.number, out.err):
			return out.err
		}
	}
	return nil
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

// submit hands the row to the writer. A busy writer has done nothing with it and is asked again.
func (im *importer) submit(ctx context.Context, o *importOperation) outcome {
	for range maxBusy {
		r, err := im.s.w.Do(ctx, im.store, o)
		if !fault.IsCode(err, "writer_busy") {
			return outcomeOf(r.Record.Doc, err)
		}
		pause := time.NewTimer(100 * time.Millisecond)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return outcome{err: ctx.Err()}
		}
	}
	return outcome{err: fault.New(fault.Unavailable, "writer_busy", "the store is too busy for an import; import the file again later")}
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
