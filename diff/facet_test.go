package diff

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/hostport"
)

// page is an HTTP head; date is the part of it that is noise.
func page(server, date, extra string) string {
	return "HTTP/1.1 200 OK\r\nDate: " + date + "\r\nServer: " + server + "\r\nContent-Type: text/html\r\n" + extra + "\r\n"
}

const (
	monday  = "Mon, 02 Nov 2026 08:00:00 GMT"
	tuesday = "Tue, 03 Nov 2026 09:11:12 GMT"
)

func TestServices(t *testing.T) {
	t.Run("added", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1))
		expect(t, "one event", tl.look(24, port(80, 20, service("nginx", "1.18.0", 19, 20, true))), "service.added tcp/80")
	})
	t.Run("an upgrade is one event", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true)))
		// The old version is within 48 h and still listed, but superseded.
		expect(t, "upgrade", tl.look(24, port(80, 20, service("nginx", "1.18.0", -99, 10, false), service("nginx", "1.20.1", 15, 20, true))),
			"service.version_changed tcp/80")
		c := tl.last.Changes[0]
		if d := cmp.Diff(VersionDetails{"1.18.0", "1.20.1", Up}, c.Details); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(Service{"Server", "nginx", []string{"1.20.1"}}, c.After); d != "" {
			t.Error(d)
		}
		expect(t, "and stays", tl.look(48, port(80, 40, service("nginx", "1.18.0", -99, 10, false), service("nginx", "1.20.1", 15, 40, true))))
	})
	t.Run("an upgrade whose old date cannot be read", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true)))
		p := port(80, 20, service("nginx", "1.18.0", -99, 10, false), service("nginx", "1.20.1", 15, 20, true))
		p.Services[0].LastSeen = time.Time{}
		expect(t, "upgrade", tl.look(24, p), "service.version_changed tcp/80")
		if after := tl.last.Changes[0].After.(Service); len(after.Versions) != 1 {
			t.Errorf("after: %+v", after)
		}
		expect(t, "readable again", tl.look(48, port(80, 40, service("nginx", "1.18.0", -99, 10, false), service("nginx", "1.20.1", 15, 40, true))))
	})
	t.Run("a downgrade", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, service("nginx", "1.20.1", -99, -1, true)))
		expect(t, "downgrade", tl.look(24, port(80, 20, service("nginx", "1.18.0", 15, 20, true))), "service.version_changed tcp/80")
		if d := tl.last.Changes[0].Details.(VersionDetails); d.Direction != Down {
			t.Errorf("%+v", d)
		}
	})
	t.Run("versions that alternate form a set and settle after ten scans", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true)))
		both := func(scan float64) hostport.Port {
			return port(80, scan, service("nginx", "1.18.0", -99, scan, true), service("nginx", "1.20.1", -5, scan-1, true))
		}
		expect(t, "joined", tl.look(6, both(5)), "service.version_changed tcp/80")
		expect(t, "alternating", tl.look(12, both(11)))
		// From hour 12 on only 1.20.1 answers; the other is unseen, then out of its 48 h.
		var events []string
		var when float64
		for hour := 18.0; hour < 120; hour += 6 {
			got := tl.look(hour, port(80, hour-1, service("nginx", "1.18.0", -99, 11, false), service("nginx", "1.20.1", -5, hour-1, true)))
			if len(got) > 0 && when == 0 {
				when = hour
			}
			events = append(events, got...)
		}
		expect(t, "settled once", events, "service.version_changed tcp/80")
		if when != 72 {
			t.Errorf("settled at hour %v, want 72: ten scans after the last sighting", when)
		}
	})
	t.Run("no version is no change, a first version is news of no weight", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, service("nginx", "", -99, -1, true)))
		expect(t, "known", tl.look(24, port(80, 20, service("nginx", "1.20.1", 15, 20, true))), "service.version_changed tcp/80")
		if r := tl.last.Changes[0].Reasons; !cmp.Equal(r, []Reason{VersionKnown}) {
			t.Errorf("%v", r)
		}
		expect(t, "hidden again", tl.look(48, port(80, 40, service("nginx", "", -99, 40, true))))
	})
	t.Run("another spelling is no change", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true)))
		expect(t, "case", tl.look(24, port(80, 20, service("NGINX", "1.18.0", -99, 20, true))))
	})
	t.Run("removed by two scans", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true)))
		expect(t, "first scan without", tl.look(24, port(80, 20)))
		expect(t, "the same scan", tl.look(30, port(80, 20)))
		expect(t, "second scan without", tl.look(48, port(80, 40)), "service.removed tcp/80")
		if c := tl.last.Changes[0]; c.Agreeing != 2 || c.Basis != Rescan {
			t.Errorf("%+v", c)
		}
	})
	t.Run("missing once is nothing", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true)))
		for hour := 24.0; hour < 240; hour += 48 {
			expect(t, "without", tl.look(hour, port(80, hour-1)))
			expect(t, "with", tl.look(hour+24, port(80, hour+23, service("nginx", "1.18.0", -99, hour+23, true))))
		}
	})
	t.Run("a dead service in the history leaves 48 h later", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true)))
		var when []float64
		for hour := 12.0; hour < 100; hour += 12 {
			if got := tl.look(hour, port(80, hour-1, service("nginx", "1.18.0", -99, -1, false))); len(got) > 0 {
				when = append(when, hour)
			}
		}
		if !cmp.Equal(when, []float64{72}) {
			t.Errorf("removed at %v, want at 72: hours 60 and 72 are the first two scans more than 48 h on", when)
		}
	})
}

