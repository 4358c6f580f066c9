package diff

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// A host that answers alike on hundreds of ports (a tarpit, a firewall that accepts
// everything) is told as groups of ports, not port by port (design section 4).
const (
	// groupAbove is how many open ports with one fingerprint, and no service or
	// certificate of their own, are more than single ports.
	groupAbove = 200
	// groupUntil is how few of them end a group. It lies below groupAbove so that a
	// host at the edge does not pass to and fro.
	groupUntil = 100
)

// Group is ports told as one. Ports that are told by themselves are in none of its
// ranges; Count is how many ports the ranges hold.
type Group struct {
	Protocol, Fingerprint string
	Ranges                []Range
	Count                 int
}

// GroupState is what is held of the ports of one group: nothing of any by itself.
type GroupState struct {
	Protocol, Fingerprint string
	Ports                 []Range
	// Evidence is the greatest of any of them, that of the port Newest: if that one
	// is shown older, the snapshot is (P4).
	Evidence time.Time
	Newest   uint16
	// Missing are the ports that were absent from the snapshot of Witness; zero: none.
	Missing []Range
	Witness time.Time
	// Banners is what the first of them answered when the group was formed (P9).
	Banners map[string]SeenBanners
}

// key names the group; in a witness it stands for all its ports.
func (g *GroupState) key() portKey { return portKey{Protocol: g.Protocol + " " + g.Fingerprint} }

func (g *GroupState) member(n uint16) portKey { return portKey{Protocol: g.Protocol, Number: n} }

// alike are ports of one protocol and fingerprint in a step.
type alike struct {
	g     GroupState
	held  bool              // a group already
	in    *portSet          // in hand, open, and fit to be told in a group; of a group, what is listed
	now   *portSet          // what the group holds after the step
	taken map[uint16]record // what of the snapshot the group accounts for
}

// groups takes the ports that answer alike out of the step: what is left in
// s.present is told port by port. It runs before the ports, so that a port that
// enters or leaves a group is told once; tellGroups tells the groups themselves.
func (s *stepper) groups() {
	if len(s.present) <= groupAbove && len(s.st.Alike) == 0 && len(s.st.Quiet) == 0 {
		return
	}
	quiet := map[string]*portSet{}
	for protocol, ranges := range s.st.Quiet {
		quiet[protocol] = setOf(ranges)
	}
	var kept []*alike
	found := s.alikeInHand()
	for _, a := range found {
		if a.held {
			s.regroup(a, quiet)
			kept = append(kept, a)
		}
	}
	for _, a := range found {
		switch {
		case a.held || a.in.count() <= groupAbove:
		case len(kept) >= limits.ToldGroups.Max:
			s.hit(limits.ToldGroups)
		default:
			s.take(a, a.in)
			a.g.Banners = s.sample(a)
			kept = append(kept, a)
		}
	}
	slices.SortFunc(kept, func(a, b *alike) int { return a.g.key().Compare(b.g.key()) })
	for _, a := range kept {
		s.missing(a)
	}
	s.st.Alike = nil
	for _, a := range kept {
		if a.now.count() <= groupUntil && new(portSet).or(a.now).minus(a.in).count() == 0 {
			s.dissolve(a)
			continue
		}
		s.absorb(a)
		a.g.Ports = a.now.ranges()
		s.st.Alike = append(s.st.Alike, a.g)
		if set := quiet[a.g.Protocol]; set != nil {
			set.minus(a.now)
		}
	}
	s.keepQuiet(quiet)
}

// alikeInHand sorts the snapshot's ports by protocol and fingerprint, beside the
// groups that are held; those of most ports come first.
func (s *stepper) alikeInHand() []*alike {
	found := map[portKey]*alike{}
	for _, g := range s.st.Alike {
		found[g.key()] = &alike{g: g, held: true, in: new(portSet), now: setOf(g.Ports)}
	}
	for k, r := range s.present {
		print, bare := s.fingerprint(r)
		if !bare || !s.mayJoin(k, r) {
			continue
		}
		g := GroupState{Protocol: k.Protocol, Fingerprint: print}
		if found[g.key()] == nil {
			found[g.key()] = &alike{g: g, in: new(portSet), now: new(portSet)}
		}
		found[g.key()].in.add(k.Number)
	}
	return slices.SortedFunc(maps.Values(found), func(a, b *alike) int {
		return cmp.Or(b.in.count()-a.in.count(), a.g.key().Compare(b.g.key()))
	})
}

// fingerprint is what an open port answers, whatever its number; bare says that it
// has nothing else of its own.
func (s *stepper) fingerprint(r record) (print string, bare bool) {
	if r.port.Status != hostport.Open || r.port.Certificate != nil || len(currentServices(r, nil)) > 0 {
		return "", false
	}
	anywhere := *r.port
	anywhere.Number = 0
	all, newest := s.readBanners(&PortState{}, record{port: &anywhere, evidence: r.evidence, scan: r.scan})
	var parts []string
	for _, protocol := range slices.Sorted(maps.Keys(all)) {
		for _, f := range all[protocol].current(newest, nil) {
			parts = append(parts, f.Form.Digest)
		}
	}
	if len(parts) == 1 {
		return parts[0], true
	}
	slices.Sort(parts)
	return digest(parts...), true
}

