// Package verify proves a store's books: it walks every hash chain, replays the journal from its first record and compares what that makes
// with what the store keeps: balances, stock, registers, products and their images, indexes. It names what is off and mends nothing.
package verify

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/report"
	"kassa/core/transaction"
	"kassa/core/writer"
)

const (
	chunk    = 500  // records read at a time
	maxFound = 1000 // findings kept; more are counted
)

// Report says what was read and what is off.
type Report struct {
	Records  int64
	Values   int64
	Entries  int64
	Findings []string // the first of them, oldest record first
	More     int64    // findings beyond those
}

// Clean reports whether nothing is off.
func (r *Report) Clean() bool { return len(r.Findings) == 0 }

// Err returns the Conflict fault books_off with the first finding, or nil where nothing is off.
func (r *Report) Err() error {
	if r.Clean() {
		return nil
	}
	return fault.New(fault.Conflict, "books_off", "its books are off: %s; kassa verify says more", r.Findings[0])
}

func (r *Report) find(format string, args ...any) {
	if len(r.Findings) == maxFound {
		r.More++
		return
	}
	r.Findings = append(r.Findings, fmt.Sprintf(format, args...))
}

// Verifier proves the books of one store.
type Verifier struct {
	Provider    transaction.Provider
	Journal     journal.Repository
	Projections []writer.Projection
	Images      inventory.Images
	Reports     report.Repository    // nil where no figures are kept
	Progress    func(done, of int64) // may be nil
}

// run is one pass over the books.
type run struct {
	*Report
	v     *Verifier
	store id.Store
	head  journal.Head
	last  map[journal.Chain]journal.Hash
	books *writer.Books
	index map[string]sum
	proof *report.Proof // of the reports; nil without them
	at    int64
}

// sum adds up the entries of an index under one name, so that two lists can be compared without keeping either.
type sum struct {
	n      int64
	digest uint64
}

// Run verifies the store in one snapshot. It returns an error only when the store cannot be read at all.
func (v *Verifier) Run(ctx context.Context, s id.Store) (*Report, error) {
	report := &Report{}
	err := v.Provider.View(ctx, func(ctx context.Context) error {
		*report = Report{}
		r := &run{Report: report, v: v, store: s, last: map[journal.Chain]journal.Hash{}, books: writer.NewBooks(), index: map[string]sum{}}
		return r.run(ctx)
	})
	return report, err
}

func (r *run) run(ctx context.Context) (err error) {
	if r.head, err = r.v.Journal.Head(ctx, r.store); err != nil {
		return err
	}
	if r.v.Reports != nil {
		mark, err := r.v.Reports.Watermark(ctx, r.store)
		if err != nil {
			return err
		}
		r.proof = report.NewProof(mark)
	}
	if whole, err := r.records(ctx); err != nil || !whole {
		return err
	}
	r.compareHead()
	if err := r.entries(ctx); err != nil {
		return err
	}
	if err := r.values(ctx); err != nil || r.proof == nil {
		return err
	}
	return r.reports(ctx)
}

// reports compares the kept figures of reports with what the bills make.
func (r *run) reports(ctx context.Context) error {
	n, err := r.proof.Compare(ctx, r.store, r.v.Reports, r.find)
	r.Values += n
	if passing(ctx, err) {
		return err
	}
	if err != nil {
		r.find("the figures of reports cannot be read: %v", err)
	}
	return ctx.Err()
}

// records walks the journal from its first record to the head, and reports whether it came to the end. Where a record cannot be read, nothing
// that follows from it can be compared: all of it would differ.
func (r *run) records(ctx context.Context) (whole bool, err error) {
	for position := int64(0); ; {
		rs, err := r.v.Journal.From(ctx, r.store, position, chunk)
		for i := range rs {
			r.record(&rs[i], position)
			position = rs[i].Position
		}
		if passing(ctx, err) {
			return false, err
		}
		if err != nil {
			r.find("record %d cannot be read: %v", position+1, err)
			r.find("the records after it, and what they make, were not compared")
			return false, nil
		}
		if r.v.Progress != nil {
			r.v.Progress(position, r.head.Position)
		}
		if len(rs) < chunk {
			return true, nil
		}
	}
}

// passing reports whether an error says nothing of the books: the database did not answer, or nobody waits for it any more.
func passing(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || fault.IsKind(err, fault.Unavailable))
}

