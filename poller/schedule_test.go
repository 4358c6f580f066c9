package poller

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

var epoch = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)

func hostNames(n int) []hostport.Host {
	hosts := make([]hostport.Host, n)
	for i := range hosts {
		hosts[i] = hostport.Host(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
	}
	return hosts
}

func newTestSchedule(t testing.TB, tiers ...Tier) *schedule {
	t.Helper()
	s, err := newSchedule(tiers, epoch)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewScheduleRefuses(t *testing.T) {
	for want, tiers := range map[string][]Tier{
		"the watch list is empty":  {{Name: "default", MaxAge: time.Hour}},
		"is not greater than 0":    {{Name: "default", Hosts: hostNames(1)}},
		"10.0.0.1 is in the watch": {{"a", time.Hour, hostNames(2)}, {"b", time.Hour, hostNames(3)[1:]}},
	} {
		if _, err := newSchedule(tiers, epoch); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// The first round takes every host once, in the order of the hash, before any
// host comes again.
func TestFirstRound(t *testing.T) {
	const n = 1000
	s := newTestSchedule(t, Tier{"default", time.Second, hostNames(n)})
	var last uint64
	for i := range n {
		now := time.Duration(i) * 2 * time.Millisecond // twice too slow for the max-age
		e := s.next(now)
		if e.state != unlooked || e.hash < last || e.good.Load() != 0 {
			t.Fatalf("look %d: host %s again or out of order", i, e.host)
		}
		last = e.hash
		s.looked(e, now, now)
	}
	if e := s.next(2 * time.Second); e == nil || e.good.Load() == 0 {
		t.Fatal("no second round")
	}
}

// Looks are spread evenly over the interval, also for neighbouring addresses.
func TestSpread(t *testing.T) {
	const n, bins = 20_000, 100
	s := newTestSchedule(t, Tier{"default", 24 * time.Hour, hostNames(n)})
	whole := time.Duration(lookAhead * float64(24*time.Hour))
	var counts [bins]float64
	for i := range s.entries {
		e := &s.entries[i]
		// From a start right on its phase the interval is whole, so that the phase shows.
		phase := s.interval(e, 0) // at least half an interval
		phase += s.interval(e, phase)
		if next := s.interval(e, phase); next < whole-1 {
			t.Fatalf("host %s: interval %s in the steady state, want %s", e.host, next, whole)
		}
		counts[int(float64(phase%whole)/float64(whole)*bins)]++
	}
	chi := 0.0
	for _, c := range counts {
		chi += (c - n/bins) * (c - n/bins) / (n / bins)
	}
	// Chi-square with 99 degrees of freedom lies below 149 with p = 0.999; the hash
	// is fixed, so the test passes or fails for good.
	if chi > 149 {
		t.Errorf("chi-square %.0f over %d bins: looks come in lumps", chi, bins)
	}
}

func TestSpreadIsStable(t *testing.T) {
	tier := Tier{"default", time.Hour, hostNames(50)}
	before := newTestSchedule(t, tier)
	tier.Hosts = slices.Clone(tier.Hosts)
	slices.Reverse(tier.Hosts)
	restarted, err := newSchedule([]Tier{tier}, epoch.Add(1234567*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	dues := func(s *schedule) map[hostport.Host]int64 {
		at := map[hostport.Host]int64{}
		for i := range s.entries {
			start := time.Duration(0)
			for range 3 {
				start += s.interval(&s.entries[i], start)
			}
			whole := int64(lookAhead * float64(time.Hour))
			at[s.entries[i].host] = (s.epoch.UnixNano() + int64(start)) % whole
		}
		return at
	}
	a, b := dues(before), dues(restarted)
	for host, phase := range a {
		if math.Abs(float64(phase-b[host])) > 2 {
			t.Errorf("host %s: phase %d, after a restart %d", host, phase, b[host])
		}
	}
}

func TestIntervalBounds(t *testing.T) {
	for _, maxAge := range []time.Duration{1, 3, time.Millisecond, 2 * time.Second, 24 * time.Hour, 365 * 24 * time.Hour} {
		s := newTestSchedule(t, Tier{"default", maxAge, hostNames(200)})
		for i := range s.entries {
			for start := range 20 {
				got := s.interval(&s.entries[i], time.Duration(start)*maxAge/7)
				if got < 1 || got > maxAge || got < maxAge*48/100 {
					t.Fatalf("max-age %s: interval %s", maxAge, got)
				}
			}
		}
	}
}

// With a budget that carries the fleet no host is older than its max-age, though
// nothing but the budget holds looks back.
func TestMaxAgeIsKept(t *testing.T) {
	const n = 2000
	for _, load := range []float64{0.1, 0.5, 0.9} {
		tiers := []Tier{{"daily", 24 * time.Hour, hostNames(n)[:n/2]}, {"hourly", time.Hour, hostNames(n)[n/2:]}}
		need := n/2/(24*time.Hour).Seconds() + n/2/time.Hour.Seconds()
		gap := time.Duration(load / need * float64(time.Second))
		s := newTestSchedule(t, tiers...)
		last := map[*entry]time.Duration{}
		worst := map[time.Duration]float64{}
		looks := 0
		for now := time.Duration(0); now < 96*time.Hour; now += gap {
			e := s.next(now)
			if e == nil {
				continue
			}
			looks++
			if at, ok := last[e]; ok {
				worst[e.maxAge] = max(worst[e.maxAge], float64(now-at)/float64(e.maxAge))
			}
			last[e] = now
			s.looked(e, now, now)
		}
		if len(last) != n {
			t.Errorf("load %v: only %d hosts looked at", load, len(last))
		}
		for maxAge, share := range worst {
			if share > 1 {
				t.Errorf("load %v: a host was %.3f of its max-age %s old", load, share, maxAge)
			}
		}
		// The way to the steady spread costs less than one further round.
		if most := need*96*3600 + 2*n; float64(looks) > most {
			t.Errorf("load %v: %d looks, expected at most %.0f", load, looks, most)
		}
	}
}

func TestLoadIsEven(t *testing.T) {
	const n = 20_000
	s := newTestSchedule(t, Tier{"default", time.Hour, hostNames(n)})
	gap := time.Duration(0.3 * float64(time.Hour) / n) // the first round comes in a third of the interval
	var minutes [8 * 60]int
	for now := time.Duration(0); now < 8*time.Hour; now += gap {
		if e := s.next(now); e != nil {
			minutes[now/time.Minute]++
			s.looked(e, now, now)
		}
	}
	mean := n / (lookAhead * 60)
	for m, looks := range minutes[4*60:] {
		if math.Abs(float64(looks)-mean) > 6*math.Sqrt(mean) {
			t.Errorf("minute %d: %d looks, mean is %.0f", m, looks, mean)
		}
	}
}

func TestEarliestDeadlineFirst(t *testing.T) {
	hosts := hostNames(2)
	s := newTestSchedule(t, Tier{"daily", 24 * time.Hour, hosts[:1]}, Tier{"hourly", time.Hour, hosts[1:]})
	daily, hourly := s.next(0), s.next(0)
	if daily.host != hosts[0] {
		daily, hourly = hourly, daily
	}
	s.put(daily, 10*time.Hour, 10*time.Hour+29*time.Minute)
	s.put(hourly, 10*time.Hour+5*time.Minute, 10*time.Hour+6*time.Minute)
	if got := s.next(10*time.Hour + 5*time.Minute); got != hourly {
		t.Errorf("%s came first, though its deadline is later", got.host)
	}
	if got := s.next(10 * time.Hour); got != daily {
		t.Error("the other did not follow")
	}
	if _, ok := s.wait(0); ok || s.next(100*time.Hour) != nil {
		t.Error("a picked host was picked again")
	}
}

func TestBackOff(t *testing.T) {
	for _, test := range []struct {
		failures int
		limit    time.Duration
		want     time.Duration
	}{
		{1, time.Hour, time.Second},
		{2, time.Hour, 2 * time.Second},
		{6, time.Hour, 32 * time.Second},
		{12, time.Hour, 2048 * time.Second},
		{13, time.Hour, time.Hour},
		{1 << 30, time.Hour, time.Hour},
		{1 << 30, math.MaxInt64 / 2, math.MaxInt64 / 2},
		{1, 100 * time.Millisecond, 100 * time.Millisecond},
		{1, 0, 1},
	} {
		if got := backOff(test.failures, test.limit); got != test.want {
			t.Errorf("backOff(%d, %s) = %s, want %s", test.failures, test.limit, got, test.want)
		}
	}
	for _, d := range []time.Duration{1, 2, 3, time.Second} {
		seen := map[time.Duration]bool{}
		for range 1000 {
			got := jitter(d)
			if got < d/2 || got > d {
				t.Fatalf("jitter(%s) = %s", d, got)
			}
			seen[got] = true
		}
		if d == time.Second && len(seen) < 900 {
			t.Errorf("jitter(%s) gave %d values of 1000", d, len(seen))
		}
	}
}

func TestFailedHostIsRetried(t *testing.T) {
	const maxAge = 10 * time.Hour
	s := newTestSchedule(t, Tier{"default", maxAge, hostNames(1)})
	e := s.next(0)
	s.looked(e, 0, 0)
	deadline := time.Duration(maxAge + 1) // the last snapshot came at 1
	now := e.due
	tries := 0
	for ; now < deadline; now = e.due {
		if s.next(now) != e {
			t.Fatal("not due when it said")
		}
		e.fail(now)
		s.failed(e, now, 0)
		if e.due > deadline {
			t.Fatalf("retry %d is due at %s, after the deadline %s", tries, e.due, deadline)
		}
		tries++
	}
	if tries < 8 {
		t.Errorf("%d tries before the deadline, expected some more", tries)
	}
	if now != deadline {
		t.Errorf("no look at the deadline %s, but at %s", deadline, now)
	}
	for range 10 {
		e = s.next(now)
		e.fail(now)
		s.failed(e, now, 0)
		if e.due-now > maxAge/2 || e.due-now < min(backOff(e.failures, maxAge/2)/2, maxAge/4) {
			t.Errorf("failure %d: back-off %s", e.failures, e.due-now)
		}
		// Hosts that fail for good come after those that are only late.
		if e.deadline <= e.due {
			t.Errorf("failure %d: deadline %s, due %s", e.failures, e.deadline, e.due)
		}
		now = e.due
	}
	if e.since < lookAheadOf(maxAge)/2 || e.since > maxAge {
		t.Errorf("failing since %s", e.since)
	}
	s.next(now)
	e.fail(now)
	if s.failed(e, now, 7*time.Hour); e.due < now+7*time.Hour {
		t.Error("looked at before the source said")
	}
	now = e.due
	s.next(now)
	if s.looked(e, now, now); e.failures != 0 || e.deadline != now+maxAge {
		t.Errorf("after a success: %d failures, deadline %s", e.failures, e.deadline)
	}
}

func lookAheadOf(maxAge time.Duration) time.Duration {
	return time.Duration(lookAhead * float64(maxAge))
}

// Hosts that fail for good do not push back those that answer (P12).
func TestFailingHostsDoNotStarveOthers(t *testing.T) {
	const n, maxAge = 400, time.Hour
	s := newTestSchedule(t, Tier{"default", maxAge, hostNames(n)})
	gap := time.Duration(0.9 * float64(maxAge) / n) // just enough if all answered
	bad := func(e *entry) bool { return e.hash%2 == 0 }
	last := map[*entry]time.Duration{}
	var worst time.Duration
	for now := time.Duration(0); now < 20*time.Hour; now += gap {
		e := s.next(now)
		if e == nil {
			continue
		}
		if bad(e) {
			e.fail(now)
			s.failed(e, now, 0)
			continue
		}
		if at, ok := last[e]; ok {
			worst = max(worst, now-at)
		}
		last[e] = now
		s.looked(e, now, now)
	}
	if worst > maxAge*11/10 {
		t.Errorf("a host that answers was left for %s", worst)
	}
}

func TestHeldHost(t *testing.T) {
	s := newTestSchedule(t, Tier{"default", 24 * time.Hour, hostNames(1)})
	e := s.next(0)
	e.fail(0)
	s.held(e, time.Second)
	if e.failures != 0 || e.due < time.Second+heldRetry/2 || e.due > time.Second+heldRetry {
		t.Errorf("held host: %d failures, due %s", e.failures, e.due)
	}
}

// One pick and requeue at a million hosts; the target is 5 us.
func BenchmarkPickAndRequeue(b *testing.B) {
	const n = 1_000_000
	s := newTestSchedule(b, Tier{"default", 24 * time.Hour, hostNames(n)})
	gap := 24 * time.Hour / n * 9 / 10
	now := time.Duration(0)
	step := func() {
		now += gap
		if e := s.next(now); e != nil {
			s.looked(e, now, now)
		}
	}
	for range 2 * n { // past the first round
		step()
	}
	for b.Loop() {
		step()
	}
}

// A host that never answered is as old as the process: a source that is down from
// the start must not look fresh.
func TestOldestCountsHostsWithoutASnapshot(t *testing.T) {
	s := newTestSchedule(t, Tier{"default", time.Hour, hostNames(2)})
	if got := s.oldest(90 * time.Second); got != 90*time.Second {
		t.Errorf("before any snapshot: %s", got)
	}
	s.entries[0].good.Store(int64(60 * time.Second))
	if got := s.oldest(90 * time.Second); got != 90*time.Second {
		t.Errorf("one of two answered: %s", got)
	}
	s.entries[1].good.Store(int64(80 * time.Second))
	if got := s.oldest(90 * time.Second); got != 30*time.Second {
		t.Errorf("both answered: %s", got)
	}
}
