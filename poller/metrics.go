package poller

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are the package's own. No label comes from a source.
type metrics struct {
	looks   [outcomes]prometheus.Counter
	hosts   [outcomes]prometheus.Gauge
	seconds prometheus.Histogram
}

func newMetrics(registerer prometheus.Registerer, s *schedule, budget *Budget) *metrics {
	factory := promauto.With(registerer)
	m := &metrics{
		seconds: factory.NewHistogram(prometheus.HistogramOpts{
			Name:    "portdelta_look_seconds",
			Help:    "Time from the start of a look until its snapshot was read or failed, waiting for the budget or a throttling source included.",
			Buckets: prometheus.ExponentialBuckets(0.01, 2, 14),
		}),
	}
	looks := factory.NewCounterVec(prometheus.CounterOpts{
		Name: "portdelta_looks_total",
		Help: "Looks that ended, by result.",
	}, []string{"result"})
	hosts := factory.NewGaugeVec(prometheus.GaugeOpts{
		Name: "portdelta_hosts",
		Help: "Watched hosts by the result of their last look; watched is their number.",
	}, []string{"state"})
	// Every label stands from the start: a counter that appears cannot be rated.
	for o, label := range resultLabels {
		if label != "" {
			m.looks[o] = looks.WithLabelValues(label)
		}
	}
	for o, label := range stateLabels {
		if label != "" {
			m.hosts[o] = hosts.WithLabelValues(label)
		}
	}
	hosts.WithLabelValues("watched").Set(float64(len(s.entries)))
	m.hosts[unlooked].Set(float64(len(s.entries)))
	factory.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "portdelta_snapshot_age_seconds",
		Help: "Age of the oldest last snapshot over all watched hosts; of a host that gave none since the start, the time since then.",
	}, func() float64 { return s.oldest(time.Since(s.epoch)).Seconds() })
	factory.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "portdelta_budget_used_ratio",
		Help: "Share of the request budget used over the last 10 s.",
	}, budget.UsedRatio)
	return m
}

// oldest is the age of the oldest last snapshot. It may be called at any time: a
// pass over a million hosts takes some milliseconds, a list kept in order of age
// would cost every look.
func (s *schedule) oldest(now time.Duration) time.Duration {
	first := int64(now)
	for i := range s.entries {
		first = min(first, s.entries[i].good.Load()) // 0, the start, where there was none
	}
	return now - time.Duration(first)
}
