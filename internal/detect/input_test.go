package detect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
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

// Steps of a shard's hosts that know of one another are decided again as they were,
// however they ran side by side: a mass loss is held for the same ports.
func TestInputsOfAShardDecidedAgain(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	const hosts, ports = 40, 8
	held := false
	for round := range 5 {
		d, s := open(t)
		var mu sync.Mutex
		var inputs []Input
		d.Decided = func(in Input) {
			mu.Lock()
			defer mu.Unlock()
			inputs = append(inputs, in)
		}
		for day := range 4 {
			var looks sync.WaitGroup
			for n := range hosts {
				looks.Go(func() {
					now := at.Add(time.Duration(24*day)*time.Hour + time.Duration(n+round)*time.Millisecond)
					snap := hostport.Snapshot{Host: hostport.Host(fmt.Sprintf("203.0.113.%d", n)), At: now, Result: hostport.Ports, Proof: hostport.Single}
					for p := range uint16(ports) {
						if p == 0 || day == 0 {
							snap.Ports = append(snap.Ports, hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: 1000 + p}, ID: "x", Status: hostport.Open, LastScan: now})
						}
					}
					handle(t, d, snap)
				})
			}
			looks.Wait()
		}
		texts := func(records []schemas.Record) (list []string) {
			for i := range records {
				held = held || records[i].Topic == schemas.Lifecycles && strings.Contains(string(records[i].Value), "mass_loss.held")
				list = append(list, recordText(&records[i]))
			}
			return list
		}
		var want, got []string
		for shard := range shards {
			entries, err := s.Read(shard, 0, 1_000_000, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				want = append(want, texts([]schemas.Record{e.Record})...)
			}
		}
		m := &Memory{Publish: func(records []schemas.Record) error { got = append(got, texts(records)...); return nil }}
		replay := &Detector{Store: m, Shards: shards, Source: d.Source, Policy: d.Policy, Metrics: NewMetrics(prometheus.NewRegistry())}
		for _, in := range inputs {
			if err := replay.Apply(context.Background(), in); err != nil {
				t.Fatal(err)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("(-run +replay):\n%s", d)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if !held {
		t.Error("no loss was held: nothing has been tried")
	}
}

func recordText(r *schemas.Record) string {
	return fmt.Sprintf("%s/%d %s %s", r.Topic, r.Partition, r.Key, r.Value)
}
