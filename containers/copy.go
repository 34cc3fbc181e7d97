package containers

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"kassa/adapters/mongodb"
	"kassa/adapters/sqlite"
	"kassa/adapters/system"
	"kassa/core/copying"
	"kassa/core/id"
)

// CopyProgress is told how far the copy of a store is; of is 0 where that is not known.
type CopyProgress func(store, what string, done, of int64)

// Copied says what the copy of a store holds.
type Copied = copying.Copied

// Copy copies every store of a database into another one, proven. A database is a data folder or a MongoDB URI. A folder that a server writes
// to is refused; on MongoDB, a store that is written to meanwhile is.
func Copy(ctx context.Context, from, to string, progress CopyProgress, done func(store string, n Copied)) (err error) {
	if same(from, to) {
		return errors.New("--from and --to are the same database")
	}
	ids := system.NewIDs(system.Clock{})
	source, closeSource, err := openSide(ctx, from, ids, true)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer func() { err = errors.Join(err, closeSource()) }()
	stores, err := source.Stores.List(ctx)
	if err != nil {
		return err
	}
	if len(stores) == 0 {
		return errors.New("there is no store in the database of --from")
	}
	target, closeTarget, err := openSide(ctx, to, ids, false)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, closeTarget()) }()
	for _, s := range stores {
		c := copying.Copier{From: side(source), To: side(target), IDs: ids, Progress: func(what string, done, of int64) { progress(s.Name, what, done, of) }}
		copied, err := c.Run(ctx, s)
		if err != nil {
			return fmt.Errorf("copy the store %s: %w", s.Name, err)
		}
		done(s.Name, copied)
	}
	return nil
}

func side(s Storage) copying.Database {
	return copying.Database{Provider: s.Provider, Stores: s.Stores, Journal: s.Journal, Bindings: s.Bindings, Carts: s.Carts}
}

// isMongoURI reports whether a database is named by a MongoDB URI, and not by a folder.
func isMongoURI(database string) bool {
	return strings.HasPrefix(database, "mongodb://") || strings.HasPrefix(database, "mongodb+srv://")
}

func same(a, b string) bool {
	if !isMongoURI(a) && !isMongoURI(b) {
		a, b = filepath.Clean(a), filepath.Clean(b)
	}
	return a == b
}

// openSide opens a database for a copy. A folder is locked, so that no server writes to it. One that must be there is not made.
func openSide(ctx context.Context, database string, ids id.Source, there bool) (Storage, func() error, error) {
	if isMongoURI(database) {
		d, err := mongodb.Open(ctx, database, ids.New())
		if err != nil {
			return Storage{}, nil, err
		}
		return mongoStorage(d, ids), d.Close, nil
	}
	if there {
		if err := sqlite.Exists(database); err != nil {
			return Storage{}, nil, err
		}
	}
	d, err := sqlite.Open(database)
	if err != nil {
		return Storage{}, nil, err
	}
	return sqliteStorage(d, ids), d.Close, nil
}
