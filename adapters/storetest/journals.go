package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"kassa/core/fault"
	"kassa/core/journal"
)

// advance commits records after the head that is there.
func (f *fixture) advance(ctx context.Context, from journal.Head, rs ...journal.Record) (journal.Head, error) {
	to := journal.Head{Token: f.ids.New(), Position: from.Position + int64(len(rs)), At: f.clock.Now(), Status: journal.Active, Last: map[journal.Chain]journal.Hash{}}
	for i := range rs {
		if rs[i].Position == 0 {
			rs[i].Position = from.Position + int64(i) + 1
		}
		rs[i].At, rs[i].Doc = f.clock.Now(), &tally{added: 1}
		if rs[i].ID == "" {
			rs[i].ID = f.ids.New()
		}
		if err := rs[i].Seal(); err != nil {
			return to, err
		}
		to.Last[rs[i].Chain] = rs[i].Hash
	}
	return to, f.Provider.Transact(ctx, func(ctx context.Context) error {
		if err := f.Journal.Advance(ctx, f.store, from.Token, to); err != nil {
			return err
		}
		return f.Journal.Append(ctx, f.store, rs)
	})
}

func (f *fixture) head(ctx context.Context) journal.Head {
	f.t.Helper()
	h, err := f.Journal.Head(ctx, f.store)
	if err != nil {
		f.t.Fatal(err)
	}
	return h
}

func record(day int, refs []journal.Ref, keys ...journal.Key) journal.Record {
	r := journal.Record{}
	r.Day, r.Refs, r.Keys = 20261100, refs, keys
	r.Day += clockDate(day)
	return r
}

