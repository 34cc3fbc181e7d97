package containers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	readyTimeout = 7 * time.Second // more than a server waits for a primary of MongoDB, so that its answer is heard
	maxProblem   = 64 << 10        // bytes of an answer
)

// Ready asks the server that runs with this configuration whether it can serve. An address of all interfaces is asked on this machine.
func Ready(ctx context.Context, c Config) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.Addr+"/readyz", nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // and no proxy
	res, err := client.Do(req)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("kassa on %s does not answer in time", c.Addr)
	}
	if err != nil {
		return fmt.Errorf("no kassa answers on %s: %w", c.Addr, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusOK {
		return nil
	}
	var problem struct {
		Detail string `json:"detail"`
	}
	_ = json.NewDecoder(io.LimitReader(res.Body, maxProblem)).Decode(&problem) // the status says enough
	return fmt.Errorf("kassa on %s cannot serve: it answers %d (%s)", c.Addr, res.StatusCode, problem.Detail)
}
