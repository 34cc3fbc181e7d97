package bench

import (
	"cmp"
	"slices"
	"strings"
)

// figure is what of a point is compared.
type figure string

const (
	perSecond figure = "per second"
	p50       figure = "p50"
	p99       figure = "p99"
)

// of returns the point's figure: answers, or milliseconds.
func (f figure) of(p Point) float64 {
	switch f {
	case p50:
		return milliseconds(p.P50)
	case p99:
		return milliseconds(p.P99)
	case perSecond:
	}
	return p.PerSecond
}

// bar is what the figures of two scenarios must reach side by side in one run, or one figure by itself (the bar of the project).
type bar struct {
	over, under string // without under, the figure of over is judged by itself
	bar         float64
	on          string // the databases whose names begin so
	figure      figure // empty: perSecond
	at          int    // the most clients that a latency is judged with
	grown       bool   // over is measured on the database with a history, and under on the one without
}

// latency reports whether the bar is the most that the value may be.
func (b bar) latency() bool { return b.figure == p50 || b.figure == p99 }

const (
	onSQLite  = "sqlite"
	onMongoDB = "mongodb"
	onTarget  = "target" // nobody knows which it is
)

// bars of answers per second are judged with 64 clients. naive is in process while spread and hot pay for HTTP, so its bars are stricter than they
// look. A latency is judged with as many clients as its bar says, and with fewer. Of look-ups these are 8: more wait for the processors, not for the
// look-up.
var bars = append([]bar{
	{over: "spread", under: "floor", bar: 0.2, on: onSQLite},
	{over: "writer", under: "raw", bar: 0.5},
	{over: "hot", under: "spread", bar: 0.9},
	{over: "one-register", under: "spread", bar: 0.9},
	{over: "basket", under: "spread", bar: 0.7},
	{over: "idem", under: "spread", bar: 1},
	{over: "spread", under: "naive-spread", bar: 8, on: onMongoDB},
	{over: "hot", under: "naive-hot", bar: 20, on: onMongoDB},
	{over: "two-spread", under: "spread", bar: 0.7, on: onMongoDB},
	{over: "two-hot", under: "hot", bar: 0.7, on: onMongoDB},
	{over: "twice-spread", under: "spread", bar: 0.7, on: onMongoDB},
	{over: "twice-hot", under: "hot", bar: 0.7, on: onMongoDB},
	{over: "storm", under: "spread", bar: 0.6},
	{over: "reports", under: "spread", bar: 0.7},
	{over: "spread", under: "raw", bar: 3, figure: p50, at: 1},
	{over: "mixed", bar: 100, figure: p99, at: judged},
	{over: "search", bar: 20, figure: p99, at: 8},
	{over: "barcode", bar: 5, figure: p99, at: 8},
	{over: "month", bar: 300, figure: p99, at: 1, grown: true},
	{over: "balance", under: "balance", bar: 2, figure: p50, at: 1, grown: true},
}, lasting("spread", "hot", "basket", "one-register", "idem", "storm", "reports", "search", "barcode", "mixed")...)

// lasting returns the bars of what a history may slow down by a fifth at most.
func lasting(scenarios ...string) []bar {
	list := make([]bar, len(scenarios))
	for i, name := range scenarios {
		list[i] = bar{over: name, under: name, bar: 1 / 1.2, grown: true}
	}
	return list
}

// judged is the number of clients that the bars speak of.
const judged = 64

// ratio compares two scenarios with the same number of clients, or tells one figure.
type ratio struct {
	Database string  `json:"database"`
	Over     string  `json:"over"`
	Under    string  `json:"under,omitempty"` // empty: the value is the figure itself
	Figure   figure  `json:"figure"`
	Grown    bool    `json:"grown,omitempty"` // under was measured on the database without a history
	Clients  int     `json:"clients"`
	Value    float64 `json:"value"`
	Bar      float64 `json:"bar"`
	Most     bool    `json:"most"`   // the bar is the most that the value may be
	Judged   bool    `json:"judged"` // the bar is meant for this number of clients
}

func (r ratio) passed() bool {
	if r.Most {
		return r.Value <= r.Bar
	}
	return r.Value >= r.Bar
}

func (r ratio) title() string {
	title := r.Over
	switch {
	case r.Under == "":
		return string(r.Figure) + " of " + title + ", ms"
	case r.Grown:
		title += " / without history"
	default:
		title += " / " + r.Under
	}
	if r.Most {
		return string(r.Figure) + " of " + title
	}
	return title
}

// sign is how the value must stand to the bar.
func (r ratio) sign() string {
	if r.Most {
		return "<="
	}
	return ">="
}

// ratios compares the medians of what was measured on each database. One with a history is named after the one beside it, with a plus between.
func ratios(points []Point) []ratio {
	var list []ratio
	on := map[string][]Point{}
	var names []string
	for _, p := range points {
		if on[p.Database] == nil {
			names = append(names, p.Database)
		}
		on[p.Database] = append(on[p.Database], p)
	}
	for _, name := range names {
		before, _, old := strings.Cut(name, "+")
		for _, b := range bars {
			switch {
			case !strings.HasPrefix(name, b.on) && name != onTarget, b.grown && !old:
			case b.grown:
				list = append(list, b.compare(name, on[name], on[before])...)
			default:
				list = append(list, b.compare(name, on[name], on[name])...)
			}
		}
	}
	return list
}

// compare returns the bar's ratios. They are judged at 64 clients, or at the most that both scenarios ran with; a ratio of latencies means something with
// one client only.
func (b bar) compare(name string, points, others []Point) []ratio {
	var list []ratio
	judge, seen := -1, map[int]bool{}
	b.figure = cmp.Or(b.figure, perSecond)
	for _, p := range points {
		over, under := median(points, b.over, p.Clients, b.figure), 1.0
		if b.under != "" {
			under = median(others, b.under, p.Clients, b.figure)
		}
		if p.Scenario != b.over || seen[p.Clients] || under == 0 || b.latency() && b.under != "" && p.Clients != b.at {
			continue
		}
		seen[p.Clients] = true
		list = append(list, ratio{Database: name, Over: b.over, Under: b.under, Figure: b.figure, Grown: b.grown && b.under != "", Clients: p.Clients,
			Value: over / under, Bar: b.bar, Most: b.latency(), Judged: b.latency() && p.Clients <= b.at})
		last := len(list) - 1
		switch {
		case b.latency():
		case judge < 0, list[judge].Clients != judged && (p.Clients == judged || p.Clients > list[judge].Clients):
			judge = last
		}
	}
	if judge >= 0 {
		list[judge].Judged = true
	}
	return list
}

// median returns the middle of the figures of all rounds, or 0 when there was none.
func median(points []Point, scenario string, clients int, figure figure) float64 {
	var all []float64
	for _, p := range points {
		if p.Scenario == scenario && p.Clients == clients {
			all = append(all, figure.of(p))
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}
