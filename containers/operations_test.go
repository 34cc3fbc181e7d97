package containers

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kassa/adapters/rest/resttest"

	"go.yaml.in/yaml/v4"
)

// document reads a file of docs.
func document(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "docs", name))
	must(t, err)
	return string(b)
}

// exported returns the names of the metrics of both databases, those of histograms without their ends.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, config := range databases {
		var at *Listening
		resttest.NewShop(t, func(t testing.TB) (s resttest.Server) { // some are by store
			s, at = serveWith(t, config(t))
			return s
		})
		_, text := scrape(t, at)
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); fields[0] == "#" && fields[1] == "TYPE" {
				names[fields[2]] = true
			}
		}
	}
	return names
}

var (
	metricName   = regexp.MustCompile(`\b(?:kassa|go|process|up)(?:_[a-z0-9]+)*\b`)
	histogramEnd = regexp.MustCompile(`_(bucket|sum|count)$`)
	labelled     = regexp.MustCompile(`\{[^}]*\}|\b(?:by|on) \([^)]*\)`)
)

// asked returns the metrics that an expression names. up is Prometheus' own.
func asked(expr string) (names []string) {
	for _, name := range metricName.FindAllString(labelled.ReplaceAllString(expr, ""), -1) {
		if name != "up" {
			names = append(names, histogramEnd.ReplaceAllString(name, ""))
		}
	}
	return names
}

// panel is what the tests read of a panel of the dashboard.
type panel struct {
	Title, Type string
	Targets     []struct{ Expr string }
}

// TestDashboardShowsEveryMetric and names none that there is not.
func TestDashboardShowsEveryMetric(t *testing.T) {
	var board struct {
		UID    string
		Panels []panel
	}
	must(t, json.Unmarshal([]byte(document(t, "operations/grafana.json")), &board))
	there, shown, rows := exported(t), map[string]bool{}, map[string]bool{}
	for _, p := range board.Panels {
		if p.Type == "row" {
			rows[p.Title] = true
			continue
		}
		if len(p.Targets) == 0 {
			t.Errorf("the panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			names := asked(target.Expr)
			if len(names) == 0 || strings.Count(target.Expr, "(") != strings.Count(target.Expr, ")") {
				t.Errorf("the panel %q asks for %s", p.Title, target.Expr)
			}
			for _, name := range names {
				shown[name] = true
				if !there[name] {
					t.Errorf("the panel %q names %s, which is not exported", p.Title, name)
				}
			}
		}
	}
	for name := range there {
		if strings.HasPrefix(name, "kassa_") && !shown[name] {
			t.Errorf("docs/operations/grafana.json does not show %s", name)
		}
	}
	for _, row := range []string{"Sales", "Latency by route", "Errors", "Queue, commits and batches", "Conflicts", "Logins", "Memory and processor", "Database"} {
		if !rows[row] {
			t.Errorf("there is no row %q", row)
		}
	}
	if board.UID != "kassa" {
		t.Errorf("the dashboard is called %q, so importing it again makes a second one", board.UID)
	}
}

// TestEveryAlarmCanRingAndIsExplained: what it asks for is exported, and docs/operations.md says what to do.
func TestEveryAlarmCanRingAndIsExplained(t *testing.T) {
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	must(t, yaml.Unmarshal([]byte(document(t, "operations/alerts.yml")), &file))
	there, guide := exported(t), document(t, "operations.md")
	alarms := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			alarms[r.Alert] = true
			if names := asked(r.Expr); len(names) == 0 && r.Alert != "KassaDown" {
				t.Errorf("%s asks for %s", r.Alert, r.Expr)
			}
			for _, name := range asked(r.Expr) {
				if !there[name] {
					t.Errorf("%s names %s, which is not exported", r.Alert, name)
				}
			}
			if severity := r.Labels["severity"]; severity != "critical" && severity != "warning" || r.Annotations["summary"] == "" {
				t.Errorf("%s has the labels %v and the annotations %v", r.Alert, r.Labels, r.Annotations)
			}
			if !strings.Contains(guide, "### "+r.Alert+"\n") {
				t.Errorf("docs/operations.md does not say what to do about %s", r.Alert)
			}
		}
	}
	for _, heading := range regexp.MustCompile(`(?m)^### (Kassa\w+)$`).FindAllStringSubmatch(guide, -1) {
		if !alarms[heading[1]] {
			t.Errorf("docs/operations.md explains %s, which is no alarm", heading[1])
		}
	}
	if len(alarms) < 10 {
		t.Errorf("there are the alarms %v only", alarms)
	}
}

// TestGuideNamesEverySettingAndField: what an operator can set, and what the log has, stands in docs/operations.md or the README.
func TestGuideNamesEverySettingAndField(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	must(t, err)
	guide := document(t, "operations.md")
	unsaid := []string{"KASSA_BENCH", "KASSA_OPERATOR_KEY"} // for kassa bench; for routes that are not there yet
	source, err := os.ReadFile("config.go")
	must(t, err)
	for _, m := range regexp.MustCompile(`env:"(KASSA_\w+)"`).FindAllStringSubmatch(string(source), -1) {
		if name := m[1]; !slices.Contains(unsaid, name) && !strings.Contains(string(readme)+guide, "`"+name+"`") {
			t.Errorf("nothing says what %s is", name)
		}
	}
	for _, field := range []string{"request_id", "method", "path", "route", "status", "us", "error", "store", "records", "queue", "apply_us", "write_us"} {
		if !strings.Contains(guide, "`"+field+"`") {
			t.Errorf("docs/operations.md does not say what %s in the log is", field)
		}
	}
}

// TestGuideExplainsEveryCodeOf503: who reads a code on the dashboard finds it in the guide, and the other way round.
func TestGuideExplainsEveryCodeOf503(t *testing.T) {
	_, at := serveWith(t, testConfig(t))
	_, text := scrape(t, at)
	_, section, _ := strings.Cut(document(t, "operations.md"), "### KassaErrors\n")
	section, _, _ = strings.Cut(section, "\n### ")
	counted := regexp.MustCompile(`kassa_http_unavailable_total\{code="(\w+)"\}`).FindAllStringSubmatch(string(text), -1)
	explained := regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(section, -1)
	if got, want := codes(explained), codes(counted); !slices.Equal(got, want) {
		t.Errorf("the guide explains %q; counted are %q", got, want)
	}
}

func codes(found [][]string) (codes []string) {
	for _, f := range found {
		codes = append(codes, f[1])
	}
	slices.Sort(codes)
	return codes
}

// TestGuideExplainsEveryLineOfTheLog: the guide has each message up to its first comma.
func TestGuideExplainsEveryLineOfTheLog(t *testing.T) {
	guide := document(t, "operations.md")
	message := regexp.MustCompile(`(?i:log(?:ger\(\))?\.(?:Info|Warn|Error|LogAttrs|NewRecord))\([^"\n]*"([^",;]+)`)
	found := 0
	for _, folder := range []string{"../adapters/rest", "../adapters/mongodb", "../adapters/sqlite", ".", "../cmd/kassa"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		must(t, err)
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			must(t, err)
			for _, m := range message.FindAllStringSubmatch(string(source), -1) {
				found++
				if !strings.Contains(guide, "| `"+m[1]) {
					t.Errorf("docs/operations.md does not explain %q of %s", m[1], name)
				}
			}
		}
	}
	if found < 9 {
		t.Errorf("only %d messages found in the sources", found)
	}
}
