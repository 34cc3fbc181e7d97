package mongodb

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/member"
	"kassa/core/page"
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
		p := must(inventory.NewProduct(id.ID(code), inventory.Details{Name: code, Barcodes: []string{code}}))
		s := must(inventory.NewStock(p.ID(), 5))
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

// blank is a document of nothing.
type blank struct{}

func (blank) Kind() string        { return "blank" }
func (blank) Walk(*journal.Codec) {}

// TestLongestPageIsReadInOneAnswer: a second one that fails is not asked for again.
func TestLongestPageIsReadInOneAnswer(t *testing.T) {
	const many, codeInternal = 200, 8
	d, uri, name := openNamed(t)
	j := NewJournal(d, journal.Schema{"blank": func() journal.Document { return blank{} }})
	var ms []writer.Change
	var rs []journal.Record
	for n := range many + 1 {
		i := id.ID(fmt.Sprint(1000 + n))
		m := must(member.Restore(member.Snapshot{ID: i, Name: "Mia", PINHash: "hash", Tier: member.Regular, CreatedAt: time.UnixMilli(1), Version: 1}))
		r := journal.Record{ID: i, Position: int64(n + 1), At: time.UnixMilli(1), Draft: journal.Draft{Doc: blank{}, Refs: []journal.Ref{"all:them"}, Lines: []journal.Line{{Account: "till"}}}}
		if err := r.Seal(); err != nil {
			t.Fatal(err)
		}
		ms, rs = append(ms, writer.Change{After: m}), append(rs, r)
	}
	err := d.Transact(t.Context(), func(ctx context.Context) error {
		return errors.Join(NewMembers(d).Save(ctx, "shop", ms), j.Append(ctx, "shop", rs))
	})
	if err != nil {
		t.Fatal(err)
	}
	mongotest.FailPoint(t, uri, mongotest.Failure{Commands: []string{"getMore"}, AppName: name, ErrorCode: codeInternal})
	p := page.Request{Limit: many}
	for what, list := range map[string]func() (n int, err error){
		"members": func() (int, error) {
			l, err := NewMembers(d).List(t.Context(), "shop", member.Search{}, p)
			return len(l.Items), err
		},
		"records": func() (int, error) { rs, err := j.From(t.Context(), "shop", 0, many); return len(rs), err },
		"a ref": func() (int, error) {
			rs, err := j.List(t.Context(), "shop", "all:them", journal.Range{Limit: many})
			return len(rs), err
		},
		"postings": func() (int, error) {
			l, err := NewLedger(j).Postings(t.Context(), "shop", "till", p)
			return len(l.Items), err
		},
	} {
		if n, err := list(); n != many || err != nil {
			t.Errorf("%s: %d, %v", what, n, err)
		}
	}
}
