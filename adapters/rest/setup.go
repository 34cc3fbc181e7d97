package rest

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/netip"

	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/setup"
	"kassa/core/user"
)

// setupHeader carries the one-time token that the server printed at its start.
const setupHeader = "Kassa-Setup-Token"

// Setup serves the beginning: the first store and the first manager.
type Setup struct {
	service *setup.Service
	token   string
}

// NewSetup returns the resource. Who does not call from this machine needs the token; an empty one opens nothing.
func NewSetup(s *setup.Service, token string) Setup { return Setup{s, token} }

// Routes declares /setup.
func (f Setup) Routes(r *Router) {
	r.Post("/setup", Public, f.run)
}

type setupRequest struct {
	Store   setupStoreRequest   `json:"store" validate:"required"`
	Manager setupManagerRequest `json:"manager" validate:"required"`
}

type setupStoreRequest struct {
	Name     string `json:"name" validate:"required" minLength:"1" maxLength:"100" example:"Corner shop"`
	Currency string `json:"currency" validate:"required" pattern:"^[A-Z]{3}$" example:"EUR"`
	TimeZone string `json:"time_zone" validate:"required" example:"Europe/Berlin"`
}

type setupManagerRequest struct {
	Name     string `json:"name" validate:"required" minLength:"1" maxLength:"100" example:"Mara Manager"`
	Email    string `json:"email" validate:"required" format:"email" maxLength:"254" example:"mara@example.com"`
	Password string `json:"password" validate:"required" minLength:"8" maxLength:"72" example:"correct horse"`
}

// Check refuses missing fields.
func (b *setupRequest) Check(v *fault.Validation) {
	for _, f := range []struct{ pointer, text string }{
		{"/store/name", b.Store.Name}, {"/store/currency", b.Store.Currency}, {"/store/time_zone", b.Store.TimeZone},
		{"/manager/name", b.Manager.Name}, {"/manager/email", b.Manager.Email}, {"/manager/password", b.Manager.Password},
	} {
		Required(v, f.pointer, f.text)
	}
}

// setupBody is what setting up made.
type setupBody struct {
	Store storeBody `json:"store"`
	User  userBody  `json:"user"`
}

// run makes the first store and its first manager, once. From another machine, or through a proxy, it needs the token that the server printed.
//
//	@Summary	Set up Kassa
//	@Tags		sessions
//	@Param		Kassa-Setup-Token	header		string			false	"what the server printed; not needed on the server's own machine"
//	@Param		body				body		setupRequest	true	"store and manager"
//	@Success	201					{object}	setupBody
//	@Header		201					{string}	Location	"the manager"
//	@Failure	403					{object}	Problem	"`setup_token_invalid`"
//	@Failure	409					{object}	Problem	"`already_set_up`, `setup_unfinished`, `copy_unfinished`"
//	@Router		/setup [post]
func (f Setup) run(c *Call) error {
	if err := f.service.Open(c.Context()); err != nil {
		return err
	}
	if !f.trusts(c) {
		return fault.New(fault.Forbidden, "setup_token_invalid",
			"from another machine, setting up needs the header Kassa-Setup-Token with what the server printed at its start")
	}
	var body setupRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	n, boss, err := f.service.Run(c.Context(), setup.Command{
		Name: body.Store.Name, Currency: body.Store.Currency, TimeZone: body.Store.TimeZone,
		Manager: user.Create{Name: body.Manager.Name, Email: body.Manager.Email, Password: body.Manager.Password},
	})
	if err != nil {
		return err
	}
	return c.Created("/users/"+string(boss.ID()), setupBody{newStoreBody(n, journal.Active), newUserBody(boss)})
}

// trusts reports whether the request comes from this machine, or carries the token. Digests are compared, so that the time tells neither the
// token nor its length.
func (f Setup) trusts(c *Call) bool {
	if local(c) {
		return true
	}
	given, want := sha256.Sum256([]byte(c.Header(setupHeader))), sha256.Sum256([]byte(f.token))
	return f.token != "" && subtle.ConstantTimeCompare(given[:], want[:]) == 1
}

// local reports whether the request was made on this machine, for this machine: neither by a proxy on behalf of somebody else, nor by a page
// whose name was bent to this address.
func local(c *Call) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if len(c.rctx.Request.Header.PeekAll(h)) > 0 {
			return false
		}
	}
	if !c.peer().IsLoopback() {
		return false
	}
	host := c.Header("Host")
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if host == "localhost" {
		return true
	}
	at, err := netip.ParseAddr(trimBrackets(host))
	return err == nil && at.Unmap().IsLoopback()
}

// trimBrackets removes the brackets around an IPv6 address without a port.
func trimBrackets(host string) string {
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		return host[1 : len(host)-1]
	}
	return host
}
