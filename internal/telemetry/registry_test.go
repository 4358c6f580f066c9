package telemetry

import (
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/portdelta/portdelta/internal/limits"
)

func TestRegistry(t *testing.T) {
	reg := NewRegistry("v1.2.3", "go1.26.8")
	want := `
# HELP portdelta_build_info Always 1; the labels say what this binary was built from.
# TYPE portdelta_build_info gauge
portdelta_build_info{goversion="go1.26.8",version="v1.2.3"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "portdelta_build_info"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"go_goroutines", "process_start_time_seconds"} {
		if n, err := testutil.GatherAndCount(reg, name); err != nil || n != 1 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	for _, name := range []string{"portdelta_limit", "portdelta_limit_hits_total"} {
		if n, err := testutil.GatherAndCount(reg, name); err != nil || n != len(limits.All()) {
			t.Errorf("%s: %d series for %d limits, %v", name, n, len(limits.All()), err)
		}
	}
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "portdelta_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestLimitsAreReadAtEachScrape(t *testing.T) {
	reg := NewRegistry("v", "go")
	value := func() float64 {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == "portdelta_limit_hits_total" && m.GetLabel()[0].GetValue() == limits.TelemetryConnections.Name {
					return m.GetCounter().GetValue()
				}
			}
		}
		t.Fatal("no such series")
		return 0
	}
	before := value()
	limits.TelemetryConnections.Hit()
	if after := value(); after != before+1 {
		t.Errorf("%v hits became %v", before, after)
	}
}

func TestErrors(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	e := NewErrors(reg, "throttled", "store")
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { e.Count("throttled"); e.Count("<script>\xff") })
	}
	wg.Wait()
	want := `
# HELP portdelta_errors_total Errors by class.
# TYPE portdelta_errors_total counter
portdelta_errors_total{class="other"} 10
portdelta_errors_total{class="store"} 0
portdelta_errors_total{class="throttled"} 10
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
