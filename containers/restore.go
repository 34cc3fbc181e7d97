package containers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kassa/adapters/archive"
	"kassa/adapters/mongodb"
	"kassa/adapters/sqlite"
	"kassa/adapters/system"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/store"
)

// Restore brings the stores of a file that Backup wrote into the database, proven, each with a new head token: what was sold after the backup is gone, so
// nobody may take these books for those. done is told how many records each has. Conflict fault restore_exists when the database has stores: a folder any,
// MongoDB one of the same.
func Restore(ctx context.Context, c Config, file string, progress CopyProgress, done func(store string, records int64)) (err error) {
	from, err := archive.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	r := &restore{from: from, ids: system.NewIDs(system.Clock{}), progress: progress}
	if c.MongoURI != "" {
		err = r.intoMongoDB(ctx, c.MongoURI)
	} else {
		err = r.intoFolder(ctx, c.Data)
		if err != nil && ctx.Err() != nil {
			err = fault.New(fault.Unavailable, "restore_broken_off", "broken off; nothing was restored").Wrap(err)
		}
	}
	if err != nil {
		return err
	}
	for _, s := range from.Manifest.Stores {
		done(s.Name, s.Records)
	}
	return nil
}

// restore is a backup that is being brought back.
type restore struct {
	from     *archive.Reader
	ids      id.Source
	progress CopyProgress
}

// intoFolder unpacks and proves within the data folder, whose disk has to have the room, and only then gives the files their places.
func (r *restore) intoFolder(ctx context.Context, folder string) (err error) {
	_, missing := os.Stat(folder)
	into, err := sqlite.Open(folder)
	if err != nil {
		return err
	}
	work := filepath.Join(folder, "restore.part")
	defer func() {
		err = sqlite.Full(errors.Join(err, os.RemoveAll(work), into.Close()), folder)
		if err != nil && missing != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	there, err := sqlite.NewStores(into, r.ids).List(ctx)
	if err != nil {
		return err
	}
	if len(there) > 0 {
		return fault.New(fault.Conflict, "restore_exists", "%s has the store %s already; move that folder away, or restore into another", folder, there[0].Name)
	}
	unpacked, stores, err := r.unpack(ctx, work)
	if err != nil {
		return err
	}
	if err := r.refresh(ctx, sqliteStorage(unpacked, r.ids), stores); err != nil {
		return errors.Join(err, unpacked.Close())
	}
	if err := unpacked.CloseWhole(); err != nil {
		return err
	}
	return into.Adopt(ctx, stores, work)
}

// unpack unpacks the parts into a folder of its own and opens it. What an earlier restore left there is removed.
func (r *restore) unpack(ctx context.Context, folder string) (d *sqlite.Database, stores []store.Store, err error) {
	if err := errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o700)); err != nil {
		return nil, nil, err
	}
	if err := r.from.Extract(ctx, folder, func(done, of int64) { r.progress("backup", "bytes unpacked", done, of) }); err != nil {
		return nil, nil, err
	}
	if d, err = sqlite.Open(folder); err != nil {
		return nil, nil, err
	}
	s := sqliteStorage(d, r.ids)
	if stores, err = s.Stores.List(ctx); err == nil {
		err = r.fits(ctx, s, stores)
	}
	if err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	return d, stores, nil
}

// fits compares the stores that were unpacked with the manifest.
func (r *restore) fits(ctx context.Context, s Storage, stores []store.Store) error {
	has, err := s.listed(ctx, stores)
	if err != nil {
		return err
	}
	if !slices.Equal(has, r.from.Manifest.Stores) {
		return fault.New(fault.Invalid, "backup_damaged", "the backup does not hold the stores that its manifest names")
	}
	return nil
}

// refresh gives each store a head token that no books had before, and proves it.
func (r *restore) refresh(ctx context.Context, s Storage, stores []store.Store) error {
	for _, one := range stores {
		err := s.Provider.Transact(ctx, func(ctx context.Context) error {
			h, err := s.Journal.Head(ctx, one.ID)
			if err != nil {
				return err
			}
			return s.Journal.Advance(ctx, one.ID, h.Token, journal.Head{Token: r.ids.New(), Position: h.Position, At: h.At, Status: h.Status})
		})
		if err == nil {
			err = s.clean(ctx, one, r.progress)
		}
		if err != nil {
			return fmt.Errorf("the store %s: %w", one.Name, err)
		}
	}
	return nil
}

// intoMongoDB unpacks into the folder for temporary files and copies from there: nobody can sell in a store before it is proven. A restore that was broken
// off goes on when it is run again.
func (r *restore) intoMongoDB(ctx context.Context, uri string) (err error) {
	into, err := mongodb.Open(ctx, uri, r.ids.New())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	target := mongoStorage(into, r.ids)
	if err := r.vacant(ctx, target); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp("", "kassa-restore-")
	if err != nil {
		return err
	}
	defer func() { err = sqlite.Full(errors.Join(err, os.RemoveAll(temporary)), temporary) }()
	unpacked, stores, err := r.unpack(ctx, filepath.Join(temporary, "parts"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unpacked.Close()) }()
	for _, s := range stores {
		if _, err := copyStore(ctx, sqliteStorage(unpacked, r.ids), target, s, r.ids, r.progress); err != nil {
			return fmt.Errorf("the store %s: %w", s.Name, brokenOff(ctx, err))
		}
	}
	return nil
}

// vacant refuses where the database has one of the stores, or one of its name, but for what a restore that was broken off left: half a store, and those
// before it, which are whole.
func (r *restore) vacant(ctx context.Context, target Storage) error {
	there, err := target.Stores.List(ctx)
	if err != nil {
		return err
	}
	whole := 0
	for _, s := range r.from.Manifest.Stores {
		at := slices.IndexFunc(there, func(o store.Store) bool { return string(o.ID) == s.ID || strings.EqualFold(o.Name, s.Name) })
		if at < 0 {
			continue
		}
		h, err := target.Journal.Head(ctx, there[at].ID)
		if err != nil {
			return err
		}
		if string(there[at].ID) != s.ID || h.Status != journal.Copying && h.Position != s.Records {
			return exists(s.Name)
		}
		if h.Status != journal.Copying {
			whole++
		}
	}
	if whole == len(r.from.Manifest.Stores) {
		return exists(r.from.Manifest.Stores[0].Name)
	}
	return nil
}

func exists(name string) error {
	return fault.New(fault.Conflict, "restore_exists", "the database has the store %s already; restore into another database", name)
}
