package sqlite_test

import (
	"testing"

	"kassa/adapters/sqlite"
	"kassa/adapters/storetest"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/register"
	"kassa/core/writer"
)

func TestContract(t *testing.T) { storetest.Run(t, inFolder("")) }

func BenchmarkCatalogue(b *testing.B)    { storetest.BenchmarkCatalogue(b, inFolder("")) }
func BenchmarkAuditTrail(b *testing.B)   { storetest.BenchmarkAuditTrail(b, inFolder("")) }
func BenchmarkAuthenticate(b *testing.B) { storetest.BenchmarkAuthenticate(b, inFolder("")) }

// inFolder opens the folder, or a temporary one of its own each time.
func inFolder(dir string) storetest.Open {
	return func(t testing.TB, documents journal.Schema, values map[string]func() writer.Stored) storetest.Backend {
		d := openFolder(t, dir)
		j, state := sqlite.NewJournal(d, documents), sqlite.NewState(d, values)
		return storetest.Backend{
			Provider: d, Stores: sqlite.NewStores(d, fixed("token")), Journal: j, State: state, Ledger: sqlite.NewLedger(j),
			Users: sqlite.NewUsers(d), Sessions: sqlite.NewSessions(d), Members: sqlite.NewMembers(d), Products: sqlite.NewProducts(d),
			Stock: sqlite.NewStock(d), Images: sqlite.NewImages(d), Registers: register.NewRepository(state), Carts: sqlite.NewCarts(d),
			Reports: sqlite.NewReports(d),
		}
	}
}

func openFolder(t testing.TB, dir string) *sqlite.Database {
	t.Helper()
	if dir == "" {
		dir = t.TempDir()
	}
	d, err := sqlite.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

type fixed id.ID

func (f fixed) New() id.ID { return id.ID(f) }
