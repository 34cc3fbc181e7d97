package containers

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// writerMetrics counts what the writer does. It implements writer.Observer.
type writerMetrics struct {
	batch  prometheus.Histogram
	queue  prometheus.Gauge
	commit prometheus.Histogram
	stale  prometheus.Counter
}

func newWriterMetrics() *writerMetrics {
	return &writerMetrics{
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "kassa_writer_batch_records", Help: "Records in one commit.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128}}),
		queue: prometheus.NewGauge(prometheus.GaugeOpts{Name: "kassa_writer_queue", Help: "Operations that wait after a commit."}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "kassa_writer_commit_seconds", Help: "Time to commit a batch, and to apply what was not applied while it was collected.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}}),
		stale: prometheus.NewCounter(prometheus.CounterOpts{Name: "kassa_writer_stale_total", Help: "Batches applied again because another process had committed."}),
	}
}

func (m *writerMetrics) register(r *prometheus.Registry) {
	r.MustRegister(m.batch, m.queue, m.commit, m.stale)
}

// Committed implements writer.Observer.
func (m *writerMetrics) Committed(records, queued int, took time.Duration) {
	m.batch.Observe(float64(records))
	m.queue.Set(float64(queued))
	m.commit.Observe(took.Seconds())
}

// Stale implements writer.Observer.
func (m *writerMetrics) Stale() { m.stale.Inc() }
