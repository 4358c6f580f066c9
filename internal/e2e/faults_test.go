package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/portdelta/portdelta/schemas"
)

// misbehaviour is a fault of the simulator, or several at a time, and what must
// come of it.
type misbehaviour struct {
	rates string // as PUT /_sim/faults takes them
	// moved is what an operator sees it by: a figure that must rise.
	moved func(*rig) float64
	// degrades says that it is bad enough for source.degraded.
	degrades bool
}

// faultFor is how long a fault stays at least: most of a scan interval.
const faultFor = 8 * time.Second

// testUnreachable: the service does not answer, or not with what it was asked for.
func testUnreachable(t *testing.T, s *stage) {
	testMisbehaviour(t, s, "unreachable", []misbehaviour{
		{rates: `{"throttle":0.5}`, moved: series(`portdelta_errors_total{class="throttled"}`)},
		{rates: `{"error5xx":1}`, moved: series(`portdelta_errors_total{class="unavailable"}`), degrades: true},
		{rates: `{"truncate":0.8}`, moved: series(`portdelta_errors_total`)},
	}, schemas.SourceDegraded, schemas.SourceRecovered, schemas.HostUnreachable, schemas.HostRecovered)
}

// testLists: lists come slowly, never end, repeat a port or leave one out (P1).
func testLists(t *testing.T, s *stage) {
	testMisbehaviour(t, s, "lists", []misbehaviour{
		{rates: `{"slow":0.5}`, moved: slowLooks},
		{rates: `{"loop":0.8}`, moved: series(`portdelta_errors_total{class="malformed"}`)},
		{rates: `{"shift":0.9}`, moved: series(`portdelta_looks_total{result="incomplete"}`)},
	}, schemas.SourceDegraded, schemas.SourceRecovered, schemas.HostUnreachable, schemas.HostRecovered, schemas.SnapshotIncomplete)
}

// testRecords: lists agree with themselves and do not tell the truth (P1, P4, P12).
func testRecords(t *testing.T, s *stage) {
	testMisbehaviour(t, s, "records", []misbehaviour{
		{rates: `{"hide":0.9}`, moved: series(`portdelta_suppressed_total{reason="absence_denied"}`)},
		{rates: `{"stale":0.6}`, moved: series(`portdelta_suppressed_total{reason="older_evidence"}`)},
		{rates: `{"baddate":0.6}`, moved: series(`portdelta_events_total{type="record.malformed"}`)},
	}, schemas.RecordMalformed)
}

func series(name string) func(*rig) float64 {
	return func(r *rig) float64 { return r.metric(name) }
}

// slowLooks are those that took longer than any look at an honest simulator does.
func slowLooks(r *rig) float64 {
	return r.metric("portdelta_look_seconds_count") - r.metric(`portdelta_look_seconds_bucket{le="0.64"}`)
}

// testMisbehaviour switches one fault after the other on and off. Each must
// show, cost nothing that is real, and be got over.
func testMisbehaviour(t *testing.T, s *stage, name string, list []misbehaviour, lifecycle ...schemas.Type) {
	r := s.rig(t, name)
	r.start()
	r.baselined()
	r.changed(4)
	for _, m := range list {
		before, since := m.moved(r), time.Now()
		r.faults(m.rates)
		eventually(t, "metrics show "+m.rates, settleWithin, func() error {
			if now := m.moved(r); now <= before {
				return fmt.Errorf("still at %g", now)
			}
			return nil
		})
		if m.degrades {
			eventually(t, "no readiness with "+m.rates, settleWithin, func() error { return r.unready("source") })
		}
		pass(t, faultFor-time.Since(since))
		r.faults(`{}`)
		eventually(t, "every host is well after "+m.rates, settleWithin, func() error {
			if n := r.metric(`portdelta_hosts{state="ok"}`); n < hostCount {
				return fmt.Errorf("%g of %d hosts", n, hostCount)
			}
			return nil
		})
		eventually(t, "readiness after "+m.rates, settleWithin, r.ready)
	}
	r.changed(*changesFlag)
	r.prove(r.settle(), lifecycle...)
}
