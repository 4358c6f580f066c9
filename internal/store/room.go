package store

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/portdelta/portdelta/internal/limits"
)

// room is how much the outbox holds and may hold (P11). All of it may be called
// concurrently.
type room struct {
	most  int64                  // the configured limit
	free  func() (uint64, error) // bytes free on the disk; vfs.ErrUnsupported where there is no disk
	raise func(kind string, err error)

	used    atomic.Int64
	limit   atomic.Int64 // the smaller of most and diskShare of what the disk could give the outbox
	checked atomic.Int64 // when limit was computed, Unix nanoseconds
	unread  atomic.Bool  // the last computation failed
}

const (
	diskShare  = 0.8
	checkEvery = 10 * time.Second
)

// compute sets the limit. What the outbox already holds counts as free: it is
// the outbox's own share of the disk.
func (r *room) compute() error {
	r.checked.Store(time.Now().UnixNano())
	free, err := r.free()
	if errors.Is(err, vfs.ErrUnsupported) {
		r.limit.Store(r.most)
		return nil
	}
	if err != nil {
		return err
	}
	share := diskShare * (float64(free) + float64(r.used.Load()))
	r.limit.Store(int64(min(share, float64(r.most))))
	return nil
}

// refresh computes the limit again if that was not done lately.
func (r *room) refresh() {
	last := r.checked.Load()
	now := time.Now().UnixNano()
	if now-last < int64(checkEvery) || !r.checked.CompareAndSwap(last, now) {
		return
	}
	err := r.compute()
	if was := r.unread.Swap(err != nil); err != nil || was {
		r.raise(AlarmDiskUsage, err) // the limit known before stays
	}
}

// take reserves n bytes; urgent steps may use the reserve at the end.
func (r *room) take(n int64, urgent bool) bool {
	limit := r.limit.Load()
	if !urgent {
		limit -= reserve(limit)
	}
	if r.used.Add(n) > limit {
		r.used.Add(-n)
		limits.OutboxBytes.Hit()
		if urgent {
			limits.OutboxReserve.Hit()
		}
		return false
	}
	return true
}

func (r *room) give(n int64) { r.used.Add(-n) }

// fill is 1 where the room for ordinary steps ends.
func (r *room) fill() float64 {
	limit := r.limit.Load()
	ordinary := limit - reserve(limit)
	if ordinary <= 0 {
		return 1
	}
	return float64(r.used.Load()) / float64(ordinary)
}

// reserve is the part of the limit kept for lifecycle events; on a disk nearly
// full it shrinks with the rest.
func reserve(limit int64) int64 { return min(int64(limits.OutboxReserve.Max), limit/4) }
