package main

import (
	"context"
	"errors"
	"io"
	"time"

	"kassa/cmd/kassa/bench"
	"kassa/containers"
	"kassa/core/fault"
)

func benchmark(ctx context.Context, c *call) error {
	err := bench.Command{
		Local: map[string]bench.Local{
			"raw": raw, "writer": sell,
			"naive-spread": func(ctx context.Context, at bench.Place, callers int, d time.Duration) (bench.Point, error) {
				return naive(ctx, at, callers, false, d)
			},
			"naive-hot": func(ctx context.Context, at bench.Place, callers int, d time.Duration) (bench.Point, error) {
				return naive(ctx, at, callers, true, d)
			},
		},
		Scratch: scratch, Prove: prove, Remember: remember,
	}.Run(ctx, c.args, c.out, c.errs)
	if fault.IsCode(err, "flag_invalid") {
		return misuse{err}
	}
	return err
}

// The shop that the bare store is measured with, and the sales of the first try, which tells how many fill the time.
const (
	rawProducts  = 1000
	rawRegisters = 50
	rawFirst     = 500
	rawCommits   = 20     // at least
	rawMost      = 50_000 // they are kept in memory
)

// raw writes the records of sales into a bare store.
func raw(ctx context.Context, at bench.Place, batch int, d time.Duration) (bench.Point, error) {
	return inProcess(ctx, at, func(b *containers.Bare) (containers.Figure, error) {
		first := max(rawFirst, rawCommits*batch)
		f, err := b.Raw(ctx, first, batch)
		if err == nil {
			n := min(int(f.PerSecond()*d.Seconds()), rawMost)
			f, err = b.Raw(ctx, max(n, first), batch)
		}
		return f, errors.Join(err, b.Prove(ctx))
	})
}

// sell sells through the writer.
func sell(ctx context.Context, at bench.Place, callers int, d time.Duration) (bench.Point, error) {
	return inProcess(ctx, at, func(b *containers.Bare) (containers.Figure, error) {
		return b.Sell(ctx, callers, d), b.Prove(ctx)
	})
}

// naive sells with a transaction per sale, which proves its stock by itself.
func naive(ctx context.Context, at bench.Place, callers int, hot bool, d time.Duration) (bench.Point, error) {
	return inProcess(ctx, at, func(b *containers.Bare) (containers.Figure, error) { return b.Naive(ctx, callers, hot, d) })
}

// inProcess measures in a shop of its own, in a database that is removed afterwards.
func inProcess(ctx context.Context, at bench.Place, measure func(b *containers.Bare) (containers.Figure, error)) (p bench.Point, err error) {
	s, err := containers.NewScratch(ctx, at.MongoDB, at.Data)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, s.Remove(ctx)) }()
	var f containers.Figure
	err = s.Bare(ctx, rawProducts, rawRegisters, func(b *containers.Bare) error {
		f, err = measure(b)
		return err
	})
	right := err == nil
	return bench.Point{Answers: f.Sales, PerSecond: f.PerSecond(), Errors: f.Failures, Refused: f.Refused, Verified: &right,
		P50: f.P50.Microseconds(), P95: f.P95.Microseconds(), P99: f.P99.Microseconds(), Max: f.Most.Microseconds()}, err
}

// scratch makes a database for servers on the MongoDB server.
func scratch(ctx context.Context, uri string) (bench.Scratch, error) {
	s, err := containers.NewScratch(ctx, uri, "")
	if err != nil {
		return bench.Scratch{}, err
	}
	return bench.Scratch{URI: s.Config.MongoURI, Nodes: s.Nodes, Drop: s.Remove}, nil
}

// The shop that has a history.
const (
	historyProducts  = 1000
	historyRegisters = 50
	historyMembers   = 1000
)

// remember makes the shop with a history, or finds it.
func remember(ctx context.Context, at bench.Place, h bench.History) (bench.Place, error) {
	c := containers.HistoryIn(at.MongoDB, at.Data, h.Bills)
	err := containers.WriteHistory(ctx, c, containers.History{Bills: h.Bills, Products: historyProducts, Registers: historyRegisters, Members: historyMembers,
		Category: h.Category, Email: h.Email, Password: h.Password, Progress: h.Told})
	if c.MongoURI != "" {
		return bench.Place{MongoDB: c.MongoURI}, err
	}
	return bench.Place{Data: c.Data}, err
}

// prove is kassa verify.
func prove(ctx context.Context, at bench.Place, out io.Writer) error {
	return containers.Verify(ctx, containers.Config{Data: at.Data, MongoURI: at.MongoDB}, out, func(string, int64, int64) {})
}
