package diff

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
)

// The cases that the design's table of ports leaves open, and the edges of section 7
// of the contract, as far as no other test shows them.

func TestPortOfTheBaselineThatIsNotOpen(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1, status("closed"), cert("aa", "CN=x"), service("nginx", "1", -9, -1, true), answer(page("a", monday, ""), -9, -1)), port(80, -1))
	if told := tl.told(443); told.Status != hostport.Closed || told.Certificate != nil || len(told.Services)+len(told.Banners) != 0 {
		t.Errorf("told: %+v", told)
	}
	expect(t, "its first opening", tl.look(24, port(443, 20, cert("aa", "CN=x")), port(80, 20)), "port.reopened tcp/443")
	c := tl.change()
	if d := cmp.Diff(ReopenedDetails{}, c.Details); d != "" || !cmp.Equal(c.Reasons, []Reason{NeverToldOpen}) || !cmp.Equal(c.Changed, []Facet{FacetStatus, FacetCertificate}) {
		t.Errorf("%+v %s", c, d)
	}
}

// not open, then absent: port.vanished all the same, and nothing of the exposure.
func TestPortThatIsNotOpenVanishes(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1), port(443, -1, status("filtered")))
	tl.look(24, port(80, 20))
	expect(t, "vanished", tl.look(48, port(80, 40)), "port.vanished tcp/443")
	if d := tl.change().Details.(StatusDetails); d.From != hostport.Filtered || d.To != hostport.Vanished {
		t.Errorf("%+v", d)
	}
	expect(t, "open now", tl.look(72, port(80, 60), port(443, 60)), "port.reopened tcp/443")
	if d := tl.change().Details.(ReopenedDetails); d.GoneFor != nil || d.Retracts != "" {
		t.Errorf("never told open, so gone for no known time: %+v", d)
	}
}

func TestCauseOfExposure(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(22, -1), port(80, -1), port(443, -1))
	expect(t, "all close", tl.look(24, port(22, 20, status("closed")), port(80, 20, status("filtered")), port(443, 20, status("closed"))),
		"port.closed tcp/22", "port.filtered tcp/80", "port.closed tcp/443", "host.unexposed")
	if c := tl.last.Changes[3]; c.Cause != 2 {
		t.Errorf("unexposed by change %d, want the last closing", c.Cause)
	}
	expect(t, "two open", tl.look(48, port(22, 40, status("closed")), port(80, 40), port(443, 40)),
		"port.reopened tcp/80", "port.reopened tcp/443", "host.exposed")
	if c := tl.last.Changes[2]; c.Cause != 0 {
		t.Errorf("exposed by change %d, want the first opening", c.Cause)
	}
}

// P4 in a table: what a record may do by the age of its evidence. Each row looks at a
// port told open with one service, and scanned at hour 10.
func TestEvidenceTimes(t *testing.T) {
	seen := func(p *hostport.Port) { service("nginx", "1", -9, -9, true)(p) }
	more := func(p *hostport.Port) { service("php", "8", -9, -9, true)(p) }
	noTimes := func(p *hostport.Port) {
		undated(p)
		for i := range p.Services {
			p.Services[i].FirstSeen, p.Services[i].LastSeen = time.Time{}, time.Time{}
		}
	}
	noServiceTimes := func(p *hostport.Port) {
		p.Services = slices.Clone(p.Services)
		p.Services[0].FirstSeen, p.Services[0].LastSeen = time.Time{}, time.Time{}
	}
	for _, tc := range []struct {
		name      string
		now       hostport.Port
		want      []string
		tentative bool
		rule      Rule
	}{
		{"newer: may change", port(443, 20, seen, status("closed")), []string{"port.closed tcp/443"}, false, ""},
		{"newer: may add", port(443, 20, seen, more), []string{"service.added tcp/443"}, false, ""},
		{"equal: may add", port(443, 10, seen, more), []string{"service.added tcp/443"}, false, ""},
		{"equal: may add a certificate", port(443, 10, seen, cert("aa", "CN=x")), []string{"certificate.added tcp/443"}, false, ""},
		{"equal: may not change the status", port(443, 10, seen, status("closed")), nil, false, RuleEqualEvidence},
		{"equal: may not take away", port(443, 10), nil, false, RuleEqualEvidence},
		{"older: may do nothing", port(443, 5, seen, more, status("closed")), nil, false, RuleOlderEvidence},
		{"none readable: gains are tentative", port(443, 0, seen, more, noTimes), []string{"service.added tcp/443"}, true, ""},
		{"none readable: a loss waits", port(443, 0, seen, noTimes, status("closed")), nil, false, RuleNoEvidence},
		{"a day ahead: a clock that differs", port(443, 48, seen, status("closed")), []string{"port.closed tcp/443"}, false, ""},
		{"further ahead: no time at all", port(443, 60, seen, status("closed"), noServiceTimes), nil, false, RuleNoEvidence},
		{"one time of several is readable", port(443, 20, seen, func(p *hostport.Port) { p.LastScan = time.Time{} }, status("closed")), []string{"port.closed tcp/443"}, false, ""},
		{"only a banner's time is readable", port(443, 0, undated, seen, answer(page("a", monday, ""), 18, 20), status("closed")), []string{"port.closed tcp/443"}, false, ""},
		{"only a service's time is readable", port(443, 0, undated, seen, service("php", "8", 18, 20, true), status("closed")), []string{"port.closed tcp/443"}, false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tl := newTimeline(t)
			tl.look(12, port(443, 10, seen), port(80, 10))
			got := tl.look(24, tc.now, port(80, 20))
			expect(t, "events", got, tc.want...)
			if len(got) > 0 && tl.last.Changes[0].Tentative != tc.tentative {
				t.Errorf("tentative: %t", tl.last.Changes[0].Tentative)
			}
			if tc.rule != "" && tl.last.Suppressed[tc.rule] == 0 {
				t.Errorf("suppressed: %v, want %s", tl.last.Suppressed, tc.rule)
			}
			expect(t, "the same again", tl.look(25, tc.now, port(80, 20)))
		})
	}
}

