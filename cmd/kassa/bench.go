package main

import (
	"context"

	"kassa/cmd/kassa/bench"
)

func benchmark(ctx context.Context, c *call) error {
	return bench.Run(ctx, c.args, c.out, c.errs)
}
