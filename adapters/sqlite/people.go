package sqlite

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"kassa/core/journal"
	"kassa/core/page"
	"kassa/core/writer"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// nameAndID reads the cursor of a list by folded name and id.
func nameAndID(cursor string) ([]string, error) {
	after, err := page.Parts(cursor, 2)
	if after == nil {
		after = []string{"", ""}
	}
	return after, err
}

// tidily runs write so that what it replaces is overwritten with zeros in the file, and then is not in the log either: whoever is erased leaves
// nothing behind.
func tidily(t *tx, cs []writer.Change, write func() error) error {
	t.erases = t.erases || slices.ContainsFunc(cs, func(c writer.Change) bool { return c.Before != nil })
	if err := exec(t.conn, "PRAGMA secure_delete = ON"); err != nil {
		return err
	}
	return errors.Join(write(), exec(t.conn, "PRAGMA secure_delete = OFF"))
}

// maxRewritten bounds the rows that are written anew, so that a start takes a second or two longer at most.
const maxRewritten = 50_000

// rewritePeople writes the rows of users and members anew where some are deleted, when the store is opened. What a row leaves behind is zeroed, but for a copy that may stay
// on its page when it moves to another to make room. Pages that hold no rows any more are zeroed whole.
func rewritePeople(c *sqlite.Conn) error {
	if err := exec(c, "PRAGMA secure_delete = ON"); err != nil {
		return err
	}
	for _, table := range []string{"users", "members"} {
		var rows, deleted int64
		err := one(c, "SELECT count(*), total(deleted) FROM "+table, func(s *sqlite.Stmt) { rows, deleted = s.ColumnInt64(0), s.ColumnInt64(1) })
		if err == nil && deleted > 0 && rows <= maxRewritten {
			err = sqlitex.ExecuteScript(c, strings.ReplaceAll(`CREATE TEMP TABLE copy AS SELECT * FROM people; DELETE FROM people;
				INSERT INTO people SELECT * FROM copy ORDER BY id; DROP TABLE copy;`, "people", table), nil)
		}
		if err != nil {
			return err
		}
	}
	return exec(c, "PRAGMA secure_delete = OFF")
}

// broken says of a unique key that is taken that the books are not as the operations found them.
func broken(err error) error {
	if taken(err) {
		return fmt.Errorf("%w: %w", journal.ErrBroken, err)
	}
	return err
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
