package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kassa/core/fault"
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

// TestWrongUsage: what a command cannot mean is exit code 2 and a sentence that says what it takes; help is no error.
func TestWrongUsage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	t.Setenv("KASSA_DATA", data)
	for _, c := range []struct {
		args, out, sentence string
		code                int
	}{
		{args: "help", out: "Usage: kassa COMMAND"},
		{args: "--help", out: "Usage: kassa COMMAND"},
		{args: "help serve", out: "Usage: kassa serve"},
		{args: "verify --help", out: "KASSA_DATA=data/demo kassa verify"},
		{args: "import --help", out: "KASSA_DATA=data/demo kassa import"},
		{args: "help bench", out: "Usage: kassa bench"},
		{args: "", out: "Usage: kassa COMMAND", code: 2},
		{args: "sreve", sentence: `there is no command "sreve"; kassa help lists them`, code: 2},
		{args: "help sreve", sentence: `there is no command "sreve"; kassa help lists them`, code: 2},
		{args: "serve now", sentence: `serve takes no arguments, and "now" was given; kassa serve --help says more`, code: 2},
		{args: "bench now", sentence: `bench takes no arguments, and "now" was given; kassa bench --help says more`, code: 2},
		{args: "serve --now", sentence: "flag provided but not defined: -now; kassa serve --help says more", code: 2},
		{args: "bench --now", sentence: "flag provided but not defined: -now; kassa bench --help says more", code: 2},
		{args: "import --format xml " + file, sentence: `--format is csv or json, not "xml"`, code: 2},
		{args: "help copy", out: "Usage: kassa copy"},
		{args: "copy", sentence: "copy needs --from or --to; kassa copy --help says more", code: 2},
		{args: "copy --from a --to ./a", sentence: "--from and --to are the same database", code: 2},
		{args: "copy --from MONGODB://a --to b", sentence: "--from is neither a URI that begins with mongodb:// or mongodb+srv:// nor a folder; a folder of such a name is ./NAME", code: 2},
		{args: "copy --to " + filepath.Join(t.TempDir(), "copy"), sentence: "--from: there is no kassa data in " + data + ": no file kassa.db is there", code: 1},
		{args: "import " + file, sentence: "a.txt is neither .csv nor .json; say which with --format", code: 1},
	} {
		t.Run(c.args, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := execute(t.Context(), strings.Fields(c.args), &out, &errs)
			if code != c.code || !strings.Contains(out.String(), c.out) || c.sentence == "" && errs.Len() > 0 ||
				c.sentence != "" && errs.String() != "kassa: "+c.sentence+"\n" {
				t.Errorf("exit code %d, %q and %q; want %d, %q and %q", code, out.String(), errs.String(), c.code, c.out, c.sentence)
			}
		})
	}
}

// TestASentenceSaysWhatItIsAbout: no code, no cause, and what the commands say around it.
func TestASentenceSaysWhatItIsAbout(t *testing.T) {
	cause := fault.New(fault.Conflict, "store_exists", "it is there").Wrap(errors.New("E11000"))
	if got, want := sentence(fmt.Errorf("copy the store Shop: %w", cause)), "copy the store Shop: it is there"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestAPortThatIsTakenLeavesNoDataBehind: the next start, on another port or of another program, finds the folder as it was.
func TestAPortThatIsTakenLeavesNoDataBehind(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, name := range []string{"KASSA_ADDR", "KASSA_METRICS_ADDR"} {
		data := filepath.Join(t.TempDir(), "data")
		t.Setenv("KASSA_DATA", data)
		t.Setenv("KASSA_ADDR", "127.0.0.1:0")
		t.Setenv("KASSA_METRICS_ADDR", "127.0.0.1:0")
		t.Setenv(name, taken.Addr().String())
		var out, errs bytes.Buffer
		want := fmt.Sprintf("kassa: %s %s is already in use; stop what listens there, or set %s to another address\n", name, taken.Addr(), name)
		if code := execute(t.Context(), []string{"serve"}, &out, &errs); code != 1 || errs.String() != want {
			t.Errorf("exit code %d and %q, want %q", code, errs.String(), want)
		}
		if _, err := os.Stat(data); err == nil {
			t.Errorf("with a wrong %s there is a data folder", name)
		}
	}
}
