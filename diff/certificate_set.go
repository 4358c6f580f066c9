package diff

import (
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/limits"
)

// Certificates that take turns are one fact, not a change a scan (design section
// 4). The known set of a port is its told certificate and those that left within
// the last 30 days. The first return within the set is told and stays told; from
// then on the set is silent until one of it has been alone for 10 scans or 30
// days. What is new to the set is told at once, but for a flood.
const (
	setMemory    = 30 * 24 * time.Hour
	setSettles   = 10 // distinct scans of one member; design section 4
	setUnstable  = 8  // a further one within the memory is a flood; design section 4
	setSettleFor = setMemory
)

// CertificateSet is how the certificates of a port stand to each other.
type CertificateSet string

const (
	OneCertificate CertificateSet = ""
	Alternating    CertificateSet = "alternating" // told: silence inside the set
	Unstable       CertificateSet = "unstable"    // told: silence altogether
)

// OtherCertificate is a member of the known set that is not the told one.
type OtherCertificate struct {
	ID          string      // the source's
	Certificate Certificate // with the timer as last told
	Seen        time.Time   // our clock: when it was last seen, or replaced
}

// CertificateRun is the member of a set that is presented now, and for how long.
type CertificateRun struct {
	SHA1  string
	Scans int
	Since time.Time // our clock
}

// other finds a member of the known set by its identity; -1 for none.
func (c *SeenCertificate) other(sha1 string) int {
	return slices.IndexFunc(c.Others, func(o OtherCertificate) bool { return o.Certificate.SHA1 == sha1 })
}

// keep puts a certificate into the known set, newest first.
func (c *SeenCertificate) keep(o OtherCertificate) {
	others := []OtherCertificate{o}
	for _, held := range c.Others {
		if held.Certificate.SHA1 != o.Certificate.SHA1 && len(others) < limits.KnownCertificates.Max {
			others = append(others, held)
		}
	}
	c.Others = others
}

// forgetOthers drops what left the known set by time.
func (c *SeenCertificate) forgetOthers(now time.Time) {
	gone := func(o OtherCertificate) bool { return now.Sub(o.Seen) >= setMemory }
	if slices.ContainsFunc(c.Others, gone) {
		c.Others = slices.DeleteFunc(slices.Clone(c.Others), gone)
	}
}

// members names the told certificate and the known set, sorted.
func (c *SeenCertificate) members(told *Certificate) []string {
	names := []string{told.SHA1}
	for _, o := range c.Others {
		if o.Certificate.SHA1 != told.SHA1 {
			names = append(names, o.Certificate.SHA1)
		}
	}
	slices.Sort(names)
	return names
}

// another takes a certificate that is not the told one, from evidence that may
// change it.
func (s *stepper) another(key portKey, p *PortState, r record, now shownCertificate) {
	seen := &p.Certificate
	told := p.Told.Certificate
	i := seen.other(now.SHA1)
	switch {
	case seen.Set == Unstable:
		if i >= 0 {
			now.Validity = seen.Others[i].Certificate.Validity
		}
		seen.keep(OtherCertificate{now.id, now.Certificate, s.now})
		s.suppress(RuleUnstable, FacetCertificate, digest(now.SHA1))
		seen.clear()
	case i >= 0 && seen.Set == Alternating:
		seen.keep(OtherCertificate{now.id, seen.Others[i].Certificate, s.now})
		s.suppress(RuleAlternating, FacetCertificate, "")
		seen.clear()
	case i >= 0:
		seen.Set = Alternating
		s.certificateMoves(key, p, r, Change{Type: CertificateAlternating, Reasons: []Reason{MemberReturned}}, &now)
		s.ofSet(p, nil)
	case len(seen.Others)+2 > setUnstable:
		seen.Set = Unstable
		s.hit(limits.KnownCertificates)
		s.certificateMoves(key, p, r, Change{Type: CertificateUnstable, Reasons: []Reason{ManyCertificates}}, &now)
		s.ofSet(p, now.facts)
	default:
		s.certificateMoves(key, p, r, classify(told, &now, s.now), &now)
	}
}

