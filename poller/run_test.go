package poller

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// The demo's figures: 50 hosts, a max-age of 2 s, a budget of 200/s.
func TestRunKeepsMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 50, func(r *rig, _ *Options) { r.source.takes = 5 * time.Millisecond })
		time.Sleep(time.Second)
		if got := r.Stats(); got.Baselined != 50 || got.Hosts != 50 {
			t.Errorf("after 1 s: %+v", got)
		}
		time.Sleep(29 * time.Second)
		r.end(t)
		for _, host := range hostNames(50) {
			times := r.source.times(host)
			for i := 1; i < len(times); i++ {
				if gap := times[i].Sub(times[i-1]); gap > 2*time.Second || gap < 900*time.Millisecond {
					t.Fatalf("host %s: looks %s apart", host, gap)
				}
			}
			if len(times) < 15 || len(times) > 18 {
				t.Errorf("host %s: %d looks in 30 s", host, len(times))
			}
		}
		got := r.Stats()
		if got.Failed != 0 || got.Held != 0 || got.Looks != uint64(len(r.handler.taken)) || got.Looks != got.Requests {
			t.Errorf("%+v, handled %d", got, len(r.handler.taken))
		}
	})
}

// The first round goes as fast as the budget allows, and no host is looked at
// twice at once though all workers are busy (the source would say so).
func TestRunFirstRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2000, func(r *rig, o *Options) {
			o.Tiers[0].MaxAge = 12 * time.Second
			r.source.takes = 150 * time.Millisecond
		})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := r.Stats(); got.Baselined < 1940 {
			t.Errorf("after hosts/budget = 10 s: %+v", got)
		}
		time.Sleep(10 * time.Second)
		r.end(t)
	})
}

func TestWorkers(t *testing.T) {
	for _, test := range []struct {
		wanted int
		budget float64
		want   int
	}{{0, 0.1, 4}, {0, 10, 20}, {0, 1e9, limits.LooksInFlight.Max}, {3, 100, 3}, {1000, 1, limits.LooksInFlight.Max}} {
		if got := workers(test.wanted, NewBudget(test.budget)); got != test.want {
			t.Errorf("workers(%d, %v) = %d, want %d", test.wanted, test.budget, got, test.want)
		}
	}
}

func TestLooksInFlightAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hits := limits.LooksInFlight.Hits()
		r := newRig(t, 50, func(r *rig, o *Options) {
			r.source.takes = time.Hour
			o.Workers = 7
		})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(r.source.looks) != 7 || limits.LooksInFlight.Hits() != hits+1 {
			t.Errorf("%d looks in flight, %d hits", len(r.source.looks), limits.LooksInFlight.Hits()-hits)
		}
		r.end(t)
	})
}

func TestSourceDegradesAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		r := newRig(t, 50, func(r *rig, _ *Options) {
			r.source.look = func(host hostport.Host) (hostport.Snapshot, error) {
				if broken.Load() {
					return failWith(hostport.Unauthorized)(host)
				}
				return good(host), nil
			}
		})
		time.Sleep(5 * time.Second)
		if ready, why := r.Ready(); !ready {
			t.Errorf("not ready: %s", why)
		}
		broken.Store(true)
		time.Sleep(20 * time.Second)
		if ready, why := r.Ready(); ready || !strings.Contains(why, "unauthorized") {
			t.Errorf("ready %v: %q", ready, why)
		}
		broken.Store(false)
		time.Sleep(20 * time.Second)
		if ready, why := r.Ready(); !ready {
			t.Errorf("not ready again: %s", why)
		}
		r.end(t)
		if c := r.handler.source; len(c) != 2 || c[0].Recovered || !c[1].Recovered || c[0].Status != 503 || c[0].Kind != hostport.Unauthorized {
			t.Errorf("%+v", c)
		}
	})
}

