package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"kassa/core/audit"
	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/page"
	"kassa/core/trail"
	"kassa/core/writer"
)

var trailRules = []rule{
	{"a list is what the journal holds, whatever is asked for", listsAreWhatTheJournalHolds},
	{"sales hardly need an index, and a page reads a bounded number of them", salesHardlyNeedAnIndex},
	{"who sold long ago is found without reading what others sold since", blocksBetweenArePassedOver},
	{"a list begins nowhere beyond the journal", listsBeginInTheJournal},
	{"a sale that is refused as it is sealed takes no other sale out of a list", refusedSalesListNothing},
}

// act is an operation that leaves audit facts and nothing else. A fact about nothing is about its record.
type act []audit.Fact

func (act) Intent() writer.Intent { return writer.Intent{} }

func (a act) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	facts := slices.Clone(a)
	for i := range facts {
		if facts[i].EntityID == "" {
			facts[i].EntityID = v.ID()
		}
	}
	return journal.Draft{Day: clock.DateOf(v.Now(), time.UTC), Facts: facts, Doc: &tally{added: 1}}, nil, nil
}

var (
	aSale     = audit.Fact{Action: audit.Sale, Entity: "bill"}
	anEdit    = audit.Fact{Action: "product.edit", Entity: "product", EntityID: "p-1"}
	overrideA = audit.Fact{Action: "price.override", Entity: "product", EntityID: "p-1"}
	overrideB = audit.Fact{Action: "price.override", Entity: "product", EntityID: "p-2"}
)

// history makes records by several users and two processes, some of them rare, over several days.
func history(t *testing.T, s *shop, chance *rand.Rand) {
	other := writer.New(writer.Config{Provider: s.Provider, Journal: s.Journal, Bindings: s.bindings(), Clock: s.clock, IDs: s.ids})
	closeAfter(t, other)
	for range 40 {
		ops := make([]writer.Operation, 1+chance.IntN(150))
		for i := range ops {
			switch chance.IntN(30) {
			case 0:
				ops[i] = act{anEdit}
			case 1:
				ops[i] = act{aSale, overrideA, overrideB}
			case 2:
				ops[i] = act{{Action: "login", Entity: "user", EntityID: "u-1"}}
			default:
				ops[i] = act{aSale}
			}
		}
		w, actor := s.w, audit.System()
		if chance.IntN(2) == 0 {
			w = other
		}
		if n := chance.IntN(6); n > 0 {
			actor = audit.Actor{ID: id.ID(fmt.Sprint("u-", n*n/5)), Role: "cashier"} // some sell often
		}
		_, errs := w.DoAll(audit.WithActor(t.Context(), actor), s.id, ops)
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
		s.clock.Add(time.Duration(chance.IntN(4)) * time.Hour)
	}
}

// whole reads a list to its end.
func whole(t *testing.T, s *trail.Service, st id.Store, f trail.Filter, limit int) (all []string) {
	t.Helper()
	for p := (page.Request{Limit: limit}); ; {
		l := must[page.List[trail.Event]](t)(s.List(t.Context(), st, f, p))
		if len(l.Items) > limit {
			t.Fatalf("a page of %d has %d events", limit, len(l.Items))
		}
		for _, e := range l.Items {
			all = append(all, string(e.ID))
		}
		if p.After = l.Next; p.After == "" {
			return all
		}
	}
}

