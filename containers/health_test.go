package containers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
)

func TestReadyAsksTheServerOnAllInterfacesToo(t *testing.T) {
	var at *Listening
	app := fx.New(Core(testConfig(t)), Web(), fx.Populate(&at))
	must(t, app.Start(t.Context()))
	_, port, _ := strings.Cut(at.API.String(), ":")
	for _, host := range []string{"127.0.0.1", "0.0.0.0", ""} {
		if err := Ready(t.Context(), Config{Addr: host + ":" + port}); err != nil {
			t.Errorf("asked on %q: %v", host, err)
		}
	}
	must(t, app.Stop(t.Context()))
	if err := Ready(t.Context(), Config{Addr: at.API.String()}); err == nil || !strings.HasPrefix(err.Error(), "no kassa answers on "+at.API.String()) {
		t.Errorf("a server that has ended: %v", err)
	}
}

func TestReadySaysWhyAServerCannotServe(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("asked for %s", r.URL)
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"detail":"the store cannot be reached"}`))
	}))
	defer s.Close()
	addr := s.Listener.Addr().String()
	if err := Ready(t.Context(), Config{Addr: addr}); err == nil || err.Error() != "kassa on "+addr+" cannot serve: it answers 503 (the store cannot be reached)" {
		t.Error(err)
	}
}

// TestReadyTellsASlowServerFromNone: one that waits for its database is there, and has more time than it waits for a primary.
func TestReadyTellsASlowServerFromNone(t *testing.T) {
	end := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
	defer s.Close()
	defer close(end)
	addr := s.Listener.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := Ready(ctx, Config{Addr: addr}); err == nil || err.Error() != "kassa on "+addr+" does not answer in time" {
		t.Error(err)
	}
}
