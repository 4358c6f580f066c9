package diff

import (
	"maps"
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
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
	if !ok || s.st.Restored {
		s.suppress(RuleAbsent, FacetStatus, "")
		return
	}
	if p.Absence.Asked {
		s.vanish(key, p, basis, notAfter)
		return
	}
	answer := &hostport.Answer{Verdict: hostport.Unsupported}
	if p.ID != "" {
		answer = s.ask(hostport.Ask{Kind: hostport.AskPort, Key: key, ID: p.ID})
	}
	found := answer != nil && answer.Verdict == hostport.Found && answer.Port != nil
	switch {
	case answer != nil && answer.Verdict == hostport.NotFound:
		s.vanish(key, p, basis, notAfter)
	case found && answer.Port.PortKey == key:
		s.isPresent(p)
		s.suppress(RulePresent, FacetStatus, "")
		r, lost := judge(answer.Port, s.now)
		s.malformed(append(slices.Clone(answer.Port.Malformed), lost...))
		s.st.Evidence = later(s.st.Evidence, r.evidence)
		s.listed(key, r)
	case found || answer != nil && answer.Verdict == hostport.Unsupported:
		// The id names another port too, or the source has no point reads: one
		// more independent snapshot decides instead.
		p.Absence = &Absence{Witness: s.witness(), Agreeing: p.Absence.Agreeing + 1, Asked: true, Held: p.Absence.Held}
		s.suppress(RuleAbsent, FacetStatus, "")
	default: // no answer: asked again at the next look
		s.suppress(RuleAbsent, FacetStatus, "")
	}
}

// vanish tells that a port left the list.
func (s *stepper) vanish(key hostport.PortKey, p *PortState, basis Basis, notAfter time.Time) {
	if s.massHeld(p) || s.goneDamped(key, p) {
		return
	}
	// The other ports' rescan may be older than this one's last: then our own
	// clock is the first time it is known to be gone.
	if !notAfter.After(p.Evidence) {
		notAfter = s.now
	}
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
	s.afterMove(key, p, record{evidence: notAfter})
}

// witness records this snapshot as one from which ports were absent, and names it.
func (s *stepper) witness() time.Time {
	at := s.now
	if !slices.ContainsFunc(s.st.Witnesses, func(w Witness) bool { return w.At.Equal(at) }) {
		evidence := make(map[hostport.PortKey]time.Time, len(s.present))
		for k, r := range s.present {
			evidence[k] = s.evidenceOf(k, r)
		}
		maps.Copy(evidence, s.together)
		s.st.Witnesses = append(s.st.Witnesses, Witness{At: at, Evidence: evidence})
	}
	return at
}

// evidenceOf is how new a listed port is known to be. Of a record without a
// readable time what is held counts, else the same time readable again would pass
// for a rescan.
func (s *stepper) evidenceOf(k hostport.PortKey, r record) time.Time {
	if held := s.st.Ports[k]; held != nil {
		return later(held.Evidence, r.evidence)
	}
	return r.evidence
}

// independent says whether this snapshot is a second witness of a port's absence:
// the greatest evidence time over the ports present in both rose, or, where none
// was rescanned, VanishAfter lies between them (design section 4). After a vanish
// that proved wrong, only time counts.
func (s *stepper) independent(p *PortState) (basis Basis, notAfter time.Time, ok bool) {
	if i := s.witnessOf(p); i >= 0 && !p.Retracted {
		var then, now time.Time
		for k, held := range s.st.Witnesses[i].Evidence {
			fresh, both := s.together[k]
			if r, single := s.present[k]; single {
				fresh, both = s.evidenceOf(k, r), true
			}
			if both && !held.IsZero() {
				then, now = later(then, held), later(now, fresh)
			}
		}
		if now.After(then) {
			return Rescan, now, true
		}
	}
	if s.now.Sub(p.Absence.Witness) >= s.policy.VanishAfter {
		return Elapsed, s.now, true
	}
	return "", time.Time{}, false
}

// witnessOf finds the witness a port's absence is measured against: its own or,
// where that is dropped, the next, which holds the same evidence or newer.
func (s *stepper) witnessOf(p *PortState) int {
	at := p.Absence.Witness
	i := slices.IndexFunc(s.st.Witnesses, func(w Witness) bool { return w.At.Equal(at) })
	if i < 0 {
		i = slices.IndexFunc(s.st.Witnesses, func(w Witness) bool { return w.At.After(at) })
	}
	return i
}

// dropWitnesses forgets the witnesses no absence is measured against.
func (s *stepper) dropWitnesses() {
	used := make([]bool, len(s.st.Witnesses))
	for _, p := range s.st.Ports {
		if p.Absence != nil {
			if i := s.witnessOf(p); i >= 0 {
				used[i] = true
			}
		}
	}
	for _, g := range s.st.Alike {
		if i := s.witnessOf(&PortState{Absence: &Absence{Witness: g.Witness}}); i >= 0 && len(g.Missing) > 0 {
			used[i] = true
		}
	}
	kept := []Witness{}
	for i, w := range s.st.Witnesses {
		if used[i] {
			kept = append(kept, w)
		}
	}
	if len(kept) > limits.Witnesses.Max {
		s.hit(limits.Witnesses)
	}
	s.st.Witnesses = slices.Clone(kept[max(0, len(kept)-limits.Witnesses.Max):])
}
