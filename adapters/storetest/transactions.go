package storetest

import (
	"context"
	"errors"
	"testing"

	"kassa/core/idempotency"
	"kassa/core/journal"
	"kassa/core/writer"
)

var (
	errEmpty = errors.New("the jar is empty")
	errStop  = errors.New("stop")
)

func keyOf(s string) idempotency.Key { return idempotency.Key(s) }

func request(o add) idempotency.Hash {
	h := idempotency.NewHasher("tally").Int(o.n)
	for _, j := range o.jars {
		h.Text(j)
	}
	return h.Sum()
}

// put writes a jar without the journal.
func (f *fixture) put(ctx context.Context, name string, n int64) error {
	return f.State.Save(ctx, f.store, []writer.Change{{After: &jar{name: name, n: n}}})
}

// count reads a jar; zero where there is none.
func (f *fixture) count(ctx context.Context, name string) int64 {
	f.t.Helper()
	vs, err := f.State.Load(ctx, f.store, []journal.Ref{jarRef(name)})
	if err != nil {
		f.t.Fatal(err)
	}
	if len(vs) == 0 {
		return 0
	}
	return vs[0].(*jar).n
}

var transactionRules = []rule{
	{"an error rolls everything back and comes out as it is", func(t *testing.T, d *database) {
		f := d.fixture(t)
		err := f.Provider.Transact(t.Context(), func(ctx context.Context) error {
			return errors.Join(f.put(ctx, "a", 1), errStop)
		})
		if !errors.Is(err, errStop) || f.count(t.Context(), "a") != 0 {
			t.Fatalf("error %v, jar %d", err, f.count(t.Context(), "a"))
		}
	}},
	{"a transaction reads its own writes, nobody else does", func(t *testing.T, d *database) {
		f := d.fixture(t)
		err := f.Provider.Transact(t.Context(), func(ctx context.Context) error {
			if err := f.put(ctx, "a", 1); err != nil {
				return err
			}
			if in, out := f.count(ctx, "a"), f.count(t.Context(), "a"); in != 1 || out != 0 {
				t.Errorf("inside %d, outside %d", in, out)
			}
			return nil
		})
		if err != nil || f.count(t.Context(), "a") != 1 {
			t.Fatalf("error %v, jar %d", err, f.count(t.Context(), "a"))
		}
	}},
	{"nested calls join", func(t *testing.T, d *database) {
		f := d.fixture(t)
		err := f.Provider.Transact(t.Context(), func(ctx context.Context) error {
			if err := f.Provider.Transact(ctx, func(ctx context.Context) error { return f.put(ctx, "a", 1) }); err != nil {
				return err
			}
			return errStop
		})
		if !errors.Is(err, errStop) || f.count(t.Context(), "a") != 0 {
			t.Fatalf("error %v, jar %d", err, f.count(t.Context(), "a"))
		}
	}},
	{"a joined call that failed dooms the outer one", func(t *testing.T, d *database) {
		f := d.fixture(t)
		err := f.Provider.Transact(t.Context(), func(ctx context.Context) error {
			_ = f.Provider.Transact(ctx, func(ctx context.Context) error {
				_ = f.put(ctx, "a", 1)
				return errStop
			})
			return nil
		})
		if !errors.Is(err, errStop) || f.count(t.Context(), "a") != 0 {
			t.Fatalf("error %v, jar %d", err, f.count(t.Context(), "a"))
		}
	}},
	{"a write outside a transaction or in a view is refused", func(t *testing.T, d *database) {
		f := d.fixture(t)
		if f.put(t.Context(), "a", 1) == nil {
			t.Error("written without a transaction")
		}
		if f.Provider.View(t.Context(), func(ctx context.Context) error { return f.put(ctx, "a", 1) }) == nil {
			t.Error("written in a view")
		}
	}},
	{"a view sees one snapshot", func(t *testing.T, d *database) {
		f := d.fixture(t)
		err := f.Provider.View(t.Context(), func(ctx context.Context) error {
			before := f.count(ctx, "a")
			if err := f.Provider.Transact(t.Context(), func(ctx context.Context) error { return f.put(ctx, "a", 1) }); err != nil {
				return err
			}
			if after := f.count(ctx, "a"); before != after {
				t.Errorf("the snapshot moved from %d to %d", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}},
	{"a panic rolls back and the store goes on", func(t *testing.T, d *database) {
		f := d.fixture(t)
		func() {
			defer func() { _ = recover() }()
			_ = f.Provider.Transact(t.Context(), func(ctx context.Context) error {
				_ = f.put(ctx, "a", 1)
				panic("boom")
			})
		}()
		err := f.Provider.Transact(t.Context(), func(ctx context.Context) error { return f.put(ctx, "b", 1) })
		if err != nil || f.count(t.Context(), "a") != 0 || f.count(t.Context(), "b") != 1 {
			t.Fatalf("error %v", err)
		}
	}},
	{"a cancelled context commits nothing", func(t *testing.T, d *database) {
		f := d.fixture(t)
		ctx, cancel := context.WithCancel(t.Context())
		err := f.Provider.Transact(ctx, func(ctx context.Context) error {
			err := f.put(ctx, "a", 1)
			cancel()
			return err
		})
		if err == nil || f.count(t.Context(), "a") != 0 {
			t.Fatalf("error %v, jar %d", err, f.count(t.Context(), "a"))
		}
	}},
}
