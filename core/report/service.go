// Package report answers what was sold, by whom, to whom and when. Its figures are sums over the bills of the journal, kept by day and month up to a
// watermark and added up from there on, so that they are right at every moment.
package report

import (
	"context"
	"math"
	"slices"

	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/member"
	"kassa/core/money"
	"kassa/core/page"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/writer"
)

// Config is what a Service needs.
type Config struct {
	Writer    *writer.Writer
	Folder    *Folder
	Registers *register.Service
	Products  *inventory.Service
}

// Service holds the reports.
type Service struct{ c Config }

// NewService returns the service.
func NewService(c Config) *Service { return &Service{c} }

// Frame is what every report says of itself.
type Frame struct {
	Range
	Currency money.Currency
}

// Asked are the days that a report is asked for; zero where one is left out. To is today then, or From where that is later; From is To.
type Asked struct{ From, To clock.Date }

// frame returns the days and the currency; range_invalid.
func (s *Service) frame(ctx context.Context, st id.Store, a Asked) (Frame, error) {
	var f Frame
	err := s.c.Writer.Read(ctx, st, func(v *writer.View) error {
		settings, err := store.SettingsOf(v)
		if err != nil {
			return err
		}
		if a.To == 0 {
			a.To = max(a.From, settings.Day(v.Now()))
		}
		if a.From == 0 {
			a.From = a.To
		}
		f.Currency = settings.Options().Currency
		f.Range, err = NewRange(a.From, a.To)
		return err
	})
	return f, err
}

// total runs fn on a snapshot with the figures of the parts over the range.
func (s *Service) total(ctx context.Context, st id.Store, r Range, parts []Part, fn func(ctx context.Context, all *sheet) error) error {
	q := question{r, Monthly, parts}
	return s.snapshot(ctx, q, func(ctx context.Context) error {
		all, err := s.c.Folder.total(ctx, st, q)
		if err != nil {
			return err
		}
		return fn(ctx, all)
	})
}

// snapshot runs fn on a snapshot, in its turn where the question is heavy.
func (s *Service) snapshot(ctx context.Context, q question, fn func(ctx context.Context) error) error {
	if !q.heavy() {
		return s.c.Writer.Snapshot(ctx, fn)
	}
	return s.c.Folder.gate.pass(ctx, s.c.Folder.clock, func() error { return s.c.Writer.Snapshot(ctx, fn) })
}

// Named is a register with its name.
type Named struct {
	Register
	Name string
}

// Summary are the figures of all bills of some days.
type Summary struct {
	Frame
	Sums
	Tills []Named // those of Registers that have figures, by name
}

// Summary returns the figures of the days; range_invalid.
func (s *Service) Summary(ctx context.Context, st id.Store, a Asked) (Summary, error) {
	var out Summary
	f, err := s.frame(ctx, st, a)
	if err != nil {
		return out, err
	}
	err = s.total(ctx, st, f.Range, []Part{sums}, func(ctx context.Context, all *sheet) error {
		out = Summary{Frame: f, Sums: all.sums}
		out.Tenders = slices.DeleteFunc(out.Tenders, func(t Tender) bool { return t.Count == Count{} })
		out.Taxes = slices.DeleteFunc(out.Taxes, func(t Tax) bool { return t == Tax{Rate: t.Rate} })
		return s.c.Registers.Each(ctx, st, func(r *register.Register) {
			if found := *all.sums.register(r.ID()); found.Count != (Count{}) {
				out.Tills = append(out.Tills, Named{found, r.Name()})
			}
		})
	})
	return out, err
}

// Takings are the figures of one period.
type Takings struct {
	Period Period
	Sums
}

// Revenue are the figures of some days, period by period.
type Revenue struct {
	Frame
	Items []Takings // of every period that has one of the days
}

// Revenue returns the figures of the days by day or month; range_invalid, range_too_long.
func (s *Service) Revenue(ctx context.Context, st id.Store, a Asked, i Interval) (Revenue, error) {
	f, err := s.frame(ctx, st, a)
	if err != nil {
		return Revenue{}, err
	}
	return s.revenue(ctx, st, f, i)
}

// ThisYear asks for the year of the store's day.
const ThisYear = math.MinInt64

// Year returns the figures of the twelve months of a year from 1 to 9999, or of ThisYear; year_invalid.
func (s *Service) Year(ctx context.Context, st id.Store, year int64) (Revenue, error) {
	f, err := s.frame(ctx, st, Asked{})
	if err != nil {
		return Revenue{}, err
	}
	if year == ThisYear {
		year = int64(f.To / 10000)
	}
	if f.Range, err = Year(year); err != nil {
		return Revenue{}, err
	}
	return s.revenue(ctx, st, f, Monthly)
}

func (s *Service) revenue(ctx context.Context, st id.Store, f Frame, i Interval) (Revenue, error) {
	periods, err := f.periods(i)
	if err != nil {
		return Revenue{}, err
	}
	out, q := Revenue{Frame: f}, question{f.Range, i, []Part{sums}}
	err = s.snapshot(ctx, q, func(ctx context.Context) error {
		out.Items = make([]Takings, len(periods))
		by := make(map[Period]*Takings, len(periods))
		for k, p := range periods {
			out.Items[k].Period = p
			by[p] = &out.Items[k]
		}
		return s.c.Folder.each(ctx, st, q, func(p Period, found *sheet) error {
			by[i.in(p)].add(&found.sums)
			return nil
		})
	})
	return out, err
}

// Products are a page of what was sold of each product, the largest total first.
type Products struct {
	Frame
	page.List[*Product]
}

// Products returns what was sold of each product that was sold or came back on the days; range_invalid, cursor_invalid.
func (s *Service) Products(ctx context.Context, st id.Store, a Asked, p page.Request) (Products, error) {
	f, err := s.frame(ctx, st, a)
	if err != nil {
		return Products{}, err
	}
	out := Products{Frame: f}
	err = s.total(ctx, st, f.Range, []Part{products}, func(_ context.Context, all *sheet) (err error) {
		out.List, err = ranked(all.products, p)
		return err
	})
	return out, err
}

// Buyer is a member with the present name, which is empty for one who was deleted.
type Buyer struct {
	*Member
	Name string
}

// Members are a page of what each member bought, the largest total first, and what all members of a tier did.
type Members struct {
	Frame
	Regular, VIP Count
	page.List[Buyer]
}

// Members returns what each member bought on the days; range_invalid, cursor_invalid.
func (s *Service) Members(ctx context.Context, st id.Store, a Asked, p page.Request) (Members, error) {
	f, err := s.frame(ctx, st, a)
	if err != nil {
		return Members{}, err
	}
	out := Members{Frame: f}
	err = s.total(ctx, st, f.Range, []Part{members, sums}, func(ctx context.Context, all *sheet) error {
		out.Regular, out.VIP = all.sums.Tiers[Regular], all.sums.Tiers[VIP]
		found, err := ranked(all.members, p)
		if err != nil {
			return err
		}
		out.Next, out.Items = found.Next, make([]Buyer, len(found.Items))
		return s.c.Writer.Read(ctx, st, func(v *writer.View) error {
			for i, m := range found.Items {
				out.Items[i] = Buyer{Member: m}
				if known, err := member.Find(v, m.ID); err == nil {
					out.Items[i].Name = known.Snapshot().Name
				}
			}
			return nil
		})
	})
	return out, err
}
