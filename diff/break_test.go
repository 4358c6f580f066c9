package diff

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// told is what readers hold of a tcp port.
func (tl *timeline) told(number uint16) Port {
	tl.t.Helper()
	p := tl.state.Ports[hostport.PortKey{Protocol: "tcp", Number: number}]
	if p == nil || p.Told == nil {
		tl.t.Fatalf("tcp/%d is not told", number)
	}
	return *p.Told
}

// change is the only change of the last look.
func (tl *timeline) change() Change {
	tl.t.Helper()
	if len(tl.last.Changes) != 1 {
		tl.t.Fatalf("%d changes in the last look, want 1", len(tl.last.Changes))
	}
	return tl.last.Changes[0]
}

func between(t *testing.T, c Change, notBefore, notAfter float64) {
	t.Helper()
	if !c.NotBefore.Equal(at(notBefore)) || !c.NotAfter.Equal(at(notAfter)) {
		t.Errorf("%s: between %v and %v, want %v and %v", c.Type, c.NotBefore, c.NotAfter, at(notBefore), at(notAfter))
	}
}

// A version whose entry the source wrote over is no longer current; the dates of
// the entry say nothing about the version before.
func TestVersionWrittenOverIsReplaced(t *testing.T) {
	for name, entry := range map[string]func(*hostport.Port){
		"first seen with the old one": service("nginx", "1.20.1", -99, 20, true),
		"first seen since":            service("nginx", "1.20.1", 15, 20, true),
		"without dates": func(p *hostport.Port) {
			p.Services = []hostport.Service{{Category: "Server", Name: "nginx", Version: "1.20.1", IsRecent: true}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			tl := newTimeline(t)
			tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true)))
			expect(t, "upgrade", tl.look(24, port(80, 20, entry)), "service.version_changed tcp/80")
			if d := cmp.Diff([]Service{{"Server", "nginx", []string{"1.20.1"}}}, tl.told(80).Services); d != "" {
				t.Error(d)
			}
			for hour := 48.0; hour < 24*20; hour += 24 {
				p := port(80, hour-1, entry)
				if !p.Services[0].LastSeen.IsZero() {
					p.Services[0].LastSeen = at(hour - 1)
				}
				expect(t, "and stays", tl.look(hour, p))
			}
		})
	}
}

// A member of a version set leaves after ten distinct scans without it, also
// where these lie within the 48 h for which it counts as current, or it left the
// list altogether.
func TestVersionSetSettlesAtTheTenthScan(t *testing.T) {
	for _, every := range []float64{1, 4, 24, 100} {
		for _, listed := range []bool{true, false} {
			t.Run(fmt.Sprintf("every %v h, listed %v", every, listed), func(t *testing.T) {
				tl := newTimeline(t)
				tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true), service("nginx", "1.20.1", -50, -2, true)))
				var when []int
				for scan := 1; scan < 20; scan++ {
					hour := float64(scan) * every
					p := port(80, hour-.5, service("nginx", "1.20.1", -50, hour-.5, true))
					if listed {
						service("nginx", "1.18.0", -99, -1, false)(&p)
					}
					if got := tl.look(hour, p); len(got) > 0 {
						expect(t, "settled", got, "service.version_changed tcp/80")
						if r := tl.change().Reasons; !cmp.Equal(r, []Reason{Settled}) {
							t.Errorf("reasons: %v", r)
						}
						when = append(when, scan)
					}
				}
				if !cmp.Equal(when, []int{10}) {
					t.Errorf("settled at scans %v, want once, at the tenth", when)
				}
			})
		}
	}
}

// A certificate that cannot be read is a certificate: no loss counts across it.
func TestUnreadCertificateIsNoLoss(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1, cert("aa", "CN=x")))
	tl.answers = func(a hostport.Ask) hostport.Answer { return hostport.Answer{Ask: a, Verdict: hostport.Failed} }
	expect(t, "none", tl.look(24, port(443, 20)))
	expect(t, "one that cannot be read", tl.look(48, port(443, 40, stub("c-bb"))))
	expect(t, "none", tl.look(72, port(443, 60)))
	expect(t, "none again", tl.look(96, port(443, 80)), "certificate.removed tcp/443")
	between(t, tl.change(), -1, 80)
}

