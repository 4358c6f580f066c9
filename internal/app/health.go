package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/internal/telemetry"
)

// checks are the conditions of /readyz: not ready while throttled out or
// unauthorised, with a full outbox, without Kafka, or with a sick disk.
func (p *pipeline) checks() []telemetry.Check {
	return []telemetry.Check{
		{Name: "source", Probe: func() (bool, string) {
			if until := p.graph.Throttled(); time.Until(until) > 0 {
				return false, "throttled until " + until.UTC().Format(time.RFC3339)
			}
			return p.poll.Ready()
		}},
		{Name: "outbox", Probe: func() (bool, string) {
			if fill := p.store.Fill(); fill >= 1 {
				return false, "the outbox is full: no looks until Kafka takes its records"
			}
			return true, ""
		}},
		{Name: "kafka", Probe: func() (bool, string) {
			ok, since, class := p.publish.Healthy()
			if ok {
				return true, ""
			}
			return false, fmt.Sprintf("%s since %s", class, since.UTC().Format(time.RFC3339))
		}},
		{Name: "store", Probe: func() (bool, string) {
			if kinds := p.alarms.kinds(); kinds != "" {
				return false, kinds
			}
			return true, ""
		}},
	}
}

// alarms holds what the store is crying about. Its methods may be called
// concurrently and return at once.
type alarms struct {
	log *zap.Logger
	mu  sync.Mutex
	on  map[string]bool
}

// set takes an alarm, and logs it when it begins and ends: no call of the store
// returns its error (P10). A slow disk is only slow, and nobody says when it ends.
func (a *alarms) set(kind string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.on == nil {
		a.on = map[string]bool{}
	}
	switch was := a.on[kind]; {
	case err == nil && was:
		delete(a.on, kind)
		a.log.Info("store alarm is over", zap.String("kind", kind))
	case err != nil && !was:
		if kind != store.AlarmSlow {
			a.on[kind] = true
		}
		a.log.Warn("store alarm", zap.String("kind", kind), zap.Error(err))
	}
}

// writable says whether looks make sense: with damage that was met the rest of
// the store still works.
func (a *alarms) writable() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.on[store.AlarmBackground] && !a.on[store.AlarmStall]
}

func (a *alarms) kinds() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(slices.Sorted(maps.Keys(a.on)), ", ")
}

// outboxMetrics shows what waits for Kafka.
func outboxMetrics(reg prometheus.Registerer, s *store.Store) {
	reg.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "portdelta_outbox_records", Help: "Records decided and not yet acknowledged by Kafka."},
			func() float64 { records, _, _ := s.Depth(); return float64(records) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "portdelta_outbox_oldest_seconds", Help: "Age of the oldest of them; 0 where there is none."},
			func() float64 {
				records, _, oldest := s.Depth()
				if records == 0 {
					return 0
				}
				return max(0, time.Since(oldest).Seconds())
			}),
	)
}
