package inventory

import (
	"context"
	"errors"
	"math"
	"strconv"

	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/page"
)

// Moved is a movement with the record that it is part of.
type Moved struct {
	Movement
	Record journal.Record
}

// History returns the movements of a product's stock, newest first, those by bills included; product_unknown, cursor_invalid.
func (s *Service) History(ctx context.Context, st id.Store, product id.ID, p page.Request) (page.List[Moved], error) {
	var list page.List[Moved]
	err := s.w.Snapshot(ctx, func(ctx context.Context) error {
		now, err := s.Get(ctx, st, product)
		if err != nil {
			return err
		}
		from, err := placeOf(p.After, now.OnHand)
		if err != nil {
			return err
		}
		list, err = s.back(ctx, st, product, from, p.Limit)
		return err
	})
	return list, err
}

// place is where a history goes on: before a position, above which the stock is known.
type place struct {
	before int64 // 0: from the newest record on
	stock  measure.Quantity
}

func placeOf(cursor string, now measure.Quantity) (place, error) {
	parts, err := page.Parts(cursor, 2)
	if err != nil || parts == nil {
		return place{stock: now}, err
	}
	before, e1 := strconv.ParseInt(parts[0], 10, 64)
	stock, e2 := strconv.ParseInt(parts[1], 10, 64)
	if errors.Join(e1, e2, measure.Quantity(stock).Check()) != nil || before < 1 || before == math.MaxInt64 {
		return place{}, page.Invalid()
	}
	return place{before, measure.Quantity(stock)}, nil
}

// back walks back from the place. Bills do not say what the stock was: it follows from what came after them.
func (s *Service) back(ctx context.Context, st id.Store, product id.ID, from place, limit int) (page.List[Moved], error) {
	var list page.List[Moved]
	for {
		g := journal.Range{Before: journal.Place{Position: from.before}, Limit: limit + 1}
		records, err := s.journal.List(ctx, st, StockRef(product), g)
		if err != nil {
			return list, err
		}
		for _, r := range records {
			mover, ok := r.Doc.(StockMover)
			if !ok {
				continue
			}
			for _, m := range mover.StockMovements(product) {
				if len(list.Items) == limit {
					list.Next = page.Cursor(strconv.FormatInt(from.before, 10), strconv.FormatInt(int64(from.stock), 10))
					return list, nil
				}
				if m.ofBill() {
					m.Before = from.stock - m.Delta
				}
				from.before, from.stock = r.Position, m.Before
				list.Items = append(list.Items, Moved{m, r})
			}
		}
		if len(records) < g.Limit {
			return list, nil
		}
		from.before = records[len(records)-1].Position
	}
}
