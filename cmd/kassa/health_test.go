package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthIsWhatTheServerSays(t *testing.T) {
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer s.Close()
	addr := s.Listener.Addr().String()
	t.Setenv("KASSA_ADDR", addr)
	var out bytes.Buffer
	if err := run(t.Context(), []string{"health"}, &out, io.Discard); err != nil || out.String() != "kassa on "+addr+" can serve\n" {
		t.Errorf("%v, printed %q", err, &out)
	}
	status = http.StatusServiceUnavailable
	if err := run(t.Context(), []string{"health"}, io.Discard, io.Discard); err == nil || !strings.Contains(sentence(err), "cannot serve") {
		t.Errorf("of a server that cannot serve: %v", err)
	}
}