func listsAreWhatTheJournalHolds(t *testing.T, d *database) {
	s := d.shop(t)
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // printed when the test fails
	chance := rand.New(rand.NewPCG(seed, 0))
	history(t, s, chance)
	records := s.records(t)
	slices.Reverse(records)
	berlin := must[*time.Location](t)(time.LoadLocation("Europe/Berlin"))
	var filters []trail.Filter
	for _, actor := range []id.ID{"", "u-0", "u-1", "u-5", "nobody"} {
		for _, f := range []trail.Filter{
			{}, {Entity: "bill"}, {Entity: "product"}, {Action: audit.Sale}, {Action: "price.override"}, {EntityID: "p-1"}, {EntityID: records[40].ID},
			{Action: "price.override", EntityID: "p-2"}, {Entity: "bill", EntityID: "p-2"},
		} {
			f.Actor = actor
			filters = append(filters, f)
			f.From = clock.DateOf(records[chance.IntN(len(records))].At, berlin)
			f.To = f.From.AddDays(chance.IntN(2))
			filters = append(filters, f)
		}
	}
	for _, f := range filters {
		var want []string
		for _, r := range records {
			day := clock.DateOf(r.At, berlin)
			for i := len(r.Facts) - 1; i >= 0; i-- {
				fact := r.Facts[i]
				if (f.Actor == "" || f.Actor == r.Actor.ID) && (f.Entity == "" || f.Entity == fact.Entity) && (f.Action == "" || f.Action == fact.Action) &&
					(f.EntityID == "" || f.EntityID == fact.EntityID) && (f.From == 0 || f.From <= day && day <= f.To) {
					want = append(want, fmt.Sprintf("%s-%d", r.ID, i))
				}
			}
		}
		for _, limit := range []int{17, 200} {
			if got := whole(t, s.trail, s.id, f, limit); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %+v in pages of %d: %d events, want %d", seed, f, limit, len(got), len(want))
			}
		}
	}
	s.verify(t)
}

// reads counts the records that a journal gives out.
type reads struct {
	journal.Repository
	n int
}

// List implements journal.Repository.
func (r *reads) List(ctx context.Context, s id.Store, ref journal.Ref, g journal.Range) ([]journal.Record, error) {
	rs, err := r.Repository.List(ctx, s, ref, g)
	r.n += len(rs)
	return rs, err
}

// From implements journal.Repository.
func (r *reads) From(ctx context.Context, s id.Store, position int64, limit int) ([]journal.Record, error) {
	rs, err := r.Repository.From(ctx, s, position, limit)
	r.n += len(rs)
	return rs, err
}

func salesHardlyNeedAnIndex(t *testing.T, d *database) {
	const sales, most = 6000, 4096 + 512
	s := d.shop(t)
	ops := make([]writer.Operation, sales)
	for i := range ops {
		ops[i] = act{aSale}
	}
	ctx := audit.WithActor(t.Context(), audit.Actor{ID: "u-1", Role: "cashier"})
	_, errs := s.w.DoAll(ctx, s.id, slices.Concat([]writer.Operation{act{anEdit}}, ops))
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		t.Fatal(errs[i])
	}
	refs := 0
	for _, r := range s.records(t)[2:] {
		refs += len(r.Refs)
	}
	if blocks := sales/1024 + 1; refs != 3*blocks {
		t.Errorf("%d sales have %d refs, want 3 in each of %d blocks", sales, refs, blocks)
	}
	counted := &reads{Repository: s.Journal}
	service := trail.NewService(trail.Config{Writer: s.w, Journal: counted, Clock: s.clock})
	for _, c := range []struct {
		f     trail.Filter
		pages int
		found int
		most  int
	}{
		{trail.Filter{Actor: "u-1", Entity: "product"}, 2, 1, most},
		{trail.Filter{Entity: "product"}, 1, 1, 10},
		{trail.Filter{Actor: "u-2"}, 1, 0, 10},
		{trail.Filter{Actor: "u-2", Entity: "bill"}, 1, 0, 10},
		{trail.Filter{Action: "product.edit"}, 1, 1, 10},
		{trail.Filter{To: 20200101}, 1, 0, 20},
	} {
		found, pages := 0, 0
		for p := (page.Request{Limit: 50}); pages == 0 || p.After != ""; pages++ {
			counted.n = 0
			l := must[page.List[trail.Event]](t)(service.List(t.Context(), s.id, c.f, p))
			if counted.n > c.most {
				t.Errorf("%+v: a page reads %d records, want at most %d", c.f, counted.n, c.most)
			}
			found, p.After = found+len(l.Items), l.Next
		}
		if found != c.found || pages != c.pages {
			t.Errorf("%+v: %d events on %d pages, want %d on %d", c.f, found, pages, c.found, c.pages)
		}
	}
}

