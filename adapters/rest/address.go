package rest

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// IP returns the client's address, without its port: the peer's, or behind a trusted proxy the one that the proxy names.
func (c *Call) IP() string {
	at := c.peer()
	if !c.server.trusts(at) {
		return at.String()
	}
	// Each proxy adds whom it heard from on the right. Further left anybody may have written anything.
	for _, hop := range slices.Backward(c.hops()) {
		next, ok := parseHop(hop)
		if !ok {
			break
		}
		if at = next; !c.server.trusts(at) {
			break
		}
	}
	return at.String()
}

// peer returns the address of who is connected.
func (c *Call) peer() netip.Addr {
	at, _ := netip.AddrFromSlice(c.rctx.RemoteIP()) // the zero address is nobody's
	return at.Unmap()
}

func (s *Server) trusts(at netip.Addr) bool {
	return slices.ContainsFunc(s.proxies, func(p netip.Prefix) bool { return p.Contains(at) })
}

// hops returns what the headers X-Forwarded-For say, in their order.
func (c *Call) hops() (hops []string) {
	for _, h := range c.rctx.Request.Header.PeekAll(fiber.HeaderXForwardedFor) {
		hops = append(hops, strings.Split(string(h), ",")...)
	}
	return hops
}

// parseHop reads an address, which some proxies write with its port.
func parseHop(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at.Addr().Unmap(), true
	}
	at, err := netip.ParseAddr(trimBrackets(s))
	return at.Unmap().WithZone(""), err == nil
}
