package mongodb_test

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	"kassa/adapters/mongodb"
	"kassa/adapters/mongodb/mongotest"
	"kassa/adapters/storetest"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// till is a process that counts in the store shop, beside others on the same database.
type till struct {
	*mongodb.Database
	*storetest.Counter
	journal *mongodb.Journal
}

// openTill opens the database as a process that calls itself so.
func openTill(t testing.TB, uri string, process id.ID) till {
	t.Helper()
	u := parsed(t, uri)
	q := u.Query()
	q.Set("appName", appName(u, process))
	u.RawQuery = q.Encode()
	d, err := mongodb.Open(t.Context(), u.String(), process)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	c := storetest.NewCounter(t, "shop", mongodb.NewTurns(d), func(documents journal.Schema, values map[string]func() writer.Stored) storetest.Backend {
		return backend(d, documents, values)
	})
	return till{d, c, mongodb.NewJournal(d, nil)}
}

// failing lets commands of the process fail until off is called or the test ends.
func failing(t testing.TB, uri string, process id.ID, f mongotest.Failure) (off func()) {
	t.Helper()
	f.AppName = appName(parsed(t, uri), process)
	return mongotest.FailPoint(t, uri, f)
}

// appName is not that of a process of another test on the same server.
func appName(u *url.URL, process id.ID) string { return u.Path[1:] + " " + string(process) }

func parsed(t testing.TB, uri string) *url.URL {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// untilCounted counts once, and asks again with the same key while the answer is that it should.
func (c till) untilCounted(ctx context.Context, key string) error {
	for {
		err := c.Count(ctx, key)
		if !fault.IsKind(err, fault.Unavailable) {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// each runs fn for each of n callers at once.
func each(n int, fn func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
}

func TestManyProcessesLoseAndDoubleNothing(t *testing.T) {
	const callers, share = 8, 12
	uri := databaseURI(t)
	var all []*storetest.Counter
	for _, process := range []id.ID{"a", "b", "c", "d", "e"} {
		all = append(all, openTill(t, uri, process).Counter)
	}
	if failed := storetest.Race(t.Context(), all, callers, share); len(failed) > 0 {
		t.Errorf("%d callers failed, one because %s", len(failed), failed[0])
	}
	all[0].Check(t, len(all)*callers*share)
}