func TestBanners(t *testing.T) {
	t.Run("volatile bytes are no change", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, answer(page("nginx/1.18.0", monday, "Set-Cookie: sid=1; Secure\r\n"), -9, -1)))
		expect(t, "noise", tl.look(24, port(80, 20,
			answer(page("nginx/1.18.0", monday, "Set-Cookie: sid=1; Secure\r\n"), -9, -1),
			answer(page("nginx/1.18.0", tuesday, "Set-Cookie: sid=2; Secure\r\n"), 20, 20))))
		if tl.last.Suppressed[RuleVolatile] != 1 {
			t.Errorf("suppressed: %v", tl.last.Suppressed)
		}
	})
	t.Run("an upgrade is one event", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, answer(page("nginx/1.18.0", monday, ""), -9, -1)))
		upgraded := func(scan float64) hostport.Port {
			return port(80, scan, answer(page("nginx/1.18.0", monday, ""), -9, 10), answer(page("nginx/1.20.1", tuesday, ""), 15, scan))
		}
		expect(t, "changed", tl.look(24, upgraded(20)), "banner.changed tcp/80")
		c := tl.last.Changes[0]
		if after := c.After.(BannerSet); len(after.Forms) != 1 || after.Forms[0].Version != "1.20.1" || after.Forms[0].Text == "" {
			t.Errorf("after: %+v", after)
		}
		expect(t, "and stays", tl.look(48, upgraded(40)))
	})
	t.Run("authentication gone is a security fact", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, answer("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n", -9, -1)))
		expect(t, "changed", tl.look(24, port(80, 20, answer("HTTP/1.1 200 OK\r\n\r\n", 15, 20))), "banner.changed tcp/80")
		if r := tl.last.Changes[0].Reasons; !cmp.Equal(r, []Reason{NewForm, SecurityFact, AuthRemoved}) {
			t.Errorf("%v", r)
		}
	})
	t.Run("two balanced nodes form a set", func(t *testing.T) {
		tl := newTimeline(t)
		both := func(scan float64) hostport.Port {
			return port(80, scan, answer(page("nginx/1.18.0", monday, ""), -9, scan-1), answer(page("nginx/1.20.1", monday, ""), -8, scan))
		}
		tl.look(0, both(-1))
		if forms := tl.state.Ports[hostport.PortKey{Protocol: "tcp", Number: 80}].Told.Banners[0].Forms; len(forms) != 2 {
			t.Fatalf("told: %+v", forms)
		}
		for hour := 6.0; hour < 240; hour += 6 {
			expect(t, "silence", tl.look(hour, both(hour-1)))
		}
	})
	t.Run("a kept form that returns waits ten scans", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, answer(page("a", monday, ""), -9, -1)))
		expect(t, "b", tl.look(6, port(80, 5, answer(page("a", monday, ""), -9, 1), answer(page("b", monday, ""), 5, 5))), "banner.changed tcp/80")
		var when []float64
		for hour := 12.0; hour < 200; hour += 6 {
			got := tl.look(hour, port(80, hour-1, answer(page("a", monday, ""), -9, hour-1), answer(page("b", monday, ""), 5, 5)))
			if len(got) > 0 {
				expect(t, "settled", got, "banner.changed tcp/80")
				if r := tl.last.Changes[0].Reasons; r[0] != Settled {
					t.Errorf("reasons: %v", r)
				}
				when = append(when, hour)
			}
		}
		if !cmp.Equal(when, []float64{66}) {
			t.Errorf("settled at %v, want once, at the tenth scan: 66", when)
		}
	})
	t.Run("a cut banner is the one it begins", func(t *testing.T) {
		whole := page("nginx/1.18.0", monday, "X-Frame-Options: DENY\r\n")
		tl := newTimeline(t)
		tl.look(0, port(80, -1, answer(whole, -9, -1)))
		expect(t, "cut", tl.look(24, port(80, 20, answer(whole, -9, -1), answer(whole[:60]+"...", 20, 20))))
	})
	t.Run("another protocol is added", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, answer(page("nginx", monday, ""), -9, -1)))
		expect(t, "ssh", tl.look(24, port(80, 20, answer(page("nginx", monday, ""), -9, 20), answer("SSH-2.0-OpenSSH_8.2p1\r\n", 19, 20))), "banner.added tcp/80")
	})
	t.Run("a banner that is gone is no event", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1, answer(page("nginx", monday, ""), -9, -1)))
		expect(t, "gone", tl.look(24, port(80, 20)))
		expect(t, "gone", tl.look(48, port(80, 40)))
	})
}

