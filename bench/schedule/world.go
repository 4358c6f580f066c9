package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// A fleet draws how many changes a day a host makes.
type fleet struct {
	name string
	draw func(*rand.Rand) float64
}

var fleets = []fleet{
	{"lognormal", func(r *rand.Rand) float64 { return math.Exp(2*r.NormFloat64()) / 20 }},
	{"Pareto", func(r *rand.Rand) float64 { return math.Pow(1-r.Float64(), -1/1.1) / 100 }},
	{"bimodal", func(r *rand.Rand) float64 {
		if r.Float64() < 0.05 {
			return 4
		}
		return 1. / 60
	}},
}

// cases are what makes a schedule's life hard.
var cases = []struct {
	name string
	set  func(*world)
}{
	{"as above", func(*world) {}},
	{"changes in bursts of five within hours", func(w *world) { w.burst = 5 }},
	{"every tenth host draws a new rate each 10 days", func(w *world) { w.drift = 10 * day }},
	{"as many hosts again on the first measured day", func(w *world) { w.later = w.o.learn }},
	{"a fifth of the looks fail", func(w *world) { w.failing = 0.2 }},
}

const maxAge = 3 * day

// world is a fleet and what happens to it.
type world struct {
	o       options
	fleet   fleet
	burst   int
	drift   time.Duration
	later   time.Duration // when as many hosts again come; 0: never
	failing float64
	rates   []float64 // changes a second, at the start
}

func newWorld(o options, f fleet) *world {
	w := &world{o: o, fleet: f}
	r := rand.New(rand.NewPCG(o.seed, 1))
	for range 2 * o.hosts { // the second half comes later, if at all
		w.rates = append(w.rates, f.draw(r)/day.Seconds())
	}
	return w
}

// hosts is how many there are at the end.
func (w *world) hosts() int {
	if w.later > 0 {
		return 2 * w.o.hosts
	}
	return w.o.hosts
}

// host is the truth about one.
type host struct {
	rate    float64
	next    float64   // the next change, or burst of them
	pending []float64 // further changes of a burst, in order
	unseen  []float64
	last    float64 // the last look; below 0: none yet
}

// policy chooses. Times are seconds since the start; a host is its index.
type policy interface {
	add(i int)
	next(now float64) (int, bool)
	looked(i int, now float64, changed bool)
	failed(i int, now float64)
}

// run lives through the days and measures the last of them.
func (w *world) run(p policy) *measure {
	r := rand.New(rand.NewPCG(w.o.seed, 2))
	from, to := w.o.learn.Seconds(), (w.o.learn + w.o.measured).Seconds()
	m := &measure{from: from, to: to}
	hosts := make([]host, w.hosts())
	for i := range hosts {
		hosts[i] = host{rate: w.rates[i], last: -1}
		hosts[i].next = w.gap(r, hosts[i].rate)
		if i < w.o.hosts {
			p.add(i)
		}
	}
	added, drifted := w.later == 0, 0.0
	step := 1 / w.o.perSecond
	for now := 0.0; now < to; now += step {
		if !added && now >= w.later.Seconds() {
			added = true
			for i := w.o.hosts; i < len(hosts); i++ {
				hosts[i].next = now + w.gap(r, hosts[i].rate)
				p.add(i)
			}
		}
		if w.drift > 0 && now-drifted >= w.drift.Seconds() {
			drifted = now
			for i := range hosts {
				if r.IntN(10) == 0 {
					hosts[i].advance(w, r, now)
					hosts[i].rate = w.fleet.draw(r) / day.Seconds()
					hosts[i].next = now + w.gap(r, hosts[i].rate)
				}
			}
		}
		i, ok := p.next(now)
		m.token(now, ok)
		if !ok {
			continue
		}
		if w.failing > 0 && r.Float64() < w.failing {
			p.failed(i, now)
			continue
		}
		h := &hosts[i]
		h.advance(w, r, now)
		m.look(h, now)
		p.looked(i, now, len(h.unseen) > 0)
		h.unseen, h.last = h.unseen[:0], now
	}
	for i := range hosts {
		if hosts[i].last >= 0 {
			hosts[i].advance(w, r, to)
			m.end(&hosts[i])
		}
	}
	slices.Sort(m.delays)
	return m
}

