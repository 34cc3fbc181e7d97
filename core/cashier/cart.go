package cashier

import (
	"cmp"
	"context"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/member"
	"kassa/core/page"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/trail"
	"kassa/core/transaction"
	"kassa/core/writer"
)

// MaxCarts is the most parked carts of a store.
const MaxCarts = 1000

const maxCartName = 100

// Cart is a parked cart. It is no part of the books: nothing is reserved, and prices are looked up when it is paid.
type Cart struct {
	ID        id.ID
	Name      string // may be empty
	Register  id.ID  // may be empty
	Member    id.ID  // may be empty
	Lines     []CartLine
	Version   int64
	CreatedBy id.ID
	UpdatedAt time.Time
}

// CartLine is a quantity of a product.
type CartLine struct {
	Product  id.ID
	Quantity measure.Quantity
}

// Place implements page.Placed: carts are listed by when they were changed and id, downwards.
func (c Cart) Place() []string {
	return []string{strconv.FormatInt(c.UpdatedAt.UnixMilli(), 10), string(c.ID)}
}

// ChangedBefore reads the cursor of a list of carts: the time in milliseconds and the id below which it goes on. Without a cursor, that is
// beyond every cart.
func ChangedBefore(cursor string) (at int64, i id.ID, err error) {
	parts, err := page.Parts(cursor, 2)
	if err != nil || parts == nil {
		return math.MaxInt64, "", err
	}
	if at, err = strconv.ParseInt(parts[0], 10, 64); err != nil {
		return 0, "", page.Invalid()
	}
	return at, id.ID(parts[1]), nil
}

// Content returns what is in the cart in its canonical form, for stores: id, version and time are kept beside it.
func (c *Cart) Content() (string, error) {
	b, err := journal.Encode(c.walk)
	return string(b), err
}

// RestoreCart makes a cart from what a store kept; an error that is journal.ErrCorrupt when its content cannot be read.
func RestoreCart(i id.ID, version int64, updatedAt time.Time, content string) (Cart, error) {
	c := Cart{ID: i, Version: version, UpdatedAt: updatedAt}
	k := journal.NewDecoder([]byte(content))
	k.Root(c.walk)
	if k.Err() != nil {
		return Cart{}, journal.Corrupt(k.Err(), "cart "+string(i))
	}
	return c, nil
}

func (c *Cart) walk(k *journal.Codec) {
	journal.Text(k, "name", &c.Name)
	journal.Text(k, "register", &c.Register)
	journal.Text(k, "member", &c.Member)
	journal.Text(k, "created_by", &c.CreatedBy)
	journal.Objects(k, "lines", &c.Lines, func(k *journal.Codec, l *CartLine) {
		journal.Text(k, "product", &l.Product)
		journal.Int(k, "quantity", &l.Quantity)
	})
}

// CartService holds the use cases of parked carts.
type CartService struct {
	carts Carts
	tx    transaction.Provider
	w     *writer.Writer
	clock clock.Clock
	ids   id.Source
	trail *trail.Service
}

// NewCartService returns the service.
func NewCartService(c Carts, tx transaction.Provider, w *writer.Writer, k clock.Clock, ids id.Source, t *trail.Service) *CartService {
	return &CartService{carts: c, tx: tx, w: w, clock: k, ids: ids, trail: t}
}

// Park adds a cart. Faults: validation_failed, register_unknown, member_unknown, product_unknown, too_many_carts.
func (s *CartService) Park(ctx context.Context, st id.Store, c Cart) (Cart, error) {
	c.ID, c.Version, c.UpdatedAt = s.ids.New(), 1, clock.Milli(s.clock.Now())
	if err := c.check(); err != nil {
		return c, err
	}
	if err := s.w.Read(ctx, st, c.known); err != nil {
		return c, err
	}
	return c, s.tx.Transact(ctx, func(ctx context.Context) error { return s.carts.Insert(ctx, st, c) })
}

