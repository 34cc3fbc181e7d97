package containers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kassa/adapters/rest/resttest"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/transaction"
	"kassa/core/writer"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/fx"
)

// scrape reads the metrics: a value for each name with its labels, as they are written.
func scrape(t testing.TB, at *Listening) (values map[string]float64, text []byte) {
	t.Helper()
	res, err := http.Get("http://" + at.Metrics.String() + "/metrics")
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	text, err = io.ReadAll(res.Body)
	must(t, err)
	values = map[string]float64{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cut := strings.LastIndexByte(line, ' ')
		values[line[:cut]], err = strconv.ParseFloat(strings.TrimSpace(line[cut+1:]), 64)
		must(t, err)
	}
	return values, text
}

// faults makes a database fail on demand.
type faults struct {
	transaction.Provider
	journal.Repository

	doubts, stales, breaks atomic.Int32 // how often
	gone                   atomic.Bool
	slow                   atomic.Pointer[func()] // called within the next commit
	held                   sync.RWMutex           // held: nothing is committed
}

var errGone = errors.New("the database is gone")

func (f *faults) decorate() fx.Option {
	return fx.Decorate(func(p transaction.Provider, j journal.Repository) (transaction.Provider, journal.Repository) {
		f.Provider, f.Repository = p, j
		return f, f
	})
}

func due(n *atomic.Int32) bool { return n.Load() > 0 && n.Add(-1) >= 0 }

func (f *faults) Transact(ctx context.Context, fn func(ctx context.Context) error) error {
	f.held.RLock()
	defer f.held.RUnlock()
	if due(&f.doubts) {
		return transaction.ErrUnknown
	}
	if delay := f.slow.Swap(nil); delay != nil {
		(*delay)()
	}
	return f.Provider.Transact(ctx, fn)
}

func (f *faults) Advance(ctx context.Context, s id.Store, from id.ID, to journal.Head) error {
	if due(&f.stales) {
		return journal.ErrStale
	}
	return f.Repository.Advance(ctx, s, from, to)
}

func (f *faults) Append(ctx context.Context, s id.Store, rs []journal.Record) error {
	if due(&f.breaks) {
		return journal.ErrBroken
	}
	return f.Repository.Append(ctx, s, rs)
}

func (f *faults) Head(ctx context.Context, s id.Store) (journal.Head, error) {
	if f.gone.Load() {
		return journal.Head{}, errGone
	}
	return f.Repository.Head(ctx, s)
}

// nothing is an operation that is refused once it is applied.
type nothing struct{}

func (nothing) Intent() writer.Intent { return writer.Intent{} }

func (nothing) Apply(*writer.View) (journal.Draft, []writer.Value, error) {
	return journal.Draft{}, nil, errGone
}

// TestEveryMetricMoves makes happen what each metric tells of.
func TestEveryMetricMoves(t *testing.T) {
	for name, config := range databases {
		t.Run(name, func(t *testing.T) { everyMetricMoves(t, config(t), strings.ToLower(name)) })
	}
}

func everyMetricMoves(t *testing.T, c Config, database string) {
	var f faults
	var w *writer.Writer
	var at *Listening
	shop := resttest.NewShop(t, func(t testing.TB) (s resttest.Server) {
		s, at = serveWith(t, c, f.decorate(), fx.Populate(&w))
		return s
	})
	jam := shop.NewProduct("Jam", 250, 1000)
	sell := func() resttest.Answer { return shop.Pay(resttest.Line(jam, 1)) }
	sell().Want(201)
	store := onlyLabel(t, at, "kassa_store_position")
	for _, row := range []struct {
		metric string
		do     func()
		from   float64 // what it grows by at least
	}{
		{`kassa_store_position{store="` + store + `"}`, func() { sell().Want(201) }, 1},
		{`kassa_http_requests_total{method="POST",route="/api/v1/cashier/payments",status="2xx"}`, func() { sell().Want(201) }, 1},
		{`kassa_http_request_seconds_count{method="POST",route="/api/v1/cashier/payments"}`, func() { sell().Want(201) }, 1},
		{`kassa_writer_batch_records_sum`, func() { sell().Want(201) }, 1},
		{`kassa_writer_commit_seconds_count`, func() { sell().Want(201) }, 1},
		{`kassa_writer_write_seconds_count`, func() { sell().Want(201) }, 1},
		{`kassa_password_wait_seconds_count`, func() { shop.Login("mara@shop.test", "correct horse") }, 1},
		{`kassa_writer_stale_total`, func() { f.stales.Store(1); sell().Want(201) }, 1},
		{`kassa_writer_unknown_outcomes_total`, func() { f.doubts.Store(1); sell().Want(201) }, 1},
		{`kassa_http_throttled_total`, func() {
			for range 6 {
				shop.Put("/users/session", `{"email":"nobody@shop.test","password":"wrong wrong"}`)
			}
		}, 1},
		{`kassa_http_unavailable_total{code="store_stopped"}`, func() { f.breaks.Store(3); sell().Want(503) }, 1}, // with keys taken for free, with all looked up, and with everything read again
		{`kassa_writer_stopped_stores`, func() {}, 1},                                                             // by the row above
	} {
		before, _ := scrape(t, at)
		row.do()
		after, _ := scrape(t, at)
		was, ok := before[row.metric]
		if row.metric == "kassa_writer_stopped_stores" {
			was = 0
		}
		if !ok || after[row.metric]-was < row.from {
			t.Errorf("%s was %v, %v and is %v", row.metric, was, ok, after[row.metric])
		}
	}
	now, _ := scrape(t, at)
	for metric, want := range map[string]float64{"kassa_database_up": 1, `kassa_stores{status="active"}`: 1, `kassa_stores{status="inactive"}`: 0, "kassa_writer_queue": 0} {
		if got, ok := now[metric]; !ok || got != want {
			t.Errorf("%s is %v, %v, want %v", metric, got, ok, want)
		}
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(now)), func(name string) bool {
		return strings.HasPrefix(name, "kassa_build_info{") && strings.Contains(name, `database="`+database+`"`)
	}) {
		t.Error("kassa_build_info does not say the database")
	}
	f.gone.Store(true)
	if now, _ := scrape(t, at); now["kassa_database_up"] != 0 {
		t.Error("the database is gone, and kassa_database_up does not say so")
	}
}

