package main

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"
)

const (
	failovers  = 3
	backWithin = 15 * time.Second // the set of the test misses its primary after 2 s; one that takes MongoDB's own 10 s adds 8
	waitAtMost = time.Minute      // for sales to be answered again
	tryAgain   = 50 * time.Millisecond
)

// TestSalesSurviveTheFailureOfAPrimary breaks the primary of the set that a server works on.
func TestSalesSurviveTheFailureOfAPrimary(t *testing.T) {
	c := mongotest.StartCluster(t, mongotest.Options{Nodes: 3, Auth: true})
	b, s := newBooks(t, build(t), onMongoDB(t, c.UserURI("kassa", "correct horse", "shop"), "one"), small)
	for round := range failovers {
		b.primaryFails(s, c, fmt.Sprint("killed", round), backWithin, c.Kill, c.Start)
	}
	// MongoDB itself takes up to 14 s here: a node that copies from one that answers nothing is long in looking for another, and until it does,
	// no majority has what is written.
	b.primaryFails(s, c, "frozen", 2*backWithin, c.Freeze, c.Thaw)
}

// primaryFails breaks the primary while tills sell, and mends it later.
func (b *books) primaryFails(s *server, c *mongotest.Cluster, how string, within time.Duration, fail, mend func(node int)) {
	b.t.Helper()
	primary := c.WaitPrimary()
	o := b.sellThrough(s, how, func() { fail(primary) })
	b.t.Logf("%s: the first sale was answered %v later, the last till's first %v", how, o.first, o.last)
	if o.first == 0 || o.last > within {
		b.t.Errorf("%s: it took %v until every till was answered again", how, o.last)
	}
	mend(primary)
	b.settle(s, o.answered, o.open)
	b.check(s)
	b.verify()
}

// outage is what the tills saw of one.
type outage struct {
	answered, open []*order
	first, last    time.Duration // until a till's next sale was answered
}

// sellThrough lets every till sell until something fails, and then until it is answered again.
func (b *books) sellThrough(s *server, name string, fail func()) outage {
	var o outage
	var mu sync.Mutex
	var failed time.Time
	var sold atomic.Int64
	o.answered, o.open = b.trade(s, name, tills, func(sent time.Time, a answer) bool {
		if a.status == http.StatusCreated && sold.Add(1) == atLeast {
			fail()
			mu.Lock()
			defer mu.Unlock()
			failed = time.Now()
			return true
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case a.status == 0:
			b.t.Errorf("%s: a sale got no answer", name)
		case a.status == http.StatusCreated && (failed.IsZero() || sent.Before(failed)):
			return true
		case a.status == http.StatusCreated:
			o.last = time.Since(failed)
			if o.first == 0 {
				o.first = o.last
			}
			return false
		}
		mu.Unlock()
		time.Sleep(tryAgain)
		mu.Lock()
		return failed.IsZero() || time.Since(failed) < waitAtMost
	})
	return o
}
