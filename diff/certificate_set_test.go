package diff

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
)

// set drives certificates of one port, one scan every 6 h unless said otherwise.
type set struct {
	*timeline
	hour float64
}

func newSet(t *testing.T, sha1 string) *set {
	tl := newTimeline(t)
	tl.look(0, port(443, -1, cert(sha1, "CN=x")))
	return &set{tl, 0}
}

func (s *set) show(sha1 string) []string { return s.after(6, sha1) }

func (s *set) after(hours float64, sha1 string) []string {
	s.hour += hours
	return s.look(s.hour, port(443, s.hour-1, cert(sha1, "CN=x")))
}

// Certificates that take turns are one event, then silence, then one event when one
// of them remains (pain 12: certificates "flip" between backends).
func TestCertificatesThatAlternate(t *testing.T) {
	s := newSet(t, "aa")
	expect(t, "b is new", s.show("bb"), "certificate.renewed tcp/443")
	expect(t, "a returns", s.show("aa"), "certificate.alternating tcp/443")
	c := s.last.Changes[0]
	if d := cmp.Diff(SetDetails{Members: []string{"aa", "bb"}, Count: 2}, c.Details); d != "" {
		t.Error(d)
	}
	if s.told(443).Certificate.SHA1 != "aa" || c.Before.(Certificate).SHA1 != "bb" {
		t.Errorf("told: %+v", s.told(443).Certificate)
	}
	for i := range 60 {
		expect(t, "silence", s.show([]string{"bb", "bb", "aa"}[i%3]))
	}
	if s.last.Suppressed[RuleAlternating]+s.state.Suppressed[RuleAlternating].Count == 0 {
		t.Errorf("suppressed: %v", s.last.Suppressed)
	}
	var events []string
	scans := 0
	for len(events) == 0 && scans < 20 {
		events = s.show("bb")
		scans++
	}
	expect(t, "settled", events, "certificate.settled tcp/443")
	c = s.last.Changes[0]
	if scans != 10 || c.Basis != Rescan || c.Agreeing != 10 || !cmp.Equal(c.Changed, []Facet{FacetCertificate}) || s.told(443).Certificate.SHA1 != "bb" {
		t.Errorf("after %d scans: %+v", scans, c)
	}
	expect(t, "and silent", s.show("bb"))
	expect(t, "a once more, within 30 days", s.show("aa"), "certificate.alternating tcp/443")
}

// before = after only with reason settled, changed empty then.
func TestSetThatSettlesOnWhatIsTold(t *testing.T) {
	s := newSet(t, "aa")
	s.show("bb")
	expect(t, "a returns", s.show("aa"), "certificate.alternating tcp/443")
	var events []string
	for range 9 {
		events = append(events, s.show("aa")...)
	}
	expect(t, "settled at the tenth scan", events, "certificate.settled tcp/443")
	c := s.last.Changes[0]
	if len(c.Changed) != 0 || !cmp.Equal(c.Before, c.After) || !cmp.Equal(c.Reasons, []Reason{Settled}) {
		t.Errorf("%+v", c)
	}
}

func TestSetSettlesByTime(t *testing.T) {
	s := newSet(t, "aa")
	s.show("bb")
	s.show("aa")
	s.show("bb") // from here on only b, seldom scanned
	for range 5 {
		expect(t, "waits", s.after(5*24, "bb"))
	}
	expect(t, "not before 30 days", s.tick(s.hour+5*24-1))
	expect(t, "with no look", s.tick(s.hour+5*24), "certificate.settled tcp/443")
	if c := s.last.Changes[0]; c.Basis != Elapsed || s.told(443).Certificate.SHA1 != "bb" {
		t.Errorf("%+v", c)
	}
	t.Run("in a look", func(t *testing.T) {
		s := newSet(t, "aa")
		s.show("bb")
		s.show("aa")
		expect(t, "at once", s.after(30*24, "aa"), "certificate.settled tcp/443")
	})
}

// The same scan read again is no further scan, and another value in it no news.
func TestSetCountsScansNotLooks(t *testing.T) {
	s := newSet(t, "aa")
	s.show("bb")
	s.show("aa")
	for range 40 {
		s.hour += 0.1
		expect(t, "read again", s.look(s.hour, port(443, 11, cert("aa", "CN=x"))))
	}
}

func TestReturnAfterThirtyDaysIsNew(t *testing.T) {
	s := newSet(t, "aa")
	expect(t, "b", s.show("bb"), "certificate.renewed tcp/443")
	expect(t, "a within 30 days", s.after(29*24, "bb"))
	expect(t, "a after 30 days", s.after(24, "aa"), "certificate.renewed tcp/443")
}

func TestNewCertificateInAnAlternatingSet(t *testing.T) {
	s := newSet(t, "aa")
	s.show("bb")
	s.show("aa")
	expect(t, "c is told at once", s.look(s.hour+6, port(443, s.hour+5, cert("cc", "CN=other"))), "certificate.replaced tcp/443")
	s.hour += 6
	expect(t, "a is of the set", s.show("aa"))
	expect(t, "b too", s.show("bb"))
	expect(t, "c stays told", s.show("cc"))
	if sha1 := s.told(443).Certificate.SHA1; sha1 != "cc" {
		t.Errorf("told %s", sha1)
	}
}

