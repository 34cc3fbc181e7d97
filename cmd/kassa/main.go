// Command kassa is the point-of-sale backend: it serves the REST API and its documents, imports products, and proves the books.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	_ "time/tzdata" // time zones on machines without them

	"kassa/containers"
	"kassa/core/fault"
)

// command is one word after kassa.
type command struct {
	name, summary string
	run           func(ctx context.Context, c *call) error
}

// call is what a command works with.
type call struct {
	args   []string
	out    io.Writer
	errs   io.Writer
	config func() (containers.Config, error)
}

var commands = []command{
	{"serve", "serve the API and its documents", serve},
	{"demo", "serve a shop with 100 products, a till, a cashier and a manager", demo},
	{"import", "import products from a CSV or JSON file", importProducts},
	{"verify", "prove that the books are whole", verify},
	{"health", "ask the server on KASSA_ADDR whether it can serve", health},
	{"bench", "measure this machine with simulated tills", benchmark},
}

// errUsage ends a call whose usage was printed already.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl+C ends the process at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		tell(os.Stderr, "kassa: %s\n", sentence(err))
		os.Exit(1)
	}
}

// sentence returns what a person needs to know of an error.
func sentence(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Message
	}
	return err.Error()
}

func run(ctx context.Context, args []string, out, errs io.Writer) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		usage(out)
		if len(args) == 0 {
			return errUsage
		}
		return nil
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.run(ctx, &call{args: args[1:], out: out, errs: errs, config: func() (containers.Config, error) { return readConfig(errs) }})
		}
	}
	return fmt.Errorf("there is no command %q; kassa help lists them", args[0])
}

func usage(out io.Writer) {
	tell(out, "Kassa is a point-of-sale backend.\n\nUsage: kassa COMMAND [flags]\n")
	for _, c := range commands {
		tell(out, "  %-8s %s\n", c.name, c.summary)
	}
	tell(out, "\nkassa COMMAND --help says more. Settings come from the environment; .env.example lists them.\n")
}

// tell writes for a person. Who closed the pipe does not read on, and that ends no command.
func tell(to io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(to, format, args...)
}

// parse reads the flags of a command, before and behind its argument, which positional names; empty: it takes none. --help is no error: done
// is true then.
func (c *call) parse(fs *flag.FlagSet, positional, about string) (arg string, done bool, err error) {
	fs.SetOutput(io.Discard)
	var given []string
	for rest := c.args; ; rest = fs.Args()[1:] {
		switch err := fs.Parse(rest); {
		case errors.Is(err, flag.ErrHelp):
			c.help(fs, positional, about)
			return "", true, nil
		case err != nil:
			return "", true, fmt.Errorf("%w; kassa %s --help says more", err, fs.Name())
		}
		if fs.NArg() == 0 {
			break
		}
		given = append(given, fs.Arg(0))
	}
	switch {
	case positional == "" && len(given) == 0:
		return "", false, nil
	case positional == "":
		return "", true, fmt.Errorf("%s takes no arguments, and %q was given", fs.Name(), given[0])
	case len(given) != 1:
		return "", true, fmt.Errorf("%s takes one %s, and %d were given; kassa %s --help says more", fs.Name(), positional, len(given), fs.Name())
	}
	return given[0], false, nil
}

// help writes what a command is for and takes.
func (c *call) help(fs *flag.FlagSet, positional, about string) {
	flags := false
	fs.VisitAll(func(*flag.Flag) { flags = true })
	tell(c.out, "Usage: kassa %s", fs.Name())
	if flags {
		tell(c.out, " [flags]")
	}
	if positional != "" {
		tell(c.out, " %s", positional)
	}
	tell(c.out, "\n\n%s\n", about)
	if flags {
		tell(c.out, "\nFlags:\n")
		fs.SetOutput(c.out)
		fs.PrintDefaults()
	}
}

func readConfig(errs io.Writer) (containers.Config, error) {
	c, err := containers.ReadConfig()
	c.Log = slog.New(slog.NewJSONHandler(errs, nil))
	limitMemory()
	return c, err
}

// limitMemory keeps the heap small on a shop's laptop unless GOMEMLIMIT says otherwise: it is a soft limit. Below it the collector runs half as
// often as it would by itself: most of what a request makes is garbage at once.
func limitMemory() {
	const soft, percent = 160 << 20, 200
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(soft)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
