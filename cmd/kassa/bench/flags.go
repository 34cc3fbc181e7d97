package bench

import (
	"flag"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kassa/core/fault"
)

// config is what the flags say.
type config struct {
	target    string // host:port of a running Kassa, or empty: start one
	pid       int    // of the target, to measure it; 0: unknown
	email     string
	password  string
	sqlite    bool
	mongodb   []string // URIs
	data      string
	scenarios []scenario
	clients   []int
	seconds   time.Duration
	warmup    time.Duration
	open      float64 // requests per second in all; 0: closed loop
	products  int
	registers int
	rounds    int
	verify    bool
	json      string
	catalogue int
	history   int64
	kept      string
	seed      bool
}

// Bounds of the flags.
const (
	maxPoints    = 16 // values of --clients
	maxClients   = 4096
	maxSeconds   = 600 // bounds the memory for the bills of a point
	maxProducts  = 10_000
	maxRegisters = 1000
	maxOpen      = 1_000_000
	maxRounds    = 20
	maxDatabases = 4
	minCatalogue = 100
	maxCatalogue = 500_000
	minHistory   = 1000
	maxHistory   = 10_000_000
)

const usage = `Usage: kassa bench [flags]

Drives Kassa over HTTP like many terminals at once, measures it, and checks afterwards that the books are right: stock = initial - sold,
each drawer holds the totals of its bills, receipt numbers are gapless, no key made two bills, each bill's hash follows the one before.
A run whose books are wrong fails, whatever its speed.

Without --target it starts a server of its own (kassa serve) with its data in a temporary folder, and removes both at the end. With --mongodb
it starts one on each database and measures them in turn, point by point. Generator, server and database share the machine: compare figures
of one run with each other, not with those of another day. At the end kassa verify proves the books of each database as a whole.

Scenarios (--scenario):
%s
Flags:
`

const notes = `
Closed loop (the default): each client sends its next sale when it has the answer to the last one. Open loop (--open): sales are due at
fixed times; a sale that is sent late because the server is slow counts from when it was due, so that waiting is not left out.

With --history everything is measured on two databases in turn: a new one, and one with as many bills, members and refunds of the last year, which
is made through the writer when it is asked for first. What runs sell there stays. The ratios compare the two.

Columns: answers per second; latencies in milliseconds (exact to 1 %); errors (neither a bill nor a refusal); refused (409 and 422, apart from
idempotency_in_flight); processor time of the server (not of MongoDB) in microseconds per answer, and of server and generator in percent of
one core; the server's largest memory. On a machine that does other work too, the time per answer is what to compare, and --rounds evens out the rest.

Examples:
  kassa bench
  kassa bench --scenario spread,hot --clients 64 --seconds 20 --json result.json
  kassa bench --scenario spread --clients 256 --open 2000
  kassa bench --history 1000000 --clients 1,64 --scenario spread,hot,reports,month,balance
  kassa bench --mongodb 'mongodb://127.0.0.1:27017/?replicaSet=rs0' --scenario spread,hot,naive,two
  kassa bench --target http://127.0.0.1:8080 --email me@shop.example --password '...'
`

// parseFlags reads the arguments. flag.ErrHelp after it wrote the help to out; an Invalid fault flag_invalid for what it cannot use.
func parseFlags(args []string, out io.Writer) (config, error) {
	var c config
	var scenarios, clients string
	var seconds, warmup float64
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&c.target, "target", "", "`URL` of a running Kassa, such as http://127.0.0.1:8080; it gets products, registers and sales that stay")
	f.IntVar(&c.pid, "pid", 0, "process `id` of the target, to measure its processor time and memory")
	f.StringVar(&c.email, "email", "bench@kassa.example", "manager's e-mail at the target; made by /setup where nothing is set up yet")
	f.StringVar(&c.password, "password", "bench-manager", "manager's password at the target")
	f.Func("mongodb", "`URI` of a MongoDB replica set, to be measured beside SQLite in a database of its own; may be given several times", func(uri string) error {
		c.mongodb = append(c.mongodb, uri)
		return nil
	})
	f.BoolVar(&c.sqlite, "sqlite", true, "measure SQLite; false leaves only --mongodb")
	f.StringVar(&c.data, "data", "", "`folder` in which the temporary data folder is made: the disk to measure (default the system's)")
	f.StringVar(&scenarios, "scenario", strings.Join(scenarioNames(), ","), "comma-separated `names`; naive and two mean all that begin so")
	f.StringVar(&clients, "clients", "1,8,64,256", "comma-separated `counts` of clients; each scenario runs with each, idem with multiples of 8")
	f.Float64Var(&seconds, "seconds", 5, "measured seconds of each point, 0.1 to 600")
	f.Float64Var(&warmup, "warmup", 1, "seconds of load before that, 0 to 60")
	f.Float64Var(&c.open, "open", 0, "open loop with this `rate` of sales per second in all; 0 is closed loop; idem is always closed")
	f.IntVar(&c.products, "products", 1000, "products in the shop, 20 to 10000")
	f.IntVar(&c.registers, "registers", 50, "registers in the shop, 1 to 1000")
	f.IntVar(&c.rounds, "rounds", 1, "how often everything is measured in turn, 1 to 20; ratios compare medians")
	f.BoolVar(&c.verify, "verify", true, "check the books after every point")
	f.IntVar(&c.catalogue, "catalogue", 100_000, "products that search, barcode and mixed look up, 100 to 500000; a --target keeps them")
	f.Int64Var(&c.history, "history", 0, "measure everything also on a database with so many `bills` of the last year, 1000 to 10000000; it is made once and kept")
	f.StringVar(&c.kept, "kept", "", "`folder` that keeps the SQLite databases with a history (default kassa in the user's folder for caches)")
	f.BoolVar(&c.seed, "seed", false, "make the databases with a --history, and measure nothing")
	f.StringVar(&c.json, "json", "", "write the results to this `file` too")
	if err := f.Parse(args); err != nil {
		if err == flag.ErrHelp { //nolint:errorlint // the flag package returns it bare
			writeUsage(f, out)
			return c, err
		}
		return c, refuse("%v", err)
	}
	if f.NArg() > 0 {
		return c, refuse("bench takes no arguments, and %q was given", f.Arg(0))
	}
	c.seconds, c.warmup = asDuration(seconds), asDuration(warmup)
	return c, c.check(scenarios, clients)
}

