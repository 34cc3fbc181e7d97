package sqlite

import (
	"fmt"

	"zombiezen.com/go/sqlite"
)

// stmt returns the prepared statement of the query; connections keep them.
func stmt(c *sqlite.Conn, query string) (*sqlite.Stmt, error) { return c.Prepare(query) }

// exec runs a query without results. Arguments are int64, string, []byte or nil.
func exec(c *sqlite.Conn, query string, args ...any) error {
	return each(c, query, nil, args...)
}

// one runs a query and gives its first row, if any, to the function.
func one(c *sqlite.Conn, query string, row func(*sqlite.Stmt), args ...any) error {
	return each(c, query, func(s *sqlite.Stmt) error { row(s); return nil }, args...)
}

// each runs a query and gives every row to the function.
func each(c *sqlite.Conn, query string, row func(*sqlite.Stmt) error, args ...any) error {
	s, err := stmt(c, query)
	if err != nil {
		return err
	}
	for i, a := range args {
		switch v := a.(type) {
		case int64:
			s.BindInt64(i+1, v)
		case string:
			s.BindText(i+1, v)
		case []byte:
			s.BindBytes(i+1, v)
		case nil:
			s.BindNull(i + 1)
		default:
			return fmt.Errorf("cannot bind a %T", a)
		}
	}
	for {
		more, err := s.Step()
		if err != nil {
			_ = s.Reset()
			return err
		}
		if !more {
			return s.Reset()
		}
		if row == nil {
			continue
		}
		if err := row(s); err != nil {
			_ = s.Reset()
			return err
		}
	}
}

// put updates the row that is nearly always there, or inserts it. An upsert costs half as much again.
func (t *tx) put(update, insert string, args ...any) error {
	if err := exec(t.conn, update, args...); err != nil || t.conn.Changes() > 0 {
		return err
	}
	return exec(t.conn, insert, args...)
}

func bytesAt(s *sqlite.Stmt, col int) []byte {
	b := make([]byte, s.ColumnLen(col))
	s.ColumnBytes(col, b)
	return b
}

// taken reports whether the error says that a unique key is taken.
func taken(err error) bool {
	switch sqlite.ErrCode(err) {
	case sqlite.ResultConstraintUnique, sqlite.ResultConstraintPrimaryKey, sqlite.ResultConstraintRowID:
		return true
	}
	return false
}
