package security

import (
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
)

// The kinds of token. One kind is never taken for the other: audience and kind claim both differ.
const (
	KindAccess = "access" // who calls the API
	KindMember = "member" // a member who proved the PIN at the till
)

// How long tokens are good. They carry whole seconds, so one may end up to a second earlier.
const (
	AccessLifetime = 15 * time.Minute
	MemberLifetime = 5 * time.Minute
)

const (
	issuer     = "kassa"
	maxToken   = 4096 // bytes
	cacheLimit = 4096 // verified tokens in each of two generations
)

// Claims is what a token says.
type Claims struct {
	Kind      string
	Store     id.Store
	Subject   id.ID // the user, or the member
	Role      string
	Session   id.ID
	Version   int64 // of the member
	ID        id.ID // jti, unique to the token
	ExpiresAt time.Time
}

// complete reports whether the claims say what their kind needs: role and session belong to access tokens, the version to member tokens.
func (c Claims) complete() bool {
	_, err := id.Parse(string(c.Store))
	for _, part := range []id.ID{c.Subject, c.ID} {
		if err == nil {
			_, err = id.Parse(string(part))
		}
	}
	if err == nil && c.Kind == KindAccess {
		_, err = id.Parse(string(c.Session))
		return err == nil && c.Role != ""
	}
	return err == nil && c.Version > 0
}

// wireClaims is the payload of the JWT.
type wireClaims struct {
	jwt.RegisteredClaims
	Kind    string `json:"kind"`
	Store   string `json:"store"`
	Role    string `json:"role,omitempty"`
	Session string `json:"sid,omitempty"`
	Version int64  `json:"ver,omitempty"`
}

func (w wireClaims) claims() Claims {
	return Claims{
		Kind: w.Kind, Store: id.Store(w.Store), Subject: id.ID(w.Subject), Role: w.Role,
		Session: id.ID(w.Session), Version: w.Version, ID: id.ID(w.ID), ExpiresAt: w.ExpiresAt.Time,
	}
}

// tokenKind is what sets one kind apart.
type tokenKind struct {
	audience string
	lifetime time.Duration
	parser   *jwt.Parser
}

// Tokens issues and checks signed tokens: JWT with HS256. It says that a token is genuine and has not expired; whether its session
// still stands is the caller's to ask.
type Tokens struct {
	key   []byte
	clock clock.Clock
	ids   id.Source
	kinds map[string]tokenKind

	mu       sync.Mutex
	verified generations[string, Claims]
}

// NewTokens returns what signs with the key. A key of less than 32 bytes is an Internal fault with code jwt_key_short.
func NewTokens(key []byte, c clock.Clock, ids id.Source) (*Tokens, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	kind := func(name string, lifetime time.Duration) tokenKind {
		audience := issuer + "/" + name
		return tokenKind{audience, lifetime, jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
			jwt.WithExpirationRequired(), jwt.WithLeeway(0), jwt.WithTimeFunc(c.Now), jwt.WithStrictDecoding(),
		)}
	}
	return &Tokens{
		key: append([]byte(nil), key...), clock: c, ids: ids,
		kinds: map[string]tokenKind{
			KindAccess: kind(KindAccess, AccessLifetime),
			KindMember: kind(KindMember, MemberLifetime),
		},
		verified: newGenerations[string, Claims](cacheLimit),
	}, nil
}

// Issue signs the claims. It sets ExpiresAt by the kind's lifetime, and ID when that is empty. Store and Subject are needed, Role
// and Session too in an access token and Version in a member token; without them, or with another kind, it is an Internal fault with code claims_incomplete.
func (t *Tokens) Issue(c Claims) (string, error) {
	kind, ok := t.kinds[c.Kind]
	if c.ID == "" {
		c.ID = t.ids.New()
	}
	if !ok || !c.complete() {
		return "", fault.New(fault.Internal, "claims_incomplete", "a token of kind %q lacks claims", c.Kind)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, wireClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{kind.audience}, Subject: string(c.Subject), ID: string(c.ID),
			ExpiresAt: jwt.NewNumericDate(t.clock.Now().Add(kind.lifetime)),
		},
		Kind: c.Kind, Store: string(c.Store), Role: c.Role, Session: string(c.Session), Version: c.Version,
	})
	signed, err := token.SignedString(t.key)
	if err == nil && len(signed) > maxToken {
		err = fault.New(fault.Internal, "token_too_long", "a token has more than %d bytes", maxToken)
	}
	return signed, err
}

// Parse returns the claims of a genuine token of the kind that has not expired, else an Unauthenticated fault with code
// token_invalid that does not say what was wrong.
func (t *Tokens) Parse(kind, token string) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, tokenInvalid()
	}
	c, ok := t.known(token)
	if !ok {
		var err error
		if c, err = t.verify(kind, token); err != nil {
			return Claims{}, err
		}
		t.remember(token, c)
	}
	if c.Kind != kind || !t.clock.Now().Before(c.ExpiresAt) {
		return Claims{}, tokenInvalid()
	}
	return c, nil
}

// verify checks signature and claims without the cache.
func (t *Tokens) verify(kind, token string) (Claims, error) {
	k, ok := t.kinds[kind]
	if !ok || strings.ContainsAny(token, "\r\n") { // which base64 would skip, so that one token had many spellings
		return Claims{}, tokenInvalid()
	}
	var w wireClaims
	if _, err := k.parser.ParseWithClaims(token, &w, func(*jwt.Token) (any, error) { return t.key, nil }); err != nil {
		return Claims{}, tokenInvalid()
	}
	c := w.claims()
	if c.Kind != kind || !c.complete() {
		return Claims{}, tokenInvalid()
	}
	return c, nil
}

func (t *Tokens) known(token string) (Claims, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.verified.get(token)
}

// remember keeps the claims of a verified token, under a copy of it: the caller's may be part of a larger buffer.
func (t *Tokens) remember(token string, c Claims) {
	token = strings.Clone(token)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.verified.put(token, c)
}

func tokenInvalid() error {
	return fault.New(fault.Unauthenticated, "token_invalid", "the token is not valid or has expired; sign in again")
}
