package sqlite_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kassa/core/id"
	"kassa/core/page"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

func TestSetupHappensOnce(t *testing.T) {
	p := openPeople(t, t.TempDir())
	codes := parallel(20, func(i int) error {
		_, _, err := p.setup.Run(t.Context(), setup.Command{
			Name: fmt.Sprintf("Shop %d", i), Currency: "EUR", TimeZone: "Europe/Berlin", Manager: bossOf("a@example.com"),
		})
		return err
	})
	if codes[""] != 1 || codes["already_set_up"] != 19 {
		t.Fatalf("got %v", codes)
	}
	wantCode(t, p.setup.Open(t.Context()), "already_set_up")
	n := must[store.Store](t)(p.setup.Choose(t.Context(), ""))
	p.store = n.ID
	rs := p.records(t)
	if len(rs) != 1 || rs[0].Doc.Kind() != "setup" {
		t.Fatalf("there are %d records", len(rs))
	}
	u := must[*user.User](t)(p.users.Get(t.Context(), p.store, rs[0].ID))
	if u.Role() != user.Manager || !u.Active() || u.Email() != "a@example.com" || u.Version() != 1 {
		t.Errorf("the first manager is %+v", u.Snapshot())
	}
	p.wantProven(t)
}

func TestSetupNamesEveryRefusedField(t *testing.T) {
	p := openPeople(t, t.TempDir())
	_, _, err := p.setup.Run(t.Context(), setup.Command{Name: " ", Currency: "XXX", TimeZone: "Mars", Manager: user.Create{Email: "a@", Password: "short"}})
	wantFields(t, err, "/store/name", "/store/currency", "/store/time_zone", "/manager/name", "/manager/email", "/manager/password")
	if err := p.setup.Open(t.Context()); err != nil {
		t.Errorf("a refused setup was kept: %v", err)
	}
}

func TestSetupGoesOnWhereItStopped(t *testing.T) {
	p := openPeople(t, t.TempDir())
	left := must[store.Store](t)(store.New(p.ids.New(), "Corner", "EUR", "Europe/Berlin", p.clock.Now()))
	if err := p.stores().Create(t.Context(), left); err != nil {
		t.Fatal(err)
	}
	_, _, err := p.setup.Run(t.Context(), setup.Command{Name: "Other", Currency: "EUR", TimeZone: "Europe/Berlin", Manager: bossOf("a@example.com")})
	wantCode(t, err, "setup_unfinished")
	p.setUp(t)
	if p.store != left.ID {
		t.Errorf("another store was made: %s", p.store)
	}
}

