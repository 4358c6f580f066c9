package diff

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// shownCertificate is a certificate as a record shows it.
type shownCertificate struct {
	Certificate
	id    string // the source's
	facts []string
}

// readCertificate is the certificate a record shows, nil for none. known is false
// where the record has only the id of one that is not known and could not be read
// yet: then nothing is told about it (design section 4).
func (s *stepper) readCertificate(p *PortState, r record) (shown *shownCertificate, id string, known bool) {
	from := r.port.Certificate
	if from == nil {
		return nil, "", true
	}
	id = from.ID
	if from.Stub() {
		if id == "" {
			return nil, "", false // nothing to compare, nothing to ask for
		}
		if held := p.certificateOf(id); held != nil {
			return &shownCertificate{*held, id, nil}, id, true
		}
		answer := s.ask(hostport.Ask{Kind: hostport.AskCertificate, Key: r.port.PortKey, ID: from.ID})
		if answer == nil || answer.Verdict != hostport.Found || answer.Certificate == nil || answer.Certificate.Stub() {
			return nil, id, false
		}
		s.malformed(slices.Clone(answer.Malformed))
		from = answer.Certificate
	}
	whole := describe(from)
	told, ok := whole.bound()
	if !ok || len(told.Names) < min(len(whole.Names), toldNames) {
		s.bound(limits.ToldCertificate, FacetCertificate, whole.SHA1, whole.NamesDigest)
	}
	if !ok {
		return nil, id, false
	}
	return &shownCertificate{told, id, certificateFacts(from, whole.Names, s.st.Host)}, id, true
}

// certificateOf is the told certificate or the member of the known set with this
// id, nil for none.
func (p *PortState) certificateOf(id string) *Certificate {
	if p.Told != nil && p.Told.Certificate != nil && id == p.Certificate.ID {
		return p.Told.Certificate
	}
	for i := range p.Certificate.Others {
		if p.Certificate.Others[i].ID == id {
			return &p.Certificate.Others[i].Certificate
		}
	}
	return nil
}

// describe brings a certificate into the form it is told in; names are a set.
func describe(from *hostport.Certificate) Certificate {
	names := make([]string, 0, len(from.Names))
	for _, n := range from.Names {
		if n != "" {
			names = append(names, clean(n))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return Certificate{SHA1: clean(from.SHA1), Subject: clean(from.Subject), Issuer: clean(from.Issuer),
		SerialNumber: clean(from.SerialNumber), NotBefore: from.NotBefore, NotAfter: from.NotAfter,
		Names: names, NamesCount: len(names), NamesDigest: hex.EncodeToString(sum[:16])}
}

// certificate compares the told certificate of an open port with a record.
func (s *stepper) certificate(key portKey, p *PortState, r record, rel relation, newScan bool) {
	seen := &p.Certificate
	seen.forgetOthers(s.now)
	now, id, known := s.readCertificate(p, r)
	told := p.Told.Certificate
	presents := ""
	switch {
	case !known && rel.mayChange() && id != "":
		if seen.Pending == "" {
			seen.PendingSince = p.lastShown(seen.Loss)
		}
		// There is a certificate, whichever it is: a loss has to begin anew.
		seen.Pending, seen.Loss = id, Loss{}
	case !known:
	case now == nil && told == nil:
		seen.clear()
	case now != nil && told != nil && now.SHA1 == told.SHA1:
		seen.clear()
		seen.ID, presents = id, now.SHA1
	case told == nil:
		if s.damped(key, p, r, FlapKey{Facet: FacetCertificate}, "", "present", false) {
			break
		}
		s.certificateMoves(key, p, r, Change{Type: CertificateAdded, Reasons: []Reason{TLSAdded}, Details: AddedDetails{now.facts}}, now)
	case !rel.mayChange() && seen.Loss.pending():
		// The scan that began the loss, read again.
	case !rel.mayChange() && (id == "" || id != seen.Pending):
		s.suppress(RuleEqualEvidence, FacetCertificate, "")
	case now == nil:
		basis, lost := s.agree(&seen.Loss, p, r)
		if !lost {
			s.suppress(RuleLossPending, FacetCertificate, "")
			break
		}
		if s.damped(key, p, r, FlapKey{Facet: FacetCertificate}, "present", "", true) {
			break
		}
		s.certificateMoves(key, p, r, Change{Type: CertificateRemoved, Reasons: []Reason{TLSRemoved}, Basis: basis, Agreeing: 2}, nil)
	default:
		presents = now.SHA1
		s.another(key, p, r, *now)
	}
	s.run(key, p, r, presents, newScan)
}

// clear ends what is pending: the record shows what it shows.
func (c *SeenCertificate) clear() { c.Pending, c.PendingSince, c.Loss = "", time.Time{}, Loss{} }

// certificateMoves makes a certificate, or none, the told one. The one told before
// joins the known set.
func (s *stepper) certificateMoves(key portKey, p *PortState, r record, c Change, now *shownCertificate) {
	seen := &p.Certificate
	c.NotBefore = p.lastShown(seen.Loss)
	if seen.Pending != "" {
		c.NotBefore = seen.PendingSince
	}
	if before := p.Told.Certificate; before != nil {
		c.Before = *before
		seen.keep(OtherCertificate{seen.ID, *before, s.now})
	}
	var told *Certificate
	if told = s.takeUp(p, now); told != nil {
		c.After = *told
	}
	c.Changed = []Facet{FacetCertificate}
	s.facet(key, p, r, c, func(t *Port) { t.Certificate = told })
}

// takeUp is the certificate as it is told from now on, out of the known set of
// others; nil for none, which ends the set.
func (s *stepper) takeUp(p *PortState, now *shownCertificate) *Certificate {
	seen := &p.Certificate
	seen.clear()
	if now == nil {
		seen.ID, seen.Early, seen.Set, seen.Run = "", time.Time{}, OneCertificate, CertificateRun{}
		return nil
	}
	if i := seen.other(now.SHA1); i >= 0 {
		now.Validity = seen.Others[i].Certificate.Validity // each word once a certificate and port
		seen.Others = slices.Delete(slices.Clone(seen.Others), i, i+1)
	}
	seen.ID = now.id
	return s.start(p, now.Certificate)
}

// identityChanges names what makes a new certificate a replacement, not a
// renewal: another subject, issuer or set of names.
func identityChanges(before, after *Certificate) []string {
	var fields []string
	if before.Subject != after.Subject {
		fields = append(fields, "subject")
	}
	if before.Issuer != after.Issuer {
		fields = append(fields, "issuer")
	}
	if before.NamesDigest != after.NamesDigest {
		fields = append(fields, "names")
	}
	return fields
}

// daysLeft is nil where the end of the certificate is not known.
func daysLeft(c *Certificate, now time.Time) *int {
	if c.NotAfter.IsZero() {
		return nil
	}
	days := int(math.Floor(c.NotAfter.Sub(now).Hours() / 24))
	return &days
}

// wholeCertificate tells the certificate with the whole port; one that could not
// be read in this look follows as certificate.added. A certificate that was told
// before keeps its timer.
func (s *stepper) wholeCertificate(p *PortState, r record, told *Port) {
	seen := &p.Certificate
	if p.Told != nil && p.Told.Certificate != nil {
		left := p.Lost.At // our clock: since then the facets are frozen
		if left.IsZero() {
			left = s.now
		}
		seen.keep(OtherCertificate{seen.ID, *p.Told.Certificate, left})
	}
	now, id, known := s.readCertificate(p, r)
	told.Certificate = s.takeUp(p, now)
	seen.forgetOthers(s.now)
	if !known {
		seen.Pending = id
	}
}
