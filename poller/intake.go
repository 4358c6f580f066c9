package poller

import (
	"sync"
	"time"
)

const (
	// intakeEvery is how often the intake and the source's health are looked at
	// while nothing else happens.
	intakeEvery = 250 * time.Millisecond
	// suspendedAtLeast keeps an outbox that hovers at its bound from telling more
	// than one suspension in so long.
	suspendedAtLeast = 5 * time.Second
	reasonOutboxFull = "outbox_full"
)

// intake says whether looks may start, and tells when that changes.
type intake struct {
	open func() bool // may be nil: always

	mu        sync.Mutex
	suspended bool
	since     time.Time
}

// check asks anew. The change is nil where there is none.
func (i *intake) check(now time.Time) (bool, *WatchChange) {
	if i.open == nil {
		return true, nil
	}
	open := i.open()
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case !open && !i.suspended:
		i.suspended, i.since = true, now
		return false, &WatchChange{At: now, Reason: reasonOutboxFull, Since: now}
	case open && i.suspended && now.Sub(i.since) >= suspendedAtLeast:
		i.suspended = false
		return true, &WatchChange{At: now, Resumed: true, Reason: reasonOutboxFull, Since: i.since}
	}
	return !i.suspended, nil
}

func (i *intake) isSuspended() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.suspended
}
