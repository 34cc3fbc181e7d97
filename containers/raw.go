package containers

import (
	"context"
	"fmt"
	"time"

	"kassa/core/audit"
	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/user"
	"kassa/core/writer"
)

// commit is what the writer would have written for one sale.
type commit struct {
	head    journal.Head
	changes map[writer.Projection][]writer.Change // by who keeps them
	record  journal.Record
}

// recorder stands in for the database's write side and keeps what would be written.
type recorder struct {
	journal.Repository
	head    journal.Head
	made    []commit
	pending commit
}

// Transact implements transaction.Provider without a transaction.
func (r *recorder) Transact(ctx context.Context, fn func(ctx context.Context) error) error {
	r.pending = commit{changes: map[writer.Projection][]writer.Change{}}
	if err := fn(ctx); err != nil {
		return err
	}
	r.made = append(r.made, r.pending)
	return nil
}

// Token implements journal.Repository.
func (r *recorder) Token(context.Context, id.Store) (id.ID, error) { return r.head.Token, nil }

// Advance implements journal.Repository.
func (r *recorder) Advance(_ context.Context, _ id.Store, _ id.ID, to journal.Head) error {
	r.head, r.pending.head = to, to
	return nil
}

// Append implements journal.Repository.
func (r *recorder) Append(_ context.Context, _ id.Store, rs []journal.Record) error {
	r.pending.record = rs[0]
	return nil
}

// recording is a projection that reads from the database and keeps what is saved for the recorder.
type recording struct {
	writer.Projection
	r *recorder
}

// Save implements writer.Projection.
func (p recording) Save(_ context.Context, _ id.Store, cs []writer.Change) error {
	p.r.pending.changes[p.Projection] = cs
	return nil
}

// viewer reads from the database and writes to the recorder.
type viewer struct {
	*recorder
	view func(ctx context.Context, fn func(ctx context.Context) error) error
}

// View implements transaction.Provider.
func (v viewer) View(ctx context.Context, fn func(ctx context.Context) error) error {
	return v.view(ctx, fn)
}

// record makes the commits of n sales, one each, without writing them.
func (b *Bare) record(ctx context.Context, n int) ([]commit, error) {
	head, err := b.Journal.Head(ctx, b.Shop)
	if err != nil {
		return nil, err
	}
	r := &recorder{Repository: b.Journal, head: head}
	bindings := make([]writer.Binding, len(b.Bindings))
	for i, x := range b.Bindings {
		bindings[i] = writer.Binding{Kind: x.Kind, Projection: recording{x.Projection, r}}
	}
	w := writer.New(writer.Config{Provider: viewer{r, b.Provider.View}, Journal: r, Bindings: bindings, Clock: b.Clock, IDs: b.IDs, Batch: 1})
	defer func() { _ = w.Close(ctx) }()
	till := cashier.NewService(w, r, nil, nil, nil)
	ctx = audit.WithActor(ctx, audit.Actor{ID: b.Manager, Role: string(user.Manager)})
	began := b.Clock.Now().UnixMilli()
	for i := range n {
		if _, err := till.Pay(ctx, b.Shop, b.sale(int(began%1_000_000)*1000, i)); err != nil {
			return nil, err
		}
	}
	return r.made, nil
}

// Raw measures the bare store: the same heads, values and records that n sales make, so many sales a commit, without writer and HTTP. The
// shop must not sell meanwhile, and cannot sell afterwards until it is opened again.
func (b *Bare) Raw(ctx context.Context, n, batch int) (Figure, error) {
	head, err := b.Journal.Head(ctx, b.Shop)
	if err != nil {
		return Figure{}, err
	}
	commits, err := b.record(ctx, n)
	if err != nil {
		return Figure{}, err
	}
	began := time.Now()
	from := head.Token
	var each []time.Duration
	for len(commits) > 0 {
		k := min(batch, len(commits))
		start := time.Now()
		if err := b.write(ctx, from, commits[:k]); err != nil {
			return Figure{}, fmt.Errorf("write %d sales: %w", k, err)
		}
		each = append(each, time.Since(start))
		from, commits = commits[k-1].head.Token, commits[k:]
	}
	f := Figure{Sales: int64(n), Took: time.Since(began)}
	f.measure(each)
	return f, nil
}

// write commits some sales together: merged changes, the last head, all records.
func (b *Bare) write(ctx context.Context, from id.ID, commits []commit) error {
	head := commits[len(commits)-1].head
	head.Last = map[journal.Chain]journal.Hash{}
	records := make([]journal.Record, len(commits))
	merged := map[writer.Projection][]writer.Change{}
	at := map[journal.Ref]int{}
	for i, c := range commits {
		records[i] = c.record
		for chain, h := range c.head.Last {
			head.Last[chain] = h
		}
		for kept, cs := range c.changes {
			for _, change := range cs {
				ref := change.After.Ref()
				k, ok := at[ref]
				if !ok {
					at[ref] = len(merged[kept])
					merged[kept] = append(merged[kept], change)
					continue
				}
				merged[kept][k].After = change.After
			}
		}
	}
	return b.Provider.Transact(ctx, func(ctx context.Context) error {
		if err := b.Journal.Advance(ctx, b.Shop, from, head); err != nil {
			return err
		}
		for _, kept := range writer.Projections(b.Bindings) {
			if cs := merged[kept]; len(cs) > 0 {
				if err := kept.Save(ctx, b.Shop, cs); err != nil {
					return err
				}
			}
		}
		return b.Journal.Append(ctx, b.Shop, records)
	})
}
