package storetest

import (
	"context"
	"fmt"
	"testing"

	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/transaction"
	"kassa/core/writer"
)

// Narrow is a journal that takes few records in one transaction, as a database does of large ones.
type Narrow struct {
	journal.Repository
	Most int
}

// Append implements journal.Repository.
func (n Narrow) Append(ctx context.Context, s id.Store, rs []journal.Record) error {
	if len(rs) > n.Most {
		return fmt.Errorf("%w: %d records", transaction.ErrTooLarge, len(rs))
	}
	return n.Repository.Append(ctx, s, rs)
}

func tooLargeTogether(t *testing.T, d *database) {
	f := d.fixture(t)
	w := writer.New(writer.Config{Provider: f.Provider, Journal: Narrow{f.Journal, 3}, Bindings: f.bindings(), Clock: f.clock, IDs: f.ids})
	closeAfter(t, w)
	ops := make([]writer.Operation, 50)
	for i := range ops {
		ops[i] = add{key: fmt.Sprint(i), jars: []string{"a"}, n: 1}
	}
	results, errs := w.DoAll(t.Context(), f.store, ops)
	for i, err := range errs {
		if err != nil || results[i].Record.Position != int64(i+1) {
			t.Fatalf("operation %d is record %d: %v", i, results[i].Record.Position, err)
		}
	}
	if n := f.count(t.Context(), "a"); n != int64(len(ops)) {
		t.Errorf("counted %d of %d", n, len(ops))
	}
}
