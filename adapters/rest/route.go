package rest

import (
	"cmp"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

// base is the path under which the resources stand.
const base = "/api/v1"

// Limits of a route that does not ask for others.
const (
	defaultBody    = 256 << 10
	maxBody        = 32 << 20
	defaultTimeout = 10 * time.Second
)

// Access tells who may call a route.
type Access uint8

// Who may call a route. The zero value is none of them, so a forgotten one is noticed.
const (
	Public   Access = iota + 1 // anybody
	Cashier                    // cashiers and managers of a store
	Manager                    // managers of a store
	Operator                   // who holds the operator key; without a key configured the route does not exist
)

// String returns the word that the table of routes shows.
func (a Access) String() string {
	return [...]string{"", "public", "cashier", "manager", "operator"}[a]
}

// allows reports whether a user of the role may call the route. An unknown role may nothing.
func (a Access) allows(role string) bool {
	switch role {
	case "manager":
		return a == Cashier || a == Manager
	case "cashier":
		return a == Cashier
	}
	return false
}

// Handler answers one request: with one of Call's answers, or with an error that the renderer turns into a problem.
type Handler func(c *Call) error

// Resource declares its routes, once, at start.
type Resource interface {
	Routes(r *Router)
}

// Route is one line of the table of routes.
type Route struct {
	Method string
	Path   string // as in the OpenAPI document: /api/v1/products/{id}
	Access Access
}

type route struct {
	Route
	handle  Handler
	query   map[string]bool // the query parameters it knows; nil: any, outside the API
	limit   int             // bytes of body
	timeout time.Duration
	metrics *routeMetrics
}

// Router collects routes. A path is written as in the OpenAPI document, relative to /api/v1: /products/{id}. The order of
// declaration does not matter: a literal segment goes before a parameter.
type Router struct {
	prefix     string
	routes     *[]*route
	converters map[reflect.Type]func(any) any
}

// Option changes a route.
type Option func(*route)

// Query names query parameters that the route knows. Any other is refused with 400 query_invalid, and so is one that comes twice.
func Query(names ...string) Option {
	return func(r *route) {
		for _, n := range names {
			r.query[n] = true
		}
	}
}

// Paged makes the route know limit and cursor.
func Paged() Option { return Query("limit", "cursor") }

// Body lets the route take a body of up to limit bytes instead of 256 KiB; the most is 32 MiB.
func Body(limit int) Option { return func(r *route) { r.limit = limit } }

// Timeout gives the route's context another deadline than 10 s, also for a body that takes long to arrive.
func Timeout(d time.Duration) Option { return func(r *route) { r.timeout = d } }

// Get declares a GET route, which also answers HEAD.
func (r *Router) Get(path string, who Access, h Handler, opts ...Option) {
	r.add(http.MethodGet, path, who, h, opts)
}

// Post declares a POST route.
func (r *Router) Post(path string, who Access, h Handler, opts ...Option) {
	r.add(http.MethodPost, path, who, h, opts)
}

// Put declares a PUT route.
func (r *Router) Put(path string, who Access, h Handler, opts ...Option) {
	r.add(http.MethodPut, path, who, h, opts)
}

// Patch declares a PATCH route.
func (r *Router) Patch(path string, who Access, h Handler, opts ...Option) {
	r.add(http.MethodPatch, path, who, h, opts)
}

// Delete declares a DELETE route.
func (r *Router) Delete(path string, who Access, h Handler, opts ...Option) {
	r.add(http.MethodDelete, path, who, h, opts)
}

// Root returns a router for paths outside /api/v1, such as /docs. Its routes take any query; the OpenAPI document may leave them out.
func (r *Router) Root() *Router {
	return &Router{routes: r.routes, converters: r.converters}
}

// Fact tells the problem renderer how a fault's fact of type T looks, so that the core can attach a value such as a quote.
func Fact[T any](r *Router, convert func(T) any) {
	r.converters[reflect.TypeFor[T]()] = func(v any) any { return convert(v.(T)) } //nolint:errcheck // found by its type
}

func (r *Router) add(method, path string, who Access, h Handler, opts []Option) {
	rt := &route{
		Route:  Route{Method: method, Path: r.prefix + path, Access: who},
		handle: h, limit: defaultBody, timeout: defaultTimeout, query: map[string]bool{},
	}
	for _, o := range opts {
		o(rt)
	}
	if r.prefix == "" {
		rt.query = nil
	}
	*r.routes = append(*r.routes, rt)
}

// checkRoutes sorts the routes so that a literal segment is tried before a parameter, and refuses a table that cannot work.
func checkRoutes(routes []*route) error {
	slices.SortStableFunc(routes, func(a, b *route) int {
		return cmp.Or(comparePaths(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	seen := map[string]string{}
	for _, rt := range routes {
		name := rt.Method + " " + rt.Path
		shape := rt.Method + " " + parameters.ReplaceAllString(rt.Path, "{}")
		switch {
		case rt.Access < Public || rt.Access > Operator:
			return fmt.Errorf("route %s does not say who may call it", name)
		case rt.handle == nil:
			return fmt.Errorf("route %s has no handler", name)
		case rt.limit < 0 || rt.limit > maxBody:
			return fmt.Errorf("route %s takes %d bytes of body; the most is %d", name, rt.limit, maxBody)
		case rt.timeout <= 0:
			return fmt.Errorf("route %s has no time to answer", name)
		case seen[shape] != "":
			return fmt.Errorf("route %s is declared twice, also as %s", name, seen[shape])
		}
		seen[shape] = name
	}
	return nil
}

func comparePaths(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "/"), strings.Split(b, "/"), func(x, y string) int {
		if px, py := strings.HasPrefix(x, "{"), strings.HasPrefix(y, "{"); px != py {
			if px {
				return 1
			}
			return -1
		}
		return strings.Compare(x, y)
	})
}
