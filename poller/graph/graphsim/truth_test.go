package graphsim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Between two changes of one port of a watched host lie two complete looks at
// least, each with newer evidence.
func TestSpacing(t *testing.T) {
	r := newRig(t, WorldOptions{Hosts: 3, Seed: 5, Speed: 20_000}, Options{Faults: Faults{Truncate: 0.1, Throttle: 0.1}})
	hosts := r.world.Hosts()
	for range 800 {
		for _, h := range hosts {
			r.get(portsPath(h) + full)
		}
		r.pass(200 * time.Millisecond)
	}
	type moment struct {
		at    time.Time
		looks int
	}
	last := make(map[string]*moment)
	looks := make(map[string]int)
	changes := 0
	for _, l := range r.lines() {
		if l.Kind == "answer" {
			if l.Complete && l.Status == 200 {
				looks[l.Host]++
			}
			continue
		}
		if l.Noise {
			continue
		}
		before := last[l.portKey]
		if before != nil && l.at.Equal(before.at) {
			continue // the second line of an upgrade
		}
		changes++
		if looks[l.Host] < baselineLooks {
			t.Fatalf("change before the baseline: %+v", l)
		}
		if before != nil && looks[l.Host]-before.looks < settledLooks {
			t.Fatalf("%d looks between %v and %+v", looks[l.Host]-before.looks, before.at, l)
		}
		last[l.portKey] = &moment{l.at, looks[l.Host]}
	}
	if changes < 50 {
		t.Fatalf("only %d changes", changes)
	}
}

// What the truth says of a change is what the next look shows, with evidence
// that rose; and nothing else but observation and noise moves.
func TestTruthIsWhatAnswersShow(t *testing.T) {
	r := newRig(t, WorldOptions{Hosts: 12, Seed: 11, Speed: 4000}, Options{PageSize: 4})
	seen := make(map[hostport.Host]map[string]facets)
	checked := make(map[string]int)
	told := make(map[string][]line)
	for range 150 {
		for _, h := range r.world.Hosts() {
			r.world.Advance() // nothing is due any more while the pages are read
			for _, l := range r.lines() {
				if l.Kind == "change" && !l.Noise {
					told[l.portKey] = append(told[l.portKey], l)
				}
			}
			shown := make(map[string]facets)
			for key, p := range r.look(h) {
				shown[string(h)+" "+key] = facetsOf(t, p)
			}
			if before, again := seen[h]; again {
				for key := range unite(before, shown) {
					old, was := before[key]
					now, is := shown[key]
					checkFacets(t, key, old, now, was, is, told[key])
					for _, l := range told[key] {
						checked[l.What]++
					}
				}
			}
			for key := range unite(seen[h], shown) {
				delete(told, key)
			}
			seen[h] = shown
		}
		r.pass(2 * time.Second)
	}
	for _, what := range []string{"status", "listed", "service", "banner", "certificate"} {
		if checked[what] < 5 {
			t.Errorf("only %d changes of %s were checked", checked[what], what)
		}
	}
}

type facets struct {
	status, banner, certificate, scan string
	services                          []string
}

func facetsOf(t *testing.T, p record) facets {
	f := facets{status: p.Status, scan: p.LastScan}
	if p.Certificate != nil {
		f.certificate = p.Certificate.SHA1
	}
	for _, s := range p.Services {
		if s.IsRecent {
			f.services = append(f.services, s.Component.Category+" "+s.Component.Name+" "+s.Component.Version)
		}
	}
	slices.Sort(f.services)
	newest := ""
	for _, b := range p.Banners {
		if at := instant(t, b.LastSeen); at >= newest {
			newest, f.banner = at, b.Banner
		}
	}
	return f
}

// instant pads a date so that strings compare as times.
func instant(t *testing.T, s string) string {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.Format("2006-01-02T15:04:05.000")
}

func unite(a, b map[string]facets) map[string]bool {
	keys := make(map[string]bool)
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	return keys
}

