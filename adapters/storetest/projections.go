package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"kassa/core/cashier"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/member"
	"kassa/core/page"
	"kassa/core/user"
	"kassa/core/writer"
)

var projectionRules = []rule{
	{"values are loaded where they exist", loadWhatExists},
	{"values are given by range, in the order of their refs", valuesByRange},
	{"a census gives every value and stops at the first error", census},
	{"no repository writes outside a transaction or in a view", writesNeedATransaction},
	{"what a transaction wrote falls with it in every repository", rollbackEverywhere},
	{"a transaction reads its own writes in every repository, nobody else does", ownWrites},
	{"a view sees one snapshot of every repository", oneSnapshot},
	{"a cursor that is none is refused by every list", cursorsRefused},
}

// fill puts jars with the names.
func (f *fixture) fill(t testing.TB, names ...string) {
	t.Helper()
	var cs []writer.Change
	for i, name := range names {
		cs = append(cs, writer.Change{After: &jar{name, int64(i)}})
	}
	err := f.Provider.Transact(t.Context(), func(ctx context.Context) error { return f.State.Save(ctx, f.store, cs) })
	if err != nil {
		t.Fatal(err)
	}
}

func loadWhatExists(t *testing.T, d *database) {
	f := d.fixture(t)
	f.fill(t, "a", "b", "c")
	vs := must[[]writer.Value](t)(f.State.Load(t.Context(), f.store, []journal.Ref{jarRef("c"), jarRef("d"), jarRef("a"), jarRef("A"), jarRef("")}))
	var names []string
	for _, v := range vs {
		names = append(names, v.(*jar).name)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"a", "c"}) {
		t.Errorf("loaded %q", names)
	}
	if vs, err := f.State.Load(t.Context(), f.store, nil); err != nil || len(vs) != 0 {
		t.Errorf("nothing asked for: %d values, %v", len(vs), err)
	}
}

func valuesByRange(t *testing.T, d *database) {
	f := d.fixture(t)
	f.fill(t, "é", "b", "a", "B", "a:1", "a:2", "a;", "c", "a10", "a9")
	for _, tt := range []struct {
		low, high string
		want      []string
	}{
		{"", "\xff", []string{"B", "a", "a10", "a9", "a:1", "a:2", "a;", "b", "c", "é"}}, // by bytes
		{"a:", "a;", []string{"a:1", "a:2"}},
		{"a", "a", nil},
		{"a", "a\x00", []string{"a"}},
		{"a:1\x00", "a;", []string{"a:2"}},
		{"x", "b", nil},
	} {
		var got []string
		err := f.State.Range(t.Context(), f.store, jarRef(tt.low), jarRef(tt.high), func(v writer.Value) error {
			got = append(got, v.(*jar).name)
			return nil
		})
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%q to %q: %q, %v; want %q", tt.low, tt.high, got, err, tt.want)
		}
	}
	n := 0
	err := f.State.Range(t.Context(), f.store, jarRef("a"), jarRef("c"), func(writer.Value) error { n++; return errStop })
	if !errors.Is(err, errStop) || n != 1 {
		t.Errorf("after an error it went on to %d values: %v", n, err)
	}
}

// projections are the repositories that the writer saves to, by name.
func (b Backend) projections() map[string]writer.Projection {
	return map[string]writer.Projection{"state": b.State, "users": b.Users, "members": b.Members, "products": b.Products, "images": b.Images, "stock": b.Stock}
}

func census(t *testing.T, d *database) {
	f := d.furnished(t, "Anna", 7)
	for name, p := range f.projections() {
		var refs []journal.Ref
		err := p.All(t.Context(), f.id, func(v writer.Value) error {
			refs = append(refs, v.Ref())
			return nil
		})
		if err != nil || len(refs) < 2 {
			t.Errorf("%s: %d values, %v", name, len(refs), err)
		}
		loaded := must[[]writer.Value](t)(p.Load(t.Context(), f.id, append(refs, journal.NewRef(refs[0].Kind(), "none"))))
		again := make([]journal.Ref, len(loaded))
		for i, v := range loaded {
			again[i] = v.Ref()
		}
		slices.Sort(refs)
		slices.Sort(again)
		if !slices.Equal(again, refs) {
			t.Errorf("%s: a census of %q, and of these there are %q", name, refs, again)
		}
		n := 0
		err = p.All(t.Context(), f.id, func(writer.Value) error { n++; return errStop })
		if !errors.Is(err, errStop) || n != 1 {
			t.Errorf("%s: after an error it went on to %d values: %v", name, n, err)
		}
	}
}

// writes are one write by each method that needs a transaction of its caller's; Renew and Remove meet the session. All of them can succeed.
func (f *furnished) writes(t testing.TB) map[string]func(ctx context.Context) error {
	t.Helper()
	h := must[journal.Head](t)(f.Journal.Head(t.Context(), f.id))
	r := journal.Record{Draft: journal.Draft{Doc: &tally{added: 1}}, ID: "the-id", Position: h.Position + 1, At: h.At}
	if err := r.Seal(); err != nil {
		t.Fatal(err)
	}
	next := h
	next.Token, next.Position = "next", h.Position+1
	n, _, err := f.Sessions.Get(t.Context(), f.id, f.session)
	if err != nil {
		t.Fatal(err)
	}
	other := n
	other.ID = "other"
	all := map[string]func(ctx context.Context) error{
		"advance": func(ctx context.Context) error { return f.Journal.Advance(ctx, f.id, h.Token, next) },
		"append":  func(ctx context.Context) error { return f.Journal.Append(ctx, f.id, []journal.Record{r}) },
		"sign in": func(ctx context.Context) error {
			return f.Sessions.Add(ctx, f.id, other, f.clock.Now(), user.MaxSessions)
		},
		"refresh": func(ctx context.Context) error {
			_, err := f.Sessions.Renew(ctx, f.id, n.ID, n.Secret, "new", n.ExpiresAt.Add(time.Hour))
			return err
		},
		"sign out": func(ctx context.Context) error { return f.Sessions.Remove(ctx, f.id, n.ID) },
	}
	for name, change := range f.changes(t) {
		p := f.projections()[name]
		all[name] = func(ctx context.Context) error { return p.Save(ctx, f.id, []writer.Change{change}) }
	}
	return all
}

