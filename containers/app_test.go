package containers

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kassa/adapters/rest"
	"kassa/core/cashier"
	"kassa/core/inventory"
	"kassa/core/member"
	"kassa/core/register"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/user"

	"go.uber.org/fx"
	"go.uber.org/goleak"
)

// everything asks for all that the application provides, so that nothing is left unchecked.
func everything(*Listening, *cashier.Service, *cashier.CartService, *inventory.Service, *member.Service, *register.Service, *setup.Service,
	*store.SettingsService, *user.Service) {
}

func testConfig(t testing.TB) Config {
	c := Config{Addr: "127.0.0.1:0", MetricsAddr: "127.0.0.1:0", Data: t.TempDir(), BcryptCost: 4}
	must(t, c.Proxies.UnmarshalText([]byte("127.0.0.1")))
	return c
}

func TestEveryDependencyIsThere(t *testing.T) {
	if err := fx.ValidateApp(Core(testConfig(t)), Web(), fx.Invoke(everything)); err != nil {
		t.Fatal(err)
	}
}

// TestExposedKeyWarningSaysWhatEndsIt: the mode of the folder is not looked at.
func TestExposedKeyWarningSaysWhatEndsIt(t *testing.T) {
	var log strings.Builder
	c := testConfig(t)
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	_, err := newKey(c) // makes the file
	must(t, err)
	for mode, warns := range map[os.FileMode]bool{0o644: true, 0o600: false} {
		log.Reset()
		must(t, os.Chmod(filepath.Join(c.Data, "jwt.key"), mode))
		_, err := newKey(c)
		must(t, err)
		if got := strings.Contains(log.String(), "; chmod 600 jwt.key in the data folder"); got != warns {
			t.Errorf("mode %o: the log is %q", mode, &log)
		}
	}
}

func TestStartAndStopLeaveNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent(),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"), // sleeps up to 10 s before it sees the stop
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))    // one for the life of the process
	var at *Listening
	app := fx.New(Core(testConfig(t)), Web(), fx.Invoke(everything), fx.Populate(&at))
	if err := errors.Join(app.Err(), app.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	for url, want := range map[string]int{
		"http://" + at.API.String() + "/healthz":      http.StatusOK,
		"http://" + at.API.String() + "/readyz":       http.StatusOK,
		"http://" + at.API.String() + "/openapi.json": http.StatusOK,
		"http://" + at.API.String() + "/docs":         http.StatusOK,
		"http://" + at.Metrics.String() + "/metrics":  http.StatusOK,
		"http://" + at.API.String() + "/metrics":      http.StatusNotFound,
	} {
		res, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s answers %d, want %d", url, res.StatusCode, want)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := app.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestEveryRouteIsDocumented holds routes and OpenAPI document against each other, in both directions.
func TestEveryRouteIsDocumented(t *testing.T) {
	var s *rest.Server
	app := fx.New(Core(testConfig(t)), Web(), fx.Populate(&s))
	if err := app.Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.CheckDocument(); err != nil {
		t.Fatal(err)
	}
}

// TestServersOnMongoDBNeedTheirKey: a key that one of them made would be no other's. What signs nothing needs none.
func TestServersOnMongoDBNeedTheirKey(t *testing.T) {
	t.Setenv("KASSA_MONGODB_URI", "mongodb://db/kassa")
	c, err := ReadConfig()
	must(t, err)
	err = Serve(t.Context(), c, func(*Listening) {})
	if want := "KASSA_JWT_KEY is needed to serve from KASSA_MONGODB_URI: all servers of a shop sign with the same key; head -c 32 /dev/urandom | base64 makes one"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestAWrongEnvironmentIsOneClearSentence(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"KASSA_ADDR", "8080", `KASSA_ADDR is "8080", and an address looks like 127.0.0.1:8080`},
		{"KASSA_TRUSTED_PROXIES", "10.0.0.0/8, proxy", `KASSA_TRUSTED_PROXIES is "10.0.0.0/8, proxy" and must be addresses or ranges such as 10.0.0.0/8, with commas between them`},
		{"KASSA_SLOW", "soon", `KASSA_SLOW is "soon" and must be a time such as 500ms or 2s`},
		{"KASSA_SLOW", "-1s", "KASSA_SLOW is -1s and must not be negative"},
		{"KASSA_LOG_LEVEL", "loud", `KASSA_LOG_LEVEL is "loud" and must be info, warn or error`},
		{"KASSA_JWT_KEY", "short", "KASSA_JWT_KEY has 5 bytes and needs at least 32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			if _, err := ReadConfig(); err == nil || err.Error() != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}
