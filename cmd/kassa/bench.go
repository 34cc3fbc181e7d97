package main

import (
	"context"
	"errors"
	"os"
	"time"

	"kassa/cmd/kassa/bench"
	"kassa/containers"
	"kassa/core/fault"
)

func benchmark(ctx context.Context, c *call) error {
	err := bench.Command{Raw: raw, Writer: sell}.Run(ctx, c.args, c.out, c.errs)
	if fault.IsCode(err, "flag_invalid") {
		return misuse{err}
	}
	return err
}

// The shop that the bare store is measured with, and the sales of the first try, which tells how many fill the time.
const (
	rawProducts  = 1000
	rawRegisters = 50
	rawFirst     = 2000
	rawMost      = 50_000 // they are kept in memory
)

// raw writes the records of sales into a bare store.
func raw(ctx context.Context, batch int, d time.Duration) (bench.Point, error) {
	return inProcess(ctx, func(b *containers.Bare) (containers.Figure, error) {
		f, err := b.Raw(ctx, rawFirst, batch)
		if err != nil {
			return f, err
		}
		n := min(int(f.PerSecond()*d.Seconds()), rawMost)
		return b.Raw(ctx, max(n, rawFirst), batch)
	})
}

// sell sells through the writer.
func sell(ctx context.Context, callers int, d time.Duration) (bench.Point, error) {
	return inProcess(ctx, func(b *containers.Bare) (containers.Figure, error) { return b.Sell(ctx, callers, d), nil })
}

// inProcess measures in a shop of its own, in a temporary folder.
func inProcess(ctx context.Context, measure func(b *containers.Bare) (containers.Figure, error)) (p bench.Point, err error) {
	dir, err := os.MkdirTemp("", "kassa-raw-")
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b, err := containers.OpenBare(ctx, containers.Config{Data: dir, BcryptCost: 4}, rawProducts, rawRegisters)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, b.Close(ctx)) }()
	f, err := measure(b)
	return bench.Point{Answers: f.Sales, PerSecond: f.PerSecond(), Errors: f.Failures, Refused: f.Refused,
		P50: f.P50.Microseconds(), P95: f.P95.Microseconds(), P99: f.P99.Microseconds(), Max: f.Most.Microseconds()}, err
}
