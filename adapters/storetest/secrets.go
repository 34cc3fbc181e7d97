package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/member"
	"kassa/core/user"
)

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
	clock *Clock
	n     atomic.Int64
	known sync.Map // token -> what it says
}

type memberWord struct {
	member.Word
	store   id.Store
	expires time.Time
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

func (p memberPaper) Issue(s id.Store, m id.ID, version int64) (string, time.Duration, error) {
	w := member.Word{Member: m, Token: id.ID(p.next("jti")), Version: version}
	return p.keep("member", memberWord{w, s, p.clock.Now().Add(5 * time.Minute)}), 5 * time.Minute, nil
}

func (p memberPaper) Verify(s id.Store, token string) (member.Word, error) {
	v, _ := p.known.Load(token)
	if w, ok := v.(memberWord); ok && w.store == s && p.clock.Now().Before(w.expires) {
		return w.Word, nil
	}
	return member.Word{}, member.TokenInvalid()
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
