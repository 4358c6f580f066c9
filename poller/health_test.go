package poller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/internal/hostport"
)

// act is some looks in a row, one every `every`, over the given number of hosts.
type act struct {
	looks int
	every time.Duration
	class hostport.Class // "" for success
	hosts int
}

func TestHealth(t *testing.T) {
	const (
		ms  = time.Millisecond
		sec = time.Second
	)
	ok := hostport.Class("")
	for _, test := range []struct {
		name    string
		watched int
		acts    []act
		want    []string // "+kind@seconds" degraded, "-kind@seconds" recovered
	}{
		{"all well", 50, []act{{100, sec, ok, 50}}, nil},
		{"refused on three hosts", 50, []act{{5, sec, ok, 5}, {3, sec, hostport.Unauthorized, 3}}, []string{"+unauthorized@7"}},
		{"forbidden on three hosts", 50, []act{{3, sec, hostport.Forbidden, 3}}, []string{"+forbidden@2"}},
		{"misconfigured, one host watched", 1, []act{{3, sec, hostport.Misconfigured, 1}}, []string{"+misconfigured@2"}},
		{"one bad host among many", 50, []act{{2000, sec, hostport.Forbidden, 1}}, nil},
		{"two bad hosts among many", 50, []act{{2000, sec, hostport.Unavailable, 2}}, nil},
		{"a success between", 50, []act{
			{2, sec, hostport.Unauthorized, 3}, {1, sec, ok, 1}, {2, sec, hostport.Unauthorized, 3}, {1, sec, ok, 1},
		}, nil},
		{"ten in a row", 50, []act{{9, ms, hostport.Unavailable, 9}, {1, ms, ok, 1}, {10, ms, hostport.Unavailable, 10}},
			[]string{"+unavailable@0"}},
		{"nine in a row", 50, []act{{9, ms, hostport.Unavailable, 9}, {1, ms, ok, 1}}, nil},
		{"nothing for 30 s", 50, []act{{4, 10 * sec, hostport.Throttled, 4}}, []string{"+throttled@30"}},
		{"slow and of two kinds", 50, []act{
			{3, 8 * sec, hostport.Throttled, 3}, {3, 8 * sec, hostport.Unavailable, 3},
		}, []string{"+unavailable@40"}},
		{"most of a minute", 50, []act{
			{1, sec, ok, 1}, {3, sec, hostport.Unreadable, 3}, {1, sec, ok, 1}, {3, sec, hostport.Unreadable, 3}, {1, sec, ok, 1}, {3, sec, hostport.Unreadable, 3},
		}, []string{"+malformed@9"}},
		{"most of more than a minute", 50, []act{
			{3, sec, hostport.Unreadable, 3}, {1, sec, ok, 1}, {3, sec, hostport.Unreadable, 3}, {1, 58 * sec, ok, 1}, {3, ms, hostport.Unreadable, 3},
		}, nil},
		{"half of a minute", 50, slices.Repeat([]act{{1, sec, ok, 1}, {1, sec, hostport.Throttled, 3}}, 40), nil},
		{"an unknown kind", 3, []act{{10, sec, hostport.Class("surprise"), 3}}, []string{"+unavailable@9"}},
		{"recovery of a busy fleet", 50, []act{{10, sec, hostport.Throttled, 10}, {60, sec, ok, 10}},
			[]string{"+throttled@9", "-throttled@19"}},
		{"ten successes are not enough at once", 50, []act{{10, sec, hostport.Throttled, 10}, {30, ms, ok, 10}, {1, 5 * sec, ok, 1}},
			[]string{"+throttled@9"}},
		{"recovery of a quiet fleet", 3, []act{{10, sec, hostport.Unavailable, 3}, {1, sec, ok, 1}, {1, 100 * sec, ok, 0}},
			[]string{"+unavailable@9", "-unavailable@39"}},
		{"no success, no recovery", 3, []act{{10, sec, hostport.Unavailable, 3}, {1, 1000 * sec, ok, 0}}, []string{"+unavailable@9"}},
		{"one failure puts recovery off", 50, []act{
			{10, sec, hostport.Throttled, 10}, {9, sec, ok, 9}, {1, sec, hostport.Throttled, 1}, {30, sec, ok, 9},
		}, []string{"+throttled@9", "-throttled@29"}},
		{"two kinds", 50, []act{{10, sec, hostport.Unavailable, 10}, {3, sec, hostport.Unauthorized, 3}, {40, sec, ok, 10}},
			[]string{"+unavailable@9", "+unauthorized@12", "-unauthorized@22", "-unavailable@22"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &health{watched: test.watched}
				start := time.Now()
				var got []string
				note := func(changes []SourceChange) {
					for _, c := range changes {
						sign := map[bool]string{false: "+", true: "-"}[c.Recovered]
						got = append(got, fmt.Sprintf("%s%s@%d", sign, c.Kind, int(c.At.Sub(start).Seconds())))
					}
				}
				failed := 0
				for _, a := range test.acts {
					for range a.looks {
						switch {
						case a.hosts == 0: // time passes
						case a.class == ok:
							note(h.succeeded(time.Now()))
						default:
							note(h.failed(time.Now(), hostport.Host(fmt.Sprint("h", failed%a.hosts)), &hostport.LookError{Class: a.class}))
							failed++
						}
						for end := time.Now().Add(a.every); time.Now().Before(end); {
							time.Sleep(min(time.Until(end), intakeEvery))
							note(h.tick(time.Now()))
						}
					}
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
				ready, why := h.ready()
				degraded := 0
				for _, change := range got {
					if change[0] == '+' {
						degraded++
					} else {
						degraded--
					}
				}
				if ready != (degraded == 0) || ready != (why == "") {
					t.Errorf("ready %v (%q) after %v", ready, why, got)
				}
			})
		})
	}
}

