package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portdelta/portdelta/schemas"
)

// testCrashPoints: the process dies at each named point of the way from the
// commit to the trim, for the first time at once and then somewhere in the middle
// of its work (P5, P6; docs/reliability.md).
func testCrashPoints(t *testing.T, s *stage) {
	r := s.rig(t, "crashpoints")
	for _, point := range []string{"synced", "added", "produced", "before_commit", "committed", "before_trim"} {
		for _, n := range []int{1, 3 + r.rng.IntN(30)} {
			r.crashAt = fmt.Sprintf("%s:%d", point, n)
			r.starts++
			at := r.crashAt
			p := r.launchRun()
			select {
			case <-p.exited:
			case <-time.After(settleWithin):
				t.Fatalf("%s was not reached", at)
			}
		}
	}
	r.start()
	r.baselined()
	r.changed(*changesFlag)
	r.prove(r.settle())
}

// testTakeOver: a second instance with a store of its own takes the topics over
// from a running one, goes on from what was published, and dies; the first comes
// back on a store whose outbox nobody may send any more (P5, P6).
func testTakeOver(t *testing.T, s *stage) {
	r := s.rig(t, "takeover")
	r.start()
	r.baselined()
	r.changed(10)
	first, firstConfig, takeOvers := r.pipe, r.config, 2

	// The second one, on the same topics.
	second := filepath.Join(r.dir, "second.yaml")
	text, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}
	moved := strings.Replace(string(text), filepath.Join(r.dir, "data"), filepath.Join(r.dir, "data-2"), 1)
	if err := os.WriteFile(second, []byte(moved), 0o600); err != nil {
		t.Fatal(err)
	}
	r.config = second
	r.start()
	if code := first.exit(t, 10*time.Second); code != 3 { // contract section 7
		t.Errorf("the former owner ended with exit code %d, expected 3", code)
	}
	if log := tail(first.err, 8<<10); !strings.Contains(log, "taken over by") || !strings.Contains(log, fmt.Sprintf("process %d", r.pipe.cmd.Process.Pid)) {
		t.Errorf("the former owner does not say who took over:\n%s", log)
	}
	r.restored(1)
	if freezes {
		// The zombie: stopped in its tracks while another takes over, then woken. Its
		// last transaction may be older than the coordinator lets one become.
		zombie, config := r.pipe, r.config
		freeze(t, zombie)
		r.config = firstConfig
		r.start()
		pass(t, time.Duration(r.rng.Int64N(int64(5*time.Second))))
		r.changed(15)
		r.restored(2)
		thaw(t, zombie)
		if code := zombie.exit(t, 15*time.Second); code != 3 {
			t.Errorf("the zombie ended with exit code %d, expected 3", code)
		}
		r.pipe.kill()
		r.config, takeOvers = config, takeOvers+2
		r.start()
		r.restored(3)
	}
	r.changed(20)
	r.pipe.kill()

	// The first comes back: what its outbox held was decided from a state that is
	// no longer what readers were told.
	r.config = firstConfig
	r.start()
	r.changed(*changesFlag)
	r.prove(r.settle(), schemas.StateRestored)
	restored := 0
	for _, l := range r.heard().lifecycle {
		if l.Type == schemas.StateRestored {
			restored++
		}
	}
	if want := takeOvers * partitions; restored != want {
		t.Errorf("%d shards were restored in %d take-overs, expected %d", restored, takeOvers, want)
	}
}
