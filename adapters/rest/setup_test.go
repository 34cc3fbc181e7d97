package rest

import (
	"net/http"
	"testing"
)

func TestWhoMaySetUpWithoutTheToken(t *testing.T) {
	trusted := func(token string) Handler {
		return func(c *Call) error {
			if (Setup{token: token}).trusts(c) {
				return c.NoContent()
			}
			return c.OK("refused")
		}
	}
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/closed", Public, trusted(""))
		r.Get("/open", Public, trusted("the token"))
	})
	at := listen(t, s)
	for name, c := range map[string]struct {
		path, host string
		headers    []string
		want       bool
	}{
		"this machine":                 {path: "/open", want: true},
		"by name":                      {path: "/open", host: "localhost:8080", want: true},
		"by IPv6":                      {path: "/open", host: "[::1]", want: true},
		"through a proxy":              {path: "/open", headers: []string{"X-Forwarded-For", "203.0.113.9"}},
		"through one that hides it":    {path: "/open", headers: []string{"X-Forwarded-For", " "}},
		"through another":              {path: "/open", headers: []string{"Forwarded", "for=203.0.113.9"}},
		"a page of another name":       {path: "/open", host: "evil.example"},
		"wrong token":                  {path: "/open", host: "evil.example", headers: []string{setupHeader, "the toke"}},
		"right token":                  {path: "/open", host: "kassa.example", headers: []string{setupHeader, "the token"}, want: true},
		"right token through a proxy":  {path: "/open", headers: []string{"Via", "1.1 proxy", setupHeader, "the token"}, want: true},
		"no token, and none was made":  {path: "/closed", host: "kassa.example"},
		"this machine, no token":       {path: "/closed", want: true},
		"empty token, none was made":   {path: "/closed", host: "kassa.example", headers: []string{setupHeader, ""}},
		"peer that is not a loopback":  {path: "/open", host: "remote"},
		"token from a foreign machine": {path: "/open", host: "remote", headers: []string{setupHeader, "the token"}, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := request("GET", "http://"+at+base+c.path, "", c.headers...)
			r.RequestURI = ""
			if c.host != "" {
				r.Host = c.host
			}
			var status int
			if c.host == "remote" { // the peer of Fiber's test connection is 0.0.0.0
				r.Host = "localhost"
				status = ask(t, s, r).StatusCode
			} else {
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
				status = res.StatusCode
			}
			if got := status == http.StatusNoContent; got != c.want {
				t.Errorf("trusted: %t (%d)", got, status)
			}
		})
	}
}
