package containers

import (
	"context"
	"sync"
	"time"

	"kassa/adapters/rest"
	"kassa/core/audit"
	"kassa/core/clock"
	"kassa/core/journal"
	"kassa/core/trail"
	"kassa/core/writer"

	"go.uber.org/fx"
)

// sweepEvery is how often counted audit events are looked through for minutes that are over.
const sweepEvery = time.Second

// newTrail starts the audit trail, which notes what it has counted before the writer stops.
func newTrail(l fx.Lifecycle, w *writer.Writer, j journal.Repository, k clock.Clock, o writer.Observer) *trail.Service {
	t := trail.NewService(trail.Config{Writer: w, Journal: j, Clock: k, Lost: o.NoteLost})
	var sweeper sync.WaitGroup
	stop := make(chan struct{})
	l.Append(fx.Hook{
		OnStart: func(context.Context) error {
			sweeper.Go(func() { sweep(t, stop) })
			return nil
		},
		OnStop: func(context.Context) error {
			close(stop)
			sweeper.Wait()
			t.Close()
			return nil
		},
	})
	return t
}

func sweep(t *trail.Service, stop <-chan struct{}) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			t.Sweep()
		case <-stop:
			return
		}
	}
}

// denied counts refusals for lack of rights: one event for each user, route and minute.
func denied(t *trail.Service) func(ctx context.Context, p rest.Principal, r rest.Route, code string) {
	return func(ctx context.Context, p rest.Principal, r rest.Route, code string) {
		t.Count(ctx, p.Store, audit.Fact{Action: "refused", Entity: "route", After: r.Method + " " + r.Path, Reason: code})
	}
}
