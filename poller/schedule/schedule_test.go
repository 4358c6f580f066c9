package schedule

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/internal/hostport"
)

const day = 24 * time.Hour

func name(i int) hostport.Host {
	return hostport.Host(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
}

func fill(t testing.TB, s *Schedule, tier *Tier, n int) []*Host {
	t.Helper()
	var hosts []*Host
	for i := range n {
		h, err := s.Add(name(s.Len()), tier)
		if err != nil {
			t.Fatal(i, err)
		}
		hosts = append(hosts, h)
	}
	return hosts
}

func TestAddRefuses(t *testing.T) {
	s := New(1, 1)
	tier := &Tier{Name: "default", MaxAge: day}
	fill(t, s, tier, 1)
	if _, err := s.Add(name(0), tier); !errors.Is(err, ErrTwice) {
		t.Errorf("a host twice: %v", err)
	}
	if _, err := s.Add(name(1), &Tier{Name: "broken"}); err == nil {
		t.Error("a tier without a max-age was taken")
	}
}

// What holds of every schedule, whatever looks bring: a host is never picked twice at
// once; where the rate allows, one whose looks succeed is no older than its max-age,
// one in a hundred of it and twenty looks of waiting in line apart; nothing is looked at
// more often than its tier wants; the demand is the sum of what is planned.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		tiers := []*Tier{{Name: "a", MaxAge: day}, {Name: "b", MaxAge: 6 * time.Hour, MinInterval: time.Hour}, {Name: "c", MaxAge: 4 * day, Weight: 9}}
		n := 300 + r.IntN(200)
		// Three quarters of the looks keep the max-ages; new hosts take their fifth.
		need := 0.0
		s := New(1, r.Uint64())
		var hosts []*Host
		for i := range n {
			tier := tiers[r.IntN(3)]
			need += 1 / tier.MaxAge.Seconds()
			h, err := s.Add(name(i), tier)
			if err != nil {
				t.Fatal(err)
			}
			hosts = append(hosts, h)
		}
		rate := need / 0.75
		s.SetRate(rate)
		step := time.Duration(float64(time.Second) / rate)
		picked := map[*Host]bool{}
		lastLook := map[*Host]time.Duration{}
		rates := map[*Host]float64{}
		for _, h := range hosts {
			rates[h] = math.Exp(2*r.NormFloat64()) / (10 * day).Seconds()
		}
		var flying []*Host
		for now := time.Duration(0); now < 8*day; now += step {
			if h := s.Next(now); h != nil {
				if picked[h] {
					t.Fatalf("%s picked twice at once", h.Name())
				}
				if last, known := lastLook[h]; known && now-last > h.tier.MaxAge+h.tier.MaxAge/100+20*step {
					t.Fatalf("%s of tier %s is %v old", h.Name(), h.tier.Name, now-last)
				} else if known && now-last < h.tier.minInterval() {
					t.Fatalf("%s looked at again after %v", h.Name(), now-last)
				}
				picked[h] = true
				flying = append(flying, h)
			}
			for len(flying) > 0 && (len(flying) > 3 || r.IntN(2) == 0) {
				h := flying[0]
				flying = flying[1:]
				delete(picked, h)
				gap := now - lastLook[h]
				s.Looked(h, now, now, Seen{Changed: r.Float64() < -math.Expm1(-rates[h]*gap.Seconds())})
				lastLook[h] = now
			}
		}
		sum := 0.0
		for _, h := range hosts {
			if h.interval > 0 {
				sum += 1 / float64(h.interval)
			}
		}
		if math.Abs(sum-s.theta.demand) > 1e-6*sum {
			t.Errorf("demand %v, planned %v", s.theta.demand, sum)
		}
	})
}