func TestCertificates(t *testing.T) {
	for _, tc := range []struct {
		name          string
		first, second func(*hostport.Port)
		want          []string
	}{
		{"renewed", cert("aa", "CN=x"), cert("bb", "CN=x"), []string{"certificate.renewed tcp/443"}},
		{"replaced", cert("aa", "CN=x"), cert("bb", "CN=y"), []string{"certificate.replaced tcp/443"}},
		{"added", func(*hostport.Port) {}, cert("bb", "CN=y"), []string{"certificate.added tcp/443"}},
		{"the same", cert("aa", "CN=x"), cert("aa", "CN=x"), []string{}},
		{"a stub of the same", cert("aa", "CN=x"), stub("c-aa"), []string{}},
		{"missing once", cert("aa", "CN=x"), func(*hostport.Port) {}, []string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tl := newTimeline(t)
			tl.look(0, port(443, -1, tc.first))
			expect(t, "second look", tl.look(24, port(443, 20, tc.second)), tc.want...)
			expect(t, "the same again", tl.look(25, port(443, 20, tc.second)))
		})
	}
	t.Run("removed by two scans", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(443, -1, cert("aa", "CN=x")))
		expect(t, "first", tl.look(24, port(443, 20)))
		expect(t, "second", tl.look(48, port(443, 40)), "certificate.removed tcp/443")
	})
	t.Run("a stub is read before anything is told", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(443, -1, cert("aa", "CN=x")))
		tl.answers = func(a hostport.Ask) hostport.Answer { return hostport.Answer{Ask: a, Verdict: hostport.Failed} }
		expect(t, "not readable", tl.look(24, port(443, 20, stub("c-bb"))))
		tl.answers = func(a hostport.Ask) hostport.Answer {
			if a.Kind != hostport.AskCertificate || a.ID != "c-bb" {
				t.Errorf("asked for %+v", a)
			}
			return hostport.Answer{Ask: a, Verdict: hostport.Found, Certificate: &hostport.Certificate{ID: "c-bb", SHA1: "bb", Subject: "CN=x", Issuer: "CN=CA", Names: []string{"a.example", "b.example"}}}
		}
		expect(t, "the same record, read now", tl.look(25, port(443, 20, stub("c-bb"))), "certificate.renewed tcp/443")
	})
	t.Run("an opening does not wait for its certificate", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1))
		tl.answers = func(a hostport.Ask) hostport.Answer { return hostport.Answer{Ask: a, Verdict: hostport.Failed} }
		expect(t, "opened without", tl.look(24, port(80, 20), port(443, 20, stub("c-bb"))), "port.opened tcp/443")
		tl.answers = func(a hostport.Ask) hostport.Answer {
			return hostport.Answer{Ask: a, Verdict: hostport.Found, Certificate: &hostport.Certificate{ID: "c-bb", SHA1: "bb"}}
		}
		expect(t, "added after", tl.look(25, port(80, 20), port(443, 20, stub("c-bb"))), "certificate.added tcp/443")
	})
}

