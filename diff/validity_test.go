package diff

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
)

// days is the time so many days after t0.
func days(n float64) time.Time { return at(n * 24) }

// term is a certificate valid between two days.
func term(sha1 string, from, to float64) func(*hostport.Port) {
	return func(p *hostport.Port) {
		cert(sha1, "CN=x")(p)
		p.Certificate.NotBefore, p.Certificate.NotAfter = days(from), days(to)
	}
}

// Pain 14: an expiry message every few minutes. The timers of a certificate fire with
// no look at all, each once, only the tightest that is due (contract, validity).
func TestCertificateTimers(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1, term("aa", -1, 90)))
	for _, tc := range []struct {
		day  float64
		want string
		word Validity
		days int
	}{
		{59.9, "", Valid, 0},
		{60, "certificate.expiring tcp/443", Expiring30, 30},
		{61, "", Expiring30, 30},
		{76, "certificate.expiring tcp/443", Expiring14, 14},
		{82.9, "", Expiring14, 14},
		{83, "certificate.expiring tcp/443", Expiring7, 7},
		{89, "certificate.expiring tcp/443", Expiring1, 1},
		{90, "certificate.expired tcp/443", Expired, 0},
		{200, "", Expired, 0},
	} {
		var want []string
		if tc.want != "" {
			want = []string{tc.want}
		}
		expect(t, fmt.Sprintf("day %v", tc.day), tl.tick(tc.day*24), want...)
		if got := tl.told(443).Certificate.Validity; got != tc.word {
			t.Errorf("day %v: told %s, want %s", tc.day, got, tc.word)
		}
		if tc.want == "" {
			continue
		}
		c := tl.last.Changes[0]
		if c.Basis != Elapsed || c.Agreeing != 1 || c.Tentative || c.Details != (TimerDetails{tc.days}) || !c.NotAfter.Equal(days(90-float64(tc.days))) {
			t.Errorf("day %v: %+v", tc.day, c)
		}
		before, after := c.Before.(Certificate), c.After.(Certificate)
		if before.Validity = after.Validity; !sameCertificate(&before, &after) {
			t.Errorf("day %v: more than validity moved: %+v", tc.day, c)
		}
	}
}

func TestCertificateTimersComeLateOnlyOnce(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1, term("aa", -1, 90)))
	expect(t, "the tightest alone", tl.tick(85*24), "certificate.expiring tcp/443")
	if d := tl.last.Changes[0].Details; d != (TimerDetails{7}) {
		t.Errorf("%+v", d)
	}
}

// A look tells what it has seen; what time brings comes by Tick, with the timer of
// what the look brought.
func TestLooksFireNoTimers(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1, term("aa", -1, 20)))
	expect(t, "renewed in time, seen late", tl.look(25*24, port(443, 24*24, term("bb", 19, 109))), "certificate.renewed tcp/443")
	expect(t, "nothing due", tl.tick(25*24+1))
}

func TestCertificateStandsWhereItStandsAtTheBaseline(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(1, -1, term("a1", -90, -1)), port(2, -1, term("a2", -80, 10)), port(3, -1, term("a3", 2, 90)), port(4, -1, term("a4", -1, 90)),
		port(5, -1, status("closed"), term("a5", -90, -1)))
	n := tl.last.Notes[0].Details.(BaselineNote)
	if n.Expired != 1 || n.Expiring != 1 || n.NotYetValid != 1 || n.Certificates != 4 {
		t.Errorf("%+v", n)
	}
	expect(t, "what had passed is not told", tl.tick(1))
	for number, want := range map[uint16]Validity{1: Expired, 2: Expiring14, 3: NotYetValid, 4: Valid} {
		if got := tl.told(number).Certificate.Validity; got != want {
			t.Errorf("port %d: %s, want %s", number, got, want)
		}
	}
	expect(t, "what comes is", tl.tick(3*24), "certificate.expiring tcp/2")
	expect(t, "a term that began is no event", tl.tick(59*24), "certificate.expired tcp/2")
	expect(t, "its end is", tl.tick(60*24), "certificate.expiring tcp/3", "certificate.expiring tcp/4")
}

