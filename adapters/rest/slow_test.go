package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
)

// TestSlowRequestHasALineThatSaysSo: with the route and not the path, so that slow requests can be counted by it, and nothing that a person typed.
func TestSlowRequestHasALineThatSaysSo(t *testing.T) {
	for _, row := range []struct {
		slow, took time.Duration
		want       bool
	}{
		{500 * time.Millisecond, 499 * time.Millisecond, false},
		{500 * time.Millisecond, 500 * time.Millisecond, true},
		{0, time.Hour, false},
	} {
		t.Run(fmt.Sprint(row.took, " of ", row.slow), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := &logBuffer{}
				s := newServer(t, Options{Log: logTo(log), Slow: row.slow}, func(r *Router) {
					r.Get("/slow/{id}", Cashier, func(c *Call) error {
						time.Sleep(row.took)
						return c.NoContent()
					}, Query("query"))
				})
				var rctx fasthttp.RequestCtx
				rctx.Request.SetRequestURI(base + "/slow/01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a11?query=Mara")
				rctx.Request.Header.Set("Authorization", "Bearer cashier")
				rctx.Request.Header.Set(requestIDHeader, "one")
				s.serve(&rctx)
				if status := rctx.Response.StatusCode(); status != http.StatusNoContent {
					t.Fatalf("answers %d", status)
				}
				var found map[string]any
				for line := range strings.Lines(log.String()) {
					if strings.Contains(line, `"msg":"slow request"`) {
						if err := json.Unmarshal([]byte(line), &found); err != nil {
							t.Fatal(err)
						}
					}
				}
				if !row.want {
					if found != nil {
						t.Errorf("logged: %v", found)
					}
					return
				}
				for name, want := range map[string]any{"level": "WARN", "request_id": "one", "method": "GET", "route": base + "/slow/{id}", "status": 204.0, "us": 500_000.0} {
					if found[name] != want {
						t.Errorf("%s is %v, want %v", name, found[name], want)
					}
				}
				if strings.Contains(log.String(), "Mara") || strings.Contains(log.String(), "Bearer") {
					t.Errorf("a search or a token is in the log: %s", log)
				}
			})
		})
	}
}
