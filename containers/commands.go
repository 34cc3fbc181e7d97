package containers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"kassa/adapters/productfile"
	"kassa/adapters/sqlite"
	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/verify"
	"kassa/core/writer"

	"go.uber.org/fx"
)

// Serve serves until ctx ends. ready is called once the servers listen.
func Serve(ctx context.Context, c Config, ready func(at *Listening)) error {
	if c.MongoURI != "" && c.JWTKey == "" {
		return errors.New("KASSA_JWT_KEY is needed to serve from KASSA_MONGODB_URI: all servers of a shop sign with the same key; head -c 32 /dev/urandom | base64 makes one")
	}
	var at *Listening
	app := fx.New(Core(c), Web(), fx.Populate(&at))
	return run(ctx, app, func(ctx context.Context) error {
		ready(at)
		select {
		case <-ctx.Done():
			return nil
		case s := <-app.Wait():
			if s.ExitCode == 0 {
				return nil // fx hears the signal that ends ctx too, now and then first
			}
			return fmt.Errorf("kassa stopped by itself with exit code %d; the log says why", s.ExitCode)
		}
	})
}

// ImportFile is what kassa import reads.
type ImportFile struct {
	Path     string
	Format   string // csv or json; empty: by the file's name
	DryRun   bool
	Count    bool
	Progress func(rows int) // told every now and then
}

// Import imports products into the only store of the database.
func Import(ctx context.Context, c Config, f ImportFile) (inventory.ImportResult, error) {
	var result inventory.ImportResult
	format, err := formatOf(f)
	if err != nil {
		return result, err
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return result, err
	}
	defer func() { _ = file.Close() }() // it was only read
	if c.MongoURI == "" {
		if err := sqlite.Exists(c.Data); err != nil { // opening would make an empty one
			return result, configured(err)
		}
	}
	var products *inventory.Service
	var stores store.Repository
	var first *setup.Service
	app := fx.New(Core(c), fx.Populate(&products, &stores, &first))
	err = run(ctx, app, func(ctx context.Context) error {
		ctx = audit.WithActor(ctx, audit.System())
		s, err := onlyStore(ctx, stores)
		if err != nil {
			return err
		}
		if err := first.Whole(ctx, s.ID); err != nil {
			return err
		}
		rows, err := productfile.Read(format, file)
		if err != nil {
			return err
		}
		result, err = products.Import(ctx, s.ID, inventory.Import{Rows: rows, DryRun: f.DryRun, Count: f.Count,
			Progress: func(r inventory.ImportResult) { f.Progress(r.Created + r.Updated + r.Unchanged + r.Failed) }})
		return err
	})
	if errors.Is(err, sqlite.ErrLocked) {
		err = fmt.Errorf("%w, or send the file to it: POST /api/v1/products/import", err)
	}
	return result, err
}

// formatOf returns the format that was asked for, or the one that the file's name says. Invalid fault format_invalid.
func formatOf(f ImportFile) (productfile.Format, error) {
	if f.Format != "" {
		format, err := productfile.ParseFormat(f.Format)
		if err != nil {
			err = fault.New(fault.Invalid, "format_invalid", "--format is csv or json, not %q", f.Format)
		}
		return format, err
	}
	format, err := productfile.ParseFormat(strings.TrimPrefix(filepath.Ext(f.Path), "."))
	if err != nil {
		return format, fmt.Errorf("%s is neither .csv nor .json; say which with --format", filepath.Base(f.Path))
	}
	return format, nil
}

var errNoStore = errors.New("there is no store yet; start kassa serve and POST /api/v1/setup first")

func onlyStore(ctx context.Context, stores store.Repository) (store.Store, error) {
	all, err := stores.List(ctx)
	switch {
	case err != nil:
		return store.Store{}, err
	case len(all) == 0:
		return store.Store{}, errNoStore
	case len(all) > 1:
		return store.Store{}, fmt.Errorf("there are %d stores in the database; use the API of the one you mean", len(all))
	}
	return all[0], nil
}

// verify proves the books of one store.
func (s *Storage) verify(ctx context.Context, of store.Store, progress func(store string, done, of int64)) (*verify.Report, error) {
	v := verify.Verifier{Provider: s.Provider, Journal: s.Journal, Projections: writer.Projections(s.Bindings), Images: s.Images, Reports: s.Reports,
		Progress: func(done, all int64) { progress(of.Name, done, all) }}
	return v.Run(ctx, of.ID)
}

// Verify proves the books of every store of the database, beside a running server. It reports to out and returns an error when
// anything is off, or a store is half a copy.
func Verify(ctx context.Context, c Config, out io.Writer, progress func(store string, done, of int64)) (err error) {
	storage, end, err := openReader(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	stores, err := storage.Stores.List(ctx)
	if err != nil {
		return err
	}
	if len(stores) == 0 {
		return errNoStore
	}
	var off, unfinished []string
	for _, s := range stores {
		h, err := storage.Journal.Head(ctx, s.ID)
		if err != nil {
			return fmt.Errorf("store %s cannot be read: %w", s.Name, err)
		}
		if h.Status == journal.Copying {
			fmt.Fprintf(out, "%s: a copy that is not finished, in which nobody can sell\n", s.Name)
			unfinished = append(unfinished, s.Name)
			continue
		}
		r, err := storage.verify(ctx, s, progress)
		if err != nil {
			return fmt.Errorf("store %s cannot be read: %w", s.Name, err)
		}
		tellFindings(out, s.Name, r)
		if !r.Clean() {
			off = append(off, s.Name)
		}
	}
	if len(off) > 0 {
		return fmt.Errorf("the books of %s are off", strings.Join(off, ", "))
	}
	if len(unfinished) > 0 {
		return fmt.Errorf("the copy of %s is not finished; run the same kassa copy or kassa restore again", strings.Join(unfinished, ", "))
	}
	return nil
}

func tellFindings(out io.Writer, store string, r *verify.Report) {
	fmt.Fprintf(out, "%s: %d records, %d values and %d index entries read, %d findings\n", store, r.Records, r.Values, r.Entries, int64(len(r.Findings))+r.More)
	for _, f := range r.Findings {
		fmt.Fprintln(out, " -", f)
	}
	if r.More > 0 {
		fmt.Fprintf(out, " - and %d more\n", r.More)
	}
}
