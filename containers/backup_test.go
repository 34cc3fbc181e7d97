package containers

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kassa/adapters/archive"
	"kassa/adapters/sqlite"
	"kassa/core/audit"
	"kassa/core/cashier"
	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/store"
	"kassa/core/user"

	"zombiezen.com/go/sqlite/sqlitex"
)

func ignore(string, int64) {}

// named is the configuration of a database by what kassa copy calls it.
func named(name string) Config {
	if isMongoURI(name) {
		return Config{MongoURI: name}
	}
	return Config{Data: name}
}

// backedUp returns a backup of the database.
func backedUp(t testing.TB, name string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "shop.kassa")
	must(t, Backup(t.Context(), named(name), file, quiet, ignore))
	return file
}

// empty are the kinds of databases, and how a new one is made.
func empty(t testing.TB) map[string]func() string {
	return map[string]func() string{"SQLite": t.TempDir, "MongoDB": func() string { return mongoConfig(t).MongoURI }}
}

// TestABackupIsTheSameShopInEitherDatabase backs up beside a shop that is open, and restores into either kind.
func TestABackupIsTheSameShopInEitherDatabase(t *testing.T) {
	folder, f := furnished(t)
	for from, source := range map[string]string{"SQLite": folder, "MongoDB": mongoConfig(t).MongoURI} {
		if from == "MongoDB" {
			_, err := copyShop(t.Context(), folder, source, quiet)
			must(t, err)
		}
		s := database(t, source)
		must(t, parkCart(t, s))
		signedIn, err := s.Users.Login(t.Context(), s.id, user.Login{Email: "mara@shop.test", Password: "correct horse"})
		must(t, err)
		head, err := s.Journal.Head(t.Context(), s.id)
		must(t, err)
		file := backedUp(t, source)
		want := s.dump(t)
		must(t, s.Provider.Transact(t.Context(), func(ctx context.Context) error { return s.Carts.Delete(ctx, s.id, "cart", 0) }))
		s.close(t)
		for to, target := range empty(t) {
			t.Run(from+" to "+to, func(t *testing.T) {
				name := target()
				got := map[string]int64{}
				must(t, Restore(t.Context(), named(name), file, quiet, func(store string, n int64) { got[store] = n }))
				if !maps.Equal(got, map[string]int64{"Shop": head.Position}) {
					t.Errorf("restored %v", got)
				}
				back := database(t, name)
				if back.dump(t) != want {
					t.Error("the journal that came back is another one")
				}
				if h, err := back.Journal.Head(t.Context(), back.id); err != nil || h.Token == head.Token || h.Status != journal.Active {
					t.Errorf("the head is %+v, %v; it was %+v", h, err, head)
				}
				if _, err := back.Users.Refresh(t.Context(), signedIn.RefreshToken); !fault.IsKind(err, fault.Unauthenticated) {
					t.Errorf("who was signed in still is: %v", err)
				}
				back.shows(t, f.products[4], f.image)
				back.goesOn(t, f)
			})
		}
	}
}

// TestABackupHoldsNoSessions looks for what a session keeps in the files themselves.
func TestABackupHoldsNoSessions(t *testing.T) {
	folder, _ := furnished(t)
	s := database(t, folder)
	signedIn, err := s.Users.Login(t.Context(), s.id, user.Login{Email: "mara@shop.test", Password: "correct horse"})
	must(t, err)
	session := strings.Split(signedIn.RefreshToken, ".")[1]
	r, err := archive.Open(backedUp(t, folder))
	must(t, err)
	into := t.TempDir()
	must(t, errors.Join(r.Extract(t.Context(), into, func(int64, int64) {}), r.Close()))
	found := func(dir string) (n int) {
		must(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if b, wrong := os.ReadFile(path); wrong == nil {
				n += bytes.Count(b, []byte(session))
			}
			return err
		}))
		return n
	}
	if there, kept := found(folder), found(into); there == 0 || kept > 0 {
		t.Errorf("the session %s is %d times in the folder and %d times in the backup", session, there, kept)
	}
}

