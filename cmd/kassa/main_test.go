package main

import (
	"flag"
	"io"
	"strings"
	"testing"
)

func TestFlagsStandBeforeAndBehindTheArgument(t *testing.T) {
	for _, c := range []struct {
		args, positional, want, refusal string
		dry, done                       bool
	}{
		{args: "", positional: ""},
		{args: "a.csv", positional: "FILE", want: "a.csv"},
		{args: "--dry-run a.csv", positional: "FILE", want: "a.csv", dry: true},
		{args: "a.csv --dry-run", positional: "FILE", want: "a.csv", dry: true},
		{args: "-- -a.csv", positional: "FILE", want: "-a.csv"},
		{args: "", positional: "FILE", refusal: "takes one FILE, and 0 were given", done: true},
		{args: "a.csv b.csv", positional: "FILE", refusal: "takes one FILE, and 2 were given", done: true},
		{args: "a.csv --wet-run", positional: "FILE", refusal: "not defined: -wet-run; kassa try --help", done: true},
		{args: "more", positional: "", refusal: `takes no arguments, and "more" was given`, done: true},
		{args: "a.csv --help", positional: "FILE", done: true},
	} {
		t.Run(c.args+" for "+c.positional, func(t *testing.T) {
			fs := flag.NewFlagSet("try", flag.ContinueOnError)
			dry := fs.Bool("dry-run", false, "")
			arg, done, err := (&call{args: strings.Fields(c.args), out: io.Discard, errs: io.Discard}).parse(fs, c.positional, "about")
			if arg != c.want || done != c.done || *dry != c.dry {
				t.Errorf("got %q, done %v, dry %v, want %q, %v, %v", arg, done, *dry, c.want, c.done, c.dry)
			}
			if (err == nil) != (c.refusal == "") || err != nil && !strings.Contains(err.Error(), c.refusal) {
				t.Errorf("got %v, want %q", err, c.refusal)
			}
		})
	}
}
