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
	"strconv"
	"strings"
	"time"

	"kassa/core/fault"
)

// Raw measures what the bare store can do: it writes the records of three-line sales, batch a commit, for the time, and returns their
// number as Answers, records per second, and latencies of a commit in microseconds. It fills in no other field.
type Raw func(ctx context.Context, batch int, time time.Duration) (Point, error)

// Writer measures sales through the writer in process, without HTTP, by so many callers at once. It fills in what Raw does, but no latencies.
type Writer func(ctx context.Context, callers int, time time.Duration) (Point, error)

// inProcess are the records a commit of the scenario raw, and the callers of the scenario writer.
var inProcess = []int{1, 128}

// Command is `kassa bench`.
type Command struct {
	Raw    Raw    // of the scenario raw; nil: it is left out
	Writer Writer // of the scenario writer; nil: it is left out
}

// local returns what measures the scenario in process, or nil.
func (k Command) local(s scenario) func(ctx context.Context, n int, time time.Duration) (Point, error) {
	switch {
	case s.name == "raw" && k.Raw != nil:
		return k.Raw
	case s.name == "writer" && k.Writer != nil:
		return k.Writer
	}
	return nil
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
	b := &run{config: c, command: k, report: report{stdout}, progress: stderr, address: c.target, server: pidOf(c)}
	var number [8]byte
	_, _ = rand.Read(number[:]) // it never fails
	b.number = binary.LittleEndian.Uint64(number[:])
	defer func() { err = errors.Join(err, b.end()) }()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	return b.all(ctx)
}

func pidOf(c config) process {
	if c.pid == 0 {
		return ""
	}
	return process(strconv.Itoa(c.pid))
}

// run is one run of the command.
type run struct {
	config
	command  Command
	report   report
	progress io.Writer
	number   uint64 // chance, for names and keys
	address  string
	server   process
	child    *server // nil with a target
	shop     *shop
	books    *books
	endLogin context.CancelFunc
	result   result
}

func (b *run) say(format string, args ...any) { tell(b.progress, format+"\n", args...) }

// tell writes text for a person. A terminal that is gone is no reason to stop measuring.
func tell(to io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(to, format, args...) }

// task is one point to measure.
type task struct {
	scenario scenario
	n        int
}

// tasks returns the points in an order that measures what is compared shortly after each other.
func (b *run) tasks() []task {
	var list []task
	seen := map[string]bool{}
	add := func(s scenario, n int) {
		if key := fmt.Sprint(s.name, n); !seen[key] {
			seen[key] = true
			list = append(list, task{s, n})
		}
	}
	for _, s := range b.scenarios {
		if b.command.local(s) != nil {
			for _, n := range inProcess {
				add(s, n)
			}
		}
	}
	for _, n := range b.clients {
		for _, s := range b.scenarios {
			if s.pick != nil {
				add(s, s.whole(n))
			}
		}
	}
	return slices.Repeat(list, b.rounds)
}

// prepare starts the server and opens the shop in it.
func (b *run) prepare(ctx context.Context) error {
	folder := b.data
	if b.address == "" {
		b.say("starting a server")
		var err error
		if b.child, err = startServer(ctx, b.config); err != nil {
			return err
		}
		b.address, b.server, folder = b.child.address, b.child.process(), b.child.folder
	}
	if folder == "" {
		folder = os.TempDir()
	}
	b.say("making %d products and %d registers", b.products, b.registers)
	var err error
	if b.shop, err = openShop(ctx, b.config, b.address, b.number); err != nil {
		return err
	}
	b.books = newBooks(b.shop)
	var login context.Context
	login, b.endLogin = context.WithCancel(ctx)
	go keepAlive(login, append(b.shop.sellers, b.shop.manager))
	b.result.Open = b.open
	b.result.Facts, err = gather(folder)
	return err
}

// end stops what prepare started.
func (b *run) end() error {
	if b.endLogin != nil {
		b.endLogin()
	}
	if b.shop != nil {
		b.shop.api.close()
	}
	if b.child != nil {
		return b.child.stop()
	}
	return nil
}

// all measures every point and reports. It ends at the first point whose books are wrong.
func (b *run) all(ctx context.Context) error {
	b.report.head(b.result.Facts, b.open)
	tasks := b.tasks()
	var failed error
	for i, t := range tasks {
		b.say("%d of %d: %s, %d", i+1, len(tasks), t.scenario.name, t.n)
		if failed = b.point(ctx, i+1, t); failed != nil {
			break
		}
	}
	if b.open == 0 { // in an open loop the rate is given
		b.result.Ratios = ratios(b.result.Points)
	}
	b.report.codes(b.result.Points)
	b.report.ratios(b.result.Ratios)
	b.report.errors(b.result.Points)
	return errors.Join(failed, b.result.save(b.json))
}

func (b *run) point(ctx context.Context, number int, t task) error {
	if t.scenario.pick == nil {
		return b.localPoint(ctx, t)
	}
	if !t.scenario.books && !b.offers(ctx, t.scenario.path) {
		b.say("the server does not offer %s; start it with KASSA_BENCH=1", t.scenario.path)
		return nil
	}
	l := &load{scenario: t.scenario, shop: b.shop, address: b.address, clients: t.n, verify: b.verify, from: b.warmup, to: b.warmup + b.seconds}
	if b.open > 0 {
		l.every = time.Duration(float64(t.n) / b.open * float64(time.Second))
	}
	p, rolls, err := l.measure(ctx, number, t.n, b.server)
	if err != nil {
		return b.blame(err)
	}
	if b.child != nil {
		if err := b.child.forget(); err != nil {
			return err
		}
	}
	var wrong findings
	if b.verify && t.scenario.books {
		if wrong, err = b.check(ctx, rolls); err != nil {
			return b.blame(err)
		}
		right := wrong.count == 0
		p.Verified = &right
	}
	b.result.Points = append(b.result.Points, p)
	b.report.row(p)
	if wrong.count > 0 {
		b.result.Findings = wrong.first
		return fault.New(fault.Internal, "verification_failed", "the books are wrong after %s with %d clients, in %d places: %s",
			t.scenario.name, t.n, wrong.count, strings.Join(wrong.first, "; "))
	}
	return nil
}

// blame adds what the server said last to an error that may be its doing.
func (b *run) blame(err error) error {
	if b.child == nil {
		return err
	}
	f, ok := fault.As(err)
	if !ok {
		f = fault.New(fault.Unavailable, "server_gone", "%v", err).Wrap(err)
	}
	c := *f
	c.Message += "; the server's last words: " + b.child.said()
	return &c
}

func (b *run) localPoint(ctx context.Context, t task) error {
	p, err := b.command.local(t.scenario)(ctx, t.n, b.seconds)
	if err != nil {
		return err
	}
	p.Scenario, p.Clients, p.ServerCPU, p.LoadCPU, p.Memory = t.scenario.name, t.n, -1, -1, -1
	b.result.Points = append(b.result.Points, p)
	b.report.row(p)
	return nil
}

// check compares the generator's books with the server's.
func (b *run) check(ctx context.Context, rolls []*roll) (findings, error) {
	wrong := b.books.enter(rolls)
	more, err := b.books.compare(ctx, b.shop)
	wrong.join(more)
	return wrong, err
}

// offers reports whether the server has the path: it does not answer 404.
func (b *run) offers(ctx context.Context, path string) bool {
	status, _ := b.shop.api.do(ctx, request{method: "POST", path: strings.TrimPrefix(path, "/api/v1"), token: *b.shop.manager.token.Load(), body: struct{}{}}, nil)
	return status != 404 && status != 0
}
