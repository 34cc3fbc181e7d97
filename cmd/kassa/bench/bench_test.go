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
	args = append([]string{"--target", s.URL, "--seconds", "0.2", "--warmup", "0.05", "--products", "40", "--registers", "3", "--catalogue", "150"}, args...)
	err := Command{}.Run(t.Context(), args, &out, &progress)
	return out.String(), err
}

func TestEachScenarioIsMeasuredAndVerified(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	out, err := drive(t, "", "--clients", "1,16", "--rounds", "2", "--seconds", "0.1", "--warmup", "0", "--json", file)
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
	for name, times := range map[string]int{
		"floor": 4, "spread": 4, "hot": 4, "basket": 4, "one-register": 4, "idem": 4, "storm": 4, "reports": 4, "search": 4, "barcode": 4, "mixed": 4,
		"month": 2, "balance": 2,
	} {
		if got[name] != times || !strings.Contains(out, "\ntarget       "+name+" ") {
			t.Errorf("%s was measured %d times, want %d:\n%s", name, got[name], times, out)
		}
	}
	if len(r.Ratios) != 19 { // idem has no spread with 8 clients beside it
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
	if err != nil || strings.Contains(out, "\ntarget       floor") || !strings.Contains(out, "\ntarget       spread") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestAnImportThatFailsIsNamed(t *testing.T) {
	_, err := drive(t, "no products")
	if !fault.IsCode(err, "import_failed") || !strings.Contains(err.Error(), "price_invalid") {
		t.Error(err)
	}
}

func TestWithoutReportsTheRestIsMeasured(t *testing.T) {
	out, err := drive(t, "no reports", "--scenario", "reports,mixed,month,spread", "--clients", "2")
	if err != nil || strings.Contains(out, "\ntarget       reports") || strings.Contains(out, "mixed ") || strings.Contains(out, "month ") || !strings.Contains(out, "\ntarget       spread") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestAnAnswerWithoutWhatWasAskedForFailsTheRun(t *testing.T) {
	for _, name := range []string{"search", "barcode", "mixed"} {
		if out, err := drive(t, "nothing found", "--scenario", name, "--clients", "8"); !fault.IsCode(err, "verification_failed") || !strings.Contains(err.Error(), "does not hold") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestACrowdIsCountedApart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	out, err := drive(t, "", "--scenario", "spread,storm,reports", "--clients", "2", "--json", file)
	var r result
	b, _ := os.ReadFile(file)
	if e := json.Unmarshal(b, &r); err != nil || e != nil || len(r.Points) != 3 {
		t.Fatalf("%v, %v\n%s", err, e, out)
	}
	for i, crowded := range []bool{false, true, true} {
		if p := r.Points[i]; (p.Beside > 0) != crowded || p.Answers == 0 || p.Errors+p.Refused != 0 || len(p.Codes) > 0 {
			t.Errorf("%+v", p)
		}
	}
	if !strings.Contains(out, "target, storm, 2 clients: ") || !strings.Contains(out, " logins a second beside") {
		t.Error(out)
	}
	out, err = drive(t, "no logins", "--scenario", "storm,spread,reports", "--clients", "2")
	if !fault.IsCode(err, "crowd_refused") || !strings.Contains(err.Error(), "503 busy") || !strings.Contains(out, "reports / spread") || strings.Contains(out, "storm / spread") {
		t.Errorf("a crowd that is not let in: %v\n%s", err, out)
	}
}

// remembering is a command whose databases with a history are in the folder, and what was asked for.
func remembering(folder string, asked *[]History) Command {
	return Command{Remember: func(_ context.Context, _ Place, h History) (Place, error) {
		h.Told(h.Bills)
		*asked = append(*asked, h)
		return Place{Data: filepath.Join(folder, "history")}, nil
	}}
}

func TestADatabaseWithAHistoryIsMeasuredBesideANewOne(t *testing.T) {
	var out, progress bytes.Buffer
	var asked []History
	folder := t.TempDir()
	file := filepath.Join(folder, "result.json")
	args := []string{"--data", folder, "--history", "2000", "--kept", folder, "--scenario", "floor,spread,balance,barcode,naive-hot", "--clients", "2", "--seconds", "0.2", "--warmup", "0",
		"--products", "20", "--registers", "2", "--catalogue", "100", "--json", file}
	if err := remembering(folder, &asked).Run(t.Context(), args, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	var r result
	b, _ := os.ReadFile(file)
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	var order, compared []string
	for _, p := range r.Points {
		order = append(order, p.Database+" "+p.Scenario)
	}
	for _, x := range r.Ratios {
		if x.Grown {
			compared = append(compared, x.Database+" "+x.title())
		}
	}
	if got := strings.Join(order, ", "); got != "sqlite floor, sqlite+2k floor, sqlite spread, sqlite+2k spread, sqlite balance, sqlite+2k balance, sqlite barcode, sqlite+2k barcode" {
		t.Error(got)
	}
	if got := strings.Join(compared, ", "); got != "sqlite+2k p50 of balance / without history, sqlite+2k spread / without history, sqlite+2k barcode / without history" {
		t.Error(got)
	}
	if h := asked[0]; len(asked) != 1 || h.Bills != 2000 || h.Category != HistoryCategory || h.Email != "bench@kassa.example" || h.Password != "bench-manager" {
		t.Errorf("%+v", asked)
	}
}

func TestReportsAreWaitedForUntilTheyAreAnswered(t *testing.T) {
	for sabotage, want := range map[string]int{"adding up": 3, "no reports": 0, "": 1} {
		f := newFake(sabotage)
		server := httptest.NewServer(f)
		defer server.Close()
		s := &shop{api: newAPI(strings.TrimPrefix(server.URL, "http://")), today: time.Now()}
		var err error
		if s.manager, err = s.api.login(t.Context(), "a", "b"); err != nil {
			t.Fatal(err)
		}
		if s.settle(t.Context()); f.reports != want {
			t.Errorf("%s: asked %d times, want %d", sabotage, f.reports, want)
		}
	}
}

func TestSeedingMeasuresNothing(t *testing.T) {
	var out, progress bytes.Buffer
	var asked []History
	folder := t.TempDir()
	args := []string{"--data", folder, "--history", "1000000", "--kept", folder, "--seed"}
	if err := remembering(folder, &asked).Run(t.Context(), args, &out, &progress); err != nil || out.Len() > 0 || len(asked) != 1 ||
		!strings.Contains(progress.String(), "sqlite+1M: 1000000 of 1000000 bills") {
		t.Errorf("%v, %d asked\n%s%s", err, len(asked), out.String(), progress.String())
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 0 {
		t.Errorf("%v, %v is left", err, left)
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
	if !strings.Contains(out.String(), "target       raw                 1          2") || !strings.Contains(out.String(), "target       raw               128        256") {
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