// The source's own word that a version is recent outweighs a date that stands still.
func TestRecentVersionsStay(t *testing.T) {
	tl := newTimeline(t)
	recent := func(p *hostport.Port) {
		p.Services = []hostport.Service{{Category: "Server", Name: "nginx", Version: "1", IsRecent: true}, {Category: "Server", Name: "nginx", Version: "2", IsRecent: true}}
	}
	tl.look(0, port(80, -1, recent))
	for hour := 24.0; hour < 24*20; hour += 24 {
		expect(t, "both recent", tl.look(hour, port(80, hour-1, recent)))
	}
}

// P12: a date that cannot be read loses that date, not the service.
func TestServiceWithoutReadableDateStaysCurrent(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true)))
	for _, hour := range []float64{12, 24, 36} {
		p := port(80, hour-1, service("nginx", "1.18.0", -99, -1, false))
		p.Services[0].LastSeen = time.Time{}
		expect(t, "still within 48 h of its last readable sighting", tl.look(hour, p))
		if tl.last.Suppressed[RuleLossPending] != 0 {
			t.Errorf("hour %v: a loss is pending", hour)
		}
	}
}

// An entry that ends before it begins has no beginning worth believing: it pushes
// nothing out.
func TestEntryThatEndsBeforeItBegins(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true), answer(page("a", monday, ""), -9, -1)))
	p := port(80, 20, service("nginx", "1.18.0", -99, 10, false), service("nginx", "1.20.1", 15, 12, true),
		answer(page("a", monday, ""), -9, 10), answer(page("b", monday, ""), 15, 12))
	expect(t, "joined", tl.look(24, p), "service.version_changed tcp/80", "banner.changed tcp/80")
	told := tl.told(80)
	if !cmp.Equal(told.Services[0].Versions, []string{"1.18.0", "1.20.1"}) || len(told.Banners[0].Forms) != 2 {
		t.Errorf("told: %+v", told)
	}
}

// P4: a loss that a record without readable time began is confirmed by two
// records of different scans, or by vanish_after.
func TestLossBegunWithoutReadableTime(t *testing.T) {
	start := func(t *testing.T) *timeline {
		tl := newTimeline(t)
		tl.look(0, port(443, -1, service("nginx", "1", -9, -1, true), cert("aa", "CN=x")))
		expect(t, "no time", tl.look(24, port(443, 0, undated)))
		return tl
	}
	t.Run("another scan", func(t *testing.T) {
		tl := start(t)
		expect(t, "the first scan that can be told apart", tl.look(48, port(443, 40)))
		expect(t, "the second", tl.look(72, port(443, 60)), "service.removed tcp/443", "certificate.removed tcp/443")
	})
	t.Run("elapsed", func(t *testing.T) {
		tl := start(t)
		expect(t, "71 h", tl.look(95, port(443, 0, undated)))
		expect(t, "72 h", tl.look(96, port(443, 0, undated)), "service.removed tcp/443", "certificate.removed tcp/443")
		if c := tl.last.Changes[0]; c.Basis != Elapsed || !c.Tentative {
			t.Errorf("%+v", c)
		}
	})
}

// time.notBefore never lies after a record that had no longer shown the old value.
func TestNotBeforeIsTheLastRecordThatShowedTheOldValue(t *testing.T) {
	t.Run("service and certificate lost", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(443, -1, service("nginx", "1", -9, -1, true), cert("aa", "CN=x")))
		tl.look(24, port(443, 20))
		expect(t, "lost", tl.look(48, port(443, 40)), "service.removed tcp/443", "certificate.removed tcp/443")
		for _, c := range tl.last.Changes {
			between(t, c, -1, 40)
		}
	})
	t.Run("another value after a gap", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(443, -1, service("nginx", "1", -9, -1, true), cert("aa", "CN=x")))
		tl.look(24, port(443, 20))
		expect(t, "other values", tl.look(48, port(443, 40, service("nginx", "2", 39, 40, true), cert("bb", "CN=x"))),
			"service.version_changed tcp/443", "certificate.renewed tcp/443")
		for _, c := range tl.last.Changes {
			between(t, c, -1, 40)
		}
	})
	t.Run("a certificate that could not be read at first", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(443, -1, cert("aa", "CN=x")))
		tl.answers = func(a hostport.Ask) hostport.Answer { return hostport.Answer{Ask: a, Verdict: hostport.Failed} }
		expect(t, "unread", tl.look(24, port(443, 20, stub("c-bb"))))
		expect(t, "read", tl.look(48, port(443, 40, cert("bb", "CN=x"))), "certificate.renewed tcp/443")
		between(t, tl.change(), -1, 40)
	})
	t.Run("a status that could not be read", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(443, -1, service("nginx", "1", -9, -1, true)), port(80, -1))
		expect(t, "unread", tl.look(24, port(443, 20, status("")), port(80, 20)))
		expect(t, "read", tl.look(48, port(443, 40, status("closed")), port(80, 40)), "port.closed tcp/443")
		between(t, tl.change(), -1, 40)
	})
	t.Run("a vanish after the port's own newest evidence", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(23.5, port(80, 10), port(443, 23))
		tl.look(24, port(80, 10))
		expect(t, "rescanned, yet not as late as the port was", tl.look(30, port(80, 20)), "port.vanished tcp/443")
		between(t, tl.change(), 23, 30)
	})
}

