package poller

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// A stop lets looks in flight commit and starts none.
func TestStopLetsLooksCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 50, func(r *rig, o *Options) {
			r.source.takes = 3 * time.Second
			o.Workers = 10
		})
		time.Sleep(time.Second)
		stopped := time.Now()
		r.end(t)
		if len(r.handler.taken) != 10 || len(r.source.looks) != 10 {
			t.Errorf("%d looks begun, %d committed, want 10 each", len(r.source.looks), len(r.handler.taken))
		}
		if lasted := time.Since(stopped); lasted > 3*time.Second {
			t.Errorf("stopping took %s", lasted)
		}
		if ready, why := r.Ready(); ready {
			t.Errorf("ready after the end (%s)", why)
		}
	})
}

// A look that does not end in time tells nothing and is no failure.
func TestStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 5, func(r *rig, _ *Options) { r.source.takes = time.Hour })
		time.Sleep(time.Second)
		stopped := time.Now()
		r.end(t)
		if lasted := time.Since(stopped); lasted != time.Duration(limits.LookDrainSeconds.Max)*time.Second {
			t.Errorf("stopping took %s", lasted)
		}
		if got := r.Stats(); got.Looks != 0 || len(r.handler.failures)+len(r.handler.taken)+len(r.handler.source) != 0 {
			t.Errorf("%+v, told %v %v", got, r.handler.failures, r.handler.source)
		}
		if got := testutil.ToFloat64(r.metrics.looks[lookAbandoned]); got != 5 {
			t.Errorf("%v looks abandoned", got)
		}
	})
}

// In a hurry a stop waits for no look, and none counts as failed.
func TestStopInAHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hurry := make(chan struct{})
		r := newRig(t, 5, func(r *rig, o *Options) {
			r.source.takes = time.Hour
			o.Hurry = hurry
		})
		time.Sleep(time.Second)
		stopped := time.Now()
		time.AfterFunc(2*time.Second, func() { close(hurry) })
		r.end(t)
		if lasted := time.Since(stopped); lasted != 2*time.Second {
			t.Errorf("stopping took %s", lasted)
		}
		if got := r.Stats(); got.Looks != 0 || len(r.handler.failures)+len(r.handler.taken)+len(r.handler.source) != 0 {
			t.Errorf("%+v, told %v %v", got, r.handler.failures, r.handler.source)
		}
	})
}

// Answers that a stop cut off are no verdicts.
func TestStopDuringAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(r *rig, _ *Options) {
			r.handler.handle = func(_ context.Context, s hostport.Snapshot) ([]hostport.Ask, error) {
				if s.Answers != nil {
					t.Error("handled with answers that were cut off")
				}
				r.source.takes = time.Hour
				return []hostport.Ask{{Kind: hostport.AskPort, ID: "x"}}, nil
			}
		})
		time.Sleep(time.Second)
		r.end(t)
	})
}

// Whatever the handler cannot do is fatal, and nothing is under way afterwards.
func TestHandlerErrorsAreFatal(t *testing.T) {
	fault := errors.New("disk is gone")
	for name, change := range map[string]func(*rig, *Options){
		"Handle": func(r *rig, _ *Options) {
			var n atomic.Int64
			r.handler.handle = func(context.Context, hostport.Snapshot) ([]hostport.Ask, error) {
				if n.Add(1) == 20 {
					return nil, fault
				}
				return nil, nil
			}
		},
		"Failed": func(r *rig, _ *Options) {
			r.handler.fault = fault
			r.source.look = failWith(hostport.Throttled)
		},
		"Watch": func(r *rig, o *Options) {
			r.handler.fault = fault
			o.Intake = func() bool { return false }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 50, func(r *rig, o *Options) {
					r.source.takes = 300 * time.Millisecond
					change(r, o)
				})
				if err := <-r.done; !errors.Is(err, fault) {
					t.Errorf("Run: %v", err)
				}
			})
		})
	}
}
