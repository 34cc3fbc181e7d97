package rest

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var buckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

var statusClasses = [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}

// routeMetrics are the counters of one route, found once at start: looking labels up per request costs more than counting.
type routeMetrics struct {
	requests [len(statusClasses)]prometheus.Counter
	seconds  prometheus.Observer
}

func (m *routeMetrics) observe(status int, took time.Duration) {
	m.requests[min(max(status/100, 1), len(statusClasses))-1].Inc()
	m.seconds.Observe(took.Seconds())
}

// refusals are the counters of what is refused for the sake of others, or because something does not answer.
type refusals struct {
	throttled   prometheus.Counter
	unavailable map[string]prometheus.Counter // by code; the empty one is any other
}

// unavailableCodes are the codes of 503 that have a counter of their own.
var unavailableCodes = []string{
	"busy", "catalogue_busy", "database_busy", "database_unavailable", "deadline_exceeded", "disk_full", "downloads_busy", "outcome_pending", "outcome_unknown",
	"reports_behind", "reports_busy", "shutting_down", "store_stopped", "store_unreachable", "writer_busy",
}

func newRefusals(r *prometheus.Registry) refusals {
	throttled := prometheus.NewCounter(prometheus.CounterOpts{Name: "kassa_http_throttled_total", Help: "Requests that were answered 429."})
	unavailable := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "kassa_http_unavailable_total", Help: "Requests that were answered 503, by the code of the problem.",
	}, []string{"code"})
	r.MustRegister(throttled, unavailable)
	by := map[string]prometheus.Counter{"": unavailable.WithLabelValues("other")}
	for _, code := range unavailableCodes {
		by[code] = unavailable.WithLabelValues(code)
	}
	return refusals{throttled, by}
}

func (r refusals) count(p Problem) {
	switch p.Status {
	case http.StatusTooManyRequests:
		r.throttled.Inc()
	case http.StatusServiceUnavailable:
		n, ok := r.unavailable[p.Code]
		if !ok {
			n = r.unavailable[""]
		}
		n.Inc()
	}
}

// measure gives every route its counters. What matches no route counts as one route, so that a client cannot make labels.
func (s *Server) measure() {
	s.registry = prometheus.NewRegistry()
	s.refused = newRefusals(s.registry)
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "kassa_http_requests_total", Help: "HTTP requests by route, method and class of status.",
	}, []string{"method", "route", "status"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "kassa_http_request_seconds", Help: "Time from the header read to the answer made.", Buckets: buckets,
	}, []string{"method", "route"})
	s.registry.MustRegister(requests, seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.unmatched = &route{Route: Route{Method: "other", Path: "other"}}
	for _, rt := range append([]*route{s.unmatched}, s.routes...) {
		rt.metrics = &routeMetrics{seconds: seconds.WithLabelValues(rt.Method, rt.Path)}
		for i, class := range statusClasses {
			rt.metrics.requests[i] = requests.WithLabelValues(rt.Method, rt.Path, class)
		}
	}
}

// Registry is where other parts of Kassa register their metrics.
func (s *Server) Registry() *prometheus.Registry { return s.registry }

// MetricsHandler serves the metrics under /metrics, for a listener of its own. It answers nothing else: who asks it for the server's health by mistake
// must not be told that all is well.
func (s *Server) MetricsHandler() http.Handler {
	m := http.NewServeMux()
	m.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	return m
}