// ofSet completes the change just told with the set it is about.
func (s *stepper) ofSet(p *PortState, facts []string) {
	c := &s.res.Changes[len(s.res.Changes)-1]
	members := p.Certificate.members(p.Told.Certificate)
	c.Details = SetDetails{Members: members, Count: len(members), Facts: facts}
}

// classify names the change from one certificate to another that is new to the
// known set: older than the told one, of the same identity, or another.
func classify(told *Certificate, now *shownCertificate, at time.Time) Change {
	fields := identityChanges(told, &now.Certificate)
	c := Change{Type: CertificateRenewed, Reasons: []Reason{SameIdentity},
		Details: CertificateDetails{Fields: fields, DaysLeft: daysLeft(told, at), Facts: now.facts}}
	if len(fields) > 0 {
		c.Type, c.Reasons = CertificateReplaced, []Reason{IdentityChanged}
	}
	if now.NotBefore.Before(told.NotBefore) && !now.NotBefore.IsZero() {
		c.Type, c.Reasons = CertificateRolledBack, append([]Reason{OlderCertificate}, c.Reasons...)
	}
	return c
}

// run counts for how long the presented certificate of a set has been alone, and
// settles the set where that is long enough. sha1 is "" where the record presents
// none that is known.
func (s *stepper) run(key portKey, p *PortState, r record, sha1 string, newScan bool) {
	seen := &p.Certificate
	if seen.Set == OneCertificate || p.Told.Certificate == nil || sha1 == "" {
		return
	}
	switch {
	case seen.Run.SHA1 != sha1:
		seen.Run = CertificateRun{SHA1: sha1, Scans: 1, Since: s.now}
	case newScan:
		seen.Run.Scans++
	}
	switch {
	case seen.Run.Scans >= setSettles:
		s.settleSet(key, p, Rescan, seen.Run.Scans, r.evidence)
	case s.now.Sub(seen.Run.Since) >= setSettleFor:
		s.settleSet(key, p, Elapsed, 1, r.evidence)
	}
}

// settleSet ends a set: told becomes the member that has been alone.
func (s *stepper) settleSet(key portKey, p *PortState, basis Basis, agreeing int, at time.Time) {
	seen := &p.Certificate
	before := *p.Told.Certificate
	after := before
	if i := seen.other(seen.Run.SHA1); i >= 0 && before.SHA1 != seen.Run.SHA1 {
		id := seen.Others[i].ID
		after = *s.start(p, seen.Others[i].Certificate)
		seen.keep(OtherCertificate{seen.ID, before, s.now})
		seen.Others = slices.DeleteFunc(seen.Others, func(o OtherCertificate) bool { return o.Certificate.SHA1 == after.SHA1 })
		seen.ID = id
	}
	seen.Set, seen.Run = OneCertificate, CertificateRun{}
	c := Change{Type: CertificateSettled, Key: key, PortID: p.ToldID(), Before: before, After: after, Reasons: []Reason{Settled},
		Basis: basis, Agreeing: agreeing, NotAfter: at, Tentative: basis != Elapsed && at.IsZero()}
	if !sameCertificate(&before, &after) {
		c.Changed = []Facet{FacetCertificate}
	}
	told := *p.Told
	told.Certificate = &after
	p.Told, c.Told = &told, &told
	s.tell(c, OpUpdated)
	s.ofSet(p, nil)
}

// setTimer settles a set by time alone, and setEnds is when.
func (s *stepper) setTimer(key portKey, p *PortState) {
	if at := p.setEnds(); !at.IsZero() && !s.now.Before(at) {
		s.settleSet(key, p, Elapsed, 1, s.now)
	}
}

func (p *PortState) setEnds() time.Time {
	if !p.Told.Open() || p.Told.Certificate == nil || p.Certificate.Set == OneCertificate {
		return time.Time{}
	}
	return p.Certificate.Run.Since.Add(setSettleFor)
}
