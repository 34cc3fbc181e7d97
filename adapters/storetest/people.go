package storetest

import (
	"context"
	"slices"
	"testing"

	"kassa/core/audit"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/member"
	"kassa/core/money"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

// people is a shop with everything about its people.
type people struct {
	*shop
	boss     *user.User
	hasher   *plain
	tokens   *paper
	throttle *strikes
	users    *user.Service
	members  *member.Service
	setup    *setup.Service
}

const password = "correct horse"

// people makes a store that is set up.
func (d *database) people(t testing.TB) *people {
	t.Helper()
	s, b := d.next(), d.Backend
	b.Stores = only{b.Stores, s}
	p := newPeople(newShop(t, b), same(s))
	p.setUp(t, string(s))
	return p
}

// only hides the other stores from the setup, which makes the first store of a database and no other.
type only struct {
	store.Repository
	id id.Store
}

func (r only) List(ctx context.Context) ([]store.Store, error) {
	all, err := r.Repository.List(ctx)
	return slices.DeleteFunc(all, func(s store.Store) bool { return s.ID != r.id }), err
}

func (r only) CreateFirst(ctx context.Context, s store.Store) error { return r.Create(ctx, s) }

// same is the source of one id.
type same id.ID

func (s same) New() id.ID { return id.ID(s) }

// newPeople returns people in a shop whose store is not set up; its id will come from the source.
func newPeople(s *shop, stores id.Source) *people {
	p := &people{shop: s, hasher: &plain{}, tokens: &paper{clock: s.clock}, throttle: &strikes{}}
	p.users = p.newUsers(p.Sessions)
	p.members = member.NewService(member.Config{
		Writer: p.w, Members: p.Members, Ledger: p.Ledger, Hasher: p.hasher, Tokens: memberPaper{p.tokens}, Throttle: p.throttle,
	})
	p.setup = setup.NewService(setup.Config{Writer: p.w, Stores: p.Stores, Users: p.Users, Hasher: p.hasher, Clock: p.clock, IDs: stores})
	return p
}

// newUsers returns another service on the same database, as another process would have.
func (p *people) newUsers(s user.Sessions) *user.Service {
	return user.NewService(user.Config{
		Writer: p.w, Transactions: p.Provider, Users: p.Users, Sessions: s, Hasher: p.hasher, Tokens: p.tokens, Throttle: p.throttle,
		Clock: p.clock, IDs: p.ids, Trail: p.trail,
	})
}

func bossOf(email string) user.Create {
	return user.Create{Name: "Boss", Email: email, Password: password}
}

func (p *people) setUp(t testing.TB, name string) {
	t.Helper()
	n, boss, err := p.setup.Run(t.Context(), setup.Command{
		Name: name, Currency: "EUR", TimeZone: "Europe/Berlin", Manager: bossOf("Boss@Example.com"),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.id, p.boss = n.ID, boss
}

// as returns a context in which the user acts.
func as(t testing.TB, u *user.User) context.Context {
	t.Helper()
	return audit.WithActor(t.Context(), audit.Actor{ID: u.ID(), Role: string(u.Role()), RequestID: "request"})
}

// hire adds a user.
func (p *people) hire(t testing.TB, email string, r user.Role) *user.User {
	t.Helper()
	return must[*user.User](t)(p.users.Create(as(t, p.boss), p.id, user.Create{Name: "Hired", Email: email, Role: r, Password: password}))
}

func (p *people) login(t testing.TB, email string) user.Grant {
	t.Helper()
	return must[user.Grant](t)(p.users.Login(t.Context(), p.id, user.Login{Email: email, Password: password, Address: "192.0.2.1"}))
}

// grant is an operation that gives a member points or money, as sales and top-ups do, and spends a token where there is one.
type grant struct {
	account ledger.ID
	unit    string
	amount  int64
	token   id.ID
}

func (*grant) Kind() string          { return "grant" }
func (*grant) Walk(*journal.Codec)   {}
func (*grant) Intent() writer.Intent { return writer.Intent{} }
func (o *grant) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	settings, err := store.SettingsOf(v)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	var e ledger.Entry
	e.Credit(o.account, o.unit, money.Amount(o.amount)).Debit(ledger.NewID(ledger.External, o.unit), o.unit, money.Amount(o.amount))
	lines, values, err := e.Post(v)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	d := journal.Draft{Day: settings.Day(v.Now()), Lines: lines, Doc: &grant{}}
	if o.token != "" {
		d.Keys = []journal.Key{member.TokenKey(o.token)}
	}
	return d, values, nil
}
