package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/money"
	"kassa/core/page"
	"kassa/core/register"

	"zombiezen.com/go/sqlite"
)

// Registers implements register.Repository. Registers and their days are values of State. A store has a few hundred registers at most, so
// a list of them is sorted in memory.
type Registers struct{ s *State }

// NewRegisters returns the view of the state's registers.
func NewRegisters(s *State) *Registers { return &Registers{s: s} }

// List implements register.Repository. Names are compared without letter case.
func (r *Registers) List(ctx context.Context, s id.Store, p page.Request) (page.List[*register.Register], error) {
	var list page.List[*register.Register]
	after, err := page.Parts(p.After, 2)
	if err != nil {
		return list, err
	}
	var all []*register.Register
	low, high := rangeOf(register.Ref(""))
	if err := scan(ctx, r.s, s, low, high, func(found *register.Register) error {
		all = append(all, found)
		return nil
	}); err != nil {
		return list, err
	}
	slices.SortFunc(all, func(a, b *register.Register) int { return compareNamed(a, folded(b), b.ID()) })
	for _, found := range all {
		if after != nil && compareNamed(found, after[0], id.ID(after[1])) <= 0 {
			continue
		}
		if len(list.Items) == p.Limit {
			last := list.Items[p.Limit-1]
			list.Next = page.Cursor(folded(last), string(last.ID()))
			break
		}
		list.Items = append(list.Items, found)
	}
	return list, nil
}

func folded(r *register.Register) string { return strings.ToLower(r.Name()) }

func compareNamed(r *register.Register, name string, i id.ID) int {
	return cmp.Or(cmp.Compare(folded(r), name), cmp.Compare(r.ID(), i))
}

// CashAfter implements register.Repository.
func (r *Registers) CashAfter(ctx context.Context, s id.Store, i id.ID, day clock.Date) (money.Amount, error) {
	var sum money.Amount
	_, high := rangeOf(journal.NewRef(register.DayRef(i, day).Kind(), string(i)+":"))
	err := scan(ctx, r.s, s, register.DayRef(i, day)+"\x00", high, func(d *register.Day) (err error) {
		sum, err = sum.Add(d.Cash())
		return err
	})
	return sum, err
}

// rangeOf returns the bounds of the refs that begin with the prefix, which ends in a colon: the second one is no longer in it.
func rangeOf(prefix journal.Ref) (low, high journal.Ref) {
	return prefix, prefix[:len(prefix)-1] + ";"
}

// scan gives every value with low <= ref < high to the function, by ref.
func scan[T any](ctx context.Context, p *State, s id.Store, low, high journal.Ref, row func(T) error) error {
	return p.d.read(ctx, s, func(t *tx) error {
		return each(t.conn, "SELECT ref, body FROM state WHERE ref >= ? AND ref < ? ORDER BY ref", func(st *sqlite.Stmt) error {
			ref := journal.Ref(st.ColumnText(0))
			v, err := p.decode(ref, bytesAt(st, 1))
			if err != nil {
				return err
			}
			value, ok := v.(T)
			if !ok {
				return fmt.Errorf("%w: state %s is a %T", journal.ErrCorrupt, ref, v)
			}
			return row(value)
		}, string(low), string(high))
	})
}