// A new certificate starts valid, whatever its dates say, and the tightest timer
// that is due follows.
func TestNewCertificateStartsValid(t *testing.T) {
	for name, tc := range map[string]struct {
		from, to float64
		want     string
	}{
		"expired":       {-90, -1, "certificate.expired tcp/443"},
		"ends soon":     {-80, 5, "certificate.expiring tcp/443"},
		"not yet valid": {3.5, 90, "certificate.not_yet_valid tcp/443"},
	} {
		t.Run(name, func(t *testing.T) {
			tl := newTimeline(t)
			tl.look(0, port(443, -1), port(80, -1))
			expect(t, "added", tl.look(24, port(443, 20, term("aa", tc.from, tc.to)), port(80, 20)), "certificate.added tcp/443")
			if v := tl.told(443).Certificate.Validity; v != Valid {
				t.Errorf("starts %s", v)
			}
			expect(t, "the timer", tl.tick(24.1), tc.want)
			expect(t, "once", tl.tick(24.2))
			expect(t, "in a look neither", tl.look(25, port(443, 24, term("aa", tc.from, tc.to)), port(80, 24)))
			expect(t, "nor by another port", tl.look(48, port(443, 40, term("aa", tc.from, tc.to)), port(80, 40), port(8443, 40, term("aa", tc.from, tc.to))), "port.opened tcp/8443")
			expect(t, "its own timer", tl.tick(48.1), tc.want[:len(tc.want)-len("443")]+"8443")
		})
	}
	t.Run("its term begins before the tick", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(443, -1))
		tl.look(24, port(443, 20, term("aa", 1.1, 90)))
		expect(t, "late", tl.tick(48))
	})
	t.Run("days until it begins", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(443, -1))
		tl.look(24, port(443, 20, term("aa", 3.5, 90)))
		tl.tick(24.1)
		if d := tl.last.Changes[0].Details; d != (TimerDetails{3}) {
			t.Errorf("%+v", d)
		}
	})
}

// Timers run on live ports only; a port that opens again goes on where it stood.
func TestTimersOfAPortThatIsNotOpen(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1, term("aa", -1, 40)), port(80, -1))
	expect(t, "30 days", tl.tick(10*24), "certificate.expiring tcp/443")
	tl.look(11*24, port(443, 10.9*24, status("closed"), term("aa", -1, 40)), port(80, 10.9*24))
	expect(t, "frozen", tl.tick(27*24))
	expect(t, "reopened", tl.look(28*24, port(443, 27.9*24, term("aa", -1, 40)), port(80, 27.9*24)), "port.reopened tcp/443")
	if c := tl.last.Changes[0]; tl.told(443).Certificate.Validity != Expiring30 || !cmp.Equal(c.Changed, []Facet{FacetStatus}) {
		t.Errorf("%+v", c)
	}
	expect(t, "what is due by now", tl.tick(28*24+1), "certificate.expiring tcp/443")
	if d := tl.last.Changes[0].Details; d != (TimerDetails{14}) {
		t.Errorf("%+v", d)
	}
}

// Pain 12: a probe that fails resolves an expiry, and the next one fires it again.
// A certificate that was not seen for a while, or could not be read, goes on where
// its timer stood.
func TestExpiryDoesNotFireAgain(t *testing.T) {
	tl := newTimeline(t)
	x := term("aa", -1, 35)
	tl.look(0, port(443, -1, x))
	expect(t, "30 days", tl.tick(5*24), "certificate.expiring tcp/443")
	expect(t, "missed by a scan", tl.look(6*24, port(443, 6*24-1)))
	expect(t, "back", tl.look(6*24+6, port(443, 6*24+5, x)))
	tl.answers = func(a hostport.Ask) hostport.Answer { return hostport.Answer{Ask: a, Verdict: hostport.Failed} }
	expect(t, "a stub of another that cannot be read", tl.look(7*24, port(443, 7*24-1, stub("c-bb"))))
	expect(t, "back", tl.look(7*24+6, port(443, 7*24+5, x)))
	expect(t, "missed", tl.look(8*24, port(443, 8*24-1)))
	expect(t, "and gone", tl.look(9*24, port(443, 9*24-1)), "certificate.removed tcp/443")
	expect(t, "the same once more", tl.look(10*24, port(443, 10*24-1, x)), "certificate.added tcp/443")
	expect(t, "told before", tl.tick(10*24+1))
	if v := tl.told(443).Certificate.Validity; v != Expiring30 {
		t.Errorf("told %s", v)
	}
	expect(t, "14 days", tl.tick(21*24), "certificate.expiring tcp/443")
}
