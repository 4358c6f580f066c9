package schedule

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

const (
	// A failed look is repeated after 1 s, then twice that and so on, up to half
	// a max-age.
	firstRetry = time.Second
	// A held baseline waits for the outbox to drain.
	heldRetry = time.Minute
)

// Schedule holds all watched hosts. A host is queued or picked: that is how one host
// is never looked at twice at once.
type Schedule struct {
	rng       *rand.Rand
	perSecond float64 // looks
	theta     theta
	known     queue // looked at before, or failed
	urgent    queue // the same hosts, those apart that no look ever succeeded at
	fresh     queue // never looked at, in the order they are to be
	byName    map[hostport.Host]*Host
	added     time.Duration // counts hosts: the order of their first looks

	// Each pick earns its share; what was not used in time is lost, so that no store
	// of it goes at once.
	freshCredit, relookCredit float64
}

// New makes an empty schedule for so many looks a second. The seed spreads due
// times; two schedules of one seed that are told the same do the same.
func New(perSecond float64, seed uint64) *Schedule {
	return &Schedule{perSecond: perSecond, rng: rand.New(rand.NewPCG(seed, 0x7363686564756c65)), byName: map[hostport.Host]*Host{},
		urgent: queue{by: byDeadline}}
}

// ErrTwice: the host is watched already.
var ErrTwice = errors.New("the host is watched twice: it would be looked at twice at once")

// Add takes a host on, to be looked at when those added before have been. What
// was learned of it before a restart comes by Resume.
func (s *Schedule) Add(name hostport.Host, tier *Tier) (*Host, error) {
	if tier.MaxAge <= 0 {
		return nil, fmt.Errorf("tier %q: max-age %s is not greater than 0", tier.Name, tier.MaxAge)
	}
	if s.byName[name] != nil {
		return nil, fmt.Errorf("host %s: %w", name, ErrTwice)
	}
	h := &Host{name: name, tier: tier, due: s.added, place: [orders]int32{-1, -1}}
	s.added++
	s.byName[name] = h
	s.fresh.put(h)
	return h, nil
}

// Remove lets a host go; one that is picked goes when it is given back. It says
// whether the host was watched.
func (s *Schedule) Remove(name hostport.Host) bool {
	h := s.byName[name]
	if h == nil {
		return false
	}
	delete(s.byName, name)
	s.plan(h, 0)
	if h.place[byDue] < 0 {
		h.gone = true
		return true
	}
	if s.in(&s.fresh, h) {
		s.fresh.drop(h)
	} else {
		s.known.drop(h)
	}
	if h.place[byDeadline] >= 0 {
		s.urgent.drop(h)
	}
	return true
}

func (s *Schedule) in(q *queue, h *Host) bool {
	place := int(h.place[q.by])
	return place < len(q.hosts) && q.hosts[place] == h
}

// Len is how many hosts are watched.
func (s *Schedule) Len() int { return len(s.byName) }

// SetRate says how many looks a second there are now: less while the source
// throttles or a look takes more requests.
func (s *Schedule) SetRate(perSecond float64) { s.perSecond = perSecond }

// Next picks the host to be looked at now, nil if none is due: one that is about to
// be older than its max-age, else the one that has been due the longest, with new
// ones in between.
func (s *Schedule) Next(now time.Duration) *Host {
	last, any := s.urgent.first()
	urgent := any && last <= now
	first, any := s.known.first()
	isDue := any && first <= now
	var h *Host
	switch {
	case len(s.fresh.hosts) > 0 && (!isDue && !urgent || s.freshCredit >= 1):
		h = s.fresh.hosts[0]
		s.fresh.drop(h)
		s.freshCredit = max(0, s.freshCredit-1)
	case urgent:
		h = s.urgent.hosts[0]
		s.known.drop(h)
	case isDue:
		h = s.known.hosts[0]
		s.known.drop(h)
	default:
		return nil
	}
	if h.place[byDeadline] >= 0 {
		s.urgent.drop(h)
	}
	s.freshCredit = min(s.freshCredit+newShare, mostCredit)
	s.relookCredit = min(s.relookCredit+relookShare, mostCredit)
	return h
}

// Wait is how long until a host is due; false if every host is picked.
func (s *Schedule) Wait(now time.Duration) (time.Duration, bool) {
	if len(s.fresh.hosts) > 0 {
		return 0, true
	}
	at, ok := s.known.first()
	if last, any := s.urgent.first(); any {
		at = min(at, last)
	}
	return max(0, at-now), ok
}

// Seen is what a look brought, as far as the schedule learns from it.
type Seen struct {
	Changed bool          // something was told: observation alone is no change
	Scanned bool          // Scan is known
	Scan    time.Duration // the newest scan of any port, by the source's clock
}

