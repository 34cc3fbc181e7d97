package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kassa/core/fault"
)

// drive runs the command against a fake that breaks the promise.
func drive(t *testing.T, sabotage string, args ...string) (string, error) {
	t.Helper()
	s := httptest.NewServer(newFake(sabotage))
	defer s.Close()
	var out, progress bytes.Buffer
	args = append([]string{"--target", s.URL, "--seconds", "0.2", "--warmup", "0.05", "--products", "40", "--registers", "3"}, args...)
	err := Command{}.Run(t.Context(), args, &out, &progress)
	return out.String(), err
}

func TestEachScenarioIsMeasuredAndVerified(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	out, err := drive(t, "", "--clients", "1,16", "--rounds", "2", "--json", file)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r result
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, p := range r.Points {
		got[p.Scenario]++
		books := p.Scenario != "floor"
		if p.Answers == 0 || p.Errors+p.Refused != 0 || p.P50 > p.P99 || p.P99 > p.Max || books != (p.Verified != nil && *p.Verified) {
			t.Errorf("%+v", p)
		}
	}
	for _, name := range []string{"floor", "spread", "hot", "basket", "one-register", "idem"} {
		if got[name] != 4 || !strings.Contains(out, "\ntarget     "+name+" ") {
			t.Errorf("%s was measured %d times, want 4:\n%s", name, got[name], out)
		}
	}
	if len(r.Ratios) != 9 { // idem has no spread with 8 clients beside it
		t.Errorf("%d ratios: %+v", len(r.Ratios), r.Ratios)
	}
}

func TestARunWithWrongBooksFails(t *testing.T) {
	for sabotage, finding := range map[string]string{
		"lost sale": "has stock",
		"lost cash": "but its bills total",
		"hole":      "jumped from receipt number",
		"double":    "twice",
		"chain":     "does not follow the hash",
		"drop":      "got no answer",
	} {
		out, err := drive(t, sabotage, "--scenario", "spread", "--clients", "4")
		if !fault.IsCode(err, "verification_failed") || !strings.Contains(err.Error(), finding) || !strings.Contains(out, "WRONG") {
			t.Errorf("%s: %v\n%s", sabotage, err, out)
		}
	}
	if _, err := drive(t, "two bills", "--scenario", "idem", "--clients", "8"); err == nil || !strings.Contains(err.Error(), "made two bills") {
		t.Errorf("two bills of one key: %v", err)
	}
}

func TestWithoutVerifyTheBooksAreNotRead(t *testing.T) {
	if out, err := drive(t, "lost sale", "--scenario", "spread,idem", "--clients", "8", "--verify=false"); err != nil || strings.Contains(out, " ok\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestRefusalsAndErrorsAreCountedApart(t *testing.T) {
	for _, tc := range []struct{ sabotage, code, verdict string }{
		{"500", "500 internal", "no 5xx: FAIL"},
		{"refuse", "422 insufficient_stock", "no 5xx: pass"},
	} {
		file := filepath.Join(t.TempDir(), "result.json")
		out, err := drive(t, tc.sabotage, "--scenario", "spread", "--clients", "4", "--json", file)
		if err != nil || !strings.Contains(out, tc.code) || !strings.Contains(out, tc.verdict) {
			t.Errorf("%s: %v\n%s", tc.sabotage, err, out)
		}
		var r result
		b, _ := os.ReadFile(file)
		if err := json.Unmarshal(b, &r); err != nil || len(r.Points) != 1 {
			t.Fatalf("%v: %s", err, b)
		}
		p := r.Points[0]
		if n := p.Codes[tc.code]; n == 0 || p.Errors+p.Refused != n || (p.Errors > 0) != (tc.sabotage == "500") {
			t.Errorf("%s: %+v", tc.sabotage, p)
		}
	}
}

func TestWithoutTheFloorRouteTheRestIsMeasured(t *testing.T) {
	out, err := drive(t, "no floor", "--scenario", "floor,spread", "--clients", "2")
	if err != nil || strings.Contains(out, "\ntarget     floor") || !strings.Contains(out, "\ntarget     spread") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestAnImportThatFailsIsNamed(t *testing.T) {
	_, err := drive(t, "no products")
	if !fault.IsCode(err, "import_failed") || !strings.Contains(err.Error(), "price_invalid") {
		t.Error(err)
	}
}

func TestInOpenLoopSalesAreDueAtTheRate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	out, err := drive(t, "", "--scenario", "spread,hot", "--clients", "4", "--open", "200", "--seconds", "0.5", "--json", file)
	if err != nil {
		t.Fatal(err)
	}
	var r result
	b, _ := os.ReadFile(file)
	if err := json.Unmarshal(b, &r); err != nil || len(r.Points) != 2 || r.Points[0].Answers > 110 || r.Points[0].Answers < 60 || len(r.Ratios) > 0 {
		t.Errorf("%v\n%s\n%s", err, b, out)
	}
}

func TestRawIsMeasuredByItsHook(t *testing.T) {
	var out, progress bytes.Buffer
	s := httptest.NewServer(newFake(""))
	defer s.Close()
	raw := func(_ context.Context, _ Place, batch int, d time.Duration) (Point, error) {
		return Point{Answers: int64(batch), PerSecond: float64(batch) * 1000 / float64(d.Milliseconds())}, nil
	}
	args := []string{"--target", s.URL, "--scenario", "raw", "--seconds", "0.5", "--products", "20", "--registers", "1"}
	if err := (Command{Local: map[string]Local{"raw": raw}}).Run(t.Context(), args, &out, &progress); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "target     raw                 1          2") || !strings.Contains(out.String(), "target     raw               128        256") {
		t.Error(out.String())
	}
}