func checkFacets(t *testing.T, key string, before, after facets, was, is bool, told []line) {
	t.Helper()
	find := func(what string) *line {
		for i := range told {
			if told[i].What == what {
				return &told[i]
			}
		}
		return nil
	}
	if listed := find("listed"); was != is {
		if listed == nil || listed.From != was || listed.To != is || len(told) != 1 {
			t.Errorf("%s: listed %v, then %v, told %+v", key, was, is, told)
		}
		return
	}
	if len(told) > 0 && instant(t, after.scan) <= instant(t, before.scan) {
		t.Errorf("%s changed without newer evidence: %s, %s", key, before.scan, after.scan)
	}
	if l := find("status"); (l != nil) != (before.status != after.status) || l != nil && (l.From != before.status || l.To != after.status) {
		t.Errorf("%s: status %s, then %s, told %+v", key, before.status, after.status, told)
	}
	if before.status == "open" && after.status == "open" {
		if l := find("certificate"); (l != nil) != (before.certificate != after.certificate) {
			t.Errorf("%s: certificate %s, then %s, told %+v", key, before.certificate, after.certificate, told)
		}
		if l := find("service"); (l != nil) != !slices.Equal(before.services, after.services) {
			t.Errorf("%s: services %v, then %v, told %+v", key, before.services, after.services, told)
		}
		if l := find("banner"); l != nil && l.To != after.banner || (l != nil) != (still(before.banner) != still(after.banner)) {
			t.Errorf("%s: banner %q, then %q, told %+v", key, before.banner, after.banner, told)
		}
	}
}

// still masks the volatile bytes of our own banners, as much as any canonical
// form of HTTP heads and line greetings does.
func still(banner string) string {
	var kept []string
	for text := range strings.SplitSeq(banner, "\r\n") {
		name, value, _ := strings.Cut(text, ":")
		switch name {
		case "Date", "ETag", "Last-Modified", "Expires", "X-Request-Id":
			value = ""
		case "Set-Cookie":
			_, value, _ = strings.Cut(value, ";")
		}
		if strings.HasPrefix(text, "220 ") {
			if i := strings.LastIndex(text, ", "); i > 0 {
				name, value = text[:i-4], ""
			}
		}
		kept = append(kept, name+":"+value)
	}
	return strings.Join(kept, "\n")
}

// A banner or version never returns, nor does a certificate: what returns is
// held back by the rules of evidence, and the truth knows no such thing.
func TestNothingReturns(t *testing.T) {
	r := newRig(t, WorldOptions{Hosts: 3, Seed: 3, Speed: 20_000}, Options{})
	r.watch(200 * time.Second)
	seen := make(map[string]bool)
	changes := 0
	for _, l := range r.lines() {
		if l.Kind != "change" || l.Noise || l.To == nil || l.What == "status" || l.What == "listed" {
			continue
		}
		if s, ok := l.To.(map[string]any); ok && l.From == nil && s["name"] != nil {
			continue // a component may be added again
		}
		to := l.To
		if text, ok := to.(string); ok && l.What == "banner" {
			to = still(text)
		}
		key := fmt.Sprint(l.portKey, l.What, to)
		if seen[key] {
			t.Errorf("returned: %s", key)
		}
		seen[key] = true
		changes++
	}
	if changes < 50 {
		t.Fatalf("only %d changes", changes)
	}
}

// The world waits for a host somebody has looked at, though not for ever; and
// not long for one that nobody ever asked for.
func TestPatience(t *testing.T) {
	changed := func(r *rig) int { r.world.Advance(); return len(changesOf(r.lines())) }
	r := newRig(t, WorldOptions{Hosts: 1, Seed: 1, Speed: 20_000}, Options{})
	for range 29 {
		if n := changed(r); n > 0 {
			t.Fatalf("%d changes before anybody could look", n)
		}
		r.pass(time.Second)
	}
	r.pass(time.Second)
	if changed(r) == 0 {
		t.Error("a host nobody asks for is waited for")
	}

	r = newRig(t, WorldOptions{Hosts: 1, Seed: 1, Speed: 20_000}, Options{})
	r.look(r.world.Hosts()[0])
	for range 119 {
		r.pass(time.Second)
		if n := changed(r); n > 0 {
			t.Fatalf("%d changes after one look", n)
		}
	}
	r.pass(time.Second)
	if changed(r) == 0 {
		t.Error("a host nobody asks for any more is waited for")
	}
}
