package sqlite_test

import (
	"testing"

	"kassa/adapters/sqlite"
	"kassa/adapters/storetest"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Backend {
		d, err := sqlite.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
		return storetest.Backend{
			Provider: d,
			Stores:   sqlite.NewStores(d, fixed("token")),
			Journal:  func(s journal.Schema) journal.Repository { return sqlite.NewJournal(d, s) },
			State:    func(e map[string]func() writer.Stored) writer.Projection { return sqlite.NewState(d, e) },
		}
	})
}

type fixed id.ID

func (f fixed) New() id.ID { return id.ID(f) }
