package bench

// bars are what the figures must reach side by side in one run, for SQLite with 64 clients (the bar of the project).
var bars = []struct {
	over, under string
	least       float64
}{
	{"spread", "floor", 0.2},
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

// ratios compares what was measured. Each pair is judged at 64 clients, or at the most that both ran with.
func ratios(points []Point) []ratio {
	var list []ratio
	for _, b := range bars {
		judge := -1
		for _, p := range points {
			under, ok := find(points, b.under, p.Clients)
			if p.Scenario != b.over || !ok || under.PerSecond == 0 {
				continue
			}
			list = append(list, ratio{Over: b.over, Under: b.under, Clients: p.Clients, Value: p.PerSecond / under.PerSecond, Bar: b.least})
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

func find(points []Point, scenario string, clients int) (Point, bool) {
	for _, p := range points {
		if p.Scenario == scenario && p.Clients == clients {
			return p, true
		}
	}
	return Point{}, false
}
