package diff

import (
	"maps"
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// absent takes a port that is held and that the snapshot does not list. Only
// complete snapshots with no record older than held count (P1, P4), two of them
// must be independent, and the port itself is asked for before the vanish is told.
func (s *stepper) absent(key hostport.PortKey) {
	p := s.st.Ports[key]
	if !s.snap.Proof.Complete() || s.stale {
		return
	}
	switch {
	case p.Told == nil:
		delete(s.st.Ports, key) // readers never heard of it
		return
	case p.Told.Status == hostport.Vanished:
		return
	case p.Absence == nil:
		p.Absence = &Absence{Witness: s.witness(), Agreeing: 1}
		s.suppress(RuleAbsent, FacetStatus, "")
		return
	}
	basis, notAfter, ok := s.independent(p)
	if !ok {
		s.suppress(RuleAbsent, FacetStatus, "")
		return
	}
	if p.Absence.Asked {
		s.vanish(key, p, basis, notAfter)
		return
	}
	ask := hostport.Ask{Kind: hostport.AskPort, Key: key, ID: p.ID}
	answer := &hostport.Answer{Verdict: hostport.Unsupported}
	if p.ID != "" {
		answer = s.ask(ask)
	}
	switch {
	case answer == nil || answer.Verdict == hostport.Failed:
		s.suppress(RuleAbsent, FacetStatus, "") // asked again at the next look
	case answer.Verdict == hostport.NotFound:
		s.vanish(key, p, basis, notAfter)
	case answer.Verdict == hostport.Found && answer.Port != nil && answer.Port.PortKey == key:
		p.Absence = nil
		s.suppress(RulePresent, FacetStatus, "")
		r, lost := judge(answer.Port, s.now)
		s.malformed(append(slices.Clone(answer.Port.Malformed), lost...))
		s.st.Evidence = later(s.st.Evidence, r.evidence)
		s.listed(key, r)
	default:
		// The id names another port too, or the source has no point reads: one
		// more independent snapshot decides instead.
		p.Absence = &Absence{Witness: s.witness(), Agreeing: p.Absence.Agreeing + 1, Asked: true}
		s.suppress(RuleAbsent, FacetStatus, "")
	}
}

// vanish tells that a port left the list.
func (s *stepper) vanish(key hostport.PortKey, p *PortState, basis Basis, notAfter time.Time) {
	c := Change{Type: PortVanished, Key: key, PortID: p.ToldID(), Before: *p.Told, After: Status{hostport.Vanished},
		Changed: []Facet{FacetStatus}, Details: StatusDetails{From: p.Told.Status, To: hostport.Vanished},
		Reasons: []Reason{AbsentTwice}, Basis: basis, Agreeing: p.Absence.Agreeing + 1,
		NotBefore: p.Evidence, NotAfter: notAfter, Tentative: p.Evidence.IsZero()}
	if !c.NotBefore.Before(notAfter) {
		c.NotBefore = time.Time{}
	}
	s.lose(p, hostport.Vanished, notAfter)
	p.Absence, p.Retracted = nil, false
	c.Told = p.Told
	s.tell(c, OpUpdated)
}

// witness records this snapshot as one from which ports were absent, and names it.
func (s *stepper) witness() time.Time {
	at := s.now
	if !slices.ContainsFunc(s.st.Witnesses, func(w Witness) bool { return w.At.Equal(at) }) {
		evidence := make(map[hostport.PortKey]time.Time, len(s.present))
		for k, r := range s.present {
			evidence[k] = r.evidence
		}
		s.st.Witnesses = append(s.st.Witnesses, Witness{At: at, Evidence: evidence})
	}
	return at
}

// independent says whether this snapshot is a second witness of a port's absence:
// the greatest evidence time over the ports present in both rose, or, where none
// was rescanned, VanishAfter lies between them (design section 4). After a vanish
// that proved wrong, only time counts.
func (s *stepper) independent(p *PortState) (basis Basis, notAfter time.Time, ok bool) {
	at := p.Absence.Witness
	i := slices.IndexFunc(s.st.Witnesses, func(w Witness) bool { return w.At.Equal(at) })
	if i >= 0 && !p.Retracted {
		var then, now time.Time
		for k, held := range s.st.Witnesses[i].Evidence {
			if r, both := s.present[k]; both {
				then, now = later(then, held), later(now, r.evidence)
			}
		}
		if now.After(then) {
			return Rescan, now, true
		}
	}
	if s.now.Sub(at) >= s.policy.VanishAfter {
		return Elapsed, s.now, true
	}
	return "", time.Time{}, false
}

// maxWitnesses bounds the witnesses a host holds (P11). Beyond it the oldest are
// merged into the newest, which delays their ports' vanishing by one snapshot.
const maxWitnesses = 16

// dropWitnesses forgets the witnesses no absence is measured against.
func (s *stepper) dropWitnesses() {
	used := map[int64]bool{}
	for _, p := range s.st.Ports {
		if p.Absence != nil {
			used[p.Absence.Witness.UnixNano()] = true
		}
	}
	s.st.Witnesses = slices.DeleteFunc(s.st.Witnesses, func(w Witness) bool { return !used[w.At.UnixNano()] })
	for len(s.st.Witnesses) > maxWitnesses {
		oldest, newest := s.st.Witnesses[0].At, s.st.Witnesses[len(s.st.Witnesses)-1].At
		for _, p := range s.st.Ports {
			if p.Absence != nil && p.Absence.Witness.Equal(oldest) {
				p.Absence.Witness = newest
			}
		}
		s.st.Witnesses = s.st.Witnesses[1:]
	}
	s.st.Witnesses = slices.Clip(s.st.Witnesses)
}

// forget drops vanished ports after RetainGone; their public record becomes a
// tombstone, which changes nothing for a reader: vanished and absent are one.
func (s *stepper) forget() {
	for _, key := range slices.SortedFunc(maps.Keys(s.st.Ports), hostport.PortKey.Compare) {
		p := s.st.Ports[key]
		_, listed := s.present[key]
		if p.Told != nil && p.Told.Status == hostport.Vanished && !listed &&
			s.now.Sub(p.Lost.Vanished) >= s.policy.RetainGone {
			delete(s.st.Ports, key)
			delete(s.told, key)
			s.res.Gone = append(s.res.Gone, key)
		}
	}
}
