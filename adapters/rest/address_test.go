package rest

import (
	"net/http"
	"net/netip"
	"testing"
)

// The peer of Fiber's test connection is 0.0.0.0.
func TestTheClientsAddressBehindProxies(t *testing.T) {
	for name, c := range map[string]struct {
		proxies []string
		hops    []string
		want    string
	}{
		"no proxy":                              {want: "0.0.0.0"},
		"a client that claims to be another":    {hops: []string{"203.0.113.9"}, want: "0.0.0.0"},
		"one that claims so to another's proxy": {proxies: []string{"10.0.0.0/8"}, hops: []string{"203.0.113.9"}, want: "0.0.0.0"},
		"a proxy":                               {proxies: []string{"0.0.0.0/32"}, hops: []string{"203.0.113.9"}, want: "203.0.113.9"},
		"a proxy that says nothing":             {proxies: []string{"0.0.0.0/32"}, want: "0.0.0.0"},
		"a client that claims so to a proxy":    {proxies: []string{"0.0.0.0/32"}, hops: []string{"198.51.100.1, 203.0.113.9"}, want: "203.0.113.9"},
		"two headers":                           {proxies: []string{"0.0.0.0/32"}, hops: []string{"198.51.100.1", "203.0.113.9"}, want: "203.0.113.9"},
		"two proxies":                           {proxies: []string{"0.0.0.0/32", "10.0.0.0/8"}, hops: []string{"198.51.100.1, 203.0.113.9, 10.1.2.3"}, want: "203.0.113.9"},
		"proxies only":                          {proxies: []string{"0.0.0.0/32", "10.0.0.0/8"}, hops: []string{"10.9.9.9, 10.1.2.3"}, want: "10.9.9.9"},
		"nonsense behind a proxy":               {proxies: []string{"0.0.0.0/32", "10.0.0.0/8"}, hops: []string{"203.0.113.9, unknown, 10.1.2.3"}, want: "10.1.2.3"},
		"with a port":                           {proxies: []string{"0.0.0.0/32"}, hops: []string{"203.0.113.9:4711"}, want: "203.0.113.9"},
		"IPv6 with a port":                      {proxies: []string{"0.0.0.0/32"}, hops: []string{"[2001:db8::9]:4711"}, want: "2001:db8::9"},
		"IPv6 in brackets":                      {proxies: []string{"0.0.0.0/32"}, hops: []string{"[2001:db8::9]"}, want: "2001:db8::9"},
		"IPv4 as IPv6":                          {proxies: []string{"0.0.0.0/32"}, hops: []string{"::ffff:203.0.113.9"}, want: "203.0.113.9"},
	} {
		t.Run(name, func(t *testing.T) {
			var o Options
			for _, p := range c.proxies {
				o.Proxies = append(o.Proxies, netip.MustParsePrefix(p))
			}
			got := ""
			s := newServer(t, o, func(r *Router) {
				r.Root().Get("/call", Public, func(c *Call) error {
					got = c.IP()
					return nil
				})
			})
			r := request(http.MethodGet, "/call", "")
			for _, hop := range c.hops {
				r.Header.Add("X-Forwarded-For", hop)
			}
			ask(t, s, r)
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