var journalRules = []rule{
	{"an unknown store has no head", func(t *testing.T, d *database) {
		f := d.fixture(t)
		if _, err := f.Journal.Head(t.Context(), "elsewhere"); !fault.IsCode(err, "store_unknown") {
			t.Fatal(err)
		}
	}},
	{"only the token that was read advances the head", func(t *testing.T, d *database) {
		f := d.fixture(t)
		old := f.head(t.Context())
		next, err := f.advance(t.Context(), old, record(1, nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.advance(t.Context(), old, record(1, nil)); !errors.Is(err, journal.ErrStale) {
			t.Fatalf("a stale token: %v", err)
		}
		got := f.head(t.Context())
		if got.Token != next.Token || got.Position != 1 || got.Last[""] != next.Last[""] || !got.At.Equal(next.At) {
			t.Fatalf("head %+v, want %+v", got, next)
		}
	}},
	{"each chain keeps its own last hash", func(t *testing.T, d *database) {
		f := d.fixture(t)
		a, b := record(1, nil), record(1, nil)
		a.Chain, b.Chain = "a", "b"
		first, err := f.advance(t.Context(), f.head(t.Context()), a, b)
		if err != nil {
			t.Fatal(err)
		}
		again := record(1, nil)
		again.Chain = "a"
		second, err := f.advance(t.Context(), first, again)
		if err != nil {
			t.Fatal(err)
		}
		got := f.head(t.Context()).Last
		if got["a"] != second.Last["a"] || got["b"] != first.Last["b"] {
			t.Fatalf("last hashes %v", got)
		}
	}},
	{"what is taken once is taken for ever, and the whole commit falls with it", takenOnce},
	{"records are found by id and by every key", func(t *testing.T, d *database) {
		f := d.fixture(t)
		keys := []journal.Key{"idem:1", "sale:1", "no:r:0000000001", "token:1"}
		r := record(1, nil, keys...)
		r.ID = "the-id"
		if _, err := f.advance(t.Context(), f.head(t.Context()), r); err != nil {
			t.Fatal(err)
		}
		found, err := f.Journal.Find(t.Context(), f.store, append(keys, journal.RecordKey("the-id"), "idem:2"))
		if err != nil || len(found) != 5 {
			t.Fatalf("found %d, %v", len(found), err)
		}
		if _, ok := found["idem:2"]; ok {
			t.Error("found a key that is not there")
		}
	}},
	{"listing", listing},
	{"a long journal is listed alike", longJournal},
	{"the index holds the entries of the records and no others", indexEntries},
}

// listing: newest first, by position or, for refs with @, by business day; pages join without gap or double.
func listing(t *testing.T, d *database) {
	f := d.fixture(t)
	h := f.head(t.Context())
	days := []int{3, 1, 2, 3, 1, 2, 9}
	for _, d := range days {
		var err error
		if h, err = f.advance(t.Context(), h, record(d, []journal.Ref{"@all", "thing:1"})); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		ref  journal.Ref
		r    journal.Range
		want string
	}{
		{"thing:1", journal.Range{Limit: 10}, "[7 6 5 4 3 2 1]"},
		{"thing:1", journal.Range{Limit: 2, Before: journal.Place{Position: 5}}, "[4 3]"},
		{"@all", journal.Range{Limit: 10}, "[7 4 1 6 3 5 2]"},
		{"@all", journal.Range{Limit: 10, From: 20261102, To: 20261103}, "[4 1 6 3]"},
		{"@all", journal.Range{Limit: 3, Before: journal.Place{Day: 20261103, Position: 1}}, "[6 3 5]"},
		{"@none", journal.Range{Limit: 10}, "[]"},
	} {
		rs, err := f.Journal.List(t.Context(), f.store, c.ref, c.r)
		if err != nil {
			t.Fatal(err)
		}
		got := []int64{}
		for _, r := range rs {
			got = append(got, r.Position)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s %+v: %v, want %s", c.ref, c.r, got, c.want)
		}
	}
	rs, err := f.Journal.From(t.Context(), f.store, 4, 2)
	if err != nil || len(rs) != 2 || rs[0].Position != 5 || rs[1].Position != 6 {
		t.Errorf("from 4: %v, %v", rs, err)
	}
	var touched []journal.Ref
	for i := range rs {
		touched = append(touched, rs[i].Changes()...)
	}
	if refs, err := f.Journal.Changes(t.Context(), f.store, 4, 2); err != nil || len(refs) == 0 || !slices.Equal(refs, touched) {
		t.Errorf("changes from 4: %v, %v, want %v", refs, err, touched)
	}
	if rs, err := f.Journal.From(t.Context(), f.store, 4, 0); err != nil || len(rs) != 0 {
		t.Errorf("from 4, no record: %d, %v", len(rs), err)
	}
}

func takenOnce(t *testing.T, d *database) {
	key := func(k journal.Key) journal.Record { return record(1, nil, k) }
	for name, r := range map[string]journal.Record{
		"idem": key("idem:1"), "sale": key("sale:1"), "number": key("no:r:0000000001"), "token": key("token:1"), "cart": key("cart:1"),
		"position": {Position: 1}, "id": {ID: "the-id"},
	} {
		f := d.fixture(t)
		h, err := f.advance(t.Context(), f.head(t.Context()), r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.advance(t.Context(), h, record(1, nil), r); !errors.Is(err, journal.ErrBroken) {
			t.Errorf("%s taken twice: %v", name, err)
		}
		if got := f.head(t.Context()); got.Position != 1 {
			t.Errorf("%s: the head moved to %d", name, got.Position)
		}
		if rs, err := f.Journal.From(t.Context(), f.store, 0, 10); err != nil || len(rs) != 1 {
			t.Errorf("%s: %d records, %v", name, len(rs), err)
		}
	}
}

// longJournal jumps to positions far apart: past the bounds of what stores keep together, and of 32 bits.
func longJournal(t *testing.T, d *database) {
	f := d.fixture(t)
	h := f.head(t.Context())
	positions := []int64{1, 2047, 2048, 2049, 100_000, 5_000_000_000, 5_000_000_001}
	for _, position := range positions {
		r := record(1, []journal.Ref{"@all", "thing:1"})
		r.Position, r.Lines = position, []journal.Line{{Account: "drawer:r", Unit: "EUR", Amount: -position, Balance: position}}
		var err error
		if h, err = f.advance(t.Context(), h, r); err != nil {
			t.Fatal(err)
		}
	}
	slices.Reverse(positions)
	for _, ref := range []journal.Ref{"@all", "thing:1"} {
		for _, limit := range []int{1, 3, 7, 8} {
			var got []int64
			for g := (journal.Range{Limit: limit}); ; {
				rs, err := f.Journal.List(t.Context(), f.store, ref, g)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range rs {
					got = append(got, r.Position)
				}
				if len(rs) < limit {
					break
				}
				last := rs[len(rs)-1]
				g.Before = journal.Place{Position: last.Position}
				if ref.Dated() {
					g.Before.Day = last.Day
				}
			}
			if !slices.Equal(got, positions) {
				t.Errorf("%s by %d: %v, want %v", ref, limit, got, positions)
			}
		}
	}
	f.wantIndex(t)
}

func indexEntries(t *testing.T, d *database) {
	f := d.fixture(t)
	rs := []journal.Record{
		record(1, []journal.Ref{"@all", "@register:r", "thing:1", "member:m"}, "idem:1", "sale:1", "no:r:0000000001", "token:1", "cart:1"),
		record(2, []journal.Ref{"@all", "thing:1"}, "idem:2", "no:r:0000000002"),
		record(3, nil),
	}
	rs[0].Lines = []journal.Line{
		{Account: "drawer:r", Unit: "EUR", Amount: 500, Balance: 700}, {Account: "revenue:", Unit: "EUR", Amount: -500, Balance: -1<<53 - 1},
	}
	rs[1].Lines = []journal.Line{{Account: "drawer:r", Unit: "EUR", Amount: -1, Balance: 699}, {Account: "points:thing:1", Unit: "PTS", Amount: 1, Balance: 0}}
	if _, err := f.advance(t.Context(), f.head(t.Context()), rs...); err != nil {
		t.Fatal(err)
	}
	f.wantIndex(t)
	n := 0
	err := f.Journal.Index(t.Context(), f.store, func(journal.Entry) error { n++; return errStop })
	if !errors.Is(err, errStop) || n != 1 {
		t.Errorf("after an error it went on to %d entries: %v", n, err)
	}
}

// wantIndex compares the index with the records.
func (f *fixture) wantIndex(t *testing.T) {
	t.Helper()
	var want, got []string
	rs, err := f.Journal.From(t.Context(), f.store, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rs {
		for _, e := range r.Entries() {
			want = append(want, fmt.Sprintf("%+v", e))
		}
	}
	err = f.Journal.Index(t.Context(), f.store, func(e journal.Entry) error {
		got = append(got, fmt.Sprintf("%+v", e))
		return nil
	})
	slices.Sort(want)
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the index has\n%s\nwant\n%s\n%v", strings.Join(got, "\n"), strings.Join(want, "\n"), err)
	}
}
