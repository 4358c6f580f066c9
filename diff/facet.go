package diff

import (
	"maps"
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

type portKey = hostport.PortKey

// facet moves one facet of an open port and tells it. c.NotBefore is the evidence
// of the newest record that showed the value told before, zero where unknown.
func (s *stepper) facet(key portKey, p *PortState, r record, c Change, move func(*Port)) {
	told := *p.Told
	move(&told)
	p.Told = &told
	c.Key, c.PortID, c.Told = key, p.ToldID(), p.Told
	c.NotAfter, c.Tentative = r.evidence, c.Tentative || r.evidence.IsZero()
	if !c.NotBefore.Before(c.NotAfter) {
		c.NotBefore = time.Time{}
	}
	s.tell(c, OpUpdated)
	s.afterMove(key, p, r)
}

// agree says whether a record without a facet is the second such record of
// another scan; the first is remembered in l. Where one of the two has no readable
// scan time they must lie VanishAfter apart (P4).
func (s *stepper) agree(l *Loss, p *PortState, r record) (Basis, bool) {
	switch {
	case !l.pending():
		*l = Loss{Scan: r.scan, Since: s.now, Shown: p.Agreed}
		return "", false
	case s.st.Restored: // the next look may agree
		return "", false
	case !r.scan.IsZero() && !l.Scan.IsZero() && !r.scan.Equal(l.Scan):
		return Rescan, true
	case (r.scan.IsZero() || l.Scan.IsZero()) && s.now.Sub(l.Since) >= s.policy.VanishAfter:
		return Elapsed, true
	}
	l.Scan = later(l.Scan, r.scan) // from here on scans can be told apart
	return "", false
}

// lastShown is the evidence of the newest record that showed a facet as told,
// given what is pending about its loss.
func (p *PortState) lastShown(l Loss) time.Time {
	if l.pending() {
		return l.Shown
	}
	return p.Agreed
}

// whole reads every facet of a record as it stands: what is told of a port at
// the baseline and whenever it opens.
func (s *stepper) whole(p *PortState, r record) Port {
	told := Port{Status: hostport.Open}
	p.WasOpen = true
	p.Services = map[string]SeenService{}
	s.wholeServices(p, r, &told)
	s.wholeBanners(p, r, &told)
	s.wholeCertificate(p, r, &told)
	// Of what flapped, only the status still does.
	maps.DeleteFunc(p.Flaps, func(k FlapKey, _ Flap) bool { return k.Facet != FacetStatus })
	if p.Told != nil && slices.Contains(p.Told.Flapping, FacetStatus) {
		told.Flapping = []Facet{FacetStatus}
	}
	return told
}