// A gain may be told from any snapshot, a loss that the source states too; absence
// needs proof (P1, P2).
func TestUnprovenSnapshotTellsGainsAndStatements(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(22, -1), port(80, -1), port(443, -1))
	s := snapshot(24, port(80, 20, status("closed")), port(443, 20), port(8443, 20))
	s.Proof = hostport.Unproven
	expect(t, "unproven", tl.take(s), "port.closed tcp/80", "port.opened tcp/8443")
	expect(t, "the first absence that counts", tl.look(48, port(80, 40, status("closed")), port(443, 40), port(8443, 40)))
	expect(t, "the second", tl.look(72, port(80, 60, status("closed")), port(443, 60), port(8443, 60)), "port.vanished tcp/22")
}

// The vanish of a port that was taken back once is told under another id, and can be
// taken back as well: each retraction names the last one.
func TestEachVanishIsRetractedOnce(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1), port(443, -1))
	tl.look(24, port(80, 20))
	expect(t, "vanish", tl.look(48, port(80, 40)), "port.vanished tcp/443")
	expect(t, "wrong", tl.look(72, port(80, 60), port(443, -1)), "port.reopened tcp/443")
	if d := tl.change().Details.(ReopenedDetails); d.Retracts != "vanish-1" || d.GoneFor == nil || *d.GoneFor != 0 {
		t.Errorf("%+v", d)
	}
	expect(t, "listed on", tl.look(96, port(80, 90), port(443, -1)))
	tl.look(120, port(80, 110))
	expect(t, "vanish", tl.look(192, port(80, 190)), "port.vanished tcp/443")
	expect(t, "wrong again, which is no flap of the port", tl.look(216, port(80, 210), port(443, -1)), "port.reopened tcp/443")
	if d := tl.last.Changes[0].Details.(ReopenedDetails); d.Retracts != "vanish-3" {
		t.Errorf("%+v", d)
	}
}

// However honest the scans since a vanish that was wrong: the next needs vanish_after.
func TestVanishAfterARetractionNeedsTime(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1), port(443, -1))
	tl.look(24, port(80, 20))
	expect(t, "vanish", tl.look(48, port(80, 40)), "port.vanished tcp/443")
	expect(t, "wrong", tl.look(72, port(80, 60), port(443, -1)), "port.reopened tcp/443")
	tl.look(96, port(80, 90), port(443, 90))
	tl.look(120, port(80, 110))
	expect(t, "a rescan does not do", tl.look(144, port(80, 140)))
	expect(t, "72 h do", tl.look(192, port(80, 190)), "port.vanished tcp/443")
}

// goneFor is measured by the source's clock: from the losing event's notAfter to
// this one's.
func TestGoneFor(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1), port(443, -1))
	expect(t, "closed", tl.look(24, port(80, 20), port(443, 18, status("closed"))), "port.closed tcp/443")
	expect(t, "filtered meanwhile", tl.look(48, port(80, 40), port(443, 38, status("filtered"))), "port.filtered tcp/443")
	expect(t, "open", tl.look(72, port(80, 60), port(443, 58)), "port.reopened tcp/443")
	if d := tl.change().Details.(ReopenedDetails); d.GoneFor == nil || *d.GoneFor != 40*time.Hour {
		t.Errorf("gone since it left open: %+v", d)
	}
}