func TestIntake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		start := time.Now()
		r := newRig(t, 10, func(_ *rig, o *Options) { o.Intake = func() bool { return !full.Load() } })
		time.Sleep(10 * time.Second)
		full.Store(true)
		time.Sleep(intakeEvery)
		synctest.Wait()
		looks := r.Stats().Looks
		time.Sleep(20 * time.Second)
		if got := r.Stats().Looks; got != looks {
			t.Errorf("%d looks while suspended", got-looks)
		}
		if ready, why := r.Ready(); ready || why != "watch suspended: outbox_full" {
			t.Errorf("ready %v: %q", ready, why)
		}
		full.Store(false)
		time.Sleep(2 * time.Second)
		if got := r.Stats().Looks; got < looks+10 {
			t.Errorf("only %d looks after it resumed", got-looks)
		}
		// An outbox that hovers at its bound makes no storm.
		for range 1000 {
			full.Store(!full.Load())
			time.Sleep(10 * time.Millisecond)
		}
		r.end(t)
		w := r.handler.watch
		if len(w) < 3 || len(w) > 6 || w[0].Resumed || !w[1].Resumed || w[0].Reason != "outbox_full" || !w[1].Since.Equal(w[0].At) {
			t.Fatalf("%+v", w)
		}
		if at := w[0].At.Sub(start); at < 10*time.Second || at > 10*time.Second+intakeEvery {
			t.Errorf("suspended after %s", at)
		}
	})
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := hostNames(6)
		r := newRig(t, 6, func(r *rig, o *Options) {
			o.Tiers[0].MaxAge = time.Hour
			o.Workers = 1
			r.source.look = func(host hostport.Host) (hostport.Snapshot, error) {
				s := good(host)
				switch host {
				case hosts[1]:
					return failWith(hostport.Unavailable)(host)
				case hosts[2]:
					s.Result = hostport.Unknown
				case hosts[3]:
					s.Proof = hostport.Unproven
				}
				return s, nil
			}
			r.handler.handle = func(_ context.Context, s hostport.Snapshot) ([]hostport.Ask, error) {
				if s.Host == hosts[4] {
					return nil, ErrHeld
				}
				return nil, nil
			}
		})
		time.Sleep(400 * time.Millisecond)
		err := testutil.GatherAndCompare(r.registry, strings.NewReader(`
# HELP portdelta_hosts Watched hosts by the result of their last look; watched is their number.
# TYPE portdelta_hosts gauge
portdelta_hosts{state="failing"} 1
portdelta_hosts{state="incomplete"} 1
portdelta_hosts{state="ok"} 2
portdelta_hosts{state="unknown"} 1
portdelta_hosts{state="waiting"} 1
portdelta_hosts{state="watched"} 6
# HELP portdelta_looks_total Looks that ended, by result.
# TYPE portdelta_looks_total counter
portdelta_looks_total{result="abandoned"} 0
portdelta_looks_total{result="failed"} 1
portdelta_looks_total{result="held"} 1
portdelta_looks_total{result="incomplete"} 1
portdelta_looks_total{result="ok"} 2
portdelta_looks_total{result="unknown"} 1
`), "portdelta_hosts", "portdelta_looks_total")
		if err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Second)
		if age := r.schedule.oldest(time.Since(r.schedule.epoch)); age < 10*time.Second || age > 11*time.Second {
			t.Errorf("oldest snapshot %s old", age)
		}
		for _, name := range []string{"portdelta_look_seconds", "portdelta_snapshot_age_seconds", "portdelta_budget_used_ratio"} {
			if n, err := testutil.GatherAndCount(r.registry, name); n != 1 || err != nil {
				t.Errorf("%s: %d, %v", name, n, err)
			}
		}
		if problems, err := testutil.GatherAndLint(r.registry); err != nil || len(problems) > 0 {
			t.Error(problems, err)
		}
		r.end(t)
	})
}

func TestNewRefuses(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("made of nothing")
	}
	_, err := New(Options{Source: &fakeSource{}, Handler: &fakeHandler{}, Budget: NewBudget(1)})
	if err == nil || !strings.Contains(err.Error(), "the watch list is empty") {
		t.Errorf("error %v", err)
	}
}
