package storetest

import (
	"context"
	"io"
	"testing"

	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/page"
	"kassa/core/writer"
)

// stockroom is a shop with the inventory's service on it.
type stockroom struct {
	*shop
	*inventory.Service
}

func (d *database) stockroom(t testing.TB) *stockroom {
	t.Helper()
	s := d.shop(t)
	return &stockroom{s, inventory.NewService(s.w, s.Products, s.Stock, s.Images, s.Journal)}
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