func TestChoosingAStore(t *testing.T) {
	p := openPeople(t, t.TempDir())
	_, err := p.setup.Choose(t.Context(), "")
	wantCode(t, err, "not_set_up")
	p.setUp(t)
	second := must[store.Store](t)(store.New(p.ids.New(), "Second", "EUR", "Europe/Berlin", p.clock.Now()))
	if err := p.stores().Create(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	_, err = p.setup.Choose(t.Context(), "")
	wantCode(t, err, "store_required")
	_, err = p.setup.Choose(t.Context(), "nowhere")
	wantCode(t, err, "login_failed")
	for _, named := range []string{string(second.ID), "SECOND"} {
		if n := must[store.Store](t)(p.setup.Choose(t.Context(), named)); n.ID != second.ID {
			t.Errorf("%s is %s", named, n.ID)
		}
	}
}

func TestAnEmailIsGivenOnceInParallel(t *testing.T) {
	p := newPeople(t)
	for round := range 20 {
		codes := parallel(20, func(i int) error {
			email := fmt.Sprintf("Anna%d@example.com", round)
			if i%2 == 1 {
				email = strings.ToUpper(email)
			}
			_, err := p.users.Create(as(t, p.boss), p.store, user.Create{Name: "Anna", Email: email, Role: user.Cashier, Password: password})
			return err
		})
		if codes[""] != 1 || codes["email_taken"] != 19 {
			t.Fatalf("round %d: %v", round, codes)
		}
	}
	if n := p.hasher.hashed.Load(); n != 21 {
		t.Errorf("%d passwords were hashed, and 21 users are there", n)
	}
	p.wantProven(t)
}

// Two processes do not take turns: what counts is the operation.
func TestAnEmailIsGivenOnceByTwoProcesses(t *testing.T) {
	p := newPeople(t)
	other := p.newUsers(p.sessions())
	for round := range 20 {
		codes := parallel(2, func(i int) error {
			c := user.Create{Name: "Anna", Email: fmt.Sprintf("anna%d@example.com", round), Role: user.Cashier, Password: password}
			_, err := []*user.Service{p.users, other}[i].Create(as(t, p.boss), p.store, c)
			return err
		})
		if codes[""] != 1 || codes["email_taken"] != 1 {
			t.Fatalf("round %d: %v", round, codes)
		}
	}
}

func TestTwoManagersWhoDemoteEachOtherLeaveOne(t *testing.T) {
	p := newPeople(t)
	cashier := user.Cashier
	for round := range 20 {
		other := p.hire(t, fmt.Sprintf("other%d@example.com", round), user.Manager)
		both := []*user.User{p.boss, other}
		codes := parallel(2, func(i int) error {
			target := both[1-i]
			_, err := p.users.Edit(as(t, both[i]), p.store, user.Edit{ID: target.ID(), Version: target.Version(), Role: &cashier})
			return err
		})
		if codes[""] != 1 || codes["last_manager"]+codes["forbidden"] != 1 {
			t.Fatalf("round %d: %v", round, codes)
		}
		for _, u := range both { // whoever is left goes on
			if now := must[*user.User](t)(p.users.Get(t.Context(), p.store, u.ID())); now.Role() == user.Manager {
				p.boss = now
			}
		}
	}
	p.wantProven(t)
}

func TestTheLastManagerStays(t *testing.T) {
	p := newPeople(t)
	cashier, inactive := user.Cashier, false
	who, version := p.boss.ID(), p.boss.Version()
	try := map[string]func() error{
		"demote": func() error {
			_, err := p.users.Edit(as(t, p.boss), p.store, user.Edit{ID: who, Version: version, Role: &cashier})
			return err
		},
		"deactivate": func() error {
			_, err := p.users.Edit(as(t, p.boss), p.store, user.Edit{ID: who, Version: version, Active: &inactive})
			return err
		},
		"delete": func() error {
			return p.users.Delete(as(t, p.boss), p.store, user.Delete{ID: who, Version: version})
		},
	}
	for name, f := range try {
		t.Run(name, func(t *testing.T) { wantCode(t, f(), "last_manager") })
	}
	p.hire(t, "cashier@example.com", user.Cashier)
	sleeping := p.hire(t, "sleeping@example.com", user.Manager)
	must[*user.User](t)(p.users.Edit(as(t, p.boss), p.store, user.Edit{ID: sleeping.ID(), Version: 1, Active: &inactive}))
	wantCode(t, try["delete"](), "last_manager") // neither a cashier nor a sleeping manager can step in
	p.hire(t, "second@example.com", user.Manager)
	if err := try["delete"](); err != nil {
		t.Error(err)
	}
}

func TestOnlyManagersManageUsers(t *testing.T) {
	p := newPeople(t)
	cashier := p.hire(t, "cashier@example.com", user.Cashier)
	name := "Other"
	_, err := p.users.Create(as(t, cashier), p.store, user.Create{Name: "Eve", Email: "eve@example.com", Role: user.Manager, Password: password})
	wantCode(t, err, "forbidden")
	_, err = p.users.Edit(as(t, cashier), p.store, user.Edit{ID: p.boss.ID(), Version: 1, Name: &name})
	wantCode(t, err, "forbidden")
	wantCode(t, p.users.Delete(as(t, cashier), p.store, user.Delete{ID: p.boss.ID(), Version: 1}), "forbidden")
	if err := p.users.Delete(as(t, p.boss), p.store, user.Delete{ID: cashier.ID(), Version: 1}); err != nil {
		t.Fatal(err)
	}
	_, err = p.users.Create(as(t, cashier), p.store, user.Create{Name: "Eve", Email: "eve@example.com", Role: user.Manager, Password: password})
	wantCode(t, err, "token_invalid") // the check when it is applied
}

func TestFieldsOfUsers(t *testing.T) {
	p := newPeople(t)
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
			_, err := p.users.Create(as(t, p.boss), p.store, bad)
			wantFields(t, err, c.field)
		})
	}
	for _, c := range []user.Create{
		{Name: "Least", Email: "a@b", Role: user.Cashier, Password: "12345678"},
		{Name: strings.Repeat("é", 100), Email: longEmail(254), Role: user.Manager, Password: strings.Repeat("p", 72)},
	} {
		u := must[*user.User](t)(p.users.Create(as(t, p.boss), p.store, c))
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

func TestEditChangesWhatItNames(t *testing.T) {
	p := newPeople(t)
	u := p.hire(t, "eve@example.com", user.Cashier)
	name, email := " Eve ", "EVE@example.com"
	after := must[*user.User](t)(p.users.Edit(as(t, p.boss), p.store, user.Edit{ID: u.ID(), Version: 1, Name: &name, Email: &email}))
	want := u.Snapshot()
	want.Name, want.Email, want.Version = "Eve", email, 2
	if after.Snapshot() != want {
		t.Errorf("got %+v, want %+v", after.Snapshot(), want)
	}
	_, err := p.users.Edit(as(t, p.boss), p.store, user.Edit{ID: u.ID(), Version: 1, Name: &name})
	wantCode(t, err, "version_stale")
	_, err = p.users.Edit(as(t, p.boss), p.store, user.Edit{ID: "nobody", Version: 1, Name: &name})
	wantCode(t, err, "user_unknown")
	taken := "boss@EXAMPLE.com"
	_, err = p.users.Edit(as(t, p.boss), p.store, user.Edit{ID: u.ID(), Version: 2, Email: &taken})
	wantCode(t, err, "email_taken")

	n := len(p.records(t))
	same := "Eve"
	again := must[*user.User](t)(p.users.Edit(as(t, p.boss), p.store, user.Edit{ID: u.ID(), Version: 2, Name: &same}))
	if again.Version() != 2 || len(p.records(t)) != n {
		t.Errorf("an edit that changes nothing left version %d and %d more records", again.Version(), len(p.records(t))-n)
	}
	p.wantProven(t)
}

func TestUsersMaySwapAddressesInOneBatch(t *testing.T) {
	p := newPeople(t)
	a, b := p.hire(t, "a@example.com", user.Cashier), p.hire(t, "b@example.com", user.Cashier)
	swap := func(u *user.User, email string) writer.Change {
		s := u.Snapshot()
		s.Email = email
		return writer.Change{Before: u, After: must[*user.User](t)(user.Restore(s))}
	}
	err := p.d.Transact(t.Context(), func(ctx ctx) error {
		return p.usersAt.Save(ctx, p.store, []writer.Change{swap(a, "b@example.com"), swap(b, "a@example.com")})
	})
	if err != nil {
		t.Fatal(err)
	}
	if u := must[*user.User](t)(p.usersAt.ByEmail(t.Context(), p.store, "A@example.com")); u == nil || u.ID() != b.ID() {
		t.Errorf("the address is %v's", u)
	}
}

func TestADeletedUserLeavesNothingPersonal(t *testing.T) {
	p := newPeople(t)
	const name, email, secret = "Wilhelmina Unmistakable", "Wilhelmina@Unmistakable.example", "unmistakable secret"
	u := must[*user.User](t)(p.users.Create(as(t, p.boss), p.store, user.Create{Name: name, Email: email, Role: user.Cashier, Password: secret}))
	for i := range 200 { // so that pages split around the row
		p.hire(t, fmt.Sprintf("other%d@example.com", i*7%200), user.Cashier)
	}
	renamed := "Wilhelmina Unmistakable-Married"
	u = must[*user.User](t)(p.users.Edit(as(t, p.boss), p.store, user.Edit{ID: u.ID(), Version: 1, Name: &renamed}))
	if err := p.users.Delete(as(t, p.boss), p.store, user.Delete{ID: u.ID(), Version: 2}); err != nil {
		t.Fatal(err)
	}
	_, err := p.users.Get(t.Context(), p.store, u.ID())
	wantCode(t, err, "user_unknown")
	wantCode(t, p.users.Delete(as(t, p.boss), p.store, user.Delete{ID: u.ID(), Version: 3}), "user_unknown")
	if left := must[*user.User](t)(p.usersAt.Get(t.Context(), p.store, u.ID())).Snapshot(); left.Name+left.Email+left.PasswordHash != "" || !left.Deleted || left.Active {
		t.Errorf("left is %+v", left)
	}
	p.wantProven(t)
	p.close(t)
	wantNowhere(t, p.dir, "nmistakable", "NMISTAKABLE")
	again := openPeople(t, p.dir)
	again.store, again.boss = p.store, p.boss
	again.ids.n.Store(1000)
	again.hire(t, email, user.Cashier) // free again
}

// wantNowhere fails when a file of the folder holds one of the texts.
func wantNowhere(t *testing.T, dir string, texts ...string) {
	t.Helper()
	files := must[[]string](t)(filepath.Glob(filepath.Join(dir, "*")))
	for _, f := range files {
		b := must[[]byte](t)(os.ReadFile(f))
		for _, text := range texts {
			if bytes.Contains(b, []byte(text)) {
				t.Errorf("%s is in %s", text, filepath.Base(f))
			}
		}
	}
	if len(files) < 2 {
		t.Errorf("the folder has %d files", len(files))
	}
}

func TestTheJournalNamesPeopleByIDOnly(t *testing.T) {
	p := newPeople(t)
	u := p.hire(t, "eve@example.com", user.Cashier)
	name, email, secret := "Evelyn", "evelyn@example.com", "another secret"
	must[*user.User](t)(p.users.Edit(as(t, p.boss), p.store, user.Edit{ID: u.ID(), Version: 1, Name: &name, Email: &email, Password: &secret}))
	if err := p.users.Delete(as(t, p.boss), p.store, user.Delete{ID: u.ID(), Version: 2}); err != nil {
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

func TestListOfUsersByFoldedName(t *testing.T) {
	p := newPeople(t)
	for i, name := range []string{"zoe", "Élodie", "anna", "Anna", "Ärne", "bert"} {
		c := user.Create{Name: name, Email: fmt.Sprintf("u%d@example.com", i), Role: user.Cashier, Password: password}
		must[*user.User](t)(p.users.Create(as(t, p.boss), p.store, c))
	}
	gone := p.hire(t, "gone@example.com", user.Cashier)
	if err := p.users.Delete(as(t, p.boss), p.store, user.Delete{ID: gone.ID(), Version: 1}); err != nil {
		t.Fatal(err)
	}
	var names []string
	seen := map[id.ID]bool{}
	for after := ""; ; {
		l := must[page.List[*user.User]](t)(p.users.List(t.Context(), p.store, page.Request{Limit: 2, After: after}))
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
	_, err := p.users.List(t.Context(), p.store, page.Request{Limit: 2, After: "nonsense"})
	wantCode(t, err, "cursor_invalid")
}
