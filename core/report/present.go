package report

import (
	"context"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/money"
	"kassa/core/page"
	"kassa/core/register"
)

// Goods are a product with its stock and what that is worth.
type Goods struct {
	inventory.Listed
	Value money.Amount // price x stock, half-up; 0 where there is none
}

// Stock is a page of the products as they are now, by name, and figures of all products.
type Stock struct {
	Frame
	page.List[Goods]
	Out, Low int64        // products with nothing on hand, and with little
	Value    money.Amount // of all that is on hand, at most money.Max
}

// goods returns the product with its value, which is bounded by money.Max.
func goods(l inventory.Listed) Goods {
	g := Goods{Listed: l}
	if l.OnHand > 0 {
		var err error
		if g.Value, err = l.OnHand.Extend(l.Product.Details().Price); err != nil {
			g.Value = money.Max
		}
	}
	return g
}

// Stock returns the products that the filter lets through, and with totals the figures of all products, for which all are read; cursor_invalid.
func (s *Service) Stock(ctx context.Context, st id.Store, only inventory.StockFilter, p page.Request, totals bool) (Stock, error) {
	f, err := s.frame(ctx, st, Asked{})
	if err != nil {
		return Stock{}, err
	}
	var out Stock
	read := func() error {
		return s.c.Writer.Snapshot(ctx, func(ctx context.Context) error {
			if err := s.list(ctx, st, only, p, &out); err != nil || !totals {
				return err
			}
			return s.c.Products.Each(ctx, st, out.count)
		})
	}
	if totals {
		err = s.c.Folder.gate.pass(ctx, s.c.Folder.clock, read)
	} else {
		err = read()
	}
	out.Frame = f
	return out, err
}

// list puts a page of products into out.
func (s *Service) list(ctx context.Context, st id.Store, only inventory.StockFilter, p page.Request, out *Stock) error {
	*out = Stock{}
	found, err := s.c.Products.List(ctx, st, inventory.Filter{Stock: only}, p)
	if err != nil {
		return err
	}
	out.Next, out.Items = found.Next, make([]Goods, len(found.Items))
	for i, l := range found.Items {
		out.Items[i] = goods(l)
	}
	return nil
}

// count adds a product to the figures of all.
func (s *Stock) count(l inventory.Listed) error {
	switch {
	case inventory.OutOfStock.Lets(l):
		s.Out++
	case inventory.LowStock.Lets(l):
		s.Low++
	}
	s.Value = min(s.Value+goods(l).Value, money.Max)
	return nil
}

// Cash is what the drawers hold now.
type Cash struct {
	Frame
	Drawers []register.Standing // by name of the register, those out of use too
	Total   money.Amount
}

// Cash returns what the drawers hold.
func (s *Service) Cash(ctx context.Context, st id.Store) (Cash, error) {
	f, err := s.frame(ctx, st, Asked{})
	if err != nil {
		return Cash{}, err
	}
	var out Cash
	err = s.c.Writer.Snapshot(ctx, func(ctx context.Context) error {
		out = Cash{Frame: f}
		read := func(p page.Request) (page.List[register.Standing], error) { return s.c.Registers.List(ctx, st, p) }
		return page.Each(read, func(r register.Standing) error {
			out.Drawers = append(out.Drawers, r)
			out.Total += r.Balance
			return nil
		})
	})
	return out, err
}
