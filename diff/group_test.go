package diff

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
)

// many are open ports [first, last] that answer text, scanned at an hour.
func many(first, last int, scan float64, text string, options ...func(*hostport.Port)) []hostport.Port {
	var out []hostport.Port
	for n := first; n <= last; n++ {
		o := options
		if text != "" {
			o = append([]func(*hostport.Port){answer(text, -90, scan)}, options...)
		}
		out = append(out, port(uint16(n), scan, o...))
	}
	return out
}

const tarpit = "220 welcome\r\n"

func (tl *timeline) groups() []string {
	var out []string
	for _, g := range tl.state.Groups {
		line := fmt.Sprintf("%s %d:", g.Protocol, g.Count)
		for _, r := range g.Ranges {
			line += fmt.Sprintf(" %d-%d", r.First, r.Last)
		}
		out = append(out, line)
	}
	return out
}

// Pain 15: a host on which every port answers is one event, not one a port.
func TestTarpitIsOneEvent(t *testing.T) {
	tl := newTimeline(t)
	ssh := func(scan float64) hostport.Port { return port(22, scan, service("OpenSSH", "9.6", -90, scan, true)) }
	tl.look(0, ssh(-1))
	expect(t, "the tarpit", tl.look(24, append(many(1000, 1300, 20, tarpit), ssh(20))...), "host.tarpit_suspected")
	expect(t, "groups", tl.groups(), "tcp 301: 1000-1300")
	if len(tl.state.Ports) != 1 || len(tl.last.Told) != 0 || !tl.last.HostTold {
		t.Errorf("%d ports held, %d told, host told %t", len(tl.state.Ports), len(tl.last.Told), tl.last.HostTold)
	}
	c := tl.last.Changes[0]
	if !cmp.Equal(c.Before, Groups{}) || !cmp.Equal(c.Reasons, []Reason{ManyAlike}) || !c.NotAfter.Equal(at(20)) || !c.NotBefore.Equal(at(-1)) {
		t.Errorf("%+v", c)
	}
	expect(t, "the same again", tl.look(25, append(many(1000, 1300, 20, tarpit), ssh(20))...))
	expect(t, "rescanned", tl.look(48, append(many(1000, 1300, 40, tarpit), ssh(40))...))
	expect(t, "further ports join as ranges", tl.look(72, append(many(1000, 1400, 60, tarpit), ssh(60))...), "host.tarpit_changed")
	expect(t, "groups", tl.groups(), "tcp 401: 1000-1400")
}

func TestTarpitBelowItsNumber(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(22, -1))
	if got := tl.look(24, append(many(1000, 1199, 20, tarpit), port(22, 20))...); len(got) != 200 || len(tl.state.Groups) != 0 {
		t.Errorf("200 ports that answer alike: %d events, groups %v", len(got), tl.groups())
	}
	expect(t, "one more: the single ports leave with the event", tl.look(48, append(many(1000, 1200, 40, tarpit), port(22, 40))...), "host.tarpit_suspected")
	if len(tl.last.Gone) != 200 || len(tl.state.Ports) != 1 {
		t.Errorf("%d records deleted, %d ports held", len(tl.last.Gone), len(tl.state.Ports))
	}
}

func TestTarpitBaseline(t *testing.T) {
	tl := newTimeline(t)
	expect(t, "baseline", tl.look(0, append(many(1, 5000, -1, ""), port(8443, -1, cert("aa", "CN=a")))...))
	n := tl.last.Notes[0].Details.(BaselineNote)
	if n.Open != 5001 || len(tl.last.Told) != 1 || !tl.state.Exposed || tl.last.HostOp != OpBaseline {
		t.Errorf("%+v, %d ports told, op %s", n, len(tl.last.Told), tl.last.HostOp)
	}
	expect(t, "groups", tl.groups(), "tcp 5000: 1-5000")
}

