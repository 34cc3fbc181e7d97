package mongodb

import (
	"context"
	"fmt"
	"testing"

	"kassa/adapters/mongodb/mongotest"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/writer"
)

// TestManyAreReadInOneAnswer refuses to give more than the first batch of what is found.
func TestManyAreReadInOneAnswer(t *testing.T) {
	const many, codeInternal = 128, 8
	d, uri, name := openNamed(t)
	var products, stock []writer.Change
	var codes []string
	var refs, productRefs []journal.Ref
	for n := range many {
		code := fmt.Sprint(1000 + n)
		p, err := inventory.NewProduct(id.ID(code), inventory.Details{Name: code, Barcodes: []string{code}})
		if err != nil {
			t.Fatal(err)
		}
		s, err := inventory.NewStock(p.ID(), 5)
		if err != nil {
			t.Fatal(err)
		}
		products, stock = append(products, writer.Change{After: p}), append(stock, writer.Change{After: s})
		codes, refs, productRefs = append(codes, code), append(refs, s.Ref()), append(productRefs, p.Ref())
	}
	err := d.Transact(t.Context(), func(ctx context.Context) error {
		if err := NewStock(d).Save(ctx, "shop", stock); err != nil {
			return err
		}
		return NewProducts(d).Save(ctx, "shop", products)
	})
	if err != nil {
		t.Fatal(err)
	}
	mongotest.FailPoint(t, uri, mongotest.Failure{Commands: []string{"getMore"}, AppName: name, ErrorCode: codeInternal})
	if ps, err := NewProducts(d).ByCodes(t.Context(), "shop", codes); len(ps) != many || err != nil {
		t.Errorf("%d products: %v", len(ps), err)
	}
	if vs, err := NewProducts(d).Load(t.Context(), "shop", productRefs); len(vs) != many || err != nil {
		t.Errorf("%d products by their ids: %v", len(vs), err)
	}
	if vs, err := NewStock(d).Load(t.Context(), "shop", refs); len(vs) != many || err != nil {
		t.Errorf("stock of %d products: %v", len(vs), err)
	}
}
