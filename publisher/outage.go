package publisher

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// logPeriod is how often an outage that goes on is told again.
const logPeriod = 30 * time.Second

// outage is what is known about failing shards, as one thing: when Kafka is
// away, all shards fail, and one line a period says so.
type outage struct {
	log *zap.Logger

	mu      sync.Mutex
	failing map[int]bool // shards whose last try failed
	since   time.Time    // the first failure of this outage
	class   string       // of the last failure
	told    bool         // this outage has had its line
	untold  int          // failures since the last line
	lastLog time.Time    // over all outages: one that flaps has one line a period, too
}

func newOutage(log *zap.Logger) *outage {
	return &outage{log: log, failing: make(map[int]bool)}
}

// failed notes a try that did not succeed. The text of err must be fit for a
// log: producers keep it free of the broker's own words.
func (o *outage) failed(shard int, class string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	if len(o.failing) == 0 {
		o.since, o.told = now, false
	}
	o.failing[shard] = true
	o.class = class
	o.untold++
	if !o.lastLog.IsZero() && now.Sub(o.lastLog) < logPeriod {
		return
	}
	o.log.Warn("publishing fails and is retried; records wait in the outbox",
		zap.String("class", class), zap.Error(err), zap.Int("shards", len(o.failing)),
		zap.Int("failures", o.untold), zap.Duration("for", now.Sub(o.since)))
	o.lastLog, o.told, o.untold = now, true, 0
}

// worked notes an acknowledged batch.
func (o *outage) worked(shard int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.failing[shard] {
		return
	}
	delete(o.failing, shard)
	if len(o.failing) > 0 || !o.told {
		return
	}
	o.log.Info("publishing works again",
		zap.Int("failures", o.untold), zap.Duration("lasted", time.Since(o.since)))
	o.untold = 0
}

func (o *outage) state() (ok bool, since time.Time, class string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.failing) == 0 {
		return true, time.Time{}, ""
	}
	return false, o.since, o.class
}
