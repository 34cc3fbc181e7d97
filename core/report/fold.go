package report

import (
	"hash/fnv"
	"maps"
	"slices"

	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/store"
)

// shards is over how many pages the products, and the members, of a period are spread.
const shards = 16

func shardOf(i id.ID) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(i))
	return h.Sum32() % shards
}

// sheet holds figures of some bills.
type sheet struct {
	sums     Sums
	products map[id.ID]*Product
	members  map[id.ID]*Member
}

func newSheet() *sheet {
	return &sheet{products: map[id.ID]*Product{}, members: map[id.ID]*Member{}}
}

// row returns the row with the id, a new one where there is none.
func row[T any](rows map[id.ID]*T, i id.ID, fresh T) *T {
	r, ok := rows[i]
	if !ok {
		r = &fresh
		rows[i] = r
	}
	return r
}

func (s *sheet) add(o *sheet) { s.addParts(o, []Part{sums, products, members}) }

// addParts adds the figures of the parts only.
func (s *sheet) addParts(o *sheet, parts []Part) {
	if slices.Contains(parts, sums) {
		s.sums.add(&o.sums)
	}
	if slices.Contains(parts, products) {
		for i, p := range o.products {
			row(s.products, i, Product{ID: i}).add(p)
		}
	}
	if slices.Contains(parts, members) {
		for i, m := range o.members {
			row(s.members, i, Member{ID: i}).add(m)
		}
	}
}

// walk walks the rows in the order of their ids.
func (s *sheet) walk(c *journal.Codec) {
	s.sums.walk(c)
	walkRows(c, "products", s.products, func(p *Product) id.ID { return p.ID }, walkProduct)
	walkRows(c, "members", s.members, func(m *Member) id.ID { return m.ID }, walkMember)
}

func walkRows[T any](c *journal.Codec, name string, rows map[id.ID]*T, idOf func(*T) id.ID, walk func(*journal.Codec, *T)) {
	var list []T
	if !c.Reading() {
		for _, i := range slices.Sorted(maps.Keys(rows)) {
			list = append(list, *rows[i])
		}
	}
	journal.Objects(c, name, &list, walk)
	if c.Reading() {
		for i := range list {
			rows[idOf(&list[i])] = &list[i]
		}
	}
}

// parse returns the figures of a page.
func parse(p Page) (*sheet, error) {
	s := newSheet()
	c := journal.NewDecoder(p.Body)
	c.Root(s.walk)
	if c.Err() != nil {
		return nil, journal.Corrupt(c.Err(), "report page "+string(p.Key))
	}
	return s, nil
}

// fold holds the figures of some records by business day. What it holds is a function of those records, in whatever order they came.
type fold struct {
	days    map[Period]*sheet
	records int
}

func newFold() *fold { return &fold{days: map[Period]*sheet{}} }

// add adds a record. Only bills count.
func (f *fold) add(r *journal.Record) {
	f.records++
	b, ok := r.Doc.(*cashier.Bill)
	if !ok {
		return
	}
	p := day(b.Day)
	s := f.days[p]
	if s == nil {
		s = newSheet()
		f.days[p] = s
	}
	s.book(b, r.Position)
}

// pages returns the figures as they are kept: of each day and each month that has any, spread over shards.
func (f *fold) pages() map[Key]*sheet {
	periods := maps.Clone(f.days)
	for p, s := range f.days {
		month := periods[p.month()]
		if month == nil {
			month = newSheet()
			periods[p.month()] = month
		}
		month.add(s)
	}
	all := map[Key]*sheet{}
	on := func(k Key) *sheet {
		if all[k] == nil {
			all[k] = newSheet()
		}
		return all[k]
	}
	for p, s := range periods {
		on(sums.key(p, 0)).sums.add(&s.sums)
		for i, r := range s.products {
			on(products.key(p, shardOf(i))).products[i] = r
		}
		for i, r := range s.members {
			on(members.key(p, shardOf(i))).members[i] = r
		}
	}
	return all
}

// sign returns by what a bill changes the number of sales.
func sign(k cashier.Kind) int64 {
	switch k {
	case cashier.KindSale:
		return 1
	case cashier.KindVoid:
		return -1
	case cashier.KindRefund:
	}
	return 0
}

// book adds the figures of a bill, which are negative in refunds and voids.
func (s *sheet) book(b *cashier.Bill, position int64) {
	n, t := Count{Sales: sign(b.Type), Total: b.Total}, &s.sums
	t.Sales += n.Sales
	if b.Type == cashier.KindRefund {
		t.Refunds++
	}
	t.Subtotal += b.Subtotal
	t.Discount += b.Discount
	t.PointsUsed += b.PointsUsed
	t.Earned += b.PointsEarned
	t.Tax += b.Tax
	t.Rounding += b.Rounding
	t.Total += b.Total
	t.register(b.Register).add(n)
	t.Hours[b.Hour()].add(n)
	t.Tiers[tierOf(b)].add(n)
	t.pay(b, n.Sales)
	for _, x := range b.Taxes {
		total := x.Base
		if b.TaxMode == store.TaxExclusive {
			total += x.Tax
		}
		t.tax(x.Rate).add(Tax{Base: x.Base, Tax: x.Tax, Total: total})
	}
	for i := range b.Lines {
		s.line(b, &b.Lines[i], position)
	}
	if b.Member != "" {
		row(s.members, b.Member, Member{ID: b.Member}).add(&Member{Count: n, Earned: b.PointsEarned, Used: b.PointsUsed})
	}
}

func tierOf(b *cashier.Bill) Tier {
	switch {
	case b.Member == "":
		return Others
	case b.VIP:
		return VIP
	}
	return Regular
}

// pay adds the tenders. The change is cash.
func (s *Sums) pay(b *cashier.Bill, sales int64) {
	for i, t := range b.Tenders {
		same := func(o cashier.Tender) bool { return o.Kind == t.Kind && o.Label == t.Label }
		n := Count{Total: t.Amount}
		if !slices.ContainsFunc(b.Tenders[:i], same) {
			n.Sales = sales
			if t.Kind == cashier.Cash {
				n.Total -= b.Change
			}
		}
		s.tender(t.Kind, t.Label).add(n)
	}
}

// refundsAt is added to the positions of refunds and voids, so that the name of a sale goes before theirs.
const refundsAt = -1 << 53

func (s *sheet) line(b *cashier.Bill, l *cashier.Line, position int64) {
	p := Product{Name: l.Name, Unit: l.Unit, At: position, Discount: l.Discount, Total: l.Total}
	if !b.Sold() {
		p.At += refundsAt
	}
	if b.Type == cashier.KindRefund {
		p.Refunded = -l.Quantity
	} else {
		p.Quantity = l.Quantity
	}
	row(s.products, l.ProductID, Product{ID: l.ProductID}).add(&p)
	if l.Unit == measure.Piece {
		s.sums.Pieces += l.Quantity
	}
}
