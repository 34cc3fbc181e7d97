package cashier

import (
	"time"

	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/ledger"
	"kassa/core/measure"
	"kassa/core/member"
	"kassa/core/money"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"
)

// SaleLine asks for a quantity of a product. UnitPrice overrides the server's price: what was paid while the terminal was offline, or what
// a manager decides.
type SaleLine struct {
	Product   id.ID
	Quantity  measure.Quantity
	UnitPrice *money.Amount
}

// Sale is the command to sell.
type Sale struct {
	Key           idempotency.Key
	Register      id.ID
	ClientSaleID  string
	OccurredAt    *time.Time // nil: now
	Lines         []SaleLine
	Cart          id.ID
	Member        id.ID
	PointsUsed    money.Amount
	Tenders       []Tender
	ExpectedTotal *money.Amount
	MemberToken   string // proves the member; needed for points and wallet
	Late          bool   // made offline: booked with what was paid, whatever it would cost now and whatever was closed or deleted since
}

type saleOperation struct {
	c        Sale
	proof    member.Word
	proofErr error // why the token proves nothing
}

// Intent implements writer.Operation. Compared are register, products and quantities, member, points and tenders.
func (o *saleOperation) Intent() writer.Intent {
	h := idempotency.NewHasher("sale").Text(string(o.c.Register)).Int(int64(len(o.c.Lines)))
	for _, l := range o.c.Lines {
		h.Text(string(l.Product)).Int(int64(l.Quantity))
	}
	h.Text(string(o.c.Member)).Int(int64(o.c.PointsUsed))
	hashTenders(h, o.c.Tenders)
	in := writer.Intent{Request: h.Sum(), Once: []writer.Once{writer.Idempotent(o.c.Key)}}
	if o.c.ClientSaleID != "" {
		in.Once = append(in.Once, writer.Once{Key: SaleKey(o.c.ClientSaleID), Refuse: saleIDUsed})
	}
	if o.c.Cart != "" {
		in.Keys = append(in.Keys, cartKey(o.c.Cart))
	}
	if o.proof.Token != "" {
		in.Keys = append(in.Keys, tokenKey(o.proof.Token))
	}
	return in
}

func cartKey(i id.ID) journal.Key  { return journal.NewKey("cart", string(i)) }
func tokenKey(i id.ID) journal.Key { return journal.NewKey("token", string(i)) }

// scene is what a sale sees of the store.
type scene struct {
	settings *store.Settings
	register *register.Register
	member   *member.Member
	points   money.Amount
	products []*inventory.Product // by line
}

// look surveys the store for a sale: beyond what a quote asks, members must be proven and the register be in use.
func (o *saleOperation) look(v *writer.View) (scene, error) {
	for _, l := range o.c.Lines {
		v.Value(inventory.StockRef(l.Product))
	}
	s, err := o.survey(v)
	if proven := o.prove(v, s.member); proven != nil && (err == nil || !fault.IsKind(err, fault.Unauthenticated)) {
		return s, proven
	}
	if err == nil && !s.register.Active() && !o.c.Late {
		err = registerInactive(s.register)
	}
	return s, err
}

// survey asks the view for everything first, so that it is read in few rounds, and refuses what is not there.
func (o *saleOperation) survey(v *writer.View) (scene, error) {
	var s scene
	var err error
	v.Value(store.SettingsRef)
	v.Value(register.Ref(o.c.Register))
	s.products = make([]*inventory.Product, len(o.c.Lines))
	for i, l := range o.c.Lines {
		s.products[i], _ = inventory.Find(v, l.Product)
	}
	if o.c.Member != "" {
		points, _ := writer.Get[*ledger.Account](v, ledger.PointsOf(o.c.Member).Ref())
		s.points = points.Balance()
		s.member, _ = member.Find(v, o.c.Member)
	}
	if err := user.Check(v, false); err != nil {
		return s, err
	}
	if s.settings, err = store.SettingsOf(v); err != nil {
		return s, err
	}
	if s.register, err = register.Find(v, o.c.Register); err != nil {
		return s, err
	}
	if o.c.Member != "" && s.member == nil && !o.c.Late {
		return s, memberUnknown(o.c.Member)
	}
	for i, p := range s.products {
		if p == nil || p.Deleted() && !o.c.Late {
			return s, productUnknown(o.c.Lines[i].Product, i)
		}
	}
	return s, nil
}

// prove refuses a sale that needs a member's token and has none that is good: points and the wallet are spent by the member only.
func (o *saleOperation) prove(v *writer.View, m *member.Member) error {
	if o.c.PointsUsed == 0 && !usesWallet(o.c.Tenders) {
		return nil
	}
	if o.proofErr != nil {
		return o.proofErr
	}
	if o.proof.Token == "" {
		return tokenInvalid()
	}
	if _, spent := v.Record(tokenKey(o.proof.Token)); spent {
		return tokenInvalid()
	}
	if o.proof.Member != o.c.Member {
		return fault.New(fault.Forbidden, "member_token_foreign", "this member token belongs to another member")
	}
	if m != nil && !o.proof.Holds(m) {
		return tokenInvalid()
	}
	return nil
}

func usesWallet(ts []Tender) bool {
	for _, t := range ts {
		if t.Kind == Wallet {
			return true
		}
	}
	return false
}

