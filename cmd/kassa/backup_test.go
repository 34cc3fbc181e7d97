package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"
)

const (
	clients    = 16  // tills that sell while a backup is made
	beforehand = 300 // sales answered before it begins
	killRounds = 10
)

// place is a kind of database, and how the settings for a new one are made.
type place struct {
	name string
	new  func(t *testing.T) []string
}

func places(t *testing.T) []place {
	t.Helper()
	c, n := mongotest.StartCluster(t, mongotest.Options{Auth: true}), 0
	return []place{
		{"SQLite", func(t *testing.T) []string { return settings(filepath.Join(t.TempDir(), "data")) }},
		{"MongoDB", func(t *testing.T) []string {
			n++
			return onMongoDB(t, c.UserURI("kassa", "correct horse", fmt.Sprint("backup", n)), "one")
		}},
	}
}

// TestBackups starts kassa backup beside a server that sells, and kassa restore into either kind of database.
func TestBackups(t *testing.T) {
	binary := build(t)
	all := places(t)
	for _, from := range all {
		t.Run("from "+from.name, func(t *testing.T) {
			b, s := newBooks(t, binary, from.new(t), small)
			file, before, during := b.backUpWhileSelling(s)
			for _, to := range all {
				t.Run("to "+to.name, func(t *testing.T) { b.restoreAndGoOn(t, to.new(t), file, before, during) })
			}
			t.Run("killed at any moment", b.killBackups)
		})
	}
	for _, to := range all {
		t.Run("a restore into "+to.name+" is killed at any moment", func(t *testing.T) { killRestores(t, binary, to) })
	}
}

// works runs a command that must succeed.
func (b *books) works(t *testing.T, args ...string) {
	t.Helper()
	if out, err := child(t, b.binary, b.env, args...).CombinedOutput(); err != nil {
		t.Fatalf("kassa %v: %v\n%s", args, err, out)
	}
}

// backUpWhileSelling backs up while tills sell. It returns the sales that were answered before it began, and those that were answered meanwhile.
func (b *books) backUpWhileSelling(s *server) (file string, before, during []*order) {
	b.t.Helper()
	file = filepath.Join(b.t.TempDir(), "shop.kassa")
	var sold atomic.Int64
	before, _ = b.trade(s, "before", clients, func(time.Time, answer) bool { return sold.Add(1) < beforehand })
	var made atomic.Bool
	began := make(chan struct{})
	go func() {
		defer close(began)
		defer made.Store(true)
		if out, err := child(b.t, b.binary, b.env, "backup", file).CombinedOutput(); err != nil {
			b.t.Errorf("kassa backup: %v\n%s", err, out)
		}
	}()
	during, open := b.trade(s, "during", clients, func(time.Time, answer) bool { return !made.Load() })
	<-began
	if len(open) > 0 || len(during) < clients {
		b.t.Errorf("beside the backup %d sales were answered and %d were not", len(during), len(open))
	}
	return file, before, during
}

// restoreAndGoOn restores into a new database. What was answered before the backup is there; terminals send what they sold meanwhile again.
func (b *books) restoreAndGoOn(t *testing.T, env []string, file string, before, during []*order) {
	back := &books{t: t, binary: b.binary, env: env, registers: b.registers, products: b.products}
	back.works(t, "restore", file)
	verifyBooks(t, back.binary, env)
	s := start(t, back.binary, env)
	s.token = b.cashier
	if a := s.call("GET", "/users/session", "", ""); a.status != http.StatusUnauthorized {
		t.Errorf("who was signed in still is: %d %s", a.status, a.body)
	}
	back.cashier = signIn(s, "carl@shop.test", "battery staple")
	there := map[string]bool{}
	for _, one := range back.bills(s) {
		there[one.ID] = true
	}
	var kept, lost []*order
	for _, o := range during {
		copied := *o
		if there[o.bill.ID] {
			kept = append(kept, &copied)
		} else {
			lost = append(lost, &copied)
		}
	}
	t.Logf("of %d sales beside the backup %d are in it", len(during), len(kept))
	back.settle(s, append(kept, before...), lost)
	back.check(s)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	back.verify()
}

// killed starts a command, kills it some time before it would end, and reports whether it was too late.
func killed(t *testing.T, c *exec.Cmd, lasts time.Duration) (ended bool) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	<-time.After(time.Duration(rand.Int64N(int64(lasts))))
	_ = c.Process.Kill() // it may have ended
	return c.Wait() == nil
}

