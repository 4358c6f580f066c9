package diff

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
)

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestBaselineTellsNoChange(t *testing.T) {
	tl := newTimeline(t)
	expect(t, "baseline", tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true)), port(22, -1, status("closed"))))
	expect(t, "notes", tl.notes(), "baseline.completed")
	n := tl.last.Notes[0].Details.(BaselineNote)
	if n.Open != 1 || n.Closed != 1 || n.Services != 1 || n.Answer != BaselineComplete {
		t.Errorf("baseline counts: %+v", n)
	}
	if !tl.state.Exposed || tl.state.Epoch != at(0).Unix() || tl.state.Revision != 1 {
		t.Errorf("state after baseline: %+v", tl.state)
	}
	expect(t, "the same again", tl.look(24, port(80, -1, service("nginx", "1.18.0", -99, -1, true)), port(22, -1, status("closed"))))
	expect(t, "rescanned, nothing else", tl.look(48, port(80, 40, service("nginx", "1.18.0", -99, 40, true)), port(22, 40, status("closed"))))
}

func TestPortTable(t *testing.T) {
	other := func(scan float64) hostport.Port { return port(9999, scan) }
	for _, tc := range []struct {
		name   string
		first  []hostport.Port
		second []hostport.Port
		want   []string
	}{
		{"opened", nil, []hostport.Port{port(443, 20)}, []string{"port.opened tcp/443"}},
		{"discovered", nil, []hostport.Port{port(443, 20, status("closed"))}, []string{"port.discovered tcp/443"}},
		{"closed", []hostport.Port{port(443, -1)}, []hostport.Port{port(443, 20, status("closed"))}, []string{"port.closed tcp/443"}},
		{"filtered", []hostport.Port{port(443, -1)}, []hostport.Port{port(443, 20, status("filtered"))}, []string{"port.filtered tcp/443"}},
		{"another word", []hostport.Port{port(443, -1)}, []hostport.Port{port(443, 20, status("tarpitted"))}, []string{"port.status_changed tcp/443"}},
		{"between not-open words", []hostport.Port{port(443, -1, status("closed"))}, []hostport.Port{port(443, 20, status("filtered"))}, []string{"port.filtered tcp/443"}},
		{"reopened", []hostport.Port{port(443, -1, status("closed"))}, []hostport.Port{port(443, 20)}, []string{"port.reopened tcp/443"}},
		{"absent once", []hostport.Port{port(443, -1)}, nil, []string{}},
		{"order", []hostport.Port{port(80, -1), port(443, -1)},
			[]hostport.Port{port(443, 20, status("closed")), port(80, 20, status("closed")), port(22, 20)},
			[]string{"port.opened tcp/22", "port.closed tcp/80", "port.closed tcp/443"}},
		{"equal evidence flips nothing", []hostport.Port{port(443, -1)}, []hostport.Port{port(443, -1, status("closed"))}, []string{}},
		{"older evidence changes nothing", []hostport.Port{port(443, -1)}, []hostport.Port{port(443, -5, status("closed"))}, []string{}},
		{"unreadable status moves nothing", []hostport.Port{port(443, -1)}, []hostport.Port{port(443, 20, status(""))}, []string{}},
		{"undated gain is told", nil, []hostport.Port{port(443, 0, undated)}, []string{"port.opened tcp/443"}},
		{"undated loss waits", []hostport.Port{port(443, -1)}, []hostport.Port{port(443, 0, undated, status("closed"))}, []string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tl := newTimeline(t)
			tl.look(0, append(tc.first, other(-1))...)
			expect(t, "second look", tl.look(24, append(tc.second, other(20))...), tc.want...)
			expect(t, "the same again", tl.look(25, append(tc.second, other(20))...))
		})
	}
}

func TestHostExposure(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1, status("closed")))
	expect(t, "first open ports", tl.look(24, port(443, 20), port(22, 20)), "port.opened tcp/22", "port.reopened tcp/443", "host.exposed")
	if c := tl.last.Changes[2]; c.Cause != 0 || c.Details.(ExposedDetails).OpenPorts != 2 {
		t.Errorf("exposed: %+v", c)
	}
	if r := tl.last.Changes[1].Reasons; !cmp.Equal(r, []Reason{NeverToldOpen}) {
		t.Errorf("first opening of a known port: %v", r)
	}
	expect(t, "one of two closes", tl.look(48, port(443, 40, status("closed")), port(22, 40)), "port.closed tcp/443")
	expect(t, "one closes as another opens", tl.look(72, port(443, 60), port(22, 60, status("closed"))), "port.closed tcp/22", "port.reopened tcp/443")
	expect(t, "last one closes", tl.look(96, port(443, 90, status("filtered")), port(22, 90, status("closed"))), "port.filtered tcp/443", "flap.started tcp/443", "host.unexposed")
}

