package recording

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what was recorded and what was not.
type metrics struct{ recorded, lost prometheus.Counter }

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		recorded: prometheus.NewCounter(prometheus.CounterOpts{Name: "portdelta_recorded_total",
			Help: "Inputs of steps written to the recording: looks, failed looks and ticks."}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{Name: "portdelta_record_lost_total",
			Help: "Inputs that are not in the recording, since a fault of the disk ended it."}),
	}
	if reg != nil {
		reg.MustRegister(m.recorded, m.lost)
	}
	return m
}