func writesNeedATransaction(t *testing.T, d *database) {
	f := d.furnished(t, "Anna", 7)
	before := f.dump(t.Context(), t)
	for name, write := range f.writes(t) {
		if write(t.Context()) == nil {
			t.Errorf("%s: written without a transaction", name)
		}
		if f.Provider.View(t.Context(), func(ctx context.Context) error { return write(ctx) }) == nil {
			t.Errorf("%s: written in a view", name)
		}
	}
	wantSame(t, "after writes that are refused", f.dump(t.Context(), t), before)
}

// writeAll makes every write but the end of the session, which a dump looks for.
func (f *furnished) writeAll(ctx context.Context, writes map[string]func(ctx context.Context) error) error {
	for name, write := range writes {
		if name == "sign out" {
			continue
		}
		if err := write(ctx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	c, err := f.Carts.Get(ctx, f.id, f.cart)
	if err != nil {
		return err
	}
	c.Version, c.Name = c.Version+1, "Changed"
	return errors.Join(f.Carts.Update(ctx, f.id, c), f.Carts.Insert(ctx, f.id, cashier.Cart{ID: "new", Version: 1, UpdatedAt: f.clock.Now()}))
}

func rollbackEverywhere(t *testing.T, d *database) {
	f := d.furnished(t, "Anna", 7)
	before, writes := f.dump(t.Context(), t), f.writes(t)
	for name, write := range writes {
		err := f.Provider.Transact(t.Context(), func(ctx context.Context) error {
			if err := write(ctx); err != nil {
				return err
			}
			return errStop
		})
		if codeOf(err) != errStop.Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := f.Provider.Transact(t.Context(), func(ctx context.Context) error {
		if err := f.writeAll(ctx, writes); err != nil {
			return err
		}
		return errStop
	})
	if codeOf(err) != errStop.Error() {
		t.Error(err)
	}
	wantSame(t, "after writes that are rolled back", f.dump(t.Context(), t), before)
}

func ownWrites(t *testing.T, d *database) {
	f := d.furnished(t, "Anna", 7)
	before, writes := f.dump(t.Context(), t), f.writes(t)
	var inside dump
	err := f.Provider.Transact(t.Context(), func(ctx context.Context) error {
		if err := f.writeAll(ctx, writes); err != nil {
			return err
		}
		inside = f.dump(ctx, t)
		wantSame(t, "outside the transaction", f.dump(t.Context(), t), before)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "after the transaction", f.dump(t.Context(), t), inside)
	for _, what := range []string{"head", "record", "user", "users", "member", "members", "cart", "carts", "products", inventory.ImageKind, "stock", "session", "jar"} {
		if slices.Equal(before.about(what), inside.about(what)) {
			t.Errorf("what was written to %s was not read", what)
		}
	}
}

func oneSnapshot(t *testing.T, d *database) {
	f := d.furnished(t, "Anna", 7)
	writes := f.writes(t)
	err := f.Provider.View(t.Context(), func(ctx context.Context) error {
		before := f.dump(ctx, t)
		if err := f.Provider.Transact(t.Context(), func(ctx context.Context) error { return f.writeAll(ctx, writes) }); err != nil {
			return err
		}
		wantSame(t, "in the same view", f.dump(ctx, t), before)
		if slices.Equal(f.dump(t.Context(), t), before) {
			t.Error("nothing was written meanwhile")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func cursorsRefused(t *testing.T, d *database) {
	s := d.shop(t)
	for name, list := range map[string]func(p page.Request) error{
		"users": func(p page.Request) error { _, err := s.Users.List(t.Context(), s.id, p); return err },
		"members": func(p page.Request) error {
			_, err := s.Members.List(t.Context(), s.id, member.Search{}, p)
			return err
		},
		"products": func(p page.Request) error {
			_, err := inventory.NewService(s.w, s.Products, s.Stock, s.Images, s.Journal).List(t.Context(), s.id, inventory.Filter{}, p)
			return err
		},
		"registers": func(p page.Request) error { _, err := s.Registers.List(t.Context(), s.id, p); return err },
		"carts":     func(p page.Request) error { _, err := s.Carts.List(t.Context(), s.id, p); return err },
		"postings": func(p page.Request) error {
			_, err := s.Ledger.Postings(t.Context(), s.id, ledger.DrawerOf("till"), p)
			return err
		},
	} {
		for _, cursor := range []string{"?", "nonsense", page.Cursor("1", "2", "3", "4"), page.Cursor("1") + "="} {
			if err := list(page.Request{Limit: 1, After: cursor}); codeOf(err) != "cursor_invalid" {
				t.Errorf("%s take %q for a cursor: %v", name, cursor, err)
			}
		}
		if err := list(page.Request{Limit: 1}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
