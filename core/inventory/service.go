package inventory

import (
	"context"
	"errors"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/writer"
)

// MaxReason is the most characters of a movement's reason.
const MaxReason = 500

// Service holds the use cases of the inventory. Its writes are for managers; who only reads needs no role here.
type Service struct {
	w         *writer.Writer
	products  Repository
	stock     StockRepository
	images    Images
	journal   journal.Repository
	catalogue *catalogue
	scanner   *scanner
}

// NewService returns the service.
func NewService(w *writer.Writer, products Repository, stock StockRepository, images Images, j journal.Repository) *Service {
	s := &Service{w: w, products: products, stock: stock, images: images, journal: j, catalogue: newCatalogue(products, j)}
	s.scanner = newScanner(s.coded)
	return s
}

// Create adds a product; the document of its record is an Edit. Faults: idempotency_key_missing (with a stock), idempotency_key_reused,
// validation_failed, barcode_invalid, sku_taken, barcode_taken.
func (s *Service) Create(ctx context.Context, st id.Store, c Create) (writer.Result, error) {
	if c.Stock != nil {
		if _, err := idempotency.ParseKey(string(c.Key)); err != nil {
			return writer.Result{}, err
		}
	}
	op := &createOperation{c}
	if _, err := NewProduct("", c.Details); err != nil {
		return s.w.Refuse(ctx, st, op.Intent(), err)
	}
	return s.w.Do(ctx, st, op)
}

// Update changes a product and returns it as it is now; an edit that changes nothing leaves no record. Faults: product_unknown,
// version_stale, validation_failed, barcode_invalid, sku_taken, barcode_taken.
func (s *Service) Update(ctx context.Context, st id.Store, c Update) (Listed, error) {
	if _, err := s.w.Do(ctx, st, &updateOperation{c}); err != nil && !errors.Is(err, errUnchanged) {
		return Listed{}, err
	}
	return s.Get(ctx, st, c.ID)
}

// Delete removes a product from the lists and the tills. Faults: product_unknown, version_stale.
func (s *Service) Delete(ctx context.Context, st id.Store, c Delete) error {
	_, err := s.w.Do(ctx, st, &deleteOperation{c})
	return err
}

// Move books a stock movement; the document of its record is a Booking. Faults: idempotency_key_missing, idempotency_key_reused,
// product_unknown, validation_failed, stock_changed (a count's Expected), insufficient_stock unless the policy lets stock fall below zero.
func (s *Service) Move(ctx context.Context, st id.Store, c Move) (writer.Result, error) {
	if _, err := idempotency.ParseKey(string(c.Key)); err != nil {
		return writer.Result{}, err
	}
	var v fault.Validation
	_, err := ParseMovementKind(string(c.Kind))
	v.Refuses("/kind", err)
	checkText(&v, "/reason", "reason_invalid", c.Reason, 0, MaxReason, true)
	if c.Expected != nil && c.Kind != Count {
		v.Refuse("/expected", "expected_invalid", "only a count compares the stock with what was expected")
	}
	op := &moveOperation{c}
	if err := v.Err(); err != nil {
		return s.w.Refuse(ctx, st, op.Intent(), err)
	}
	return s.w.Do(ctx, st, op)
}

// Each gives every product that is not deleted to fn with its stock, in any order, all of them as of one moment, and stops at its first error. It reads
// all of both.
func (s *Service) Each(ctx context.Context, st id.Store, fn func(Listed) error) error {
	return s.w.Snapshot(ctx, func(ctx context.Context) error {
		onHand := map[id.ID]measure.Quantity{}
		if err := s.stock.Each(ctx, st, func(v *Stock) error { onHand[v.product] = v.onHand; return nil }); err != nil {
			return err
		}
		return s.products.Each(ctx, st, func(p *Product) error {
			if p.deleted {
				return nil
			}
			return fn(Listed{p, onHand[p.id]})
		})
	})
}

// Get returns a product and its stock; product_unknown, also for a deleted one.
func (s *Service) Get(ctx context.Context, st id.Store, i id.ID) (Listed, error) {
	var found Listed
	err := s.w.Read(ctx, st, func(v *writer.View) error {
		p, ok := Find(v, i)
		found = Listed{Product: p, OnHand: StockOf(v, i).OnHand()}
		if !ok || p.deleted {
			return Unknown(i)
		}
		return nil
	})
	return found, err
}