// One look is enough where the source itself says that none will succeed.
func TestHealthLongThrottle(t *testing.T) {
	for wait, want := range map[time.Duration]int{29 * time.Second: 0, 30 * time.Second: 1, time.Hour: 1} {
		h := &health{watched: 50}
		if got := h.failed(epoch, "h", &hostport.LookError{Class: hostport.Throttled, RetryAfter: wait}); len(got) != want {
			t.Errorf("told to wait %s: %v", wait, got)
		}
		if got := h.failed(epoch, "h", &hostport.LookError{Class: hostport.Throttled, RetryAfter: wait}); len(got) != 0 {
			t.Errorf("told to wait %s again: %v", wait, got)
		}
	}
	h := &health{watched: 50}
	if got := h.failed(epoch, "h", &hostport.LookError{Class: hostport.Unavailable, RetryAfter: time.Hour}); len(got) != 0 {
		t.Errorf("unavailable: %v", got)
	}
}

func TestHealthTellsWhatItKnows(t *testing.T) {
	h := &health{watched: 50}
	now := epoch
	var degraded []SourceChange
	for i := range 10 {
		failure := &hostport.LookError{Class: hostport.Throttled, Status: 429, RetryAfter: 2 * time.Second}
		degraded = append(degraded, h.failed(now, hostNames(10)[i], failure)...)
		now = now.Add(time.Second)
	}
	want := []SourceChange{{
		At: epoch.Add(9 * time.Second), Kind: hostport.Throttled, Since: epoch, Status: 429, RetryAfter: 2 * time.Second, Failed: 10,
	}}
	if diff := cmp.Diff(want, degraded); diff != "" {
		t.Error(diff)
	}
	if ready, why := h.ready(); ready || !strings.Contains(why, "throttled since 2026-11-23T15:00:00Z") {
		t.Errorf("ready %v: %q", ready, why)
	}
	now = now.Add(2 * time.Minute)
	h.failed(now, "h", &hostport.LookError{Class: hostport.Throttled})
	h.succeeded(now.Add(time.Second))
	want = []SourceChange{{At: now.Add(time.Minute), Recovered: true, Kind: hostport.Throttled, Since: epoch, Failed: 11}}
	if diff := cmp.Diff(want, h.tick(now.Add(time.Minute))); diff != "" {
		t.Error(diff)
	}
	if ready, why := h.ready(); !ready {
		t.Errorf("not ready: %q", why)
	}
}

// Whatever a source does, the events of a kind alternate, and between a
// degradation and its recovery lie 10 s: no storm.
func TestHealthDoesNotFlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &health{watched: rapid.IntRange(1, 100).Draw(t, "watched")}
		last := map[hostport.Class]SourceChange{}
		now := epoch
		for range rapid.IntRange(1, 400).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "pause")))
			var changes []SourceChange
			if kind := rapid.IntRange(-2, len(kinds)-1).Draw(t, "kind"); kind < 0 {
				changes = h.succeeded(now)
			} else {
				host := hostport.Host(fmt.Sprint("h", rapid.IntRange(0, h.watched-1).Draw(t, "host")))
				changes = h.failed(now, host, &hostport.LookError{Class: kinds[kind]})
			}
			for _, c := range changes {
				before, known := last[c.Kind]
				if c.Recovered != (known && !before.Recovered) {
					t.Fatalf("%v after %v", c, before)
				}
				if c.Recovered && (c.At.Sub(before.At) < recoveredAfter || !c.Since.Equal(before.Since)) {
					t.Fatalf("%v too soon after %v, or since another time", c, before)
				}
				last[c.Kind] = c
			}
		}
	})
}
