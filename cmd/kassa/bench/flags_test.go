package bench

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"kassa/core/fault"
)

func TestWithoutFlagsEverythingIsMeasured(t *testing.T) {
	c, err := parseFlags(nil, nil)
	if err != nil || len(c.scenarios) != len(scenarios) || !slices.Equal(c.clients, []int{1, 8, 64, 256}) || c.seconds != 5*time.Second ||
		c.warmup != time.Second || c.products != 1000 || c.registers != 50 || !c.verify || c.target != "" || c.open != 0 || !c.sqlite || len(c.mongodb) > 0 ||
		c.catalogue != 100_000 || c.history != 0 || c.seed {
		t.Errorf("%v: %+v", err, c)
	}
}

func TestFlagsAreRead(t *testing.T) {
	c, err := parseFlags(strings.Fields("--target http://localhost/ --pid 7 --scenario hot,idem,hot --clients 3,3,5 --seconds 0.5 --open 100 --verify=false"), nil)
	if err != nil || c.target != "localhost:80" || c.pid != 7 || len(c.scenarios) != 2 || c.scenarios[1].name != "idem" ||
		!slices.Equal(c.clients, []int{3, 5}) || c.seconds != 500*time.Millisecond || c.open != 100 || c.verify {
		t.Errorf("%v: %+v", err, c)
	}
}

func TestDatabasesAndFamiliesAreRead(t *testing.T) {
	c, err := parseFlags(strings.Fields("--mongodb mongodb://a,b --mongodb mongodb://c --sqlite=false --scenario hot,two,two-hot,naive"), nil)
	var names []string
	for _, s := range c.scenarios {
		names = append(names, s.name)
	}
	if err != nil || c.sqlite || !slices.Equal(c.mongodb, []string{"mongodb://a,b", "mongodb://c"}) ||
		strings.Join(names, ",") != "hot,two-spread,two-hot,twice-spread,twice-hot,naive-spread,naive-hot" {
		t.Errorf("%v: %v %v", err, c.mongodb, names)
	}
}

func TestAHistoryIsKeptAmongTheCaches(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/caches")
	for args, want := range map[string]string{"--history 1000": "/caches/kassa", "--history 1000 --seed --kept /disk": "/disk"} {
		if c, err := parseFlags(strings.Fields(args), nil); err != nil || c.kept != want || c.history != 1000 {
			t.Errorf("%s: %v: %q", args, err, c.kept)
		}
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	for _, args := range []string{
		"--scenario fast", "--scenario ,", "--clients 0", "--clients x", "--clients 5000", "--clients 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
		"--seconds 0", "--seconds NaN", "--seconds 1e9", "--warmup -1", "--warmup 61", "--open -1", "--open NaN", "--open 1e7", "--products 19",
		"--products 10001", "--registers 0", "--registers 1001", "--rounds 0", "--rounds 21", "--target https://x", "--target x", "--target http://x/api", "--pid 3",
		"--target http://x --data y", "--target http://x --mongodb y", "--target http://x --sqlite=false", "--sqlite=false", "--mongodb a --mongodb b --mongodb c --mongodb d --mongodb e", "--what", "spread", "--seconds",
		"--catalogue 99", "--catalogue 500001", "--history 999", "--history 10000001", "--kept x", "--seed", "--target http://x --history 1000",
		"--scenario two", "--target http://x --scenario two-hot,twice-hot",
	} {
		if _, err := parseFlags(strings.Fields(args), nil); !fault.IsCode(err, "flag_invalid") {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestHelpNamesEveryScenarioAndFlag(t *testing.T) {
	var out bytes.Buffer
	if err := (Command{}).Run(t.Context(), []string{"--help"}, &out, nil); err != nil {
		t.Fatal(err)
	}
	for _, word := range append(scenarioNames(), "-target", "-pid", "-email", "-password", "-mongodb", "-sqlite", "-data", "-scenario", "-clients", "-seconds",
		"-warmup", "-open", "-products", "-registers", "-rounds", "-verify", "-json", "-catalogue", "-history", "-kept", "-seed", "(exact to 1 %)") {
		if !strings.Contains(out.String(), word) {
			t.Errorf("the help does not speak of %s", word)
		}
	}
}
