package graphsim

import (
	"math/rand/v2"
	"time"
)

// A step is one change to come.
type step struct {
	host   *host
	port   *port
	change change
}

// timeline is the world's one sequence of changes. It is drawn from the seed and
// from the changes before alone, so it is the same in every world of the seed:
// a step that must wait holds back those behind it. World.mu guards it.
type timeline struct {
	rng *rand.Rand
	// first are the kinds still to be shown once each, on hosts of their own
	// where the world has enough.
	first []change
	taken map[*host]bool
	// deck is all ports in a drawn order; each is dealt once before any is
	// dealt again, which spaces the changes of a port as far as can be.
	deck  []step
	dealt int

	head *step // drawn, waiting to be due or to be allowed
	due  stamp
}

func (w *World) newTimeline() timeline {
	t := timeline{
		rng:   rand.New(rand.NewPCG(w.seed, 0x706f727464656c74)),
		first: openingAct(),
		taken: make(map[*host]bool),
	}
	for _, h := range w.hosts {
		for _, p := range h.ports {
			t.deck = append(t.deck, step{host: h, port: p})
		}
	}
	t.dealt = len(t.deck)
	t.due = w.start.add(w.interval / 8)
	return t
}

// pace is the time between two changes: quick while each kind is shown once (at
// speed 2,000 all of them within 12 s), then such that a port changes about once
// in 24 scans, yet four changes a scan interval in a small world.
func (w *World) pace() time.Duration {
	if len(w.line.first) > 0 {
		return w.interval / 16
	}
	return max(min(24*w.interval/time.Duration(len(w.line.deck)), w.interval/4), time.Millisecond)
}

// changeDueLocked makes the changes that are due and may happen, in their order.
func (w *World) changeDueLocked() {
	t := &w.line
	for w.now >= t.due {
		if t.head == nil {
			t.head = t.draw(w)
		}
		if !w.mayChangeLocked(t.head.host, t.head.port) {
			return
		}
		w.catchUpLocked(t.head.host)
		w.changedLocked(t.head.port)
		t.head.change.apply(w, t.head.host, t.head.port)
		t.head = nil
		// What was held back follows at the usual pace, but for a second's worth
		// that a busy world may be behind its ticker.
		t.due = max(t.due.add(w.pace()), w.now.add(-time.Second)+1)
	}
}

// draw decides the next step. Every port can always change in some way, so there
// always is one.
func (t *timeline) draw(w *World) *step {
	for len(t.first) > 0 {
		c := t.first[0]
		t.first = t.first[1:]
		if s := t.cast(w, c); s != nil {
			return s
		}
	}
	for {
		if t.dealt == len(t.deck) {
			t.dealt = 0
			t.rng.Shuffle(len(t.deck), func(i, j int) { t.deck[i], t.deck[j] = t.deck[j], t.deck[i] })
		}
		s := t.deck[t.dealt]
		t.dealt++
		if s.port.used {
			s.port.used = false // its turn of the first round is over
			continue
		}
		s.change = t.choose(s.host, s.port)
		return &s
	}
}

// cast finds a port for a kind that is shown first: on a host no other kind was
// shown on where there is one, else on any port not used yet; nil if the world
// has none.
func (t *timeline) cast(w *World, c change) *step {
	from := t.rng.IntN(len(w.hosts))
	for _, shared := range []bool{false, true} {
		for i := range w.hosts {
			h := w.hosts[(from+i)%len(w.hosts)]
			if t.taken[h] != shared {
				continue
			}
			for _, p := range h.ports {
				if !p.used && c.can(h, p) {
					t.taken[h], p.used = true, true
					return &step{h, p, c}
				}
			}
		}
	}
	return nil
}

// choose draws a change for a port by weight among those it can make.
func (t *timeline) choose(h *host, p *port) change {
	total := 0
	for _, c := range changes {
		if c.weight > 0 && c.can(h, p) {
			total += c.weight
		}
	}
	at := t.rng.IntN(total)
	for _, c := range changes {
		if c.weight > 0 && c.can(h, p) {
			if at -= c.weight; at < 0 {
				return c
			}
		}
	}
	panic("unreachable: the weights were just summed")
}
