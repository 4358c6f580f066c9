package graphsim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseFault(t *testing.T) {
	for in, want := range map[string]Faults{
		"throttle": {Throttle: 0.1}, "loop=1": {Loop: 1}, "baddate=0": {BadDate: 0}, "error5xx=0.25": {Error5xx: 0.25},
	} {
		kind, rate, err := ParseFault(in)
		if diff := cmp.Diff(want, Faults{kind: rate}); err != nil || diff != "" {
			t.Errorf("ParseFault(%q): %v %s", in, err, diff)
		}
	}
	for _, in := range []string{"", "x", "throttle=", "throttle=x", "throttle=2", "throttle=-1", "throttle=NaN", "=1", "Throttle"} {
		if _, _, err := ParseFault(in); !errors.Is(err, ErrFault) {
			t.Errorf("ParseFault(%q): %v", in, err)
		}
	}
	if _, err := NewServer(nil, Options{Faults: Faults{"x": 1}}); !errors.Is(err, ErrFault) {
		t.Errorf("NewServer: %v", err)
	}
}

func (r *rig) put(body string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	r.server.ServeHTTP(answer, httptest.NewRequest(http.MethodPut, controlPath, strings.NewReader(body)))
	return answer
}

func TestControl(t *testing.T) {
	r := newRig(t, WorldOptions{}, Options{Faults: Faults{Slow: 0.5, Loop: 0}})
	if got := r.get(controlPath).Body.String(); got != `{"slow":0.5}` {
		t.Errorf("GET: %s", got)
	}
	for body, want := range map[string]string{
		`{"throttle":0.1}`: `{"throttle":0.1}`, `{"throttle":0}`: `{}`, `{}`: `{}`, `{"hide":1,"stale":0.5}`: `{"hide":1,"stale":0.5}`,
	} {
		if answer := r.put(body); answer.Code != 200 || answer.Body.String() != want || r.get(controlPath).Body.String() != want {
			t.Errorf("PUT %s: %d %s", body, answer.Code, answer.Body)
		}
	}
	before := r.put(`{"loop":0.5}`).Body.String()
	for _, body := range []string{`{"x":1}`, `{"throttle":2}`, `{"throttle":-0.1}`, `{"throttle":"1"}`, `[]`, ``, `{`, `{"throttle":1}` + strings.Repeat(" ", 1<<13)} {
		decode[graphError](t, r.put(body), 400)
		if now := r.get(controlPath).Body.String(); now != before {
			t.Errorf("PUT %.40s changed the faults to %s", body, now)
		}
	}
	answer := httptest.NewRecorder()
	r.server.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, controlPath, nil))
	if answer.Code != 405 || answer.Header().Get("Allow") != "GET, PUT" {
		t.Errorf("POST: %d %v", answer.Code, answer.Header())
	}
}

// A rate is kept, and the same seed strikes the same requests.
func TestRates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0, 1).Draw(t, "rate")
		seed := rapid.Uint64().Draw(t, "seed")
		strikes := func() []bool {
			box := &faultBox{seed: seed, draws: make(map[Fault]uint64)}
			box.set(Faults{Throttle: rate})
			var all []bool
			for range 500 {
				_, struck := box.draw()[Throttle]
				all = append(all, struck)
			}
			return all
		}
		first := strikes()
		n := 0
		for _, struck := range first {
			if struck {
				n++
			}
		}
		if math.Abs(float64(n)/500-rate) > 0.12 {
			t.Fatalf("%d of 500 at rate %g", n, rate)
		}
		if !slices.Equal(first, strikes()) {
			t.Fatal("another run was struck otherwise")
		}
	})
}

func TestThrottle(t *testing.T) {
	r := newRig(t, WorldOptions{Seed: 1}, Options{Faults: Faults{Throttle: 1}})
	seen := make(map[string]bool)
	for range 60 {
		answer := r.get(portsPath(r.world.Hosts()[0]))
		if body := decode[graphError](t, answer, 429); body.Error.Code != "TooManyRequests" {
			t.Errorf("%+v", body)
		}
		for _, name := range []string{"Retry-After", "retry-after"} {
			for _, value := range answer.Header()[name] {
				seen[name+" "+value] = true
			}
		}
		if answer.Header()["Retry-After"] == nil && answer.Header()["retry-after"] == nil {
			seen["missing"] = true
		}
	}
	want := map[string]bool{"Retry-After 1": true, "retry-after 1": true, "Retry-After 0.5": true, "missing": true}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
	for _, l := range r.lines() {
		if l.Complete || l.Status != 429 || l.Host == "" {
			t.Errorf("%+v", l)
		}
	}
}