// assemble prices the cart and settles it: the bill without number and flags of stock.
func (o *saleOperation) assemble(v *writer.View, s scene) (*Bill, error) {
	opts := s.settings.Options()
	b := &Bill{Type: KindSale, Register: o.c.Register, Cashier: v.Actor().ID, OccurredAt: v.Now(), Currency: opts.Currency,
		ClientSaleID: o.c.ClientSaleID, Cart: o.c.Cart, Day: s.register.Today(s.settings.Day(v.Now()))}
	if o.c.OccurredAt != nil {
		b.OccurredAt = *o.c.OccurredAt
	}
	if o.c.Late {
		b.flag(FlagLate)
		b.Day = s.register.FirstOpenDay(s.settings.Day(earlier(v.Now(), b.OccurredAt)))
	}
	b.UTCOffset = offset(b.OccurredAt, s.settings.Location())
	items, err := o.items(v, s, b)
	if err != nil {
		return nil, err
	}
	terms := Terms{TaxMode: opts.TaxMode, PointsOffered: o.c.PointsUsed, PointsBalance: s.points}
	rate := money.Rate(0)
	switch {
	case s.member != nil:
		b.Member, rate = o.c.Member, opts.PointRate
		if b.VIP = s.member.VIP(); b.VIP {
			terms.Discount = opts.VIPDiscount
		}
	case o.c.Member != "":
		b.flag(FlagMemberUnknown)
	}
	priced, err := Price(items, terms)
	if err != nil {
		return nil, err
	}
	return b, o.settle(b, priced, opts.CashRounding, rate)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// settle puts into the bill what the cart costs and how it was paid.
func (o *saleOperation) settle(b *Bill, cart Priced, step money.Amount, points money.Rate) error {
	var err error
	b.Priced, b.Payment, err = cart.Settle(o.c.Tenders, step, points)
	if err != nil && !fault.IsCode(err, "underpaid") && !fault.IsCode(err, "overpaid") {
		return err
	}
	want := o.c.ExpectedTotal
	if o.c.Late {
		due := b.Total
		if b.Priced, b.Payment, err = b.Priced.SettleLate(o.c.Tenders, want, points); b.Total != due {
			b.flag(FlagPriceDiffers)
		}
		return err
	}
	if want != nil && *want != b.Total {
		return priceChanged(b)
	}
	return err
}

// items takes names, prices and rates from the server; another price is for late sales and managers only.
func (o *saleOperation) items(v *writer.View, s scene, b *Bill) ([]Item, error) {
	items := make([]Item, len(o.c.Lines))
	for i, l := range o.c.Lines {
		p := s.products[i]
		items[i] = Item{ProductID: p.ID(), Name: p.Name(), Unit: p.Unit(), Quantity: l.Quantity, UnitPrice: p.Price(), TaxRate: p.TaxRateOr(s.settings.Options().DefaultTaxRate)}
		if l.UnitPrice == nil || *l.UnitPrice == p.Price() {
			continue
		}
		if !o.c.Late {
			if err := user.Check(v, true); err != nil {
				return nil, approvalRequired("another price than the product's")
			}
		}
		items[i].UnitPrice = *l.UnitPrice
		b.flag(FlagPriceDiffers)
	}
	return items, nil
}

// Apply implements writer.Operation.
func (o *saleOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	s, err := o.look(v)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	var paid journal.Record
	paidBefore := false
	if o.c.Cart != "" {
		if paid, paidBefore = v.Record(cartKey(o.c.Cart)); paidBefore && !o.c.Late {
			return journal.Draft{}, nil, cartPaid(paid.ID)
		}
	}
	b, err := o.assemble(v, s)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	if paidBefore {
		b.Cart = ""
		b.flag(FlagCartPaid)
	}
	if err := s.register.OpenOn(b.Day); err != nil {
		return journal.Draft{}, nil, err
	}
	stocks, err := o.takeStock(v, s, b)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	var keys []journal.Key
	if b.Cart != "" {
		keys = append(keys, cartKey(b.Cart))
	}
	if o.proof.Token != "" && (b.PointsUsed != 0 || usesWallet(b.Tenders)) {
		keys = append(keys, tokenKey(o.proof.Token))
	}
	facts := []audit.Fact{{Action: audit.Sale, Entity: "bill", EntityID: v.ID()}}
	if !o.c.Late {
		facts = append(facts, overrides(b, s)...)
	}
	return book(v, b, s.register, keys, stocks, facts)
}

// takeStock moves every product once, by the sum of its lines.
func (o *saleOperation) takeStock(v *writer.View, s scene, b *Bill) ([]writer.Value, error) {
	moves := quantities(b.Lines)
	values := make([]writer.Value, 0, len(moves))
	for _, m := range moves {
		stock := inventory.StockOf(v, m.product)
		if stock.OnHand() < m.quantity {
			policy := s.products[m.line].PolicyOr(s.settings.Options().StockPolicy)
			if policy == store.StockBlock && !o.c.Late {
				return nil, insufficientStock(s.products[m.line], m.quantity, stock.OnHand())
			}
			if o.c.Late || policy == store.StockWarn {
				b.flag(FlagOversold)
			}
		}
		after, err := stock.Move(-m.quantity)
		if err != nil {
			return nil, err
		}
		values = append(values, after)
	}
	return values, nil
}

func overrides(b *Bill, s scene) (facts []audit.Fact) {
	for i := range b.Lines {
		if p := s.products[i]; b.Lines[i].UnitPrice != p.Price() {
			facts = append(facts, audit.Fact{Action: "price.override", Entity: "product", EntityID: p.ID(),
				Before: b.Currency.Format(p.Price()), After: b.Currency.Format(b.Lines[i].UnitPrice)})
		}
	}
	return facts
}