// A host that changes four times as often is looked at twice as often.
func TestSquareRootLaw(t *testing.T) {
	const n = 400
	s := New(n/(10*time.Hour).Seconds(), 1)
	hosts := fill(t, s, &Tier{Name: "default", MaxAge: 5 * day}, n)
	r := rand.New(rand.NewPCG(5, 6))
	step := time.Duration(float64(time.Second) / s.perSecond)
	looks := map[*Host]int{}
	last := map[*Host]time.Duration{}
	for now := time.Duration(0); now < 120*day; now += step {
		h := s.Next(now)
		if h == nil {
			continue
		}
		perDay := 0.5
		if slices.Index(hosts, h)%2 == 0 {
			perDay = 2
		}
		s.Looked(h, now, now, Seen{Changed: r.Float64() < -math.Expm1(-perDay*(now-last[h]).Hours()/24)})
		last[h] = now
		if now > 40*day {
			looks[h]++
		}
	}
	fast, slow := 0.0, 0.0
	for i, h := range hosts {
		if i%2 == 0 {
			fast += float64(looks[h])
		} else {
			slow += float64(looks[h])
		}
	}
	if ratio := fast / slow; ratio < 1.8 || ratio > 2.3 {
		t.Errorf("four times the changes are looked at %.2f times as often, want about 2", ratio)
	}
}

// New hosts take a fifth of the looks while others are due, and all of them else.
func TestNewHostsTakeTheirShareAlone(t *testing.T) {
	s := New(1, 1)
	tier := &Tier{Name: "default", MaxAge: time.Hour, MinInterval: time.Second}
	old := fill(t, s, tier, 100)
	now := time.Duration(0)
	for range old {
		h := s.Next(now)
		s.Looked(h, now, now, Seen{})
	}
	for h := s.Next(now); h != nil; h = s.Next(now) {
		s.Looked(h, now, now, Seen{})
	}
	fill(t, s, tier, 1000)
	now += time.Hour // all the old ones are due
	fresh := 0
	for range 50 {
		h := s.Next(now)
		if !h.Looked() {
			fresh++
		}
		s.Looked(h, now, now, Seen{})
	}
	if fresh < 10 || fresh > 10+mostCredit+1 {
		t.Errorf("%d of 50 looks went to new hosts, want a fifth", fresh)
	}
}

// A look between two scans of the source finds nothing: the interval does not fall
// below the cadence the scans show.
func TestNotMoreOftenThanTheSourceScans(t *testing.T) {
	s := New(10, 1) // far more than one host needs
	h := fill(t, s, &Tier{Name: "default", MaxAge: day, MinInterval: time.Minute}, 1)[0]
	looks := 0
	for now := time.Duration(0); now < 20*day; now += time.Minute {
		if s.Next(now) == nil {
			continue
		}
		if now > 10*day {
			looks++
		}
		s.Looked(h, now, now, Seen{Scanned: true, Scan: now.Truncate(6 * time.Hour), Changed: looks%2 == 0})
	}
	if looks > 60 || looks < 40 {
		t.Errorf("%d looks in 10 days at a host scanned 40 times", looks)
	}
}

func TestFailuresBackOffAndKeepWhatWasLearned(t *testing.T) {
	s := New(1, 1)
	h := fill(t, s, &Tier{Name: "default", MaxAge: day}, 1)[0]
	s.Next(0)
	s.Looked(h, 0, 0, Seen{})
	before := h.rate
	now := h.Due()
	last := now
	for i := range 20 {
		if s.Next(now) != h {
			t.Fatalf("failure %d: not due at %v", i, now)
		}
		s.Failed(h, now, now, 0)
		wait, _ := s.Wait(now)
		if wait > day/2 || wait < time.Second/2 {
			t.Errorf("failure %d: next try in %v", i, wait)
		}
		last, now = now, now+wait
	}
	if now-last < day/8 {
		t.Errorf("after 20 failures the next try comes in %v", now-last)
	}
	if h.rate != before {
		t.Error("a failed look taught something")
	}
	s.Next(now)
	s.Failed(h, now, now, time.Hour)
	if wait, _ := s.Wait(now); wait < time.Hour {
		t.Errorf("the source asked for an hour, the next try comes in %v", wait)
	}
}

