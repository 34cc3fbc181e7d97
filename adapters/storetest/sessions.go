package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kassa/core/id"
	"kassa/core/trail"
	"kassa/core/user"
	"kassa/core/writer"
)

var sessionRules = []rule{
	{"a session is renewed with its secret only", sessionIsRenewedWithItsSecretOnly},
	{"a login says who and where", loginSaysWhoAndWhere},
	{"every failed login looks the same", everyFailedLoginLooksTheSame},
	{"a failed login at a store that is not there is no audit event", noEventOfNoStore},
	{"every attempt ends once at the throttle", everyAttemptEndsOnceAtTheThrottle},
	{"refresh tokens rotate, and reuse ends the session", refreshTokensRotateAndReuseEndsTheSession},
	{"a refresh token used twice at once ends the session", aRefreshTokenUsedTwiceAtOnceEndsTheSession},
	{"a refresh token that is none is refused", aRefreshTokenThatIsNone},
	{"a session lasts thirty days from its last refresh", aSessionLastsThirtyDaysFromItsLastRefresh},
	{"what ends a session ends it at once", whatEndsASessionEndsItAtOnce},
	{"a reactivated user signs in again", aReactivatedUserSignsInAgain},
	{"a user has a hundred sessions", aUserHasAHundredSessions},
	{"authenticate reads the database once a second", authenticateReadsTheDatabaseOnceASecond},
	{"many who ask at once share one look", manyWhoAskAtOnceShareOneLook},
	{"a look during a logout is not remembered", aLookDuringALogoutIsNotRemembered},
}

// counted counts how often sessions are read.
type counted struct {
	user.Sessions
	reads atomic.Int64
}

func (c *counted) Get(ctx context.Context, s id.Store, i id.ID) (user.Session, bool, error) {
	c.reads.Add(1)
	return c.Sessions.Get(ctx, s, i)
}

func (p *people) who(t testing.TB, s *user.Service, token string) user.Principal {
	t.Helper()
	return must[user.Principal](t)(s.Authenticate(t.Context(), token))
}

func sessionIsRenewedWithItsSecretOnly(t *testing.T, d *database) {
	s := d.shop(t)
	now := s.clock.Now()
	n := user.Session{ID: "s", User: "u", Epoch: 3, Family: "family", Secret: "one", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	write := func(fn func(ctx context.Context) error) {
		t.Helper()
		if err := s.Provider.Transact(t.Context(), func(ctx context.Context) error { return fn(ctx) }); err != nil {
			t.Fatal(err)
		}
	}
	want := func(there bool) {
		t.Helper()
		got, ok, err := s.Sessions.Get(t.Context(), s.id, "s")
		if err != nil || ok != there || there && got != n {
			t.Errorf("got %+v, %v, %v; want %+v", got, ok, err, n)
		}
	}
	renew := func(i id.ID, secret string, want bool) {
		t.Helper()
		write(func(ctx context.Context) error {
			ok, err := s.Sessions.Renew(ctx, s.id, i, secret, "two", now.Add(2*time.Hour))
			if ok != want {
				t.Errorf("%s renewed with %s: %v", i, secret, ok)
			}
			return err
		})
	}
	write(func(ctx context.Context) error { return s.Sessions.Add(ctx, s.id, n, now, 1) })
	want(true)
	renew("s", "none", false)
	renew("other", "one", false)
	want(true)
	renew("s", "one", true)
	n.Secret, n.ExpiresAt = "two", now.Add(2*time.Hour)
	want(true)
	renew("s", "one", false)
	write(func(ctx context.Context) error { return s.Sessions.Remove(ctx, s.id, "other") })
	want(true)
	write(func(ctx context.Context) error { return s.Sessions.Remove(ctx, s.id, "s") })
	want(false)
}

func loginSaysWhoAndWhere(t *testing.T, d *database) {
	p := d.people(t)
	g := p.login(t, "BOSS@example.com")
	if g.User.ID() != p.boss.ID() || g.Store != p.id || g.ExpiresIn != 15*time.Minute || g.RefreshToken == "" {
		t.Errorf("got %+v", g)
	}
	who := p.who(t, p.users, g.AccessToken)
	if who.User != p.boss.ID() || who.Role != user.Manager || who.Store != p.id || who.Session == "" {
		t.Errorf("got %+v", who)
	}
	if rs := p.records(t); len(rs) != 2 || rs[1].Actor.ID != p.boss.ID() || len(rs[1].Facts) != 1 || rs[1].Facts[0].Action != "login" || len(rs[1].Touched) != 0 {
		t.Errorf("a login left %+v", rs[1:])
	}
}

func everyFailedLoginLooksTheSame(t *testing.T, d *database) {
	p := d.people(t)
	long := strings.Repeat("p", 72)
	must[*user.User](t)(p.users.Create(as(t, p.boss), p.id, user.Create{Name: "Long", Email: "long@example.com", Role: user.Cashier, Password: long}))
	sleeping, inactive := p.hire(t, "sleeping@example.com", user.Cashier), false
	must[*user.User](t)(p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: sleeping.ID(), Version: 1, Active: &inactive}))
	answers := map[string]bool{}
	for i, c := range []struct {
		store           id.Store
		email, password string
	}{
		{p.id, "boss@example.com", "wrong horse"},
		{p.id, "nobody@example.com", password},
		{p.id, "", password},
		{p.id, strings.Repeat("e", 300), password},
		{p.id, "long@example.com", long + "!"},
		{p.id, "boss@example.com", ""},
		{p.id, "sleeping@example.com", password},
		{"nowhere", "boss@example.com", password},
	} {
		before := p.hasher.compared.Load()
		_, err := p.users.Login(t.Context(), c.store, user.Login{Email: c.email, Password: c.password, Address: fmt.Sprintf("192.0.2.%d", i)})
		wantCode(t, err, "login_failed")
		answers[err.Error()] = true
		if n := p.hasher.compared.Load() - before; n != 1 {
			t.Errorf("%v compared %d times", c, n)
		}
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
	must[user.Grant](t)(p.users.Login(t.Context(), p.id, user.Login{Email: "long@example.com", Password: long, Address: "192.0.2.1"}))
}

