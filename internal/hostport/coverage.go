package hostport

import (
	"cmp"
	"maps"
	"slices"
)

// Coverage says which ports a scan looked at, by protocol; the ranges of a
// protocol are ascending and disjoint. A nil Coverage is that of a list that names
// every port its source knows: absence from it is about any port. An empty one is
// about none.
type Coverage map[string][]PortRange

// PortRange is the ports from First to Last, both included.
type PortRange struct{ First, Last uint16 }

// Covers says whether absence is about this port.
func (c Coverage) Covers(k PortKey) bool {
	if c == nil {
		return true
	}
	for _, r := range c[k.Protocol] {
		if r.First <= k.Number && k.Number <= r.Last {
			return true
		}
	}
	return false
}

// Group is ports of one status that a scan counts and does not list one by one.
type Group struct {
	Status Status
	Ports  Coverage // nil: some of those not listed, it does not say which
}

// StatusOfUnlisted is what a scan says of a port that it does not list: the status
// of the group that names it or, where no group names any port, of the only one.
// Empty: it does not say.
func (s *Snapshot) StatusOfUnlisted(k PortKey) Status {
	if s.Coverage == nil || !s.Coverage.Covers(k) {
		return ""
	}
	for _, g := range s.Unlisted {
		if g.Ports != nil && g.Ports.Covers(k) {
			return g.Status
		}
	}
	if len(s.Unlisted) == 1 && s.Unlisted[0].Ports == nil {
		return s.Unlisted[0].Status
	}
	return ""
}

// Len is how many ports are covered by name.
func (c Coverage) Len() (n int) {
	for _, ranges := range c {
		for _, r := range ranges {
			n += int(r.Last) - int(r.First) + 1
		}
	}
	return n
}

// Union is what one of the two covers.
func (c Coverage) Union(o Coverage) Coverage {
	if c == nil || o == nil {
		return nil
	}
	out := maps.Clone(c)
	for protocol, ranges := range o {
		out[protocol] = Ranges(slices.Concat(out[protocol], ranges))
	}
	return out
}

// Ranges brings ranges into the form a Coverage has them in: ascending, and joined
// where they touch. It may change the slice it is given.
func Ranges(list []PortRange) []PortRange {
	slices.SortFunc(list, func(a, b PortRange) int { return cmp.Compare(a.First, b.First) })
	out := list[:0]
	for _, r := range list {
		if n := len(out); n > 0 && int(r.First) <= int(out[n-1].Last)+1 {
			out[n-1].Last = max(out[n-1].Last, r.Last)
			continue
		}
		out = append(out, r)
	}
	return out
}
