package poller

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// The rule of source.degraded, kind by kind. Looks count over all hosts, in the
// order in which they end; a 404 is an answer and counts as a success. A kind
// becomes degraded with a failed look of that kind, either
//
//   - throttled: when the source asked to be left alone for 30 s or longer, which
//     it says to all looks;
//
// or when at least 3 hosts (all, where fewer are watched) failed so of late, for
// one bad host says nothing about the source (P12), and one of these holds:
//
//   - unauthorized, forbidden, misconfigured: the last 3 looks all failed so;
//   - no kind is degraded yet, and the last 10 looks all failed in whatever way,
//     or all looks of the last 30 s, at least 3 of them;
//   - of at least 10 looks of the last minute more than half failed so.
//
// It recovers when, since its last failure, 10 looks succeeded and 10 s passed,
// or one succeeded and 30 s passed. Between two events of a kind lie therefore at
// least 10 s, and a source that keeps failing half of the looks stays degraded.
const (
	degradedHosts   = 3
	degradedRefused = 3
	degradedRow     = 10
	degradedFor     = 30 * time.Second
	degradedForRow  = 3
	degradedShareOf = 10
	healthWindow    = 60 // seconds
	recoveredRow    = 10
	recoveredAfter  = 10 * time.Second
	recoveredQuiet  = 30 * time.Second
)

// kinds are the classes of failure, each with a state of its own.
var kinds = [...]hostport.Class{
	hostport.Throttled, hostport.Unauthorized, hostport.Forbidden,
	hostport.Unavailable, hostport.Misconfigured, hostport.Unreadable,
}

// health watches the source as a whole. Methods may be called concurrently.
type health struct {
	watched int // hosts

	mu     sync.Mutex
	kinds  [len(kinds)]kindHealth
	row    int       // looks in a row that failed in whatever way
	rowAt  time.Time // the first of them
	minute tally
}

// kindHealth is what is known of one kind of failure.
type kindHealth struct {
	row      int             // looks in a row that failed so
	hosts    []hostport.Host // distinct, at most degradedHosts, since `since`
	since    time.Time       // the first of the failures that belong together
	last     time.Time       // the last of them
	failed   int             // their number
	good     int             // looks that succeeded since last
	degraded bool
}

// succeeded takes a look that the source answered.
func (h *health) succeeded(now time.Time) []SourceChange {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.row = 0
	h.minute.add(now, -1)
	for i := range h.kinds {
		h.kinds[i].row = 0
		h.kinds[i].good++
	}
	return h.recoveredLocked(now)
}

// failed takes a look that failed. At most one change comes of it.
func (h *health) failed(now time.Time, host hostport.Host, failure *hostport.LookError) []SourceChange {
	h.mu.Lock()
	defer h.mu.Unlock()
	kind := slices.Index(kinds[:], failure.Class)
	if kind < 0 {
		kind = slices.Index(kinds[:], hostport.Unavailable)
	}
	if h.row++; h.row == 1 {
		h.rowAt = now
	}
	h.minute.add(now, kind)
	anyDegraded := false
	for i := range h.kinds {
		anyDegraded = anyDegraded || h.kinds[i].degraded
		if i != kind {
			h.kinds[i].row = 0
		}
	}
	k := &h.kinds[kind]
	k.fail(now, host)
	total, share := h.minute.count(now, kind)
	switch {
	case k.degraded:
		return nil
	case kinds[kind] == hostport.Throttled && failure.RetryAfter >= degradedFor:
	case len(k.hosts) < min(degradedHosts, h.watched):
		return nil
	case k.row >= degradedRefused && refused(kinds[kind]):
	case !anyDegraded && h.row >= degradedRow:
	case !anyDegraded && h.row >= degradedForRow && now.Sub(h.rowAt) >= degradedFor:
	case total >= degradedShareOf && 2*share > total:
	default:
		return nil
	}
	k.degraded = true
	return []SourceChange{{
		At: now, Kind: kinds[kind], Since: k.since, Status: failure.Status, RetryAfter: failure.RetryAfter, Failed: k.failed,
	}}
}

// fail counts a failure; those more than the window apart do not belong together.
func (k *kindHealth) fail(now time.Time, host hostport.Host) {
	if !k.degraded && (k.failed == 0 || now.Sub(k.last) > healthWindow*time.Second) {
		k.since, k.failed, k.hosts = now, 0, k.hosts[:0]
	}
	k.row++
	k.failed++
	k.good = 0
	k.last = now
	if len(k.hosts) < degradedHosts && !slices.Contains(k.hosts, host) {
		k.hosts = append(k.hosts, host)
	}
}

// refused says whether the kind does not pass by itself: somebody has to act.
func refused(kind hostport.Class) bool {
	return kind == hostport.Unauthorized || kind == hostport.Forbidden || kind == hostport.Misconfigured
}

// tick looks for recoveries that only time decides.
func (h *health) tick(now time.Time) []SourceChange {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.recoveredLocked(now)
}

func (h *health) recoveredLocked(now time.Time) []SourceChange {
	var changes []SourceChange
	for i := range h.kinds {
		k := &h.kinds[i]
		quiet := now.Sub(k.last)
		if k.degraded && (k.good >= recoveredRow && quiet >= recoveredAfter || k.good > 0 && quiet >= recoveredQuiet) {
			changes = append(changes, SourceChange{At: now, Recovered: true, Kind: kinds[i], Since: k.since, Failed: k.failed})
			*k = kindHealth{}
		}
	}
	return changes
}

// ready says why not, in words for /readyz.
func (h *health) ready() (bool, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var bad []string
	for i := range h.kinds {
		if h.kinds[i].degraded {
			bad = append(bad, string(kinds[i])+" since "+h.kinds[i].since.UTC().Format(time.RFC3339))
		}
	}
	if len(bad) == 0 {
		return true, ""
	}
	return false, "source degraded: " + strings.Join(bad, ", ")
}

// tally counts the looks of the last minute, second by second.
type tally struct {
	seconds [healthWindow]struct {
		unix   int64
		total  int
		failed [len(kinds)]int
	}
}

// add counts a look; kind is -1 for one that succeeded.
func (t *tally) add(now time.Time, kind int) {
	s := &t.seconds[now.Unix()%healthWindow]
	if s.unix != now.Unix() {
		s.unix, s.total, s.failed = now.Unix(), 0, [len(kinds)]int{}
	}
	s.total++
	if kind >= 0 {
		s.failed[kind]++
	}
}

func (t *tally) count(now time.Time, kind int) (total, failed int) {
	for i := range t.seconds {
		if s := &t.seconds[i]; now.Unix()-s.unix < healthWindow {
			total += s.total
			failed += s.failed[kind]
		}
	}
	return total, failed
}