func TestError5xx(t *testing.T) {
	r := newRig(t, WorldOptions{Seed: 1}, Options{Faults: Faults{Error5xx: 1}})
	seen := make(map[int]bool)
	for range 60 {
		answer := r.get(root + "sslCertificates/x")
		if !strings.Contains(answer.Body.String(), "<html>") || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%v %s", answer.Header(), answer.Body)
		}
		seen[answer.Code] = true
	}
	if diff := cmp.Diff(map[int]bool{500: true, 502: true, 503: true, 504: true}, seen); diff != "" {
		t.Error(diff)
	}
}

// A cut body is never a whole document, whichever length it is given.
func TestTruncate(t *testing.T) {
	r := newRig(t, WorldOptions{Seed: 1}, Options{Faults: Faults{Truncate: 1}})
	server := httptest.NewServer(r.server)
	defer server.Close()
	agreed, broken := 0, 0
	for _, encoding := range []string{"gzip", "identity"} {
		for range 30 {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+portsPath(r.world.Hosts()[0]), nil)
			if err != nil {
				t.Fatal(err)
			}
			if encoding == "identity" {
				request.Header.Set("Accept-Encoding", encoding)
			}
			answer, err := server.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if json.Valid(body) {
				t.Errorf("a whole body came: %s", body)
			}
			switch {
			case err == nil:
				agreed++
			case errors.Is(err, io.ErrUnexpectedEOF):
				broken++
			default:
				t.Error(err)
			}
		}
	}
	if agreed < 10 || broken < 10 {
		t.Errorf("%d lengths agreed, %d did not", agreed, broken)
	}
	for _, l := range r.lines() {
		if l.Complete {
			t.Errorf("%+v", l)
		}
	}
}

func TestSlow(t *testing.T) {
	r := newRig(t, WorldOptions{Seed: 1}, Options{Faults: Faults{Slow: 1}})
	var waited time.Duration
	r.server.pause = func(_ context.Context, d time.Duration) error { waited += d; return nil }
	decode[page](t, r.get(portsPath(r.world.Hosts()[0])), 200)
	if waited < 250*time.Millisecond || waited > 3*time.Second {
		t.Errorf("waited %v", waited)
	}
	r.server.pause = func(context.Context, time.Duration) error { return context.Canceled }
	r.get(portsPath(r.world.Hosts()[0]))
	if lines := r.lines(); !lines[0].Complete || lines[1].Complete {
		t.Errorf("%+v", lines)
	}
}

func TestLoop(t *testing.T) {
	r := newRig(t, WorldOptions{Seed: 1}, Options{Faults: Faults{Loop: 1}})
	circles := make(map[int]bool)
	for range 20 {
		seen := make(map[string]int)
		next := portsPath(r.world.Hosts()[0]) + full
		for i := 0; seen[next] == 0; i++ {
			seen[next] = i + 1
			if next = decode[page](t, r.get(next), 200).Next; next == "" {
				t.Fatal("the chain ended")
			}
		}
		circles[len(seen)+1-seen[next]] = true
	}
	if diff := cmp.Diff(map[int]bool{1: true, 2: true}, circles); diff != "" {
		t.Errorf("circles of another length: %s", diff)
	}
	for _, l := range r.lines() {
		if l.Complete {
			t.Errorf("%+v", l)
		}
	}
}

func TestShift(t *testing.T) {
	r := newRig(t, WorldOptions{Seed: 1}, Options{Faults: Faults{Shift: 1}})
	h := r.world.Hosts()[0]
	lost, repeated := 0, 0
	for range 40 {
		keys, n, count := make(map[string]bool), 0, 0
		for next := portsPath(h) + full; next != ""; {
			p := decode[page](t, r.get(next), 200)
			for _, record := range p.Value {
				keys[record.key()] = true
				n++
			}
			next, count = p.Next, *p.Count
		}
		switch {
		case count != r.world.hosts[0].listed():
			t.Errorf("count %d", count)
		case len(keys) == count-1 && n == count-1:
			lost++
		case len(keys) == count && n == count+1:
			repeated++
		default:
			t.Errorf("%d items, %d distinct, count %d", n, len(keys), count)
		}
	}
	if lost == 0 || repeated == 0 {
		t.Errorf("%d lost, %d repeated", lost, repeated)
	}
}

// A hidden port was shown before, counts agree without it, and its own read
// finds it.
func TestHide(t *testing.T) {
	r := newRig(t, WorldOptions{Seed: 1}, Options{Faults: Faults{Hide: 1}})
	h := r.world.Hosts()[0]
	whole := r.look(h)
	if len(whole) != r.world.hosts[0].listed() {
		t.Fatal("a port was hidden from the first look")
	}
	often := make(map[string]int)
	for range 40 {
		p := decode[page](t, r.get(portsPath(h)+full), 200)
		if len(p.Value) != len(whole)-1 || *p.Count != len(whole)-1 || p.Next != "" {
			t.Fatalf("%d of %d ports, count %d", len(p.Value), len(whole), *p.Count)
		}
		left := make(map[string]bool)
		for key := range whole {
			left[key] = true
		}
		for _, record := range p.Value {
			delete(left, record.key())
		}
		for key := range left {
			often[key]++
			decode[record](t, r.get(root+"hostPorts/"+url.PathEscape(whole[key].ID)), 200)
		}
	}
	if len(often) != 2 {
		t.Errorf("hidden: %v", often)
	}
	for i, l := range r.lines() {
		if list := strings.HasSuffix(l.Path, "/ports"); l.Complete != (i == 0 || !list) {
			t.Errorf("%+v", l)
		}
	}
}

