package e2e

import (
	"fmt"
	"testing"
	"time"
)

// testOutage: Kafka goes away for 20 s and comes back. Detection goes on, what it
// decides waits in the outbox, and nothing is lost (P5).
func testOutage(t *testing.T, s *stage) {
	r := s.rig(t, "outage")
	r.start()
	r.baselined()
	r.changed(10)
	eventually(t, "readiness", startWithin, r.ready)

	s.broker.Stop(t)
	away := time.Now()
	looks := r.metric(`portdelta_looks_total{result="ok"}`)
	decided := r.metric("portdelta_events_total")
	eventually(t, "/readyz tells that Kafka is away", settleWithin, func() error { return r.unready("kafka") })
	eventually(t, "events wait in the outbox", settleWithin, func() error {
		if n := r.metric("portdelta_outbox_records"); n < 5 {
			return fmt.Errorf("%g records", n)
		}
		return nil
	})
	pass(t, 20*time.Second-time.Since(away))
	if now := r.metric(`portdelta_looks_total{result="ok"}`); now < looks+10*hostCount {
		t.Errorf("%g looks in 20 s without Kafka, expected one a host and second", now-looks)
	}
	if now := r.metric("portdelta_events_total"); now <= decided {
		t.Error("nothing was decided while Kafka was away")
	}
	if age := r.metric("portdelta_outbox_oldest_seconds"); age < 5 {
		t.Errorf("the oldest record of the outbox is %g s old", age)
	}

	s.broker.Start(t)
	eventually(t, "the outbox drains", settleWithin, func() error {
		if n := r.metric("portdelta_outbox_records"); n > 0 {
			return fmt.Errorf("%g records", n)
		}
		return nil
	})
	eventually(t, "readiness after the outage", settleWithin, r.ready)
	cutShort(t, s, r)
	r.changed(*changesFlag)
	r.prove(r.settle())
}