func TestARestoreOverwritesNothing(t *testing.T) {
	folder, f := furnished(t)
	file := backedUp(t, folder)
	for kind, target := range empty(t) {
		t.Run(kind, func(t *testing.T) {
			name := target()
			must(t, Restore(t.Context(), named(name), file, quiet, ignore))
			if err := Restore(t.Context(), named(name), file, quiet, ignore); !fault.IsCode(err, "restore_exists") {
				t.Errorf("over the same books: %v", err)
			}
			s := database(t, name)
			must(t, s.sellWater(f))
			want := s.dump(t)
			if err := Restore(t.Context(), named(name), file, quiet, ignore); err == nil {
				t.Error("beside a server: restored")
			}
			s.close(t)
			if err := Restore(t.Context(), named(name), file, quiet, ignore); !fault.IsCode(err, "restore_exists") {
				t.Errorf("over books that went on: %v", err)
			}
			if database(t, name).dump(t) != want {
				t.Error("the books were changed")
			}
		})
	}
	t.Run("one of two", func(t *testing.T) {
		two := database(t, folder)
		must(t, two.Stores.Create(t.Context(), store.Store{ID: "aa", Name: "Aardvark", Currency: "EUR", TimeZone: "UTC", CreatedAt: two.clock.Now()}))
		two.close(t)
		both, other := backedUp(t, folder), mongoConfig(t).MongoURI
		must(t, Restore(t.Context(), named(other), file, quiet, ignore))
		s := database(t, other)
		must(t, s.sellWater(f))
		if err := Restore(t.Context(), named(other), both, quiet, ignore); !fault.IsCode(err, "restore_exists") {
			t.Error(err)
		}
		if all, err := s.Stores.List(t.Context()); err != nil || len(all) != 1 {
			t.Errorf("there is %v, %v", all, err)
		}
	})
	t.Run("one of the same name", func(t *testing.T) {
		other := mongoConfig(t).MongoURI
		s := database(t, other)
		must(t, s.Stores.Create(t.Context(), store.Store{ID: "other", Name: "SHOP", Currency: "EUR", TimeZone: "UTC", CreatedAt: s.clock.Now()}))
		if err := Restore(t.Context(), named(other), file, quiet, ignore); !fault.IsCode(err, "restore_exists") {
			t.Error(err)
		}
	})
}

