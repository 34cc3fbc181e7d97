package containers

import (
	"context"
	"time"

	"kassa/adapters/rest"
	"kassa/adapters/security"
	"kassa/core/id"
	"kassa/core/member"
	"kassa/core/user"
)

// userTokens lets the users' service speak with security's tokens.
type userTokens struct{ t *security.Tokens }

// Issue implements user.Tokens.
func (u userTokens) Issue(a user.Access) (string, time.Duration, error) {
	token, err := u.t.Issue(security.Claims{Kind: security.KindAccess, Store: a.Store, Subject: a.User, Role: string(a.Role), Session: a.Session})
	return token, security.AccessLifetime, err
}

// Parse implements user.Tokens.
func (u userTokens) Parse(token string) (user.Access, error) {
	c, err := u.t.Parse(security.KindAccess, token)
	return user.Access{Store: c.Store, User: c.Subject, Role: user.Role(c.Role), Session: c.Session}, err
}

// NewSecret implements user.Tokens.
func (userTokens) NewSecret() (secret, hash string) { return security.NewRefresh() }

// HashSecret implements user.Tokens.
func (userTokens) HashSecret(secret string) string { return security.HashRefresh(secret) }

// memberTokens lets the members' and the cashier's services speak with security's tokens.
type memberTokens struct{ t *security.Tokens }

// Issue implements member.Tokens.
func (m memberTokens) Issue(s id.Store, who id.ID, version int64) (string, time.Duration, error) {
	token, err := m.t.Issue(security.Claims{Kind: security.KindMember, Store: s, Subject: who, Version: version})
	return token, security.MemberLifetime, err
}

// Verify implements member.Tokens and cashier.MemberTokens.
func (m memberTokens) Verify(s id.Store, token string) (member.Word, error) {
	c, err := m.t.Parse(security.KindMember, token)
	if err != nil || c.Store != s {
		return member.Word{}, member.TokenInvalid()
	}
	return member.Word{Member: c.Subject, Token: c.ID, Version: c.Version}, nil
}

// authenticator lets the REST adapter ask the users' service whose token it is.
type authenticator struct{ s *user.Service }

// Authenticate implements rest.Authenticator.
func (a authenticator) Authenticate(ctx context.Context, token string) (rest.Principal, error) {
	p, err := a.s.Authenticate(ctx, token)
	return rest.Principal{Store: p.Store, User: p.User, Role: string(p.Role), Session: p.Session}, err
}
