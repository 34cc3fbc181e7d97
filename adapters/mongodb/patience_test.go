package mongodb

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"
	"kassa/core/fault"
	"kassa/core/id"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// openAs opens a database, as one process among others, until the test ends.
func openAs(t *testing.T, uri string, process id.ID) *Database {
	t.Helper()
	d, err := Open(t.Context(), uri, process)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// openNamed opens a database of the test's own, whose commands a test can let fail by the name of who sends them.
func openNamed(t *testing.T) (d *Database, uri, appName string) {
	t.Helper()
	uri, appName = mongotest.Database(t)
	uri = InDatabase(uri, appName)
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("appName", appName)
	u.RawQuery = q.Encode()
	return openAs(t, u.String(), "process"), uri, appName
}

// impatient opens a database whose finds fail with the code, always.
func impatient(t *testing.T, code int) *Database {
	t.Helper()
	d, uri, name := openNamed(t)
	d.patience = 200 * time.Millisecond
	mongotest.FailPoint(t, uri, mongotest.Failure{Commands: []string{"find"}, AppName: name, ErrorCode: code})
	return d
}

func TestWhatAlwaysPassesIsNotTriedForEver(t *testing.T) {
	const snapshotUnavailable, atMost = 246, 5 * time.Second
	d := impatient(t, snapshotUnavailable)
	for what, run := range map[string]func(context.Context, func(context.Context) error) error{"Transact": d.Transact, "View": d.View} {
		began, tries := time.Now(), 0
		err := run(context.WithoutCancel(t.Context()), func(ctx context.Context) error {
			tries++
			_, _, err := one[bson.Raw](ctx, d.collection(heads), byID("shop"))
			return err
		})
		if took := time.Since(began); !fault.IsKind(err, fault.Unavailable) || tries < 2 || took < d.patience || took > atMost {
			t.Errorf("%s: %v after %d tries in %v", what, err, tries, took)
		}
	}
}

// A snapshot that is too old is not tried again: the same would come of it.
func TestSnapshotThatIsTooOldSaysWhatToRaise(t *testing.T) {
	d, tries := impatient(t, codeSnapshotTooOld), 0
	err := d.View(t.Context(), func(ctx context.Context) error {
		tries++
		_, err := NewJournal(d, nil).From(ctx, "shop", 0, 1)
		return err
	})
	if !fault.IsKind(err, fault.Unavailable) || !strings.Contains(err.Error(), "minSnapshotHistoryWindowInSeconds") || tries != 1 {
		t.Errorf("%v after %d tries", err, tries)
	}
}
