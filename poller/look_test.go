package poller

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/portdelta/portdelta/internal/hostport"
)

func TestAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asks := []hostport.Ask{
			{Kind: hostport.AskPort, Key: hostport.PortKey{Protocol: "tcp", Number: 22}, ID: "a"},
			{Kind: hostport.AskList},
			{Kind: hostport.AskCertificate, ID: "c"},
		}
		r := newRig(t, 1, func(r *rig, o *Options) {
			o.Tiers[0].MaxAge = time.Hour
			r.handler.handle = func(_ context.Context, s hostport.Snapshot) ([]hostport.Ask, error) {
				if s.Answers == nil {
					return asks, nil
				}
				return nil, nil
			}
		})
		time.Sleep(time.Second)
		r.end(t)
		if len(r.handler.taken) != 1 || r.Stats().Requests != 4 {
			t.Fatalf("handled %d, %d requests", len(r.handler.taken), r.Stats().Requests)
		}
		list := r.handler.taken[0].Answers[1].List
		want := []hostport.Answer{
			{Ask: asks[0], Verdict: hostport.NotFound, Requests: []string{"r2"}},
			{Ask: asks[1], Verdict: hostport.Found, List: list, Requests: []string{"r1"}},
			{Ask: asks[2], Verdict: hostport.NotFound, Requests: []string{"r2"}},
		}
		if diff := cmp.Diff(want, r.handler.taken[0].Answers); diff != "" || list == nil || list.Result != hostport.Ports {
			t.Error(diff, list)
		}
	})
}

func TestAskedListThatFails(t *testing.T) {
	r := &fakeSource{t: t, budget: NewBudget(100), look: failWith(hostport.Unavailable)}
	got := answer(t.Context(), r, "h", []hostport.Ask{{Kind: hostport.AskList}})
	if len(got) != 1 || got[0].Verdict != hostport.Failed || got[0].List != nil {
		t.Errorf("%+v", got)
	}
}

func TestSecondRoundOfAsksIsFatal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(r *rig, _ *Options) {
			r.handler.handle = func(context.Context, hostport.Snapshot) ([]hostport.Ask, error) {
				return []hostport.Ask{{Kind: hostport.AskPort}}, nil
			}
		})
		if err := <-r.done; err == nil || !strings.Contains(err.Error(), "10.0.0.0: 1 further asks") {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestFailuresAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs, seen := observer.New(zapcore.WarnLevel)
		var classes atomic.Int64
		var broken atomic.Bool
		start := time.Now()
		r := newRig(t, 3, func(r *rig, o *Options) {
			o.Tiers[0].MaxAge = time.Minute
			o.Logger = zap.New(logs)
			o.Errors = func(class string) {
				if class != "unavailable" {
					t.Errorf("class %q", class)
				}
				classes.Add(1)
			}
			r.source.look = func(host hostport.Host) (hostport.Snapshot, error) {
				if broken.Load() && host == "10.0.0.1" {
					return failWith(hostport.Unavailable)(host)
				}
				return good(host), nil
			}
		})
		time.Sleep(time.Second)
		broken.Store(true)
		time.Sleep(3 * time.Minute)
		broken.Store(false)
		time.Sleep(time.Minute)
		broken.Store(true)
		time.Sleep(time.Minute)
		r.end(t)

		failures := r.handler.failures["10.0.0.1"]
		if len(r.handler.failures) != 1 || len(failures) < 8 || int64(len(failures)) != classes.Load() {
			t.Fatalf("%d hosts failed, this one %d times, %d errors counted", len(r.handler.failures), len(failures), classes.Load())
		}
		runs, row := 0, 0
		var since time.Time
		for i, f := range failures {
			if f.Failures == 1 {
				runs, row, since = runs+1, 0, f.Since
			}
			if row++; f.Failures != row || f.MaxAge != time.Minute || f.Class != hostport.Unavailable || !f.Since.Equal(since) ||
				f.At.Before(f.Since) || f.LastGood.Before(start) || !f.LastGood.Before(f.Since) {
				t.Errorf("failure %d: %+v", i, f)
			}
		}
		if runs != 2 {
			t.Errorf("%d runs of failures, want 2", runs)
		}
		if len(r.handler.source) != 0 {
			t.Errorf("one bad host degraded the source: %+v", r.handler.source)
		}
		lines := seen.FilterMessage("look failed").All()
		if len(lines) < 2 || len(lines) > 5 {
			t.Errorf("%d log lines for %d failures", len(lines), len(failures))
		}
		logged := int64(len(lines))
		for _, line := range lines {
			logged += line.ContextMap()["others_not_logged"].(int64)
		}
		if logged < int64(len(failures))-10 || logged > int64(len(failures)) {
			t.Errorf("the log accounts for %d of %d failures", logged, len(failures))
		}
	})
}

// A new host whose looks fail has no last good one.
func TestFailureBeforeAnyGoodLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(r *rig, _ *Options) {
			r.source.look = func(hostport.Host) (hostport.Snapshot, error) { return hostport.Snapshot{}, errors.New("plain") }
		})
		time.Sleep(100 * time.Millisecond)
		r.end(t)
		if f := r.handler.failures["10.0.0.0"]; len(f) != 1 || !f[0].LastGood.IsZero() || f[0].Class != hostport.Unavailable {
			t.Errorf("%+v", f)
		}
	})
}

// A failure that the handler has no room for ends nothing, and stays a failure.
func TestHeldFailureIsNotFatal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(r *rig, _ *Options) {
			r.source.look = failWith(hostport.Unavailable)
			r.handler.fault = ErrHeld
		})
		time.Sleep(2 * time.Second)
		r.end(t)
		got := r.Stats()
		if n := len(r.handler.failures["10.0.0.0"]); n < 2 || got.Failed != uint64(n) || got.Held != 0 {
			t.Errorf("%d failures told, %+v", n, got)
		}
	})
}

// A held baseline is no failure and comes again.
func TestHeldSnapshotsComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		full.Store(true)
		r := newRig(t, 5, func(r *rig, _ *Options) {
			r.handler.handle = func(context.Context, hostport.Snapshot) ([]hostport.Ask, error) {
				if full.Load() {
					return nil, ErrHeld
				}
				return nil, nil
			}
		})
		time.Sleep(5 * time.Second)
		if got := r.Stats(); got.Held < 10 || got.Failed != 0 || got.Baselined != 0 || len(r.handler.failures) != 0 {
			t.Errorf("%+v", got)
		}
		full.Store(false)
		time.Sleep(2 * time.Second)
		if got := r.Stats(); got.Baselined != 5 {
			t.Errorf("%+v", got)
		}
		r.end(t)
	})
}
