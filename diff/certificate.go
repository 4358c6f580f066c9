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

// readCertificate is the certificate a record shows. It is nil, false where the
// record has only the id of one that is not known and could not be read yet:
// then nothing is told about it (design section 4).
func (s *stepper) readCertificate(p *PortState, r record) (c *Certificate, id string, known bool) {
	from := r.port.Certificate
	if from == nil {
		return nil, "", true
	}
	id = from.ID
	if from.Stub() {
		if id == "" {
			return nil, "", false // nothing to compare, nothing to ask for
		}
		if p.Told != nil && p.Told.Certificate != nil && id == p.Certificate.ID {
			return p.Told.Certificate, id, true
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
	return &told, id, true
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
func (s *stepper) certificate(key portKey, p *PortState, r record, rel relation) {
	now, id, known := s.readCertificate(p, r)
	told := p.Told.Certificate
	switch {
	case !known && rel.mayChange() && id != "":
		if p.Certificate.Pending == "" {
			p.Certificate.PendingSince = p.lastShown(p.Certificate.Loss)
		}
		// There is a certificate, whichever it is: a loss has to begin anew.
		p.Certificate.Pending, p.Certificate.Loss = id, Loss{}
	case !known:
	case now == nil && told == nil, now != nil && told != nil && now.SHA1 == told.SHA1:
		p.Certificate = SeenCertificate{ID: id}
	case told == nil:
		s.certificateMoves(key, p, r, Change{Type: CertificateAdded, Reasons: []Reason{TLSAdded}}, now, id)
	case !rel.mayChange() && p.Certificate.Loss.pending():
		// The scan that began the loss, read again.
	case !rel.mayChange() && (id == "" || id != p.Certificate.Pending):
		s.suppress(RuleEqualEvidence, FacetCertificate, "")
	case now == nil:
		basis, lost := s.agree(&p.Certificate.Loss, p, r)
		if !lost {
			s.suppress(RuleLossPending, FacetCertificate, "")
			return
		}
		s.certificateMoves(key, p, r, Change{Type: CertificateRemoved, Reasons: []Reason{TLSRemoved}, Basis: basis, Agreeing: 2}, nil, "")
	default:
		c := Change{Type: CertificateRenewed, Reasons: []Reason{SameIdentity}}
		fields := identityChanges(told, now)
		if len(fields) > 0 {
			c = Change{Type: CertificateReplaced, Reasons: []Reason{IdentityChanged}}
		}
		c.Details = CertificateDetails{Fields: fields, DaysLeft: daysLeft(told, s.now)}
		s.certificateMoves(key, p, r, c, now, id)
	}
}

func (s *stepper) certificateMoves(key portKey, p *PortState, r record, c Change, now *Certificate, id string) {
	c.NotBefore = p.lastShown(p.Certificate.Loss)
	if p.Certificate.Pending != "" {
		c.NotBefore = p.Certificate.PendingSince
	}
	p.Certificate = SeenCertificate{ID: id}
	if p.Told.Certificate != nil {
		c.Before = *p.Told.Certificate
	}
	if now != nil {
		c.After = *now
	}
	c.Changed = []Facet{FacetCertificate}
	s.facet(key, p, r, c, func(t *Port) { t.Certificate = now })
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
// be read in this look follows as certificate.added.
func (s *stepper) wholeCertificate(p *PortState, r record, told *Port) {
	now, id, known := s.readCertificate(p, r)
	p.Certificate = SeenCertificate{}
	switch {
	case !known:
		p.Certificate.Pending = id
	case now != nil:
		p.Certificate.ID = id
		told.Certificate = now
	}
}
