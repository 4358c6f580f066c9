package graphsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
)

// watch looks at every host once a second for the given time; a look is one page.
func (r *rig) watch(d time.Duration) {
	for range int(d / time.Second) {
		for _, h := range r.world.Hosts() {
			r.get(portsPath(h) + full)
		}
		r.pass(time.Second)
	}
}

// changesOf is what the changes say, but for their times, noise aside.
func changesOf(lines []line) []string {
	var told []string
	for _, l := range lines {
		if l.Kind == "change" && !l.Noise {
			from, to := l.From, l.To
			if l.What == "banner" { // dates in them are those of the run
				from, to = "", ""
			}
			told = append(told, fmt.Sprint(l.portKey, " ", l.What, " ", from, " ", to))
		}
	}
	return told
}

// The order of changes follows from the seed, whoever watches and how fast the
// world is.
func TestSameSeedSameChanges(t *testing.T) {
	run := func(seed uint64, speed float64, watch func(*rig)) []string {
		r := newRig(t, WorldOptions{Hosts: 12, Seed: seed, Speed: speed}, Options{})
		watch(r)
		return changesOf(r.lines())
	}
	all := func(r *rig) { r.watch(60 * time.Second) }
	want := run(7, 2000, all)
	if len(want) < 20 {
		t.Fatalf("only %d changes in 60 s", len(want))
	}
	for name, got := range map[string][]string{
		"again": run(7, 2000, all),
		"at another speed": run(7, 1000, func(r *rig) {
			r.watch(120 * time.Second)
		}),
		"unwatched": run(7, 2000, func(r *rig) {
			for range 100 {
				r.pass(time.Second)
				r.world.Advance()
			}
		}),
		"watched in part and unevenly": run(7, 3000, func(r *rig) {
			for i := range 300 {
				r.get(portsPath(r.world.Hosts()[i*i%7]) + full)
				r.pass(340 * time.Millisecond)
			}
		}),
	} {
		n := min(len(got), len(want))
		if n < 20 {
			t.Errorf("%s: only %d changes", name, n)
		}
		if diff := cmp.Diff(want[:n], got[:n]); diff != "" {
			t.Errorf("%s: the changes differ:\n%s", name, diff)
		}
	}
	if other := run(8, 2000, all); slices.Equal(other[:10], want[:10]) {
		t.Error("another seed made the same changes")
	}
}

// The demo's flags show every kind of change within 30 s.
func TestEveryKindEarly(t *testing.T) {
	for _, seed := range []uint64{1, 77} {
		r := newRig(t, WorldOptions{Hosts: 50, Seed: seed, Speed: 2000}, Options{})
		r.watch(16 * time.Second)
		seen := make(map[string]int)
		for _, l := range r.lines() {
			switch {
			case l.Kind != "change":
			case l.Noise:
				seen["noise"]++
			case l.What == "service" && l.From != nil && l.To != nil:
				seen["upgrade"]++
			case l.What == "service" || l.What == "certificate":
				seen[fmt.Sprintf("%s%t%t", l.What, l.From != nil, l.To != nil)]++
			default:
				from, to := fmt.Sprint(l.From), fmt.Sprint(l.To)
				if l.What == "banner" {
					from, to = "", ""
				}
				seen[l.What+from+to]++
			}
		}
		for kind, least := range map[string]int{
			"listedfalsetrue": 2, "listedtruefalse": 1, "statusopenclosed": 2, "statusopenfiltered": 1, "statusclosedopen": 1,
			"upgrade": 1, "servicefalsetrue": 1, "servicetruefalse": 1, "banner": 1,
			"certificatetruetrue": 2, "certificatefalsetrue": 1, "certificatetruefalse": 1, "noise": 20,
		} {
			if seen[kind] < least {
				t.Errorf("seed %d: %d of %s within 16 s, want %d; all: %v", seed, seen[kind], kind, least, seen)
			}
		}
		if len(r.world.line.first) > 0 {
			t.Errorf("seed %d: %d kinds not shown yet", seed, len(r.world.line.first))
		}
	}
}

