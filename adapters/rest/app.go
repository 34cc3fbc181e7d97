package rest

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"kassa/core/clock"
	"kassa/core/id"
)

// The limits of a connection. Fiber has none of its own.
const (
	readTimeout    = 10 * time.Second
	writeTimeout   = 15 * time.Second
	idleTimeout    = 60 * time.Second
	maxHeader      = 8 << 10
	maxConnections = 16 << 10
)

// Options are what a Server needs.
type Options struct {
	Auth        Authenticator                   // who owns an access token
	IDs         id.Source                       // request ids
	Clock       clock.Clock                     // names downloads by the day
	Log         *slog.Logger                    // access log and errors; nil: none
	OperatorKey string                          // opens the operator routes; empty: they do not exist
	Ready       func(ctx context.Context) error // whether the store can be reached; nil: always
	Resources   []Resource
	Proxies     []netip.Prefix // whose X-Forwarded-For is believed
	Slow        time.Duration  // from when on a request has a line in the log that says so; 0: never

	// Denied is told of a user who is refused for lack of rights, with the code of the refusal, for the audit log; nil: nobody is. It must not
	// block.
	Denied func(ctx context.Context, p Principal, r Route, code string)
}

// Server serves the REST API with Fiber.
type Server struct {
	app        *fiber.App
	inner      fasthttp.RequestHandler // Fiber's own
	auth       Authenticator
	ids        id.Source
	now        func() time.Time
	downloads  downloads
	log        *slog.Logger
	operator   [sha256.Size]byte
	proxies    []netip.Prefix
	slow       time.Duration
	ready      func(ctx context.Context) error
	denied     func(ctx context.Context, p Principal, r Route, code string)
	routes     []*route
	unmatched  *route
	converters map[reflect.Type]func(any) any
	registry   *prometheus.Registry
	refused    refusals
	closing    atomic.Bool
	streams    context.Context // ends with the server
	endStreams context.CancelFunc
}

// New returns a Server with the routes of the resources, of health and of the documents. It refuses a table of routes that cannot work:
// two alike, or one that does not say who may call it.
func New(o Options) (*Server, error) {
	if o.Auth == nil || o.IDs == nil || o.Clock == nil {
		return nil, errors.New("rest: Options.Auth, Options.IDs and Options.Clock are required")
	}
	s := &Server{
		auth: o.Auth, ids: o.IDs, now: o.Clock.Now, downloads: downloads{lasts: downloadTime, of: map[string]bool{}},
		log: o.Log, ready: o.Ready, denied: o.Denied, proxies: o.Proxies, slow: o.Slow,
		operator: sha256.Sum256([]byte(o.OperatorKey)), converters: map[reflect.Type]func(any) any{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.streams, s.endStreams = context.WithCancel(context.Background())
	r := &Router{prefix: base, routes: &s.routes, converters: s.converters}
	for _, res := range append([]Resource{health{s}, documents{}}, o.Resources...) {
		res.Routes(r)
	}
	if err := checkRoutes(s.routes); err != nil {
		return nil, err
	}
	s.measure()
	s.build(o.OperatorKey != "")
	return s, nil
}

var parameters = regexp.MustCompile(`\{(\w+)\}`)

// build makes the Fiber app. Its server is set up further than Fiber's configuration goes: everything passes serve, also what Fiber
// answers by itself before any middleware (an unknown method) and what never becomes a request (an oversized header).
func (s *Server) build(withOperator bool) {
	s.app = fiber.New(fiber.Config{
		AppName: "kassa", DisableStartupMessage: true, Immutable: true, CaseSensitive: true, StrictRouting: true,
		ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, ReadBufferSize: maxHeader,
		Concurrency: maxConnections, BodyLimit: maxBody, StreamRequestBody: true, DisablePreParseMultipartForm: true,
		ErrorHandler: func(f *fiber.Ctx, err error) error {
			s.render(f.Context(), callOf(f.Context()).requestID, err)
			return nil
		},
	})
	for _, rt := range s.routes {
		if rt.Access == Operator && !withOperator {
			continue
		}
		path := parameters.ReplaceAllString(rt.Path, ":$1")
		s.app.Add(rt.Method, path, s.run(rt))
		if rt.Method == http.MethodGet {
			s.app.Add(http.MethodHead, path, s.run(rt))
		}
	}
	s.inner = s.app.Handler()
	server := s.app.Server()
	server.Handler = s.serve
	server.ErrorHandler = s.refuseTransport
	server.CloseOnShutdown = true
}

// App returns the Fiber app, for tests.
func (s *Server) App() *fiber.App { return s.app }

// Routes returns the table of all routes, sorted by path and method.
func (s *Server) Routes() []Route {
	table := make([]Route, len(s.routes))
	for i, rt := range s.routes {
		table[i] = rt.Route
	}
	slices.SortFunc(table, func(a, b Route) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return table
}

// Serve answers on the listener until Shutdown. It returns nil after that, else why it stopped.
func (s *Server) Serve(ln net.Listener) error { return s.app.Server().Serve(ln) }

// Shutdown lets running requests finish and ends streams; it is not ready from its beginning on. When ctx ends first, it returns its
// error and leaves the rest to the end of the process.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closing.Store(true)
	s.endStreams()
	return s.app.Server().ShutdownWithContext(ctx)
}
