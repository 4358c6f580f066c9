package detect

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/schemas"
)

// Metrics counts what steps decided.
type Metrics struct {
	events     *prometheus.CounterVec
	suppressed *prometheus.CounterVec
}

// NewMetrics registers the metrics; every label value stands at zero from the start.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portdelta_events_total",
			Help: "Events committed to the outbox, by type."}, []string{"type"}),
		suppressed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portdelta_suppressed_total",
			Help: "What was seen and not told, by the rule that held it."}, []string{"reason"}),
	}
	reg.MustRegister(m.events, m.suppressed)
	for _, t := range append(schemas.ChangeTypes(), schemas.LifecycleTypes()...) {
		m.events.WithLabelValues(string(t))
	}
	for _, r := range diff.Rules() {
		m.suppressed.WithLabelValues(string(r))
	}
	return m
}

func (m *Metrics) count(res *diff.Result) {
	for _, c := range res.Changes {
		m.events.WithLabelValues(string(c.Type)).Inc()
	}
	for _, n := range res.Notes {
		m.events.WithLabelValues(string(n.Type)).Inc()
	}
	for _, n := range res.ShardNotes {
		m.events.WithLabelValues(string(n.Type)).Inc()
	}
	for l, n := range res.Bounds {
		for range n {
			l.Hit()
		}
	}
	for rule, n := range res.Suppressed {
		m.suppressed.WithLabelValues(string(rule)).Add(float64(n))
	}
}
