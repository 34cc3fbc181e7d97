// Command replicaset starts a throw-away MongoDB replica set on this machine, for benchmarks and for trying things out:
//
//	go run ./adapters/mongodb/mongotest/replicaset --nodes 3 --auth
//
// The first line of its output is the set's URI. The set runs until the command's input is closed or it gets SIGINT or SIGTERM, and
// then is removed with all its data, unless --data names a folder for it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"kassa/adapters/mongodb/mongotest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "replicaset:", err)
		os.Exit(1)
	}
}

// run serves a set until the context ends or the input does, also while it still starts.
func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	var o mongotest.Options
	flags := flag.NewFlagSet("replicaset", flag.ContinueOnError)
	flags.IntVar(&o.Nodes, "nodes", 1, "1 or 3")
	flags.IntVar(&o.Cache, "cache", 2, "GB of each node's cache; 0 for the least that runs, which is slow under load")
	flags.BoolVar(&o.Auth, "auth", false, "with a keyfile and the user root")
	flags.StringVar(&o.Data, "data", "", "`folder` that keeps the data, so that the set can be started again; without it the data is removed at the end")
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(out)
		flags.Usage()
		return nil
	} else if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in) // an input that fails has ended, too
		cancel()
	}()
	set, err := mongotest.OpenReplicaSet(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return nil // it was to end before the set was there
		}
		return err
	}
	defer set.Close()
	if _, err := fmt.Fprintln(out, set.URI()); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