// onlyLabel returns the value of the only label of the metric that is there once.
func onlyLabel(t *testing.T, at *Listening, metric string) string {
	t.Helper()
	now, _ := scrape(t, at)
	for name := range now {
		if strings.HasPrefix(name, metric+"{") {
			return strings.Split(name, `"`)[1]
		}
	}
	t.Fatalf("there is no %s", metric)
	return ""
}

// TestQueueIsMeasuredWhileNothingIsCommitted: the gauge must not wait for the next commit, which may never come.
func TestQueueIsMeasuredWhileNothingIsCommitted(t *testing.T) {
	var f faults
	var w *writer.Writer
	var at *Listening
	shop := resttest.NewShop(t, func(t testing.TB) (s resttest.Server) {
		s, at = serveWith(t, testConfig(t), f.decorate(), fx.Populate(&w))
		return s
	})
	jam := shop.NewProduct("Jam", 250, 1000)
	store := id.Store(onlyLabel(t, at, "kassa_store_position"))
	f.held.Lock()
	var first sync.WaitGroup
	first.Go(func() { shop.Pay(resttest.Line(jam, 1)) })
	for rounds := 0; ; rounds++ {
		if now, _ := scrape(t, at); now["kassa_writer_queue"] == 1024 {
			break
		} else if rounds == 100 {
			t.Errorf("ten thousand operations were queued, and %v wait", now["kassa_writer_queue"])
			break
		}
		for range 100 {
			first.Go(func() { _, _ = w.Do(t.Context(), store, nothing{}) })
		}
		time.Sleep(time.Millisecond)
	}
	shop.Pay(resttest.Line(jam, 1)).Refused(503, "writer_busy")
	now, _ := scrape(t, at)
	f.held.Unlock()
	first.Wait()
	for _, metric := range []string{"kassa_writer_refused_total", `kassa_http_unavailable_total{code="writer_busy"}`} {
		if now[metric] < 1 {
			t.Errorf("%s is %v", metric, now[metric])
		}
	}
	if now, _ := scrape(t, at); now["kassa_writer_queue"] != 0 {
		t.Errorf("%v wait in an idle shop", now["kassa_writer_queue"])
	}
}

func TestMetricsAreNamedAsPrometheusWants(t *testing.T) {
	for name, config := range databases {
		t.Run(name, func(t *testing.T) {
			_, at := serveWith(t, config(t))
			_, text := scrape(t, at)
			problems, err := promlint.New(bytes.NewReader(text)).Lint()
			must(t, err)
			for _, p := range problems {
				if strings.HasPrefix(p.Metric, "kassa_") {
					t.Errorf("%s: %s", p.Metric, p.Text)
				}
			}
		})
	}
}

// TestSlowCommitHasALineThatSaysWhatItWasMadeOf, and a commit that is not slow has none.
func TestSlowCommitHasALineThatSaysWhatItWasMadeOf(t *testing.T) {
	var f faults
	var log bytes.Buffer
	c := testConfig(t)
	c.Log, c.Slow = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})), 500*time.Millisecond
	shop := resttest.NewShop(t, func(t testing.TB) resttest.Server {
		s, _ := serveWith(t, c, f.decorate())
		return s
	})
	jam := shop.NewProduct("Jam", 250, 1000)
	for _, took := range []time.Duration{499 * time.Millisecond, 700 * time.Millisecond} {
		f.slow.Store(new(func() { shop.Add(took) }))
		shop.Pay(resttest.Line(jam, 1)).Want(201)
	}
	want := `"level":"WARN","msg":"slow commit","store":"[0-9a-f-]+","records":1,"queue":0,"us":700000,"apply_us":0,"write_us":700000}`
	if lines := strings.Split(strings.TrimSpace(log.String()), "\n"); len(lines) != 1 || !regexp.MustCompile(want).MatchString(lines[0]) {
		t.Errorf("the log is %q, want one line %s", lines, want)
	}
}
