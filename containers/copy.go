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
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/store"
)

// CopyProgress is told how far the copy of a store is; of is 0 where that is not known.
type CopyProgress func(store, what string, done, of int64)

// Copied says what the copy of a store did.
type Copied = copying.Copied

// CopyOrder says what is copied. A database is a data folder or a MongoDB URI.
type CopyOrder struct {
	From, To string
	Store    string // by name, whatever its letter case; empty: every store
}

// Check says in one sentence what no copy can mean.
func (o CopyOrder) Check() error {
	for flag, database := range map[string]string{"--from": o.From, "--to": o.To} {
		if !isMongoURI(database) && (strings.Contains(database, "://") || strings.HasPrefix(strings.ToLower(database), "mongodb")) {
			return fmt.Errorf("%s is neither a URI that begins with mongodb:// or mongodb+srv:// nor a folder; a folder of such a name is ./NAME", flag)
		}
	}
	if same(o.From, o.To) {
		return errors.New("--from and --to are the same database")
	}
	return nil
}

// Copy copies the stores of a database into another one, proven. A folder that a server writes to is refused; on MongoDB, a store that is
// written to meanwhile is. Of a source on MongoDB nothing is changed; one in a folder is locked and brought to the newest schema.
func Copy(ctx context.Context, o CopyOrder, progress CopyProgress, done func(store string, n Copied)) (err error) {
	ids := system.NewIDs(system.Clock{})
	source, closeSource, err := openSource(ctx, o.From, ids)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer func() { err = errors.Join(err, closeSource()) }()
	stores, err := chosen(ctx, source.Stores, o.Store)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	target, closeTarget, err := openTarget(ctx, o.To, ids)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, closeTarget()) }()
	for _, s := range stores {
		copied, err := copyStore(ctx, source, target, s, ids, progress)
		if err != nil {
			return fmt.Errorf("copy the store %s: %w", s.Name, brokenOff(ctx, err))
		}
		done(s.Name, copied)
	}
	return nil
}

// chosen returns the stores of that name, or all.
func chosen(ctx context.Context, repository store.Repository, name string) ([]store.Store, error) {
	all, err := repository.List(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("there is no store in this database")
	}
	if name == "" {
		return all, nil
	}
	for _, s := range all {
		if strings.EqualFold(s.Name, name) {
			return []store.Store{s}, nil
		}
	}
	return nil, fmt.Errorf("there is no store %q in this database", name)
}

// brokenOff says of a copy that stopped half-way, where other commands have changed nothing, that it can be gone on with.
func brokenOff(ctx context.Context, err error) error {
	const again = "; run the same again, and it goes on where it stopped"
	switch {
	case ctx.Err() != nil:
		return fault.New(fault.Unavailable, "copy_broken_off", "broken off"+again).Wrap(err)
	case fault.IsKind(err, fault.Unavailable):
		return fault.New(fault.Unavailable, "copy_broken_off", "the database does not answer any more"+again).Wrap(err)
	}
	return err
}

// copyStore copies one store and tells how far it is.
func copyStore(ctx context.Context, from, to Storage, s store.Store, ids id.Source, progress CopyProgress) (Copied, error) {
	c := copying.Copier{From: side(from), To: side(to), IDs: ids, Progress: func(what string, done, of int64) { progress(s.Name, what, done, of) }}
	return c.Run(ctx, s)
}

func side(s Storage) copying.Database {
	return copying.Database{Provider: s.Provider, Stores: s.Stores, Journal: s.Journal, Bindings: s.Bindings, Carts: s.Carts, Images: s.Images}
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

// openSource opens the database that is copied, which must be there. A folder is locked, so that no server writes to it.
func openSource(ctx context.Context, database string, ids id.Source) (Storage, func() error, error) {
	if isMongoURI(database) {
		return openReader(ctx, Config{MongoURI: database})
	}
	if err := sqlite.Exists(database); err != nil {
		return Storage{}, nil, err
	}
	return openTarget(ctx, database, ids)
}

// openTarget opens a database for writing, and makes what is missing.
func openTarget(ctx context.Context, database string, ids id.Source) (Storage, func() error, error) {
	if isMongoURI(database) {
		d, err := mongodb.Open(ctx, database, ids.New())
		if err != nil {
			return Storage{}, nil, err
		}
		return mongoStorage(d, ids), d.Close, nil
	}
	d, err := sqlite.Open(database)
	if err != nil {
		return Storage{}, nil, err
	}
	return sqliteStorage(d, ids), d.Close, nil
}
