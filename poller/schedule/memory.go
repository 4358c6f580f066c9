package schedule

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// memorySize is the length of a host's memory: format, last look and newest scan
// (0: unknown) in Unix milliseconds, five float32.
const memorySize = 1 + 8 + 8 + 5*4

const memoryFormat = 1

// ErrMemory is what every refusal of Resume wraps.
var ErrMemory = errors.New("not the memory of a host")

// Memory is what a restart must not lose of the host, which is not picked: when it
// was looked at, how often it changes, how long its interval was. It is nil for a
// host that was never looked at. epoch is the start that the schedule's offsets count
// from.
func (h *Host) Memory(epoch time.Time) []byte {
	if !h.looked {
		return nil
	}
	b := make([]byte, 0, memorySize)
	b = append(b, memoryFormat)
	b = binary.BigEndian.AppendUint64(b, uint64(epoch.Add(h.last).UnixMilli()))
	scan := int64(0)
	if h.scanned {
		scan = epoch.Add(h.scan).UnixMilli()
	}
	b = binary.BigEndian.AppendUint64(b, uint64(scan))
	for _, f := range []float32{h.cadence, h.interval, h.rate.changes, h.rate.seconds, h.rate.burst} {
		b = binary.BigEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

// Resume gives a host that was just added what was remembered of it. Call Resumed
// once when all hosts have theirs. A memory that cannot be read leaves the host new.
func (s *Schedule) Resume(h *Host, memory []byte, epoch time.Time, now time.Duration) error {
	if len(memory) != memorySize || memory[0] != memoryFormat {
		return fmt.Errorf("host %s: %w: %d bytes", h.name, ErrMemory, len(memory))
	}
	last := time.UnixMilli(int64(binary.BigEndian.Uint64(memory[1:]))).Sub(epoch)
	var f [5]float32
	for i := range f {
		f[i] = math.Float32frombits(binary.BigEndian.Uint32(memory[17+4*i:]))
		if !(f[i] >= 0) || math.IsInf(float64(f[i]), 1) {
			return fmt.Errorf("host %s: %w: a figure is no positive number", h.name, ErrMemory)
		}
	}
	s.fresh.drop(h)
	h.looked, h.last, h.retry = true, min(last, now), math.MinInt64 // the clock may have been set back
	if scan := int64(binary.BigEndian.Uint64(memory[9:])); scan != 0 {
		h.scan, h.scanned = min(time.UnixMilli(scan).Sub(epoch), now), true
	}
	h.cadence, h.rate = f[0], rate{f[2], f[3], f[4]}
	interval := min(max(seconds(float64(f[1])), h.tier.minInterval()), h.tier.longest()) // the tier may have changed
	s.plan(h, interval.Seconds())
	h.due = h.last + interval
	s.known.put(h)
	s.urgent.put(h)
	return nil
}

// Resumed takes theta from the intervals that were resumed, and orders the hosts
// that fell due while nobody looked by how far they are overdue for their interval:
// one that is looked at every hour has missed more in a day than one that is looked
// at every two days.
func (s *Schedule) Resumed(now time.Duration) {
	sum, n := 0.0, 0
	late := make([]*Host, 0, len(s.known.hosts))
	for _, h := range s.known.hosts {
		if i := h.Interval(); i > h.tier.minInterval() && i < h.tier.longest() {
			sum += 2*math.Log(i.Seconds()) + math.Log(h.tier.weight()*h.Rate())
			n++
		}
		if h.due < now {
			late = append(late, h)
		}
	}
	switch {
	case n > 0:
		s.theta.log = sum / float64(n)
	case s.theta.hosts > 0:
		s.theta.start(len(s.byName), s.perSecond, s.known.hosts[0].Rate())
	}
	for _, h := range late {
		s.known.drop(h)
		h.due = now - seconds((now-h.due).Seconds()/h.Interval().Seconds())
		s.known.put(h)
	}
}
