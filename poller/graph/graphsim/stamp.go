package graphsim

import (
	"math/bits"
	"time"
)

// stamp is an instant in Unix milliseconds: a world of 100,000 ports holds
// millions of them. Zero is "never" and becomes null.
type stamp int64

func stampOf(t time.Time) stamp { return stamp(t.UnixMilli()) }

func (s stamp) time() time.Time { return time.UnixMilli(int64(s)).UTC() }

func (s stamp) add(d time.Duration) stamp { return s + stamp(d.Milliseconds()) }

func (s stamp) since(earlier stamp) time.Duration {
	return time.Duration(s-earlier) * time.Millisecond
}

// text is the instant as the service writes it: UTC with a varying number of
// fractional digits, two at least, as in its documented samples.
func (s stamp) text() *string {
	if s == 0 {
		return nil
	}
	layout := "2006-01-02T15:04:05.000Z"
	if s%10 == 0 {
		layout = "2006-01-02T15:04:05.00Z"
	}
	text := s.time().Format(layout)
	return &text
}

// mix hashes its arguments to 64 well spread bits (the finaliser of SplitMix64),
// for whatever must follow from the seed without a stream of random numbers.
func mix(parts ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, p := range parts {
		h = bits.RotateLeft64(h, 23) ^ (p + 0x9e3779b97f4a7c15)
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}
