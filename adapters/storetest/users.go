package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"kassa/core/id"
	"kassa/core/page"
	"kassa/core/user"
	"kassa/core/writer"
)

var userRules = []rule{
	{"an e-mail is given once, in parallel", anEmailIsGivenOnceInParallel},
	{"an e-mail is given once by two processes", anEmailIsGivenOnceByTwoProcesses},
	{"two managers who demote each other leave one", twoManagersWhoDemoteEachOtherLeaveOne},
	{"the last manager stays", theLastManagerStays},
	{"only managers manage users", onlyManagersManageUsers},
	{"fields of users are checked", fieldsOfUsers},
	{"an edit changes what it names", editChangesWhatItNames},
	{"users may swap addresses in one batch", usersMaySwapAddressesInOneBatch},
	{"a deleted user leaves nothing personal", aDeletedUserLeavesNothingPersonal},
	{"the journal names people by id only", theJournalNamesPeopleByIDOnly},
	{"users are listed by folded name", listOfUsersByFoldedName},
}

func anEmailIsGivenOnceInParallel(t *testing.T, d *database) {
	p := d.people(t)
	for round := range 20 {
		codes := outcomes(20, func(i int) error {
			email := fmt.Sprintf("Anna%d@example.com", round)
			if i%2 == 1 {
				email = strings.ToUpper(email)
			}
			_, err := p.users.Create(as(t, p.boss), p.id, user.Create{Name: "Anna", Email: email, Role: user.Cashier, Password: password})
			return err
		})
		if codes[""] != 1 || codes["email_taken"] != 19 {
			t.Fatalf("round %d: %v", round, codes)
		}
	}
	if n := p.hasher.hashed.Load(); n != 21 {
		t.Errorf("%d passwords were hashed, and 21 users are there", n)
	}
	p.verify(t)
}

// Two processes do not take turns: what counts is the operation.
func anEmailIsGivenOnceByTwoProcesses(t *testing.T, d *database) {
	p := d.people(t)
	other := p.newUsers(p.Sessions)
	for round := range 20 {
		codes := outcomes(2, func(i int) error {
			c := user.Create{Name: "Anna", Email: fmt.Sprintf("anna%d@example.com", round), Role: user.Cashier, Password: password}
			_, err := []*user.Service{p.users, other}[i].Create(as(t, p.boss), p.id, c)
			return err
		})
		if codes[""] != 1 || codes["email_taken"] != 1 {
			t.Fatalf("round %d: %v", round, codes)
		}
	}
}

func twoManagersWhoDemoteEachOtherLeaveOne(t *testing.T, d *database) {
	p := d.people(t)
	cashier := user.Cashier
	for round := range 20 {
		other := p.hire(t, fmt.Sprintf("other%d@example.com", round), user.Manager)
		both := []*user.User{p.boss, other}
		codes := outcomes(2, func(i int) error {
			target := both[1-i]
			_, err := p.users.Edit(as(t, both[i]), p.id, user.Edit{ID: target.ID(), Version: target.Version(), Role: &cashier})
			return err
		})
		if codes[""] != 1 || codes["last_manager"]+codes["forbidden"] != 1 {
			t.Fatalf("round %d: %v", round, codes)
		}
		for _, u := range both { // whoever is left goes on
			if now := must[*user.User](t)(p.users.Get(t.Context(), p.id, u.ID())); now.Role() == user.Manager {
				p.boss = now
			}
		}
	}
	p.verify(t)
}

func theLastManagerStays(t *testing.T, d *database) {
	p := d.people(t)
	cashier, inactive := user.Cashier, false
	who, version := p.boss.ID(), p.boss.Version()
	try := map[string]func() error{
		"demote": func() error {
			_, err := p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: who, Version: version, Role: &cashier})
			return err
		},
		"deactivate": func() error {
			_, err := p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: who, Version: version, Active: &inactive})
			return err
		},
		"delete": func() error {
			return p.users.Delete(as(t, p.boss), p.id, user.Delete{ID: who, Version: version})
		},
	}
	for name, f := range try {
		t.Run(name, func(t *testing.T) { wantCode(t, f(), "last_manager") })
	}
	p.hire(t, "cashier@example.com", user.Cashier)
	sleeping := p.hire(t, "sleeping@example.com", user.Manager)
	must[*user.User](t)(p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: sleeping.ID(), Version: 1, Active: &inactive}))
	wantCode(t, try["delete"](), "last_manager") // neither a cashier nor a sleeping manager can step in
	p.hire(t, "second@example.com", user.Manager)
	if err := try["delete"](); err != nil {
		t.Error(err)
	}
}

