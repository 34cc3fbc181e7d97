package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kassa/adapters/sqlite"
	"kassa/adapters/storetest"
	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/member"
	"kassa/core/money"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/verify"
	"kassa/core/writer"
)

// people is a shop that is set up, with everything about its people on SQLite.
type people struct {
	dir       string
	store     id.Store
	boss      *user.User
	d         *sqlite.Database
	journal   *sqlite.Journal
	state     *sqlite.State
	usersAt   *sqlite.Users
	membersAt *sqlite.Members
	clock     *storetest.Clock
	ids       *serial
	hasher    *plain
	tokens    *paper
	throttle  *strikes
	w         *writer.Writer
	users     *user.Service
	members   *member.Service
	setup     *setup.Service
}

// serial counts, in the order of time as real ids do.
type serial struct{ n atomic.Int64 }

func (s *serial) New() id.ID { return id.ID(fmt.Sprintf("id-%08d", s.n.Add(1))) }

// plain is a hasher that hides nothing and counts its comparisons.
type plain struct {
	compared atomic.Int64
	hashed   atomic.Int64
	down     atomic.Bool
}

func (p *plain) Hash(_ context.Context, secret string) (string, error) {
	p.hashed.Add(1)
	return "hash of " + secret, nil
}

func (p *plain) Matches(_ context.Context, hash, secret string) (bool, error) {
	p.compared.Add(1)
	if p.down.Load() {
		return false, fault.New(fault.Unavailable, "busy", "busy")
	}
	return hash != "" && hash == "hash of "+secret[:min(len(secret), 72)], nil // as bcrypt would
}

// paper makes tokens that say openly what they mean.
type paper struct {
	clock *storetest.Clock
	n     atomic.Int64
	known sync.Map // token -> what it says
}

type memberWord struct {
	store       id.Store
	member, jti id.ID
	expires     time.Time
}

type accessWord struct {
	user.Access
	expires time.Time
}

func (p *paper) next(kind string) string { return fmt.Sprintf("%s-%d", kind, p.n.Add(1)) }

func (p *paper) keep(kind string, says any) string {
	t := p.next(kind)
	p.known.Store(t, says)
	return t
}

func (p *paper) Issue(a user.Access) (string, time.Duration, error) {
	return p.keep("access", accessWord{a, p.clock.Now().Add(15 * time.Minute)}), 15 * time.Minute, nil
}

func (p *paper) Parse(token string) (user.Access, error) {
	v, _ := p.known.Load(token)
	if a, ok := v.(accessWord); ok && p.clock.Now().Before(a.expires) {
		return a.Access, nil
	}
	return user.Access{}, user.TokenInvalid()
}

func (p *paper) NewSecret() (secret, hash string) {
	secret = p.next("secret")
	return secret, p.HashSecret(secret)
}

func (*paper) HashSecret(secret string) string { return "hash of " + secret }

// memberPaper is the members' part of paper.
type memberPaper struct{ *paper }

func (p memberPaper) Issue(s id.Store, m id.ID) (string, time.Duration, error) {
	return p.keep("member", memberWord{s, m, id.ID(p.next("jti")), p.clock.Now().Add(5 * time.Minute)}), 5 * time.Minute, nil
}

func (p memberPaper) Verify(s id.Store, token string) (who, jti id.ID, expires time.Time, err error) {
	v, _ := p.known.Load(token)
	if w, ok := v.(memberWord); ok && w.store == s && p.clock.Now().Before(w.expires) {
		return w.member, w.jti, w.expires, nil
	}
	return "", "", time.Time{}, member.TokenInvalid()
}

// strikes is a throttle that lets five failures through and notes how attempts ended.
type strikes struct {
	mu                         sync.Mutex
	failed                     map[string]int
	open, succeeded, abandoned int
}

func (s *strikes) Allow(_ context.Context, account, address string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed[account+"|"+address] >= 5 {
		return fault.New(fault.TooMany, "too_many_attempts", "too many").Retry(time.Second)
	}
	s.open++
	return nil
}

func (s *strikes) end(count *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	*count++
}

func (s *strikes) Failed(account, address string) {
	var failed int
	s.end(&failed)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = map[string]int{}
	}
	s.failed[account+"|"+address]++
}
func (s *strikes) Succeeded(_, _ string) { s.end(&s.succeeded) }
func (s *strikes) Abandoned(_, _ string) { s.end(&s.abandoned) }

const password = "correct horse"

func newPeople(t testing.TB) *people {
	t.Helper()
	p := openPeople(t, t.TempDir())
	p.setUp(t)
	return p
}