func TestFacetsOfAPortThatIsNotOpen(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1, cert("aa", "CN=x"), service("nginx", "1.18.0", -9, -1, true)), port(80, -1))
	expect(t, "closed", tl.look(24, port(443, 20, status("closed"), cert("aa", "CN=x")), port(80, 20)), "port.closed tcp/443")
	frozen := tl.state.Ports[hostport.PortKey{Protocol: "tcp", Number: 443}].Told
	if frozen.Certificate == nil || len(frozen.Services) != 1 {
		t.Errorf("facets did not freeze: %+v", frozen)
	}
	expect(t, "seen only", tl.look(48, port(443, 40, status("closed"), cert("bb", "CN=y")), port(80, 40)))
	expect(t, "told at reopening", tl.look(72, port(443, 60, cert("bb", "CN=y")), port(80, 60)), "port.reopened tcp/443")
	want := []Facet{FacetStatus, FacetServices, FacetCertificate}
	if d := cmp.Diff(want, tl.last.Changes[0].Changed); d != "" {
		t.Error(d)
	}
}

func TestSeveralFacetsInOneStepComeInOrder(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1, cert("aa", "CN=x"), service("nginx", "1.18.0", -9, -1, true), answer(page("nginx/1.18.0", monday, ""), -9, -1)))
	expect(t, "all at once", tl.look(24, port(443, 20, cert("bb", "CN=x"), service("nginx", "1.20.1", 15, 20, true), service("php", "8.1", 15, 20, true), answer(page("nginx/1.20.1", monday, ""), 15, 20))),
		"service.version_changed tcp/443", "service.added tcp/443", "banner.changed tcp/443", "certificate.renewed tcp/443")
	// Each event's context is what is told right after it.
	for i, c := range tl.last.Changes {
		if got := len(c.Told.Services); got != min(i+1, 2) {
			t.Errorf("event %d: %d services told", i, got)
		}
	}
}

func TestBounds(t *testing.T) {
	long := make([]byte, 300)
	for i := range long {
		long[i] = 'x'
	}
	tl := newTimeline(t)
	tl.look(0, port(80, -1))
	p := port(80, 20, service(string(long), "1", 15, 20, true))
	for i := range 30 {
		service(string(rune('a'+i))+"svc", "1", 15, 20, true)(&p)
	}
	got := tl.look(24, p)
	if len(got) != 24 {
		t.Errorf("%d events, want 24: one a service that fits", len(got))
	}
	if tl.last.Suppressed[RuleBound] != 7 {
		t.Errorf("suppressed: %v", tl.last.Suppressed)
	}
	f, cut := ToldForm(banner.Form{Digest: "0123456789abcdef0123456789abcdef", Product: string(long), Version: "1", Text: string(long) + string(long) + string(long) + string(long)}, true)
	if !cut || f.Product != "" || len(f.Text) > 1024 || !f.Cut {
		t.Errorf("bounded form: %+v", f)
	}
}
