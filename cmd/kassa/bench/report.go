package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// report writes the results for people.
type report struct{ out io.Writer }

func (r report) head(f facts, open float64) {
	loop := "closed loop"
	if open > 0 {
		loop = fmt.Sprintf("open loop, %.0f per second (idem closed)", open)
	}
	tell(r.out, "%s\n%s\n\n", f, loop)
	tell(r.out, "%-12s %-13s %7s %10s %9s %9s %9s %9s %7s %7s %9s %8s %8s %8s  %s\n", "database", "scenario", "clients", "per second",
		"p50 ms", "p95 ms", "p99 ms", "max ms", "errors", "refused", "server us", "server %", "load %", "RSS MB", "books")
}

func (r report) row(p Point) {
	books := "-"
	if p.Verified != nil {
		books = map[bool]string{true: "ok", false: "WRONG"}[*p.Verified]
	}
	tell(r.out, "%-12s %-13s %7d %10.0f %9.3f %9.3f %9.3f %9.3f %7d %7d %9s %8s %8s %8s  %s\n", p.Database, p.Scenario, p.Clients, p.PerSecond,
		milliseconds(p.P50), milliseconds(p.P95), milliseconds(p.P99), milliseconds(p.Max), p.Errors, p.Refused,
		known(perAnswer(p)), known(p.ServerCPU), known(p.LoadCPU), known(megabytes(p.Memory)), books)
}

// perAnswer returns the server's processor time for one answer in microseconds.
func perAnswer(p Point) float64 {
	if p.ServerCPU < 0 || p.PerSecond == 0 {
		return -1
	}
	return p.ServerCPU / 100 * 1e6 / p.PerSecond
}

func megabytes(bytes int64) float64 {
	if bytes < 0 {
		return -1
	}
	return float64(bytes) / 1e6
}

func known(figure float64) string {
	if figure < 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", figure)
}

// besides tells how much the crowds were answered.
func (r report) besides(points []Point) {
	for _, p := range points {
		if p.Beside > 0 {
			s, _ := scenarioNamed(p.Scenario)
			tell(r.out, "%s, %s, %d clients: %.1f %s a second beside\n", p.Database, p.Scenario, p.Clients, p.Beside, s.whose.what)
		}
	}
}

// codes lists what was answered in place of bills.
func (r report) codes(points []Point) {
	title := "\nAnswers that are no bills, and no right answers to what was asked:\n"
	for _, p := range points {
		for _, code := range slices.Sorted(maps.Keys(p.Codes)) {
			tell(r.out, "%s  %s, %s, %d clients: %d x %s\n", title, p.Database, p.Scenario, p.Clients, p.Codes[code], code)
			title = ""
		}
	}
}

func (r report) ratios(list []ratio) {
	if len(list) == 0 {
		return
	}
	tell(r.out, "\n%-12s %-33s %7s %7s %7s\n", "database", "ratio", "clients", "is", "bar")
	for _, x := range list {
		verdict := ""
		if x.Judged {
			verdict = map[bool]string{true: "pass", false: "FAIL"}[x.passed()]
		}
		tell(r.out, "%-12s %-33s %7d %7.2f %s %5.2f  %s\n", x.Database, x.title(), x.Clients, x.Value, x.sign(), x.Bar, verdict)
	}
}

// errors judges that no scenario of Kassa has more than 1 % errors, and no answer with a status of 500 or more.
func (r report) errors(points []Point) {
	worst, broken := 0.0, int64(0)
	for _, p := range points {
		if s, _ := scenarioNamed(p.Scenario); s.naive {
			continue // what Kassa is compared with
		}
		if all := p.Answers + p.Refused + p.Errors; all > 0 {
			worst = max(worst, 100*float64(p.Errors)/float64(all))
		}
		for code, n := range p.Codes {
			if strings.HasPrefix(code, "5") {
				broken += n
			}
		}
	}
	tell(r.out, "\nerrors at most 1 %%: %s (%.2f %%)\nno 5xx: %s (%d)\n", verdict(worst <= 1), worst, verdict(broken == 0), broken)
}

func verdict(passed bool) string { return map[bool]string{true: "pass", false: "FAIL"}[passed] }

// result is what --json writes.
type result struct {
	Facts    facts    `json:"facts"`
	Open     float64  `json:"open_per_second"` // 0: closed loop
	Points   []Point  `json:"points"`
	Ratios   []ratio  `json:"ratios"`
	Findings []string `json:"findings,omitempty"` // what is wrong with the books
}

func (r result) save(file string) error {
	if file == "" {
		return nil
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o600)
}