// What is not the one answer is always told.
func TestTarpitHidesNothing(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*hostport.Port)
		want   []string
		groups string
	}{
		{"another answer", func(p *hostport.Port) { p.Banners = nil; answer("SSH-2.0-OpenSSH_9.6\r\n", 19, 20)(p) },
			[]string{"port.opened tcp/1100", "host.tarpit_changed"}, "tcp 300: 1000-1099 1101-1300"},
		{"a service", service("nginx", "1.18.0", 19, 20, true), []string{"port.opened tcp/1100", "host.tarpit_changed"}, "tcp 300: 1000-1099 1101-1300"},
		{"a certificate", cert("aa", "CN=a"), []string{"port.opened tcp/1100", "host.tarpit_changed"}, "tcp 300: 1000-1099 1101-1300"},
		{"closed", status("closed"), []string{"host.tarpit_changed"}, "tcp 300: 1000-1099 1101-1300"},
		{"unreadable status", status(""), []string{}, "tcp 301: 1000-1300"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tl := newTimeline(t)
			tl.look(0, many(1000, 1300, -1, tarpit)...)
			ports := func(scan float64) []hostport.Port {
				list := many(1000, 1300, scan, tarpit)
				tc.change(&list[100])
				return list
			}
			expect(t, "one port", tl.look(24, ports(20)...), tc.want...)
			expect(t, "groups", tl.groups(), tc.groups)
			if len(tc.want) == 2 && !cmp.Equal(tl.last.Changes[0].Reasons, []Reason{LeftGroup}) {
				t.Errorf("reasons %v", tl.last.Changes[0].Reasons)
			}
			expect(t, "the same again", tl.look(25, ports(20)...))
		})
	}
}

// A port that left the group without being open is told by the range alone, until it
// is open again.
func TestTarpitPortsThatClose(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, many(1000, 1300, -1, tarpit)...)
	expect(t, "half of it closes", tl.look(24, append(many(1000, 1149, 20, tarpit), many(1150, 1300, 20, "", status("closed"))...)...), "host.tarpit_changed")
	if tl.last.Suppressed[RuleTarpit] != 151 {
		t.Errorf("suppressed: %v", tl.last.Suppressed)
	}
	expect(t, "and is filtered", tl.look(48, append(many(1000, 1149, 40, tarpit), many(1150, 1300, 40, "", status("filtered"))...)...))
	expect(t, "one opens with another answer",
		tl.look(72, append(append(many(1000, 1149, 60, tarpit), many(1150, 1299, 60, "", status("filtered"))...), port(1300, 60, answer("SSH-2.0-x_1\r\n", 59, 60)))...),
		"port.opened tcp/1300")
	expect(t, "others open alike",
		tl.look(96, append(append(many(1000, 1150, 80, tarpit), many(1151, 1299, 80, "", status("filtered"))...), port(1300, 80, answer("SSH-2.0-x_1\r\n", 59, 80)))...),
		"host.tarpit_changed")
	expect(t, "groups", tl.groups(), "tcp 151: 1000-1150")
}

func TestTarpitCleared(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, many(1000, 1300, -1, tarpit)...)
	want := []string{"port.opened tcp/1000", "port.opened tcp/1001", "port.opened tcp/1002", "host.tarpit_cleared"}
	expect(t, "three are left", tl.look(24, append(many(1000, 1002, 20, tarpit), many(1003, 1300, 20, "", status("closed"))...)...), want...)
	if c := tl.last.Changes[0]; !cmp.Equal(c.Reasons, []Reason{LeftGroup}) || c.Before != nil {
		t.Errorf("%+v", c)
	}
	expect(t, "the same again", tl.look(25, append(many(1000, 1002, 20, tarpit), many(1003, 1300, 20, "", status("closed"))...)...))

	tl = newTimeline(t)
	tl.look(0, many(1000, 1300, -1, tarpit)...)
	expect(t, "all close", tl.look(24, many(1000, 1300, 20, "", status("closed"))...), "host.tarpit_cleared", "host.unexposed")
	if c := tl.last.Changes[1]; c.Cause != 0 {
		t.Errorf("cause of unexposed: %d", c.Cause)
	}
	expect(t, "and open again", tl.look(48, many(1000, 1300, 40, tarpit)...), "host.tarpit_suspected", "host.exposed")
}