func (r *run) record(rec *journal.Record, before int64) {
	r.Records++
	if rec.Position != before+1 {
		r.find("record %d is missing: %d follows %d", before+1, rec.Position, before)
	}
	if rec.At.UnixMilli() < r.at {
		r.find("record %d is dated before the one before it", rec.Position)
	}
	r.at = rec.At.UnixMilli()
	if rec.Previous != r.last[rec.Chain] {
		r.find("record %d (%s) does not follow the record before it in the chain of %s", rec.Position, rec.ID, chainName(rec.Chain))
	}
	r.last[rec.Chain] = rec.Hash
	for _, e := range rec.Entries() {
		r.add(e, 1)
	}
	r.lines(rec)
	if r.proof != nil {
		r.proof.Add(rec)
	}
	replayer, ok := rec.Doc.(writer.Replayer)
	if !ok {
		return
	}
	if err := replayer.Replay(*rec, r.books); err != nil {
		r.find("record %d (%s) cannot be replayed: %v", rec.Position, rec.ID, err)
	}
}

// lines replays the ledger: they sum to zero, and each balance follows from the one before.
func (r *run) lines(rec *journal.Record) {
	for _, wrong := range ledger.Replay(r.books, rec.Lines) {
		r.find("record %d (%s): %s", rec.Position, rec.ID, wrong)
	}
}

func chainName(c journal.Chain) string {
	if c == "" {
		return "the store"
	}
	return "register " + string(c)
}

func (r *run) compareHead() {
	if r.Records != r.head.Position {
		r.find("the head says %d records and there are %d", r.head.Position, r.Records)
	}
	if r.Records > 0 && r.at != r.head.At.UnixMilli() {
		r.find("the head's time is not that of the last record")
	}
	for c, h := range r.head.Last {
		if r.last[c] != h {
			r.find("the last hash of the chain of %s is not the head's", chainName(c))
		}
	}
	for c := range r.last {
		if _, ok := r.head.Last[c]; !ok {
			r.find("the head does not know the chain of %s", chainName(c))
		}
	}
}

func (r *run) add(e journal.Entry, times int64) {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s\x00%d\x00%d\x00%d\x00%d", e.Name, e.Position, e.Day, e.Amount, e.Balance)
	name := e.Name
	if k := journal.Key(e.Name).Kind(); k == "record" || k == "idem" || k == "sale" || k == "no" {
		name = k // these are as many as records: they are summed by kind
	}
	s := r.index[name]
	s.n += times
	s.digest += uint64(times) * h.Sum64() //nolint:gosec // arithmetic modulo 2^64 is meant
	if s == (sum{}) {
		delete(r.index, name)
		return
	}
	r.index[name] = s
}

// entries compares the indexes with the journal.
func (r *run) entries(ctx context.Context) error {
	err := r.v.Journal.Index(ctx, r.store, func(e journal.Entry) error {
		r.Entries++
		r.add(e, -1)
		return nil
	})
	if passing(ctx, err) {
		return err
	}
	names := make([]string, 0, len(r.index))
	for name := range r.index {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		r.find("the index of %s does not agree with the journal", name)
	}
	if err != nil {
		r.find("the indexes cannot be read: %v", err)
	}
	return nil
}

// values compares every projection with what the journal makes. A projection that cannot be read to its end hides what is missing.
func (r *run) values(ctx context.Context) error {
	pictures := r.picturesOf()
	want, whole := r.books.Values(), true
	for _, p := range r.v.Projections {
		err := p.All(ctx, r.store, func(has writer.Value) error {
			r.Values++
			ref := has.Ref()
			if u, ok := has.(*inventory.ImageUses); ok {
				pictures.kept[u.Hash()] = u.Products()
			}
			if ref.Fleeting() {
				return nil
			}
			wanted, ok := want[ref]
			delete(want, ref)
			switch {
			case !ok:
				r.find("%s is kept, and the journal knows nothing of it", ref)
			case writer.Evidence(has) != writer.Evidence(wanted):
				r.find("%s is kept as %s, and the journal makes it %s", ref, short(writer.Evidence(has)), short(writer.Evidence(wanted)))
			}
			return nil
		})
		if passing(ctx, err) {
			return err
		}
		if err != nil {
			whole = false
			r.find("a value cannot be read: %v", err)
		}
	}
	if !whole {
		return ctx.Err()
	}
	refs := make([]string, 0, len(want))
	for ref := range want {
		refs = append(refs, string(ref))
	}
	slices.Sort(refs)
	for _, ref := range refs {
		r.find("%s is missing", ref)
	}
	return r.images(ctx, pictures)
}

func short(s string) string {
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "..."
	}
	return s
}
