package graph

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portdelta/portdelta/internal/limits"
)

// holds asserts how long the gate is closed: at least d, at most a tenth more.
func holds(t *testing.T, g *gate, d time.Duration) {
	t.Helper()
	left := time.Until(g.closedUntil())
	if left < d || left > d+d/10+time.Nanosecond {
		t.Errorf("gate holds for %s, want %s to a tenth more", left, d)
	}
}

func TestGateHoldsEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		ticket, err := g.wait(t.Context(), 0)
		if err != nil {
			t.Fatalf("the zero gate is closed: %v", err)
		}
		begin := time.Now()
		g.throttle(ticket, 30*time.Second, true)
		g.throttle(ticket, 90*time.Second, true) // the greatest counts
		g.throttle(ticket, 5*time.Second, true)
		holds(t, &g, 90*time.Second)
		var workers sync.WaitGroup
		for range 20 {
			workers.Go(func() {
				if _, err := g.wait(t.Context(), math.MaxInt64); err != nil {
					t.Error(err)
				}
				if waited := time.Since(begin); waited < 90*time.Second || waited > 99*time.Second {
					t.Errorf("waited %s", waited)
				}
			})
		}
		workers.Wait()
		if until := g.closedUntil(); !until.IsZero() {
			t.Errorf("open, yet closed until %s", until)
		}
	})
}

func TestGateProlongedWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		g.throttle(0, 10*time.Second, true)
		begin := time.Now()
		go func() {
			time.Sleep(5 * time.Second) // virtual
			g.throttle(0, 20*time.Second, true)
		}()
		if _, err := g.wait(t.Context(), math.MaxInt64); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(begin); waited < 25*time.Second {
			t.Errorf("waited %s only", waited)
		}
	})
}

func TestGateGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		g.throttle(0, time.Minute, true)
		var closed *closedError
		if _, err := g.wait(t.Context(), shortWait); !errors.As(err, &closed) || closed.wait < time.Minute {
			t.Errorf("error %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.wait(ctx, math.MaxInt64); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

// Without a Retry-After holds grow, but only once each time the gate closes:
// twenty workers throttled together are one throttling.
func TestGateGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		for _, want := range []time.Duration{5, 10, 20, 40, 80, 160, 300, 300} {
			ticket, err := g.wait(t.Context(), math.MaxInt64)
			if err != nil {
				t.Fatal(err)
			}
			for range 20 {
				g.throttle(ticket, 0, false)
			}
			holds(t, &g, want*time.Second)
		}
		ticket, _ := g.wait(t.Context(), math.MaxInt64)
		g.served(ticket - 1) // late news from before the gate closed
		g.throttle(ticket, 0, false)
		holds(t, &g, maxHold)
		ticket, _ = g.wait(t.Context(), math.MaxInt64)
		g.served(ticket)
		g.throttle(ticket, 0, false)
		holds(t, &g, firstHold)
	})
}

func TestGateFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		g.throttle(0, 0, true)
		holds(t, &g, minHold)
	})
}

func TestRetryAfter(t *testing.T) {
	most := time.Duration(limits.RetryAfter.Max) * time.Second
	for _, tt := range []struct {
		value, date string
		want        time.Duration
		ok          bool
	}{
		{"", "", 0, false},
		{"30", "", 30 * time.Second, true},
		{"0", "", 0, true},
		{"2.5", "", 2500 * time.Millisecond, true},
		{"-3", "", 0, false},
		{"NaN", "", 0, false},
		{"soon", "", 0, false},
		{"100000", "", most, true},
		{"Inf", "", most, true},
		{"1e300", "", most, true},
		{"Mon, 23 Nov 2026 12:00:40 GMT", "", 40 * time.Second, true},
		{"Mon, 23 Nov 2026 11:00:00 GMT", "", 0, true},
		{"Mon, 23 Nov 2026 18:00:40 GMT", "Mon, 23 Nov 2026 18:00:00 GMT", 40 * time.Second, true},
		{"Tue, 23 Nov 2027 12:00:00 GMT", "", most, true},
	} {
		h := http.Header{}
		h.Set("retry-after", tt.value) // the name in any case
		h.Set("Date", tt.date)
		got, ok := retryAfter(h, noon.Truncate(time.Second))
		if got != tt.want || ok != tt.ok {
			t.Errorf("%q: %s, %v; want %s, %v", tt.value, got, ok, tt.want, tt.ok)
		}
	}
}
