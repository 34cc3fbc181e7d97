package main

import (
	"context"
	"flag"

	"kassa/containers"
)

func serve(ctx context.Context, c *call) error {
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	about := "Serves on KASSA_ADDR until it is stopped with Ctrl+C or SIGTERM. Data is kept in KASSA_DATA, or in the MongoDB of\nKASSA_MONGODB_URI. The log goes to standard error, a line of JSON per request. Where there is no store yet it prints the one-time\ntoken that POST /api/v1/setup needs from another machine."
	if _, done, err := c.parse(fs, "", about); done {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	return containers.Serve(ctx, cfg, func(at *containers.Listening) {
		tell(c.out, "kassa serves http://%s (documents at /docs); metrics at http://%s/metrics\n", at.API, at.Metrics)
		if at.SetupToken != "" {
			tell(c.out, "No store yet: POST /api/v1/setup makes it. From another machine it needs the header Kassa-Setup-Token: %s\n", at.SetupToken)
		}
	})
}