// A time that can be read again is no rescan.
func TestReadableAgainIsNoRescan(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1), port(443, -1))
	expect(t, "absent, no time to be read", tl.look(24, port(80, 0, undated)))
	expect(t, "the old time again", tl.look(48, port(80, -1)))
	expect(t, "a new one", tl.look(50, port(80, 49)), "port.vanished tcp/443")
}

// However many ports leave one after the other, each ends by its own bound.
func TestManyPortsLeaveOneByOne(t *testing.T) {
	const leaving = 40
	list := func(from int, scan float64) []hostport.Port {
		ports := []hostport.Port{port(9999, scan)}
		for i := from; i < leaving; i++ {
			ports = append(ports, port(uint16(1+i), scan))
		}
		return ports
	}
	t.Run("by time", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, list(0, -1)...)
		for hour := 1; hour < 140; hour++ {
			var want []string
			if n := hour - 72; n >= 1 && n <= leaving {
				want = []string{fmt.Sprintf("port.vanished tcp/%d", n)}
			}
			expect(t, fmt.Sprintf("hour %d", hour), tl.look(float64(hour), list(min(hour, leaving), -1)...), want...)
			if n := len(tl.state.Witnesses); n > limits.Witnesses.Max {
				t.Fatalf("%d witnesses", n)
			}
		}
	})
	t.Run("by rescan", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, list(0, -1)...)
		for hour := 1; hour <= leaving; hour++ {
			expect(t, "absent", tl.look(float64(hour), list(hour, -1)...))
		}
		if got := tl.look(leaving+1, list(leaving, leaving)...); len(got) != leaving {
			t.Errorf("%d of %d vanished at the next independent snapshot", len(got), leaving)
		}
	})
}

// vanished is our word: from a source it is no status (P4, contract section 1).
func TestSourceCannotSayVanished(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1), port(443, -1))
	for hour := 24.0; hour < 200; hour += 24 {
		expect(t, "present, status unreadable", tl.look(hour, port(80, hour-1), port(443, hour-1, status("vanished")), port(22, hour-1, status("vanished"))))
	}
	expect(t, "readable", tl.look(200, port(80, 199), port(443, 199), port(22, 199)), "port.opened tcp/22")
}

func TestStatusWordsCompareWithoutCase(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1), port(443, -1))
	expect(t, "same word", tl.look(24, port(80, 20, status("OPEN")), port(443, 20, status("Open"))))
	expect(t, "another", tl.look(48, port(80, 40, status("Closed")), port(443, 40)), "port.closed tcp/80")
}

