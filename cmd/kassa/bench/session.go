package bench

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// session is a login that stays valid: access tokens live minutes, a run may take hours.
type session struct {
	api     *api
	token   atomic.Pointer[string]
	mu      sync.Mutex // of the fields below
	refresh string
	renewAt time.Time
}

type login struct {
	AccessToken  string `json:"access_token"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
}

func (a *api) login(ctx context.Context, email, password string) (*session, error) {
	s, body := &session{api: a}, map[string]string{"email": email, "password": password}
	return s, s.enter(ctx, request{method: http.MethodPut, path: "/users/session", body: body})
}

func (s *session) enter(ctx context.Context, r request) error {
	var l login
	begin := time.Now()
	if _, err := s.api.do(ctx, r, &l); err != nil {
		return err
	}
	s.refresh, s.renewAt = l.RefreshToken, begin.Add(time.Duration(l.ExpiresIn)*time.Second/2)
	s.token.Store(&l.AccessToken)
	return nil
}

// renew takes a new access token when half the life of the present one is over.
func (s *session) renew(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.renewAt) {
		return nil
	}
	body := map[string]string{"refresh_token": s.refresh}
	return s.enter(ctx, request{method: http.MethodPost, path: "/users/session/refresh", body: body})
}

// keepAlive renews the sessions until ctx ends. What fails is tried again; when it fails for good, requests are answered 401 and counted.
func keepAlive(ctx context.Context, sessions []*session) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, s := range sessions {
				_ = s.renew(ctx)
			}
		}
	}
}
