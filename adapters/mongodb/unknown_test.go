package mongodb_test

import (
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

// A session that is ended for the sake of others may be one in which this process does something else by now.
func TestInterruptedCommandRunsAgain(t *testing.T) {
	uri := databaseURI(t)
	c, n := openTill(t, uri, "a"), 0
	for _, command := range []string{"find", "update", "insert"} {
		off := failing(t, uri, "a", mongotest.Failure{Commands: []string{command}, ErrorCode: 11601, Times: 1})
		n++
		if err := c.Count(t.Context(), command); err != nil {
			t.Errorf("%s: %v", command, err)
		}
		if met := c.Counts(); met.Retries != int64(n) || met.Conflicts != 0 {
			t.Errorf("%s: met %+v, want %d retries", command, met, n)
		}
		off()
		c.Check(t, n)
	}
}
