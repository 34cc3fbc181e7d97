package sqlite

import (
	"errors"
	"fmt"
	"slices"

	"kassa/core/journal"
	"kassa/core/page"
	"kassa/core/writer"
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
