package diff

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/internal/hostport"
)

// scans looks once a day at one port beside a steady one; each word is its status in
// a new scan.
func (tl *timeline) scans(day int, words ...hostport.Status) (events [][]string) {
	for i, w := range words {
		h := float64(24 * (day + i))
		events = append(events, tl.look(h, port(22, h-1), port(443, h-1, status(w))))
	}
	return events
}

const (
	open   = hostport.Open
	closed = hostport.Closed
)

// Pain 9: A/B/A/B is told as a flap, once, and its end.
func TestFlapOfAStatus(t *testing.T) {
	tl := newTimeline(t)
	got := tl.scans(0, open, closed, open, closed, open, closed, open, closed, closed, closed, closed, closed, closed, closed)
	want := [][]string{{}, {"port.closed tcp/443"}, {"port.reopened tcp/443"}, {"port.closed tcp/443"},
		{"port.reopened tcp/443", "flap.started tcp/443"}, // the fourth is to the worse value
		{}, {}, {}, {}, {}, {}, {},
		{"flap.ended tcp/443", "port.closed tcp/443"}, {}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	c := tl.state.Ports[hostport.PortKey{Protocol: "tcp", Number: 443}]
	if len(c.Flaps) != 1 || c.Flaps[FlapKey{Facet: FacetStatus}].On {
		t.Errorf("remembered after the end: %+v", c.Flaps)
	}
}

func TestFlapStandsInPlaceOfTheBetterValue(t *testing.T) {
	tl := newTimeline(t)
	got := tl.scans(0, closed, open, closed, open, closed, closed, closed, open, open, open, open, open, open)
	want := [][]string{{}, {"port.reopened tcp/443"}, {"port.closed tcp/443"}, {"port.reopened tcp/443"},
		{"flap.started tcp/443"}, // instead of port.closed
		{}, {}, {}, {}, {}, {}, {}, {"flap.ended tcp/443"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	tl = newTimeline(t)
	tl.scans(0, closed, open, closed, open, closed)
	c := tl.last.Changes[0]
	if !cmp.Equal(c.Before, Flapping{}) || !cmp.Equal(c.After, Flapping{[]Facet{FacetStatus}}) || c.Details != (FlapDetails{4, 10}) || !c.Told.Open() {
		t.Errorf("%+v", c)
	}
	if tl.last.Suppressed[RuleFlap] != 1 {
		t.Errorf("suppressed: %v", tl.last.Suppressed)
	}
}

// Three changes in any ten scans are three events.
func TestNoFlapBelowItsNumber(t *testing.T) {
	tl := newTimeline(t)
	n := 0
	for cycle := range 6 {
		words := []hostport.Status{open, open, open, open, closed, closed, closed, closed}
		for _, e := range tl.scans(8*cycle, words...) {
			n += len(e)
		}
	}
	if n != 11 || tl.state.Ports[hostport.PortKey{Protocol: "tcp", Number: 443}].Flaps[FlapKey{Facet: FacetStatus}].On {
		t.Errorf("%d events, expected 11", n)
	}
}

// Pain 10: a value that was not told before is told, flap or not.
func TestFlapHidesNoNewValue(t *testing.T) {
	tl := newTimeline(t)
	tl.scans(0, open, closed, open, closed, open)
	got := tl.scans(5, closed, "tarpitted", open, "tarpitted", open)
	want := [][]string{{}, {"port.status_changed tcp/443"}, {"port.reopened tcp/443"}, {}, {}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// And a new port, service or certificate of the host as ever.
	expect(t, "a new port", tl.look(240, port(22, 239), port(443, 239), port(80, 239)), "port.opened tcp/80")
}

func TestFlapOfAVanishingPort(t *testing.T) {
	tl := newTimeline(t)
	day := 0
	look := func(listed bool) []string {
		h := float64(24 * day)
		day++
		if listed {
			return tl.look(h, port(22, h-1), port(443, h-1))
		}
		return tl.look(h, port(22, h-1))
	}
	look(true)
	for range 2 { // two vanishes, two reopenings
		look(false)
		look(false)
		look(true)
	}
	if !tl.state.Ports[hostport.PortKey{Protocol: "tcp", Number: 443}].Flaps[FlapKey{Facet: FacetStatus}].On {
		t.Fatal("no flap")
	}
	var told []string
	for range 12 {
		told = append(told, look(false)...)
	}
	expect(t, "gone for good", told, "flap.ended tcp/443", "port.vanished tcp/443")
}

func TestFlapOfServices(t *testing.T) {
	tl := newTimeline(t)
	look := func(day int, options ...func(*hostport.Port)) []string {
		h := float64(24 * day)
		return tl.look(h, port(80, h-1, options...))
	}
	php := func(day int) func(*hostport.Port) { return service("PHP", "8.1", -99, float64(24*day-1), true) }
	look(0)
	var got [][]string
	day := 1
	for range 3 { // seen in one scan, absent in two
		got = append(got, look(day, php(day)), look(day+1), look(day+2))
		day += 3
	}
	want := [][]string{{"service.added tcp/80"}, {}, {"service.removed tcp/80"}, {"service.added tcp/80"}, {}, {"flap.started tcp/80"}, {}, {}, {}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if p := tl.state.Ports[hostport.PortKey{Protocol: "tcp", Number: 80}].Told; len(p.Services) != 1 {
		t.Errorf("told: %+v", p)
	}
	expect(t, "another service", look(day, service("nginx", "1.18.0", 200, float64(24*day-1), true)), "service.added tcp/80")
	var end []string
	for range 6 {
		day++
		end = append(end, look(day, service("nginx", "1.18.0", 200, float64(24*day-1), true))...)
	}
	expect(t, "steady", end, "flap.ended tcp/80", "service.removed tcp/80")
}

// Ever new answers are told as a flood, with digests, each day once.
func TestFloodOfBanners(t *testing.T) {
	tl := newTimeline(t)
	var types []string
	digests := map[string]bool{}
	for i := range 40 {
		h := float64(6 * i)
		text := fmt.Sprintf("SSH-2.0-OpenSSH_%d.0\r\n", i)
		types = append(types, tl.look(h, port(22, h-1, answer(text, h-1, h-1)))...)
		if i == 38 { // two hidden today, after the first was told
			midnight := NextTick(tl.state, tl.policy)
			res := Tick(tl.state, tl.policy, midnight)
			if again := Tick(res.State, tl.policy, midnight); len(res.Notes) != 1 || len(res.Notes[0].Details.(SuppressedNote).Digests) != 2 || len(again.Notes) != 0 {
				t.Errorf("the day is not summed up: %+v", res.Notes)
			}
		}
		for _, n := range tl.last.Notes {
			if d, ok := n.Details.(SuppressedNote); ok && d.Rule == RuleFlood {
				for _, digest := range d.Digests {
					digests[digest] = true
				}
			}
		}
	}
	expect(t, "events", types, "banner.changed tcp/22", "banner.changed tcp/22", "banner.changed tcp/22", "banner.changed tcp/22", "flap.started tcp/22")
	if len(digests) < 30 {
		t.Errorf("%d values named", len(digests))
	}
	var end []string
	for i := range 8 {
		h := float64(6 * (40 + i))
		end = append(end, tl.look(h, port(22, h-1, answer("SSH-2.0-OpenSSH_39.0\r\n", 233, h-1)))...)
	}
	expect(t, "steady", end, "flap.ended tcp/22", "banner.changed tcp/22")
}

// Whatever a port does, five steady scans later told is what was seen.
func TestFlapEnds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tl := newTimeline(t)
		n := rapid.IntRange(1, 30).Draw(rt, "scans")
		words := rapid.SliceOfN(rapid.SampledFrom([]hostport.Status{open, closed, hostport.Filtered}), n, n).Draw(rt, "words")
		last := words[n-1]
		tl.scans(0, words...)
		events := tl.scans(n, last, last, last, last, last)
		p := tl.state.Ports[hostport.PortKey{Protocol: "tcp", Number: 443}]
		if p.Told.Status != last || len(p.Told.Flapping) > 0 {
			rt.Fatalf("told %s %v, seen %s for 5 scans: %v", p.Told.Status, p.Told.Flapping, last, events)
		}
	})
}
