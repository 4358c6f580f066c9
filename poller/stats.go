package poller

import (
	"time"

	"go.uber.org/zap"
)

// Stats is what was done since the start.
type Stats struct {
	Hosts     int    // watched
	Looks     uint64 // that ended, failed and held ones included
	Failed    uint64
	Held      uint64
	Baselined uint64 // hosts that gave a snapshot at least once
	Requests  uint64 // tokens taken from the budget
}

// Stats may be called at any time.
func (p *Poller) Stats() Stats {
	return Stats{
		Hosts:     len(p.schedule.entries),
		Looks:     p.stats.looks.Load(),
		Failed:    p.stats.failed.Load(),
		Held:      p.stats.held.Load(),
		Baselined: p.stats.baselined.Load(),
		Requests:  p.budget.Requests(),
	}
}

// failureLogEvery bounds the log: failures of one class give a line in so long.
const failureLogEvery = time.Minute

// quiet is what was not logged of one class.
type quiet struct {
	last  time.Time
	count int
}

// logFailure logs the first failure of a class in a minute, with the number of
// those left out since the last line (P10). A source's error text is bounded and
// escaped by contract of hostport.LookError.
func (p *Poller) logFailure(now time.Time, r result) {
	q := p.quiet[r.failure.Class]
	if q == nil {
		q = &quiet{}
		p.quiet[r.failure.Class] = q
	}
	if !q.last.IsZero() && now.Sub(q.last) < failureLogEvery {
		q.count++
		return
	}
	p.log.Warn("look failed", zap.String("host", string(r.entry.host)), zap.Int("failures", r.entry.failures),
		zap.Int("others_not_logged", q.count), zap.Error(r.failure))
	*q = quiet{last: now}
}
