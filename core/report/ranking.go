package report

import (
	"cmp"
	"slices"
	"strconv"

	"kassa/core/id"
	"kassa/core/page"
)

// rank is where a row stands in a list that has the largest total first.
type rank struct {
	total int64
	id    id.ID
}

func (r rank) compare(o rank) int {
	return cmp.Or(cmp.Compare(o.total, r.total), cmp.Compare(r.id, o.id))
}

// ranker is a row of such a list.
type ranker interface {
	rank() rank
	empty() bool // a row whose sales were all voided says nothing
}

// ranked returns a page of the rows, the largest total first; cursor_invalid.
func ranked[T ranker](rows map[id.ID]T, p page.Request) (page.List[T], error) {
	after, err := rankOf(p.After)
	if err != nil {
		return page.List[T]{}, err
	}
	var all []T
	for _, r := range rows {
		if !r.empty() && (p.After == "" || r.rank().compare(after) > 0) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b T) int { return a.rank().compare(b.rank()) })
	list := page.List[T]{Items: all}
	if len(all) > p.Limit {
		list.Items = all[:p.Limit]
		last := all[p.Limit-1].rank()
		list.Next = page.Cursor(strconv.FormatInt(last.total, 10), string(last.id))
	}
	return list, nil
}

func rankOf(cursor string) (rank, error) {
	parts, err := page.Parts(cursor, 2)
	if err != nil || parts == nil {
		return rank{}, err
	}
	total, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return rank{}, page.Invalid()
	}
	return rank{total, id.ID(parts[1])}, nil
}