// Absence of a part of the group takes two independent snapshots (P1).
func TestTarpitAbsence(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, many(1000, 1300, -1, tarpit)...)
	expect(t, "a part is absent", tl.look(24, many(1000, 1150, 20, tarpit)...))
	expect(t, "the same witness", tl.look(30, many(1000, 1150, 20, tarpit)...))
	expect(t, "seen again", tl.look(36, many(1000, 1300, 30, tarpit)...))
	expect(t, "absent again", tl.look(48, many(1000, 1150, 40, tarpit)...))
	expect(t, "and on independent evidence", tl.look(72, many(1000, 1150, 60, tarpit)...), "host.tarpit_changed")
	expect(t, "groups", tl.groups(), "tcp 151: 1000-1150")
	incomplete := snapshot(96, many(1000, 1010, 80, tarpit)...)
	incomplete.Proof = hostport.Unproven
	expect(t, "an unproven list takes nothing", tl.take(incomplete))
	expect(t, "a replica that lags takes nothing", tl.take(snapshot(97, many(1000, 1010, 50, tarpit)...)))
	expect(t, "groups", tl.groups(), "tcp 151: 1000-1150")
	if w := tl.state.Witnesses; len(w) > 0 {
		t.Errorf("witnesses kept in vain: %v", w)
	}
}

// The witness of an absence holds the group as one (P11).
func TestTarpitWitness(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, append(many(1000, 3000, -1, tarpit), port(22, -1))...)
	tl.look(24, many(1000, 3000, 20, tarpit)...)
	if w := tl.state.Witnesses; len(w) != 1 || len(w[0].Evidence) != 1 {
		t.Fatalf("witnesses: %v", w)
	}
	expect(t, "a rescan of the group is independent evidence", tl.look(48, many(1000, 3000, 40, tarpit)...), "port.vanished tcp/22")
}

// Ranges that alternate are bounded: they span gaps in which nothing is told.
func TestTarpitOfAlternatingPorts(t *testing.T) {
	every := func(step int, scan float64) []hostport.Port {
		var out []hostport.Port
		for n := 1; n < 65536; n += step {
			out = append(out, many(n, n, scan, "")...)
		}
		return out
	}
	tl := newTimeline(t)
	tl.look(0, append(every(2, -1), port(600, -1, cert("aa", "CN=a")))...)
	expect(t, "groups", tl.groups(), "tcp 32768: 1-599 601-65535")
	expect(t, "another one is told by itself", tl.look(24, append(every(2, 20), port(600, 20, cert("aa", "CN=a")), port(700, 20, cert("aa", "CN=a")))...),
		"port.opened tcp/700", "host.tarpit_changed")
	expect(t, "groups", tl.groups(), "tcp 32768: 1-599 601-699 701-65535")
}

func TestTarpitOfTwoAnswers(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(22, -1))
	a, b := many(1000, 1300, 20, tarpit), many(2000, 2300, 20, "SSH-2.0-x_1\r\n")
	expect(t, "two answers", tl.look(24, append(append(a, b...), port(22, 20))...), "host.tarpit_suspected")
	if g := tl.groups(); !slices.Equal(slices.Sorted(slices.Values(g)), []string{"tcp 301: 1000-1300", "tcp 301: 2000-2300"}) {
		t.Errorf("groups: %v", g)
	}
	tl.look(48, append(many(1000, 1300, 40, tarpit), append(many(2000, 2300, 40, "", status("closed")), port(22, 40))...)...)
	expect(t, "one of them ends", tl.groups(), "tcp 301: 1000-1300")
}

// The whole port space costs bounded time, events and state.
func TestTarpitOfAllPorts(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(22, -1, cert("aa", "CN=a")))
	all := func(scan float64) []hostport.Port {
		return append(many(1, 21, scan, tarpit), append(many(23, 65535, scan, tarpit), port(22, scan, cert("aa", "CN=a")))...)
	}
	first, second := all(20), all(40)
	start := time.Now()
	expect(t, "all ports", tl.look(24, first...), "host.tarpit_suspected")
	t.Logf("65,535 open ports: first step %v", time.Since(start))
	start = time.Now()
	expect(t, "rescanned", tl.look(48, second...))
	t.Logf("65,535 open ports: further step %v", time.Since(start))
	if len(tl.state.Ports) != 1 {
		t.Errorf("%d ports held", len(tl.state.Ports))
	}
}
