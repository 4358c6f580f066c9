package e2e

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/portdelta/portdelta/schemas"
)

// Rates up to which each fault goes where all may come together. What holds the
// client back as a whole stays rare, or nothing else would be seen.
var together = map[string]float64{
	"throttle": 0.02, "error5xx": 0.2, "loop": 0.2, "truncate": 0.5, "slow": 0.3, "shift": 0.5, "hide": 0.5, "stale": 0.5, "baddate": 0.5,
}

// testChaos: several misbehaviours at a time, ever others, and kill -9 among them.
func testChaos(t *testing.T, s *stage) {
	r := s.rig(t, "chaos")
	r.start()
	r.baselined()
	for round := range 10 {
		rates := map[string]float64{}
		for _, fault := range slices.Sorted(maps.Keys(together)) { // a seed draws the same
			if r.rng.IntN(2) == 0 {
				rates[fault] = together[fault] * r.rng.Float64()
			}
		}
		body, err := json.Marshal(rates)
		if err != nil {
			t.Fatal(err)
		}
		r.faults(string(body))
		pass(t, 4*time.Second)
		if round%3 == 2 {
			r.pipe.kill()
			r.start()
		}
	}
	r.faults(`{}`)
	r.changed(*changesFlag)
	r.prove(r.settle(), schemas.SourceDegraded, schemas.SourceRecovered, schemas.HostUnreachable, schemas.HostRecovered,
		schemas.SnapshotIncomplete, schemas.RecordMalformed)
}
