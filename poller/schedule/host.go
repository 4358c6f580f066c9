package schedule

import (
	"sync/atomic"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Tier is how a set of hosts is to be looked at.
type Tier struct {
	Name   string
	MaxAge time.Duration // between two looks at a host, where the rate allows
	// MinInterval is the least time between two looks that are planned; 0 is a
	// 96th of MaxAge, a quarter of an hour for a day.
	MinInterval time.Duration
	// Weight is what a second of delay counts for, beside those of other tiers; 0 is 1.
	Weight float64
}

// prior is how often a host is taken to change before anything is known of it:
// once a week, or seven times in the max-age where that is shorter than a day.
func (t *Tier) prior() float64 {
	return 1 / (7 * min(t.MaxAge, 24*time.Hour)).Seconds()
}

func (t *Tier) weight() float64 {
	if t.Weight > 0 {
		return t.Weight
	}
	return 1
}

func (t *Tier) minInterval() time.Duration {
	if t.MinInterval > 0 {
		return min(t.MinInterval, t.longest())
	}
	return max(1, t.MaxAge/96)
}

// longest is the longest interval that is planned: the rest of the max-age is for
// waiting in line, for the look itself and for a few retries.
func (t *Tier) longest() time.Duration { return max(1, time.Duration(lookAhead*float64(t.MaxAge))) }

const lookAhead = 0.98

// Host is a watched host. Whoever has picked it owns it until it is given back.
type Host struct {
	name     hostport.Host
	tier     *Tier
	due      time.Duration
	retry    time.Duration // not before then, since the last look failed or was held
	since    time.Duration // start of the first look of the present failures
	last     time.Duration // start of the last look that succeeded; meaningless before Looked
	scan     time.Duration // the newest scan seen
	scanned  bool          // scan is known
	cadence  float32       // seconds: the source scans no more often than this, as far as seen
	interval float32       // seconds, planned; 0: not part of the demand
	rate     rate
	place    [orders]int32 // in the queues; -1: in none
	failures int32         // looks in a row that failed
	looked   bool          // at least once, in this run or one before
	gone     bool          // removed while it was picked
	good     atomic.Int64
}

// urgentAt is the share of the max-age after which a host goes before all others,
// however little is expected of it.
const urgentAt = 0.99

// at is what a queue orders the host by.
func (h *Host) at(o order) time.Duration {
	if o == byDeadline {
		last := h.last + time.Duration(urgentAt*float64(h.tier.MaxAge))
		return max(last, h.retry)
	}
	return h.due
}

// Name is the host. It never changes.
func (h *Host) Name() hostport.Host { return h.name }

// Tier is the host's tier. It is not to be changed.
func (h *Host) Tier() *Tier { return h.tier }

// Good is the end of the last look that succeeded since the start, 0 for none. It
// may be read at any time.
func (h *Host) Good() time.Duration { return time.Duration(h.good.Load()) }

// Failures is how many looks failed in a row, and when the first of them began.
func (h *Host) Failures() (n int, since time.Duration) { return int(h.failures), h.since }

// Looked says whether a look ever succeeded, also before a restart.
func (h *Host) Looked() bool { return h.looked }

// Rate is how many changes a second are expected of the host.
func (h *Host) Rate() float64 { return h.rate.perSecond(h.tier.prior()) }

// Interval is the planned time between two looks, 0 before the first.
func (h *Host) Interval() time.Duration { return seconds(float64(h.interval)) }

// Due is when the host is to be looked at next.
func (h *Host) Due() time.Duration { return h.due }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