// A hidden port can always be read by its id: tcp and udp of one number share it,
// so of the two only the one that is read is ever hidden.
func TestHideOnlyWhatCanBeRead(t *testing.T) {
	r := newRig(t, WorldOptions{Seed: 1, Hosts: 200}, Options{Faults: Faults{Hide: 1}})
	shared := 0
	for _, h := range r.world.Hosts() {
		whole := r.look(h)
		ids := make(map[string]int)
		for _, p := range whole {
			if ids[p.ID]++; ids[p.ID] > 1 {
				shared++
			}
		}
		for range 8 {
			shown := r.look(h)
			for key, p := range whole {
				if _, ok := shown[key]; ok {
					continue
				}
				if read := decode[record](t, r.get(root+"hostPorts/"+url.PathEscape(p.ID)), 200); read.key() != key {
					t.Fatalf("%s: %s is hidden, and its id reads %s", h, key, read.key())
				}
			}
		}
	}
	if shared == 0 {
		t.Error("no two ports share an id: nothing was shown")
	}
}

func TestStale(t *testing.T) {
	r := newRig(t, WorldOptions{Seed: 1, Speed: 2000}, Options{Faults: Faults{Stale: 1}})
	h := r.world.Hosts()[0]
	newest := make(map[string]string)
	older := 0
	for range 60 {
		ports := r.look(h)
		r.world.Advance() // what the look allowed happens now, not between two reads
		for key, p := range ports {
			at := instant(t, p.LastScan)
			if at < newest[key] {
				older++
			}
			newest[key] = max(newest[key], at)
			if !r.world.hosts[0].ports[slices.IndexFunc(r.world.hosts[0].ports, func(q *port) bool { return q.key.String() == key })].listed {
				continue // an older replica still lists it
			}
			decode[record](t, r.get(root+"hostPorts/"+url.PathEscape(p.ID)), 200)
		}
		r.pass(2 * time.Second)
		r.put(`{"stale":0.5}`)
	}
	if older == 0 {
		t.Error("no answer was older than one before")
	}
	r.put(`{}`)
	r.look(h)
	if r.world.hosts[0].replicas != nil {
		t.Error("states are kept though nothing is stale")
	}
}

// Impossible dates cost fields; the evidence of a record and what is current
// in it stay readable.
func TestBadDate(t *testing.T) {
	r := newRig(t, WorldOptions{Hosts: 20, Seed: 1}, Options{Faults: Faults{BadDate: 1}})
	readable := func(s string) bool { _, err := time.Parse(time.RFC3339Nano, s); return err == nil }
	bad := make(map[string]int)
	for _, h := range r.world.Hosts() {
		for _, p := range r.look(h) {
			for name, date := range map[string]string{"first": p.FirstSeen, "seen": p.LastSeen, "scan": p.LastScan} {
				if date != "" && !readable(date) {
					bad[name]++
				}
			}
			if !readable(p.LastScan) && !readable(p.LastSeen) {
				t.Errorf("%s %s has no evidence", h, p.key())
			}
			for _, s := range p.Services {
				if !readable(s.LastSeen) {
					bad["service"]++
					if s.IsRecent {
						t.Errorf("%s %s: a current service lost its date", h, p.key())
					}
				}
			}
		}
	}
	for _, name := range []string{"first", "seen", "scan", "service"} {
		if bad[name] == 0 {
			t.Errorf("no bad date of %s: %v", name, bad)
		}
	}
}

// Faults leave the world alone: with and without them it makes the same changes.
func TestFaultsChangeNothing(t *testing.T) {
	run := func(f Faults) []string {
		r := newRig(t, WorldOptions{Hosts: 4, Seed: 9, Speed: 20_000}, Options{Faults: f})
		r.server.pause = func(context.Context, time.Duration) error { return nil }
		r.watch(60 * time.Second)
		return changesOf(r.lines())
	}
	want := run(nil)
	for _, kind := range faultKinds {
		got := run(Faults{kind: 0.3})
		n := min(len(got), len(want))
		if diff := cmp.Diff(want[:n], got[:n]); n < 12 || diff != "" {
			t.Errorf("%s: %d changes, %s", kind, n, diff)
		}
	}
}
