package detect

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/schemas"
)

// The inputs of a run, decided again, give the same records, byte for byte, as
// often as one likes (P7); another policy gives others.
func TestInputsDecidedAgain(t *testing.T) {
	differed := false
	for seed := range uint64(20) {
		w := newWorld(seed)
		d, s := open(t)
		d.Policy.RetainGone = 10 * 24 * time.Hour
		var inputs []Input
		d.Decided = func(in Input) { inputs = append(inputs, in) }
		for n := range 40 {
			w.step()
			tick(t, d, s, w.now)
			if w.rng.IntN(6) == 0 {
				for failures := range 6 {
					f := diff.Failure{At: w.now.Add(time.Duration(failures)), Failures: failures + 1, Since: w.now, MaxAge: time.Hour, Class: hostport.Throttled}
					if err := d.Failed(context.Background(), "203.0.113.7", f); err != nil {
						t.Fatal(err)
					}
				}
			}
			if n%7 > 0 {
				handle(t, d, w.look())
			}
		}
		var want []string
		for _, r := range outbox(t, s, "203.0.113.7") {
			want = append(want, recordText(&r))
		}
		again := func(policy diff.Policy) (got []string) {
			m := &Memory{Publish: func(records []schemas.Record) error {
				for i := range records {
					got = append(got, recordText(&records[i]))
				}
				return nil
			}}
			replay := &Detector{Store: m, Shards: shards, Source: d.Source, Policy: policy, Metrics: NewMetrics(prometheus.NewRegistry())}
			for _, in := range inputs {
				if err := replay.Apply(context.Background(), in); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			return got
		}
		for range 2 {
			if diff := cmp.Diff(want, again(d.Policy)); diff != "" {
				t.Fatalf("seed %d (-run +replay):\n%s", seed, diff)
			}
		}
		other := d.Policy
		other.VanishAfter = time.Hour
		differed = differed || !cmp.Equal(want, again(other))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if !differed {
		t.Error("the policy has no say in any of the histories")
	}
}

func recordText(r *schemas.Record) string {
	return fmt.Sprintf("%s/%d %s %s", r.Topic, r.Partition, r.Key, r.Value)
}
