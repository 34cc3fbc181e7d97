package rest

import (
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/user"
)

// Sessions serves signing in and out.
type Sessions struct {
	users  *user.Service
	setup  *setup.Service
	stores store.Repository
	heads  journal.Repository
}

// NewSessions returns the resource.
func NewSessions(u *user.Service, s *setup.Service, stores store.Repository, heads journal.Repository) Sessions {
	return Sessions{u, s, stores, heads}
}

// Routes declares /users/session.
func (s Sessions) Routes(r *Router) {
	r.Put("/users/session", Public, s.login)
	r.Get("/users/session", Cashier, s.who)
	r.Delete("/users/session", Cashier, s.logout)
	r.Post("/users/session/refresh", Public, s.refresh)
}

// storeBody is a store.
type storeBody struct {
	ID        id.Store `json:"id" example:"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a10"`
	Name      string   `json:"name" example:"Corner shop"`
	Currency  string   `json:"currency" example:"EUR"`
	TimeZone  string   `json:"time_zone" example:"Europe/Berlin"`
	Status    string   `json:"status" enums:"active,inactive,copying" example:"active"`
	CreatedAt Time     `json:"created_at"`
}

func newStoreBody(s store.Store, status journal.Status) storeBody {
	return storeBody{
		ID: s.ID, Name: s.Name, Currency: string(s.Currency), TimeZone: s.TimeZone, Status: string(status), CreatedAt: Time(s.CreatedAt),
	}
}

// store returns a store with its status.
func (s Sessions) store(c *Call, i id.Store) (storeBody, error) {
	found, err := s.stores.Get(c.Context(), i)
	if err != nil {
		return storeBody{}, err
	}
	head, err := s.heads.Head(c.Context(), i)
	return newStoreBody(found, head.Status), err
}

type loginRequest struct {
	Email    string  `json:"email" validate:"required" example:"manager@demo.kassa"`
	Password string  `json:"password" validate:"required" example:"manager-demo"`
	Store    *string `json:"store" example:"Corner shop"` // id or name; needed where there are several
}

// Check refuses missing fields.
func (b *loginRequest) Check(v *fault.Validation) {
	Required(v, "/email", b.Email)
	Required(v, "/password", b.Password)
}

// loginBody is what a client gets at sign-in and refresh.
type loginBody struct {
	AccessToken  string    `json:"access_token" example:"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl"`
	ExpiresIn    Int       `json:"expires_in" example:"900"` // seconds
	RefreshToken string    `json:"refresh_token" example:"01997b1e.01997b1f.ZmFtaWx5.c2VjcmV0"`
	User         userBody  `json:"user"`
	Store        storeBody `json:"store"`
}

// login opens a session. The access token lives 15 minutes and is also set as the HttpOnly cookie kassa_session; the refresh token lives 30 days
// and is good once. A wrong password, an unknown e-mail address and a user who is not active get the same answer.
//
//	@Summary	Sign in
//	@Tags		sessions
//	@Param		body	body		loginRequest	true	"who"
//	@Success	200		{object}	loginBody
//	@Header		200		{string}	Set-Cookie	"kassa_session, HttpOnly and SameSite=Strict"
//	@Failure	401		{object}	Problem	"`login_failed`"
//	@Failure	409		{object}	Problem	"`not_set_up`, `copy_unfinished`"
//	@Failure	422		{object}	Problem	"`store_required` where there are several stores"
//	@Failure	429		{object}	Problem	"`too_many_attempts`"
//	@Failure	503		{object}	Problem	"`busy`"
//	@Router		/users/session [put]
func (s Sessions) login(c *Call) error {
	var body loginRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	where, err := s.setup.Choose(c.Context(), orEmpty(body.Store))
	if fault.IsCode(err, "login_failed") {
		where.ID = nowhere // so that it takes as long as any other refusal
	} else if err != nil {
		return err
	}
	g, err := s.users.Login(c.Context(), where.ID, user.Login{Email: body.Email, Password: body.Password, Address: c.IP()})
	if err != nil {
		return err
	}
	return s.answer(c, g)
}

// nowhere is the id of no store: identifiers are longer.
const nowhere id.Store = "-"

// answer sets the cookie and answers with the tokens.
func (s Sessions) answer(c *Call, g user.Grant) error {
	in, err := s.store(c, g.Store)
	if err != nil {
		return err
	}
	c.SetSession(g.AccessToken, g.ExpiresIn)
	return c.OK(loginBody{
		AccessToken: g.AccessToken, ExpiresIn: Int(g.ExpiresIn / time.Second), RefreshToken: g.RefreshToken, User: newUserBody(g.User), Store: in,
	})
}

// sessionBody is who is signed in.
type sessionBody struct {
	User  userBody  `json:"user"`
	Store storeBody `json:"store"`
}

// who returns the user and the store of the session.
//
//	@Summary	Who am I
//	@Tags		sessions
//	@Security	cashier
//	@Success	200	{object}	sessionBody
//	@Router		/users/session [get]
func (s Sessions) who(c *Call) error {
	u, err := s.users.Get(c.Context(), c.Store(), c.User())
	if fault.IsCode(err, "user_unknown") { // deleted since the token was checked
		err = user.TokenInvalid()
	}
	if err != nil {
		return err
	}
	in, err := s.store(c, c.Store())
	if err != nil {
		return err
	}
	return c.OK(sessionBody{newUserBody(u), in})
}

// logout ends the session, its access and refresh tokens, and removes the cookie.
//
//	@Summary	Sign out
//	@Tags		sessions
//	@Security	cashier
//	@Success	204
//	@Router		/users/session [delete]
func (s Sessions) logout(c *Call) error {
	p := c.Principal()
	if err := s.users.Logout(c.Context(), user.Principal{Store: p.Store, User: p.User, Role: user.Role(p.Role), Session: p.Session}); err != nil {
		return err
	}
	c.SetSession("", 0)
	return c.NoContent()
}

type refreshRequest struct {
	RefreshToken string `json:"refresh_token" validate:"required" example:"01997b1e.01997b1f.ZmFtaWx5.c2VjcmV0"`
}

// Check refuses missing fields.
func (b *refreshRequest) Check(v *fault.Validation) { Required(v, "/refresh_token", b.RefreshToken) }

// refresh trades a refresh token for new tokens of the same session. A refresh token is good once: one that comes back ends the session with all
// its tokens, because somebody has a copy.
//
//	@Summary	Refresh the tokens
//	@Tags		sessions
//	@Param		body	body		refreshRequest	true	"the refresh token of the last answer"
//	@Success	200		{object}	loginBody
//	@Header		200		{string}	Set-Cookie	"kassa_session, HttpOnly and SameSite=Strict"
//	@Failure	401		{object}	Problem	"`token_invalid`"
//	@Router		/users/session/refresh [post]
func (s Sessions) refresh(c *Call) error {
	var body refreshRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	g, err := s.users.Refresh(c.Context(), body.RefreshToken)
	if err != nil {
		return err
	}
	return s.answer(c, g)
}
