package diff

import "math/bits"

// Range is a run of ports, both ends included.
type Range struct{ First, Last uint16 }

// portSet is a set of the ports of one protocol. It is worked with as bits and
// kept as ranges, which are short for the sets there are.
type portSet [1 << 16 / 64]uint64

func setOf(ranges []Range) *portSet {
	s := new(portSet)
	for _, r := range ranges {
		for n := int(r.First); n <= int(r.Last); n++ {
			s.add(uint16(n))
		}
	}
	return s
}

func (s *portSet) add(n uint16)      { s[n/64] |= 1 << (n % 64) }
func (s *portSet) remove(n uint16)   { s[n/64] &^= 1 << (n % 64) }
func (s *portSet) has(n uint16) bool { return s[n/64]>>(n%64)&1 == 1 }

func (s *portSet) count() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// and, minus and or change s.
func (s *portSet) and(o *portSet) *portSet {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

func (s *portSet) minus(o *portSet) *portSet {
	for i := range s {
		s[i] &^= o[i]
	}
	return s
}

func (s *portSet) or(o *portSet) *portSet {
	for i := range s {
		s[i] |= o[i]
	}
	return s
}

// all yields the ports in ascending order.
func (s *portSet) all(yield func(uint16) bool) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			if !yield(uint16(i*64 + bits.TrailingZeros64(word))) {
				return
			}
		}
	}
}

// ranges are the runs of the set, ascending.
func (s *portSet) ranges() []Range {
	var out []Range
	for n := range s.all {
		if last := len(out) - 1; last >= 0 && out[last].Last+1 == n {
			out[last].Last = n
		} else {
			out = append(out, Range{n, n})
		}
	}
	return out
}

// bridged are the runs of the set where a gap without any port of walls does not
// end a run.
func (s *portSet) bridged(walls *portSet) []Range {
	var out []Range
	for _, r := range s.ranges() {
		last := len(out) - 1
		if last < 0 || walls.hasWithin(int(out[last].Last)+1, int(r.First)) {
			out = append(out, r)
		} else {
			out[last].Last = r.Last
		}
	}
	return out
}

// hasWithin says whether a port of [from, to) is in the set.
func (s *portSet) hasWithin(from, to int) bool {
	for n := from; n < to; n++ {
		if s.has(uint16(n)) {
			return true
		}
	}
	return false
}
