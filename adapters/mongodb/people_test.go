package mongodb_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"kassa/adapters/mongodb"
	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/member"
	"kassa/core/page"
	"kassa/core/user"
	"kassa/core/writer"
)

const crowd = 8 // who do the same at once

// atOnce runs fn for each of a crowd and returns how many it let through. Whoever it does not must get the fault with the code.
func atOnce(t *testing.T, code string, fn func(i int) error) (through int) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, crowd)
	for i := range crowd {
		wg.Go(func() { errs[i] = fn(i) })
	}
	wg.Wait()
	for _, err := range errs {
		switch {
		case err == nil:
			through++
		case !fault.IsCode(err, code):
			t.Error(err)
		}
	}
	return through
}

// A unique index looks at every write of a transaction by itself.
func TestMembersSwapAddressesAndNumbers(t *testing.T) {
	d := openDatabase(t, databaseURI(t))
	r := mongodb.NewMembers(d)
	made := func(i id.ID, email, phone string, version int64) *member.Member {
		m, err := member.Restore(member.Snapshot{
			ID: i, Name: "Anna", Email: email, Phone: phone, PINHash: "hash", Tier: member.Regular, CreatedAt: time.UnixMilli(1).UTC(), Version: version,
		})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	save := func(cs ...writer.Change) error {
		return d.Transact(t.Context(), func(ctx context.Context) error { return r.Save(ctx, "shop", cs) })
	}
	a, b, c := made("0-a", "a@example.com", "+49 30 1", 1), made("0-b", "b@example.com", "", 1), made("0-c", "", "+49 30 3", 1)
	if err := save(writer.Change{After: a}, writer.Change{After: b}, writer.Change{After: c}); err != nil {
		t.Fatal(err)
	}
	if err := save(
		writer.Change{Before: a, After: made("0-a", "B@example.com", "+49 30 3", 2)},
		writer.Change{Before: b, After: made("0-b", "A@example.com", "", 2)},
		writer.Change{Before: c, After: made("0-c", "", "+49 30 1", 2)},
	); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]id.ID{"a@example.com": "0-b", "b@example.com": "0-a"} {
		if m, err := r.ByEmail(t.Context(), "shop", address); err != nil || m == nil || m.ID() != want {
			t.Errorf("%s: got %+v, %v", address, m, err)
		}
	}
	if m, err := r.ByPhone(t.Context(), "shop", "+49301"); err != nil || m == nil || m.ID() != "0-c" {
		t.Errorf("got %+v, %v", m, err)
	}
}

// Whoever counts in a snapshot does not see what others are about to add.
func TestCartsAreBoundedInEveryRound(t *testing.T) {
	d := openDatabase(t, databaseURI(t))
	r := mongodb.NewCarts(d)
	park := func(i string) error {
		return r.Insert(t.Context(), "shop", cashier.Cart{ID: id.ID(i), Version: 1, UpdatedAt: time.UnixMilli(1).UTC()})
	}
	for n := range (cashier.MaxCarts - 1) / crowd {
		atOnce(t, "", func(i int) error { return park(fmt.Sprint("many-", n, "-", i)) })
	}
	for i := range (cashier.MaxCarts - 1) % crowd {
		if err := park(fmt.Sprint("more-", i)); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 10 {
		won := make(chan id.ID, crowd)
		n := atOnce(t, "too_many_carts", func(i int) error {
			name := fmt.Sprint(round, "-", i)
			err := park(name)
			if err == nil {
				won <- id.ID(name)
			}
			return err
		})
		if n != 1 {
			t.Fatalf("round %d: %d were parked where one was free", round, n)
		}
		if err := r.Delete(t.Context(), "shop", <-won, 1); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASecretIsRenewedOnce(t *testing.T) {
	d := openDatabase(t, databaseURI(t))
	r := mongodb.NewSessions(d)
	now := time.UnixMilli(1_000_000).UTC()
	in := user.Session{ID: "s", User: "u", Secret: "secret", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	if err := d.Transact(t.Context(), func(ctx context.Context) error { return r.Add(ctx, "shop", in, now, user.MaxSessions) }); err != nil {
		t.Fatal(err)
	}
	for round := range 50 {
		n := atOnce(t, "secret_old", func(i int) error {
			return d.Transact(t.Context(), func(ctx context.Context) error {
				next := fmt.Sprint(round, "-", i)
				renewed, err := r.Renew(ctx, "shop", in.ID, in.Secret, next, in.ExpiresAt)
				if err == nil && !renewed {
					err = fault.New(fault.Conflict, "secret_old", "somebody else was faster")
				}
				return err
			})
		})
		var err error
		if in, _, err = r.Get(t.Context(), "shop", in.ID); err != nil || n != 1 {
			t.Fatalf("round %d: %d renewed it, %v", round, n, err)
		}
	}
}

// Those who sign in at once do not see each other.
func TestSessionsAreBoundedWhenManySignInAtOnce(t *testing.T) {
	d := openDatabase(t, databaseURI(t))
	r := mongodb.NewSessions(d)
	now := time.UnixMilli(1_000_000).UTC()
	const most = 3
	var all []id.ID
	for round := range 10 {
		atOnce(t, "", func(i int) error {
			in := user.Session{ID: id.ID(fmt.Sprint(round, "-", i)), User: "u", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
			return d.Transact(t.Context(), func(ctx context.Context) error { return r.Add(ctx, "shop", in, now, most) })
		})
		for i := range crowd {
			all = append(all, id.ID(fmt.Sprint(round, "-", i)))
		}
		kept := slices.DeleteFunc(slices.Clone(all), func(i id.ID) bool {
			_, ok, err := r.Get(t.Context(), "shop", i)
			if err != nil {
				t.Fatal(err)
			}
			return !ok
		})
		if len(kept) != most {
			t.Fatalf("round %d: kept are %v", round, kept)
		}
	}
}

// What is searched for is compared as a text, on the lines of one field that has them all.
func TestMembersAreFoundByOneFieldAtATime(t *testing.T) {
	d := openDatabase(t, databaseURI(t))
	r := mongodb.NewMembers(d)
	m, err := member.Restore(member.Snapshot{
		ID: "0-a", Name: "Anna 77", Email: "x55@example.com", Phone: "+49 30 123", PINHash: "hash", Tier: member.Regular, CreatedAt: time.UnixMilli(1).UTC(), Version: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Transact(t.Context(), func(ctx context.Context) error { return r.Save(ctx, "shop", []writer.Change{{After: m}}) }); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[member.Search]bool{
		{Query: "77"}: true, {Query: "55"}: true, {Query: "0123"}: true, {Query: "+"}: false, {Query: "77\nx"}: false, {Query: "com\n"}: false,
		{Query: "a\x00"}: false, {Query: `\E.*`}: false, {Query: "a 7", Email: "55@", Phone: "30 12"}: true, {Query: "a 7", Email: "55@", Phone: "77"}: false,
		{Email: "77"}: false, {Email: "123"}: false, {Email: "com\x00"}: false, {Phone: "55"}: false, {Phone: "77"}: false, {Phone: "+"}: false,
		{Phone: "+49-(30)"}: true, {Query: "\xff"}: false, {Query: "ANNA 77"}: true, {Query: "anna 77x"}: false,
	} {
		l, err := r.List(t.Context(), "shop", q, page.Request{Limit: 1})
		if err != nil || (len(l.Items) == 1) != want {
			t.Errorf("%q: found %d, %v", q, len(l.Items), err)
		}
	}
}
