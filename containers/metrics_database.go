package containers

import (
	"context"
	"time"

	"kassa/adapters/mongodb"
	"kassa/adapters/sqlite"
	"kassa/core/journal"
	"kassa/core/store"

	"github.com/prometheus/client_golang/prometheus"
)

// Figures are what a database tells of itself.
type Figures []prometheus.Collector

func sqliteFigures(d *sqlite.Database) Figures {
	return Figures{
		buildInfo("sqlite"),
		newGauge("kassa_sqlite_data_bytes", "Size of the database files.", func() int64 { return d.Sizes().Data }),
		newGauge("kassa_sqlite_wal_bytes", "Size of their write-ahead logs.", func() int64 { return d.Sizes().Log }),
		newGauge("kassa_sqlite_free_bytes", "What the disk has left; -1: unknown.", func() int64 { return d.Sizes().Free }),
	}
}

func mongoFigures(d *mongodb.Database) Figures {
	count := func(name, about string, read func(mongodb.Counts) int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: about}, func() float64 { return float64(read(d.Counts())) })
	}
	return Figures{
		buildInfo("mongodb"),
		count("kassa_mongodb_retries_total", "Transactions and views that ran again.", func(c mongodb.Counts) int64 { return c.Retries }),
		count("kassa_mongodb_write_conflicts_total", "Of the retries, those that met another transaction's write.", func(c mongodb.Counts) int64 { return c.Conflicts }),
		count("kassa_mongodb_unknown_commits_total", "Commits whose outcome never came back.", func(c mongodb.Counts) int64 { return c.Unknown }),
		count("kassa_mongodb_unblocked_total", "Times that sessions were ended because one of them blocked a store.", func(c mongodb.Counts) int64 { return c.Unblocked }),
	}
}

// The bounds of what is asked of the database when metrics are read.
const (
	maxMeasured    = 100 // stores
	measureTimeout = 2 * time.Second
)

// heads reads the stores' heads when metrics are read, so that also what other processes commit is seen.
type heads struct {
	stores  store.Repository
	journal journal.Repository
}

var (
	databaseUp    = prometheus.NewDesc("kassa_database_up", "Whether every store's head could be read just now.", nil, nil)
	storesBy      = prometheus.NewDesc("kassa_stores", "Stores by status; the first hundred.", []string{"status"}, nil)
	storePosition = prometheus.NewDesc("kassa_store_position", "Position of the last record in a store's journal; of the first hundred stores.", []string{"store"}, nil)
)

// Describe implements prometheus.Collector.
func (h heads) Describe(to chan<- *prometheus.Desc) {
	to <- databaseUp
	to <- storesBy
	to <- storePosition
}

// Collect implements prometheus.Collector.
func (h heads) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), measureTimeout)
	defer cancel()
	by := map[journal.Status]int{journal.Active: 0, journal.Inactive: 0, journal.Copying: 0}
	all, err := h.stores.List(ctx)
	up := err == nil
	for _, s := range all[:min(len(all), maxMeasured)] {
		head, err := h.journal.Head(ctx, s.ID)
		if err != nil {
			up = false
			continue
		}
		by[head.Status]++
		to <- prometheus.MustNewConstMetric(storePosition, prometheus.GaugeValue, float64(head.Position), string(s.ID))
	}
	if !up {
		to <- prometheus.MustNewConstMetric(databaseUp, prometheus.GaugeValue, 0)
		return
	}
	to <- prometheus.MustNewConstMetric(databaseUp, prometheus.GaugeValue, 1)
	for status, n := range by {
		to <- prometheus.MustNewConstMetric(storesBy, prometheus.GaugeValue, float64(n), string(status))
	}
}