func TestStandsStill(t *testing.T) {
	r := newRig(t, WorldOptions{Hosts: 2, Seed: 1}, Options{})
	h := r.world.Hosts()[0]
	first := r.look(h)
	r.pass(100 * day)
	if diff := cmp.Diff(first, r.look(h), ignoreOrder); diff != "" {
		t.Errorf("a world of speed 0 moved: %s", diff)
	}
	for _, l := range r.lines() {
		if l.Kind == "change" {
			t.Errorf("a world of speed 0 changed: %+v", l)
		}
	}
}

var ignoreOrder = cmp.Transformer("sorted", func(p record) any {
	type plain record
	slices.SortFunc(p.Banners, func(a, b struct {
		Banner, ScanProtocol string
		FirstSeen            string `json:"firstSeenDateTime"`
		LastSeen             string `json:"lastSeenDateTime"`
	}) int {
		return strings.Compare(a.LastSeen+a.FirstSeen, b.LastSeen+b.FirstSeen)
	})
	slices.SortFunc(p.Services, func(a, b struct {
		FirstSeen string `json:"firstSeenDateTime"`
		LastSeen  string `json:"lastSeenDateTime"`
		IsRecent  bool
		Component struct{ ID, Name, Version, Category string }
	}) int {
		return strings.Compare(a.Component.ID, b.Component.ID)
	})
	return plain(p)
})

func TestHosts(t *testing.T) {
	w, err := NewWorld(WorldOptions{Hosts: 1200, Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[hostport.Host]bool)
	names, six, listed, open := 0, 0, 0, 0
	for i, name := range w.Hosts() {
		canonical, err := hostport.ParseHost(string(name))
		if err != nil || canonical != name || seen[name] {
			t.Errorf("host %d: %q is not canonical or not unique (%v)", i, name, err)
		}
		seen[name] = true
		if !name.IsAddr() {
			names++
		} else if strings.Contains(string(name), ":") {
			six++
		}
		listed += w.hosts[i].listed()
		open += w.hosts[i].openPorts()
	}
	for _, unknown := range Unknown() {
		if seen[unknown] {
			t.Errorf("%s is known", unknown)
		}
	}
	if names < 50 || six < 50 {
		t.Errorf("%d names and %d IPv6 addresses of 1200", names, six)
	}
	if mean := float64(listed) / 1200; mean < 5 || mean > 9 {
		t.Errorf("%g ports a host", mean)
	}
	if open*2 < listed || open == listed {
		t.Errorf("%d of %d ports are open", open, listed)
	}
	fixed, err := NewWorld(WorldOptions{Hosts: 2000, Seed: 9, PortsPerHost: 10})
	if err != nil {
		t.Fatal(err)
	}
	listed = 0
	for _, h := range fixed.hosts {
		listed += h.listed()
	}
	if mean := float64(listed) / 2000; math.Abs(mean-10) > 0.3 {
		t.Errorf("%g ports a host, asked for 10", mean)
	}
}

func TestWorldOptions(t *testing.T) {
	for _, o := range []WorldOptions{
		{}, {Hosts: -1}, {Hosts: maxHosts + 1}, {Hosts: 1, Speed: -1}, {Hosts: 1, Speed: math.NaN()}, {Hosts: 1, Speed: math.Inf(1)},
		{Hosts: 1, PortsPerHost: -1}, {Hosts: 1, PortsPerHost: 1001},
	} {
		if _, err := NewWorld(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

// Run moves a world nobody asks, and ends with its context.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		w, err := NewWorld(WorldOptions{Hosts: 5, Seed: 1, Speed: 2000, Truth: &out})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		if err := w.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n < 15 {
			t.Errorf("%d changes in a minute", n)
		}
	})
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestRunFailsWithTheTruth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := NewWorld(WorldOptions{Hosts: 5, Seed: 1, Speed: 2000, Truth: brokenWriter{}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Run(t.Context()); !errors.Is(err, errTruth) || !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("Run: %v", err)
		}
	})
}
