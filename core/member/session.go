package member

import (
	"context"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/user"
)

// Prove is the command of a member who gives the PIN at the till, with one of id, e-mail and phone.
type Prove struct {
	Member  id.ID
	Email   string
	Phone   string
	PIN     string
	Address string // of the client, for the throttle
}

func (c Prove) check() error {
	given := 0
	for _, s := range []string{string(c.Member), c.Email, c.Phone} {
		if s != "" {
			given++
		}
	}
	var v fault.Validation
	if given != 1 {
		v.Refuse("/member_id", "member_unclear", "say who it is by one of member_id, email and phone")
	}
	if c.PIN == "" {
		v.Refuse("/pin", "required", "is required")
	}
	return v.Err()
}

// Session is a member's word at the till.
type Session struct {
	Token     string
	ExpiresIn time.Duration
	Member    Standing
}

// Prove checks the PIN and returns a member token. The answer to a wrong PIN and an unknown member is the same, login_failed, and takes as
// long. Faults: validation_failed, login_failed, too_many_attempts, busy.
func (s *Service) Prove(ctx context.Context, st id.Store, c Prove) (Session, error) {
	if err := c.check(); err != nil {
		return Session{}, err
	}
	m, err := s.named(ctx, st, c)
	if err != nil {
		return Session{}, err
	}
	account, hash := user.Fold(c.Email)+Digits(c.Phone)+string(c.Member), ""
	if m != nil {
		account, hash = string(m.s.ID), m.s.PINHash
	}
	if err := s.try(ctx, st, account, c.Address, hash, c.PIN); err != nil {
		return Session{}, err
	}
	out := Session{}
	if out.Token, out.ExpiresIn, err = s.c.Tokens.Issue(st, m.s.ID, m.s.Version); err != nil {
		return Session{}, err
	}
	out.Member, err = s.Get(ctx, st, m.s.ID)
	return out, err
}

// named returns the member whom the command names, or nil.
func (s *Service) named(ctx context.Context, st id.Store, c Prove) (*Member, error) {
	switch {
	case c.Email != "":
		return s.c.Members.ByEmail(ctx, st, c.Email)
	case c.Phone != "":
		return s.c.Members.ByPhone(ctx, st, c.Phone)
	}
	m, err := s.find(ctx, st, c.Member)
	if fault.IsCode(err, "member_unknown") {
		return nil, nil
	}
	return m, err
}

// find returns a member who is not deleted; member_unknown.
func (s *Service) find(ctx context.Context, st id.Store, i id.ID) (*Member, error) {
	m, err := s.c.Members.Get(ctx, st, i)
	if err == nil && m.s.Deleted {
		err = Unknown(i)
	}
	return m, err
}

// try compares a PIN under the throttle. An empty hash is nobody's and takes as long.
func (s *Service) try(ctx context.Context, st id.Store, account, address, hash, pin string) error {
	account = "member " + string(st) + " " + account
	if err := s.c.Throttle.Allow(ctx, account, address); err != nil {
		return err
	}
	ok, err := s.c.Hasher.Matches(ctx, hash, pin)
	switch {
	case err != nil:
		s.c.Throttle.Abandoned(account, address)
	case !ok:
		s.c.Throttle.Failed(account, address)
		err = loginFailed()
	default:
		s.c.Throttle.Succeeded(account, address)
	}
	return err
}

// Verify returns the member whose token it is and the token's id. Unauthenticated fault member_token_invalid, also for a token of a member
// who was edited or deleted since. Whether it is spent is decided by the record that would spend it.
func (s *Service) Verify(ctx context.Context, st id.Store, token string) (member, jti id.ID, err error) {
	w, err := s.c.Tokens.Verify(st, token)
	if err != nil {
		return "", "", err
	}
	m, err := s.c.Members.Get(ctx, st, w.Member)
	if fault.IsCode(err, "member_unknown") || err == nil && !w.Holds(m) {
		err = TokenInvalid()
	}
	return w.Member, w.Token, err
}
