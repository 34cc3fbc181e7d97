package register

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
	"kassa/core/writer"
)

// Repository answers questions about registers that are not asked by ref.
type Repository interface {
	// List returns the registers by name, whatever its letter case, and id.
	List(ctx context.Context, s id.Store, p page.Request) (page.List[*Register], error)
	// CashAfter returns the sum of the cash movements dated after the day.
	CashAfter(ctx context.Context, s id.Store, register id.ID, day clock.Date) (money.Amount, error)
}

// NewRepository answers from the stored values of registers and their days. A store has a few hundred registers at most, so a list of them is
// sorted in memory.
func NewRepository(values writer.Ranger) Repository { return repository{values} }

type repository struct{ values writer.Ranger }

// List implements Repository.
func (r repository) List(ctx context.Context, s id.Store, p page.Request) (page.List[*Register], error) {
	var list page.List[*Register]
	after, err := page.Parts(p.After, 2)
	if err != nil {
		return list, err
	}
	var all []*Register
	if err := each(ctx, r.values, s, Ref(""), beyond(Ref("")), func(found *Register) error {
		all = append(all, found)
		return nil
	}); err != nil {
		return list, err
	}
	slices.SortFunc(all, func(a, b *Register) int { return compareNamed(a, folded(b), b.ID()) })
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

func folded(r *Register) string { return strings.ToLower(r.Name()) }

func compareNamed(r *Register, name string, i id.ID) int {
	return cmp.Or(cmp.Compare(folded(r), name), cmp.Compare(r.ID(), i))
}

// CashAfter implements Repository.
func (r repository) CashAfter(ctx context.Context, s id.Store, i id.ID, day clock.Date) (money.Amount, error) {
	var sum money.Amount
	high := beyond(journal.NewRef(DayRef(i, day).Kind(), string(i)+":"))
	err := each(ctx, r.values, s, DayRef(i, day)+"\x00", high, func(d *Day) (err error) {
		sum, err = sum.Add(d.Cash())
		return err
	})
	return sum, err
}

// beyond returns the first ref after all that begin with the prefix, which ends in a colon.
func beyond(prefix journal.Ref) journal.Ref { return prefix[:len(prefix)-1] + ";" }

func each[T writer.Value](ctx context.Context, values writer.Ranger, s id.Store, low, high journal.Ref, fn func(T) error) error {
	return values.Range(ctx, s, low, high, func(v writer.Value) error {
		value, ok := v.(T)
		if !ok {
			return fmt.Errorf("%w: %s is a %T", journal.ErrCorrupt, v.Ref(), v)
		}
		return fn(value)
	})
}
