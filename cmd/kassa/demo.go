package main

import (
	"context"
	"flag"
	"path/filepath"

	"kassa/containers"
)

func demo(ctx context.Context, c *call) error {
	fs := flag.NewFlagSet("demo", flag.ContinueOnError)
	about := "Serves a shop to try Kassa with: 100 products, a till with change in its drawer, a cashier and a manager.\nIts data is kept in KASSA_DATA/demo, never in MongoDB; delete that folder to begin anew. It listens on this machine only."
	if _, done, err := c.parse(fs, "", about); done {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	cfg.Data = filepath.Join(cfg.Data, "demo")
	if cfg.MongoURI != "" { // a shop with users whom everybody knows
		cfg.MongoURI = ""
		tell(c.errs, "The demo does not touch KASSA_MONGODB_URI: its data is kept in %s.\n", cfg.Data)
	}
	cfg.Log = nil // a terminal full of requests hides what is printed below
	return containers.Demo(ctx, cfg, func(s containers.DemoShop) {
		tell(c.out, "Kassa demo: http://%s  (try every route at http://%s/docs; metrics at http://%s/metrics)\n\n", s.API, s.API, s.Metrics)
		for _, l := range containers.DemoLogins {
			tell(c.out, "  %-8s %s  password %s\n", l.Role, l.Email, l.Password)
		}
		tell(c.out, "  till     %s\n  product  %s\n\nPress Ctrl+C to stop.\n", s.Register, s.Product)
	})
}
