package mongodb_test

import (
	"testing"

	"kassa/adapters/mongodb"
	"kassa/adapters/mongodb/mongotest"
	"kassa/adapters/storetest"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/register"
	"kassa/core/writer"
)

func TestMain(m *testing.M) { mongotest.Main(m) }

func TestContract(t *testing.T) { storetest.Run(t, open) }

func BenchmarkCatalogue(b *testing.B)  { storetest.BenchmarkCatalogue(b, open) }
func BenchmarkAuditTrail(b *testing.B) { storetest.BenchmarkAuditTrail(b, open) }

// open makes a database of the test's own.
func open(t testing.TB, documents journal.Schema, values map[string]func() writer.Stored) storetest.Backend {
	uri := databaseURI(t)
	mongotest.NoScans(t, uri, "stores") // a list of all, read whole
	return backend(openDatabase(t, uri), documents, values)
}

func backend(d *mongodb.Database, documents journal.Schema, values map[string]func() writer.Stored) storetest.Backend {
	j, state := mongodb.NewJournal(d, documents), mongodb.NewState(d, values)
	return storetest.Backend{
		Provider: d, Stores: mongodb.NewStores(d, fixed("token")), Journal: j, State: state, Ledger: mongodb.NewLedger(j),
		Users: mongodb.NewUsers(d), Sessions: mongodb.NewSessions(d), Members: mongodb.NewMembers(d), Products: mongodb.NewProducts(d),
		Stock: mongodb.NewStock(d), Images: mongodb.NewImages(d), Registers: register.NewRepository(state), Carts: mongodb.NewCarts(d),
		Reports: mongodb.NewReports(d),
	}
}

// databaseURI names a database of the test's own.
func databaseURI(t testing.TB) string {
	t.Helper()
	uri, name := mongotest.Database(t)
	return mongodb.InDatabase(uri, name)
}

func openDatabase(t testing.TB, uri string) *mongodb.Database { return openAs(t, uri, "process") }

func openAs(t testing.TB, uri string, process id.ID) *mongodb.Database {
	t.Helper()
	d, err := mongodb.Open(t.Context(), uri, process)
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