// sells books sales by one actor.
func sells(t *testing.T, s *shop, actor id.ID, sales int) {
	t.Helper()
	_, errs := s.w.DoAll(audit.WithActor(t.Context(), audit.Actor{ID: actor, Role: "cashier"}), s.id, slices.Repeat([]writer.Operation{act{aSale}}, sales))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func blocksBetweenArePassedOver(t *testing.T, d *database) {
	s := d.shop(t)
	sells(t, s, "early", 1)
	sells(t, s, "late", 5000)
	counted := &reads{Repository: s.Journal}
	service := trail.NewService(trail.Config{Writer: s.w, Journal: counted, Clock: s.clock})
	l := must[page.List[trail.Event]](t)(service.List(t.Context(), s.id, trail.Filter{Actor: "early"}, page.Request{Limit: 50}))
	if len(l.Items) != 1 || l.Next != "" || counted.n > 1100 {
		t.Errorf("%d events on the first page, the next one is %q, and %d records were read", len(l.Items), l.Next, counted.n)
	}
}

func listsBeginInTheJournal(t *testing.T, d *database) {
	s := d.shop(t)
	sells(t, s, "u-1", 1)
	head := must[journal.Head](t)(s.Journal.Head(t.Context(), s.id))
	for position, refused := range map[int64]bool{head.Position + 1: false, head.Position + 2: true, math.MaxInt64: true} {
		for _, fact := range []string{"0", "1"} {
			_, err := s.trail.List(t.Context(), s.id, trail.Filter{}, page.Request{Limit: 50, After: page.Cursor(strconv.FormatInt(position, 10), fact)})
			if refused != fault.IsCode(err, "cursor_invalid") || !refused && err != nil {
				t.Errorf("position %d, fact %s: %v", position, fact, err)
			}
		}
	}
}

func refusedSalesListNothing(t *testing.T, d *database) {
	const entities = 40
	s := d.shop(t)
	var ops []writer.Operation
	for i := range entities {
		f := audit.Fact{Action: audit.Sale, Entity: fmt.Sprint("bill-", i)}
		unsealed := f
		unsealed.After = "\xff" // no text
		ops = append(ops, act{unsealed}, act{f})
	}
	_, errs := s.w.DoAll(t.Context(), s.id, ops)
	for i := range entities {
		if errs[2*i] == nil || errs[2*i+1] != nil {
			t.Fatalf("what cannot be sealed: %v; what can: %v", errs[2*i], errs[2*i+1])
		}
		if got := whole(t, s.trail, s.id, trail.Filter{Entity: fmt.Sprint("bill-", i)}, 50); len(got) != 1 {
			t.Errorf("entity %d has %d events, want 1", i, len(got))
		}
	}
}

// BenchmarkAuditTrail lists 50 events among those of many sales by 64 cashiers, with an edit for every thousand.
func BenchmarkAuditTrail(b *testing.B, open Open) {
	const sales, cashiers = 100_000, 64
	s := open.database(b).shop(b)
	for n := 0; n < sales; {
		errs := make(chan error, cashiers)
		for c := range cashiers {
			ops := make([]writer.Operation, 100)
			for i := range ops {
				ops[i] = act{aSale}
				if n%1000 == 0 {
					ops[i] = act{anEdit}
				}
				n++
			}
			ctx := audit.WithActor(b.Context(), audit.Actor{ID: id.ID(fmt.Sprint("u-", c)), Role: "cashier"})
			go func() {
				_, failed := s.w.DoAll(ctx, s.id, ops)
				var err error
				for _, f := range failed {
					if f != nil {
						err = f
					}
				}
				errs <- err
			}()
		}
		for range cashiers {
			if err := <-errs; err != nil {
				b.Fatal(err)
			}
		}
	}
	for name, f := range map[string]trail.Filter{
		"everything": {}, "bills": {Entity: "bill"}, "products": {Entity: "product"}, "a cashier": {Actor: "u-7"},
		"a cashier's edits": {Actor: "u-7", Entity: "product"}, "nobody": {Actor: "nobody"}, "an action": {Action: "product.edit"},
		"a product": {EntityID: "p-1"}, "long ago": {To: 20200101},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must[page.List[trail.Event]](b)(s.trail.List(b.Context(), s.id, f, page.Request{Limit: 50}))
			}
		})
	}
}