// TestWhatFailsLeavesNothing damages a backup, breaks off, and asks for what there is afterwards.
func TestWhatFailsLeavesNothing(t *testing.T) {
	folder, f := furnished(t)
	file := backedUp(t, folder)
	whole, err := os.ReadFile(file)
	must(t, err)
	damaged := filepath.Join(t.TempDir(), "damaged.kassa")
	must(t, os.WriteFile(damaged, whole[:len(whole)*3/4], 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	breaks := func(_, what string, _, _ int64) {
		if what == "records proven" {
			cancel()
		}
	}
	for _, c := range []struct {
		name, want string
		run        func(data string) error
	}{
		{"a damaged backup", "backup_damaged", func(data string) error {
			return Restore(t.Context(), named(data), damaged, quiet, ignore)
		}},
		{"a manifest of other stores", "the stores that its manifest names", func(data string) error {
			return Restore(t.Context(), named(data), changed(t, file, func(_ string, m *archive.Manifest) { m.Stores[0].Records++ }), quiet, ignore)
		}},
		{"a backup of a newer kassa", "written by a newer kassa", func(data string) error {
			return Restore(t.Context(), named(data), changed(t, file, func(parts string, _ *archive.Manifest) {
				(&scene{t: t}).change(parts, func(s *scene) { must(t, sqlitex.ExecuteTransient(s.conn, "PRAGMA user_version = 1000", nil)) })
			}), quiet, ignore)
		}},
		{"books that are off", "stock:", func(data string) error {
			return Restore(t.Context(), named(data), changed(t, file, func(parts string, _ *archive.Manifest) {
				(&scene{t: t}).change(parts, func(s *scene) {
					s.exec("UPDATE stock SET on_hand = on_hand + 1 WHERE product = ?", string(f.products[0]))
				})
			}), quiet, ignore)
		}},
		{"a restore that is broken off", "restore_broken_off", func(data string) error { return Restore(ctx, named(data), file, breaks, ignore) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, kept := filepath.Join(t.TempDir(), "data"), t.TempDir()
			must(t, os.WriteFile(filepath.Join(kept, "jwt.key"), []byte("key"), 0o600))
			for _, in := range []string{data, kept} {
				if err := c.run(in); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
			}
			if _, err := os.Stat(data); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("there is a folder: %v", err)
			}
			left, err := filepath.Glob(filepath.Join(kept, "*"))
			must(t, err)
			for _, path := range left {
				if base := filepath.Base(path); base != "jwt.key" && base != "kassa.lock" && base != "kassa.db" {
					t.Errorf("there is %s", base)
				}
			}
			must(t, Restore(t.Context(), named(kept), file, quiet, ignore))
		})
	}
}

// changed returns a backup with other contents, or another manifest, whose digests are right.
func changed(t *testing.T, file string, change func(parts string, m *archive.Manifest)) string {
	t.Helper()
	r, err := archive.Open(file)
	must(t, err)
	parts := t.TempDir()
	must(t, errors.Join(r.Extract(t.Context(), parts, func(int64, int64) {}), r.Close()))
	var names []string
	for _, p := range r.Manifest.Parts {
		names = append(names, p.Name)
	}
	change(parts, &r.Manifest)
	other := filepath.Join(t.TempDir(), "other.kassa")
	must(t, archive.Write(t.Context(), other, r.Manifest, parts, names, func(int64, int64) {}))
	return other
}

// TestARestoreTidiesUpAfterOneThatWasKilled: half of what it unpacked, files that no list names, and the log of books that were there once.
func TestARestoreTidiesUpAfterOneThatWasKilled(t *testing.T) {
	folder, f := furnished(t)
	file, data := backedUp(t, folder), t.TempDir()
	database(t, data).close(t)
	must(t, os.Mkdir(filepath.Join(data, "restore.part"), 0o700))
	must(t, os.WriteFile(filepath.Join(data, "restore.part", "kassa.db"), []byte("half of it"), 0o600))
	wentOn := database(t, folder)
	want := wentOn.dump(t)
	must(t, wentOn.sellWater(f))
	for _, end := range []string{".db", ".db-wal"} {
		found, err := filepath.Glob(filepath.Join(folder, "store-*"+end))
		must(t, err)
		b, err := os.ReadFile(found[0])
		must(t, err)
		must(t, os.WriteFile(filepath.Join(data, filepath.Base(found[0])), b, 0o600))
	}
	must(t, Restore(t.Context(), named(data), file, quiet, ignore))
	s := database(t, data)
	s.verify(t)
	if s.dump(t) != want {
		t.Error("what came back is another shop")
	}
	if _, err := os.Stat(filepath.Join(data, "restore.part")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was unpacked is still there: %v", err)
	}
}

func TestABackupThatFailsLeavesNoFile(t *testing.T) {
	folder, f := furnished(t)
	off := copyOf(t, folder)
	(&scene{t: t, f: f}).change(off, func(s *scene) {
		s.exec("UPDATE stock SET on_hand = on_hand + 1 WHERE product = ?", string(f.products[0]))
	})
	half := t.TempDir()
	brokenOffAt(t, "values", folder, half)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, c := range []struct {
		name, data, want string
		ctx              context.Context
	}{
		{"books that are off", off, "stock:", t.Context()},
		{"half a copy", half, "a copy that was broken off", t.Context()},
		{"an empty folder", t.TempDir(), "no kassa data", t.Context()},
		{"no folder for the file", folder, "no such file", t.Context()},
		{"broken off", folder, "broken off; there is no", ctx},
	} {
		t.Run(c.name, func(t *testing.T) {
			within := t.TempDir()
			file := filepath.Join(within, "shop.kassa")
			if c.name == "no folder for the file" {
				file = filepath.Join(within, "missing", "shop.kassa")
			}
			err := Backup(c.ctx, named(c.data), file, func(string, string, int64, int64) { cancel() }, ignore)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if left, err := os.ReadDir(within); err != nil || len(left) > 0 {
				t.Errorf("there is %v, %v", left, err)
			}
		})
	}
}

// TestABackupTidiesUpAfterOneThatWasKilled, and keeps away from one that is alive.
func TestABackupTidiesUpAfterOneThatWasKilled(t *testing.T) {
	folder, _ := furnished(t)
	file := filepath.Join(t.TempDir(), "shop.kassa")
	alive, err := sqlite.Open(file + ".parts")
	must(t, err)
	for _, name := range []string{"kassa.db", "store-half.db"} {
		must(t, os.WriteFile(filepath.Join(file+".parts", name), []byte("half of it"), 0o600))
	}
	must(t, os.WriteFile(archive.Unfinished(file), []byte("half of it"), 0o600))
	if err := Backup(t.Context(), named(folder), file, quiet, ignore); !fault.IsCode(err, "backup_busy") {
		t.Errorf("beside another: %v", err)
	}
	if _, err := os.Stat(filepath.Join(file+".parts", "store-half.db")); err != nil {
		t.Errorf("what the other one works on is gone: %v", err)
	}
	must(t, alive.Close())
	must(t, Backup(t.Context(), named(folder), file, quiet, ignore))
	if left, err := filepath.Glob(file + ".*"); err != nil || len(left) > 0 {
		t.Errorf("there is %v, %v", left, err)
	}
}

// TestARestoreIntoMongoDBGoesOn breaks off in the second of two stores.
func TestARestoreIntoMongoDBGoesOn(t *testing.T) {
	folder, f := furnished(t)
	two := database(t, folder)
	must(t, two.Stores.Create(t.Context(), store.Store{ID: "aa", Name: "Aardvark", Currency: "EUR", TimeZone: "UTC", CreatedAt: two.clock.Now()}))
	two.close(t)
	file, target := backedUp(t, folder), mongoConfig(t).MongoURI
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := Restore(ctx, named(target), file, func(_, what string, _, _ int64) {
		if what == "values" {
			cancel()
		}
	}, ignore)
	if !fault.IsCode(err, "copy_broken_off") {
		t.Fatalf("broken off: %v", err)
	}
	s := database(t, target)
	all, err := s.Stores.List(t.Context())
	must(t, err)
	_, err = s.Cashier.Pay(by(audit.WithActor(t.Context(), audit.System()), f.cashier, user.Cashier), all[1].ID, cashier.Sale{Key: "early", Register: f.registers[0],
		Lines: []cashier.SaleLine{{Product: f.products[0], Quantity: measure.One}}})
	if !fault.IsCode(err, "store_inactive") {
		t.Errorf("a sale in half a shop: %v", err)
	}
	s.close(t)
	must(t, Restore(t.Context(), named(target), file, quiet, ignore))
	var out bytes.Buffer
	must(t, Verify(t.Context(), named(target), &out, func(string, int64, int64) {}))
	if strings.Count(out.String(), " 0 findings") != 2 {
		t.Error(out.String())
	}
	if err := Restore(t.Context(), named(target), file, quiet, ignore); !fault.IsCode(err, "restore_exists") {
		t.Errorf("again: %v", err)
	}
}
