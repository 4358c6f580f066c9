package diff

import (
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/limits"
)

// tellGroups tells what became of the host's groups: one event a step, after those
// of the ports. A baseline tells them in the host's record alone (P8).
func (s *stepper) tellGroups() {
	before, after := s.st.Groups, s.toldGroups()
	if slices.EqualFunc(before, after, func(a, b Group) bool {
		return a.Protocol == b.Protocol && a.Fingerprint == b.Fingerprint && a.Count == b.Count && slices.Equal(a.Ranges, b.Ranges)
	}) {
		return
	}
	s.st.Groups = after
	s.res.HostTold = true
	if s.baseline {
		return
	}
	s.res.HostOp = OpUpdated
	c := Change{Type: HostTarpitChanged, Before: Groups{before}, After: Groups{after}, Changed: []Facet{FacetGroups},
		Reasons: []Reason{ManyAlike}, NotBefore: s.before}
	switch {
	case len(before) == 0:
		c.Type = HostTarpitSuspected
	case len(after) == 0:
		c.Type, c.Reasons = HostTarpitCleared, []Reason{FewAlike}
	}
	for _, evidence := range s.together {
		c.NotAfter = later(c.NotAfter, evidence)
	}
	if !c.NotBefore.Before(c.NotAfter) {
		c.NotBefore = time.Time{}
	}
	s.tell(c, "")
	// Where the host is first or no longer exposed by its groups alone, they are why.
	if s.firstGain < 0 {
		s.firstGain = len(s.res.Changes) - 1
	}
	if s.lastLoss < 0 {
		s.lastLoss = len(s.res.Changes) - 1
	}
}

// toldGroups are the groups as readers are told them: within the bound on ranges,
// and without the ports that are told by themselves, which a reader would drop.
func (s *stepper) toldGroups() []Group {
	if len(s.st.Alike) == 0 {
		return nil
	}
	exact, single := 0, map[string]*portSet{}
	for _, g := range s.st.Alike {
		exact += len(g.Ports)
		single[g.Protocol] = new(portSet)
	}
	for k, p := range s.st.Ports {
		if set := single[k.Protocol]; set != nil && p.Told != nil {
			set.add(k.Number)
		}
	}
	out, room := []Group(nil), limits.ToldRanges.Max
	for _, g := range s.st.Alike {
		ports := setOf(g.Ports)
		ranges := g.Ports
		if exact > limits.ToldRanges.Max {
			ranges = ports.bridged(single[g.Protocol])
		}
		if over := len(ranges) - room; over > 0 {
			ranges = ranges[:room]
			s.bound(limits.ToldRanges, FacetStatus, g.Protocol, g.Fingerprint)
		}
		room -= len(ranges)
		if told := ports.and(setOf(ranges)).count(); told > 0 {
			out = append(out, Group{Protocol: g.Protocol, Fingerprint: g.Fingerprint, Ranges: ranges, Count: told})
		}
	}
	return out
}
