package containers

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"kassa/adapters/rest/resttest"
	"kassa/adapters/storetest"
	"kassa/core/clock"

	"go.uber.org/fx"
)

// TestHTTP runs the HTTP suite on SQLite.
func TestHTTP(t *testing.T) {
	resttest.Run(t, func(t testing.TB) resttest.Server {
		k := storetest.NewClock()
		c := Config{Addr: "127.0.0.1:0", MetricsAddr: "127.0.0.1:0", Data: t.TempDir(), BcryptCost: 4}
		var at *Listening
		app := fx.New(Core(c), Web(), fx.Decorate(func() clock.Clock { return k }), fx.Populate(&at))
		if err := errors.Join(app.Err(), app.Start(t.Context())); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := app.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
		return resttest.Server{URL: "http://" + at.API.String(), Now: k.Now, Add: k.Add, Verify: func(ctx context.Context) error {
			var out bytes.Buffer
			if err := Verify(ctx, c, &out, func(string, int64, int64) {}); err != nil {
				return errors.Join(err, errors.New(out.String()))
			}
			return nil
		}}
	})
}
