package diff

import (
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// listed takes one record of the snapshot, or of a point read.
func (s *stepper) listed(key hostport.PortKey, r record) {
	p := s.st.Ports[key]
	if p == nil {
		p = &PortState{}
		s.st.Ports[key] = p
	}
	rel := relate(p.Evidence, r.evidence)
	past := rel == older // P4: the record changes nothing
	if p.Told != nil && p.Told.Status == hostport.Vanished {
		p.Lost.Listed = s.now
		// A stale snapshot shows the past: what it lists from before the vanish was
		// told disproves nothing, although we may never have seen that scan.
		past = past || s.stale && !r.evidence.After(p.Lost.Vanished)
	}
	if past {
		s.suppress(RuleOlderEvidence, FacetStatus, "")
		return
	}
	if rel == newer {
		s.refreshed(key, p)
	}
	if r.port.ID != "" {
		p.ID = r.port.ID
	}
	s.isPresent(p)
	status := r.port.Status
	newScan := r.scan.After(p.Scan)
	if newScan && p.Told != nil {
		s.scanned(key, p, r)
	}
	switch {
	case status == "":
		// It counts as present; nothing is told before a status can be read.
		p.Unread = p.Told == nil
	case p.Told == nil:
		s.first(key, p, r, status)
	case p.Told.Status == hostport.Vanished:
		s.back(key, p, r, rel, status)
	case status == p.Told.Status:
		p.Doubt = Doubt{}
		if status == hostport.Open {
			s.services(key, p, r, rel, newScan)
			s.banners(key, p, r, rel, newScan)
			s.certificate(key, p, r, rel, newScan)
		}
	case rel == equal:
		s.suppress(RuleEqualEvidence, FacetStatus, "") // P4: the status may not change
	case status == hostport.Open:
		s.opened(key, p, r, Change{Type: PortReopened}, "")
	case rel == unreadable && !s.doubted(p, status):
		s.suppress(RuleNoEvidence, FacetStatus, "")
	default:
		s.notOpen(key, p, r, status, "")
	}
	p.Evidence = later(p.Evidence, r.evidence)
	p.Scan = later(p.Scan, r.scan)
	if p.Told != nil && p.Told.Status == status {
		p.Agreed = p.Evidence
	}
}

// first tells a key that readers do not know.
func (s *stepper) first(key hostport.PortKey, p *PortState, r record, status hostport.Status) {
	if s.baseline {
		told := Port{Status: status}
		if status == hostport.Open {
			told = s.whole(p, r)
		}
		p.Told = &told
		s.mark(key, OpBaseline)
		return
	}
	c := Change{Reasons: []Reason{NewPort}, NotBefore: s.before}
	// A port the source has known for longer than our last evidence was listed
	// late, not opened since.
	if !r.port.FirstSeen.IsZero() && r.port.FirstSeen.Before(c.NotBefore) {
		c.NotBefore = time.Time{}
	}
	if s.left[key] {
		c.Reasons = []Reason{LeftGroup}
	}
	if p.Unread {
		c.Reasons, c.Tentative = []Reason{StatusReadable}, true
	}
	if status == hostport.Open {
		c.Type = PortOpened
		s.opened(key, p, r, c, "")
		return
	}
	c.Type = PortDiscovered
	told := Port{Status: status}
	p.Told = &told
	s.move(key, p, r, c, Status{status})
}

// opened tells port.opened and port.reopened: the whole port goes out, with
// whatever could be read of it in this look.
func (s *stepper) opened(key hostport.PortKey, p *PortState, r record, c Change, retracts string) {
	before, neverOpen := p.Told, !p.WasOpen
	told := s.whole(p, r)
	if before != nil {
		c.Before = *before
		c.NotBefore = p.Agreed
		if neverOpen {
			c.Reasons = append(c.Reasons, NeverToldOpen)
		}
		if len(c.Reasons) == 0 {
			c.Reasons = []Reason{SourceStatement}
		}
		if retracts == "" { // what takes a vanish back is no move of the port
			s.damped(key, p, r, FlapKey{Facet: FacetStatus}, string(before.Status), string(hostport.Open), true)
		}
		c.Details = ReopenedDetails{Retracts: retracts, GoneFor: s.goneFor(p.Lost, r)}
	}
	p.Told = &told
	p.Lost, p.Doubt = Lost{}, Doubt{}
	c.Changed = changedFacets(before, &told)
	if s.firstGain < 0 {
		s.firstGain = len(s.res.Changes)
	}
	s.move(key, p, r, c, told)
}

// goneFor is the time since the losing event, by the source's clock where both
// ends are known, else by ours.
func (s *stepper) goneFor(lost Lost, r record) *time.Duration {
	var gone time.Duration
	switch {
	case lost.At.IsZero():
		return nil
	case !lost.NotAfter.IsZero() && !r.evidence.IsZero():
		gone = max(0, r.evidence.Sub(lost.NotAfter))
	default:
		gone = max(0, s.now.Sub(lost.At))
	}
	return &gone
}

// notOpen tells the move to a word that is not open. The facets freeze as last
// known, and what was pending about them ends.
func (s *stepper) notOpen(key hostport.PortKey, p *PortState, r record, status hostport.Status, retracts string) {
	if retracts == "" && s.damped(key, p, r, FlapKey{Facet: FacetStatus}, string(p.Told.Status), string(status), statusRank(status) > statusRank(p.Told.Status)) {
		return
	}
	c := Change{Type: statusType(status), Before: *p.Told, NotBefore: p.Agreed, Reasons: []Reason{SourceStatement},
		Details: StatusDetails{From: p.Told.Status, To: status, Retracts: retracts}}
	if retracts != "" {
		c.Reasons = []Reason{Retracted}
	}
	if r.evidence.IsZero() && p.Doubt.Status == status {
		c.Basis, c.Agreeing = Elapsed, 2
	}
	s.lose(p, status, r.evidence)
	s.move(key, p, r, c, Status{status})
}

// lose makes the told port not open: facets stay as last known.
func (s *stepper) lose(p *PortState, status hostport.Status, notAfter time.Time) {
	if p.Told.Open() {
		s.lastLoss = len(s.res.Changes)
		p.Lost = Lost{NotAfter: notAfter, At: s.now}
	}
	if status == hostport.Vanished {
		p.Lost.Vanished, p.Stale = s.now, false
	}
	told := *p.Told
	told.Status = status
	p.Told = &told
	p.Doubt = Doubt{}
	for k, v := range p.Services {
		v.Loss = Loss{}
		p.Services[k] = v
	}
	for k, v := range p.Banners {
		v.Waiting = 0
		p.Banners[k] = v
	}
	p.Certificate.Loss = Loss{}
	p.Certificate.Set, p.Certificate.Run = OneCertificate, CertificateRun{}
	p.Certificate.Early = time.Time{}
}

// back takes a record of a port that was told vanished.
func (s *stepper) back(key hostport.PortKey, p *PortState, r record, rel relation, status hostport.Status) {
	retracts := ""
	if rel == equal {
		// The source still holds the very record it hid: the vanish was wrong.
		retracts = p.Lost.EventID
		p.Retracted = true
	}
	if status == hostport.Open {
		c := Change{Type: PortReopened}
		if retracts != "" {
			c.Reasons = []Reason{Retracted}
		}
		s.opened(key, p, r, c, retracts)
		return
	}
	p.Lost.EventID = ""
	s.notOpen(key, p, r, status, retracts)
}

// move completes a status change and tells it.
func (s *stepper) move(key hostport.PortKey, p *PortState, r record, c Change, after any) {
	c.Key, c.PortID, c.After, c.Told = key, p.ToldID(), after, p.Told
	if len(c.Changed) == 0 {
		c.Changed = []Facet{FacetStatus}
	}
	c.NotAfter = r.evidence
	if r.evidence.IsZero() {
		c.Tentative = true
	}
	if !c.NotBefore.Before(c.NotAfter) {
		c.NotBefore = time.Time{}
	}
	op := OpUpdated
	if c.Before == nil {
		op = OpCreated
	}
	s.tell(c, op)
	s.afterMove(key, p, r)
}

// statusType names the event of a move to a word that is not open.
func statusType(status hostport.Status) Type {
	switch status {
	case hostport.Closed:
		return PortClosed
	case hostport.Filtered:
		return PortFiltered
	case hostport.Vanished:
		return PortVanished
	}
	return PortStatusChanged
}

// doubted says whether a loss stated without any readable time has been stated
// for VanishAfter (P4).
func (s *stepper) doubted(p *PortState, status hostport.Status) bool {
	if p.Doubt.Status != status {
		p.Doubt = Doubt{Status: status, Since: s.now}
		return false
	}
	return s.now.Sub(p.Doubt.Since) >= s.policy.VanishAfter
}
