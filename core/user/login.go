package user

import (
	"context"
	"crypto/subtle"

	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/writer"
)

// Login is what somebody who signs in gives.
type Login struct {
	Email    string
	Password string
	Address  string // of the client, for the throttle
}

// Login opens a session in the store. The answer to a wrong password, an unknown e-mail and an inactive user is the same, login_failed, and
// takes as long. Faults: login_failed, too_many_attempts, busy.
func (s *Service) Login(ctx context.Context, st id.Store, c Login) (Grant, error) {
	account := string(st) + " " + Fold(c.Email)
	if err := s.c.Throttle.Allow(ctx, account, c.Address); err != nil {
		return Grant{}, err
	}
	u, err := s.prove(ctx, st, c)
	switch {
	case fault.IsCode(err, "login_failed"):
		s.c.Throttle.Failed(account, c.Address)
		s.noteFailed(ctx, st, u)
		return Grant{}, err
	case err != nil:
		s.c.Throttle.Abandoned(account, c.Address)
		return Grant{}, err
	}
	s.c.Throttle.Succeeded(account, c.Address)
	g, err := s.open(ctx, st, u)
	if err == nil {
		s.c.Trail.Note(acting(ctx, u), st, audit.Fact{Action: "login", Entity: entity, EntityID: u.s.ID})
	}
	return g, err
}

// acting returns a context in which the user acts, in the request that the context is of.
func acting(ctx context.Context, u *User) context.Context {
	return audit.WithActor(ctx, audit.Actor{ID: u.s.ID, Role: string(u.s.Role), RequestID: audit.From(ctx).RequestID})
}

// noteFailed notes that somebody did not get in, by the id of the user whose address was given. What was typed is kept nowhere. Whether the store is
// there is looked up in every case, so that all take as long: the writer must not be asked for one that is not.
func (s *Service) noteFailed(ctx context.Context, st id.Store, u *User) {
	if err := s.c.Writer.Read(ctx, st, func(*writer.View) error { return nil }); err != nil {
		return
	}
	f := audit.Fact{Action: "login_failed", Entity: entity}
	if u == nil {
		ctx = audit.WithActor(ctx, audit.Actor{Role: audit.Anonymous, RequestID: audit.From(ctx).RequestID})
	} else {
		ctx, f.EntityID = acting(ctx, u), u.s.ID
	}
	s.c.Trail.Count(ctx, st, f)
}

// prove returns the active user whose password it is. With login_failed, it is the user of the address, if that has one. The hasher works in every case.
func (s *Service) prove(ctx context.Context, st id.Store, c Login) (u *User, err error) {
	var hash string
	if len(c.Email) <= MaxEmail {
		u, err = s.c.Users.ByEmail(ctx, st, c.Email)
		if err != nil && !fault.IsCode(err, "store_unknown") { // a store is not to be guessed at either
			return nil, err
		}
	}
	if u != nil && u.Active() && len(c.Password) <= MaxPassword {
		hash = u.s.PasswordHash
	}
	ok, err := s.c.Hasher.Matches(ctx, hash, c.Password)
	if err == nil && !ok {
		err = LoginFailed()
	}
	return u, err
}

// open adds a session.
func (s *Service) open(ctx context.Context, st id.Store, u *User) (Grant, error) {
	now := s.c.Clock.Now()
	n := Session{ID: s.c.IDs.New(), User: u.s.ID, Epoch: u.s.Epoch, CreatedAt: now, ExpiresAt: now.Add(RefreshLifetime)}
	t := refreshToken{store: st, session: n.ID}
	t.family, n.Family = s.c.Tokens.NewSecret()
	t.secret, n.Secret = s.c.Tokens.NewSecret()
	err := s.c.Transactions.Transact(ctx, func(ctx context.Context) error {
		return s.c.Sessions.Add(ctx, st, n, now, MaxSessions)
	})
	if err != nil {
		return Grant{}, err
	}
	return s.grant(u, t)
}

func (s *Service) grant(u *User, t refreshToken) (Grant, error) {
	token, lives, err := s.c.Tokens.Issue(Access{Store: t.store, User: u.s.ID, Role: u.s.Role, Session: t.session})
	return Grant{AccessToken: token, ExpiresIn: lives, RefreshToken: t.String(), Store: t.store, User: u}, err
}