// openPeople opens the folder without setting it up.
func openPeople(t testing.TB, dir string) *people {
	t.Helper()
	d, err := sqlite.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	schema, states := journal.Schema{}, map[string]func() writer.Stored{}
	for _, s := range []journal.Schema{setup.Documents(), store.Documents(), user.Documents(), member.Documents(), {"grant": func() journal.Document { return &grant{} }}} {
		maps.Copy(schema, s)
	}
	for _, s := range []map[string]func() writer.Stored{store.States(), ledger.States(), user.States(), member.States()} {
		maps.Copy(states, s)
	}
	p := &people{
		dir: dir, d: d, journal: sqlite.NewJournal(d, schema), state: sqlite.NewState(d, states), usersAt: sqlite.NewUsers(d),
		membersAt: sqlite.NewMembers(d), clock: storetest.NewClock(), ids: &serial{}, hasher: &plain{}, throttle: &strikes{},
	}
	p.tokens = &paper{clock: p.clock}
	var bindings []writer.Binding
	for kind := range states {
		bindings = append(bindings, writer.Binding{Kind: kind, Projection: p.state})
	}
	for _, kind := range sqlite.UserKinds() {
		bindings = append(bindings, writer.Binding{Kind: kind, Projection: p.usersAt})
	}
	for _, kind := range sqlite.MemberKinds() {
		bindings = append(bindings, writer.Binding{Kind: kind, Projection: p.membersAt})
	}
	p.w = writer.New(writer.Config{Provider: d, Journal: p.journal, Bindings: bindings, Clock: p.clock, IDs: p.ids})
	p.users = p.newUsers(sqlite.NewSessions(d))
	p.members = member.NewService(member.Config{
		Writer: p.w, Members: p.membersAt, Ledger: sqlite.NewLedger(p.journal), Hasher: p.hasher, Tokens: memberPaper{p.tokens}, Throttle: p.throttle,
	})
	p.setup = setup.NewService(setup.Config{
		Writer: p.w, Stores: sqlite.NewStores(d, p.ids), Users: p.usersAt, Hasher: p.hasher, Clock: p.clock, IDs: p.ids,
	})
	t.Cleanup(func() { p.close(t) })
	return p
}

// newUsers returns another service on the same database, as another process would have.
func (p *people) newUsers(s user.Sessions) *user.Service {
	return user.NewService(user.Config{
		Writer: p.w, Transactions: p.d, Users: p.usersAt, Sessions: s, Hasher: p.hasher, Tokens: p.tokens, Throttle: p.throttle,
		Clock: p.clock, IDs: p.ids,
	})
}

func (p *people) close(t testing.TB) {
	t.Helper()
	if p.d == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := errors.Join(p.w.Close(ctx), p.d.Close()); err != nil {
		t.Error(err)
	}
	p.d = nil
}

func bossOf(email string) user.Create {
	return user.Create{Name: "Boss", Email: email, Password: password}
}

func (p *people) setUp(t testing.TB) {
	t.Helper()
	n, boss, err := p.setup.Run(t.Context(), setup.Command{
		Name: "Corner", Currency: "EUR", TimeZone: "Europe/Berlin", Manager: bossOf("Boss@Example.com"),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.store, p.boss = n.ID, boss
}

// as returns a context in which the user acts.
func as(t testing.TB, u *user.User) context.Context {
	t.Helper()
	return audit.WithActor(t.Context(), audit.Actor{ID: u.ID(), Role: string(u.Role()), RequestID: "request"})
}

// hire adds a user.
func (p *people) hire(t testing.TB, email string, r user.Role) *user.User {
	t.Helper()
	return must[*user.User](t)(p.users.Create(as(t, p.boss), p.store, user.Create{Name: "Hired", Email: email, Role: r, Password: password}))
}

func (p *people) login(t testing.TB, email string) user.Grant {
	t.Helper()
	return must[user.Grant](t)(p.users.Login(t.Context(), p.store, user.Login{Email: email, Password: password, Address: "192.0.2.1"}))
}

// records returns the whole journal.
func (p *people) records(t testing.TB) []journal.Record {
	t.Helper()
	return must[[]journal.Record](t)(p.journal.From(t.Context(), p.store, 0, 10_000))
}

// wantProven fails unless verification finds nothing off.
func (p *people) wantProven(t testing.TB) {
	t.Helper()
	v := verify.Verifier{Provider: p.d, Journal: p.journal, Projections: []writer.Projection{p.state, p.usersAt, p.membersAt}}
	report, err := v.Run(t.Context(), p.store)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Clean() {
		t.Errorf("verification found:\n%s", strings.Join(report.Findings, "\n"))
	}
}

// parallel runs fn n times at once and returns how often each code came back; success is the empty one.
func parallel(n int, fn func(i int) error) map[string]int {
	codes, start := make([]string, n), make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			if err := fn(i); err != nil {
				codes[i] = err.Error()
				if f, ok := fault.As(err); ok {
					codes[i] = f.Code
				}
			}
		})
	}
	close(start)
	wg.Wait()
	count := map[string]int{}
	for _, c := range codes {
		count[c]++
	}
	return count
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

// ctx keeps callbacks short.
type ctx = context.Context

func (p *people) stores() *sqlite.Stores     { return sqlite.NewStores(p.d, p.ids) }
func (p *people) sessions() *sqlite.Sessions { return sqlite.NewSessions(p.d) }

// wantFields fails unless exactly these fields are refused.
func wantFields(t testing.TB, err error, pointers ...string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Code != "validation_failed" {
		t.Fatalf("got %v, want validation_failed", err)
	}
	var got []string
	for _, field := range f.Fields {
		got = append(got, field.Pointer)
	}
	if strings.Join(got, " ") != strings.Join(pointers, " ") {
		t.Errorf("refused are %v, want %v", got, pointers)
	}
}
