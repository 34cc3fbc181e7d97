package containers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"kassa/adapters/rest"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/trail"
	"kassa/core/transaction"
	"kassa/core/user"

	"go.uber.org/fx"
)

// newServer makes the REST server with every resource.
func newServer(c Config, users *user.Service, ids id.Source, now clock.Clock, p transaction.Provider, stores store.Repository, j journal.Repository,
	all []rest.Resource, of measured, t *trail.Service,
) (*rest.Server, error) {
	if c.Bench {
		all = append(all, rest.NewFloor())
	}
	s, err := rest.New(rest.Options{
		Auth: authenticator{users}, IDs: ids, Clock: now, Log: c.Log, OperatorKey: c.OperatorKey, Resources: all, Proxies: c.Proxies, Slow: c.Slow,
		Ready:  func(ctx context.Context) error { return ready(ctx, p, stores, j) },
		Denied: denied(t),
	})
	if err != nil {
		return nil, err
	}
	of.register(s.Registry())
	return s, nil
}

// ready reads the head of every store.
func ready(ctx context.Context, p transaction.Provider, stores store.Repository, j journal.Repository) error {
	all, err := stores.List(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		if err := p.View(ctx, func(ctx context.Context) error { _, err := j.Token(ctx, s.ID); return err }); err != nil {
			return err
		}
	}
	return nil
}

// Listening says where the servers listen, once they do.
type Listening struct {
	API, Metrics net.Addr
	SetupToken   string // needed to set up from another machine; empty once there is a store
}

// sockets take requests from the start; they wait until they are served.
type sockets struct{ api, metrics net.Listener }

func newSockets(c Config) (sockets, error) {
	api, err := listen("KASSA_ADDR", c.Addr)
	if err != nil {
		return sockets{}, err
	}
	metrics, err := listen("KASSA_METRICS_ADDR", c.MetricsAddr)
	if err != nil {
		return sockets{}, errors.Join(err, api.Close())
	}
	return sockets{api, metrics}, nil
}

func listen(name, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s is already in use; stop what listens there, or set %s to another address", name, addr, name)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s %s: %w", name, addr, err)
	}
	return l, nil
}

// serve serves on both sockets until the application stops.
func serve(l fx.Lifecycle, sh fx.Shutdowner, c Config, on sockets, s *rest.Server, first *setup.Service, token setupToken) *Listening {
	at := &Listening{API: on.api.Addr(), Metrics: on.metrics.Addr()}
	metrics := &http.Server{Handler: s.MetricsHandler(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second}
	until := func(name string, run func() error) {
		if err := run(); err != nil && !errors.Is(err, http.ErrServerClosed) {
			c.logger().Error("stopped serving", slog.String("what", name), slog.Any("error", err))
			_ = sh.Shutdown(fx.ExitCode(1))
		}
	}
	l.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			if first.Open(ctx) == nil {
				at.SetupToken = string(token)
			}
			go until("the API", func() error { return s.Serve(on.api) })
			go until("metrics", func() error { return metrics.Serve(on.metrics) })
			return nil
		},
		OnStop: func(ctx context.Context) error { return errors.Join(s.Shutdown(ctx), metrics.Shutdown(ctx)) },
	})
	return at
}

func (c *Config) logger() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}
