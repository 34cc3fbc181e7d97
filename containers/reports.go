package containers

import (
	"context"
	"log/slog"

	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/register"
	"kassa/core/report"
	"kassa/core/store"
	"kassa/core/transaction"
	"kassa/core/writer"

	"go.uber.org/fx"
)

func newReports(w *writer.Writer, f *report.Folder, r *register.Service, p *inventory.Service) *report.Service {
	return report.NewService(report.Config{Writer: w, Folder: f, Registers: r, Products: p})
}

// newFolder folds the records of every store from the start of the application to its stop.
func newFolder(l fx.Lifecycle, c Config, p transaction.Provider, j journal.Repository, r report.Repository, stores store.Repository, k clock.Clock) *report.Folder {
	f := report.NewFolder(p, j, r, k)
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	l.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() {
				defer close(stopped)
				f.Run(ctx, stores, func(s id.Store, err error) {
					c.logger().Warn("figures of reports were not kept, and will be", slog.String("store", string(s)), slog.Any("error", err))
				})
			}()
			return nil
		},
		OnStop: func(ctx context.Context) error {
			cancel()
			select {
			case <-stopped:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	})
	return f
}
