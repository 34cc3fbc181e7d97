package bench

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
)

func at(scenario string, clients int, perSecond float64) Point {
	return Point{Scenario: scenario, Clients: clients, PerSecond: perSecond, ServerCPU: -1, LoadCPU: -1, Memory: -1}
}

func TestRatiosAreJudgedAt64Clients(t *testing.T) {
	for _, tc := range []struct {
		name   string
		points []Point
		judged int // clients
		passed bool
	}{
		{"64 among others", []Point{at("spread", 8, 100), at("hot", 8, 10), at("spread", 64, 100), at("hot", 64, 90), at("spread", 256, 100), at("hot", 256, 10)}, 64, true},
		{"the median of rounds", []Point{at("spread", 64, 100), at("hot", 64, 10), at("spread", 64, 100), at("hot", 64, 95), at("spread", 64, 1), at("hot", 64, 96)}, 64, true},
		{"the most without 64", []Point{at("spread", 16, 100), at("hot", 16, 10), at("spread", 8, 100), at("hot", 8, 100)}, 16, false},
	} {
		var got *ratio
		for _, r := range ratios(tc.points) {
			if r.Judged && got != nil {
				t.Errorf("%s: two ratios are judged", tc.name)
			}
			if r.Judged {
				got = &r
			}
		}
		if got == nil || got.Clients != tc.judged || got.passed() != tc.passed {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
	if r := ratios([]Point{at("spread", 8, 1), at("hot", 64, 1), at("floor", 8, 0)}); len(r) != 0 {
		t.Errorf("what was not measured side by side is compared: %+v", r)
	}
}

func TestDatabasesAreComparedWithTheirOwnBars(t *testing.T) {
	on := func(database string, p Point, p50 int64) Point {
		p.Database, p.P50 = database, p50
		return p
	}
	points := []Point{
		on("sqlite", at("spread", 64, 100), 0), on("mongodb-3", at("spread", 64, 90), 0), on("sqlite", at("naive-spread", 64, 1), 0),
		on("mongodb-3", at("naive-spread", 64, 10), 0), on("mongodb-3", at("floor", 64, 100), 0), on("sqlite", at("floor", 64, 100), 0),
		on("mongodb-3", at("spread", 1, 10), 4000), on("mongodb-3", at("raw", 1, 10), 1000),
	}
	type line struct {
		database, under string
		value           float64
		passed          bool
	}
	var got []line
	for _, r := range ratios(points) {
		got = append(got, line{r.Database, r.Under, r.Value, r.Judged && r.passed()})
	}
	want := []line{{"sqlite", "floor", 1, true}, {"mongodb-3", "naive-spread", 9, true}, {"mongodb-3", "raw", 4, false}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestLatenciesAreJudgedWithAsManyClientsAsTheirBarSays(t *testing.T) {
	slow := func(scenario string, clients int, p99 int64) Point {
		p := at(scenario, clients, 1)
		p.Database, p.P50, p.P99 = "sqlite", p99, p99
		return p
	}
	points := []Point{slow("search", 1, 1000), slow("search", 8, 20_001), slow("search", 64, 99_000), slow("barcode", 8, 5000), slow("mixed", 8, 90_000)}
	type line struct {
		title          string
		clients        int
		judged, passed bool
	}
	var got []line
	for _, r := range ratios(points) {
		got = append(got, line{r.title(), r.Clients, r.Judged, r.passed()})
	}
	want := []line{
		{"p99 of mixed, ms", 8, true, true}, {"p99 of search, ms", 1, true, true}, {"p99 of search, ms", 8, true, false},
		{"p99 of search, ms", 64, false, false}, {"p99 of barcode, ms", 8, true, true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAHistoryIsComparedWithTheDatabaseBesideIt(t *testing.T) {
	on := func(database, scenario string, clients int, perSecond float64, us int64) Point {
		p := at(scenario, clients, perSecond)
		p.Database, p.P50, p.P99 = database, us, us
		return p
	}
	points := []Point{
		on("sqlite", "hot", 64, 100, 0), on("sqlite+1M", "hot", 64, 84, 0), on("mongodb", "hot", 64, 50, 0), on("mongodb+1M", "hot", 64, 41, 0),
		on("sqlite", "balance", 1, 1, 100), on("sqlite+1M", "balance", 1, 1, 201), on("sqlite", "month", 1, 1, 100), on("sqlite+1M", "month", 1, 1, 300_000),
	}
	got := map[string]bool{}
	for _, r := range ratios(points) {
		if r.Judged {
			got[r.Database+" "+r.title()] = r.passed()
		}
	}
	want := map[string]bool{
		"sqlite+1M hot / without history": true, "mongodb+1M hot / without history": false,
		"sqlite+1M p50 of balance / without history": false, "sqlite+1M p99 of month, ms": true,
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestTheReportJudgesErrors(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		point      Point
	}{
		{"few", "errors at most 1 %: pass (1.00 %)\nno 5xx: pass (0)", Point{Answers: 99, Errors: 1, Codes: map[string]int64{"401 token_invalid": 1}}},
		{"many", "errors at most 1 %: FAIL (2.00 %)\nno 5xx: FAIL (2)", Point{Answers: 98, Errors: 2, Codes: map[string]int64{"500 internal": 2}}},
		{"not Kassa's", "errors at most 1 %: pass (0.00 %)\nno 5xx: pass (0)", Point{Scenario: "naive-hot", Errors: 2, Codes: map[string]int64{"500 internal": 2}}},
	} {
		var out bytes.Buffer
		report{&out}.errors([]Point{tc.point})
		if !strings.Contains(out.String(), tc.want) {
			t.Errorf("%s: %s", tc.name, out.String())
		}
	}
}
