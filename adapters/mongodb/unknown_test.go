package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"
)

func TestCommitOfUnknownOutcomeCountsOnce(t *testing.T) {
	const callers, share = 4, 3
	uri := databaseURI(t)
	c, n := openTill(t, uri, "a"), 0
	for what, f := range map[string]mongotest.Failure{
		"took too long, not committed":    {ErrorCode: 50, Times: 3},
		"interrupted, not committed":      {ErrorCode: 11601, Times: 3},
		"connection lost, not committed":  {CloseConnection: true, Times: 3},
		"no majority in time, committed":  {WriteConcernCode: 64, Times: 3},
		"server ends, not committed":      {ErrorCode: 91, Times: 1},
		"server ends, committed":          {WriteConcernCode: 91, Times: 1},
		"commits after it was waited for": {Block: 6 * time.Second, Times: 1},
	} {
		t.Run(what, func(t *testing.T) {
			f.Commands = []string{"commitTransaction"}
			defer failing(t, uri, "a", f)()
			each(callers, func(i int) {
				for k := range share {
					if err := c.Count(t.Context(), fmt.Sprint(what, i, k)); err != nil {
						t.Error(err)
					}
				}
			})
			n += callers * share
			c.Check(t, n)
		})
	}
	if met := c.Counts(); met.Unknown == 0 {
		t.Errorf("met %+v, and some commits had to be in doubt", met)
	}
}

// A session that is ended for the sake of others may be one in which this process does something else by now; and what a server gives up for
// reasons of its own goes well the next time.
func TestInterruptedCommandRunsAgain(t *testing.T) {
	const lockTimeout, cursorNotFound, queryPlanKilled, cursorKilled, cacheFull, interrupted = 24, 43, 175, 237, 365, 11601
	uri := databaseURI(t)
	c, n := openTill(t, uri, "a"), 0
	for _, row := range []struct {
		command string
		code    int
	}{
		{"find", interrupted}, {"update", interrupted}, {"insert", interrupted},
		{"find", lockTimeout}, {"find", cursorNotFound}, {"find", queryPlanKilled}, {"find", cursorKilled}, {"find", cacheFull}, {"update", cacheFull},
	} {
		off := failing(t, uri, "a", mongotest.Failure{Commands: []string{row.command}, ErrorCode: row.code, Times: 1})
		n++
		read := c.View(t.Context(), func(ctx context.Context) error { _, err := c.journal.Head(ctx, "shop"); return err })
		if err := errors.Join(read, c.Count(t.Context(), fmt.Sprint(row))); err != nil {
			t.Errorf("%+v: %v", row, err)
		}
		if met := c.Counts(); met.Retries != int64(n) || met.Conflicts != 0 {
			t.Errorf("%+v: met %+v, want %d retries", row, met, n)
		}
		off()
		c.Check(t, n)
	}
}