// An answer that answers nothing is no verdict: the port is asked for again.
func TestAnswersThatAnswerNothing(t *testing.T) {
	for name, nothing := range map[string]hostport.Answer{
		"no verdict":        {},
		"an unheard-of one": {Verdict: "maybe"},
		"found, no port":    {Verdict: hostport.Found},
	} {
		t.Run(name, func(t *testing.T) {
			tl := newTimeline(t)
			tl.look(0, port(80, -1), port(443, -1))
			answer := tl.answers
			tl.answers = func(a hostport.Ask) hostport.Answer { n := nothing; n.Ask = a; return n }
			tl.look(24, port(80, 20))
			for _, hour := range []float64{48, 72, 96, 200} {
				expect(t, "undecided", tl.look(hour, port(80, hour-4)))
				if len(tl.asked) != 1 {
					t.Errorf("hour %v: asked %v", hour, tl.asked)
				}
			}
			tl.answers = answer
			expect(t, "decided", tl.look(224, port(80, 220)), "port.vanished tcp/443")
		})
	}
	t.Run("of another ask", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1), port(443, -1))
		tl.answers = func(a hostport.Ask) hostport.Answer {
			a.ID = "other"
			return hostport.Answer{Ask: a, Verdict: hostport.NotFound}
		}
		tl.look(24, port(80, 20))
		expect(t, "undecided", tl.look(48, port(80, 40)))
	})
	t.Run("a certificate without a digest", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(443, -1, cert("aa", "CN=x")))
		tl.answers = func(a hostport.Ask) hostport.Answer {
			return hostport.Answer{Ask: a, Verdict: hostport.Found, Certificate: &hostport.Certificate{ID: a.ID}}
		}
		expect(t, "nothing told", tl.look(24, port(443, 20, stub("c-bb"))))
	})
	t.Run("a certificate without id or digest is nothing to ask for", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(443, -1))
		expect(t, "nothing told", tl.look(24, port(443, 20, stub(""))))
		if len(tl.asked) != 0 {
			t.Errorf("asked %v", tl.asked)
		}
	})
}

// A point read that finds the port resets its count: two more independent
// snapshots and another read are needed.
func TestPointReadResetsTheCount(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1), port(443, -1))
	found := true
	tl.answers = func(a hostport.Ask) hostport.Answer {
		if !found {
			return hostport.Answer{Ask: a, Verdict: hostport.NotFound}
		}
		p := port(443, 39, service("nginx", "1", 38, 39, true))
		return hostport.Answer{Ask: a, Verdict: hostport.Found, Port: &p}
	}
	tl.look(24, port(80, 20))
	expect(t, "its record enters seen like any other", tl.look(48, port(80, 40)), "service.added tcp/443")
	found = false
	expect(t, "first again", tl.look(72, port(80, 60)))
	expect(t, "second again", tl.look(96, port(80, 80)), "port.vanished tcp/443")
	between(t, tl.change(), 39, 80)
}

// P4: a record older than held changes nothing, its id included.
func TestOlderRecordChangesNothing(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1))
	old := port(443, -5, status("closed"), service("nginx", "1", -9, -5, true), cert("aa", "CN=x"))
	old.ID = "another"
	expect(t, "older", tl.look(24, old))
	if id := tl.state.Ports[old.PortKey].ID; id != "id-443" {
		t.Errorf("id became %q", id)
	}
}

// Another case is no change, at a reopening either.
func TestReopeningKeepsTheSpelling(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1, service("nginx", "1", -9, -1, true)))
	tl.look(24, port(80, 20, status("closed")))
	expect(t, "reopened", tl.look(48, port(80, 40, service("NGINX", "1", -9, 40, true))), "port.reopened tcp/80", "host.exposed")
	if d := cmp.Diff([]Facet{FacetStatus}, tl.last.Changes[0].Changed); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Service{{"Server", "nginx", []string{"1"}}}, tl.told(80).Services); d != "" {
		t.Error(d)
	}
}

// What `changed` leaves out is equal in before and after, byte for byte.
func TestReopeningNamesEveryFacetThatDiffers(t *testing.T) {
	a, b := page("a", monday, ""), page("b", monday, "")
	tl := newTimeline(t)
	tl.look(0, port(80, -1, answer(a, -9, -2), answer(b, -9, -1)))
	tl.look(24, port(80, 20, status("closed")))
	tl.look(48, port(80, 40, answer(a, -9, 40), answer(b, -9, 39)))
	c := tl.last.Changes[0]
	before, after := c.Before.(Port), c.After.(Port)
	if same := cmp.Equal(before.Banners, after.Banners); same == slices.Contains(c.Changed, FacetBanners) {
		t.Errorf("banners equal: %v, changed: %v", same, c.Changed)
	}
}

func TestClosedPortThatVanishedWronglyAndOpens(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1), port(443, -1, status("closed")))
	tl.look(24, port(80, 20))
	tl.look(48, port(80, 40))
	expect(t, "back", tl.look(72, port(80, 60), port(443, -1)), "port.reopened tcp/443")
	if r := tl.change().Reasons; !slices.Contains(r, Retracted) || !slices.Contains(r, NeverToldOpen) {
		t.Errorf("reasons: %v", r)
	}
}

