package sqlite

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"kassa/core/inventory"

	"zombiezen.com/go/sqlite"
)

// fewMatches is how many matches are cheaper to sort than a scan in the order of the list is.
const fewMatches = 2000

// query is a list of products put together from fixed parts.
type query struct {
	from  string
	where []string
	args  []any
}

func (q *query) and(where string, args ...any) {
	q.where, q.args = append(q.where, where), append(q.args, args...)
}

// sql returns one text for each combination of filters, so that connections keep them prepared. The rows that are wanted are found by what
// the indexes hold, and only these are read.
func (q *query) sql() string {
	return "WITH found AS MATERIALIZED (SELECT p.n, p.name_key, p.id FROM " + q.from + " WHERE " + strings.Join(q.where, " AND ") +
		" ORDER BY p.name_key, p.id LIMIT ?) SELECT p.id, p.body, coalesce(s.on_hand, 0) FROM found f JOIN products p ON p.n = f.n" +
		" LEFT JOIN stock s ON s.product = p.id ORDER BY f.name_key, f.id"
}

// plan chooses how the products are found: those that a barcode, a search or the stock leaves over, where these are few, are sorted; else
// the products are scanned in the order of the list until the page is full.
func plan(t *tx, f inventory.Filter, after []string) (*query, error) {
	q := &query{}
	rows, few, err := selected(t, f)
	switch {
	case err != nil:
		return nil, err
	case few:
		q.from = "json_each(?) x CROSS JOIN products p ON p.n = x.value"
		q.args = append(q.args, rows)
	case f.Category != "":
		q.from = "products p INDEXED BY products_category"
	default:
		q.from = "products p INDEXED BY products_name"
	}
	q.and("p.deleted = 0")
	if f.Query != "" {
		q.and("instr(p.search, ?) > 0", f.Query)
	}
	if f.Category != "" {
		q.and("p.category_key = ?", f.Category)
	}
	switch f.Stock {
	case inventory.OutOfStock:
		q.and("EXISTS (SELECT 1 FROM stock s WHERE s.product = p.id AND s.on_hand <= 0)")
	case inventory.LowStock:
		q.and("EXISTS (SELECT 1 FROM stock s WHERE s.product = p.id AND s.on_hand > 0 AND s.on_hand <= p.low_at)")
	}
	if after != nil {
		q.and("(p.name_key, p.id) > (?, ?)", after[0], after[1])
	}
	return q, nil
}

// selected returns the rows among which the listed ones are, as a JSON array, where an index tells them and they are few.
func selected(t *tx, f inventory.Filter) (rows string, few bool, err error) {
	switch n := utf8.RuneCountInString(f.Query); {
	case f.Barcode != "":
		return firstRows(t, "SELECT product FROM barcodes WHERE code = ? LIMIT ?", f.Barcode)
	case n >= 3:
		return firstRows(t, "SELECT rowid FROM product_search WHERE product_search MATCH ? LIMIT ?", `"`+strings.ReplaceAll(f.Query, `"`, `""`)+`"`)
	case n > 0: // every one or two characters begin some three
		return firstRows(t, "SELECT DISTINCT doc FROM product_terms WHERE term >= ? AND term < ? LIMIT ?", f.Query, f.Query+string(utf8.MaxRune))
	case f.Stock == inventory.OutOfStock:
		return firstRows(t, "SELECT p.n FROM stock s INDEXED BY stock_out CROSS JOIN products p ON p.id = s.product WHERE s.on_hand <= 0 LIMIT ?")
	}
	return "", false, nil
}

func firstRows(t *tx, text string, args ...any) (rows string, few bool, err error) {
	b, n := []byte{'['}, 0
	err = each(t.conn, text, func(st *sqlite.Stmt) error {
		if n++; n > 1 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, st.ColumnInt64(0), 10)
		return nil
	}, append(args, int64(fewMatches)+1)...)
	return string(append(b, ']')), n <= fewMatches, err
}
