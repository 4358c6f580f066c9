//go:build unix

package e2e

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// freezes says that a process can be held still.
const freezes = true

func freeze(t *testing.T, p *process) { p.signal(t, syscall.SIGSTOP) }
func thaw(t *testing.T, p *process)   { p.signal(t, syscall.SIGCONT) }

// cutShort stops portdelta while Kafka does not answer: the first signal drains,
// which cannot end, and the second ends it at once with 1. What was not sent goes
// out at the next start.
func cutShort(t *testing.T, s *stage, r *rig) {
	s.broker.Pause(t)
	eventually(t, "records wait in the outbox", settleWithin, func() error {
		if r.metric("portdelta_outbox_records") == 0 {
			return errWaiting
		}
		return nil
	})
	r.pipe.signal(t, syscall.SIGTERM)
	eventually(t, "portdelta drains", startWithin, func() error {
		log, err := os.ReadFile(r.pipe.err)
		if err == nil && !strings.Contains(string(log), "stopping") {
			err = errWaiting
		}
		return err
	})
	if r.pipe.ended() {
		t.Error("the first signal did not wait for the outbox")
	} else {
		signalled := time.Now()
		r.pipe.signal(t, syscall.SIGTERM)
		if code := r.pipe.exit(t, stopWithin); code != 1 {
			t.Errorf("exit code %d after a second signal, expected 1", code)
		}
		if took := time.Since(signalled); took > 10*time.Second {
			t.Errorf("the second signal took %v", took)
		}
	}
	s.broker.Resume(t)
	r.start()
}
