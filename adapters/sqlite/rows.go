package sqlite

import (
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"
)

// chunk is the rows that one statement inserts: half of an insert's time is that of its statement.
const chunk = 16

// rows are rows of integers that go into a table, sorted by their first columns, which are its key.
type rows struct {
	columns   int
	one, many string // the statements for one row, and for a chunk
	values    []int64
}

func newRows(table string, columns int) *rows {
	row := "(?" + strings.Repeat(", ?", columns-1) + ")"
	one := "INSERT INTO " + table + " VALUES " + row
	return &rows{columns: columns, one: one, many: one + strings.Repeat(", "+row, chunk-1)}
}

func (r *rows) add(values ...int64) { r.values = append(r.values, values...) }

// insert writes the rows in the order of their key, so that neighbours find the same page at hand.
func (r *rows) insert(c *sqlite.Conn) error {
	sorted := make([][]int64, 0, len(r.values)/r.columns)
	for v := range slices.Chunk(r.values, r.columns) {
		sorted = append(sorted, v)
	}
	slices.SortFunc(sorted, slices.Compare)
	for len(sorted) >= chunk {
		if err := r.statement(c, sorted[:chunk]); err != nil {
			return err
		}
		sorted = sorted[chunk:]
	}
	for i := range sorted {
		if err := r.statement(c, sorted[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (r *rows) statement(c *sqlite.Conn, some [][]int64) error {
	query := r.one
	if len(some) == chunk {
		query = r.many
	}
	s, err := c.Prepare(query)
	if err != nil {
		return err
	}
	n := 0
	for _, row := range some {
		for _, v := range row {
			n++
			s.BindInt64(n, v)
		}
	}
	if _, err := s.Step(); err != nil {
		_ = s.Reset()
		return err
	}
	return s.Reset()
}
