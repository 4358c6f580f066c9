package diff

import (
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Validity is the told timer of a certificate. A certificate that is told starts
// Valid, whatever its dates say; at the baseline it starts where it stands. From
// there Tick moves it, each word once and only the tightest that is due (design
// section 4, contract section 1).
type Validity string

const (
	Valid       Validity = "valid"
	NotYetValid Validity = "not_yet_valid" // no event says that this ended: the next deadline moves it on
	Expiring30  Validity = "expiring_30"
	Expiring14  Validity = "expiring_14"
	Expiring7   Validity = "expiring_7"
	Expiring1   Validity = "expiring_1"
	Expired     Validity = "expired"
)

// deadlines are the timers of a certificate in the order in which they fall due.
var deadlines = []struct {
	word   Validity
	days   int // before the certificate's end
	reason Reason
}{
	{Expiring30, 30, ExpiresIn30Days},
	{Expiring14, 14, ExpiresIn14Days},
	{Expiring7, 7, ExpiresIn7Days},
	{Expiring1, 1, ExpiresIn1Day},
	{Expired, 0, CertificateIsExpired},
}

const day = 24 * time.Hour

// deadline is when the i-th timer falls due; zero where the end is not known.
func (c *Certificate) deadline(i int) time.Time {
	if c.NotAfter.IsZero() {
		return time.Time{}
	}
	return c.NotAfter.Add(-time.Duration(deadlines[i].days) * day)
}

// rank is the place of a word among the deadlines; -1 for one before all of them.
func (v Validity) rank() int {
	for i, d := range deadlines {
		if d.word == v {
			return i
		}
	}
	return -1
}

// standing is what the dates say now: the tightest deadline that has passed.
func (c *Certificate) standing(now time.Time) Validity {
	for i := len(deadlines) - 1; i >= 0; i-- {
		if at := c.deadline(i); !at.IsZero() && !now.Before(at) {
			return deadlines[i].word
		}
	}
	if now.Before(c.NotBefore) {
		return NotYetValid
	}
	return Valid
}

// certificateTimer tells what a certificate's dates bring to an open port. It runs
// in Tick alone: a look tells what it has seen.
func (s *stepper) certificateTimer(key portKey, p *PortState) {
	at := p.nextCertificateTimer()
	if at.IsZero() || s.now.Before(at) {
		return
	}
	early := !p.Certificate.Early.IsZero()
	p.Certificate.Early = time.Time{}
	before := *p.Told.Certificate
	after := before
	after.Validity = before.standing(s.now)
	c := Change{Type: CertificateExpiring, Before: before, After: after}
	switch rank := after.Validity.rank(); {
	case rank > before.Validity.rank():
		c.NotAfter = before.deadline(rank)
		c.Details, c.Reasons = TimerDetails{deadlines[rank].days}, []Reason{deadlines[rank].reason}
		if after.Validity == Expired {
			c.Type = CertificateExpired
		}
	case early && after.Validity == NotYetValid:
		c.Type, c.Reasons = CertificateNotYetValid, []Reason{TermNotBegun}
		c.Details = TimerDetails{int((before.NotBefore.Sub(s.now) + day - 1) / day)}
		c.NotAfter = s.now
	default:
		return
	}
	told := *p.Told
	told.Certificate = &after
	p.Told = &told
	c.Key, c.PortID, c.Told, c.Changed, c.Basis = key, p.ToldID(), p.Told, []Facet{FacetCertificate}, Elapsed
	s.tell(c, OpUpdated)
}

// nextCertificateTimer is when certificateTimer next has something to do; zero for
// never. A port that is not open has no timers.
func (p *PortState) nextCertificateTimer() time.Time {
	if !p.Told.Open() || p.Told.Certificate == nil {
		return time.Time{}
	}
	if next := p.Told.Certificate.Validity.rank() + 1; next < len(deadlines) {
		return earlier(p.Certificate.Early, p.Told.Certificate.deadline(next))
	}
	return p.Certificate.Early
}

// start gives a certificate that is told anew the word it starts with.
func (s *stepper) start(p *PortState, c Certificate) *Certificate {
	stands := c.standing(s.now)
	p.Certificate.Early = time.Time{}
	switch {
	case s.baseline:
		c.Validity = stands
	case c.Validity == "":
		c.Validity = Valid
	}
	if c.Validity == Valid && stands == NotYetValid {
		p.Certificate.Early = s.now // the next tick tells it
	}
	return &c
}

// validity counts what the baseline's certificates started with.
func (n *BaselineNote) validity(p *Port) {
	if p.Status != hostport.Open || p.Certificate == nil {
		return
	}
	switch p.Certificate.Validity {
	case Valid:
	case NotYetValid:
		n.NotYetValid++
	case Expired:
		n.Expired++
	default:
		n.Expiring++
	}
}