func TestVanish(t *testing.T) {
	t.Run("two independent snapshots and a point read", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1), port(443, -1))
		expect(t, "first absence", tl.look(24, port(80, 20)))
		expect(t, "same source, same evidence", tl.look(30, port(80, 20)))
		if len(tl.asked) != 0 {
			t.Errorf("asked before the second witness: %v", tl.asked)
		}
		expect(t, "second witness", tl.look(48, port(80, 40)), "port.vanished tcp/443")
		c := tl.last.Changes[0]
		if c.Basis != Rescan || c.Agreeing != 2 || !c.NotBefore.Equal(at(-1)) || !c.NotAfter.Equal(at(40)) {
			t.Errorf("evidence: %+v", c)
		}
		expect(t, "still gone", tl.look(72, port(80, 60)))
	})
	t.Run("nothing rescanned: 72 h apart", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1), port(443, -1))
		expect(t, "first absence", tl.look(24, port(80, -1)))
		expect(t, "71 h later", tl.look(95, port(80, -1)))
		expect(t, "72 h later", tl.look(96, port(80, -1)), "port.vanished tcp/443")
		if tl.last.Changes[0].Basis != Elapsed {
			t.Errorf("basis: %+v", tl.last.Changes[0])
		}
	})
	t.Run("none remains", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(443, -1))
		expect(t, "empty", tl.look(24))
		expect(t, "72 h later", tl.look(96), "port.vanished tcp/443", "host.unexposed")
	})
	t.Run("the point read finds it", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1), port(443, -1))
		tl.answers = func(a hostport.Ask) hostport.Answer {
			p := port(443, 39)
			return hostport.Answer{Ask: a, Verdict: hostport.Found, Port: &p}
		}
		tl.look(24, port(80, 20))
		expect(t, "found", tl.look(48, port(80, 40)))
		expect(t, "the count began anew", tl.look(72, port(80, 60)))
		expect(t, "found again", tl.look(96, port(80, 80)))
		if tl.last.Suppressed[RulePresent] != 1 {
			t.Errorf("suppressed: %v", tl.last.Suppressed)
		}
	})
	t.Run("the point read finds it closed", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1), port(443, -1))
		tl.answers = func(a hostport.Ask) hostport.Answer {
			p := port(443, 39, status("closed"))
			return hostport.Answer{Ask: a, Verdict: hostport.Found, Port: &p}
		}
		tl.look(24, port(80, 20))
		expect(t, "found closed", tl.look(48, port(80, 40)), "port.closed tcp/443")
	})
	t.Run("the id names the other protocol", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1), port(53, -1))
		tl.answers = func(a hostport.Ask) hostport.Answer {
			p := port(53, 39)
			p.Protocol = "udp"
			return hostport.Answer{Ask: a, Verdict: hostport.Found, Port: &p}
		}
		tl.look(24, port(80, 20))
		expect(t, "cannot tell", tl.look(48, port(80, 40)))
		expect(t, "not rescanned since", tl.look(50, port(80, 40)))
		expect(t, "a third witness", tl.look(72, port(80, 60)), "port.vanished tcp/53")
		if tl.last.Changes[0].Agreeing != 3 {
			t.Errorf("agreeing: %+v", tl.last.Changes[0])
		}
	})
	t.Run("the point read fails", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1), port(443, -1))
		failing := true
		tl.answers = func(a hostport.Ask) hostport.Answer {
			if failing {
				return hostport.Answer{Ask: a, Verdict: hostport.Failed}
			}
			return hostport.Answer{Ask: a, Verdict: hostport.NotFound}
		}
		tl.look(24, port(80, 20))
		expect(t, "no answer", tl.look(48, port(80, 40)))
		failing = false
		expect(t, "asked again", tl.look(49, port(80, 40)), "port.vanished tcp/443")
	})
	t.Run("no absence from an unproven or stale snapshot", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1), port(443, -1), port(22, -1))
		for hour := 24.0; hour < 200; hour += 24 {
			s := snapshot(hour, port(80, hour-1), port(22, hour-1))
			s.Proof = hostport.Unproven
			expect(t, "unproven", tl.take(s))
			expect(t, "stale", tl.look(hour+1, port(80, hour), port(22, -2)))
		}
	})
	t.Run("tombstone after retain_gone", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1), port(443, -1))
		tl.look(24, port(80, 20))
		tl.look(48, port(80, 40))
		tl.look(48+90*24-1, port(80, 1000))
		if len(tl.last.Gone) != 0 {
			t.Errorf("gone early: %v", tl.last.Gone)
		}
		tl.look(48+90*24, port(80, 1001))
		if d := cmp.Diff([]hostport.PortKey{{Protocol: "tcp", Number: 443}}, tl.last.Gone); d != "" {
			t.Error(d)
		}
		expect(t, "back after the tombstone", tl.look(48+91*24, port(80, 1002), port(443, 1002)), "port.opened tcp/443")
	})
}

