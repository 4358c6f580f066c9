package poller

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Budget hands out one token a request. Over any 10 s it hands out at most
// 10 x budget + 1 (contract section 6). Its methods may be called concurrently.
type Budget struct {
	perSecond float64
	pace      *rate.Limiter // spreads tokens evenly

	mu     sync.Mutex
	start  time.Time
	window window
	total  uint64
}

// headroom keeps the pace half a percent below the budget, so that what the
// network does to the spacing of requests (50 ms within 10 s) does not break the
// promise where it is measured, at the service.
const headroom = 0.995

// NewBudget makes a budget of so many requests per second. It panics unless the
// number is finite and greater than 0: configurations are checked before.
func NewBudget(perSecond float64) *Budget {
	if !(perSecond > 0) || math.IsInf(perSecond, 1) {
		panic(fmt.Sprintf("poller: budget of %v requests per second", perSecond))
	}
	return &Budget{
		perSecond: perSecond,
		// One at a time; from 100/s on what 10 ms bring, or timers that are late by as
		// much would cost their share of the budget.
		pace:   rate.NewLimiter(rate.Limit(perSecond*headroom), 1+int(min(perSecond/100, 1e6))),
		start:  time.Now(),
		window: window{limit: int(min(budgetWindow.Seconds()*perSecond, math.MaxInt32)) + 1},
	}
}

// PerSecond is the budget as given.
func (b *Budget) PerSecond() float64 { return b.perSecond }

// Wait takes one token and returns once the request may be sent. The error is
// the context's, or says that its deadline comes before the token.
func (b *Budget) Wait(ctx context.Context) error {
	if err := b.pace.Wait(ctx); err != nil {
		return fmt.Errorf("wait for the request budget: %w", err)
	}
	// The pace spreads, the window keeps the promise: after a stall of the process
	// all whose turn has come go at once.
	for {
		wait := b.take()
		if wait == 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("wait for the request budget: %w", ctx.Err())
		}
	}
}

func (b *Budget) take() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	wait := b.window.take(time.Since(b.start))
	if wait == 0 {
		b.total++
	}
	return wait
}

// UsedRatio is the share of the budget taken over the last 10 s, or since the
// start where that is shorter ago: 0 to about 1.
func (b *Budget) UsedRatio() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Since(b.start)
	b.window.advance(now)
	// Right after the start a single token would look like a flood.
	span := min(max(now, time.Second), budgetWindow)
	return float64(b.window.sum) / (b.perSecond * span.Seconds())
}

// Requests is how many tokens were taken since the start.
func (b *Budget) Requests() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total
}

const (
	budgetWindow = 10 * time.Second
	budgetSlot   = 10 * time.Millisecond
	budgetSlots  = int(budgetWindow/budgetSlot) + 1
)

// window counts what was taken over the last 10 s in slots of 10 ms. The slot at
// its far end counts whole, so it errs to the safe side, by a tenth of a percent.
// Times are offsets from a start of the caller's and never go back.
type window struct {
	limit int // at most so many in any window
	slots [budgetSlots]int
	head  int // number of the newest slot since the start; its place is head modulo the length
	sum   int
}

// take counts one, or says how long until one may be taken.
func (w *window) take(now time.Duration) time.Duration {
	w.advance(now)
	if w.sum < w.limit {
		w.slots[w.head%budgetSlots]++
		w.sum++
		return 0
	}
	// The limit is at least one, so there is a slot that counts; its place is
	// taken over by the slot with which it leaves the window.
	slot := w.head + 1
	for w.slots[slot%budgetSlots] == 0 {
		slot++
	}
	return time.Duration(slot)*budgetSlot - now
}

// advance empties the slots that now lies more than 10 s behind.
func (w *window) advance(now time.Duration) {
	newest := int(now / budgetSlot)
	for step := min(newest-w.head, budgetSlots); step > 0; step-- {
		slot := (newest - step + 1) % budgetSlots
		w.sum -= w.slots[slot]
		w.slots[slot] = 0
	}
	w.head = max(w.head, newest)
}
