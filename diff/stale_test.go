package diff

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
)

// A port that is no longer scanned is neither closed nor gone (P2; pain 5: "closed"
// that was only a timeout). It is told stale once, and refreshed once.
func TestPortGrowsStale(t *testing.T) {
	for _, with := range []string{"looks", "ticks"} {
		t.Run(with, func(t *testing.T) {
			tl := newTimeline(t)
			tl.look(0, port(80, -1), port(443, -1))
			for day := 1.0; day < 30; day++ {
				expect(t, fmt.Sprintf("day %v", day), tl.look(day*24, port(80, day*24-2), port(443, -1)))
				expect(t, "notes", tl.notes())
			}
			if with == "looks" {
				expect(t, "30 days", tl.look(30*24, port(80, 30*24-2), port(443, -1)))
			} else {
				expect(t, "not a moment earlier", tl.tick(30*24-1.001))
				expect(t, "notes", tl.notes())
				expect(t, "30 days", tl.tick(30*24-1))
			}
			expect(t, "stale", tl.notes(), "port.stale")
			n := tl.last.Notes[0]
			if *n.Key != (hostport.PortKey{Protocol: "tcp", Number: 443}) || n.Details != (StaleNote{at(-1)}) || tl.told(443).Status != hostport.Open {
				t.Errorf("%+v", n)
			}
			for day := 31.0; day < 80; day += 7 {
				tl.look(day*24, port(80, day*24-2), port(443, -1))
				expect(t, "once", tl.notes())
				tl.tick(day*24 + 1)
				expect(t, "once", tl.notes())
			}
			expect(t, "scanned again", tl.look(81*24, port(80, 81*24-2), port(443, 81*24-1)))
			expect(t, "refreshed", tl.notes(), "port.refreshed")
			if d := tl.last.Notes[0].Details; d != (StaleNote{at(-1)}) {
				t.Errorf("%+v", d)
			}
			tl.look(111*24, port(80, 111*24-2), port(443, 81*24-1))
			expect(t, "stale anew", tl.notes(), "port.stale")
		})
	}
}

// Where no port is scanned any more the host is blind, and that is one event.
func TestHostThatIsNotScannedIsBlind(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(22, -24), port(80, -20), port(443, -1))
	for day := 1.0; day < 30; day++ {
		tl.look(day*24-2, port(22, -24), port(80, -20), port(443, -1))
		expect(t, "notes", tl.notes())
	}
	expect(t, "no change", tl.tick(30*24-1))
	expect(t, "blind", tl.notes(), "host.blind")
	if d := cmp.Diff(BlindNote{at(-1), "not_rescanned"}, tl.last.Notes[0].Details); d != "" {
		t.Error(d)
	}
	tl.look(31*24, port(22, -24), port(80, -20), port(443, -1))
	expect(t, "once", tl.notes())
	expect(t, "a scan of one port", tl.look(32*24, port(22, -24), port(80, 31.9*24), port(443, -1)))
	expect(t, "sighted; the others are stale by now", tl.notes(), "port.stale", "port.stale", "host.sighted")
}

// A failing source makes a host blind with no look at all.
func TestHostWithoutCompleteSnapshotIsBlind(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1))
	for day := 1.0; day < 31; day += 2 {
		s := snapshot(day*24, port(80, day*24-1))
		s.Proof = hostport.Unproven
		tl.take(s)
	}
	expect(t, "told by the look", tl.notes(), "snapshot.incomplete")
	tl.tick(30 * 24)
	expect(t, "blind", tl.notes(), "host.blind")
	if d := cmp.Diff(BlindNote{at(0), "no_complete_snapshot"}, tl.last.Notes[0].Details); d != "" {
		t.Error(d)
	}
	tl.look(32*24, port(80, 32*24-1))
	expect(t, "sighted", tl.notes(), "host.sighted")
	t.Run("no look at all", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -1))
		tl.tick(29.9 * 24)
		expect(t, "not yet", tl.notes())
		tl.tick(30 * 24)
		expect(t, "blind", tl.notes(), "host.blind")
		tl.tick(90 * 24)
		expect(t, "once", tl.notes())
	})
	t.Run("a host the source does not know is answered for", func(t *testing.T) {
		tl := newTimeline(t)
		tl.answers = func(a hostport.Ask) hostport.Answer {
			return hostport.Answer{Ask: a, Verdict: hostport.Found, List: snapshot(0)}
		}
		tl.look(0)
		for day := 20.0; day < 100; day += 20 {
			tl.look(day * 24)
			tl.tick(day*24 + 1)
			expect(t, "no ports to scan, and a list that says so", tl.notes())
		}
	})
}

// What is stale already at the baseline is counted, not told one by one (P8); a
// host that is blind already is told so, once.
func TestStaleAtTheBaseline(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(22, -40*24), port(80, -90*24), port(443, -1))
	expect(t, "notes", tl.notes(), "baseline.completed")
	if n := tl.last.Notes[0].Details.(BaselineNote); n.Stale != 2 {
		t.Errorf("%+v", n)
	}
	tl.tick(1)
	expect(t, "no more", tl.notes())
	tl.look(24, port(22, 20), port(80, -90*24), port(443, -1))
	expect(t, "refreshed", tl.notes(), "port.refreshed")
	t.Run("blind", func(t *testing.T) {
		tl := newTimeline(t)
		tl.look(0, port(80, -60*24))
		expect(t, "notes", tl.notes(), "baseline.completed", "host.blind")
	})
}

// A stale port that vanishes is stale no more; one without readable times never was.
func TestStaleEnds(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(80, -1), port(443, -1), port(22, 0, undated))
	tl.look(30*24, port(80, 30*24-2), port(443, -1), port(22, 0, undated))
	expect(t, "stale", tl.notes(), "port.stale")
	tl.look(31*24, port(80, 31*24-2), port(22, 0, undated))
	expect(t, "vanished", tl.look(32*24, port(80, 32*24-2), port(22, 0, undated)), "port.vanished tcp/443")
	expect(t, "back with the same old scan", tl.look(33*24, port(80, 33*24-2), port(443, -1), port(22, 0, undated)), "port.reopened tcp/443")
	expect(t, "and stale again", tl.notes(), "port.stale")
}