func noEventOfNoStore(t *testing.T, d *database) {
	p, o := d.people(t), &watcher{}
	w := writer.New(writer.Config{Provider: p.Provider, Journal: p.Journal, Bindings: p.bindings(), Clock: p.clock, IDs: p.ids, Observer: o})
	closeAfter(t, w)
	p.trail = trail.NewService(trail.Config{Writer: w, Journal: p.Journal, Clock: p.clock, Lost: o.NoteLost})
	users := p.newUsers(p.Sessions)
	for i, email := range []string{"boss@example.com", strings.Repeat("e", 300)} {
		_, err := users.Login(t.Context(), "nowhere", user.Login{Email: email, Password: password, Address: fmt.Sprintf("192.0.2.%d", i)})
		wantCode(t, err, "login_failed")
	}
	p.trail.Close()
	if err := w.Close(t.Context()); err != nil || o.lost != 0 {
		t.Errorf("%d events were noted where no store is, %v", o.lost, err)
	}
}

func everyAttemptEndsOnceAtTheThrottle(t *testing.T, d *database) {
	p := d.people(t)
	for range 5 {
		_, err := p.users.Login(t.Context(), p.id, user.Login{Email: "Boss@example.com", Password: "wrong", Address: "192.0.2.1"})
		wantCode(t, err, "login_failed")
	}
	before := p.hasher.compared.Load()
	_, err := p.users.Login(t.Context(), p.id, user.Login{Email: "bosS@example.com", Password: password, Address: "192.0.2.1"})
	wantCode(t, err, "too_many_attempts") // whatever the letter case, and without work for the hasher
	if p.hasher.compared.Load() != before {
		t.Error("a throttled attempt was compared")
	}
	must[user.Grant](t)(p.users.Login(t.Context(), p.id, user.Login{Email: "boss@example.com", Password: password, Address: "192.0.2.2"}))
	p.hasher.down.Store(true)
	_, err = p.users.Login(t.Context(), p.id, user.Login{Email: "boss@example.com", Password: password, Address: "192.0.2.2"})
	wantCode(t, err, "busy")
	if th := p.throttle; th.open != 0 || th.succeeded != 1 || th.abandoned != 1 {
		t.Errorf("the throttle saw %+v", th)
	}
}

func refreshTokensRotateAndReuseEndsTheSession(t *testing.T, d *database) {
	p := d.people(t)
	first := p.login(t, "boss@example.com")
	other := p.login(t, "boss@example.com")
	second := must[user.Grant](t)(p.users.Refresh(t.Context(), first.RefreshToken))
	if second.RefreshToken == first.RefreshToken || second.User.ID() != p.boss.ID() || second.Store != p.id {
		t.Errorf("got %+v", second)
	}
	third := must[user.Grant](t)(p.users.Refresh(t.Context(), second.RefreshToken))
	before := p.who(t, p.users, first.AccessToken)
	if after := p.who(t, p.users, third.AccessToken); after != before {
		t.Errorf("the refresh changed %+v to %+v", before, after)
	}

	_, err := p.users.Refresh(t.Context(), first.RefreshToken) // old, and not only the one before
	wantCode(t, err, "token_invalid")
	_, err = p.users.Refresh(t.Context(), third.RefreshToken)
	wantCode(t, err, "token_invalid")
	for _, g := range []user.Grant{first, second, third} {
		_, err = p.users.Authenticate(t.Context(), g.AccessToken)
		wantCode(t, err, "token_invalid")
	}
	p.who(t, p.users, other.AccessToken) // another sign-in goes on
	must[user.Grant](t)(p.users.Refresh(t.Context(), other.RefreshToken))
}