// gap is the time to the next change, or to the next burst.
func (w *world) gap(r *rand.Rand, rate float64) float64 {
	if w.burst > 1 {
		rate /= float64(w.burst)
	}
	return r.ExpFloat64() / rate
}

// advance lets what changes up to now happen.
func (h *host) advance(w *world, r *rand.Rand, now float64) {
	for {
		at := h.next
		if len(h.pending) > 0 {
			at = min(at, h.pending[0])
		}
		if at > now {
			return
		}
		h.unseen = append(h.unseen, at)
		if len(h.pending) > 0 && at == h.pending[0] {
			h.pending = h.pending[1:]
			continue
		}
		for range w.burst - 1 {
			h.pending = append(h.pending, at+r.ExpFloat64()*2*3600)
		}
		slices.Sort(h.pending)
		h.next = at + w.gap(r, h.rate)
	}
}

// measure is what a policy came to over the measured days.
type measure struct {
	from, to      float64
	delays        []float64 // hours
	current, held float64   // host-seconds in which what is known was true; of all
	gap           time.Duration
	tokens, taken int
	recent        []float64 // looks of the last 10 s
	most          int
}

func (m *measure) token(now float64, taken bool) {
	if taken {
		m.recent = append(m.recent, now)
		for m.recent[0] <= now-10 {
			m.recent = m.recent[1:]
		}
		m.most = max(m.most, len(m.recent))
	}
	if now >= m.from {
		m.tokens++
		if taken {
			m.taken++
		}
	}
}

func (m *measure) look(h *host, now float64) {
	if now < m.from || h.last < 0 {
		return
	}
	m.span(h, now)
	m.gap = max(m.gap, time.Duration((now-h.last)*float64(time.Second)))
	for _, at := range h.unseen {
		m.delays = append(m.delays, (now-at)/3600)
	}
}

// span adds the time since the last look, or since measuring began.
func (m *measure) span(h *host, now float64) {
	begin, stale := max(h.last, m.from), now
	if len(h.unseen) > 0 {
		stale = max(begin, h.unseen[0])
	}
	m.held += now - begin
	m.current += stale - begin
}

func (m *measure) end(h *host) { m.span(h, m.to) }

func (m *measure) mean() float64 {
	sum := 0.0
	for _, d := range m.delays {
		sum += d
	}
	return sum / float64(len(m.delays))
}

func (m *measure) quantile(q float64) float64 { return m.delays[int(q*float64(len(m.delays)-1))] }
func (m *measure) fresh() float64             { return m.current / m.held }
func (m *measure) used() float64              { return float64(m.taken) / float64(m.tokens) }

// optimum is the greatest freshness that looks at the true rates can give, however
// long some hosts then wait (Cho and Garcia-Molina, 2003): the marginal gain of a
// look is the same for all hosts, and those that change too fast get none.
func (w *world) optimum() float64 {
	rates := w.rates[:w.o.hosts]
	// A host at interval i has marginal gain g(x)/rate with x = rate x i and g(x) = 1 - (1+x)exp(-x).
	solve := func(level float64) (looks, fresh float64) {
		for _, rate := range rates {
			goal := level * rate
			if goal >= 1 {
				continue
			}
			lo, hi := 0.0, 100.0
			for range 60 {
				if x := (lo + hi) / 2; 1-(1+x)*math.Exp(-x) < goal {
					lo = x
				} else {
					hi = x
				}
			}
			looks += rate / hi
			fresh += -math.Expm1(-hi) / hi
		}
		return looks, fresh / float64(len(rates))
	}
	lo, hi := 0.0, 1e12
	fresh := 0.0
	for range 80 {
		level := math.Sqrt(max(lo, 1e-6) * hi)
		looks, f := solve(level)
		if fresh = f; looks > w.o.perSecond {
			lo = level
		} else {
			hi = level
		}
	}
	return fresh
}
