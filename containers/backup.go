package containers

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"

	"kassa/adapters/archive"
	"kassa/adapters/mongodb"
	"kassa/adapters/sqlite"
	"kassa/adapters/system"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/store"
)

// Backup writes every store of the database, each as it is at one moment, to a new file, beside a running server, and proves the copy. done is told
// how many records each has. The file appears once it is whole. Conflict fault backup_exists when it is there already, backup_busy when another process
// writes it, books_off when the books are off.
func Backup(ctx context.Context, c Config, file string, progress CopyProgress, done func(store string, records int64)) (err error) {
	if err := archive.Vacant(file); err != nil {
		return err
	}
	b := &backup{file: file, ids: system.NewIDs(system.Clock{}), progress: progress}
	end, err := b.open(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	stores, err := b.source.Stores.List(ctx)
	if err == nil && len(stores) == 0 {
		err = errNoStore
	}
	if err != nil {
		return err
	}
	m, err := b.write(ctx, stores)
	if err != nil && ctx.Err() != nil {
		err = fault.New(fault.Unavailable, "backup_broken_off", "broken off; there is no %s", file).Wrap(err)
	}
	if err != nil {
		return err
	}
	for _, s := range m.Stores {
		done(s.Name, s.Records)
	}
	return nil
}

// backup is one backup that is being made.
type backup struct {
	file     string
	ids      id.Source
	source   Storage
	folderOf *sqlite.Database // the source's, where it is a folder
	progress CopyProgress
}

// write copies the stores to a folder beside the file, where there must be room, and packs them.
func (b *backup) write(ctx context.Context, stores []store.Store) (m archive.Manifest, err error) {
	release, err := sqlite.Claim(b.file + ".parts")
	if errors.Is(err, sqlite.ErrLocked) {
		err = fault.New(fault.Conflict, "backup_busy", "another kassa writes %s", b.file).Wrap(err)
	}
	if err != nil {
		return m, err
	}
	defer func() { err = sqlite.Full(errors.Join(err, release()), filepath.Dir(b.file)) }()
	folder := filepath.Join(b.file+".parts", "data")
	m.Kassa, m.MadeAt = version(), system.Clock{}.Now().UTC()
	parts, err := b.fill(ctx, folder, stores, &m)
	if err != nil {
		return m, err
	}
	return m, archive.Write(ctx, b.file, m, folder, parts, func(done, of int64) { b.progress(filepath.Base(b.file), "bytes written", done, of) })
}

// open opens the source for reading.
func (b *backup) open(ctx context.Context, c Config) (end func() error, err error) {
	if c.MongoURI != "" {
		d, err := mongodb.OpenReader(ctx, c.MongoURI)
		if err != nil {
			return nil, err
		}
		b.source = mongoStorage(d, b.ids)
		return d.Close, nil
	}
	if b.folderOf, err = sqlite.OpenReader(c.Data); err != nil {
		return nil, configured(err)
	}
	b.source = sqliteStorage(b.folderOf, b.ids)
	return b.folderOf.Close, nil
}

// fill copies the stores to the folder, proves the copies, and returns the names of their files.
func (b *backup) fill(ctx context.Context, folder string, stores []store.Store, m *archive.Manifest) (parts []string, err error) {
	into, err := sqlite.Open(folder)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, into.CloseWhole()) }()
	copied := sqliteStorage(into, b.ids)
	for _, s := range stores {
		if err := b.take(ctx, s, into, &copied); err != nil {
			return nil, fmt.Errorf("the store %s: %w", s.Name, err)
		}
	}
	m.Stores, err = copied.listed(ctx, stores)
	return into.Files(stores), err
}

// listed returns the stores as a manifest has them.
func (s *Storage) listed(ctx context.Context, stores []store.Store) (all []archive.Store, err error) {
	for _, one := range stores {
		h, err := s.Journal.Head(ctx, one.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, archive.Store{ID: string(one.ID), Name: one.Name, Records: h.Position, HeadToken: string(h.Token)})
	}
	return all, nil
}

// take copies one store. A folder is copied as it is. From MongoDB the store is copied by the records and values that one snapshot has, so that nobody who
// sells meanwhile moves it.
func (b *backup) take(ctx context.Context, s store.Store, into *sqlite.Database, copied *Storage) error {
	if b.folderOf == nil {
		return b.source.Provider.View(ctx, func(ctx context.Context) error {
			_, err := copyStore(ctx, b.source, *copied, s, b.ids, b.progress)
			return err
		})
	}
	if err := b.folderOf.Snapshot(ctx, s, into, func(done, of int64) { b.progress(s.Name, "pages copied", done, of) }); err != nil {
		return err
	}
	h, err := copied.Journal.Head(ctx, s.ID)
	if err == nil && h.Status == journal.Copying {
		err = fault.New(fault.Conflict, "source_unfinished", "it is a copy that was broken off; finish that one first")
	}
	if err != nil {
		return err
	}
	return copied.clean(ctx, s, b.progress)
}

// clean proves the books of a store that was copied. Conflict fault books_off when they are off.
func (s *Storage) clean(ctx context.Context, of store.Store, progress CopyProgress) error {
	r, err := s.verify(ctx, of, func(store string, done, all int64) { progress(store, "records proven", done, all) })
	if err != nil {
		return err
	}
	return r.Err()
}

// version is that of this program, where it was built as a module.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
