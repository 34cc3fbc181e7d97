// Package bench is the load generator behind `kassa bench`. It drives Kassa over HTTP like many terminals at once, measures it and
// checks the books afterwards.
package bench

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"kassa/core/fault"
)

// Place is a database: the one of the MongoDB URI, or without one SQLite in a folder.
type Place struct {
	MongoDB string
	Data    string
	Kept    bool // the folder is the data folder itself, or the database has a name, and stays
}

// History is what a shop with a history must be.
type History struct {
	Bills           int64
	Category        string // of its products
	Email, Password string // of its manager
	Told            func(bills int64)
}

// Local measures a scenario without HTTP, by so many callers or with so many records a commit, in a new database at the place, and proves what
// it made. It fills in what the figures of a Point are, and nothing of the processes.
type Local func(ctx context.Context, at Place, n int, time time.Duration) (Point, error)

// Scratch is an empty database of its own on a MongoDB server.
type Scratch struct {
	URI   string
	Nodes int
	Drop  func(ctx context.Context) error
}

// inProcess are the records a commit of the scenario raw, and the callers of the scenario writer.
var inProcess = []int{1, 64, 128}

// Command is `kassa bench`.
type Command struct {
	Local   map[string]Local                                         // by scenario; those without one are left out
	Scratch func(ctx context.Context, uri string) (Scratch, error)   // for --mongodb
	Prove   func(ctx context.Context, at Place, out io.Writer) error // kassa verify; nil: only the answers are compared with the books
	// Remember makes a shop with a history in the folder or on the MongoDB server of the place, unless it is there, and returns where it is kept.
	Remember func(ctx context.Context, at Place, h History) (Place, error)
}

// Run does what the flags in args say, writes the result to stdout and its progress to stderr. Faults: flag_invalid; server_not_started,
// server_gone, clients_not_connected, request_refused; verification_failed when the books are wrong, however fast they were.
func (k Command) Run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	c, err := parseFlags(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	b := &run{config: c, command: k, report: report{stdout}, progress: stderr}
	var number [8]byte
	_, _ = rand.Read(number[:]) // it never fails
	b.number = binary.LittleEndian.Uint64(number[:])
	defer func() { err = errors.Join(err, b.end()) }()
	if err := b.prepare(ctx); err != nil || b.seed {
		return err
	}
	return b.all(ctx)
}

// run is one run of the command.
type run struct {
	config
	command  Command
	report   report
	progress io.Writer
	number   uint64 // chance, for names and keys
	bases    []*database
	result   result
	alone    error // the points whose crowds were not let in
}

func (b *run) say(format string, args ...any) { tell(b.progress, format+"\n", args...) }

// tell writes text for a person. A terminal that is gone is no reason to stop measuring.
func tell(to io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(to, format, args...) }

// task is one point to measure.
type task struct {
	base     *database
	scenario scenario
	n        int
}

// tasks returns the points in an order that measures what is compared shortly after each other. What needs the catalogue comes last, since a shop has
// it from then on.
func (b *run) tasks() []task {
	var list []task
	seen := map[string]bool{}
	add := func(s scenario, n int) {
		for _, base := range b.bases {
			if key := fmt.Sprint(base.name, s.name, n); !seen[key] && b.can(base, s) {
				seen[key] = true
				list = append(list, task{base, s, n})
			}
		}
	}
	for _, s := range b.scenarios {
		if s.local() && !s.naive {
			for _, n := range inProcess {
				add(s, n)
			}
		}
	}
	for _, n := range b.clients {
		for _, s := range b.scenarios {
			if !s.local() || s.naive {
				add(s, s.whole(n))
			}
		}
	}
	list = slices.Repeat(list, b.rounds)
	slices.SortStableFunc(list, func(x, y task) int {
		switch {
		case x.scenario.stock == y.scenario.stock:
			return 0
		case y.scenario.stock:
			return -1
		}
		return 1
	})
	return list
}

