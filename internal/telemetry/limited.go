package telemetry

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// Limited logs a fault that may last: the first occurrence at once, then one line
// a period with the count of those in between, and one line when it is over. A
// fault that comes and goes costs the same two lines a period. Each kind of fault
// has a Limited of its own; its methods may be called concurrently.
type Limited struct {
	log    *zap.Logger
	period time.Duration

	mu        sync.Mutex
	line      time.Time // when the last error line was written; zero before the first
	repeats   int       // occurrences since that line
	since     time.Time // the first occurrence of this spell; zero while all is well
	count     int       // occurrences in this spell
	announced bool      // an error line was written in this spell
}

// NewLimited makes one that writes to log at most one error line a period.
func NewLimited(log *zap.Logger, period time.Duration) *Limited {
	return &Limited{log: log, period: period}
}

// Error notes an occurrence. A line that follows silent ones has their number as
// repeats.
func (l *Limited) Error(msg string, err error, fields ...zap.Field) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.count == 0 {
		l.since = now
	}
	l.count++
	if !l.line.IsZero() && now.Sub(l.line) < l.period {
		l.repeats++
		return
	}
	fields = append(fields[:len(fields):len(fields)], zap.Error(err))
	if l.repeats > 0 {
		fields = append(fields, zap.Int("repeats", l.repeats))
	}
	l.line, l.repeats, l.announced = now, 0, true
	l.log.Error(msg, fields...)
}

// Recovered notes that all is well again. It writes a line, with how often and how
// long, if the fault was told; the usual call, with nothing to recover from, is
// cheap.
func (l *Limited) Recovered(msg string, fields ...zap.Field) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count == 0 {
		return
	}
	if l.announced {
		l.log.Info(msg, append(fields[:len(fields):len(fields)],
			zap.Int("failures", l.count), zap.Duration("lasted", time.Since(l.since)))...)
		// What the line has counted is not a repeat of what comes next.
		l.repeats = 0
	}
	l.count, l.since, l.announced = 0, time.Time{}, false
}
