package rest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/id"
)

// sessionCookie is the HttpOnly cookie that carries the access token of the web apps.
const sessionCookie = "kassa_session"

// Principal is who calls: a user of a store, in a session.
type Principal struct {
	Store   id.Store
	User    id.ID
	Role    string // cashier or manager; for the operator routes, operator
	Session id.ID
}

// Authenticator tells whose access token it is. It returns an Unauthenticated fault for a token that is not valid (any more).
type Authenticator interface {
	Authenticate(ctx context.Context, token string) (Principal, error)
}

// admit finds out who calls and refuses who may not: first 401, then 403.
func (c *Call) admit() error {
	switch c.route.Access {
	case Public:
		c.ctx = audit.WithActor(c.ctx, audit.Actor{Role: audit.System().Role, RequestID: c.requestID})
		return nil
	case Operator:
		return c.admitOperator()
	}
	token, byCookie := c.token()
	if token == "" {
		return fault.New(fault.Unauthenticated, "token_missing", "this needs an access token: log in with PUT /api/v1/users/session")
	}
	p, err := c.server.auth.Authenticate(c.ctx, token)
	if err != nil {
		return err
	}
	c.identify(p)
	if byCookie && !c.rctx.IsGet() && !c.rctx.IsHead() && !c.sameOrigin() {
		return fault.New(fault.Forbidden, "origin_refused", "a request with the session cookie must come from a page of this server")
	}
	if !c.route.Access.allows(p.Role) {
		return fault.New(fault.Forbidden, "role_forbidden", "this is for a %s", c.route.Access)
	}
	return nil
}

// admitOperator compares digests, so that the time tells neither the key nor its length.
func (c *Call) admitOperator() error {
	token, byCookie := c.token()
	given := sha256.Sum256([]byte(token))
	if byCookie || subtle.ConstantTimeCompare(given[:], c.server.operator[:]) != 1 {
		return fault.New(fault.Unauthenticated, "operator_key_invalid", "this needs the operator key as the bearer token")
	}
	c.identify(Principal{Role: "operator"})
	return nil
}

func (c *Call) identify(p Principal) {
	c.principal = p
	c.ctx = audit.WithActor(c.ctx, audit.Actor{ID: p.User, Role: p.Role, RequestID: c.requestID})
}

// tell says that the caller was refused, if that is what the error is.
func (c *Call) tell(err error) {
	f, ok := fault.As(err)
	if ok && f.Kind == fault.Forbidden && c.server.denied != nil && c.principal.Store != "" {
		c.server.denied(c.ctx, c.principal, c.route.Route, f.Code)
	}
}

// token returns the bearer token, or the session cookie where there is no Authorization header.
func (c *Call) token() (token string, byCookie bool) {
	h := &c.rctx.Request.Header
	if a := h.Peek(fiber.HeaderAuthorization); len(a) > 0 {
		const scheme = "bearer "
		if len(a) > len(scheme) && strings.EqualFold(string(a[:len(scheme)]), scheme) {
			return strings.TrimSpace(string(a[len(scheme):])), false
		}
		return "", false
	}
	return string(h.Cookie(sessionCookie)), true
}

// sameOrigin reports whether a browser says that a page of this host made the request. Saying nothing is not enough.
func (c *Call) sameOrigin() bool {
	h := &c.rctx.Request.Header
	site, origin := string(h.Peek("Sec-Fetch-Site")), string(h.Peek(fiber.HeaderOrigin))
	if site == "" && origin == "" {
		return false
	}
	if site != "" && site != "same-origin" {
		return false
	}
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, string(h.Host()))
}
