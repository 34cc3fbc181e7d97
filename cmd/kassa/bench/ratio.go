package bench

import "slices"

// bars are what the figures must reach side by side in one run, for SQLite with 64 clients (the bar of the project).
var bars = []struct {
	over, under string
	least       float64
}{
	{"spread", "floor", 0.2},
	{"writer", "raw", 0.5},
	{"hot", "spread", 0.9},
	{"one-register", "spread", 0.9},
	{"basket", "spread", 0.7},
	{"idem", "spread", 1},
}

// judged is the number of clients that the bars speak of.
const judged = 64

// ratio compares two scenarios with the same number of clients.
type ratio struct {
	Over    string  `json:"over"`
	Under   string  `json:"under"`
	Clients int     `json:"clients"`
	Value   float64 `json:"value"`
	Bar     float64 `json:"bar"`
	Judged  bool    `json:"judged"` // the bar is meant for this number of clients
}

func (r ratio) passed() bool { return r.Value >= r.Bar }

// ratios compares the medians of what was measured. Each pair is judged at 64 clients, or at the most that both ran with.
func ratios(points []Point) []ratio {
	var list []ratio
	for _, b := range bars {
		judge, seen := -1, map[int]bool{}
		for _, p := range points {
			over, under := median(points, b.over, p.Clients), median(points, b.under, p.Clients)
			if p.Scenario != b.over || seen[p.Clients] || under == 0 {
				continue
			}
			seen[p.Clients] = true
			list = append(list, ratio{Over: b.over, Under: b.under, Clients: p.Clients, Value: over / under, Bar: b.least})
			last := len(list) - 1
			if judge < 0 || list[judge].Clients != judged && (p.Clients == judged || p.Clients > list[judge].Clients) {
				judge = last
			}
		}
		if judge >= 0 {
			list[judge].Judged = true
		}
	}
	return list
}

// median returns the middle of the answers per second of all rounds, or 0 when there was none.
func median(points []Point, scenario string, clients int) float64 {
	var all []float64
	for _, p := range points {
		if p.Scenario == scenario && p.Clients == clients {
			all = append(all, p.PerSecond)
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}