// lasting returns how long something takes.
func lasting(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

// killBackups kills backups to one file. There is no file, or one that can be read back; and the next backup removes what was left.
func (b *books) killBackups(t *testing.T) {
	folder := t.TempDir()
	lasts := lasting(func() { b.works(t, "backup", filepath.Join(folder, "first.kassa")) })
	file, early := filepath.Join(folder, "shop.kassa"), 0
	for range killRounds {
		killed(t, child(t, b.binary, b.env, "backup", file), lasts)
		if _, err := os.Stat(file); err != nil {
			early++
			continue
		}
		back := &books{t: t, binary: b.binary, env: settings(filepath.Join(t.TempDir(), "data"))}
		back.works(t, "restore", file)
		back.verify()
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("a backup takes %v; %d of %d were killed before there was a file", lasts, early, killRounds)
	b.works(t, "backup", file)
	if left, err := filepath.Glob(file + ".*"); err != nil || len(left) > 0 {
		t.Errorf("there is %v, %v", left, err)
	}
}

// killRestores kills restores, each into a new database. Nobody can sell in what is there, or it is whole; and the same restore goes well when it is
// run again.
func killRestores(t *testing.T, binary string, to place) {
	b, s := newBooks(t, binary, settings(t.TempDir()), small)
	var sold atomic.Int64
	b.answered, _ = b.trade(s, "sold", clients, func(time.Time, answer) bool { return sold.Add(1) < beforehand })
	file := filepath.Join(t.TempDir(), "shop.kassa")
	b.works(t, "backup", file)
	first := &books{t: t, binary: binary, env: to.new(t)}
	lasts, early := lasting(func() { first.works(t, "restore", file) }), 0
	for range killRounds {
		back := &books{t: t, binary: binary, env: to.new(t), registers: b.registers, products: b.products, answered: b.answered}
		killed(t, child(t, binary, back.env, "restore", file), lasts)
		if back.sells() {
			back.verify()
			continue
		}
		early++
		back.works(t, "restore", file)
		back.verify()
		s := start(t, binary, back.env)
		signIn(s, "carl@shop.test", "battery staple")
		back.check(s)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("a restore takes %v; %d of %d were killed before there was a shop", lasts, early, killRounds)
}

// sells starts a server, and reports whether a till can sell something.
func (b *books) sells() bool {
	b.t.Helper()
	s := start(b.t, b.binary, b.env)
	defer func() {
		if err := s.stop(); err != nil {
			b.t.Error(err)
		}
	}()
	a := s.call("PUT", "/users/session", "", `{"email":"carl@shop.test","password":"battery staple"}`)
	if a.status != http.StatusOK {
		return false
	}
	signIn(s, "carl@shop.test", "battery staple")
	o := b.order("early")
	return s.call("POST", "/cashier/payments", o.key, o.body).status == http.StatusCreated
}

// TestWhatIsNoFileForABackup: one sentence each, and nothing is made.
func TestWhatIsNoFileForABackup(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("KASSA_DATA", filepath.Join(folder, "data"))
	there := filepath.Join(folder, "there")
	if err := os.WriteFile(there, []byte("a shopping list"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args, want string
		code       int
	}{
		{"backup", "backup takes one FILE", 2},
		{"backup -", "it cannot use a pipe", 2},
		{"restore -", "it cannot use a pipe", 2},
		{"backup " + there, "already; choose another name", 1},
		{"backup " + folder, "already; choose another name", 1},
		{"backup " + filepath.Join(folder, "missing", "a"), "no such file", 1},
		{"backup " + filepath.Join(folder, "a"), "no kassa data", 1},
		{"restore " + there, "is not a backup of Kassa", 1},
		{"restore " + filepath.Join(folder, "a"), "no such file", 1},
	} {
		t.Run(c.args, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := execute(t.Context(), strings.Fields(c.args), &out, &errs)
			if code != c.code || out.Len() > 0 || strings.Count(errs.String(), "\n") != 1 || !strings.Contains(errs.String(), c.want) {
				t.Errorf("exit code %d, %q and %q; want %d and %q", code, out.String(), errs.String(), c.code, c.want)
			}
		})
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("there is %v, %v", left, err)
	}
}
