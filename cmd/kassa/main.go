// Command kassa is the point-of-sale backend: it serves the REST API and its documents, imports products, proves and copies the books,
// and measures the machine that it runs on.
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
	"strings"
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
	{"backup", "write every store to a file, beside a running server", backup},
	{"restore", "bring the stores of a backup back", restore},
	{"health", "ask the server on KASSA_ADDR whether it can serve", health},
	{"copy", "copy every store from one database to another", copyStores},
	{"bench", "measure this machine with simulated tills", benchmark},
}

// misuse is a call that no command can mean.
type misuse struct{ error }

// Unwrap returns what is wrong.
func (m misuse) Unwrap() error { return m.error }

func misused(format string, args ...any) error { return misuse{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl+C ends the process at once
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs the command and returns the exit code: 2 when it was not told what to do, 1 when it could not do it.
func execute(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 0 {
		usage(out)
		return 2
	}
	err := run(ctx, args, out, errs)
	if err == nil {
		return 0
	}
	tell(errs, "kassa: %s\n", sentence(err))
	var wrong misuse
	if errors.As(err, &wrong) {
		return 2
	}
	return 1
}

// sentence returns what a person needs to know of an error: of a fault its message, and what it happened to, without its code and cause.
func sentence(err error) string {
	if f, ok := fault.As(err); ok {
		return strings.Replace(err.Error(), f.Error(), f.Message, 1)
	}
	return err.Error()
}

func run(ctx context.Context, args []string, out, errs io.Writer) error {
	if args[0] == "help" && len(args) == 2 {
		args = []string{args[1], "--help"}
	}
	if args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		usage(out)
		return nil
	}
	for _, c := range commands {
		if c.name == args[0] {
			if c.name != "bench" { // its tills are not what is measured
				limitMemory(ctx)
			}
			return c.run(ctx, &call{args: args[1:], out: out, errs: errs, config: func() (containers.Config, error) { return readConfig(errs) }})
		}
	}
	return misused("there is no command %q; kassa help lists them", args[0])
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
			return "", true, misused("%w; kassa %s --help says more", err, fs.Name())
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
		return "", true, misused("%s takes no arguments, and %q was given; kassa %s --help says more", fs.Name(), given[0], fs.Name())
	case len(given) != 1:
		return "", true, misused("%s takes one %s, and %d were given; kassa %s --help says more", fs.Name(), positional, len(given), fs.Name())
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
	c.Log = slog.New(slog.NewJSONHandler(errs, &slog.HandlerOptions{Level: c.LogLevel}))
	return c, err
}