// can reports whether the scenario can be measured on the database.
func (b *run) can(base *database, s scenario) bool {
	switch {
	case s.local():
		return b.command.Local[s.name] != nil && !base.place.Kept && (base.name != onTarget || !s.naive) // it would be another database than the target's
	case s.pair:
		return base.place.MongoDB != "" && !base.place.Kept
	}
	return true
}

// prepare opens every database, with a shop in it.
func (b *run) prepare(ctx context.Context) error {
	var err error
	folder := b.data
	if b.target != "" {
		b.bases = []*database{{name: onTarget, addresses: []string{b.target}, processes: pidOf(b.config)}}
	} else if folder, err = b.start(ctx); err != nil || b.seed {
		return err
	}
	for _, base := range b.bases {
		b.say("%s: making users, products and registers", base.name)
		if err := base.open(ctx, b.config, b.number); err != nil {
			return err
		}
		if b.history == 0 {
			continue
		}
		if slices.ContainsFunc(b.scenarios, func(s scenario) bool { return s.stock }) { // a history that was measured before has it already
			if err := b.fill(ctx, base); err != nil {
				return err
			}
		}
		b.say("%s: waiting until its reports are quick", base.name)
		base.shop.settle(ctx)
	}
	if folder == "" {
		folder = os.TempDir()
	}
	b.result.Open = b.open
	b.result.Facts, err = gather(folder)
	return err
}

// start starts servers on every database that the flags name, and returns the folder of SQLite's disk.
func (b *run) start(ctx context.Context) (folder string, err error) {
	if b.sqlite {
		b.bases = append(b.bases, &database{name: onSQLite, place: Place{Data: b.data}})
		if err := b.remember(ctx, onSQLite, Place{Data: b.kept}); err != nil {
			return "", err
		}
	}
	for _, uri := range b.mongodb {
		base, err := b.scratch(ctx, uri)
		if err != nil {
			return "", err
		}
		b.bases = append(b.bases, base)
		if err := b.remember(ctx, base.name, Place{MongoDB: uri, Data: b.kept}); err != nil {
			return "", err
		}
	}
	if b.seed {
		return b.data, nil
	}
	paired := slices.ContainsFunc(b.scenarios, func(s scenario) bool { return s.pair })
	for _, base := range b.bases {
		n := 1
		if paired && base.place.MongoDB != "" && !base.place.Kept {
			n = 2
		}
		for range n {
			b.say("%s: starting a server", base.name)
			if err := base.start(ctx); err != nil {
				return "", err
			}
		}
	}
	return b.data, nil
}

// remember adds the database with a history beside the one of the name, if one is asked for.
func (b *run) remember(ctx context.Context, beside string, at Place) error {
	if b.history == 0 {
		return nil
	}
	if b.command.Remember == nil {
		return refuse("--history cannot be used here")
	}
	name := beside + "+" + short(b.history)
	b.say("%s: looking for its history", name)
	last, first, began := time.Now(), int64(-1), time.Now()
	kept, err := b.command.Remember(ctx, at, History{Bills: b.history, Category: HistoryCategory, Email: b.email, Password: b.password, Told: func(n int64) {
		if first < 0 {
			first = n
		}
		if now := time.Now(); now.Sub(last) > 5*time.Second || n == b.history {
			last = now
			b.say("%s: %d of %d bills, %.0f a second", name, n, b.history, float64(n-first)/now.Sub(began).Seconds())
		}
	}})
	kept.Kept = true
	b.bases = append(b.bases, &database{name: name, place: kept})
	return err
}

// short writes a round number with k or M.
func short(n int64) string {
	switch {
	case n%1_000_000 == 0:
		return fmt.Sprint(n/1_000_000, "M")
	case n%1000 == 0:
		return fmt.Sprint(n/1000, "k")
	}
	return fmt.Sprint(n)
}

// end stops what prepare started.
func (b *run) end() error {
	var errs []error
	for _, base := range b.bases {
		errs = append(errs, base.end())
	}
	return errors.Join(errs...)
}