func TestVanishedListedAgain(t *testing.T) {
	gone := func(t *testing.T) *timeline {
		tl := newTimeline(t)
		tl.look(0, port(80, -1), port(443, -1))
		tl.look(24, port(80, 20))
		expect(t, "vanish", tl.look(48, port(80, 40)), "port.vanished tcp/443")
		return tl
	}
	t.Run("newer evidence", func(t *testing.T) {
		tl := gone(t)
		expect(t, "reopened", tl.look(72, port(80, 60), port(443, 60)), "port.reopened tcp/443")
		d := tl.last.Changes[0].Details.(ReopenedDetails)
		if d.Retracts != "" || d.GoneFor == nil || *d.GoneFor != 20*time.Hour {
			t.Errorf("details: %+v", d)
		}
	})
	t.Run("equal evidence retracts, once", func(t *testing.T) {
		tl := gone(t)
		expect(t, "retracted", tl.look(72, port(80, 60), port(443, -1)), "port.reopened tcp/443")
		if d := tl.last.Changes[0].Details.(ReopenedDetails); d.Retracts != "vanish-1" {
			t.Errorf("details: %+v", d)
		}
		expect(t, "absent", tl.look(96, port(80, 90)))
		expect(t, "rescan is not enough now", tl.look(120, port(80, 110)))
		expect(t, "72 h are", tl.look(168, port(80, 160)), "port.vanished tcp/443")
	})
	t.Run("equal evidence in a stale snapshot", func(t *testing.T) {
		tl := gone(t)
		expect(t, "nothing", tl.look(72, port(80, 30), port(443, -1)))
	})
	t.Run("older evidence", func(t *testing.T) {
		tl := gone(t)
		expect(t, "nothing", tl.look(72, port(80, 60), port(443, -9)))
	})
	t.Run("a scan of before the vanish in a stale snapshot", func(t *testing.T) {
		tl := gone(t)
		expect(t, "the past", tl.look(72, port(80, 30), port(443, 25)))
		expect(t, "still gone", tl.look(96, port(80, 90)))
		expect(t, "listed anew by a lagging replica", tl.look(120, port(80, 85), port(443, 80)), "port.reopened tcp/443")
	})
	t.Run("not open", func(t *testing.T) {
		tl := gone(t)
		expect(t, "closed", tl.look(72, port(80, 60), port(443, -1, status("closed"))), "port.closed tcp/443")
		if d := tl.last.Changes[0].Details.(StatusDetails); d.Retracts != "vanish-1" || d.From != hostport.Vanished {
			t.Errorf("details: %+v", d)
		}
	})
}

func TestUndatedLossNeedsTwoLooksFarApart(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, 0, undated))
	expect(t, "first", tl.look(24, port(443, 0, undated, status("closed"))))
	expect(t, "71 h", tl.look(95, port(443, 0, undated, status("closed"))))
	expect(t, "72 h", tl.look(96, port(443, 0, undated, status("closed"))), "port.closed tcp/443", "host.unexposed")
	if c := tl.last.Changes[0]; !c.Tentative || c.Basis != Elapsed {
		t.Errorf("evidence: %+v", c)
	}
}

func TestFutureTimesAreMalformed(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1))
	expect(t, "a year ahead", tl.look(24, port(443, 24*365, status("closed"))))
	expect(t, "told once a day", tl.notes(), "record.malformed", "record.malformed", "change.suppressed")
	expect(t, "later the same day", tl.look(25, port(443, 24*365, status("closed"))))
	expect(t, "not again", tl.notes())
	expect(t, "an honest record after it", tl.look(26, port(443, 25, status("closed"))), "port.closed tcp/443", "host.unexposed")
}

