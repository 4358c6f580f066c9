package poller

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
	"pgregory.net/rapid"
)

// mostIn is the greatest number of times within any closed window of 10 s.
func mostIn(times []time.Duration) int {
	most, first := 0, 0
	for i, at := range times {
		for at-times[first] > 10*time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// takeFor runs workers that take tokens for so long, each pausing at random, and
// returns when the tokens came.
func takeFor(t *testing.T, b *Budget, span, pause time.Duration, workers int, seed uint64) []time.Duration {
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	start := time.Now()
	var mu sync.Mutex
	var times []time.Duration
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(w)))
			for b.Wait(ctx) == nil {
				mu.Lock()
				times = append(times, time.Since(start))
				mu.Unlock()
				if pause > 0 {
					time.Sleep(time.Duration(random.Int64N(int64(pause))))
				}
			}
		})
	}
	wg.Wait()
	return times
}

// The promise: over any 10 s at most 10 x budget + 1 requests.
func TestBudgetKeepsItsPromise(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		perSecond := rapid.OneOf(rapid.Float64Range(0.05, 3), rapid.Float64Range(3, 300)).Draw(rt, "budget")
		workers := rapid.IntRange(1, 64).Draw(rt, "workers")
		pause := time.Duration(rapid.Int64Range(0, int64(5*time.Second)).Draw(rt, "pause"))
		stalled := rapid.Bool().Draw(rt, "stalled")
		seed := rapid.Uint64().Draw(rt, "seed")
		var times []time.Duration
		synctest.Test(t, func(t *testing.T) {
			b := NewBudget(perSecond)
			if stalled {
				// As after a stall of the process: everybody's turn has come.
				b.pace.SetLimit(rate.Inf)
			}
			times = takeFor(t, b, 35*time.Second, pause, workers, seed)
			if b.Requests() != uint64(len(times)) {
				t.Errorf("counted %d of %d", b.Requests(), len(times))
			}
		})
		if most, limit := mostIn(times), int(10*perSecond)+1; most > limit {
			rt.Fatalf("%d requests within 10 s, at most %d allowed", most, limit)
		}
	})
}

func TestBudgetIsUsed(t *testing.T) {
	for _, perSecond := range []float64{0.5, 10, 200, 2000} {
		synctest.Test(t, func(t *testing.T) {
			b := NewBudget(perSecond)
			got := len(takeFor(t, b, time.Minute, 0, 8, 1))
			if want := 0.99 * 60 * perSecond; float64(got) < want || float64(got) > 60*perSecond+1 {
				t.Errorf("budget %v: %d requests in a minute, want %v or little more", perSecond, got, want)
			}
			if ratio := b.UsedRatio(); ratio < 0.99-1/(10*perSecond) || ratio > 1.001+1/(10*perSecond) {
				t.Errorf("budget %v: used ratio %v after a busy minute", perSecond, ratio)
			}
			time.Sleep(5 * time.Second)
			if ratio := b.UsedRatio(); math.Abs(ratio-0.5) > 0.2 {
				t.Errorf("budget %v: used ratio %v after 5 idle s", perSecond, ratio)
			}
			time.Sleep(6 * time.Second)
			if ratio := b.UsedRatio(); ratio != 0 {
				t.Errorf("budget %v: used ratio %v after 11 idle s", perSecond, ratio)
			}
		})
	}
}

func TestBudgetWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(0.01)
		if err := b.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, stalled := range []bool{false, true} {
			if stalled {
				b.pace.SetLimit(rate.Inf)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			start := time.Now()
			if err := b.Wait(ctx); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
				t.Errorf("stalled %v: %v after %s", stalled, err, time.Since(start))
			}
		}
		if b.Requests() != 1 {
			t.Errorf("%d requests counted", b.Requests())
		}
	})
}

func TestBudgetRefusesNonsense(t *testing.T) {
	for _, perSecond := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("NewBudget(%v) did not panic", perSecond)
				}
			}()
			NewBudget(perSecond)
		}()
	}
}

func TestWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := window{limit: rapid.IntRange(1, 30).Draw(t, "limit")}
		var now time.Duration
		var times []time.Duration
		for _, step := range rapid.SliceOfN(rapid.Int64Range(0, int64(3*time.Second)), 1, 300).Draw(t, "steps") {
			now += time.Duration(step)
			if wait := w.take(now); wait > 0 {
				if wait > budgetWindow+budgetSlot {
					t.Fatalf("told to wait %s", wait)
				}
				if early := w.take(now + wait - 1); early == 0 {
					t.Fatalf("told to wait %s, had one before", wait)
				}
				now += wait
				if again := w.take(now); again > 0 {
					t.Fatalf("told to wait %s, then another %s", wait, again)
				}
			}
			times = append(times, now)
		}
		if most := mostIn(times); most > w.limit {
			t.Fatalf("%d in a window, limit %d", most, w.limit)
		}
	})
}
