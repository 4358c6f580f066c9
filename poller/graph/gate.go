package graph

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/portdelta/portdelta/internal/limits"
)

const (
	// minHold is the least a throttled client waits: a Retry-After of 0 or of a
	// fraction of a second would only be throttled again, and counted.
	minHold = time.Second
	// Without a Retry-After the holds grow from firstHold, doubled up to maxHold.
	firstHold = 5 * time.Second
	maxHold   = 5 * time.Minute
)

// gate is the one throttle of a client. Graph counts requests per application,
// so when one worker is told to wait all of them do, until the latest time any
// was told. The zero gate is open. All methods may be called concurrently.
type gate struct {
	mu     sync.Mutex
	until  time.Time // nobody sends before it
	closed uint64    // how often it was closed by a request that had passed it open
	streak int       // closings in a row that named no time
}

// closedError is a wait the caller found too long.
type closedError struct{ wait time.Duration }

func (e *closedError) Error() string {
	return "the service told this client to wait for another " + e.wait.Round(time.Second).String()
}

// wait returns once the gate is open, with a ticket to hand to throttle or
// served. It gives up with a closedError as soon as the wait exceeds most, and
// with the context's error.
func (g *gate) wait(ctx context.Context, most time.Duration) (ticket uint64, err error) {
	for {
		g.mu.Lock()
		left, ticket := time.Until(g.until), g.closed
		g.mu.Unlock()
		if left <= 0 {
			return ticket, ctx.Err()
		}
		if left > most {
			return 0, &closedError{left}
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C: // look again: others may have been told to wait longer
		case <-ctx.Done():
			timer.Stop()
			return 0, ctx.Err()
		}
	}
}

// throttle closes the gate: for hold, or where the service did not say (ok is
// false) for a time that grows with each closing in a row. Requests that were
// under way when the gate closed are answered late, with old tickets: they may
// prolong the hold but do not make it grow.
func (g *gate) throttle(ticket uint64, hold time.Duration, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ticket == g.closed {
		g.closed++
		if !ok {
			g.streak++
		}
	}
	if !ok {
		hold = min(firstHold<<min(max(g.streak-1, 0), 16), maxHold)
	}
	hold = max(hold, minHold)
	// Jitter only adds: nobody comes back before the time that was named, and
	// several instances do not come back together.
	hold += rand.N(hold/10 + 1)
	if until := time.Now().Add(hold); until.After(g.until) {
		g.until = until
	}
}

// served tells that a request of this ticket was answered.
func (g *gate) served(ticket uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ticket == g.closed {
		g.streak = 0
	}
}

func (g *gate) closedUntil() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Until(g.until) <= 0 {
		return time.Time{}
	}
	return g.until
}

// retryAfter reads the header of RFC 9110 section 10.2.3, seconds or a date; the
// service also sends decimals. A date counts from the answer's own Date, so that
// our clock need not agree with the service's. The result is never negative and
// at most limits.RetryAfter; false where there is none to be read.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := h.Get("Retry-After")
	most := time.Duration(limits.RetryAfter.Max) * time.Second
	wait := time.Duration(-1)
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		switch {
		case s > most.Seconds():
			wait = most + 1
		case s >= 0: // false for NaN too
			wait = time.Duration(s * float64(time.Second))
		}
	} else if at, err := http.ParseTime(v); err == nil {
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			now = date
		}
		wait = max(at.Sub(now), 0)
	}
	if wait > most {
		limits.RetryAfter.Hit()
		wait = most
	}
	return max(wait, 0), wait >= 0
}
