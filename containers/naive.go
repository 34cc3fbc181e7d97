package containers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/measure"
	"kassa/core/register"
	"kassa/core/writer"
)

// naive sells as point-of-sale software usually does: one database transaction per sale, which reads stock, register and drawer, writes them back
// and inserts one record. There is no head and no batch; those who meet another one's write begin again. It goes through the same ports to the
// same store as the writer, and only this benchmark uses it: its books have no chain, and kassa verify would not accept them.
type naive struct {
	*Bare
	stock, state writer.Projection
	template     journal.Record // of a sale, as the writer would have made it
	among        int            // how many of the products are sold
	position     atomic.Int64
	sold         []atomic.Int64 // in thousandths, by product
}

// naivePrice is the price of what is sold in the naive way, in minor units. It changes nothing of the work.
const naivePrice = 100

func (b *Bare) newNaive(ctx context.Context, hot bool) (*naive, error) {
	commits, err := b.record(ctx, 1)
	if err != nil {
		return nil, err
	}
	n := &naive{Bare: b, template: commits[0].record, among: len(b.Products), sold: make([]atomic.Int64, len(b.Products))}
	if hot {
		n.among = naiveLines
	}
	for _, x := range b.Bindings {
		switch x.Kind {
		case "stock":
			n.stock = x.Projection
		case "register": // which also keeps accounts
			n.state = x.Projection
		}
	}
	n.position.Store(commits[0].head.Position)
	return n, nil
}

// Naive measures one transaction per sale by so many callers at once, of products among all or of the same three. Afterwards it proves that the
// stock is what it was less what was sold. The shop's books are of no use any more.
func (b *Bare) Naive(ctx context.Context, callers int, hot bool, d time.Duration) (Figure, error) {
	n, err := b.newNaive(ctx, hot)
	if err != nil {
		return Figure{}, err
	}
	random := make([]*rand.Rand, callers)
	for caller := range random {
		random[caller] = rand.New(rand.NewPCG(uint64(caller), uint64(n.among))) //nolint:gosec // a load that can be repeated, not a secret
	}
	f := crowd(callers, d, func(caller, _ int) error { return n.sell(ctx, random[caller]) })
	return f, n.prove(ctx)
}

const naiveLines = 3

// naiveSale is what one caller sells: pieces by product, and the register.
type naiveSale struct {
	pieces   map[int]measure.Quantity
	register id.ID
}

func (n *naive) draw(r *rand.Rand) naiveSale {
	s := naiveSale{pieces: map[int]measure.Quantity{}, register: n.Registers[r.IntN(len(n.Registers))]}
	for len(s.pieces) < naiveLines {
		s.pieces[r.IntN(n.among)] = measure.One * measure.Quantity(1+r.IntN(3))
	}
	return s
}

// sell makes one sale. What it counts was committed.
func (n *naive) sell(ctx context.Context, r *rand.Rand) error {
	s := n.draw(r)
	i := n.IDs.New()
	err := n.Provider.Transact(ctx, func(ctx context.Context) error {
		if err := n.takeStock(ctx, s); err != nil {
			return err
		}
		number, err := n.take(ctx, s)
		if err != nil {
			return err
		}
		return n.append(ctx, s, i, number)
	})
	if err == nil {
		for p, q := range s.pieces {
			n.sold[p].Add(int64(q))
		}
	}
	return err
}

// takeStock reads what there is, refuses when that is too little, and writes what is left.
func (n *naive) takeStock(ctx context.Context, s naiveSale) error {
	var refs []journal.Ref
	quantity := map[journal.Ref]measure.Quantity{}
	for p, q := range s.pieces {
		ref := inventory.StockRef(n.Products[p])
		refs, quantity[ref] = append(refs, ref), q
	}
	have, err := n.stock.Load(ctx, n.Shop, refs)
	if err != nil {
		return err
	}
	changes := make([]writer.Change, len(have))
	for k, v := range have {
		before, _ := v.(*inventory.Stock)
		if before.OnHand() < quantity[v.Ref()] {
			return fault.New(fault.Invalid, "insufficient_stock", "%s is out of stock", before.Product())
		}
		after, err := before.Move(-quantity[v.Ref()])
		if err != nil {
			return err
		}
		changes[k] = writer.Change{Before: before, After: after}
	}
	return n.stock.Save(ctx, n.Shop, changes)
}

// take moves the register's receipt number and puts the money into its drawer.
func (n *naive) take(ctx context.Context, s naiveSale) (number int64, err error) {
	drawer := ledger.DrawerOf(s.register)
	values, err := n.state.Load(ctx, n.Shop, []journal.Ref{register.Ref(s.register), drawer.Ref()})
	if err != nil {
		return 0, err
	}
	var booked *register.Register
	changes, held := []writer.Change{{}, {}}, int64(0)
	for _, v := range values {
		switch v := v.(type) {
		case *register.Register:
			if booked, err = v.Booked(naivePrice); err != nil {
				return 0, err
			}
			changes[0] = writer.Change{Before: v, After: booked}
		case *ledger.Account:
			changes[1].Before, held = v, v.Raw()
		}
	}
	if booked == nil {
		return 0, errors.New("a register is missing")
	}
	if changes[1].After, err = account(drawer, n.template.Lines[0].Unit, held+naivePrice); err != nil {
		return 0, err
	}
	return booked.LastReceipt(), n.state.Save(ctx, n.Shop, changes)
}

// account reads an account as a store would: only the ledger makes them otherwise, from entries.
func account(i ledger.ID, unit string, posted int64) (*ledger.Account, error) {
	a := &ledger.Account{}
	c := journal.NewDecoder(fmt.Appendf(nil, `{"id":%q,"unit":%q,"posted":%d}`, i, unit, posted))
	c.Root(a.Walk)
	return a, c.Err()
}

// append inserts the record with its keys. A position that a transaction took and then gave up stays empty.
func (n *naive) append(ctx context.Context, s naiveSale, i id.ID, number int64) error {
	r := n.template
	r.ID, r.Position, r.Chain = i, n.position.Add(1), journal.Chain(s.register)
	r.Keys = []journal.Key{journal.NewKey("idem", string(i)), register.ReceiptKey(s.register, number)}
	if err := r.Seal(); err != nil {
		return err
	}
	return n.Journal.Append(ctx, n.Shop, []journal.Record{r})
}

// prove compares the stock with what was there at first and what was sold.
func (n *naive) prove(ctx context.Context) error {
	at := make(map[id.ID]int, len(n.Products))
	for k, p := range n.Products {
		at[p] = k
	}
	seen := 0
	err := n.Provider.View(ctx, func(ctx context.Context) error {
		seen = 0
		return n.stock.All(ctx, n.Shop, func(v writer.Value) error {
			s, _ := v.(*inventory.Stock)
			seen++
			if want := bareStock - measure.Quantity(n.sold[at[s.Product()]].Load()); s.OnHand() != want {
				return fmt.Errorf("of product %s there are %d thousandths and there should be %d", s.Product(), s.OnHand(), want)
			}
			return nil
		})
	})
	if err == nil && seen != len(n.Products) {
		err = errors.New("not every product has a stock")
	}
	return err
}