// forms makes n pages that are told apart, seen one after the other before an hour.
func forms(n int, last float64) func(*hostport.Port) {
	return func(p *hostport.Port) {
		for i := range n {
			answer(page(fmt.Sprintf("s/%d", i), monday, ""), -500, last-float64(i)/100)(p)
		}
	}
}

// P10: forms beyond the eighth are not told but noted.
func TestFormsBeyondTheBoundAreNoted(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1, forms(11, -1)))
	if n := len(tl.told(80).Banners[0].Forms); n != limits.ToldForms.Max {
		t.Errorf("%d forms told", n)
	}
	if tl.last.Suppressed[RuleBound] != 3 {
		t.Errorf("suppressed: %v", tl.last.Suppressed)
	}
	tl.look(24, port(80, 20, forms(11, -1)))
	if tl.last.Suppressed[RuleBound] != 3 {
		t.Errorf("suppressed a day later: %v", tl.last.Suppressed)
	}
}

// A set of forms loses a member at the tenth distinct scan without it.
func TestBannerSetSettlesAtTheTenthScan(t *testing.T) {
	for _, every := range []float64{1, 6, 24, 100} {
		t.Run(fmt.Sprintf("every %v h", every), func(t *testing.T) {
			a, b := page("a", monday, ""), page("b", monday, "")
			tl := newTimeline(t)
			tl.look(0, port(80, -1, answer(a, -9, -1), answer(b, -9, -1)))
			var when []int
			for scan := 1; scan < 25; scan++ {
				hour := float64(scan) * every
				if got := tl.look(hour, port(80, hour-.5, answer(a, -9, -1), answer(b, -9, hour-.5))); len(got) > 0 {
					expect(t, "settled", got, "banner.changed tcp/80")
					if r := tl.change().Reasons; r[0] != Settled {
						t.Errorf("reasons: %v", r)
					}
					when = append(when, scan)
				}
			}
			if !cmp.Equal(when, []int{10}) {
				t.Errorf("settled at scans %v, want once, at the tenth", when)
			}
		})
	}
}

// A form is remembered for 90 days; later it is new again.
func TestFormOfLongAgoIsNew(t *testing.T) {
	a, b := page("a", monday, ""), page("b", monday, "")
	for days, want := range map[float64][]string{80: {}, 100: {"banner.changed tcp/80"}} {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, answer(a, -9, -1)))
		expect(t, "b", tl.look(24, port(80, 20, answer(a, -9, -1), answer(b, 15, 20))), "banner.changed tcp/80")
		now := days * 24
		expect(t, fmt.Sprintf("a returns after %v days", days),
			tl.look(now, port(80, now-1, answer(a, -9, now-1), answer(b, 15, now-2))), want...)
		if len(want) > 0 && tl.change().Reasons[0] != NewForm {
			t.Errorf("reasons: %v", tl.change().Reasons)
		}
	}
}

// P7: what the same text was read from does not depend on the order of banners.
func TestBannersInAnyOrder(t *testing.T) {
	for name, p := range map[string]hostport.Port{
		"undated": port(80, 20, func(p *hostport.Port) {
			for i := range 4 {
				p.Banners = append(p.Banners, hostport.Banner{Text: page("a", fmt.Sprintf("Mon, 02 Nov 2026 08:00:0%d GMT", i), ""), ScanProtocol: "http"})
			}
		}),
		"noise that needs escapes": port(80, 20, answer(page("a", monday, ""), -9, 20), answer(page("a", monday+"\x01\xff", ""), -9, 20),
			answer(page("a", monday, "")+"...", -9, 20)),
		"cut": port(80, 20, answer("SSH-2.0-OpenSSH_8.2p1...", -9, 20), answer("SSH-2.0-OpenSSH_8.2p1 Ubuntu-4\r\n", -9, 20), answer("SSH-2.0-OpenSSH_8.2p1 Ubuntu-5\r\n", -9, 20)),
	} {
		t.Run(name, func(t *testing.T) {
			reversed := p
			reversed.Banners = slices.Clone(p.Banners)
			slices.Reverse(reversed.Banners)
			states := []State{}
			for _, q := range []hostport.Port{p, reversed} {
				tl := newTimeline(t)
				tl.look(0, port(80, -1))
				tl.look(24, q)
				states = append(states, tl.state)
			}
			if d := cmp.Diff(states[0], states[1]); d != "" {
				t.Errorf("states differ:\n%s", d)
			}
		})
	}
}