// Pain 13: a renewal alerts like a stranger. What is another certificate is told by
// what it is: the same identity, another, or an older one.
func TestRolledBack(t *testing.T) {
	dated := func(sha1, subject string, from float64) func(*hostport.Port) {
		return func(p *hostport.Port) {
			cert(sha1, subject)(p)
			p.Certificate.NotBefore = days(from)
		}
	}
	for name, tc := range map[string]struct {
		told, now func(*hostport.Port)
		want      Type
		reasons   []Reason
	}{
		"older":                   {dated("bb", "CN=x", -5), dated("aa", "CN=x", -50), CertificateRolledBack, []Reason{OlderCertificate, SameIdentity}},
		"older, another identity": {dated("bb", "CN=x", -5), dated("aa", "CN=y", -50), CertificateRolledBack, []Reason{OlderCertificate, IdentityChanged}},
		"of the same day":         {dated("bb", "CN=x", -5), dated("aa", "CN=x", -5), CertificateRenewed, []Reason{SameIdentity}},
		"newer":                   {dated("bb", "CN=x", -5), dated("aa", "CN=y", -4), CertificateReplaced, []Reason{IdentityChanged}},
	} {
		t.Run(name, func(t *testing.T) {
			tl := newTimeline(t)
			tl.look(0, port(443, -1, tc.told))
			expect(t, "event", tl.look(24, port(443, 20, tc.now)), string(tc.want)+" tcp/443")
			if c := tl.last.Changes[0]; !cmp.Equal(c.Reasons, tc.reasons) {
				t.Errorf("%v", c.Reasons)
			}
		})
	}
}

// A flood of new certificates is told as one, and ends.
func TestUnstableCertificates(t *testing.T) {
	s := newSet(t, "00")
	for i := 1; i < 8; i++ {
		expect(t, fmt.Sprintf("the %d. more", i), s.show(fmt.Sprintf("%02d", i)), "certificate.renewed tcp/443")
	}
	expect(t, "the ninth within 30 days", s.show("08"), "certificate.unstable tcp/443")
	if d := s.last.Changes[0].Details.(SetDetails); d.Count != 9 || len(d.Members) != 9 {
		t.Errorf("%+v", d)
	}
	for i := 9; i < 40; i++ {
		expect(t, "no more of it", s.show(fmt.Sprintf("%02d", i)))
		if n := len(s.state.Ports[hostport.PortKey{Protocol: "tcp", Number: 443}].Certificate.Others); n > 8 {
			t.Fatalf("%d certificates remembered", n)
		}
	}
	var told []SuppressedNote
	for i := 40; i < 48; i++ { // two more days
		s.show(fmt.Sprintf("%02d", i))
		for _, n := range s.last.Notes {
			if d, ok := n.Details.(SuppressedNote); ok && d.Rule == RuleUnstable {
				told = append(told, d)
			}
		}
	}
	if len(told) != 2 || told[1].Count != 4 || len(told[1].Digests) != 4 || told[1].Digests[0] == told[1].Digests[1] {
		t.Errorf("told once a day, with digests: %+v", told)
	}
	var events []string
	for range 10 {
		events = append(events, s.show("50")...)
	}
	expect(t, "settled", events, "certificate.settled tcp/443")
	if c := s.told(443).Certificate; c.SHA1 != "50" || c.Validity != Valid {
		t.Errorf("told %+v", c)
	}
	expect(t, "a new one is told again", s.show("51"), "certificate.unstable tcp/443")
}

// A stub of a certificate that is known needs no read.
func TestStubOfAKnownMember(t *testing.T) {
	s := newSet(t, "aa")
	s.show("bb")
	s.hour += 6
	expect(t, "a returns as a stub", s.look(s.hour, port(443, s.hour-1, stub("c-aa"))), "certificate.alternating tcp/443")
	if len(s.asked) != 0 {
		t.Errorf("asked %v", s.asked)
	}
	if c := s.told(443).Certificate; c.SHA1 != "aa" || c.Subject != "CN=x" {
		t.Errorf("told %+v", c)
	}
}

// A set ends with its port, and with the certificate; what is known is remembered.
func TestSetEndsWithItsPort(t *testing.T) {
	s := newSet(t, "aa")
	s.show("bb")
	s.show("aa")
	s.hour += 6
	expect(t, "closed", s.look(s.hour, port(443, s.hour-1, status("closed"))), "port.closed tcp/443", "host.unexposed")
	expect(t, "nothing settles", s.tick(s.hour+40*24))
	s.hour += 40 * 24
	expect(t, "open with b", s.show("bb"), "port.reopened tcp/443", "host.exposed")
	expect(t, "a is forgotten", s.show("aa"), "certificate.renewed tcp/443")
}
