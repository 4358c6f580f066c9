package publisher

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/portdelta/portdelta/schemas"
)

type metrics struct {
	records prometheus.Counter
	seconds prometheus.Histogram
	failed  *prometheus.CounterVec // by the failure's class
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
		records: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "portdelta_published_total",
			Help: "Records acknowledged by all in-sync replicas.",
		}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "portdelta_publish_seconds",
			Help:    "Time from the first try of a batch to its acknowledgement, retries included.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 9), // 1 ms to 65 s
		}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portdelta_publish_errors_total",
			Help: "Tries to publish a batch that failed.",
		}, []string{"class"}),
	}
	registerer.MustRegister(m.records, m.seconds, m.failed)
	return m
}

func (m *metrics) published(entries []schemas.Entry, took time.Duration) {
	m.seconds.Observe(took.Seconds())
	m.records.Add(float64(len(entries)))
}
