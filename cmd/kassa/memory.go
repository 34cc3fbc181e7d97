package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	softLimit = 128 << 20       // bytes of the Go heap and what is around it
	percent   = 400             // of what is alive that may be garbage below the limit: most of what a request makes is garbage at once
	watched   = 2 * time.Second // between two looks at what is alive
)

// limitMemory keeps the heap small on a shop's laptop unless GOMEMLIMIT or GOGC says otherwise. The limit is soft, and it grows with what is alive, so
// that a shop that outgrows it does not spend its time collecting garbage. It looks until the context ends.
func limitMemory(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(softLimit)
	go func() {
		next := time.NewTicker(watched)
		defer next.Stop()
		for {
			select {
			case <-next.C:
				debug.SetMemoryLimit(limitFor(alive()))
			case <-ctx.Done():
				return
			}
		}
	}()
}

// limitFor leaves as much room as is alive.
func limitFor(live int64) int64 { return max(softLimit, 2*live) }

// alive returns the bytes that the last collection found in use.
func alive() int64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return int64(live[0].Value.Uint64()) //nolint:gosec // far below
}