// all measures every point and reports. It ends at the first point whose books are wrong.
func (b *run) all(ctx context.Context) error {
	b.report.head(b.result.Facts, b.open)
	tasks := b.tasks()
	var failed error
	for i, t := range tasks {
		b.say("%d of %d: %s, %s, %d", i+1, len(tasks), t.base.name, t.scenario.name, t.n)
		if failed = b.point(ctx, i+1, t); failed != nil {
			break
		}
	}
	if failed == nil {
		failed = b.prove(ctx)
	}
	if b.open == 0 { // in an open loop the rate is given
		b.result.Ratios = ratios(b.result.Points)
	}
	b.report.besides(b.result.Points)
	b.report.codes(b.result.Points)
	b.report.ratios(b.result.Ratios)
	b.report.errors(b.result.Points)
	return errors.Join(failed, b.alone, b.result.save(b.json))
}

func (b *run) point(ctx context.Context, number int, t task) error {
	if t.scenario.local() {
		return b.localPoint(ctx, t)
	}
	base := t.base
	if path, offered := base.offers(ctx, t.scenario); !offered {
		b.say("the server does not offer %s (the floor is there with KASSA_BENCH=1)", path)
		return nil
	}
	if t.scenario.stock {
		if err := b.fill(ctx, base); err != nil {
			return err
		}
	}
	l := &load{scenario: t.scenario, shop: base.shop, servers: base.addresses[:1], clients: t.scenario.members(t.n), verify: b.verify,
		from: b.warmup, to: b.warmup + b.seconds}
	if t.scenario.pair {
		l.servers = base.addresses
	}
	if b.open > 0 {
		l.every = time.Duration(float64(l.clients) / b.open * float64(time.Second))
	}
	p, rolls, err := l.measure(ctx, number, l.clients, base.processes[:min(len(l.servers), len(base.processes))])
	if err != nil && !fault.IsCode(err, "crowd_refused") {
		return base.blame(err)
	}
	alone := err
	if err := base.forget(); err != nil {
		return err
	}
	p.Database, p.Clients = base.name, t.n
	var wrong findings
	if b.verify && t.scenario.books {
		if wrong, err = base.check(ctx, rolls); err != nil {
			return base.blame(err)
		}
		right := wrong.count == 0
		p.Verified = &right
	}
	b.report.row(p)
	if alone != nil { // what was measured is not what was asked for, and the rest may still be
		b.alone = errors.Join(b.alone, fmt.Errorf("%s, %d clients, on %s: %w", p.Scenario, p.Clients, p.Database, alone))
	} else {
		b.result.Points = append(b.result.Points, p)
	}
	if wrong.count > 0 {
		b.result.Findings = wrong.first
		return fault.New(fault.Internal, "verification_failed", "the books of %s are wrong after %s with %d clients, in %d places: %s",
			base.name, t.scenario.name, t.n, wrong.count, strings.Join(wrong.first, "; "))
	}
	return nil
}

// fill brings the catalogue into the database.
func (b *run) fill(ctx context.Context, base *database) error {
	err := base.shop.fill(ctx, b.catalogue, func(done int) { b.say("%s: %d of %d products of the catalogue", base.name, done, b.catalogue) })
	if err != nil {
		err = base.blame(err)
	}
	return err
}

func (b *run) localPoint(ctx context.Context, t task) error {
	p, err := b.command.Local[t.scenario.name](ctx, t.base.place, t.n, b.seconds)
	if err != nil {
		return err
	}
	p.Database, p.Scenario, p.Clients, p.ServerCPU, p.LoadCPU, p.Memory = t.base.name, t.scenario.name, t.n, -1, -1, -1
	b.result.Points = append(b.result.Points, p)
	b.report.row(p)
	return nil
}

// prove verifies the books of every database as a whole.
func (b *run) prove(ctx context.Context) error {
	if !b.verify || b.command.Prove == nil || b.target != "" {
		return nil
	}
	tell(b.report.out, "\nkassa verify:\n")
	for _, base := range b.bases {
		b.say("%s: proving the books as a whole", base.name)
		tell(b.report.out, "%-12s ", base.name)
		if err := b.command.Prove(ctx, base.kept(), b.report.out); err != nil {
			return err
		}
	}
	return nil
}