func TestTheServerOfOurOwnIsMeasuredAndRemoved(t *testing.T) {
	folder := t.TempDir()
	var out, progress bytes.Buffer
	args := []string{"--data", folder, "--scenario", "floor,spread", "--clients", "8", "--seconds", "0.3", "--warmup", "0.1", "--json", filepath.Join(folder, "r")}
	if err := (Command{}).Run(t.Context(), args, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v is left", err, left)
	}
}

func TestAServerThatDoesNotStartIsQuoted(t *testing.T) {
	folder := t.TempDir()
	_, err := startProgram(t.Context(), Place{Data: folder}, os.Args[0], "fail")
	if !fault.IsCode(err, "server_not_started") || !strings.Contains(err.Error(), "the disk is full") {
		t.Error(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("%v, %v is left", err, left)
	}
}

func TestDatabasesAreMeasuredInTurnsAndProven(t *testing.T) {
	var out, progress bytes.Buffer
	dropped, proven := 0, []Place{}
	k := Command{
		Local: map[string]Local{"naive-hot": func(_ context.Context, at Place, callers int, _ time.Duration) (Point, error) {
			return Point{PerSecond: float64(callers + len(at.MongoDB))}, nil
		}},
		Scratch: func(_ context.Context, uri string) (Scratch, error) {
			return Scratch{URI: uri + "/x", Nodes: 3, Drop: func(context.Context) error { dropped++; return nil }}, nil
		},
		Prove: func(_ context.Context, at Place, _ io.Writer) error { proven = append(proven, at); return nil },
	}
	file := filepath.Join(t.TempDir(), "result.json")
	args := []string{"--data", t.TempDir(), "--mongodb", "mongodb://a,b", "--scenario", "hot,naive", "--clients", "2", "--seconds", "0.2", "--warmup", "0", "--json", file}
	if err := k.Run(t.Context(), args, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	var r result
	b, _ := os.ReadFile(file)
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, p := range r.Points {
		order = append(order, p.Database+" "+p.Scenario)
	}
	if got := strings.Join(order, ", "); got != "sqlite hot, mongodb-3 hot, sqlite naive-hot, mongodb-3 naive-hot" {
		t.Error(got)
	}
	if dropped != 1 || len(proven) != 2 || proven[0].Data == "" || proven[1].MongoDB != "mongodb://a,b/x" {
		t.Errorf("%d dropped, proven: %v", dropped, proven)
	}
}
