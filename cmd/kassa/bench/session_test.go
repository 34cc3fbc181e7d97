package bench

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestASessionIsRenewedAfterHalfItsLife(t *testing.T) {
	for life, want := range map[int64]int{900: 0, 0: 1} {
		f := newFake("")
		f.life = life
		server := httptest.NewServer(f)
		defer server.Close()
		s, err := newAPI(strings.TrimPrefix(server.URL, "http://")).login(t.Context(), "a", "b")
		if err != nil {
			t.Fatal(err)
		}
		before := *s.token.Load()
		if err := s.renew(t.Context()); err != nil {
			t.Fatal(err)
		}
		if f.refreshed != want || (*s.token.Load() != before) != (want > 0) {
			t.Errorf("a token of %d seconds was renewed %d times, want %d", life, f.refreshed, want)
		}
	}
}

func TestAClientUsesTheNewToken(t *testing.T) {
	seller, first, second := &session{}, "first", "second"
	seller.token.Store(&first)
	c := &client{load: &load{scenario: scenarios[0]}, address: "host:1", seller: seller}
	const rest = "\r\nContent-Type: application/json\r\nIdempotency-Key: key\r\nContent-Length: 2\r\n\r\n{}"
	for _, token := range []*string{&first, &second} {
		seller.token.Store(token)
		want := "POST /api/v1/bench/floor HTTP/1.1\r\nHost: host:1\r\nAuthorization: Bearer " + *token + rest
		if got := string(c.compose([]byte("key"), []byte("{}"))); got != want {
			t.Errorf("%q", got)
		}
	}
}