func refuse(format string, args ...any) error {
	return fault.New(fault.Invalid, "flag_invalid", format+"; kassa bench --help says more", args...)
}

func asDuration(seconds float64) time.Duration {
	if math.IsNaN(seconds) || math.Abs(seconds) > 1e6 {
		return -1
	}
	return time.Duration(seconds * float64(time.Second))
}

func writeUsage(f *flag.FlagSet, out io.Writer) {
	var list strings.Builder
	for _, s := range scenarios {
		fmt.Fprintf(&list, "  %-13s %s\n", s.name, s.what)
	}
	tell(out, usage, list.String())
	f.SetOutput(out)
	f.PrintDefaults()
	tell(out, "%s", notes)
}

func (c *config) check(scenarios, clients string) error {
	for name := range strings.SplitSeq(scenarios, ",") {
		named := scenariosNamed(strings.TrimSpace(name))
		if len(named) == 0 {
			return refuse("there is no scenario %q", name)
		}
		for _, s := range named {
			if !slices.ContainsFunc(c.scenarios, func(o scenario) bool { return o.name == s.name }) {
				c.scenarios = append(c.scenarios, s)
			}
		}
	}
	for text := range strings.SplitSeq(clients, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > maxClients {
			return refuse("--clients: %q is not a number from 1 to %d", text, maxClients)
		}
		if !slices.Contains(c.clients, n) {
			c.clients = append(c.clients, n)
		}
	}
	switch {
	case len(c.clients) > maxPoints:
		return refuse("--clients has more than %d values", maxPoints)
	case c.seconds < 100*time.Millisecond || c.seconds > maxSeconds*time.Second:
		return refuse("--seconds is from 0.1 to %d", maxSeconds)
	case c.warmup < 0 || c.warmup > time.Minute:
		return refuse("--warmup is from 0 to 60")
	case !(c.open >= 0 && c.open <= maxOpen):
		return refuse("--open is from 0 to %d", maxOpen)
	case c.products < popular || c.products > maxProducts:
		return refuse("--products is from %d to %d", popular, maxProducts)
	case c.registers < 1 || c.registers > maxRegisters:
		return refuse("--registers is from 1 to %d", maxRegisters)
	case c.rounds < 1 || c.rounds > maxRounds:
		return refuse("--rounds is from 1 to %d", maxRounds)
	case c.target != "" && (len(c.mongodb) > 0 || c.data != "" || !c.sqlite):
		return refuse("--mongodb, --sqlite and --data are for a server that bench starts, not for a --target")
	case len(c.mongodb) > maxDatabases:
		return refuse("--mongodb is given more than %d times", maxDatabases)
	case !c.sqlite && len(c.mongodb) == 0:
		return refuse("without SQLite there is nothing to measure: give --mongodb")
	case len(c.mongodb) == 0 && !slices.ContainsFunc(c.scenarios, func(s scenario) bool { return !s.pair }):
		return refuse("two servers have one database on MongoDB only, so there is nothing to measure: give --mongodb")
	case c.target == "" && c.pid != 0 || c.pid < 0:
		return refuse("--pid is the process id of a --target")
	}
	if err := c.checkHistory(); err != nil {
		return err
	}
	return c.checkTarget()
}

// checkHistory finds the folder that keeps histories.
func (c *config) checkHistory() error {
	switch {
	case c.catalogue < minCatalogue || c.catalogue > maxCatalogue:
		return refuse("--catalogue is from %d to %d", minCatalogue, maxCatalogue)
	case c.history != 0 && (c.history < minHistory || c.history > maxHistory):
		return refuse("--history is from %d to %d", minHistory, maxHistory)
	case c.history == 0 && (c.kept != "" || c.seed):
		return refuse("--kept and --seed are for a --history")
	case c.history != 0 && c.target != "":
		return refuse("--history is for a server that bench starts, not for a --target")
	}
	if c.history != 0 && c.kept == "" {
		caches, err := os.UserCacheDir()
		if err != nil {
			return refuse("there is no folder for caches (%v): say --kept", err)
		}
		c.kept = filepath.Join(caches, "kassa")
	}
	return nil
}

// checkTarget leaves host:port of the target.
func (c *config) checkTarget() error {
	if c.target == "" {
		return nil
	}
	u, err := url.Parse(c.target)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return refuse("--target %q is not a URL such as http://127.0.0.1:8080", c.target)
	}
	c.target = u.Host
	if u.Port() == "" {
		c.target += ":80"
	}
	return nil
}