func TestRemove(t *testing.T) {
	s := New(1, 1)
	hosts := fill(t, s, &Tier{Name: "default", MaxAge: time.Hour}, 4)
	s.Next(0) // hosts[0] is looked at while it goes
	s.Looked(s.Next(0), 0, 0, Seen{})
	for _, i := range []int{0, 1, 2} {
		if !s.Remove(name(i)) {
			t.Errorf("host %d was not watched", i)
		}
	}
	s.Looked(hosts[0], 0, 0, Seen{})
	if s.Remove(name(2)) {
		t.Error("removed twice")
	}
	if h := s.Next(day); h != hosts[3] {
		t.Errorf("next is %v, want the one that is left", h.Name())
	}
	if h := s.Next(day); h != nil {
		t.Errorf("%s was removed and is picked", h.Name())
	}
	if s.theta.demand != 0 || s.theta.hosts != 0 {
		t.Errorf("%d hosts with demand %v are left", s.theta.hosts, s.theta.demand)
	}
}

// A restart relearns nothing: rates, intervals and theta are what they were, and
// what fell due meanwhile comes by how far it is overdue for its interval.
func TestResume(t *testing.T) {
	epoch := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	tier := &Tier{Name: "default", MaxAge: 3 * day}
	s := New(0.01, 1)
	hosts := fill(t, s, tier, 300)
	r := rand.New(rand.NewPCG(1, 2))
	now := time.Duration(0)
	for ; now < 20*day; now += 100 * time.Second {
		if h := s.Next(now); h != nil {
			s.Looked(h, now, now, Seen{Changed: r.IntN(int(1+h.Name()[len(h.Name())-1]-'0')) == 0, Scanned: true, Scan: now.Truncate(time.Second)})
		}
	}
	stopped := now + 12*time.Hour
	restart := epoch.Add(stopped)
	again := New(0.01, 2)
	for _, old := range hosts {
		h, err := again.Add(old.Name(), tier)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Resume(h, old.Memory(epoch), restart, 0); err != nil {
			t.Fatal(err)
		}
		if h.rate != old.rate || h.interval != old.interval || h.scan != old.scan-stopped || h.last != old.last-stopped {
			t.Fatalf("host %s: %+v became %+v", h.Name(), old, h)
		}
	}
	again.Resumed(0)
	if off := again.theta.log - s.theta.log; math.Abs(off) > 0.2 {
		t.Errorf("theta is off by %v after the restart", off)
	}
	last := math.Inf(1)
	for h := again.Next(0); h != nil; h = again.Next(0) {
		overdue := -(h.last + h.Interval()).Seconds() / h.Interval().Seconds()
		if h.last+time.Duration(urgentAt*float64(tier.MaxAge)) <= 0 {
			continue // urgent ones go first, oldest first
		}
		if overdue > last+1e-3 {
			t.Fatalf("host %s is overdue by %.3f intervals and came after one overdue by %.3f", h.Name(), overdue, last)
		}
		last = overdue
	}
	if math.IsInf(last, 1) {
		t.Error("nothing was overdue after twelve hours")
	}
}

func FuzzResume(f *testing.F) {
	s := New(1, 1)
	h := fill(f, s, &Tier{Name: "default", MaxAge: day}, 1)[0]
	s.Next(0)
	s.Looked(h, 0, 0, Seen{Changed: true})
	f.Add(h.Memory(time.Unix(1_790_000_000, 0)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, memory []byte) {
		s := New(1, 1)
		h := fill(t, s, &Tier{Name: "default", MaxAge: day}, 1)[0]
		err := s.Resume(h, memory, time.Unix(1_790_000_000, 0), 0)
		s.Resumed(0)
		if picked := s.Next(3 * day); picked != h {
			t.Errorf("the host is lost after %v", err)
		}
		s.Looked(h, 3*day, 3*day, Seen{})
		if wait, ok := s.Wait(3 * day); !ok || wait > day {
			t.Errorf("next look in %v", wait)
		}
	})
}

func BenchmarkPickAndRequeue(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := New(float64(n)/(12*3600), 1)
			fill(b, s, &Tier{Name: "default", MaxAge: day}, n)
			step := time.Duration(float64(time.Second) / s.perSecond)
			now := time.Duration(0)
			look := func() {
				h := s.Next(now)
				for h == nil {
					now += step
					h = s.Next(now)
				}
				s.Looked(h, now, now, Seen{Changed: now%7 == 0})
				now += step
			}
			for range 2 * n {
				look()
			}
			b.ResetTimer()
			b.ReportAllocs()
			for range b.N {
				look()
			}
		})
	}
}
