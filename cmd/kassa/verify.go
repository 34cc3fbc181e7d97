package main

import (
	"context"
	"flag"
	"time"

	"kassa/containers"
)

func verify(ctx context.Context, c *call) error {
	fs := flag.NewFlagSet("verify", flag.ContinueOnError)
	about := "Walks every hash chain, replays the journal and compares stock, balances, registers and indexes with it.\nIt reads beside a running server, mends nothing, and fails when anything is off. For the demo's shop: KASSA_DATA=data/demo kassa verify."
	if _, done, err := c.parse(fs, "", about); done {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	var last time.Time
	return containers.Verify(ctx, cfg, c.out, func(store string, done, of int64) {
		if time.Since(last) > time.Second {
			last = time.Now()
			tell(c.errs, "%s: %d of %d records\n", store, done, of)
		}
	})
}
