package containers

import (
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"kassa/adapters/security"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/report"
	"kassa/core/store"
	"kassa/core/user"
	"kassa/core/writer"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"
)

// commitBuckets reach from a commit on a fast disk to one that waits for a failover, in seconds.
var commitBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}

// writerMetrics counts what the writer does, and logs the commits that are slow.
type writerMetrics struct {
	log  *slog.Logger
	slow time.Duration // 0: no commit is

	batch                     prometheus.Histogram
	commit, write             prometheus.Histogram
	stale, doubtful, refusals prometheus.Counter
	lost                      prometheus.Counter
	stopped                   prometheus.Gauge
}

// observer is the writer's: what is committed is measured, and added up for the reports.
type observer struct {
	*writerMetrics
	folder *report.Folder
}

// Appended implements writer.Observer.
func (o observer) Appended(a writer.Appended) { o.folder.Appended(a) }

func newWriterMetrics(c Config) *writerMetrics {
	return &writerMetrics{
		log: c.logger(), slow: c.Slow,
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "kassa_writer_batch_records", Help: "Records in one commit.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128}}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "kassa_writer_commit_seconds", Buckets: commitBuckets,
			Help: "Time to commit a batch, and to apply what was not applied while it was collected."}),
		write: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "kassa_writer_write_seconds", Buckets: commitBuckets,
			Help: "The share of the database in kassa_writer_commit_seconds."}),
		stale:    newCounter("kassa_writer_stale_total", "Batches applied again because another process had committed."),
		doubtful: newCounter("kassa_writer_unknown_outcomes_total", "Commits whose outcome was not known at first."),
		refusals: newCounter("kassa_writer_refused_total", "Operations refused because the queue was full."),
		lost:     newCounter("kassa_audit_notes_lost_total", "Audit events without books, such as logins and refusals, that were not recorded."),
		stopped: prometheus.NewGauge(prometheus.GaugeOpts{Name: "kassa_writer_stopped_stores",
			Help: "Stores that take nothing more until a restart, because their books were changed by other hands."}),
	}
}

func newCounter(name, about string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: about})
}

// measured is what has metrics beside the REST server.
type measured struct {
	fx.In

	Observer  *writerMetrics
	Writer    *writer.Writer
	Passwords passwordMetrics
	Figures   Figures
	Stores    store.Repository
	Journal   journal.Repository
}

func (m measured) register(r *prometheus.Registry) {
	o := m.Observer
	r.MustRegister(o.batch, o.commit, o.write, o.stale, o.doubtful, o.refusals, o.lost, o.stopped,
		newGauge("kassa_writer_queue", "Operations that wait for a commit.", m.Writer.Queued), heads{m.Stores, m.Journal})
	r.MustRegister(m.Passwords...)
	r.MustRegister(m.Figures...)
}

func newGauge[T int | int64](name, about string, read func() T) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: about}, func() float64 { return float64(read()) })
}

// Committed implements writer.Observer.
func (m *writerMetrics) Committed(c writer.Commit) {
	m.batch.Observe(float64(c.Records))
	m.commit.Observe(c.Took().Seconds())
	m.write.Observe(c.Written.Seconds())
	if m.slow > 0 && c.Took() >= m.slow {
		m.log.Warn("slow commit", slog.String("store", string(c.Store)), slog.Int("records", c.Records), slog.Int("queue", c.Queued),
			slog.Int64("us", c.Took().Microseconds()), slog.Int64("apply_us", c.Applied.Microseconds()), slog.Int64("write_us", c.Written.Microseconds()))
	}
}

// Stale implements writer.Observer.
func (m *writerMetrics) Stale() { m.stale.Inc() }

// NoteLost implements writer.Observer.
func (m *writerMetrics) NoteLost() { m.lost.Inc() }

// Doubted implements writer.Observer.
func (m *writerMetrics) Doubted() { m.doubtful.Inc() }

// Refused implements writer.Observer.
func (m *writerMetrics) Refused() { m.refusals.Inc() }

// Stopped implements writer.Observer.
func (m *writerMetrics) Stopped(s id.Store) {
	m.stopped.Inc()
	m.log.Error("a store is stopped, because its books were changed by other hands; run kassa verify", slog.String("store", string(s)))
}

// passwordMetrics tell how long logins wait to have their password hashed.
type passwordMetrics []prometheus.Collector

// newPasswords makes the hasher, which leaves the processors to the tills where these sell much, and what measures it.
func newPasswords(c Config, w *writer.Writer) (user.Hasher, passwordMetrics, error) {
	p, err := security.NewPasswords(c.BcryptCost)
	if err != nil {
		return nil, nil, err
	}
	p.Yield(w.Busy)
	wait := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "kassa_password_wait_seconds",
		Help: "Time until a password or PIN could be hashed or compared.", Buckets: []float64{.001, .01, .1, .25, .5, 1, 1.5, 2}})
	busy := newCounter("kassa_password_busy_total", "Passwords and PINs that were not looked at, because too many waited.")
	p.Observe(func(waited time.Duration, served bool) {
		wait.Observe(waited.Seconds())
		if !served {
			busy.Inc()
		}
	})
	return p, passwordMetrics{wait, busy, newGauge("kassa_password_waiting", "Passwords and PINs that wait to be hashed or compared.", p.Waiting)}, nil
}

// buildInfo is always 1; its labels say what runs.
func buildInfo(database string) prometheus.Collector {
	version, revision := "unknown", "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
		version = b.Main.Version
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "kassa_build_info", Help: "What runs; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "go": runtime.Version(), "database": database}})
	g.Set(1)
	return g
}