func aRefreshTokenUsedTwiceAtOnceEndsTheSession(t *testing.T, d *database) {
	p := d.people(t)
	for range 20 {
		g := p.login(t, "boss@example.com")
		codes := outcomes(8, func(int) error {
			_, err := p.users.Refresh(t.Context(), g.RefreshToken)
			return err
		})
		if codes[""] != 1 || codes["token_invalid"] != 7 {
			t.Fatalf("got %v", codes)
		}
		_, err := p.users.Authenticate(t.Context(), g.AccessToken)
		wantCode(t, err, "token_invalid")
	}
}

func aRefreshTokenThatIsNone(t *testing.T, d *database) {
	p := d.people(t)
	g := p.login(t, "boss@example.com")
	parts := strings.Split(g.RefreshToken, ".")
	for _, token := range []string{
		"", "x", "a.b.c", "../x.b.c.d", g.AccessToken, strings.Repeat("a", 600),
		"nowhere." + strings.Join(parts[1:], "."),
		parts[0] + ".nobody." + parts[2] + "." + parts[3],
		parts[0] + "." + parts[1] + ".forged." + parts[3],
	} {
		_, err := p.users.Refresh(t.Context(), token)
		wantCode(t, err, "token_invalid")
	}
	must[user.Grant](t)(p.users.Refresh(t.Context(), g.RefreshToken)) // none of them ended the session
}

func aSessionLastsThirtyDaysFromItsLastRefresh(t *testing.T, d *database) {
	p := d.people(t)
	g := p.login(t, "boss@example.com")
	p.clock.Add(29 * 24 * time.Hour)
	g = must[user.Grant](t)(p.users.Refresh(t.Context(), g.RefreshToken))
	p.clock.Add(29 * 24 * time.Hour)
	g = must[user.Grant](t)(p.users.Refresh(t.Context(), g.RefreshToken))
	p.clock.Add(30 * 24 * time.Hour)
	_, err := p.users.Refresh(t.Context(), g.RefreshToken)
	wantCode(t, err, "token_invalid")
}

func whatEndsASessionEndsItAtOnce(t *testing.T, d *database) {
	inactive, cashier, secret := false, user.Cashier, "another secret"
	for name, end := range map[string]func(t *testing.T, p *people, u *user.User, who user.Principal) error{
		"logout": func(t *testing.T, p *people, _ *user.User, who user.Principal) error {
			return p.users.Logout(t.Context(), who)
		},
		"deletion": func(t *testing.T, p *people, u *user.User, _ user.Principal) error {
			return p.users.Delete(as(t, p.boss), p.id, user.Delete{ID: u.ID(), Version: 1})
		},
		"deactivation": func(t *testing.T, p *people, u *user.User, _ user.Principal) error {
			_, err := p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: u.ID(), Version: 1, Active: &inactive})
			return err
		},
		"new password": func(t *testing.T, p *people, u *user.User, _ user.Principal) error {
			_, err := p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: u.ID(), Version: 1, Password: &secret})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := d.people(t)
			u := p.hire(t, "eve@example.com", user.Manager)
			g := p.login(t, "eve@example.com")
			other := p.newUsers(p.Sessions)
			who := p.who(t, p.users, g.AccessToken)
			p.who(t, other, g.AccessToken)
			if err := end(t, p, u, who); err != nil {
				t.Fatal(err)
			}
			_, err := p.users.Authenticate(t.Context(), g.AccessToken)
			wantCode(t, err, "token_invalid")
			p.who(t, other, g.AccessToken) // another process remembers for a second
			p.clock.Add(time.Second)
			_, err = other.Authenticate(t.Context(), g.AccessToken)
			wantCode(t, err, "token_invalid")
			_, err = p.users.Refresh(t.Context(), g.RefreshToken)
			wantCode(t, err, "token_invalid")
		})
	}
	t.Run("another role", func(t *testing.T) {
		p := d.people(t)
		u := p.hire(t, "eve@example.com", user.Manager)
		g := p.login(t, "eve@example.com")
		p.who(t, p.users, g.AccessToken)
		must[*user.User](t)(p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: u.ID(), Version: 1, Role: &cashier}))
		if who := p.who(t, p.users, g.AccessToken); who.Role != user.Cashier {
			t.Errorf("the role is still %s", who.Role)
		}
	})
}