func onlyManagersManageUsers(t *testing.T, d *database) {
	p := d.people(t)
	cashier := p.hire(t, "cashier@example.com", user.Cashier)
	name := "Other"
	_, err := p.users.Create(as(t, cashier), p.id, user.Create{Name: "Eve", Email: "eve@example.com", Role: user.Manager, Password: password})
	wantCode(t, err, "forbidden")
	_, err = p.users.Edit(as(t, cashier), p.id, user.Edit{ID: p.boss.ID(), Version: 1, Name: &name})
	wantCode(t, err, "forbidden")
	wantCode(t, p.users.Delete(as(t, cashier), p.id, user.Delete{ID: p.boss.ID(), Version: 1}), "forbidden")
	if err := p.users.Delete(as(t, p.boss), p.id, user.Delete{ID: cashier.ID(), Version: 1}); err != nil {
		t.Fatal(err)
	}
	_, err = p.users.Create(as(t, cashier), p.id, user.Create{Name: "Eve", Email: "eve@example.com", Role: user.Manager, Password: password})
	wantCode(t, err, "token_invalid") // the check when it is applied
}

func fieldsOfUsers(t *testing.T, d *database) {
	p := d.people(t)
	good := user.Create{Name: "Eve", Email: "eve@example.com", Role: user.Cashier, Password: password}
	for name, c := range map[string]struct {
		change func(c *user.Create)
		field  string
	}{
		"no name":                {func(c *user.Create) { c.Name = "  " }, "/name"},
		"long name":              {func(c *user.Create) { c.Name = strings.Repeat("é", 101) }, "/name"},
		"control in name":        {func(c *user.Create) { c.Name = "a\nb" }, "/name"},
		"no at":                  {func(c *user.Create) { c.Email = "eve.example.com" }, "/email"},
		"two ats":                {func(c *user.Create) { c.Email = "eve@x@example.com" }, "/email"},
		"no domain":              {func(c *user.Create) { c.Email = "eve@" }, "/email"},
		"empty label":            {func(c *user.Create) { c.Email = "eve@example..com" }, "/email"},
		"space":                  {func(c *user.Create) { c.Email = "e ve@example.com" }, "/email"},
		"e-mail of 255 bytes":    {func(c *user.Create) { c.Email = longEmail(255) }, "/email"},
		"no role":                {func(c *user.Create) { c.Role = "" }, "/role"},
		"unknown role":           {func(c *user.Create) { c.Role = "operator" }, "/role"},
		"password of 7 bytes":    {func(c *user.Create) { c.Password = "1234567" }, "/password"},
		"password of 73 bytes":   {func(c *user.Create) { c.Password = strings.Repeat("p", 73) }, "/password"},
		"37 two-byte characters": {func(c *user.Create) { c.Password = strings.Repeat("é", 37) }, "/password"},
		"NUL in the password":    {func(c *user.Create) { c.Password = "12345678\x00" }, "/password"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			c.change(&bad)
			_, err := p.users.Create(as(t, p.boss), p.id, bad)
			wantFields(t, err, c.field)
		})
	}
	for _, c := range []user.Create{
		{Name: "Least", Email: "a@b", Role: user.Cashier, Password: "12345678"},
		{Name: strings.Repeat("é", 100), Email: longEmail(254), Role: user.Manager, Password: strings.Repeat("p", 72)},
	} {
		u := must[*user.User](t)(p.users.Create(as(t, p.boss), p.id, c))
		if s := u.Snapshot(); s.Name != c.Name || s.Email != c.Email || s.Role != c.Role || !s.Active || s.CreatedAt.IsZero() {
			t.Errorf("got %+v", s)
		}
	}
}

func longEmail(n int) string {
	const label = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz12345678901" // 63
	s := "a@" + label + "." + label + "." + label + "." + label
	return s[:n-1] + "z"
}

func editChangesWhatItNames(t *testing.T, d *database) {
	p := d.people(t)
	u := p.hire(t, "eve@example.com", user.Cashier)
	name, email := " Eve ", "EVE@example.com"
	after := must[*user.User](t)(p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: u.ID(), Version: 1, Name: &name, Email: &email}))
	want := u.Snapshot()
	want.Name, want.Email, want.Version = "Eve", email, 2
	if after.Snapshot() != want {
		t.Errorf("got %+v, want %+v", after.Snapshot(), want)
	}
	_, err := p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: u.ID(), Version: 1, Name: &name})
	wantCode(t, err, "version_stale")
	_, err = p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: "nobody", Version: 1, Name: &name})
	wantCode(t, err, "user_unknown")
	taken := "boss@EXAMPLE.com"
	_, err = p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: u.ID(), Version: 2, Email: &taken})
	wantCode(t, err, "email_taken")

	n := len(p.records(t))
	same := "Eve"
	again := must[*user.User](t)(p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: u.ID(), Version: 2, Name: &same}))
	if again.Version() != 2 || len(p.records(t)) != n {
		t.Errorf("an edit that changes nothing left version %d and %d more records", again.Version(), len(p.records(t))-n)
	}
	p.verify(t)
}