// Change replaces the content of the cart that has the version. What goes out of it is noted in the audit trail. Faults: those of Park but for the last, cart_unknown, cart_paid, version_stale.
func (s *CartService) Change(ctx context.Context, st id.Store, c Cart) (Cart, error) {
	if err := c.check(); err != nil {
		return c, err
	}
	if err := s.unpaid(ctx, st, c.ID); err != nil {
		return c, err
	}
	if err := s.w.Read(ctx, st, c.known); err != nil {
		return c, err
	}
	c.Version++
	c.UpdatedAt = clock.Milli(s.clock.Now())
	var before Cart
	err := s.tx.Transact(ctx, func(ctx context.Context) (err error) {
		if before, err = s.carts.Get(ctx, st, c.ID); err != nil {
			return err
		}
		c.CreatedBy = before.CreatedBy
		return s.carts.Update(ctx, st, c)
	})
	if err == nil {
		s.trail.Note(ctx, st, before.removed(&c)...)
	}
	return c, err
}

// Discard removes the cart that has the version, or any version when that is 0, and notes that in the audit trail. Faults: cart_unknown,
// version_stale.
func (s *CartService) Discard(ctx context.Context, st id.Store, i id.ID, version int64) error {
	var before Cart
	err := s.tx.Transact(ctx, func(ctx context.Context) (err error) {
		if before, err = s.carts.Get(ctx, st, i); err != nil {
			return err
		}
		return s.carts.Delete(ctx, st, i, version)
	})
	if err == nil {
		s.trail.Note(ctx, st, before.discarded())
	}
	return err
}

// drop removes the cart of a sale that is booked.
func (s *CartService) drop(ctx context.Context, st id.Store, i id.ID) error {
	return s.tx.Transact(ctx, func(ctx context.Context) error { return s.carts.Delete(ctx, st, i, 0) })
}

// Get returns a cart. Faults: cart_unknown, cart_paid.
func (s *CartService) Get(ctx context.Context, st id.Store, i id.ID) (Cart, error) {
	if err := s.unpaid(ctx, st, i); err != nil {
		return Cart{}, err
	}
	return s.carts.Get(ctx, st, i)
}

// List returns the parked carts, last changed first.
func (s *CartService) List(ctx context.Context, st id.Store, p page.Request) (page.List[Cart], error) {
	return s.carts.List(ctx, st, p)
}

// unpaid refuses a cart whose sale is in the books.
func (s *CartService) unpaid(ctx context.Context, st id.Store, i id.ID) error {
	return s.w.Read(ctx, st, func(v *writer.View) error {
		if paid, ok := v.Record(cartKey(i)); ok {
			return cartPaid(paid.ID)
		}
		return nil
	})
}

// known refuses a cart with what is not there when it is parked. What goes later is refused when the cart is paid.
func (c *Cart) known(v *writer.View) error {
	products := make([]*inventory.Product, len(c.Lines))
	for i, l := range c.Lines {
		products[i], _ = inventory.Find(v, l.Product)
	}
	var noMember, noRegister error
	if c.Member != "" {
		if m, _ := member.Find(v, c.Member); m == nil {
			noMember = memberUnknown(c.Member)
		}
	}
	if c.Register != "" {
		_, noRegister = register.Find(v, c.Register)
	}
	for i, p := range products {
		if p == nil || p.Deleted() {
			return productUnknown(c.Lines[i].Product, i)
		}
	}
	return cmp.Or(noRegister, noMember)
}

func (c *Cart) check() error {
	var v fault.Validation
	c.Name = strings.TrimSpace(c.Name)
	if c.Name != "" {
		v.Refuses("/name", store.CheckName(c.Name, maxCartName))
	}
	if !utf8.ValidString(c.Name) {
		v.Refuse("/name", "text_invalid", "a name is UTF-8")
	}
	if len(c.Lines) > MaxLines {
		v.Refuse("/lines", "line_count_invalid", "a cart has at most %d lines", MaxLines)
	}
	for i, l := range c.Lines {
		if l.Quantity <= 0 {
			v.Refuse(pointer("/lines", i, "quantity"), "quantity_invalid", "a quantity is above 0")
		}
	}
	return v.Err()
}