func aReactivatedUserSignsInAgain(t *testing.T, d *database) {
	p := d.people(t)
	u := p.hire(t, "eve@example.com", user.Cashier)
	g := p.login(t, "eve@example.com")
	for i, active := range []bool{false, true} {
		must[*user.User](t)(p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: u.ID(), Version: int64(i + 1), Active: &active}))
	}
	_, err := p.users.Authenticate(t.Context(), g.AccessToken)
	wantCode(t, err, "token_invalid")
	p.who(t, p.users, p.login(t, "eve@example.com").AccessToken)
}

func aUserHasAHundredSessions(t *testing.T, d *database) {
	p := d.people(t)
	p.hire(t, "eve@example.com", user.Cashier)
	eve := p.login(t, "eve@example.com")
	var all []user.Grant
	for range user.MaxSessions + 1 {
		p.clock.Add(time.Millisecond)
		all = append(all, p.login(t, "boss@example.com"))
	}
	_, err := p.users.Authenticate(t.Context(), all[0].AccessToken)
	wantCode(t, err, "token_invalid")
	p.who(t, p.users, all[1].AccessToken)
	p.who(t, p.users, eve.AccessToken)
	p.clock.Add(user.RefreshLifetime)
	g := p.login(t, "boss@example.com") // the others are over, and their rows gone
	who := p.who(t, p.users, g.AccessToken)
	if _, there, err := p.Sessions.Get(t.Context(), p.id, who.Session); !there || err != nil {
		t.Fatalf("the new session: %v, %v", there, err)
	}
	for _, old := range append(all[1:], eve) {
		session := strings.Split(old.RefreshToken, ".")[1]
		if _, there, err := p.Sessions.Get(t.Context(), p.id, id.ID(session)); there || err != nil {
			t.Fatalf("session %s is kept: %v", session, err)
		}
	}
}

func authenticateReadsTheDatabaseOnceASecond(t *testing.T, d *database) {
	p := d.people(t)
	g := p.login(t, "boss@example.com")
	s := &counted{Sessions: p.Sessions}
	users := p.newUsers(s)
	for range 1000 {
		p.who(t, users, g.AccessToken)
	}
	if n := s.reads.Load(); n != 1 {
		t.Errorf("%d reads", n)
	}
	p.clock.Add(time.Second)
	p.who(t, users, g.AccessToken)
	if n := s.reads.Load(); n != 2 {
		t.Errorf("%d reads after a second", n)
	}
	if n := testing.AllocsPerRun(1000, func() { _, _ = users.Authenticate(context.Background(), g.AccessToken) }); n > 0 {
		t.Errorf("%v allocations a request", n)
	}
}

func manyWhoAskAtOnceShareOneLook(t *testing.T, d *database) {
	p := d.people(t)
	g := p.login(t, "boss@example.com")
	s := &late{Sessions: p.Sessions, read: make(chan struct{}), answer: make(chan struct{})}
	users := p.newUsers(s)
	codes := outcomes(50, func(i int) error {
		if i == 0 {
			<-s.read
			close(s.answer)
			return nil
		}
		_, err := users.Authenticate(t.Context(), g.AccessToken)
		return err
	})
	if codes[""] != 50 {
		t.Errorf("got %v", codes)
	}
	if n := s.reads.Load(); n != 1 {
		t.Errorf("%d looks", n)
	}
}

// A look that began before a logout must not be remembered after it.
func aLookDuringALogoutIsNotRemembered(t *testing.T, d *database) {
	p := d.people(t)
	g := p.login(t, "boss@example.com")
	who := p.who(t, p.users, g.AccessToken)
	s := &late{Sessions: p.Sessions, read: make(chan struct{}), answer: make(chan struct{})}
	users := p.newUsers(s)
	seen := make(chan error)
	go func() {
		_, err := users.Authenticate(t.Context(), g.AccessToken)
		seen <- err
	}()
	<-s.read
	if err := users.Logout(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	close(s.answer)
	if err := <-seen; err != nil {
		t.Errorf("the request before the logout: %v", err)
	}
	_, err := users.Authenticate(t.Context(), g.AccessToken)
	wantCode(t, err, "token_invalid")
}

// late reads a session and answers later, the first time.
type late struct {
	user.Sessions
	read, answer chan struct{}
	reads        atomic.Int64
}

func (l *late) Get(ctx context.Context, s id.Store, i id.ID) (user.Session, bool, error) {
	n, ok, err := l.Sessions.Get(ctx, s, i)
	if l.reads.Add(1) == 1 {
		close(l.read)
		<-l.answer
	}
	return n, ok, err
}
