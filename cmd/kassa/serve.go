package main

import (
	"context"
	"flag"
	"fmt"

	"kassa/containers"
)

func serve(ctx context.Context, c *call) error {
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	if done, err := c.parse(fs, "", "Serves on KASSA_ADDR until it is stopped. Data is kept in KASSA_DATA."); done {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("serve takes no arguments, and %q was given", fs.Arg(0))
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	return containers.Serve(ctx, cfg, func(at *containers.Listening) {
		fmt.Fprintf(c.out, "kassa serves http://%s (documents at /docs); metrics at http://%s/metrics\n", at.API, at.Metrics)
		if at.SetupToken != "" {
			fmt.Fprintf(c.out, "No store yet: POST /api/v1/setup makes it. From another machine it needs the header Kassa-Setup-Token: %s\n", at.SetupToken)
		}
	})
}