func TestStatusReadableLater(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1), port(443, -1, status("")))
	expect(t, "readable", tl.look(24, port(80, 20), port(443, 20)), "port.opened tcp/443")
	if c := tl.last.Changes[0]; !c.Tentative || !cmp.Equal(c.Reasons, []Reason{StatusReadable}) {
		t.Errorf("%+v", c)
	}
}

func TestBaselineOfNothing(t *testing.T) {
	unknown := func(hour float64) *hostport.Snapshot {
		s := snapshot(hour)
		s.Result = hostport.Unknown
		return s
	}
	t.Run("404 twice, then ports are news", func(t *testing.T) {
		tl := newTimeline(t)
		tl.answers = func(a hostport.Ask) hostport.Answer {
			return hostport.Answer{Ask: a, Verdict: hostport.Found, List: unknown(0)}
		}
		expect(t, "baseline", tl.take(unknown(0)))
		if tl.state.Baseline != BaselineUnknown || tl.state.Epoch == 0 {
			t.Errorf("state: %+v", tl.state)
		}
		expect(t, "appears", tl.look(24, port(443, 20)), "port.opened tcp/443", "host.exposed")
		expect(t, "and is known", tl.notes(), "host.known")
		if tl.state.Baseline != BaselineComplete || !tl.last.HostTold {
			t.Errorf("state: %+v", tl.state)
		}
	})
	t.Run("the second reading has ports", func(t *testing.T) {
		tl := newTimeline(t)
		tl.answers = func(a hostport.Ask) hostport.Answer {
			return hostport.Answer{Ask: a, Verdict: hostport.Found, List: snapshot(0, port(443, -1))}
		}
		expect(t, "baseline", tl.look(0))
		if tl.state.Baseline != BaselineComplete || len(tl.state.Ports) != 1 {
			t.Errorf("state: %+v", tl.state)
		}
	})
	t.Run("the second reading fails", func(t *testing.T) {
		tl := newTimeline(t)
		tl.answers = func(a hostport.Ask) hostport.Answer { return hostport.Answer{Ask: a, Verdict: hostport.Failed} }
		expect(t, "nothing", tl.look(0))
		if tl.state.Epoch != 0 {
			t.Errorf("state: %+v", tl.state)
		}
	})
	t.Run("an unproven list is no baseline", func(t *testing.T) {
		tl := newTimeline(t)
		s := snapshot(0, port(443, -1))
		s.Proof = hostport.Unproven
		expect(t, "nothing", tl.take(s))
		expect(t, "told", tl.notes(), "snapshot.incomplete")
		if tl.state.Epoch != 0 || len(tl.state.Ports) != 0 {
			t.Errorf("state: %+v", tl.state)
		}
	})
}

func TestUnknownHostKeepsItsPorts(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1))
	s := func(hour float64) *hostport.Snapshot {
		s := snapshot(hour)
		s.Result = hostport.Unknown
		return s
	}
	for hour := 24.0; hour < 96; hour += 24 {
		expect(t, "404", tl.take(s(hour)))
		expect(t, "not yet", tl.notes())
	}
	tl.take(s(96))
	expect(t, "72 h after the first", tl.notes(), "host.unknown")
	tl.take(s(200))
	expect(t, "once", tl.notes())
	expect(t, "back", tl.look(210, port(443, 205)))
	expect(t, "known", tl.notes(), "host.known")
}

func TestUnreachable(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(443, -1))
	f := Failure{At: at(30), Failures: 4, Since: at(25), MaxAge: 24 * time.Hour, Class: hostport.Unavailable}
	if r := Fail(tl.state, "203.0.113.7", f); len(r.Notes) != 0 {
		t.Errorf("after 4: %v", r.Notes)
	}
	f.Failures = 5
	r := Fail(tl.state, "203.0.113.7", f)
	if len(r.Notes) != 1 || r.Notes[0].Type != HostUnreachable {
		t.Errorf("after 5: %v", r.Notes)
	}
	if again := Fail(r.State, "203.0.113.7", f); len(again.Notes) != 0 {
		t.Errorf("twice: %v", again.Notes)
	}
	f.At = at(20)
	if r := Fail(tl.state, "203.0.113.7", f); len(r.Notes) != 0 {
		t.Errorf("younger than max-age: %v", r.Notes)
	}
	tl.state = r.State
	expect(t, "recovered", tl.look(40, port(443, 39)))
	expect(t, "notes", tl.notes(), "host.recovered")
}
