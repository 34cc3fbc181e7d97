package containers

import (
	"context"
	"fmt"
	"time"

	"kassa/adapters/security"
	"kassa/adapters/system"
	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/ledger"
	"kassa/core/member"
	"kassa/core/register"
	"kassa/core/report"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/trail"
	"kassa/core/transaction"
	"kassa/core/user"
	"kassa/core/writer"

	"go.uber.org/dig"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
)

// startTimeout and stopTimeout bound start and stop of the application.
const (
	startTimeout = 30 * time.Second
	stopTimeout  = 20 * time.Second
)

// Core is everything without the web: storage, writer and services.
func Core(c Config) fx.Option {
	return fx.Options(
		fx.Supply(c),
		fx.WithLogger(func() fxevent.Logger { return fxevent.NopLogger }),
		fx.StartTimeout(startTimeout), fx.StopTimeout(stopTimeout),
		fx.Provide(
			func() clock.Clock { return system.Clock{} },
			fx.Annotate(system.NewIDs, fx.As(new(id.Source))),
			newWriterMetrics,
			func(m *writerMetrics, f *report.Folder) writer.Observer { return observer{m, f} },
			openStorage, newWriter,
			newKey, security.NewTokens, security.NewThrottle,
			newPasswords,
			func(t *security.Throttle) user.Throttle { return t },
			newUsers, newMembers, newSettings,
			newTrail, newSetup, inventory.NewService, register.NewService, cashier.NewCartService,
			func(t *security.Tokens) cashier.MemberTokens { return memberTokens{t} },
			cashier.NewService, newFolder, newReports,
		),
	)
}

// Web is the REST server with its listeners.
func Web() fx.Option {
	return fx.Options(
		fx.Provide(newSockets, newSetupToken, resources, newServer, serve),
		fx.Invoke(func(sockets) {}), // first of all: where a port is taken, no data folder is made
	)
}

// key signs tokens.
type key = []byte

func newKey(c Config) (key, error) {
	if c.JWTKey != "" {
		return key(c.JWTKey), nil
	}
	k, err := security.LoadOrCreateKey(c.Data)
	if err == nil && security.KeyExposed(c.Data) {
		c.logger().Warn("the key that signs tokens can be read by others; chmod 600 jwt.key in the data folder")
	}
	return k, err
}

func newUsers(w *writer.Writer, p transaction.Provider, u user.Repository, s user.Sessions, h user.Hasher, t *security.Tokens, th user.Throttle, k clock.Clock, ids id.Source, tr *trail.Service) *user.Service {
	return user.NewService(user.Config{Writer: w, Transactions: p, Users: u, Sessions: s, Hasher: h, Tokens: userTokens{t}, Throttle: th, Clock: k, IDs: ids, Trail: tr})
}

func newMembers(w *writer.Writer, m member.Repository, l ledger.Repository, h user.Hasher, t *security.Tokens, th user.Throttle) *member.Service {
	return member.NewService(member.Config{Writer: w, Members: m, Ledger: l, Hasher: h, Tokens: memberTokens{t}, Throttle: th})
}

func newSettings(w *writer.Writer) *store.SettingsService {
	return store.NewSettingsService(w, func(v *writer.View) error { return user.Check(v, true) })
}

func newSetup(w *writer.Writer, s store.Repository, u user.Repository, h user.Hasher, k clock.Clock, ids id.Source) *setup.Service {
	return setup.NewService(setup.Config{Writer: w, Stores: s, Users: u, Hasher: h, Clock: k, IDs: ids})
}

// root returns what went wrong without fx's account of how it was found.
func root(err error) error { return dig.RootCause(err) }

// run starts the application, calls fn and stops it again.
func run(ctx context.Context, app *fx.App, fn func(ctx context.Context) error) (err error) {
	if err := app.Err(); err != nil {
		return root(err)
	}
	start, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := app.Start(start); err != nil {
		return root(err)
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if stopErr := app.Stop(stop); err == nil && stopErr != nil {
			err = fmt.Errorf("kassa did not stop cleanly: %w", root(stopErr))
		}
	}()
	return fn(ctx)
}