// mayJoin says whether a port may be told in a group. One that is told by itself has
// to be told bare, with nothing pending that its own events would say, and joins on
// newer evidence alone (P4).
func (s *stepper) mayJoin(k portKey, r record) bool {
	p := s.st.Ports[k]
	if p == nil {
		return true
	}
	rel := relate(p.Evidence, r.evidence)
	switch {
	case p.Told == nil:
		return rel != older
	case rel != newer, len(p.Told.Services) > 0, p.Told.Certificate != nil, len(p.Told.Flapping) > 0:
		return false
	case !p.Told.Open():
		return true
	}
	// Another answer is told first.
	all, newest := s.readBanners(p, r)
	for protocol, n := range all {
		told, _ := p.Told.bannerSet(protocol)
		if now := n.current(newest, p.Banners[protocol].Kept); len(now) > 0 && !sameForms(told, now) {
			return false
		}
	}
	return true
}

// sample is what the first port of a new group answers.
func (s *stepper) sample(a *alike) map[string]SeenBanners {
	for n := range a.in.all {
		var first PortState
		s.wholeBanners(&first, a.taken[n], &Port{})
		return first.Banners
	}
	return nil
}

// take moves ports in hand from those told one by one to a group.
func (s *stepper) take(a *alike, ports *portSet) {
	a.taken = map[uint16]record{}
	for n := range ports.all {
		k := a.g.member(n)
		r := s.present[k]
		if r.evidence.After(a.g.Evidence) {
			a.g.Evidence, a.g.Newest = r.evidence, n
		}
		a.taken[n] = r
		s.together[a.g.key()] = later(s.together[a.g.key()], r.evidence)
		delete(s.present, k)
	}
	a.now.or(ports)
}

// absorb lets go of what is held and told of the group's ports by themselves.
func (s *stepper) absorb(a *alike) {
	for n := range a.taken {
		k := a.g.member(n)
		if p := s.st.Ports[k]; p != nil {
			s.isPresent(p)
			delete(s.st.Ports, k)
			if p.Told != nil {
				s.res.Gone = append(s.res.Gone, k)
			}
		}
	}
}

// dissolve gives the ports of a group back to be told one by one.
func (s *stepper) dissolve(a *alike) {
	for n, r := range a.taken {
		k := a.g.member(n)
		s.present[k] = r
		s.left[k] = true
	}
}

// regroup compares a held group with the snapshot, but for what is absent. Ports
// that still answer alike stay and further ones join; one with another status or
// answer leaves at once.
func (s *stepper) regroup(a *alike, quiet map[string]*portSet) {
	if r, listed := s.present[a.g.member(a.g.Newest)]; listed && relate(a.g.Evidence, r.evidence) == older {
		s.stale = true // P4, for the group as a whole: the past changes nothing
		s.suppress(RuleOlderEvidence, FacetStatus, "")
		for n := range a.now.all {
			delete(s.present, a.g.member(n))
		}
		a.in.minus(a.now)
		s.take(a, a.in)
		return
	}
	for n := range new(portSet).or(a.now).minus(a.in).all {
		r, listed := s.present[a.g.member(n)]
		switch {
		case !listed, r.port.Status == "": // or it counts as present
			continue
		case r.port.Status == hostport.Open:
			s.left[a.g.member(n)] = true
		default:
			// The ranges say that it left. Its further words are not told.
			s.suppress(RuleTarpit, FacetStatus, "")
			if quiet[a.g.Protocol] == nil {
				quiet[a.g.Protocol] = new(portSet)
			}
			quiet[a.g.Protocol].add(n)
		}
		a.now.remove(n)
	}
	for n := range a.now.all {
		if _, listed := s.present[a.g.member(n)]; listed {
			a.in.add(n)
		}
	}
	s.take(a, a.in)
}

// missing takes the ports of a group that the snapshot does not list: one leaves
// that was absent from an independent complete snapshot before (P1).
func (s *stepper) missing(a *alike) {
	if !s.snap.Proof.Complete() || s.stale {
		return
	}
	absent := new(portSet).or(a.now).minus(a.in)
	missing := setOf(a.g.Missing).and(absent)
	if missing.count() > 0 {
		if _, _, again := s.independent(&PortState{Absence: &Absence{Witness: a.g.Witness}}); !again {
			a.g.Missing = missing.ranges()
			s.suppress(RuleAbsent, FacetStatus, "")
			return
		}
		a.now.minus(missing)
		absent.minus(missing)
	}
	a.g.Missing, a.g.Witness = absent.ranges(), time.Time{}
	if len(a.g.Missing) > 0 {
		a.g.Witness = s.witness()
		s.suppress(RuleAbsent, FacetStatus, "")
	}
}

// keepQuiet keeps silent about ports that left a group without being open, until
// they are open again.
func (s *stepper) keepQuiet(quiet map[string]*portSet) {
	s.st.Quiet = nil
	for protocol, set := range quiet {
		for n := range set.all {
			k := portKey{Protocol: protocol, Number: n}
			switch r, listed := s.present[k]; {
			case listed && r.port.Status == hostport.Open:
				set.remove(n)
				s.left[k] = true
			case listed:
				delete(s.present, k)
			}
		}
		if ranges := set.ranges(); len(ranges) > 0 {
			if s.st.Quiet == nil {
				s.st.Quiet = map[string][]Range{}
			}
			s.st.Quiet[protocol] = ranges
		}
	}
}
