package containers

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"
	"kassa/adapters/rest/resttest"
	"kassa/adapters/storetest"
	"kassa/core/clock"
	"kassa/core/report"
	"kassa/core/store"

	"go.uber.org/fx"
)

func TestMain(m *testing.M) { mongotest.Main(m) }

// databases are what Kassa serves from.
var databases = map[string]func(testing.TB) Config{"SQLite": testConfig, "MongoDB": mongoConfig}

// TestHTTP runs the HTTP suite on both databases, with the same expectations.
func TestHTTP(t *testing.T) {
	for name, config := range databases {
		t.Run(name, func(t *testing.T) {
			resttest.Run(t, func(t testing.TB) resttest.Server { return serveHTTP(t, config(t)) })
		})
	}
}

// mongoConfig names a database of the test's own.
func mongoConfig(t testing.TB) Config {
	t.Helper()
	uri, name := mongotest.Database(t)
	u, err := url.Parse(uri)
	must(t, err)
	u.Path = "/" + name
	c := testConfig(t)
	c.MongoURI, c.JWTKey = u.String(), strings.Repeat("k", minKey)
	mongotest.NoScans(t, c.MongoURI, "stores") // a list of all, read whole
	return c
}

// serveHTTP serves until the test ends, on a clock that the test moves.
func serveHTTP(t testing.TB, c Config) resttest.Server {
	t.Helper()
	s, _ := serveWith(t, c)
	return s
}

// serveWith does so with changes to the wiring, and says where it listens.
func serveWith(t testing.TB, c Config, opts ...fx.Option) (resttest.Server, *Listening) {
	t.Helper()
	k := storetest.NewClock()
	var at *Listening
	var folder *report.Folder
	var stores store.Repository
	app := fx.New(Core(c), Web(), fx.Decorate(func() clock.Clock { return k }), fx.Options(opts...), fx.Populate(&at, &folder, &stores))
	must(t, errors.Join(app.Err(), app.Start(t.Context())))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := app.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return resttest.Server{URL: "http://" + at.API.String(), Now: k.Now, Add: k.Add, Fold: func(ctx context.Context) error { return foldAll(ctx, folder, stores) }, Verify: func(ctx context.Context) error {
		var out bytes.Buffer
		if err := Verify(ctx, c, &out, func(string, int64, int64) {}); err != nil {
			return errors.Join(err, errors.New(out.String()))
		}
		return nil
	}}, at
}

// foldAll folds every store.
func foldAll(ctx context.Context, f *report.Folder, stores store.Repository) error {
	all, err := stores.List(ctx)
	for _, s := range all {
		for more := true; more && err == nil; {
			more, err = f.Step(ctx, s.ID)
		}
	}
	return err
}