func usersMaySwapAddressesInOneBatch(t *testing.T, d *database) {
	p := d.people(t)
	a, b := p.hire(t, "a@example.com", user.Cashier), p.hire(t, "b@example.com", user.Cashier)
	swap := func(u *user.User, email string) writer.Change {
		s := u.Snapshot()
		s.Email = email
		return writer.Change{Before: u, After: must[*user.User](t)(user.Restore(s))}
	}
	err := p.Provider.Transact(t.Context(), func(ctx context.Context) error {
		return p.Users.Save(ctx, p.id, []writer.Change{swap(a, "b@example.com"), swap(b, "a@example.com")})
	})
	if err != nil {
		t.Fatal(err)
	}
	if u := must[*user.User](t)(p.Users.ByEmail(t.Context(), p.id, "A@example.com")); u == nil || u.ID() != b.ID() {
		t.Errorf("the address is %v's", u)
	}
}

func aDeletedUserLeavesNothingPersonal(t *testing.T, d *database) {
	p := d.people(t)
	p.deleteUser(t)
	again := newPeople(newShop(t, d.Backend), same(p.id)) // as after a restart
	again.id, again.boss = p.id, p.boss
	again.ids.n.Store(1000)
	again.hire(t, Unmistakable, user.Cashier) // free again
}

// Unmistakable is the address of somebody whom nothing may remember.
const Unmistakable = "Wilhelmina@Unmistakable.example"

// deleteUser deletes a user among many.
func (p *people) deleteUser(t testing.TB) {
	t.Helper()
	const name, secret = "Wilhelmina Unmistakable", "unmistakable secret"
	u := must[*user.User](t)(p.users.Create(as(t, p.boss), p.id, user.Create{Name: name, Email: Unmistakable, Role: user.Cashier, Password: secret}))
	for i := range 200 { // so that pages split around the row
		p.hire(t, fmt.Sprintf("other%d@example.com", i*7%200), user.Cashier)
	}
	renamed := "Wilhelmina Unmistakable-Married"
	u = must[*user.User](t)(p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: u.ID(), Version: 1, Name: &renamed}))
	if err := p.users.Delete(as(t, p.boss), p.id, user.Delete{ID: u.ID(), Version: 2}); err != nil {
		t.Fatal(err)
	}
	_, err := p.users.Get(t.Context(), p.id, u.ID())
	wantCode(t, err, "user_unknown")
	wantCode(t, p.users.Delete(as(t, p.boss), p.id, user.Delete{ID: u.ID(), Version: 3}), "user_unknown")
	if left := must[*user.User](t)(p.Users.Get(t.Context(), p.id, u.ID())).Snapshot(); left.Name+left.Email+left.PasswordHash != "" || !left.Deleted || left.Active {
		t.Errorf("left is %+v", left)
	}
	p.verify(t)
}

func theJournalNamesPeopleByIDOnly(t *testing.T, d *database) {
	p := d.people(t)
	u := p.hire(t, "eve@example.com", user.Cashier)
	name, email, secret := "Evelyn", "evelyn@example.com", "another secret"
	must[*user.User](t)(p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: u.ID(), Version: 1, Name: &name, Email: &email, Password: &secret}))
	if err := p.users.Delete(as(t, p.boss), p.id, user.Delete{ID: u.ID(), Version: 2}); err != nil {
		t.Fatal(err)
	}
	rs := p.records(t)
	for _, r := range rs {
		text := strings.ToLower(string(r.Encoded()))
		for _, personal := range []string{"eve@", "evelyn", "hired", "boss", "example.com", "secret", "horse", "hash of"} {
			if strings.Contains(text, personal) {
				t.Errorf("record %d holds %q: %s", r.Position, personal, text)
			}
		}
	}
	if f := rs[2].Facts[0]; f.Action != "user.edit" || f.EntityID != u.ID() || f.Before != "cashier" || f.After != "cashier; changed: name, email, password" {
		t.Errorf("the fact of the edit is %+v", f)
	}
}

func listOfUsersByFoldedName(t *testing.T, d *database) {
	p := d.people(t)
	for i, name := range []string{"zoe", "Élodie", "anna", "Anna", "Ärne", "bert"} {
		c := user.Create{Name: name, Email: fmt.Sprintf("u%d@example.com", i), Role: user.Cashier, Password: password}
		must[*user.User](t)(p.users.Create(as(t, p.boss), p.id, c))
	}
	gone := p.hire(t, "gone@example.com", user.Cashier)
	if err := p.users.Delete(as(t, p.boss), p.id, user.Delete{ID: gone.ID(), Version: 1}); err != nil {
		t.Fatal(err)
	}
	var names []string
	seen := map[id.ID]bool{}
	for after := ""; ; {
		l := must[page.List[*user.User]](t)(p.users.List(t.Context(), p.id, page.Request{Limit: 2, After: after}))
		for _, u := range l.Items {
			names = append(names, u.Snapshot().Name)
			seen[u.ID()] = true
		}
		if after = l.Next; after == "" {
			break
		}
	}
	if got := strings.Join(names, " "); got != "anna Anna bert Boss zoe Ärne Élodie" || len(seen) != 7 {
		t.Errorf("got %s", got)
	}
	_, err := p.users.List(t.Context(), p.id, page.Request{Limit: 2, After: "nonsense"})
	wantCode(t, err, "cursor_invalid")
}