// Refresh trades a refresh token for new tokens of the same session. Each is good once: one that comes back ends its session, because
// somebody has a copy. Unauthenticated fault token_invalid for whatever is not good.
func (s *Service) Refresh(ctx context.Context, token string) (Grant, error) {
	t, ok := parseRefreshToken(token)
	if !ok {
		return Grant{}, TokenInvalid()
	}
	if err := s.recognise(ctx, t); err != nil {
		return Grant{}, err
	}
	next := t
	var hash string
	next.secret, hash = s.c.Tokens.NewSecret()
	var u *User
	err := s.c.Transactions.Transact(ctx, func(ctx context.Context) error {
		var err error
		u, err = s.renew(ctx, t, hash)
		return err
	})
	if err != nil {
		return Grant{}, err
	}
	if u == nil {
		s.present.forget(place{t.store, t.session})
		return Grant{}, TokenInvalid()
	}
	return s.grant(u, next)
}

// recognise refuses a token of no family, so that one made up does not get as far as a write transaction.
func (s *Service) recognise(ctx context.Context, t refreshToken) error {
	return s.c.Transactions.View(ctx, func(ctx context.Context) error {
		n, ok, err := s.c.Sessions.Get(ctx, t.store, t.session)
		if err != nil || !ok || !s.related(t, n) {
			return orInvalid(err)
		}
		return nil
	})
}

// related reports whether the token is of the session's family.
func (s *Service) related(t refreshToken, n Session) bool {
	return subtle.ConstantTimeCompare([]byte(s.c.Tokens.HashSecret(t.family)), []byte(n.Family)) == 1
}

// renew gives the token's session the new secret, or ends it, and returns its user, or nil when the token is not good. It runs in a transaction,
// which commits in both cases.
func (s *Service) renew(ctx context.Context, t refreshToken, newSecret string) (*User, error) {
	n, ok, err := s.c.Sessions.Get(ctx, t.store, t.session)
	if err != nil || !ok || !s.related(t, n) {
		return nil, err
	}
	u, err := s.c.Users.Get(ctx, t.store, n.User)
	if err != nil {
		return nil, err
	}
	now := s.c.Clock.Now()
	if n.stands(u, now) {
		renewed, err := s.c.Sessions.Renew(ctx, t.store, n.ID, s.c.Tokens.HashSecret(t.secret), newSecret, now.Add(RefreshLifetime))
		if err != nil || renewed {
			return u, err
		}
	}
	return nil, s.c.Sessions.Remove(ctx, t.store, n.ID)
}

// Logout ends the session, at once in this process and within a second in others.
func (s *Service) Logout(ctx context.Context, p Principal) error {
	err := s.c.Transactions.Transact(ctx, func(ctx context.Context) error {
		return s.c.Sessions.Remove(ctx, p.Store, p.Session)
	})
	s.present.forget(place{p.Store, p.Session})
	if err == nil {
		s.c.Trail.Note(ctx, p.Store, audit.Fact{Action: "logout", Entity: entity, EntityID: p.User})
	}
	return err
}

// Authenticate returns who the access token belongs to, with the role at present. It is asked with every request and reads the database once
// a second and session at most. Unauthenticated fault token_invalid.
func (s *Service) Authenticate(ctx context.Context, token string) (Principal, error) {
	a, err := s.c.Tokens.Parse(token)
	if err != nil {
		return Principal{}, err
	}
	at, now := place{a.Store, a.Session}, s.c.Clock.Now()
	p, ok := s.present.get(at, now)
	if !ok {
		p, err = s.present.find(ctx, at, now, func(ctx context.Context) (Principal, error) { return s.look(ctx, at, a.User) })
	}
	if err == nil && p.User != a.User {
		err = TokenInvalid()
	}
	if err != nil {
		return Principal{}, err
	}
	return p, nil
}

// look finds out who stands behind a session.
func (s *Service) look(ctx context.Context, at place, who id.ID) (Principal, error) {
	var p Principal
	err := s.c.Transactions.View(ctx, func(ctx context.Context) error {
		n, ok, err := s.c.Sessions.Get(ctx, at.store, at.session)
		if err != nil || !ok {
			return orInvalid(err)
		}
		u, err := s.c.Users.Get(ctx, at.store, n.User)
		if err != nil || !n.stands(u, s.c.Clock.Now()) || n.User != who {
			return orInvalid(err)
		}
		p = Principal{Store: at.store, User: u.s.ID, Role: u.s.Role, Session: at.session}
		return nil
	})
	return p, err
}

// orInvalid returns what went wrong, or token_invalid when nothing did or what the token names is not there.
func orInvalid(err error) error {
	if err == nil || fault.IsKind(err, fault.NotFound) {
		return TokenInvalid()
	}
	return err
}
