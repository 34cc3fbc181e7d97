package storetest

import (
	"fmt"
	"testing"

	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/user"
)

// setupRules need a database without stores each: Kassa is set up once.
var setupRules = []rule{
	{"setup happens once", func(t *testing.T, d *database) { setupHappensOnce(t, d, 1) }},
	{"setup happens once at two processes", func(t *testing.T, d *database) { setupHappensOnce(t, d, 2) }},
	{"setup names every refused field", setupNamesEveryRefusedField},
	{"setup goes on where it stopped", setupGoesOnWhereItStopped},
	{"a store is chosen by id or name", choosingAStore},
	{"a copy that is not finished is nothing to set up or to sign in to", choosingHalfACopy},
}

// strangers are people before the setup.
func (d *database) strangers(t testing.TB) *people {
	s := newShop(t, d.Backend)
	return newPeople(s, s.ids)
}

func setupHappensOnce(t *testing.T, d *database, processes int) {
	p := d.strangers(t)
	services := []*setup.Service{p.setup}
	for len(services) < processes {
		services = append(services, newPeople(p.shop, p.ids).setup)
	}
	codes := outcomes(20, func(i int) error {
		_, _, err := services[i%processes].Run(t.Context(), setup.Command{
			Name: fmt.Sprintf("Shop %d", i), Currency: "EUR", TimeZone: "Europe/Berlin", Manager: bossOf("a@example.com"),
		})
		return err
	})
	if codes[""] != 1 || codes["already_set_up"]+codes["setup_unfinished"] != 19 || processes == 1 && codes["setup_unfinished"] > 0 {
		t.Fatalf("got %v", codes)
	}
	wantCode(t, p.setup.Open(t.Context()), "already_set_up")
	n := must[store.Store](t)(p.setup.Choose(t.Context(), ""))
	p.id = n.ID
	rs := p.records(t)
	if len(rs) != 1 || rs[0].Doc.Kind() != "setup" {
		t.Fatalf("there are %d records", len(rs))
	}
	u := must[*user.User](t)(p.users.Get(t.Context(), p.id, rs[0].ID))
	if u.Role() != user.Manager || !u.Active() || u.Email() != "a@example.com" || u.Version() != 1 {
		t.Errorf("the first manager is %+v", u.Snapshot())
	}
	p.verify(t)
}

func setupNamesEveryRefusedField(t *testing.T, d *database) {
	p := d.strangers(t)
	_, _, err := p.setup.Run(t.Context(), setup.Command{Name: " ", Currency: "XXX", TimeZone: "Mars", Manager: user.Create{Email: "a@", Password: "short"}})
	wantFields(t, err, "/store/name", "/store/currency", "/store/time_zone", "/manager/name", "/manager/email", "/manager/password")
	if err := p.setup.Open(t.Context()); err != nil {
		t.Errorf("a refused setup was kept: %v", err)
	}
}

func setupGoesOnWhereItStopped(t *testing.T, d *database) {
	p := d.strangers(t)
	left := must[store.Store](t)(store.New(p.ids.New(), "Corner", "EUR", "Europe/Berlin", p.clock.Now()))
	if err := p.Stores.Create(t.Context(), left); err != nil {
		t.Fatal(err)
	}
	_, _, err := p.setup.Run(t.Context(), setup.Command{Name: "Other", Currency: "EUR", TimeZone: "Europe/Berlin", Manager: bossOf("a@example.com")})
	wantCode(t, err, "setup_unfinished")
	p.setUp(t, "Corner")
	if p.id != left.ID {
		t.Errorf("another store was made: %s", p.id)
	}
}

func choosingAStore(t *testing.T, d *database) {
	p := d.strangers(t)
	_, err := p.setup.Choose(t.Context(), "")
	wantCode(t, err, "not_set_up")
	p.setUp(t, "Corner")
	second := must[store.Store](t)(store.New(p.ids.New(), "Second", "EUR", "Europe/Berlin", p.clock.Now()))
	if err := p.Stores.Create(t.Context(), second); err != nil {
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

func choosingHalfACopy(t *testing.T, d *database) {
	p := d.strangers(t)
	half := must[store.Store](t)(store.New(p.ids.New(), "Corner", "EUR", "Europe/Berlin", p.clock.Now()))
	if err := p.Stores.CreateCopy(t.Context(), half); err != nil {
		t.Fatal(err)
	}
	wantCode(t, p.setup.Open(t.Context()), "copy_unfinished")
	_, _, err := p.setup.Run(t.Context(), setup.Command{Name: "Corner", Currency: "EUR", TimeZone: "Europe/Berlin", Manager: bossOf("a@example.com")})
	wantCode(t, err, "copy_unfinished")
	for _, named := range []string{"", "corner", string(half.ID)} {
		_, err := p.setup.Choose(t.Context(), named)
		wantCode(t, err, "copy_unfinished")
	}
}
