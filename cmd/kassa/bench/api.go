package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"kassa/core/fault"
)

// api calls Kassa's REST API where speed does not matter: to set up the shop and to check the books.
type api struct {
	base   string // http://host:port/api/v1
	client *http.Client
}

func newAPI(address string) *api {
	return &api{base: "http://" + address + "/api/v1", client: &http.Client{Timeout: 2 * time.Minute}}
}

// request is one call. A body that is a []byte is sent as it is, any other as JSON.
type request struct {
	method, path string
	token, key   string
	mediaType    string
	body         any
}

// do sends the request, reads the answer into the value behind into unless that is nil, and returns the status. A status from 400 on is an
// Unavailable fault request_refused that quotes the problem.
func (a *api) do(ctx context.Context, r request, into any) (int, error) {
	body, isBytes := r.body.([]byte)
	if r.body != nil && !isBytes {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return 0, err
		}
		r.mediaType = "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, r.method, a.base+r.path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for name, value := range map[string]string{"Authorization": bearer(r.token), "Idempotency-Key": r.key, "Content-Type": r.mediaType} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	switch {
	case err != nil:
		return resp.StatusCode, err
	case resp.StatusCode >= http.StatusBadRequest:
		return resp.StatusCode, fault.New(fault.Unavailable, "request_refused", "%s %s was answered %d: %.300s",
			r.method, r.path, resp.StatusCode, answer).With("status", resp.StatusCode)
	case into == nil:
		return resp.StatusCode, nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return resp.StatusCode, fmt.Errorf("%s %s: the answer is not what the API promises: %w", r.method, r.path, err)
	}
	return resp.StatusCode, nil
}

func bearer(token string) string {
	if token == "" {
		return ""
	}
	return "Bearer " + token
}

func (a *api) close() { a.client.CloseIdleConnections() }
