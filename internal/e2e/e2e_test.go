package e2e

import (
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portdelta/portdelta/internal/kafkatest"
)

var (
	seedFlag = flag.Uint64("e2e.seed", 0, "seed of the worlds and of the moments drawn; 0: a new one")
	// Two changes come in 3 s: 40 show each kind once and some more, 1,000 soak.
	changesFlag = flag.Int("e2e.changes", 40, "changes of the world that a scenario waits for at least")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scenarios share a broker. Those that leave it alone run at the same time: they
// are processes that wait, for scans and for one another.
var scenarios = []struct {
	name string
	test func(*testing.T, *stage)
}{
	{"plain", testPlain},
	{"killed", testKilled},
	{"unreachable", testUnreachable},
	{"lists", testLists},
	{"records", testRecords},
	{"chaos", testChaos},
	{"crashpoints", testCrashPoints},
	{"takeover", testTakeOver},
}

// stage is what all scenarios have in common.
type stage struct {
	binary string
	broker *kafkatest.Broker
	seed   uint64
}

func (s *stage) rig(t *testing.T, prefix string) *rig {
	t.Helper()
	return newRig(t, s.binary, s.broker.Addr(), prefix, s.seed)
}

func TestPipe(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the end-to-end tests take minutes")
	}
	s := &stage{seed: *seedFlag, broker: kafkatest.Start(t), binary: build(t)}
	if s.seed == 0 {
		s.seed = rand.Uint64N(1_000_000) + 1
	}
	t.Run("together", func(t *testing.T) {
		// Not t.Parallel, which would let as many run as there are processors.
		var wg sync.WaitGroup
		for _, scenario := range scenarios {
			wg.Go(func() { t.Run(scenario.name, func(t *testing.T) { scenario.test(t, s) }) })
		}
		wg.Wait()
	})
	t.Run("outage", func(t *testing.T) { testOutage(t, s) })
}

// testPlain: nothing goes wrong.
func testPlain(t *testing.T, s *stage) {
	r := s.rig(t, "plain")
	r.start()
	r.baselined()
	r.changed(*changesFlag)
	eventually(t, "readiness", startWithin, r.ready)
	r.prove(r.settle())
}

// testKilled: kill -9, again and again, at any moment (P5, P6).
func testKilled(t *testing.T, s *stage) {
	r := s.rig(t, "killed")
	r.start()
	for range 6 {
		// The first may come in the middle of the baselines.
		pass(t, time.Duration(r.rng.Int64N(int64(4*time.Second))))
		r.pipe.kill()
		r.start()
	}
	r.baselined()
	r.changed(*changesFlag)
	r.prove(r.settle())
}
