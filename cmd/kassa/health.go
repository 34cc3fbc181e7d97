package main

import (
	"context"
	"flag"

	"kassa/containers"
)

func health(ctx context.Context, c *call) error {
	fs := flag.NewFlagSet("health", flag.ContinueOnError)
	about := "Asks the server on KASSA_ADDR whether it can serve, and fails when it cannot. For images and orchestrators that have no other program to ask with."
	if _, done, err := c.parse(fs, "", about); done {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if err := containers.Ready(ctx, cfg); err != nil {
		return err
	}
	tell(c.out, "kassa on %s can serve\n", cfg.Addr)
	return nil
}
