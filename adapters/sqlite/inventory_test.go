package sqlite_test

import (
	"context"
	"io"
	"maps"
	"testing"
	"time"

	"kassa/adapters/sqlite"
	"kassa/adapters/storetest"
	"kassa/adapters/system"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/page"
	"kassa/core/store"
	"kassa/core/verify"
	"kassa/core/writer"
)

// stockroom is a store in a fresh folder with the inventory's service on it. The system is its only user.
type stockroom struct {
	*inventory.Service
	id       id.Store
	d        *sqlite.Database
	products *sqlite.Products
	stock    *sqlite.Stock
	state    *sqlite.State
	journal  *sqlite.Journal
	w        *writer.Writer
}

func newStockroom(t testing.TB) *stockroom {
	t.Helper()
	d, err := sqlite.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	schema, states := journal.Schema{}, map[string]func() writer.Stored{}
	for _, s := range []journal.Schema{store.Documents(), inventory.Documents(), {"sold": func() journal.Document { return &sold{} }}} {
		maps.Copy(schema, s)
	}
	for _, s := range []map[string]func() writer.Stored{store.States(), inventory.States()} {
		maps.Copy(states, s)
	}
	s := &stockroom{id: "shop", d: d, products: sqlite.NewProducts(d), stock: sqlite.NewStock(d), state: sqlite.NewState(d, states), journal: sqlite.NewJournal(d, schema)}
	bindings := []writer.Binding{{Kind: "stock", Projection: s.stock}, {Kind: "product", Projection: s.products}}
	for kind := range states {
		bindings = append(bindings, writer.Binding{Kind: kind, Projection: s.state})
	}
	c := storetest.NewClock()
	ids := system.NewIDs(c)
	s.w = writer.New(writer.Config{Provider: d, Journal: s.journal, Bindings: bindings, Clock: c, IDs: ids})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.w.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	made := store.Store{ID: s.id, Name: "Shop", Currency: "EUR", TimeZone: "Europe/Berlin", CreatedAt: c.Now()}
	if err := sqlite.NewStores(d, ids).Create(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	s.settings(t, store.StockBlock, 1)
	s.Service = inventory.NewService(s.w, s.products, s.journal)
	return s
}

func (s *stockroom) settings(t testing.TB, p store.StockPolicy, version int64) {
	t.Helper()
	o := store.Defaults("EUR", "Europe/Berlin")
	o.StockPolicy = p
	if _, err := s.w.Do(t.Context(), s.id, setUp{o}); err != nil {
		t.Fatal(err)
	}
}

// verify proves that the journal alone makes what the store keeps.
func (s *stockroom) verify(t testing.TB) {
	t.Helper()
	v := verify.Verifier{Provider: s.d, Journal: s.journal, Projections: []writer.Projection{s.state, s.products, s.stock}}
	if r := must[*verify.Report](t)(v.Run(t.Context(), s.id)); !r.Clean() {
		t.Errorf("the books are off: %q", r.Findings)
	}
}

func (s *stockroom) add(t testing.TB, d inventory.Details, stock int64) id.ID {
	t.Helper()
	c := inventory.Create{Details: d}
	if stock != 0 {
		q := measure.Quantity(stock) * measure.One
		c.Stock, c.Key = &q, idempotency.Key("stock of "+d.Name+d.SKU)
	}
	return must[writer.Result](t)(s.Create(t.Context(), s.id, c)).Record.ID
}

func (s *stockroom) get(t testing.TB, i id.ID) inventory.Listed {
	t.Helper()
	return must[inventory.Listed](t)(s.Get(t.Context(), s.id, i))
}

func (s *stockroom) edit(i id.ID, version int64, change func(*inventory.Details)) error {
	_, err := s.Update(context.Background(), s.id, inventory.Update{ID: i, Version: version, Change: change})
	return err
}

func (s *stockroom) names(t testing.TB, f inventory.Filter) []string {
	t.Helper()
	var names []string
	for p := (page.Request{Limit: 2}); ; {
		list := must[page.List[inventory.Listed]](t)(s.List(t.Context(), s.id, f, p))
		if len(list.Items) > p.Limit {
			t.Fatalf("%d items on a page of %d", len(list.Items), p.Limit)
		}
		for _, l := range list.Items {
			names = append(names, l.Product.Name())
		}
		if p.After = list.Next; p.After == "" {
			return names
		}
	}
}

// sold is the document of a sale of pieces of one product, as far as stock goes.
type sold struct {
	product id.ID
	pieces  measure.Quantity
}

func (*sold) Kind() string { return "sold" }

func (s *sold) Walk(c *journal.Codec) {
	journal.Text(c, "product", &s.product)
	journal.Int(c, "pieces", &s.pieces)
}

func (s *sold) StockMovements(product id.ID) []inventory.Movement {
	if product != s.product {
		return nil
	}
	return []inventory.Movement{{Product: product, Kind: inventory.Sale, Unit: measure.Piece, Quantity: s.pieces, Delta: -s.pieces}}
}

func (s *sold) Replay(_ journal.Record, b *writer.Books) error {
	stock, _ := writer.Find[*inventory.Stock](b, inventory.StockRef(s.product))
	after, err := stock.Move(-s.pieces)
	b.Put(after)
	return err
}

// sale takes one piece off the stock, as a till does.
type sale struct{ product id.ID }

func (sale) Intent() writer.Intent { return writer.Intent{} }

func (o sale) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	stock := inventory.StockOf(v, o.product)
	p, ok := inventory.Find(v, o.product)
	if !ok || p.Deleted() {
		return journal.Draft{}, nil, inventory.Unknown(o.product)
	}
	if stock.OnHand() < measure.One {
		return journal.Draft{}, nil, inventory.InsufficientStock(p, measure.One, stock.OnHand())
	}
	after, err := stock.Move(-measure.One)
	return journal.Draft{Day: 20261120, Refs: []journal.Ref{inventory.StockRef(o.product)}, Doc: &sold{o.product, measure.One}}, []writer.Value{after}, err
}

// file is an import file that was read already.
type file []inventory.Row

func (f *file) Next() (inventory.Row, error) {
	if len(*f) == 0 {
		return inventory.Row{}, io.EOF
	}
	row := (*f)[0]
	*f = (*f)[1:]
	return row, nil
}

func (f *file) Ignored() []string { return nil }

// take imports rows, numbered from 1.
func (s *stockroom) take(t testing.TB, c inventory.Import, rows ...inventory.Row) inventory.ImportResult {
	t.Helper()
	f := make(file, len(rows))
	for i, r := range rows {
		r.Number = i + 1
		f[i] = r
	}
	c.Rows = &f
	return must[inventory.ImportResult](t)(s.Import(t.Context(), s.id, c))
}

func codeOf(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Code
	}
	return ""
}
