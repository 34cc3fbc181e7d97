package bench

import (
	"slices"
	"strings"
)

// bar is what the figures of two scenarios must reach side by side in one run (the bar of the project).
type bar struct {
	over, under string
	least       float64
	on          string // the databases whose names begin so
	slowest     bool   // latencies of one client are compared, and the value is the most that it may be
}

const (
	onSQLite  = "sqlite"
	onMongoDB = "mongodb"
	onTarget  = "target" // nobody knows which it is
)

// bars are judged with 64 clients. naive is in process while spread and hot pay for HTTP, so its bars are stricter than they look.
var bars = []bar{
	{over: "spread", under: "floor", least: 0.2, on: onSQLite},
	{over: "writer", under: "raw", least: 0.5},
	{over: "hot", under: "spread", least: 0.9},
	{over: "one-register", under: "spread", least: 0.9},
	{over: "basket", under: "spread", least: 0.7},
	{over: "idem", under: "spread", least: 1},
	{over: "spread", under: "naive-spread", least: 8, on: onMongoDB},
	{over: "hot", under: "naive-hot", least: 20, on: onMongoDB},
	{over: "two-spread", under: "spread", least: 0.7, on: onMongoDB},
	{over: "two-hot", under: "hot", least: 0.7, on: onMongoDB},
	{over: "twice-spread", under: "spread", least: 0.7, on: onMongoDB},
	{over: "twice-hot", under: "hot", least: 0.7, on: onMongoDB},
	{over: "spread", under: "raw", least: 3, slowest: true},
}

// judged is the number of clients that the bars speak of.
const judged = 64

// ratio compares two scenarios with the same number of clients.
type ratio struct {
	Database string  `json:"database"`
	Over     string  `json:"over"`
	Under    string  `json:"under"`
	Clients  int     `json:"clients"`
	Value    float64 `json:"value"`
	Bar      float64 `json:"bar"`
	Most     bool    `json:"most"`   // the bar is the most that the value may be: medians of latencies
	Judged   bool    `json:"judged"` // the bar is meant for this number of clients
}

func (r ratio) passed() bool {
	if r.Most {
		return r.Value <= r.Bar
	}
	return r.Value >= r.Bar
}

func (r ratio) title() string {
	if r.Most {
		return "p50 of " + r.Over + " / " + r.Under
	}
	return r.Over + " / " + r.Under
}

// sign is how the value must stand to the bar.
func (r ratio) sign() string {
	if r.Most {
		return "<="
	}
	return ">="
}

// ratios compares the medians of what was measured on each database.
func ratios(points []Point) []ratio {
	var list []ratio
	for len(points) > 0 {
		name := points[0].Database
		var own, others []Point
		for _, p := range points {
			if p.Database == name {
				own = append(own, p)
			} else {
				others = append(others, p)
			}
		}
		for _, b := range bars {
			if strings.HasPrefix(name, b.on) || name == onTarget {
				list = append(list, b.compare(name, own)...)
			}
		}
		points = others
	}
	return list
}

// compare returns the bar's ratios. They are judged at 64 clients, or at the most that both scenarios ran with; latencies at one client.
func (b bar) compare(name string, points []Point) []ratio {
	var list []ratio
	judge, seen := -1, map[int]bool{}
	figure := func(p Point) float64 { return p.PerSecond }
	if b.slowest {
		figure = func(p Point) float64 { return float64(p.P50) }
	}
	for _, p := range points {
		over, under := median(points, b.over, p.Clients, figure), median(points, b.under, p.Clients, figure)
		if p.Scenario != b.over || seen[p.Clients] || under == 0 || b.slowest && p.Clients != 1 {
			continue
		}
		seen[p.Clients] = true
		list = append(list, ratio{Database: name, Over: b.over, Under: b.under, Clients: p.Clients, Value: over / under, Bar: b.least, Most: b.slowest})
		last := len(list) - 1
		if judge < 0 || list[judge].Clients != judged && (p.Clients == judged || p.Clients > list[judge].Clients) {
			judge = last
		}
	}
	if judge >= 0 {
		list[judge].Judged = true
	}
	return list
}

// median returns the middle of the figures of all rounds, or 0 when there was none.
func median(points []Point, scenario string, clients int, figure func(Point) float64) float64 {
	var all []float64
	for _, p := range points {
		if p.Scenario == scenario && p.Clients == clients {
			all = append(all, figure(p))
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}
