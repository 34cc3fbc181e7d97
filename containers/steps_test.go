package containers

import (
	"context"
	"fmt"
	"time"

	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/member"
	"kassa/core/money"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

// refusedKey ends the keys of requests that are refused before they are queued. They are looked up at once, when nobody else may have used
// them yet or no longer.
const refusedKey = "-refused"

// step is one call of a service.
type step struct {
	what string
	do   func(ctx context.Context, s *testShop) (writer.Result, error)
}

// mix makes random steps in a furnished shop. Some of them are refused.
type mix struct {
	f       furniture
	roll    func(what string, n int) int // 0 to n-1
	key     func() idempotency.Key
	bills   func() []id.ID // to give back
	version func(ctx context.Context, s *testShop, ref journal.Ref) int64
}

func pick[T any](m *mix, what string, of ...T) T { return of[m.roll(what, len(of))] }

// one reports true once in n times.
func (m *mix) one(in int, what string) bool { return m.roll(what, in) == in-1 }

// step returns a step of any kind, sales above all.
func (m *mix) step() step {
	return pick(m, "kind", m.sale, m.sale, m.sale, m.sale, m.sale, m.late, m.refund, m.refund, m.void, m.move, m.move, m.price, m.product,
		m.settings, m.register, m.people, m.topUp)()
}

func (m *mix) actor() func(context.Context) context.Context {
	n := m.roll("actor", 4)
	return func(ctx context.Context) context.Context {
		switch n {
		case 0:
			return by(ctx, m.f.manager, user.Manager)
		case 1:
			return by(ctx, m.f.trainee, user.Cashier)
		}
		return by(ctx, m.f.cashier, user.Cashier)
	}
}

func (m *mix) manager(ctx context.Context) context.Context { return by(ctx, m.f.manager, user.Manager) }

func (m *mix) cart() (c cashier.Sale) {
	c.Key, c.Register = m.key(), pick(m, "register", m.f.registers...)
	for range 1 + m.roll("lines", 3) {
		l := cashier.SaleLine{Product: pick(m, "product", m.f.products...), Quantity: measure.One * measure.Quantity(1+m.roll("pieces", 4))}
		if l.Product == m.f.products[3] {
			l.Quantity = 250 * measure.Quantity(1+m.roll("grams", 8))
		}
		c.Lines = append(c.Lines, l)
	}
	if m.one(3, "client sale id") {
		c.ClientSaleID = fmt.Sprint("client", m.roll("client sale", 6))
	}
	return c
}

func (m *mix) sale() step {
	c := m.cart()
	if m.one(2, "member") {
		c.Member = pick(m, "member", m.f.members...)
		if m.one(3, "points") {
			c.PointsUsed = money.Amount(1 + m.roll("points used", 400))
			c.MemberToken = m.token(c.Member)
		}
	}
	m.pay(&c)
	switch {
	case m.one(12, "other price"):
		price := money.Amount(m.roll("price", 300))
		c.Lines[0].UnitPrice = &price
	case m.one(12, "expected"):
		total := money.Amount(100 * m.roll("total", 10))
		c.ExpectedTotal = &total
	case m.one(8, "cart"):
		c.Cart = id.ID(fmt.Sprint("cart", m.roll("cart", 3)))
	case m.one(12, "nothing there"):
		c.Lines[0].Product = "nothing"
	}
	as := m.actor()
	return m.selling(c, as)
}

func (m *mix) selling(c cashier.Sale, as func(context.Context) context.Context) step {
	return step{fmt.Sprintf("sell %+v", c), func(ctx context.Context, s *testShop) (writer.Result, error) { return s.Cashier.Pay(as(ctx), s.id, c) }}
}

// token is a member token for plainTokens, now and then one from before an edit.
func (m *mix) token(who id.ID) string {
	return fmt.Sprintf("%s/token%d/%d", who, m.roll("token", 8), 1+m.roll("version", 2))
}

// pay chooses the tenders; none are exact cash.
func (m *mix) pay(c *cashier.Sale) {
	cash := cashier.Tender{Kind: cashier.Cash, Amount: 50_000}
	switch m.roll("tenders", 8) {
	case 0, 1:
		c.Tenders = []cashier.Tender{cash}
	case 2:
		c.Tenders = []cashier.Tender{{Kind: cashier.Card, Amount: 90}, cash}
	case 3:
		c.Tenders = []cashier.Tender{cash, {Kind: cashier.Other, Label: "Voucher", Amount: 50}, {Kind: cashier.Card, Amount: 9}}
	case 4:
		c.Tenders = []cashier.Tender{{Kind: cashier.Cash, Amount: 300}} // often too little
	case 5:
		if c.Member != "" && !c.Late {
			c.MemberToken = m.token(pick(m, "whose token", m.f.members...))
			c.Tenders = []cashier.Tender{{Kind: cashier.Wallet, Amount: 80}, cash}
		}
	}
}

// late is a sale that was made offline, at another price and beyond the stock.
func (m *mix) late() step {
	c := m.cart()
	c.Late, c.OccurredAt = true, new(time.Date(2026, 11, 21-m.roll("days ago", 4), 9, 0, 0, 0, time.UTC))
	if m.one(2, "many") && c.Lines[0].Product != m.f.products[3] {
		c.Lines[0].Quantity = 30 * measure.One
	}
	if m.one(2, "old price") {
		price := money.Amount(50 + m.roll("old price", 200))
		c.Lines[0].UnitPrice = &price
	}
	if m.one(3, "charged") {
		c.ExpectedTotal = new(money.Amount(m.roll("charged", 2000)))
	}
	m.pay(&c)
	return m.selling(c, m.actor())
}

func (m *mix) refund() step {
	c := cashier.Refund{Key: m.key(), Bill: pick(m, "bill", m.bills()...), NoRestock: m.one(3, "no restock"), Reason: "it came back"}
	if m.roll("all", 3) > 0 {
		c.Lines = []cashier.Ask{{Line: 1 + m.roll("line", 3), Quantity: measure.One * measure.Quantity(1+m.roll("pieces", 3))}}
	}
	if m.one(4, "tenders") {
		c.Tenders = []cashier.Tender{{Kind: cashier.Cash, Amount: pick[money.Amount](m, "amount", 250, 399, 99, 1697)}}
	}
	if m.one(5, "elsewhere") {
		c.Register = pick(m, "register", m.f.registers...)
	}
	as := m.manager
	if m.one(8, "not a manager") {
		as = m.actor()
	}
	return step{fmt.Sprintf("refund %+v", c), func(ctx context.Context, s *testShop) (writer.Result, error) {
		return s.Cashier.Refund(as(ctx), s.id, c)
	}}
}

func (m *mix) void() step {
	c := cashier.Void{Key: m.key(), Bill: pick(m, "bill", m.bills()...), Reason: pick(m, "reason", "a mistake", "a mistake", "")}
	if c.Reason == "" {
		c.Key += refusedKey
	}
	return step{fmt.Sprintf("void %+v", c), func(ctx context.Context, s *testShop) (writer.Result, error) {
		return s.Cashier.Void(m.manager(ctx), s.id, c)
	}}
}

func (m *mix) move() step {
	c := inventory.Move{Key: m.key(), Product: pick(m, "product", m.f.products...), Kind: pick(m, "kind", inventory.Receive, inventory.Receive, inventory.Adjust, inventory.Count, inventory.Waste),
		Quantity: measure.One * measure.Quantity(m.roll("pieces", 9)), Reason: "goods"}
	switch {
	case c.Kind == inventory.Adjust:
		c.Quantity -= 4 * measure.One
	case c.Kind == inventory.Count && m.one(2, "expected"):
		q := measure.One * measure.Quantity(m.roll("expected", 20))
		c.Expected = &q
	}
	return step{fmt.Sprintf("move %+v", c), func(ctx context.Context, s *testShop) (writer.Result, error) {
		return s.Inventory.Move(m.manager(ctx), s.id, c)
	}}
}

// price changes a price, which is an edit like others.
func (m *mix) price() step {
	p, price := pick(m, "product", m.f.products...), money.Amount(m.roll("price", 500)-10)
	return m.edit(fmt.Sprint("price ", p, " ", price), p, func(d *inventory.Details) { d.Price = price })
}

// edit changes a product. The service answers with the product as it is by then, or not at all when another step has removed it; the journal
// tells whether it was changed.
func (m *mix) edit(what string, p id.ID, change func(*inventory.Details)) step {
	return step{what, func(ctx context.Context, s *testShop) (writer.Result, error) {
		_, err := s.Inventory.Update(m.manager(ctx), s.id, inventory.Update{ID: p, Version: m.version(ctx, s, inventory.ProductRef(p)), Change: change})
		if fault.IsCode(err, "product_unknown") {
			err = nil
		}
		return writer.Result{}, err
	}}
}

// product adds one, gives one a sku and a barcode that others may have, or removes one.
func (m *mix) product() step {
	p, sku, code := pick(m, "product", m.f.products...), pick(m, "sku", "tea", "cake", "new", ""), pick(m, "barcode", "4006381333931", "96385074", "1234")
	switch m.roll("change", 4) {
	case 0:
		return step{"delete " + string(p), func(ctx context.Context, s *testShop) (writer.Result, error) {
			return writer.Result{}, s.Inventory.Delete(m.manager(ctx), s.id, inventory.Delete{ID: p, Version: m.version(ctx, s, inventory.ProductRef(p))})
		}}
	case 1:
		stock := measure.One * measure.Quantity(m.roll("stock", 3))
		c := inventory.Create{Key: m.key(), Details: inventory.Details{Name: "New", Price: 100, SKU: sku, Barcodes: []string{code}}, Stock: &stock}
		return step{fmt.Sprintf("create %+v", c), func(ctx context.Context, s *testShop) (writer.Result, error) {
			return s.Inventory.Create(m.manager(ctx), s.id, c)
		}}
	}
	return m.edit(fmt.Sprint("claim ", p, " ", sku, " ", code), p, func(d *inventory.Details) { d.SKU, d.Barcodes = sku, []string{code} })
}

func (m *mix) settings() step {
	n, k := m.roll("setting", 6), m.roll("value", 3)
	return step{fmt.Sprint("setting ", n, " ", k), func(ctx context.Context, s *testShop) (writer.Result, error) {
		_, err := s.Settings.Edit(m.manager(ctx), s.id, store.EditSettings{Version: m.version(ctx, s, store.SettingsRef), Change: func(o *store.Options) {
			switch n {
			case 0:
				o.PointRate = []money.Rate{0, 1500, 10_000}[k]
			case 1:
				o.CashRounding = []money.Amount{0, 5, 100}[k]
			case 2:
				o.StockPolicy = []store.StockPolicy{store.StockBlock, store.StockWarn, store.StockAllow}[k]
			case 3:
				o.TaxMode = []store.TaxMode{store.TaxInclusive, store.TaxExclusive, "none"}[k]
			case 4:
				o.DefaultTaxRate = []money.Rate{0, 700, 1900}[k]
			case 5:
				o.Currency = []money.Currency{"EUR", "USD", "JPY"}[k]
			}
		}})
		return writer.Result{}, err
	}}
}

func (m *mix) register() step {
	i, name, active := pick(m, "register", m.f.registers...), pick(m, "name", "Till 1", "Till 2", "Till 3"), !m.one(6, "closed")
	if m.one(3, "new") {
		c := register.Create{Key: m.key(), Name: name, OpeningAmount: 1000}
		return step{fmt.Sprintf("open %+v", c), func(ctx context.Context, s *testShop) (writer.Result, error) {
			return s.Till.Create(m.manager(ctx), s.id, c)
		}}
	}
	return step{fmt.Sprint("register ", i, " ", name, " ", active), func(ctx context.Context, s *testShop) (writer.Result, error) {
		return s.Till.Edit(m.manager(ctx), s.id, register.Edit{ID: i, Version: m.version(ctx, s, register.Ref(i)), Name: &name, Active: &active})
	}}
}

// people changes who may sell, and addresses that only one may have.
func (m *mix) people() step {
	if m.one(2, "member") {
		i, email := pick(m, "member", m.f.members...), pick(m, "email", "mia@member.test", "MAX@member.test", "new@member.test", "")
		return step{fmt.Sprint("member ", i, " ", email), func(ctx context.Context, s *testShop) (writer.Result, error) {
			_, err := s.Members.Edit(m.manager(ctx), s.id, member.Edit{ID: i, Version: m.version(ctx, s, member.Ref(i)), Email: &email})
			return writer.Result{}, err
		}}
	}
	active := m.one(2, "active")
	return step{fmt.Sprint("trainee ", active), func(ctx context.Context, s *testShop) (writer.Result, error) {
		_, err := s.Users.Edit(m.manager(ctx), s.id, user.Edit{ID: m.f.trainee, Version: m.version(ctx, s, user.Ref(m.f.trainee)), Active: &active})
		return writer.Result{}, err
	}}
}

// topUp puts money into a wallet; now and then a receipt is printed again instead.
func (m *mix) topUp() step {
	if m.one(2, "reprint") {
		bill := pick(m, "bill", m.bills()...)
		return step{"reprint " + string(bill), func(ctx context.Context, s *testShop) (writer.Result, error) {
			_, err := s.Cashier.Reprint(m.manager(ctx), s.id, bill)
			return writer.Result{}, err
		}}
	}
	c := cashier.TopUp{Key: m.key(), Register: pick(m, "register", m.f.registers...), Member: pick(m, "member", m.f.members...),
		Amount: money.Amount(m.roll("amount", 500)), Tender: pick(m, "tender", cashier.Cash, cashier.Card)}
	if c.Amount == 0 {
		c.Key += refusedKey
	}
	return step{fmt.Sprintf("top up %+v", c), func(ctx context.Context, s *testShop) (writer.Result, error) {
		return s.Cashier.TopUp(m.manager(ctx), s.id, c)
	}}
}