// Looked gives back a host after a look that succeeded.
func (s *Schedule) Looked(h *Host, start, end time.Duration, seen Seen) {
	s.theta.count(false)
	late := max(0, start-h.due).Seconds()
	if h.looked {
		h.rate.observe(max(0, start-h.last), seen.Changed, h.tier.prior())
	} else if s.theta.hosts == 0 {
		s.theta.start(len(s.byName), s.perSecond, h.Rate()*h.tier.weight())
	}
	h.see(seen, start)
	h.looked, h.last, h.failures, h.retry = true, start, 0, math.MinInt64
	h.good.Store(max(1, int64(end)))
	if h.gone {
		return
	}
	interval, low, high := s.interval(h)
	wait := s.spread(interval, h.tier.longest())
	s.plan(h, wait.Seconds())
	s.theta.move(s.available(), late, interval.Seconds(), low, high)
	h.due = start + wait
	if relook := start + max(h.tier.minInterval(), interval/8, seconds(float64(h.cadence))); seen.Changed && relook < h.due && s.relookCredit >= 1 {
		s.relookCredit-- // what has changed may go on changing
		h.due = relook
	}
	s.known.put(h)
	s.urgent.put(h)
}

// see learns how often the source scans the host. A look that finds no newer scan
// says that the cadence is longer than the last one's age; one that does, that it is
// no longer than what lies between the two. What a pause of the source taught wears off.
func (h *Host) see(seen Seen, now time.Duration) {
	switch {
	case !seen.Scanned:
		return
	case !h.scanned:
	case seen.Scan <= h.scan:
		h.cadence = max(h.cadence, float32((now - h.scan).Seconds()))
	default:
		h.cadence = min(h.cadence, float32((seen.Scan-h.scan).Seconds())) * wearOff
	}
	h.scan, h.scanned = max(h.scan, seen.Scan), true
}

// wearOff is what is left of a cadence after a look that found a newer scan.
const wearOff = 0.9

// interval is the square-root law within the tier's bounds; no shorter than the
// source's own cadence, for a look between two scans costs a token and finds
// nothing.
func (s *Schedule) interval(h *Host) (interval time.Duration, low, high bool) {
	longest := h.tier.longest()
	shortest := min(longest, max(h.tier.minInterval(), seconds(float64(h.cadence))))
	want := math.Exp((s.theta.log - math.Log(h.tier.weight()*h.Rate())) / 2)
	interval = seconds(min(want, longest.Seconds()))
	return min(max(interval, shortest), longest), interval <= shortest, interval >= longest
}

// spread moves a due time by up to a twentieth, so that hosts that came together do
// not stay together: later, but for those that wait the longest anyhow.
func (s *Schedule) spread(interval, longest time.Duration) time.Duration {
	by := time.Duration(s.rng.Int64N(int64(interval/20) + 1))
	if interval >= longest {
		return longest - by/2
	}
	return min(interval+by, longest)
}

// plan puts the host's looks a second in the place of what was planned of it; 0
// takes it out of the demand.
func (s *Schedule) plan(h *Host, interval float64) {
	if h.interval > 0 {
		s.theta.demand -= 1 / float64(h.interval)
		s.theta.hosts--
	}
	if h.interval = float32(interval); h.interval > 0 {
		s.theta.demand += 1 / float64(h.interval)
		s.theta.hosts++
	}
}

// available is the looks a second that are there for hosts looked at before.
func (s *Schedule) available() float64 {
	if len(s.fresh.hosts) > 0 {
		return s.perSecond * (1 - newShare)
	}
	return s.perSecond
}

// Failed gives back a host after a look, begun at start, that failed. It is looked
// at again after a jittered back-off, though one retry comes by the time its last
// snapshot reaches the max-age, and none before the source said (retryAfter). What
// was learned of it stays.
func (s *Schedule) Failed(h *Host, start, now, retryAfter time.Duration) {
	s.theta.count(true)
	if h.failures == 0 {
		h.since = start
	}
	h.failures++
	at := now + s.jitter(backOff(int(h.failures), h.tier.MaxAge/2))
	if good := h.Good(); good != 0 {
		if overdue := good + h.tier.MaxAge; overdue > now {
			at = min(at, overdue)
		}
	}
	s.again(h, max(at, now+retryAfter))
}

// Held gives back a host whose snapshot was not taken: no failure of its, for the
// source answered.
func (s *Schedule) Held(h *Host, now time.Duration) {
	h.failures = 0
	s.again(h, now+s.jitter(min(heldRetry, h.tier.MaxAge/2)))
}

// again queues the host for a retry. It keeps its deadline, yet not before the retry
// is due: a host that fails comes no more often than its back-off says (P12).
func (s *Schedule) again(h *Host, at time.Duration) {
	if h.gone {
		return
	}
	h.due, h.retry = at, at
	s.known.put(h)
	if h.looked {
		s.urgent.put(h)
	}
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
func (s *Schedule) jitter(d time.Duration) time.Duration {
	return d/2 + time.Duration(s.rng.Int64N(int64(d-d/2)))
}
