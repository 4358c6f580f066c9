package telemetry

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/portdelta/portdelta/internal/limits"
)

// NewRegistry makes the process's one registry, with the metrics that belong to
// no package: Go's runtime, the process, the build and the table of limits (P11).
func NewRegistry(version, goVersion string) *prometheus.Registry {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "portdelta_build_info",
		Help:        "Always 1; the labels say what this binary was built from.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": goVersion},
	})
	build.Set(1)
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		build,
		newLimitsCollector(),
	)
	return reg
}

// limitsCollector reads the table at each scrape: the limits count for
// themselves and know nothing of metrics.
type limitsCollector struct {
	limit, hits *prometheus.Desc
}

func newLimitsCollector() limitsCollector {
	return limitsCollector{
		limit: prometheus.NewDesc("portdelta_limit",
			"A bound, in the unit that docs/limits.md gives.", []string{"name"}, nil),
		hits: prometheus.NewDesc("portdelta_limit_hits_total",
			"How often a bound cut or refused something.", []string{"name"}, nil),
	}
}

func (c limitsCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.limit
	ch <- c.hits
}

func (c limitsCollector) Collect(ch chan<- prometheus.Metric) {
	for _, l := range limits.All() {
		ch <- prometheus.MustNewConstMetric(c.limit, prometheus.GaugeValue, float64(l.Max), l.Name)
		ch <- prometheus.MustNewConstMetric(c.hits, prometheus.CounterValue, float64(l.Hits()), l.Name)
	}
}

// Errors counts errors by class. Others are handed its Count, so that no package
// but this one needs to know of it.
type Errors struct {
	total   *prometheus.CounterVec
	classes []string
}

// otherClass is what an error of no known class counts as.
const otherClass = "other"

// NewErrors registers portdelta_errors_total with the classes given, all of them
// at 0, so that a first error is a rise and not a new series.
func NewErrors(reg prometheus.Registerer, classes ...string) *Errors {
	e := &Errors{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portdelta_errors_total",
			Help: "Errors by class.",
		}, []string{"class"}),
		classes: append(slices.Clone(classes), otherClass),
	}
	reg.MustRegister(e.total)
	for _, class := range e.classes {
		e.total.WithLabelValues(class)
	}
	return e
}

// Count counts one error. A class that was not declared counts as "other", so
// that no text from outside can become a label. It may be called concurrently.
func (e *Errors) Count(class string) {
	if !slices.Contains(e.classes, class) {
		class = otherClass
	}
	e.total.WithLabelValues(class).Inc()
}
