package poller

import (
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Tier is a set of hosts with one bound on the age of their snapshots.
type Tier struct {
	Name   string
	MaxAge time.Duration // between two looks at a host, where the budget allows
	Hosts  []hostport.Host
}

const (
	// lookAhead is the share of the max-age after which a host is due again: the
	// rest is for waiting in line, for the look itself and for a few retries.
	lookAhead = 0.98
	// A failed look is repeated after 1 s, then twice that and so on, up to half
	// a max-age.
	firstRetry = time.Second
	// A held baseline waits for the outbox to drain.
	heldRetry = time.Minute
)

// entry is a watched host. Times are offsets from the schedule's epoch. Whoever
// has picked it owns it until it is given back; `good` may be read at any time.
type entry struct {
	host     hostport.Host
	maxAge   time.Duration // of its tier
	hash     uint64        // of the host, stable
	key      time.Duration // what its queue orders by
	due      time.Duration // not looked at before
	deadline time.Duration // among hosts that are due the earliest goes first
	since    time.Duration // start of the first look of the present failures
	failures int           // looks in a row that failed
	state    outcome       // of the last look that decided one
	good     atomic.Int64  // end of the last look that succeeded; 0 for none
}

// phase is the host's place within an interval: from 0 to less than whole.
func (e *entry) phase(whole time.Duration) time.Duration {
	high, _ := bits.Mul64(e.hash, uint64(whole))
	return time.Duration(high)
}

// fail counts a look, begun at start, that failed. A success is counted by
// schedule.looked.
func (e *entry) fail(start time.Duration) {
	if e.failures == 0 {
		e.since = start
	}
	e.failures++
}

// schedule decides which host is next. A host is in one of two queues, or picked:
// that is how one host is never looked at twice at once. It is not safe for
// concurrent use; run.go owns it.
type schedule struct {
	epoch   time.Time // with a monotonic reading
	entries []entry   // never moved: the queues point into it
	waiting queue     // not due, by due time
	ready   queue     // due, by deadline: earliest deadline first where there is a backlog
}

// newSchedule makes every host due at once, in the order of a hash: the first
// round takes hosts / budget, and which host comes when says nothing about it.
func newSchedule(tiers []Tier, epoch time.Time) (*schedule, error) {
	n := 0
	for _, tier := range tiers {
		if tier.MaxAge <= 0 {
			return nil, fmt.Errorf("tier %q: max-age %s is not greater than 0", tier.Name, tier.MaxAge)
		}
		n += len(tier.Hosts)
	}
	if n == 0 {
		return nil, errors.New("the watch list is empty: there is nothing to look at")
	}
	s := &schedule{epoch: epoch, entries: make([]entry, n), ready: make(queue, 0, n), waiting: make(queue, 0, n)}
	n = 0
	for _, tier := range tiers {
		for _, host := range tier.Hosts {
			e := &s.entries[n]
			e.host, e.maxAge, e.hash = host, tier.MaxAge, hash(host)
			// All of these lie before the deadline of any second look of the tier, so
			// the first round is not held up by the next; and a tier of long max-age
			// does not hold up another.
			e.deadline = e.phase(tier.MaxAge)
			e.key = e.deadline
			s.ready = append(s.ready, e)
			n++
		}
	}
	slices.SortFunc(s.ready, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.host, b.host))
	})
	for i, e := range s.ready {
		if i > 0 && s.ready[i-1].host == e.host {
			return nil, fmt.Errorf("host %s is in the watch list twice: it would be looked at twice at once", e.host)
		}
	}
	heap.Init(&s.ready)
	return s, nil
}

// hash spreads hosts evenly, and the same after a restart. A cheap hash puts
// addresses that differ in the last digit side by side.
func hash(host hostport.Host) uint64 {
	sum := sha256.Sum256([]byte(host))
	return binary.BigEndian.Uint64(sum[:])
}

// next picks the due host with the earliest deadline, nil if none is due.
func (s *schedule) next(now time.Duration) *entry {
	for len(s.waiting) > 0 && s.waiting[0].due <= now {
		e := heap.Pop(&s.waiting).(*entry)
		e.key = e.deadline
		heap.Push(&s.ready, e)
	}
	if len(s.ready) == 0 {
		return nil
	}
	return heap.Pop(&s.ready).(*entry)
}

// wait is how long until a host is due; false if every host is picked.
func (s *schedule) wait(now time.Duration) (time.Duration, bool) {
	switch {
	case len(s.ready) > 0:
		return 0, true
	case len(s.waiting) > 0:
		return max(0, s.waiting[0].due-now), true
	}
	return 0, false
}

// looked gives back a host after a look that succeeded.
func (s *schedule) looked(e *entry, start, end time.Duration) {
	e.failures = 0
	e.good.Store(max(1, int64(end)))
	s.put(e, start+s.interval(e, start), start+e.maxAge)
}

// failed gives back a host after a look that failed and was counted by
// entry.fail. It is looked at again after a jittered back-off, though one retry
// comes by the time its last snapshot reaches the max-age, and none before the
// source said (retryAfter).
func (s *schedule) failed(e *entry, now, retryAfter time.Duration) {
	due := now + jitter(backOff(e.failures, e.maxAge/2))
	if good := e.good.Load(); good != 0 {
		if overdue := time.Duration(good) + e.maxAge; overdue > now {
			due = min(due, overdue)
		}
	}
	s.retry(e, max(due, now+retryAfter))
}

// held gives back a host whose snapshot was not taken: no failure of its, for
// the source answered.
func (s *schedule) held(e *entry, now time.Duration) {
	e.failures = 0
	s.retry(e, now+jitter(min(heldRetry, e.maxAge/2)))
}

// retry gives a backlog the precedence: there a host that fails comes no more
// often than one that answers, however thick its retries (P12). Where there is no
// backlog the deadline means nothing.
func (s *schedule) retry(e *entry, due time.Duration) {
	s.put(e, due, due+e.maxAge)
}

func (s *schedule) put(e *entry, due, deadline time.Duration) {
	e.key, e.due, e.deadline = due, due, deadline
	heap.Push(&s.waiting, e)
}

// interval is how long after a look begun at start the next one is due: at most
// lookAhead of the max-age. This function alone decides how often a host that
// answers is looked at.
//
// Every host has a phase within the interval, by its hash, so that a fleet whose
// first round went as fast as the budget allowed is spread evenly from the third
// look on, also after a restart. On the way there two looks lie at least half an
// interval apart.
func (s *schedule) interval(e *entry, start time.Duration) time.Duration {
	whole := time.Duration(lookAhead * float64(e.maxAge))
	whole = max(whole, 1)
	since := (s.epoch.UnixNano() + int64(start-e.phase(whole))) % int64(whole)
	if since < 0 {
		since += int64(whole)
	}
	left := whole - time.Duration(since)
	if left < whole/2 {
		return (left + whole) / 2
	}
	return left
}

// backOff doubles from firstRetry with each failure, up to limit.
func backOff(failures int, limit time.Duration) time.Duration {
	delay := firstRetry
	for i := 1; i < failures && delay < limit; i++ {
		delay *= 2
	}
	return max(min(delay, limit), 1)
}

// jitter is between half of d and d, so that hosts that failed together do not
// come back together.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d-d/2)
}

// queue is a heap of entries by key.
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].key < q[j].key }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(e any)        { *q = append(*q, e.(*entry)) }
func (q *queue) Pop() any {
	old := *q
	last := len(old) - 1
	e := old[last]
	old[last] = nil
	*q = old[:last]
	return e
}