// P12: which of many malformed fields is told does not depend on where in a
// history it stands.
func TestMalformedFieldsInAnyOrder(t *testing.T) {
	lost := func(indexes ...int) []hostport.Malformed {
		var out []hostport.Malformed
		for i, index := range indexes {
			out = append(out, hostport.Malformed{Field: fmt.Sprintf("banners[%d].lastSeenDateTime", index), Record: "tcp/80", Digest: fmt.Sprintf("%032d", i), Length: 9})
		}
		return out
	}
	var notes []Note
	for _, m := range [][]hostport.Malformed{lost(0, 1), lost(1, 0), lost(10, 9)} {
		tl := newTimeline(t)
		tl.look(0, port(80, -1))
		tl.look(24, port(80, 20, func(p *hostport.Port) { p.Malformed = m }))
		expect(t, "one", tl.notes(), "record.malformed")
		notes = append(notes, tl.last.Notes[0])
	}
	for _, n := range notes[1:] {
		if d := cmp.Diff(notes[0], n); d != "" {
			t.Error(d)
		}
	}
}

// P10: a second reading that is no proof is told, not dropped.
func TestUnprovenSecondReading(t *testing.T) {
	tl := newTimeline(t)
	tl.answers = func(a hostport.Ask) hostport.Answer {
		second := snapshot(0, port(443, -1))
		second.Proof = hostport.Unproven
		return hostport.Answer{Ask: a, Verdict: hostport.Found, List: second}
	}
	expect(t, "no baseline", tl.look(0))
	expect(t, "told", tl.notes(), "snapshot.incomplete")
	if tl.state.Epoch != 0 {
		t.Errorf("state: %+v", tl.state)
	}
}

// host.known of a host that had no ports says since when: its baseline.
func TestKnownSinceTheBaseline(t *testing.T) {
	for _, result := range []hostport.Result{hostport.Unknown, hostport.Ports} {
		tl := newTimeline(t)
		nothing := func(hour float64) *hostport.Snapshot { s := snapshot(hour); s.Result = result; return s }
		tl.answers = func(a hostport.Ask) hostport.Answer {
			return hostport.Answer{Ask: a, Verdict: hostport.Found, List: nothing(0)}
		}
		tl.take(nothing(0))
		tl.take(nothing(5))
		tl.look(24, port(443, 20))
		expect(t, "known", tl.notes(), "host.known")
		if n := tl.last.Notes[0].Details.(UnknownNote); !n.Since.Equal(at(0)) {
			t.Errorf("%s: %+v", result, n)
		}
	}
}

// What a bound of told kept back is reported with the bound.
func TestBoundsAreCounted(t *testing.T) {
	long := make([]byte, 4000)
	for i := range long {
		long[i] = 'x'
	}
	names := make([]string, 30)
	for i := range names {
		names[i] = fmt.Sprintf("%02d.%s", i, long[:300])
	}
	tl := newTimeline(t)
	tl.look(0, port(1, -1))
	p := port(80, 20, service(string(long), "1", 15, 20, true), forms(9, 20), cert("aa", "CN=x"))
	for i := range 30 {
		service(fmt.Sprintf("svc%02d", i), "1", 15, 20, true)(&p)
	}
	p.Certificate.Names = names
	answer(page("s/0", monday, "X-Long: "+string(long)+"\r\n"), 19, 20.5)(&p)
	tl.look(24, port(1, 20), p)
	for _, l := range []*limits.Limit{limits.ToldServices, limits.ToldServiceBytes, limits.ToldForms, limits.ToldTextBytes, limits.ToldCertificate} {
		if tl.last.Bounds[l] == 0 {
			t.Errorf("%s: not counted", l.Name)
		}
	}
	if n := len(tl.told(80).Certificate.Names); n == 0 || n >= toldNames {
		t.Errorf("%d names told", n)
	}
	if _, cut := ToldForm(banner.Form{Product: string(long[:200])}, false); !cut {
		t.Error("a product that does not fit is not reported")
	}
}
